"""Keeping scores in step with the records behind them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from market.batches import WORKS, Looked, Sweep, step
from market.chunks import ChunkSize, failed, in_chunks, is_away
from market.extensions import db
from market.transaction import action
from models import CASES, batches, clock, events, failures
from models.accounts import Organisation
from models.actors import SYSTEM, Actor
from models.credit import identities, kept, policy, rating_facts, score, signals, weighing
from models.credit.dealing import at_which_two_are, dealers
from models.credit.evidence import Sheet
from models.credit.inputs import inputs
from models.events import Event
from models.failures import Attempt
from models.ratings.rating import Rating

# In which column of its case the organisation stands that an event is about, where it is not `agency_id`.
ABOUT = {
    "rating": "ratee_id",
    "credit_record": "subject_id",
    "external_listing": "subject_id",
    "violation_report": "subject_id",
}
# What a grade asks for, whatever the inputs.
ENDED = {"contract.complete", "contract.dissolve", "contract.end"}
OF_NO_BUYER = {
    "credit_record",
    "external_listing",
    "violation_report",
}  # nobody new deals with an agency by one of these
TOUCHED = "credit.touched"  # its data: the keys of the agencies whose sheets are still to be computed
PIECE = 40  # sheets that one event brings beside those it is about, in one transaction


def counted() -> set[str]:
    """The acts that add or change a record of a score, or what it weighs; an operator's are among them."""
    kinds = ENDED.union(weighing.EVENTS, *(each.events for each in inputs().values()))
    return kinds | {f"{kind.partition('.')[0]}.override" for kind in kinds}


def agencies_scored(session: Session, happened: Iterable[Event]) -> dict[int, list[str]]:
    """The agencies whose score these events touch, each with the cases through which."""
    kinds, named = counted(), defaultdict(set)
    for event in happened:
        if event.kind in kinds:
            named[event.case_type].add(event.case_identifier)
    found: dict[int, list[str]] = defaultdict(list)
    for case_type, identifiers in named.items():
        case_class = CASES[case_type]
        about = (
            select(getattr(case_class, ABOUT.get(case_type, "agency_id")), case_class.identifier)
            .join(Organisation, Organisation.id == getattr(case_class, ABOUT.get(case_type, "agency_id")))
            .where(case_class.identifier.in_(identifiers), Organisation.kind == "agency")
        )
        for agency, identifier in session.execute(about):
            found[agency].append(identifier)
    return found


def refresh_scores(session: Session, happened: list[Event]) -> None:
    """Event handler: compute these agencies' sheets from the records as they stand now.

    Those that are touched besides, through who rated or bought both here and there, a piece to an event: how
    many these are is nobody's to say, and each piece is a transaction of its own.
    """
    causes = agencies_scored(session, happened)
    touched = {key for event in happened if event.kind == TOUCHED for key in event.data["agencies"]}
    touched |= _read_ratings(session, happened)
    dealt = [event for event in happened if event.case_type not in OF_NO_BUYER]
    touched |= _observed(session, agencies_scored(session, dealt))
    waiting = sorted(touched - set(causes))
    for agency in waiting[:PIECE]:
        causes[agency] = []
    if causes:
        sheets = score.of_agencies(session, sorted(causes))
        tell_refreshed(session, kept.store_score(session, sheets, causes=causes))
    if left := waiting[PIECE:]:
        events.record(
            session, SYSTEM, TOUCHED, "credit", f"{left[0]}", audience="internal", data={"agencies": left}
        )


def _read_ratings(session: Session, happened: Iterable[Event]) -> set[int]:
    """Keep what the mean reads of ratings just published, or hidden, and what signals these give.

    Returns the agencies that this touches: of one that is hidden, all that its rater rated.
    """
    named = defaultdict(list)
    for event in happened:
        named[event.kind].append(event.case_identifier)
    published, hidden = named["rating.publish"], named["rating.hide"]
    if not published and not hidden:
        return set()
    rated = rating_facts.keep(session, policy.current(), published, clock.now())
    touched = rating_facts.hide(session, policy.current(), hidden, clock.now())
    about = select(Rating.ratee_id).where(Rating.identifier.in_(hidden))
    for agency in sorted(rated | set(session.scalars(about))):
        signals.note(session, policy.current(), agency, clock.now())
    return touched


def _observed(session: Session, agencies: Iterable[int]) -> set[int]:
    """Keep who of those that rate these agencies, or buy of them, are one.

    Returns the agencies that this touches: those at which two are that were not one before.
    """
    links = [
        link
        for agency in sorted(agencies)
        for link in identities.observe(session, dealers(session, agency), clock.now())
    ]
    if not links:
        return set()
    ends = {end for link in links for end in (link.one_id, link.other_id)}
    return at_which_two_are(session, identities.members(session, ends, clock.now()))


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


def _stale(after: int = 0) -> Select[int, str]:
    """The agencies without a sheet by the policy in effect, or with one that holds no longer.

    Something of theirs is overdue, and a day later than it was, or a record has ended.
    """
    missing = or_(
        kept.CreditScore.policy_version.is_(None),
        kept.CreditScore.policy_version != policy.current().name,
        kept.CreditScore.holds_until <= clock.now(),
    )
    return (
        select(Organisation.id, Organisation.identifier)
        .outerjoin(kept.CreditScore, kept.CreditScore.agency_id == Organisation.id)
        .where(Organisation.kind == "agency", Organisation.id > after, missing)
        .order_by(Organisation.id)
    )


def look_at_scores(after: int, most: int) -> Looked | None:
    """The sheets of the next agencies that have none by the policy in effect, or none that still holds.

    Computed outside of any transaction that writes. An agency whose sheet cannot be computed stays as it
    is, as a failure of its own.
    """
    agencies = dict(db.session.execute(_stale(after).limit(most)).all())
    if not agencies:
        return None
    since = kept.stored_score(db.session, list(agencies))
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
    changed = kept.store_score(session, sheets, since)
    tell_refreshed(session, changed)
    return len(changed)


MOST_READ = 100  # ratings of a release before this one, in one transaction


@action
def read_ratings(session: Session, actor: Actor) -> str:
    """Keep what the mean reads of ratings that nobody has read yet. Returns the last, empty if none."""
    missing = rating_facts.unread(session, MOST_READ)
    rating_facts.keep(session, policy.current(), missing, clock.now())
    return missing[-1] if missing else ""


@action
def begin_scores(session: Session, actor: Actor, *, total: int) -> str:
    """So many sheets are to be computed anew; Conflict while that is under way."""
    return batches.begin(
        session, actor, "scores", clock.today().isoformat(), [], state="loading", total=total
    ).identifier


def refresh_every_score() -> str | None:
    """Compute the sheets by no policy yet, by another than is in effect, or of whom something is overdue.

    A piece to a transaction; one that was interrupted goes on where it was. Nothing fades by the night, so
    that most nights there are few or none. Returns the batch, None where there was nothing to do.
    """
    db.session.rollback()
    identifier = batches.under_way(db.session, "scores")
    if identifier is None:
        total = db.session.scalar(select(func.count()).select_from(_stale().order_by(None).subquery()))
        if not total:
            return None
        while read_ratings(SYSTEM):
            pass
        identifier = begin_scores(SYSTEM, total=total)
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
    since = kept.stored_score(session, agencies)
    tell_refreshed(session, kept.store_score(session, score.of_agencies(session, agencies), since))
    return len(agencies)


WORKS["scores"] = Sweep(look_at_scores, keep_scores)
