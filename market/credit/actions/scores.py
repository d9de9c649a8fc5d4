"""Keeping scores in step with the records behind them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from market.batches import WORKS, Looked, Sweep, step
from market.chunks import ChunkSize, failed, in_chunks, is_away
from market.extensions import db
from market.transaction import action
from models import CASES, batches, clock, events, failures
from models.accounts import Organisation
from models.actors import SYSTEM, Actor
from models.credit import score
from models.credit.score import Sheet
from models.events import Event
from models.failures import Attempt

# The acts that add or change a record a score is made of.
COUNTED = {
    "rating.publish",
    "contract.complete",
    "contract.dissolve",
    "contract.end",
    "deliverable.lapse",
    "deliverable.extend",
    "deliverable.cancel",
    "deliverable.submit",
    "deliverable.pass",
    "deliverable.send_back",
}


def agencies_scored(session: Session, happened: list[Event]) -> set[int]:
    """The agencies whose score these events touch."""
    agencies: set[int] = set()
    for kind in {e.case_type for e in happened if e.kind in COUNTED}:
        case_class = CASES[kind]
        column = case_class.ratee_id if kind == "rating" else case_class.agency_id  # type: ignore[attr-defined]
        named = {e.case_identifier for e in happened if e.kind in COUNTED and e.case_type == kind}
        agencies |= set(session.scalars(select(column).where(case_class.identifier.in_(named))))
    kinds = select(Organisation.id).where(Organisation.id.in_(agencies), Organisation.kind == "agency")
    return set(session.scalars(kinds))


def refresh_scores(session: Session, happened: list[Event]) -> None:
    """Event handler: compute these agencies' sheets from the records as they stand now."""
    agencies = sorted(agencies_scored(session, happened))
    if agencies:
        tell_refreshed(session, score.store_score(session, score.of_agencies(session, agencies)))


def tell_refreshed(session: Session, agencies: list[int]) -> None:
    """An event for whoever shows scores and grades, the index above all.

    Those of these agencies are others now.
    """
    names = list(
        session.scalars(
            select(Organisation.identifier).where(Organisation.id.in_(agencies)).order_by(Organisation.id)
        )
    )
    if names:
        events.record(
            session,
            SYSTEM,
            "credit.refreshed",
            "credit",
            names[0],
            audience="internal",
            data={"agencies": names},
        )


def look_at_scores(after: int, most: int) -> Looked | None:
    """The sheets of the next agencies, computed outside of any transaction that writes.

    Ratings fade by the day. An agency whose sheet cannot be computed stays as it is, as a failure of its own.
    """
    following = select(Organisation.id, Organisation.identifier).where(
        Organisation.kind == "agency", Organisation.id > after
    )
    agencies = dict(db.session.execute(following.order_by(Organisation.id).limit(most)).all())
    if not agencies:
        return None
    since = score.stored_score(db.session, list(agencies))
    try:
        sheets = score.of_agencies(db.session, list(agencies))
    except Exception as error:
        if is_away(error):
            raise
        sheets = {key: made for key, name in agencies.items() if (made := _sheet(key, name)) is not None}
    return Looked(
        last=max(agencies), count=len(agencies), faulty=len(agencies) - len(sheets), found=(sheets, since)
    )


def _sheet(agency_id: int, identifier: str) -> Sheet | None:
    try:
        return score.of_agency(db.session, agency_id)
    except Exception as error:
        if is_away(error):
            raise
        failed(Attempt("scores", "refresh", "organisation", identifier), error)
        return None


def keep_scores(session: Session, found: tuple[dict[int, Sheet], dict[int, Any]]) -> int:
    """Keep what was computed. Returns how many agencies have another score or grade."""
    sheets, since = found
    changed = score.store_score(session, sheets, since)
    tell_refreshed(session, changed)
    return len(changed)


@action
def begin_scores(session: Session, actor: Actor) -> str:
    """Every agency's sheet is to be computed anew; Conflict while that is under way."""
    total = session.scalar(select(func.count(Organisation.id)).where(Organisation.kind == "agency")) or 0
    return batches.begin(
        session, actor, "scores", clock.today().isoformat(), [], state="loading", total=total
    ).identifier


def refresh_every_score() -> str:
    """Compute every agency's sheet, a piece to a transaction; one that was interrupted goes on where it was.

    Returns the batch.
    """
    db.session.rollback()
    identifier = batches.under_way(db.session, "scores") or begin_scores(SYSTEM)
    while step(identifier):
        pass
    return identifier


def refresh_failed() -> int:
    """The sheets that could not be computed, each when it is time to try again.

    Returns how many there are now.
    """
    db.session.rollback()
    known = failures.of(db.session, "scores")
    return in_chunks(
        "scores",
        "refresh",
        "organisation",
        [attempt.case_identifier for attempt in known],
        _refresh_named,
        ChunkSize(),
    )


def _refresh_named(session: Session, identifiers: list[str]) -> int:
    agencies = list(session.scalars(select(Organisation.id).where(Organisation.identifier.in_(identifiers))))
    tell_refreshed(session, score.store_score(session, score.of_agencies(session, agencies)))
    return len(agencies)


WORKS["scores"] = Sweep(look_at_scores, keep_scores)
