"""An organisation on a list kept elsewhere: what it and its overseers see, what anybody may, and its acts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user
from sqlalchemy import Select, func, or_, select

from market import filters
from market.case_registry import ActPage, register_case
from market.case_views import case_page, case_url, files_of, link, not_found
from market.charts import rows
from market.credit.actions import listings
from market.credit.blueprint import bp
from market.credit.forms import DisputeForm
from market.event_text import listing_changes_told
from market.extensions import db, login
from market.filters import Choice, Filter, Filters
from market.formatting import bilingual, catalogued, format_instant, problem_text, region
from market.forms import Form
from market.identity import current_actor
from market.pagination import paged
from market.spreadsheets import Column, export
from models import clock, spelling
from models.accounts import Organisation
from models.actors import Actor
from models.credit import policy
from models.credit.external import ExternalFetch, entries_of, said, verdict, whole
from models.credit.external_policy import LEVELS, Source
from models.credit.listing_changes import told_of_change
from models.credit.listing_workflow import OVER, UNSEEN
from models.credit.listings import ExternalListing
from models.credit.policy import ACTIVITIES
from models.documents import of_case
from models.regions import within

Fact = tuple[str, Any]


def _with_files(form: Form) -> dict[str, object]:
    values = form.values()
    return files_of(values.pop("file")) | values


@bp.get("/credit/listings/<identifier>")
def show_listing(identifier: str) -> Any:
    query = select(ExternalListing).where(ExternalListing.identifier == identifier)
    found, actor = db.session.scalars(query).one_or_none(), current_actor()
    if found is None or not found.readable_by(db.session, actor):
        if not current_user.is_authenticated:
            return login.unauthorized()
        raise not_found(identifier)
    inside = bool(found.roles_of(actor))
    sources = policy.get(found.credit_policy).sources | policy.current().sources
    words = said(db.session, [found.subject.uscc]) if inside and found.state not in OVER else {}
    return render_template(
        "credit/listing.html",
        **case_page(found),
        facts=_facts(found, inside=inside),
        sites=entries_of(words.get((found.subject.uscc, found.list), ())),
        sources=sources,
        hindered=_hindered(found, actor),
        levels=LEVELS,
        same_name=spelling.same_name,
        inside=inside,
        own="subject" in found.roles_of(actor),
        change=_change_words(found),
        changes=_change(found) if inside and found.change_waits else [],
        silent=_silent(found) if inside and found.state not in OVER else [],
        files=of_case(db.session, "external_listing", identifier) if inside else [],
    )


def _silent(listing: ExternalListing) -> list[tuple[Source, str, bool]]:
    """The sites that were fetched whole without it: which, as of which day, and whether it prevails."""
    rules, kept_whole = policy.current(), whole(db.session)
    words = said(db.session, [listing.subject.uscc]).get((listing.subject.uscc, listing.list), [])
    source = verdict(rules, words, kept_whole, clock.today()).source
    return [
        (each, kept_whole[key, listing.list].isoformat(), source == each)
        for key, each in rules.sources.items()
        if (key, listing.list) in kept_whole and key not in {word.source for word in words}
    ]


def _hindered(listing: ExternalListing, actor: Actor) -> str:
    """Why somebody else is to look at what waits for a second official; empty where the reader may."""
    waits = listing.state in UNSEEN or listing.change_waits
    if not waits or "regulator" not in listing.roles_of(actor):
        return ""
    change = "confirm_removal" if listing.change_removes else "confirm_correction"
    problem = listing.hindrance(actor, "confirm" if listing.state in UNSEEN else change)
    return problem_text(problem) if problem is not None else ""


def _site_name(said: str, listing: ExternalListing) -> str:
    """The name a site has, and whether that is another than it is registered under."""
    if not said or spelling.same_name(said, listing.subject.name):
        return said
    return _("%(said)s(与登记名称“%(name)s”不同)", said=said, name=listing.subject.name)


def _change(listing: ExternalListing) -> list[tuple[str, str, str]]:
    """What a site says otherwise now and waits for a second official: each word, as it was and as it is."""
    entry = listing.change
    return listing_changes_told(told_of_change(listing)["changes"]) if entry is not None else []


def _changed(listing: ExternalListing) -> list[Fact]:
    """What is to be compared with the site before a change is confirmed, or declined."""
    fetch, entry = listing.change_fetch, listing.change
    if fetch is None:
        return []
    source = policy.current().sources.get(fetch.source)
    return [
        (_("现在计入的"), _("%(day)s 列入", day=listing.entered_on.isoformat())),
        (_("文号"), listing.entry.number),
        (_("网站上的变更"), _change_words(listing)),
        *((label, f"{old or '—'} → {new or '—'}") for label, old, new in _change(listing)),
        (_("网站上的名称"), _site_name((entry or listing.entry).name, listing)),
        (_("来源"), bilingual(source.names) if source else fetch.source),
        (_("取得时间"), format_instant(fetch.taken_at)),
        (_("导入人"), _who(fetch, listing)),
    ]


def _who(fetch: ExternalFetch, listing: ExternalListing) -> str:
    """Who of the office brought it in; its subject is told of no official by name here."""
    return "" if "subject" in listing.roles_of(current_actor()) else fetch.by_name


def _change_words(listing: ExternalListing) -> str:
    """What waits for a second official, in a sentence."""
    if not listing.change_waits:
        return ""
    if not listing.change_removes:
        return _("网站更正了这条记录。第二位工作人员核对之前,按原来的内容计入。")
    if listing.change is not None:
        return _("网站上这条已经移出,另有新的一条。第二位工作人员核对之前,按原来的内容计入。")
    return _("网站上已经移出。第二位工作人员核对之前,仍按原来的内容计入。")


def _facts(listing: ExternalListing, *, inside: bool) -> list[Fact]:
    entry, rule = listing.entry, listing.rule
    limits = _("、").join(_(ACTIVITIES[each]) for each in listing.limits)
    facts = [
        (_("当事人"), _subject(listing)),
        (_("统一社会信用代码"), listing.subject.uscc),
        (_("名录"), bilingual(rule.names)),
        (_("列入日期"), listing.entered_on.isoformat()),
        (_("列入事由"), entry.reason),
        (_("作出决定机关"), entry.authority),
        (_("文号"), entry.number),
        (_("来源"), f"{bilingual(listing.site.names)} · {_(LEVELS[listing.site.level])}"),
        (_("取得时间"), format_instant(entry.fetched_at)),
        (_("计分"), f"{rule.points:+d}"),
        (_("限制措施"), limits or _("无")),
        (_("依据"), catalogued(rule.basis)),
        (_("所在清单"), catalogued(rule.listed)),
        (_("怎样移出"), catalogued(rule.duty)),
    ]
    if inside:
        facts += [
            (_("网站上的名称"), _site_name(entry.name, listing)),
            (_("本平台得知的时间"), format_instant(listing.known_at)),
            (_("期限至"), format_instant(listing.ends_at) if listing.ends_at else _("到移出为止")),
            (_("移出时间"), format_instant(listing.removed_at) if listing.removed_at else ""),
        ]
    return facts


def _subject(listing: ExternalListing) -> Any:
    named = f"{listing.subject.identifier} {listing.subject.name}"
    readable = listing.subject.readable_by(db.session, current_actor())
    url = case_url("organisation", listing.subject.identifier)
    return link(url, named) if readable else listing.subject.name


def _said_of(listing: ExternalListing) -> list[Fact]:
    """What is to be read before a dispute is made, or answered."""
    return [
        (_("名录"), bilingual(listing.names)),
        (_("当事人"), listing.subject.name),
        (_("网站上的名称"), _site_name(listing.entry.name, listing)),
        (_("列入事由"), listing.entry.reason),
        (_("来源"), bilingual(listing.site.names)),
        (_("列入日期"), listing.entered_on.isoformat()),
        (_("文号"), listing.entry.number),
        (_("作出决定机关"), listing.entry.authority),
        (_("取得时间"), format_instant(listing.entry.fetched_at)),
        (_("导入人"), _who(listing.entry.brought or listing.entry.since, listing)),
        (_("待核对的变更"), _change_words(listing)),
        (_("异议"), listing.dispute or ""),
    ]


PUBLIC = Filters(
    Filter("q", _l("名称、编号或信用代码")),
    Choice(
        "list", _l("名录"), lambda: [(key, bilingual(o.names)) for key, o in policy.current().lists.items()]
    ),
    filters.region(),
)


def _counting(asked: Mapping[str, str]) -> Select[Any]:
    """The listings that count now, as the reader asked for, the newest entry first."""
    query = select(ExternalListing).join(Organisation, Organisation.id == ExternalListing.subject_id)
    query = query.where(ExternalListing.is_counting())
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
    if name := asked.get("list"):
        query = query.where(ExternalListing.list == name)
    if place := asked.get("region"):
        query = query.where(within(ExternalListing.region_code, place))
    return query.order_by(ExternalListing.entered_on.desc(), ExternalListing.id.desc())


@bp.get("/credit/listings")
def listed() -> str | tuple[str, int]:
    """Who stands on a list others keep: what counts now, for anybody to read."""
    asked = PUBLIC.asked()
    query = _counting(asked)
    counted = query.with_only_columns(ExternalListing.list, func.count()).order_by(None)
    counts = dict(db.session.execute(counted.group_by(ExternalListing.list)).all())
    return filters.rendered(
        "credit/listings.html",
        page=paged(query),
        asked=asked,
        chart=rows(
            [(bilingual(of.names), counts.get(key, 0)) for key, of in policy.current().lists.items()],
            _("各名录上的单位数"),
            [url_for("credit.listed", list=key) for key in policy.current().lists],
        ),
    )


COLUMNS = (
    Column[ExternalListing](_l("编号"), lambda each: each.identifier),
    Column[ExternalListing](_l("当事人"), lambda each: each.subject.name),
    Column[ExternalListing](_l("统一社会信用代码"), lambda each: each.subject.uscc),
    Column[ExternalListing](_l("地区"), lambda each: region(each.region_code)),
    Column[ExternalListing](_l("名录"), lambda each: bilingual(each.names)),
    Column[ExternalListing](_l("来源"), lambda each: bilingual(each.site.names)),
    Column[ExternalListing](_l("列入日期"), lambda each: each.entered_on),
    Column[ExternalListing](_l("列入事由"), lambda each: each.entry.reason),
    Column[ExternalListing](_l("作出决定机关"), lambda each: each.entry.authority),
    Column[ExternalListing](_l("依据"), lambda each: catalogued(each.rule.basis)),
    Column[ExternalListing](_l("所在清单"), lambda each: catalogued(each.rule.listed)),
    Column[ExternalListing](_l("期限至"), lambda each: each.ends_at),
)


@bp.get("/credit/listings.<any(csv, xlsx):kind>")
def export_listed(kind: str) -> Response:
    found = db.session.scalars(_counting(PUBLIC.asked(refuse=True)))
    return export("listings", _("外部名录"), kind, COLUMNS, found)


register_case(
    bp,
    ExternalListing,
    url="/credit/listings",
    page=show_listing,
    acts={
        "confirm": ActPage(listings.confirm, beside=_said_of, beside_heading=_l("网站上的记录")),
        "decline": ActPage(listings.decline, beside=_said_of, beside_heading=_l("网站上的记录")),
        "confirm_correction": ActPage(
            listings.confirm_correction, beside=_changed, beside_heading=_l("网站上的变更")
        ),
        "confirm_removal": ActPage(
            listings.confirm_removal, beside=_changed, beside_heading=_l("网站上的变更")
        ),
        "decline_change": ActPage(
            listings.decline_change, beside=_changed, beside_heading=_l("网站上的变更")
        ),
        "dispute": ActPage(
            listings.dispute, DisputeForm, _with_files, beside=_said_of, beside_heading=_l("网站上的记录")
        ),
        "uphold": ActPage(listings.uphold, beside=_said_of),
        "reject": ActPage(listings.reject, beside=_said_of),
    },
    timed={"expire": listings.expire},
    public=True,
)
