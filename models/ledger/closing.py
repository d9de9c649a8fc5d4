"""The closing of each day.

Its entries, and where every kind of account stood after them, under a hash that takes in the day before.
Whoever keeps a closing can show that no entry up to it was changed, added or taken away since.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, timedelta
from typing import Any

import rfc8785
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models.base import Json
from models.clock import BEIJING
from models.i18n import N_
from models.ledger.books import ACCOUNT_KINDS, Entry
from models.ledger.days import Closing, hold_still, midnight

FIRST = "0" * 64  # what the first day chains to


@dataclass(frozen=True, slots=True)
class Fault:
    """A closed day that no longer is what it was, and in what."""

    day: date
    what: str


def _entries(session: Session, day: date) -> list[Entry]:
    query = select(Entry).where(Entry.at >= midnight(day), Entry.at < midnight(day + timedelta(days=1)))
    return list(session.scalars(query.order_by(Entry.id)))


def _content(day: date, entries: list[Entry], before: Json, previous: str) -> dict[str, Any]:
    """What the hash of a day is of, as the day's file has it."""
    balances = dict.fromkeys(ACCOUNT_KINDS, 0) | before
    for entry in entries:
        for line in entry.lines:
            balances[line.debit.kind] -= line.amount
            balances[line.credit.kind] += line.amount
    return {
        "day": day.isoformat(),
        "previous": previous,
        "entries": [
            {
                "identifier": entry.identifier,
                "key": entry.key,
                "kind": entry.kind,
                "case": entry.case_identifier,
                "at": entry.at.astimezone(UTC).isoformat(),
                "lines": [[line.debit.code, line.credit.code, line.amount] for line in entry.lines],
            }
            for entry in entries
        ],
        "balances": balances,
    }


def digest_of(content: dict[str, Any]) -> str:
    """SHA-256 over the canonical JSON of a day (RFC 8785)."""
    return hashlib.sha256(rfc8785.dumps(content)).hexdigest()


def next_closing(session: Session, until: date) -> Closing | None:
    """The closing of the first day that is not closed yet, worked out but not kept.

    None where every day up to `until` is closed. Nothing can change the entries of a day that is over, so
    this may be done outside of the transaction that keeps it.
    """
    last = session.scalars(select(Closing).order_by(Closing.day.desc()).limit(1)).first()
    first = session.scalar(select(func.min(Entry.at)))
    if last is None and first is None:
        return None
    day = last.day + timedelta(days=1) if last else first.astimezone(BEIJING).date()  # type: ignore[union-attr]
    if day > until:
        return None
    entries = _entries(session, day)
    content = _content(day, entries, last.balances if last else {}, last.digest if last else FIRST)
    return Closing(
        day=day,
        entries=len(entries),
        last_id=entries[-1].id if entries else last.last_id if last else None,
        turnover=sum(line.amount for entry in entries for line in entry.lines),
        balances=content["balances"],
        previous=content["previous"],
        digest=digest_of(content),
    )


def close(session: Session, closing: Closing) -> bool:
    """Keep a day's closing, if it still follows the last one and has every entry of its day."""
    hold_still(session)
    last = session.scalars(select(Closing.digest).order_by(Closing.day.desc()).limit(1)).first()
    start = midnight(closing.day)
    entries = session.scalar(
        select(func.count(Entry.id)).where(Entry.at >= start, Entry.at < start + timedelta(days=1))
    )
    if closing.previous != (last or FIRST) or closing.entries != entries:
        return False
    session.add(closing)
    session.flush()
    return True


def day_file(session: Session, closing: Closing) -> dict[str, Any]:
    """What a closed day consists of now; its hash is the closing's as long as nothing was touched."""
    before = session.scalars(
        select(Closing).where(Closing.day < closing.day).order_by(Closing.day.desc()).limit(1)
    ).first()
    return _content(
        closing.day, _entries(session, closing.day), before.balances if before else {}, closing.previous
    )


def verify(session: Session) -> Iterator[Fault]:
    """Every fault in the chain of closed days, from the first day on; none if all of it stands."""
    previous = FIRST
    for closing in session.scalars(select(Closing).order_by(Closing.day)):
        if closing.previous != previous:
            yield Fault(closing.day, N_("与前一日的哈希不衔接"))
        if digest_of(day_file(session, closing)) != closing.digest:
            yield Fault(closing.day, N_("当日分录与日结时不一致"))
        previous = closing.digest
