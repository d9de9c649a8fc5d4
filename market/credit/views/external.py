"""What a regulator sees of lists kept elsewhere: who of its area is on them, and every fetch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

from flask import Response as FlaskResponse
from flask import redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import login_required
from sqlalchemy import ColumnElement, Select, and_, exists, func, or_, select
from sqlalchemy.orm import aliased
from werkzeug.wrappers import Response

from market import filters
from market.case_views import attempt
from market.charts import rows
from market.credit.actions import external as acts
from market.credit.actions.broken import until
from market.credit.blueprint import bp
from market.credit.forms import BringInForm
from market.extensions import db
from market.filters import Choice, Filter, Filters
from market.formatting import bilingual, problem_text, region, stored_problem_text
from market.identity import current_actor
from market.pagination import paged
from market.spreadsheets import Column, export
from market.upload_field import file_of
from models import clock, spelling
from models.accounts import Organisation
from models.actors import Actor
from models.credit import policy
from models.credit.external import OUTCOMES, WAYS, ExternalEntry, ExternalFetch, current, said, verdict, whole
from models.credit.external_policy import LEVELS
from models.credit.external_rows import HEADINGS, NEEDED, Unreadable, heading
from models.credit.listing_workflow import OVER, UNSEEN
from models.credit.listings import ExternalListing
from models.errors import Problem
from models.i18n import N_
from models.regions import within

STANDINGS = {
    "counted": N_("计入"),
    "disputed": N_("有异议,待答复"),
    "not_counted": N_("异议成立,不计入"),
    "waiting": N_("待第二人核对"),
    "declined": N_("核对不符,不计入"),
    "other": N_("以别的网站为准"),
}


def list_name(key: str) -> str:
    """What a list is called; as it was said where the policy has it no more."""
    found = policy.current().lists.get(key)
    return bilingual(found.names) if found else key


def source_name(key: str) -> str:
    found = policy.current().sources.get(key)
    return bilingual(found.names) if found else key


def level_name(key: str) -> str:
    found = policy.current().sources.get(key)
    return _(LEVELS[found.level]) if found else ""


def _lists() -> list[tuple[str, str]]:
    return [(key, list_name(key)) for key in policy.current().lists]


def _sources() -> list[tuple[str, str]]:
    return [(key, source_name(key)) for key in policy.current().sources]


FILTERS = Filters(
    Filter("q", _l("名称、编号或信用代码")),
    Choice("list", _l("名录"), _lists),
    Choice("source", _l("来源"), _sources),
    filters.labels("standing", _l("是否计入"), STANDINGS),
    filters.region(),
    filters.only("differ", _l("只看各网站说法不同的")),
)


def _standing(name: str) -> ColumnElement[bool]:
    """The entries that stand so, beside the listing there is of them."""
    own = ExternalListing.entry_id == ExternalEntry.id
    if name == "counted":
        return and_(own, ExternalListing.is_counting())
    if name in ("disputed", "not_counted", *UNSEEN):
        return and_(own, ExternalListing.state == name)
    return or_(ExternalListing.id.is_(None), ~own)


def standing_of(entry: ExternalEntry, listing: ExternalListing | None) -> str:
    """The same of one that is at hand."""
    if listing is None or listing.entry_id != entry.id:
        return "other"
    return "counted" if listing.counts else listing.state


def _differ() -> ColumnElement[bool]:
    """Of whom a site that prevails says otherwise, or another one that it was taken off."""
    other = aliased(ExternalEntry)
    off = exists().where(
        other.uscc == ExternalEntry.uscc,
        other.list == ExternalEntry.list,
        other.source != ExternalEntry.source,
        other.removed_on.is_not(None),
        other.until_id.is_(None),
    )
    return or_(ExternalListing.id.is_(None), off)


def _entries(actor: Actor, asked: Mapping[str, str]) -> Any:
    """What the sites say now of organisations of the actor's area that are on a list, newest first."""
    query = (
        select(ExternalEntry, Organisation, ExternalListing)
        .join(Organisation, Organisation.uscc == ExternalEntry.uscc)
        .outerjoin(
            ExternalListing,
            and_(
                ExternalListing.subject_id == Organisation.id,
                ExternalListing.list == ExternalEntry.list,
                ExternalListing.state.not_in(OVER),
            ),
        )
        .where(current(), ExternalEntry.removed_on.is_(None), Organisation.visible_to(actor))
    )
    if words := asked.get("q"):
        code = spelling.code(words)
        query = query.where(
            or_(
                Organisation.name.icontains(words, autoescape=True),
                Organisation.uscc == code,
                Organisation.identifier == code,
                ExternalListing.identifier == code,
            )
        )
    for name in ("list", "source"):
        if value := asked.get(name):
            query = query.where(getattr(ExternalEntry, name) == value)
    if value := asked.get("standing"):
        query = query.where(_standing(value))
    if place := asked.get("region"):
        query = query.where(within(Organisation.region_code, place))
    if asked.get("differ"):
        query = query.where(_differ())
    return query.order_by(ExternalEntry.entered_on.desc(), ExternalEntry.id.desc())


def _prevailing(entries: Sequence[ExternalEntry]) -> dict[tuple[str, str], str]:
    """The site that decides, by code and list: also the one that says there is nothing. Two statements."""
    words, kept_whole = said(db.session, [each.uscc for each in entries]), whole(db.session)
    found = {
        key: verdict(policy.current(), of, kept_whole, clock.today()).source for key, of in words.items()
    }
    return {key: source_name(source.key) for key, source in found.items() if source is not None}


COLUMNS = (
    Column[Any](_l("编号"), lambda row: row[2].identifier if row[2] else ""),
    Column[Any](_l("单位"), lambda row: row[1].name),
    Column[Any](_l("单位编号"), lambda row: row[1].identifier),
    Column[Any](_l("统一社会信用代码"), lambda row: row[1].uscc),
    Column[Any](_l("地区"), lambda row: region(row[1].region_code)),
    Column[Any](_l("名录"), lambda row: list_name(row[0].list)),
    Column[Any](_l("来源"), lambda row: source_name(row[0].source)),
    Column[Any](_l("网站级别"), lambda row: level_name(row[0].source)),
    Column[Any](_l("文号"), lambda row: row[0].number),
    Column[Any](_l("列入日期"), lambda row: row[0].entered_on),
    Column[Any](_l("列入事由"), lambda row: row[0].reason),
    Column[Any](_l("作出决定机关"), lambda row: row[0].authority),
    Column[Any](_l("取得时间"), lambda row: row[0].fetched_at),
    Column[Any](_l("是否计入"), lambda row: _(STANDINGS[standing_of(row[0], row[2])])),
)


@bp.get("/credit/external")
@login_required
def external() -> str | tuple[str, int]:
    asked = FILTERS.asked()
    query = _entries(current_actor(), asked)
    counted = query.with_only_columns(ExternalEntry.list, func.count()).order_by(None)
    counts = dict(db.session.execute(counted.group_by(ExternalEntry.list)).all())
    page = paged(query)
    return filters.rendered(
        "credit/external.html",
        page=page,
        prevails=_prevailing([entry for entry, _of, _listing in page.rows]),
        asked=asked,
        list_name=list_name,
        source_name=source_name,
        level_name=level_name,
        standing_of=standing_of,
        standings=STANDINGS,
        chart=rows(
            [(name, counts.get(key, 0)) for key, name in _lists()],
            _("各名录上的记录数"),
            [url_for("credit.external", list=key) for key, _name in _lists()],
        ),
    )


@bp.get("/credit/external.<any(csv, xlsx):kind>")
@login_required
def export_external(kind: str) -> FlaskResponse:
    found = db.session.execute(_entries(current_actor(), FILTERS.asked(refuse=True)))
    return export("external", _("外部名录"), kind, COLUMNS, found)


FETCHES = Filters(
    Choice("source", _l("来源"), _sources),
    filters.labels("outcome", _l("结果"), OUTCOMES),
    filters.labels("way", _l("方式"), WAYS),
)


def _fetches(asked: Mapping[str, str]) -> Select[Any]:
    query = select(ExternalFetch)
    if value := asked.get("source"):
        query = query.where(ExternalFetch.source == value)
    if value := asked.get("outcome"):
        query = query.where(ExternalFetch.state == value)
    if value := asked.get("way"):
        query = query.where(ExternalFetch.way == value)
    return query.order_by(ExternalFetch.id.desc())


def _places(fetch: ExternalFetch) -> list[str]:
    """Each place that could not be taken, in words; none where the problem is another."""
    said = fetch.problem["params"].get("said") if fetch.problem else None
    return [stored_problem_text(each) for each in said] if isinstance(said, list) else []


def _whole(fetch: ExternalFetch) -> str:
    return _("、").join(list_name(each) for each in fetch.whole.split(",") if each)


FETCH_COLUMNS = (
    Column[ExternalFetch](_l("来源"), lambda each: source_name(each.source)),
    Column[ExternalFetch](_l("方式"), lambda each: _(WAYS[each.way])),
    Column[ExternalFetch](_l("文件或者地址"), lambda each: each.place),
    Column[ExternalFetch](_l("文件摘要 (SHA-256)"), lambda each: each.digest),
    Column[ExternalFetch](_l("经办"), lambda each: each.by_name),
    Column[ExternalFetch](_l("开始时间"), lambda each: each.began_at),
    Column[ExternalFetch](_l("取得时间"), lambda each: each.taken_at),
    Column[ExternalFetch](_l("结果"), lambda each: _(OUTCOMES[each.state])),
    Column[ExternalFetch](_l("记录数"), lambda each: each.entries),
    Column[ExternalFetch](_l("本市场单位的"), lambda each: each.matched),
    Column[ExternalFetch](_l("不在本市场的"), lambda each: each.unmatched),
    Column[ExternalFetch](_l("新增或改变"), lambda each: each.changed),
    Column[ExternalFetch](_l("不再有效"), lambda each: each.ended),
    Column[ExternalFetch](_l("全部的名录"), _whole),
    Column[ExternalFetch](_l("问题"), lambda each: stored_problem_text(each.problem) if each.problem else ""),
)


@bp.get("/credit/fetches")
@login_required
def fetches() -> str | tuple[str, int]:
    """Every fetch with what came of it, a failed one with why."""
    asked = FETCHES.asked()
    query = _fetches(asked)
    counted = query.with_only_columns(ExternalFetch.source, func.count()).order_by(None)
    counts = dict(db.session.execute(counted.group_by(ExternalFetch.source)).all())
    return filters.rendered(
        "credit/fetches.html",
        page=paged(query),
        asked=asked,
        source_name=source_name,
        whole_of=_whole,
        places_of=_places,
        until=until,
        ways=WAYS,
        outcomes=OUTCOMES,
        chart=rows(
            [(name, counts.get(key, 0)) for key, name in _sources()],
            _("各来源的获取次数"),
            [url_for("credit.fetches", source=key) for key, _name in _sources()],
        ),
    )


@bp.get("/credit/fetches.<any(csv, xlsx):kind>")
@login_required
def export_fetches(kind: str) -> FlaskResponse:
    found = db.session.scalars(_fetches(FETCHES.asked(refuse=True)))
    return export("fetches", _("名录获取记录"), kind, FETCH_COLUMNS, found)


EXAMPLE = {
    "uscc": "91632801MA758QNH4A",
    "name": "某某工程咨询有限公司",
    "list": "经营异常名录",
    "number": "市监异〔2026〕12号",
    "entered_on": "2026-03-02",
    "removed_on": "",
    "reason": "通过登记的住所或者经营场所无法联系",
    "authority": "某某市市场监督管理局",
    "source": "",
}


@bp.get("/credit/external/table.<any(csv, xlsx):kind>")
def external_table(kind: str) -> FlaskResponse:
    """The table to fill in, its headings in the reader's language."""
    columns = [Column[Any](bilingual(heading(name)), itemgetter(name)) for name in HEADINGS]
    return export("external", _("外部名录"), kind, columns, [EXAMPLE])


@bp.route("/credit/external/new", methods=["GET", "POST"])
@login_required
def bring_in() -> Response | str | tuple[str, int]:
    form, status = BringInForm(), 200
    form.prepare()
    places: list[Problem] = []

    def act(actor: Actor, **told: Any) -> str:
        try:
            return acts.bring_in(actor, **told)
        except Unreadable as problem:
            places.extend(problem.places)
            raise problem.brief from problem

    if form.is_submitted():
        status = 422
        if form.validate():
            result, status = attempt(
                form,
                act,
                source=form.source.data,
                whole=form.whole.data or [],
                sure=form.sure.data,
                **file_of(form.file.data),
            )
            if result is not None:
                return redirect(url_for("credit.fetches"), 303)
    return render_template(
        "credit/bring_in.html",
        form=form,
        columns=[(heading(name), name in NEEDED) for name in HEADINGS],
        places=[problem_text(each) for each in places],
    ), status
