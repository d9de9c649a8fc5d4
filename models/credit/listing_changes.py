"""Listings in step with what the sites say: begun, corrected and taken off, one official or two.

Of some lists (`ExternalList.four_eyes`) what one official brought in waits until a second one confirms it,
and so does what one says otherwise of an entry that was confirmed: nobody alone puts somebody on such a list,
changes what is said of it, or lifts it. Until then the entry goes on as it was confirmed. What a national
site told us itself is so at once.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, time

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from models import clock, identifiers
from models.accounts import Organisation
from models.actors import SYSTEM, Actor
from models.base import Json
from models.clock import BEIJING
from models.credit import policy
from models.credit.external import (
    ExternalEntry,
    ExternalFetch,
    Verdict,
    over_on,
    said,
    stands,
    verdict,
    whole,
)
from models.credit.listing_workflow import CHANGING, CONFIRMED, UNSEEN
from models.credit.listings import ExternalListing, open_of
from models.credit.policy import CreditPolicy
from models.workflow import perform, start

# What of an entry is told where another takes its place, in this order.
WORDS = ("source", "number", "entered_on", "name", "reason", "authority")


@dataclass(frozen=True)
class Change:
    """What the sites say otherwise of an entry that was confirmed: the one they have instead, if any.

    `removes`: it was off, whatever they have now. `fetches` brought that in, oldest first.
    """

    entry: ExternalEntry | None
    removes: bool
    fetches: Sequence[ExternalFetch]

    @property
    def first(self) -> ExternalFetch:
        """The first that an official brought in; where none did, that a site answered; else the first."""
        by_hand = (each for each in self.fetches if each.by_id is not None)
        answers = (each for each in self.fetches if each.way == "http")
        return next(by_hand, None) or next(answers, self.fetches[0])

    def said_after(self, at: datetime) -> bool:
        """Whether an official has brought it in once more since."""
        return any(
            each.by_id is not None and each.taken_at is not None and each.taken_at > at
            for each in self.fetches
        )


def follow(session: Session, organisations: Iterable[Organisation]) -> list[str]:
    """Bring the listings of these organisations in step with what the sites say now.

    Returns the identifiers of those that began, ended, rest on another word now, or wait for a second
    official. A constant number of statements, and some for each that changes.
    """
    known = {each.uscc: each for each in organisations if each.kind != "authority"}
    rules, today = policy.current(), clock.today()
    words, kept_whole = said(session, list(known)), whole(session)
    listings = open_of(session, [each.id for each in known.values()])
    changed: list[str] = []
    for code, organisation in known.items():
        for name in rules.lists:
            entries = words.get((code, name), ())
            word = verdict(rules, entries, kept_whole, today)
            listing = listings.get((organisation.id, name))
            if listing is not None:
                if _keep(session, rules, listing, word, entries):
                    changed.append(listing.identifier)
                listing = listing if listing.removed_at is None else None
            if word.entry is not None and listing is None and not _is_over(rules, word.entry):
                changed.append(_begin(session, rules, organisation, word.entry).identifier)
    return changed


def _keep(
    session: Session,
    rules: CreditPolicy,
    listing: ExternalListing,
    word: Verdict,
    entries: Sequence[ExternalEntry],
) -> bool:
    """Bring one in step. Returns whether anything is otherwise now."""
    found, before = word.entry, (listing.entry_id, listing.state)
    if (change := _waiting_change(session, rules, listing, word, entries)) is not None:
        return _propose(session, listing, change)
    if found is None or _another(listing, found) or _is_past(listing):
        _end(session, listing)
        return True
    takes = _takes(rules, listing, found)
    withdrawn = (not takes or _same(listing.entry, found)) and _withdraw(session, listing)
    if takes:
        changes = _rest_on(rules, listing, found)
        _forget(listing)
        if not withdrawn:
            perform(session, listing, "amend", SYSTEM, data={"changes": changes})
    if listing.state in UNSEEN and _vouched(found):
        confirm(session, listing, SYSTEM)
    return before != (listing.entry_id, listing.state)


def _waiting_change(
    session: Session,
    rules: CreditPolicy,
    listing: ExternalListing,
    word: Verdict,
    entries: Sequence[ExternalEntry],
) -> Change | None:
    """What of the sites' word a second official has to look at first; None where it is so at once.

    At once is what a national site told us itself, and what nobody brought in: a term that is over, or a
    policy that reads a site no more.
    """
    found, of = word.entry, rules.lists[listing.list]
    if listing.state not in CONFIRMED or not of.four_eyes or _vouched(found) or _is_past(listing):
        return None
    if found is None:
        entry = listing.entry
        if entry.until_id is None and (word.source is None or not stands(rules, entry, clock.today())):
            return None
        fetches = _denials(session, listing, word, entries)
        vouched = any(each.vouched for each in fetches)
        return None if vouched else Change(None, removes=True, fetches=fetches or [entry.last])
    if _same(listing.entry, found):
        return None
    told = {found.since, found.last, *filter(None, (found.brought,))}
    return Change(found, _another(listing, found), sorted(told, key=lambda each: each.id))


def _denials(
    session: Session, listing: ExternalListing, word: Verdict, entries: Sequence[ExternalEntry]
) -> list[ExternalFetch]:
    """The fetches by which the entry a listing rests on is there no more, oldest first.

    The one that ended it; those that say the day on which this document was taken off, or on which another
    site that prevails had it off; and those of a whole list without it: of its own site since that last said
    so, of another since it is known here, however often its own was fetched meanwhile.
    """
    entry, other = listing.entry, word.source.key if word.source else listing.source
    removed = [
        each
        for each in entries
        if each.removed_on is not None
        and each.removed_on >= entry.entered_on
        and (each.source == other if each.source != listing.source else each.number == entry.number)
    ]
    named = {
        entry.until_id,
        *(key for each in removed for key in (each.fetch_id, each.brought_id, each.seen_id)),
    }
    since = entry.fetched_at if other == listing.source else listing.known_at
    silent = and_(ExternalFetch.source == other, ExternalFetch.taken_at > since)
    named.discard(None)
    query = select(ExternalFetch).where(
        ExternalFetch.taken_at.is_not(None), or_(ExternalFetch.id.in_(named), silent)
    )
    return [
        each
        for each in session.scalars(query.order_by(ExternalFetch.id))
        if each.id in named or listing.list in each.whole.split(",")
    ]


def _propose(session: Session, listing: ExternalListing, change: Change) -> bool:
    """Let a change wait for a second official. Returns whether it did not before.

    One that was declined waits again once an official brings it in again.
    """
    key = change.entry.id if change.entry is not None else None
    known = listing.change_fetch_id is not None and listing.change_id == key
    declined = listing.change_declined_at if known else None
    if declined is not None and not change.said_after(declined):
        return False
    listing.change_id, listing.change, listing.change_removes = key, change.entry, change.removes
    listing.change_fetch_id, listing.change_fetch = change.first.id, change.first
    if known and declined is None and listing.state in ("disputed", *CHANGING.values()):
        return False
    listing.change_declined_at = None
    act = "propose_removal" if change.removes else "propose_correction"
    perform(session, listing, act, SYSTEM, data=told_of_change(listing))
    return True


def told_of_change(listing: ExternalListing) -> Json:
    """What is told of a change that waits, or was confirmed."""
    entry, fetch = listing.change, listing.change_fetch
    if entry is not None:
        return {"changes": _changes(listing, entry)}
    return {"gone": fetch.source} if fetch is not None else {}


def _withdraw(session: Session, listing: ExternalListing) -> bool:
    """The sites say again what was confirmed, so that nothing waits. Returns whether anything did."""
    waits = listing.change_waits and listing.state in CONFIRMED
    _forget(listing)
    if waits:
        perform(session, listing, "withdraw_change", SYSTEM)
    return waits


def _forget(listing: ExternalListing) -> None:
    listing.change_id, listing.change, listing.change_removes = None, None, None
    listing.change_fetch_id, listing.change_fetch, listing.change_declined_at = None, None, None


def accept_correction(session: Session, listing: ExternalListing, actor: Actor) -> None:
    """A second official finds the change on the site: the listing rests on the new entry from now."""
    assert listing.change is not None
    told = told_of_change(listing)
    _rest_on(policy.current(), listing, listing.change)
    perform(session, listing, "confirm_correction", actor, data=told)
    _forget(listing)


def accept_removal(session: Session, listing: ExternalListing, actor: Actor) -> None:
    """A second official finds it taken off: it is off from now, and what came in its place is confirmed."""
    told, instead = told_of_change(listing), listing.change
    perform(session, listing, "confirm_removal", actor, data=told)
    listing.removed_at = clock.now()
    _forget(listing)
    rules = policy.current()
    if instead is not None and not _is_over(rules, instead):
        begun = _begin(session, rules, listing.subject, instead)
        if begun.state in UNSEEN:
            confirm(session, begun, actor)


def decline_change(session: Session, listing: ExternalListing, actor: Actor, reason: str) -> None:
    """A second official does not find the change: the listing stays as it was confirmed."""
    perform(session, listing, "decline_change", actor, reason=reason, data=told_of_change(listing))
    listing.change_declined_at = clock.now()


def _same(one: ExternalEntry, other: ExternalEntry) -> bool:
    """Whether two entries say the same."""
    return all(getattr(one, name) == getattr(other, name) for name in WORDS)


def _changes(listing: ExternalListing, found: ExternalEntry) -> Json:
    """What another entry says otherwise: of each word that differs what it was, and what it is."""
    ends_at = _term(policy.current(), found)
    pairs = {name: (_word(getattr(listing.entry, name)), _word(getattr(found, name))) for name in WORDS}
    pairs["ends_at"] = (_word(listing.ends_at), _word(ends_at))
    return {name: list(pair) for name, pair in pairs.items() if pair[0] != pair[1]}


def _word(value: object) -> str:
    return value.isoformat() if hasattr(value, "isoformat") else str(value or "")


def _takes(rules: CreditPolicy, listing: ExternalListing, found: ExternalEntry) -> bool:
    """Whether a listing is to rest on another entry from now on, without anybody who looks at it."""
    if listing.entry_id == found.id:
        return False
    at_once = listing.state in UNSEEN or not rules.lists[found.list].four_eyes or _vouched(found)
    return at_once or (listing.state in CONFIRMED and _same(listing.entry, found))


def _rest_on(rules: CreditPolicy, listing: ExternalListing, found: ExternalEntry) -> Json:
    """Its site, day and term are those of another entry. Returns what changed."""
    changes, ends_at = _changes(listing, found), _term(rules, found)
    if listing.state not in UNSEEN and (listing.entered_on, listing.ends_at) != (found.entered_on, ends_at):
        kept = {"entered_on": listing.entered_on.isoformat(), "ends_at": _word(listing.ends_at)}
        listing.earlier = [*(listing.earlier or []), {**kept, "until": clock.now().isoformat()}]
    if listing.due_at is not None and listing.due_at == listing.ends_at:
        listing.due_at = ends_at
    listing.entry_id, listing.entry, listing.source = found.id, found, found.source
    listing.entered_on, listing.ends_at = found.entered_on, ends_at
    return changes


def _another(listing: ExternalListing, found: ExternalEntry) -> bool:
    """Whether the same site now names another, later entry than the one that counted: it was off between.

    Another day of the same document is a correction, but where its dispute was right: then it is what the
    authority made of it.
    """
    later = found.source == listing.source and found.entered_on > listing.entered_on
    corrected = bool(found.number) and found.number == listing.entry.number
    return later and not (corrected and listing.state != "not_counted")


def _vouched(found: ExternalEntry | None) -> bool:
    """Whether a national site said so itself, so that nobody need look at it again."""
    told = (found.since, found.seen) if found is not None else ()
    return any(each.vouched and each.taken_at is not None for each in told)


def confirm(session: Session, listing: ExternalListing, actor: Actor) -> None:
    """A second look found that it is so: it counts from now."""
    perform(session, listing, "confirm", actor)
    listing.listed_at = clock.now()


def _is_past(listing: ExternalListing) -> bool:
    return listing.ends_at is not None and listing.ends_at <= clock.now()


def _is_over(rules: CreditPolicy, found: ExternalEntry) -> bool:
    ends_at = _term(rules, found)
    return ends_at is not None and ends_at <= clock.now()


def _term(rules: CreditPolicy, found: ExternalEntry) -> datetime | None:
    """When the months of its list are over, at the midnight in Beijing that ends them; None: never."""
    months = rules.lists[found.list].months
    return datetime.combine(over_on(found.entered_on, months), time(), BEIJING) if months else None


def _begin(
    session: Session, rules: CreditPolicy, organisation: Organisation, found: ExternalEntry
) -> ExternalListing:
    listing = ExternalListing(
        identifier=identifiers.issue(session, ExternalListing),
        subject_id=organisation.id,
        subject=organisation,
        list=found.list,
        entry_id=found.id,
        entry=found,
        source=found.source,
        entered_on=found.entered_on,
        credit_policy=rules.name,
        known_at=found.since.taken_at or clock.now(),
        listed_at=clock.now(),
        ends_at=_term(rules, found),
    )
    listing.region_code = organisation.region_code
    waits = rules.lists[found.list].four_eyes and not _vouched(found)
    if waits:
        listing.state = "waiting"
    start(session, listing, SYSTEM, "list", notify=() if waits else ("subject",))
    if waits:
        listing.due_at = listing.answer_by
    return listing


def _end(session: Session, listing: ExternalListing) -> None:
    over, never = _is_past(listing), listing.state in UNSEEN
    listing.removed_at = clock.now()
    _forget(listing)
    perform(session, listing, "expire" if over else "remove", SYSTEM)
    if never:
        listing.listed_at = listing.removed_at
