"""What a draft's steps are worked out by: what such a job costs, who may be asked, which way suits."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from statistics import median

from flask_babel import gettext as _
from sqlalchemy import Row, Select, case, select

from market.extensions import db
from market.formatting import region_briefly
from models import clock, money, pricing
from models.accounts import Organisation
from models.agencies.eligibility import unfit
from models.agencies.fees import FeeSchedule, published_prices, schedules_in_force
from models.agencies.serving import areas_of, served, serves, serving
from models.catalogue import ServiceItem
from models.credit import restrictions
from models.credit.kept import CreditScore
from models.credit.restrictions import ENGAGED
from models.errors import RuleViolation
from models.policy import Policy
from models.pricing import Quantity
from models.sourcing.modes import MODES, Mode, Rules, rules_of
from models.sourcing.modes.mode import Need
from models.sourcing.tenders import Invitation, Tender

PROPOSED = 3  # agencies that are proposed to a buyer who compares quotes
LOOKED_AT = 30  # agencies that are looked at together, until as many fit
MOST_OFFERED = 30  # agencies a draft's page lists; others are asked by their own pages


_BEST_FIRST = (CreditScore.score.desc().nulls_last(), Organisation.id)


@dataclass(frozen=True)
class Estimate:
    """What a job would cost by the prices that are published, in fen; `standard` by the item's standard."""

    count: int
    low: int
    middle: int
    high: int
    standard: int | None


def estimate(item: ServiceItem, job: Quantity | None) -> Estimate | None:
    """None without a size, and where nobody publishes a price for it."""
    found = [price for _schedule, price in published_prices(db.session, item.code, job)] if job else []
    if job is None or not found:
        return None
    standard = None
    if item.standard:
        with suppress(RuleViolation):  # an industry the standard does not know
            standard = pricing.price(next(iter(item.standard["tables"].values())), job)
    return Estimate(len(found), found[0], round(median(found)), found[-1], standard)


def typical(draft: Tender) -> int | None:
    """What the job of a draft costs in the middle of what is published."""
    if not draft.knows("size"):
        return None
    found = estimate(draft.item, Quantity.of(draft.quantity))
    return found.middle if found else None


def advice(item: ServiceItem, funds: str, worth: int | None, book: Policy) -> list[tuple[Mode, str, Rules]]:
    """Each way to choose that suits such a need, why, and its numbers."""
    need = Need(item, funds, worth, book)
    return [(mode, why, rules_of(name, funds)) for name, mode in MODES.items() if (why := mode.suits(need))]


def _suppliers(draft: Tender) -> Select[Organisation, str | None]:
    """Agencies that publish a price for the draft's item, each with its grade."""
    published = select(FeeSchedule.agency_id).where(
        FeeSchedule.item_code == draft.item.code, FeeSchedule.effective_from <= clock.today()
    )
    free = restrictions.free_for(draft.way.activity, *ENGAGED)
    return _graded().where(Organisation.id.in_(published), free)


def _graded() -> Select[Organisation, str | None]:
    return (
        select(Organisation, CreditScore.grade)
        .outerjoin(CreditScore, CreditScore.agency_id == Organisation.id)
        .where(restrictions.free_for(*ENGAGED), Organisation.kind == "agency")
    )


def askable(identifiers: Sequence[str]) -> list[str]:
    """Those of these that are agencies which may be asked, in their order."""
    found = set(db.session.scalars(select(Organisation.identifier).where(Invitation.open_to(identifiers))))
    return [each for each in identifiers if each in found]


def offering(draft: Tender) -> list[tuple[str, str]]:
    """Agencies that publish a price for the draft's item, and whom it invites already.

    Those that serve the place first, and of them the best rated. Identifiers, each with what is said of it:
    its name, its price for this job, its grade, and where it serves if that is elsewhere.
    """
    ids = [each.agency_id for each in draft.invitations]
    near = case((serving(draft.region_code), 0), else_=1)
    ranked = _suppliers(draft).order_by(near, *_BEST_FIRST).limit(MOST_OFFERED)
    best = db.session.execute(ranked).all()
    asked = db.session.execute(_graded().where(Organisation.id.in_(ids))).all() if ids else []
    found = {agency.id: (agency, grade) for agency, grade in [*asked, *best]}
    schedules = schedules_in_force(db.session, item_code=draft.item.code, agency_ids=found)
    prices = {each.agency_id: _price(each, draft) for each in schedules}
    areas = areas_of(db.session, found)
    said: dict[Organisation, tuple[str | None, ...]] = {}
    for agency, grade in found.values():
        elsewhere = _elsewhere(served(agency, areas), draft)
        said[agency] = agency.name, prices.get(agency.id), grade or _("未评"), elsewhere
    return [(agency.identifier, " · ".join(filter(None, words))) for agency, words in said.items()]


@dataclass(frozen=True)
class Proposal:
    """An agency that could be asked, and what speaks for it: its price for the job in words, its grade."""

    agency: Organisation
    price: str
    grade: str


def proposed(draft: Tender) -> list[Proposal]:
    """Whom a buyer may ask who compares quotes and named nobody yet: PROPOSED at the most.

    The best rated of those that serve the place, publish a price that fits the job, and may take it on today.
    None where a draft chooses otherwise.
    """
    if not compares(draft) or draft.invitations:
        return []
    ranked = _suppliers(draft).where(serving(draft.region_code)).order_by(*_BEST_FIRST).limit(LOOKED_AT)
    found: list[Proposal] = []
    for start in count(0, LOOKED_AT):
        rows = db.session.execute(ranked.offset(start)).all()
        found += _fitting(draft, rows)
        if len(rows) < LOOKED_AT or len(found) >= PROPOSED:
            break
    return found[:PROPOSED]


def _fitting(draft: Tender, rows: Sequence[Row[Organisation, str | None]]) -> list[Proposal]:
    """Those of these agencies, each with its grade, that price the job and may take it on today."""
    pairs = [(agency, draft.item) for agency, _grade in rows]
    problems = unfit(db.session, pairs, draft.way.activity, *ENGAGED)
    ids = [agency.id for agency, _grade in rows]
    schedules = schedules_in_force(db.session, item_code=draft.item.code, agency_ids=ids)
    prices = {each.agency_id: _price(each, draft) for each in schedules}
    return [
        Proposal(agency, prices[agency.id], grade or _("未评"))
        for (agency, grade), problem in zip(rows, problems, strict=True)
        if problem is None and prices.get(agency.id)
    ]


def compares(draft: Tender) -> bool:
    """Whether a draft is known to choose by comparing the quotes of several."""
    told = draft.knows("choice") or draft.knows("mode")
    return told and draft.way.compares


def asks_alone(draft: Tender) -> bool:
    """Whether those a draft names are the only ones it asks, until its buyer says otherwise.

    Where quotes are chosen from; while that is not known, where somebody is named already.
    """
    told = draft.knows("choice") or draft.knows("mode")
    return not draft.way.sealed if told else bool(draft.invitations)


def _elsewhere(areas: list[str], draft: Tender) -> str:
    """Where an agency serves, if that is not where the job is."""
    if serves(areas, draft.region_code):
        return ""
    return _("只说服务%(areas)s", areas=_("、").join(map(region_briefly, areas)))


def _price(schedule: FeeSchedule, draft: Tender) -> str:
    """The published price for the draft's job, in words; nothing where it has no size yet or none fits."""
    if not draft.knows("size"):
        return ""
    try:
        return money.show(schedule.price(Quantity.of(draft.quantity)))
    except RuleViolation:
        return ""
