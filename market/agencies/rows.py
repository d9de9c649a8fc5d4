"""Agencies as lists show them: score, price for a job, where they serve, whether the reader keeps them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for
from sqlalchemy import select

from market.extensions import db
from market.formatting import problem_text
from market.identity import current_actor
from market.options import region_asked
from market.quantities import quantity_asked, size_typed
from models.accounts import Organisation
from models.agencies.fees import FeeSchedule, schedules_in_force
from models.agencies.serving import areas_of, served
from models.agencies.shortlist import kept_among
from models.catalogue import ServiceItem
from models.credit.kept import CreditScore
from models.errors import Problem
from models.pricing import Quantity
from models.ratings import coverage
from models.ratings.coverage import Coverage
from models.sourcing.modes.inquiry import Inquiry


@dataclass(frozen=True)
class AgencyRow:
    """An agency in a list.

    `areas` are the codes it serves; `coverage` how many buyers rated it of those who were asked; `schedule`
    what it publishes for the item of the list, `price` what that comes to for the job in fen: None without an
    item, or where its terms do not know the job.
    """

    agency: Organisation
    score: CreditScore | None
    areas: list[str]
    kept: bool
    coverage: Coverage
    schedule: FeeSchedule | None
    price: int | None


def price_of(schedule: FeeSchedule | None, job: Quantity | None) -> int | None:
    """What a schedule comes to for a job, in fen; None where it does not know such a job."""
    return None if schedule is None or job is None else schedule.price_if_any(job)


def job_or_example(item: ServiceItem | None, wrong: dict[str, str]) -> Quantity | None:
    """The reader's job of an item, else the item's example.

    Of a size that cannot be read, its field and what to say of it are put among what is `wrong`.
    """
    if item is None:
        return None
    try:
        return quantity_asked(item) or item.example
    except Problem as problem:
        wrong[item.measure] = problem_text(problem)
        return item.example


def rows_of(
    agencies: Sequence[Organisation], item: ServiceItem | None, job: Quantity | None
) -> list[AgencyRow]:
    """These agencies as rows, for a job of an item, in a fixed number of queries."""
    ids = [agency.id for agency in agencies]
    scored = db.session.scalars(select(CreditScore).where(CreditScore.agency_id.in_(ids)))
    scores = {score.agency_id: score for score in scored}
    areas = areas_of(db.session, ids)
    covered = coverage.of_organisations(db.session, ids)
    kept = kept_among(db.session, current_actor().organisation_id, ids)
    schedules = (
        {s.agency_id: s for s in schedules_in_force(db.session, item_code=item.code, agency_ids=ids)}
        if item
        else {}
    )
    return [
        AgencyRow(
            agency,
            scores.get(agency.id),
            served(agency, areas),
            agency.id in kept,
            covered[agency.id],
            schedules.get(agency.id),
            price_of(schedules.get(agency.id), job),
        )
        for agency in agencies
    ]


def may_invite() -> bool:
    """Whether the reader could ask for a quote: who buys, and a visitor, who may be about to."""
    actor = current_actor()
    return actor.user_id is None or bool(actor.buyers())


def _told(item: str) -> dict[str, Any]:
    """What the reader said of the job, for an address that goes on with it."""
    told = {"item": item, "region": region_asked(), **size_typed()}
    return {name: text for name, text in told.items() if text}


def invitation(agencies: Sequence[str], item: str = "", region: str = "") -> str:
    """Where these agencies (identifiers), or whoever will, are asked to quote, with what was said of the job.

    `region` is the place where it was said in words; the page's filter otherwise. Who asks several, or for
    several, has said how one is chosen: he compares their quotes.
    """
    place = {"region": region} if region else {}
    way = {} if len(agencies) == 1 else {"mode": Inquiry.name}
    return url_for("sourcing.new", invite=list(agencies), **{**_told(item), **place, **way})


def comparison(agencies: Sequence[str], item: str = "") -> str:
    """Where these agencies (identifiers) stand side by side, for the job the reader told of."""
    return url_for("agencies.compare", agency=list(agencies), **_told(item))
