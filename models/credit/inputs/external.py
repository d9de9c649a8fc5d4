"""The lists others keep on which an agency stands, with the points of each list."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from models.credit.evidence import Evidence, Found, Input, total
from models.credit.listings import ExternalListing, standing
from models.credit.policy import CreditPolicy
from models.credit.records import in_force
from models.i18n import N_


def _gather(session: Session, rules: CreditPolicy, agencies: Sequence[int], until: datetime) -> Found:
    """A fact counts once: a list beside a record in force of the same kind brings nothing more."""
    listings = standing(session, agencies, until)
    records = in_force(session, list(listings), until) if listings else {}
    kinds = {key: {record.kind for record in of} for key, of in records.items()}

    def of_listing(key: int, each: ExternalListing) -> Evidence:
        of_list, (entered_on, ends_at) = rules.lists[each.list], each.days_at(until)
        same = of_list.record in kinds.get(key, ())
        facts = {"list": each.list, "entered_on": entered_on.isoformat(), "same_as_record": same}
        points = 0 if same else of_list.points
        return Evidence(each.identifier, each.listed_at, points, facts=facts, holds_until=ends_at)

    return {
        key: [of_listing(key, each) for each in listings.get(key, []) if each.list in rules.lists]
        for key in agencies
    }


INPUT = Input(
    "external",
    N_("外部名录"),
    N_("%(case)s 所在的名录移出以后,恢复 %(points)s 分。"),
    "points",
    frozenset(
        f"external_listing.{act}"
        for act in (
            "list",
            "confirm",
            "dispute",
            "reject",
            "amend",
            "confirm_correction",
            "confirm_removal",
            "remove",
            "expire",
        )
    ),
    _gather,
    total,
    passing=True,
)
