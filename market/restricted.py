"""What an organisation is stopped at, as the reader of a page may know it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _

from market.extensions import db
from market.formatting import catalogued, problem_text
from models.accounts import Organisation
from models.actors import OFFICES, Actor
from models.credit import restrictions
from models.credit.policy import ACTIVITIES
from models.credit.restrictions import Restriction


@dataclass(frozen=True)
class Stop:
    """What is stopped, for one reason: the activities, why, on what basis, until when, and what lifts it.

    Without `reason` and `basis` for whoever may not know them; `case` is the record, for whoever may read it.
    """

    activities: str
    reason: str
    basis: str
    until: datetime | None
    lifted_by: str
    case: str


def knows_all(organisation: Organisation, actor: Actor) -> bool:
    """Whether a reader may know a reason that is not published: its subject, and authorities."""
    return bool(organisation.roles_of(actor) or actor.roles & OFFICES)


def stops_of(organisation: Organisation, actor: Actor) -> list[Stop]:
    """What an organisation is stopped at, a line a reason."""
    found = restrictions.of(db.session, [organisation])[organisation.id]
    return grouped(found, all_known=knows_all(organisation, actor))


def own_refusal(actor: Actor, *activities: str) -> str:
    """Why the reader's own organisation may not do this now, in words; empty where it may."""
    own = db.session.get(Organisation, actor.organisation_id) if actor.organisation_id else None
    if own is None:
        return ""
    problem = restrictions.refusal(restrictions.of(db.session, [own])[own.id], own, activities)
    return problem_text(problem) if problem is not None else ""


def grouped(found: list[Restriction], *, all_known: bool) -> list[Stop]:
    """The same of restrictions that are at hand: those of one source together."""
    return [_stop(group, known=all_known or group[0].public) for group in by_source(found)]


def by_source(found: Iterable[Restriction]) -> list[list[Restriction]]:
    """Restrictions put together by what they come from."""
    groups: dict[tuple[str, str], list[Restriction]] = {}
    for each in found:
        groups.setdefault((each.source, each.case), []).append(each)
    return list(groups.values())


def _stop(group: list[Restriction], *, known: bool) -> Stop:
    first = group[0]
    return Stop(
        activity_names([each.activity for each in group]),
        problem_text(first.reason) if known else "",
        basis_words(first) if known else "",
        first.until,
        problem_text(first.lifted_by) if known else "",
        first.case if known else "",
    )


def basis_words(each: Restriction) -> str:
    """The law or the decision it rests on, in the reader's language where there is one."""
    return catalogued(_(each.basis))


def activity_names(activities: list[str]) -> str:
    """Activities by name, in their order."""
    return _("、").join(_(label) for key, label in ACTIVITIES.items() if key in activities)
