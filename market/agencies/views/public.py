"""Finding agencies, their public page, and what they publish about themselves."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from sqlalchemy import Select, func, select

from market import filters
from market.agencies.actions import entry
from market.agencies.blueprint import bp
from market.agencies.rows import comparison, invitation, job_or_example, may_invite, price_of, rows_of
from market.agencies.views.letting_in import seen_before
from market.case_registry import OWN_ROUTE, ActPage, register_case
from market.case_views import case_page, readable
from market.charts import lines
from market.extensions import db
from market.filters import Filters
from market.formatting import item_name
from market.identity import current_actor
from market.options import region_asked
from market.pagination import paged
from market.quantities import size_typed
from market.restricted import grouped, knows_all
from market.suspensions import suspension_of
from models.accounts import Organisation
from models.actors import ENTERING
from models.agencies.certificates import STATUSES, Practitioner, Qualification
from models.agencies.checks import CHECKS, Check
from models.agencies.entry import FORMS, PREMISES, materials_of, profile_of, wanted
from models.agencies.fees import schedules_in_force
from models.catalogue import newest_items
from models.contracts.agreement import Contract
from models.credit import buyers, restrictions
from models.credit.abandoned import abandoned_by
from models.credit.buyers import BuyerSheet
from models.credit.listings import shown_of
from models.credit.records import CreditRecord
from models.credit.restrictions import ENGAGED
from models.credit.trend import quarters
from models.documents import of_case, papers_of
from models.i18n import N_
from models.ratings import coverage
from models.ratings.rating import PUBLIC, Rating


def _counted(agency: Organisation) -> dict[str, int]:
    """How many contracts stand in each state."""
    counted = (
        select(Contract.state, func.count()).where(Contract.agency_id == agency.id).group_by(Contract.state)
    )
    return {state: number for state, number in db.session.execute(counted)}


def _of(agency: Organisation, by: str) -> Select[Any]:
    """An agency's ratings by its buyers, or by departments, newest first; of the hidden, that they are."""
    found = select(Rating).where(Rating.ratee_id == agency.id, Rating.by == by, Rating.state.in_(PUBLIC))
    return found.order_by(Rating.id.desc())


def _rated(agency: Organisation, by: str) -> Sequence[Rating]:
    return db.session.scalars(_of(agency, by).limit(10)).all()


def _trend(agency: Organisation) -> Markup | None:
    """First-pass and on-time rates by quarter; None before there is anything to draw."""
    over = quarters(db.session, agency.id)
    if not any(q.submitted or q.reviewed for q in over):
        return None
    series = [
        (_("首次过审率"), "one", [q.first_pass for q in over]),
        (_("按期提交率"), "two", [q.on_time for q in over]),
    ]
    return lines([q.name[2:] for q in over], series, _("首次过审率和按期提交率,按季度"))


def _sheet(buyer: Organisation) -> BuyerSheet | None:
    """What agencies read of a buyer, on its own page."""
    known = buyer.kind == "enterprise" and buyers.may_know(buyer, current_actor())
    return buyers.sheets(db.session, [buyer.id])[buyer.id] if known else None


@bp.get("/agencies/<identifier>")
def show(identifier: str) -> str | tuple[str, int]:
    agency = readable(Organisation, identifier)
    schedules = schedules_in_force(db.session, agency_id=agency.id)
    items = newest_items(db.session, [s.item_code for s in schedules])
    item = items.get(request.args.get("item", ""))
    row = rows_of([agency], None, None)[0]
    wrong: dict[str, str] = {}
    job = job_or_example(item, wrong)
    people = select(Practitioner).where(Practitioner.agency_id == agency.id, Practitioner.left_on.is_(None))
    profile = profile_of(db.session, agency)
    inside = bool(agency.roles_of(current_actor()))
    handed = materials_of(db.session, agency) if inside else {}
    records = (
        select(CreditRecord)
        .where(CreditRecord.subject_id == agency.id, CreditRecord.shown_to(current_actor()))
        .order_by(CreditRecord.id.desc())
    )
    checks = (
        select(Check)
        .where(Check.agency_id == agency.id, Check.visible_to(current_actor()))
        .order_by(Check.id.desc())
    )
    found = restrictions.of(db.session, [agency])[agency.id]
    stops = grouped(found, all_known=knows_all(agency, current_actor()))
    page = render_template(
        "agencies/show.html",
        **case_page(agency),
        agency=agency,
        profile=profile,
        forms=FORMS,
        schedules=schedules,
        items=items,
        item=item,
        item_options=[(code, item_name(each)) for code, each in items.items()],
        job=job,
        price=next((price_of(s, job) for s in schedules if item and s.item_code == item.code), None),
        wrong=wrong,
        size=size_typed(),
        row=row,
        score=row.score,
        place=region_asked(),
        invitation=invitation,
        comparison=comparison,
        may_invite=may_invite(),
        qualifications=db.session.scalars(
            select(Qualification).where(Qualification.agency_id == agency.id)
        ).all(),
        people=db.session.scalars(people.order_by(Practitioner.kind, Practitioner.id)).all(),
        statuses=STATUSES,
        ratings=_rated(agency, "buyer"),
        reviewed=_rated(agency, "department"),
        review_coverage=coverage.of_organisations(db.session, [agency.id], "department")[agency.id],
        contracts=_counted(agency),
        trend=_trend(agency),
        stopped=suspension_of(agency) if agency.state == "suspended" else None,
        stops=[] if agency.state in ENTERING else stops,
        buyer_sheet=_sheet(agency),
        invitable=not restrictions.stopping(found, ENGAGED),
        seen=seen_before(agency),
        inside=inside,
        own=current_actor().organisation_id == agency.id,
        files=[
            file
            for file in (of_case(db.session, "organisation", agency.identifier) if inside else [])
            if not file.issued and file.identifier not in handed.values()
        ],
        wanted=wanted(profile.legal_form) if inside else {},
        handed=handed,
        premises=PREMISES,
        papers=papers_of(db.session, "organisation", agency.identifier),
        checks=db.session.scalars(checks.limit(10)).all() if inside else [],
        records=db.session.scalars(records.limit(20)).all(),
        listings=db.session.scalars(shown_of(agency.id, current_actor())).all(),
        check_kinds=CHECKS,
        left=abandoned_by(db.session, [agency.id])[agency.id] if inside or current_actor().buyers() else None,
    )
    return (page, 422) if wrong else page


RATERS = {"buyer": N_("业主评价"), "department": N_("审批部门评价")}
RATED = Filters(filters.labels("by", _l("谁的评价"), RATERS, default="buyer"))


@bp.get("/agencies/<identifier>/ratings")
def ratings(identifier: str) -> str | tuple[str, int]:
    """All that is published of how an agency was rated."""
    agency, asked = readable(Organisation, identifier), RATED.asked()
    by = asked.get("by", "buyer")
    return filters.rendered(
        "agencies/ratings.html",
        agency=agency,
        page=paged(_of(agency, by)),
        asked=asked,
        by=by,
        coverage=coverage.of_organisations(db.session, [agency.id], by)[agency.id],
    )


register_case(
    bp,
    Organisation,
    url="/agencies",
    page=show,
    acts={
        "verify": ActPage(entry.verify, beside=seen_before),
        "return": ActPage(entry.return_entry),
        "refuse": ActPage(entry.refuse),
        "suspend": ActPage(entry.suspend),
        "restore": ActPage(entry.restore),
        "submit": OWN_ROUTE,
        "commit": OWN_ROUTE,
    },
    public=True,
)
