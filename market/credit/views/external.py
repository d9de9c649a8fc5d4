"""What a regulator sees of lists kept elsewhere: who of its area is on them, and how they come in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

from flask import Response as FlaskResponse
from flask import redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import login_required
from sqlalchemy import ColumnElement, and_, exists, false, func, or_, select
from sqlalchemy.orm import aliased
from werkzeug.wrappers import Response

from market import filters
from market.case_views import attempt
from market.charts import rows
from market.credit.actions import external as acts
from market.credit.actions.following import in_pieces
from market.credit.blueprint import bp
from market.credit.forms import BringInForm
from market.extensions import db
from market.filters import Choice, Filter, Filters
from market.formatting import bilingual, problem_text, region
from market.identity import current_actor
from market.pagination import paged
from market.spreadsheets import Column, export
from market.upload_field import file_of
from models import clock, spelling
from models.accounts import Organisation
from models.actors import Actor
from models.credit import policy
from models.credit.external import (
    ExternalEntry,
    Verdict,
    current,
    said,
    verdict,
    whole,
)
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
    "changing": N_("变更待第二人核对"),
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


def sources() -> list[tuple[str, str]]:
    return [(key, source_name(key)) for key in policy.current().sources]


FILTERS = Filters(
    Filter("q", _l("名称、编号或信用代码")),
    Choice("list", _l("名录"), _lists),
    Choice("source", _l("来源"), sources),
    filters.labels("standing", _l("是否计入"), STANDINGS),
    filters.region(),
    filters.only("differ", _l("只看各网站说法不同的")),
)


def _standing(name: str) -> ColumnElement[bool]:
    """The entries that stand so, beside the listing there is of them."""
    own = ExternalListing.entry_id == ExternalEntry.id
    changing = and_(
        ExternalListing.change_id == ExternalEntry.id, ExternalListing.change_declined_at.is_(None)
    )
    if name == "changing":
        return changing
    if name == "counted":
        return and_(own, ExternalListing.is_counting())
    if name in ("disputed", "not_counted", *UNSEEN):
        return and_(own, ExternalListing.state == name)
    return or_(ExternalListing.id.is_(None), and_(~own, ~func.coalesce(changing, false())))


def standing_of(entry: ExternalEntry, listing: ExternalListing | None) -> str:
    """The same of one that is at hand."""
    if listing is not None and listing.change_id == entry.id and listing.change_waits:
        return "changing"
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


@dataclass(frozen=True)
class Prevailing:
    """The site whose word holds of one code and one list, and what it says where that is another one's."""

    source: str
    says: str


def _prevailing(entries: Sequence[ExternalEntry]) -> dict[tuple[str, str], Prevailing]:
    """The site that decides, by code and list: also the one that says there is nothing."""
    words: dict[tuple[str, str], list[ExternalEntry]] = {}
    for codes in in_pieces(sorted({each.uscc for each in entries}), acts.PIECE):
        words |= said(db.session, codes)
    kept_whole, today = whole(db.session), clock.today()
    found = {key: verdict(policy.current(), of, kept_whole, today) for key, of in words.items()}
    return {
        key: Prevailing(source_name(word.source.key), _says(word))
        for key, word in found.items()
        if word.source is not None
    }


def _says(word: Verdict) -> str:
    """What the site that prevails says of whom another one has on the list."""
    if word.removed_on is not None:
        return _("%(day)s 已移出", day=word.removed_on.isoformat())
    if word.silent_on is not None:
        return _("截至 %(day)s,全部名录里没有这一条", day=word.silent_on.isoformat())
    return ""


def other_name(entry: ExternalEntry, organisation: Organisation) -> str:
    """The name a site has of an organisation, where that is another than it is registered under."""
    same = not entry.name or spelling.same_name(entry.name, organisation.name)
    return "" if same else entry.name


def _columns(prevails: Mapping[tuple[str, str], Prevailing]) -> tuple[Column[Any], ...]:
    def of(row: Any) -> Prevailing | None:
        return prevails.get((row[0].uscc, row[0].list))

    return (
        *COLUMNS,
        Column[Any](_l("以哪个网站为准"), lambda row: (found := of(row)) and found.source),
        Column[Any](_l("该网站怎么说"), lambda row: (found := of(row)) and found.says),
    )


COLUMNS = (
    Column[Any](_l("编号"), lambda row: row[2].identifier if row[2] else ""),
    Column[Any](_l("单位"), lambda row: row[1].name),
    Column[Any](_l("单位编号"), lambda row: row[1].identifier),
    Column[Any](_l("统一社会信用代码"), lambda row: row[1].uscc),
    Column[Any](_l("网站上的名称"), lambda row: row[0].name),
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
        other_name=other_name,
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
    found = db.session.execute(_entries(current_actor(), FILTERS.asked(refuse=True))).all()
    prevails = _prevailing([entry for entry, _of, _listing in found])
    return export("external", _("外部名录"), kind, _columns(prevails), found)


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
