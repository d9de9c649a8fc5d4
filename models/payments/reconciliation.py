"""Where a gateway's own record of what moved and our books do not agree.

Nothing is put right by itself: every difference is kept until it is gone, and a person is told.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models import clock, policy
from models.ledger import books as ledger_books
from models.payments.bank import statement_discrepancy
from models.payments.charges import Charge, Discrepancy
from models.payments.payment import Payment
from models.payments.payouts import Payout

BACK = timedelta(days=120)  # further than a gateway holds money
MARGIN = timedelta(days=30)  # between when it moved there and when it was booked here
CUSTODY = "custody"  # what a difference of the bank is about: the account as a whole


@dataclass(frozen=True, slots=True)
class Movement:
    """Money that moved at the gateway: in above zero, out below, in fen.

    `of` the charge it takes money back from, `payout` the one of ours it says it is.
    """

    gateway_id: str
    amount: int
    of: str = ""
    payout: str = ""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A difference between a gateway and the books.

    `theirs` and `ours` in fen, 0 where one side has nothing.
    """

    kind: str
    about: str
    theirs: int
    ours: int
    case_identifier: str = ""


def looked_back_to() -> datetime:
    """Since when a gateway is asked what moved."""
    return clock.now() - BACK - MARGIN


def of_bank(session: Session) -> list[Mismatch]:
    """The bank's newest balance against the custody account and the lines still to be explained."""
    off, books = statement_discrepancy(session), -ledger_books.balance(session, ledger_books.BANK)
    return [Mismatch("balance", CUSTODY, books + off, books)] if off else []


def of_gateway(session: Session, gateway: str, movements: Iterable[Movement]) -> list[Mismatch]:
    """Movement by movement since `looked_back_to`, charges by their names and payouts by theirs.

    And what it holds for longer than the policy lets it.
    """
    since = clock.now() - BACK
    moved = {m.gateway_id: m for m in movements}
    ours = _booked(session, gateway, since - 2 * MARGIN)
    found = [
        Mismatch("theirs_only", about, m.amount, 0, ours[m.of][1] if m.of in ours else "")
        for about, m in moved.items()
        if about not in ours
    ]
    for about, (amount, case, booked_at) in ours.items():
        if about in moved and moved[about].amount != amount:
            found.append(Mismatch("amount", about, moved[about].amount, amount, case))
        elif about not in moved and booked_at >= since:
            found.append(Mismatch("ours_only", about, 0, amount, case))
    return found + _held_long(session, gateway)


def _booked(session: Session, gateway: str, since: datetime) -> dict[str, tuple[int, str, datetime]]:
    """What the books have of it, by the gateway's names: the sum (fen), the case, and when it was booked."""
    charges = select(Charge).where(
        Charge.gateway == gateway, Charge.state == "succeeded", Charge.settled_at >= since
    )
    ours = {
        c.gateway_id or c.key: (c.amount, c.payment.identifier, c.settled_at or c.asked_at)
        for c in session.scalars(charges)
    }
    sent = select(Payout).where(
        Payout.gateway == gateway, Payout.gateway_id.is_not(None), Payout.sent_at >= since
    )
    return ours | {
        p.gateway_id or "": (-p.amount, p.identifier, p.sent_at or p.send_by) for p in session.scalars(sent)
    }


def _held_long(session: Session, gateway: str) -> list[Mismatch]:
    """More than came in within the policy's days, and was not refunded, has been there for longer."""
    held = -ledger_books.balance(session, ledger_books.clearing(gateway))
    since = clock.now() - timedelta(days=policy.current().number("contract.gateway_days"))
    gone = select(func.coalesce(func.sum(Payout.amount), 0)).where(
        Payout.charge_id == Charge.id, Payout.gateway == gateway, Payout.sent_at.is_not(None)
    )
    left = func.sum(Charge.amount - gone.correlate(Charge).scalar_subquery())
    query = select(func.coalesce(left, 0)).where(
        Charge.gateway == gateway, Charge.state == "succeeded", Charge.settled_at >= since
    )
    lately = int(session.scalar(query) or 0)
    return [Mismatch("held_long", gateway, held, held - lately)] if held > lately else []


def strangers(session: Session, gateway: str, charge: str, back: Iterable[Movement]) -> list[Mismatch]:
    """What was taken `back` from a charge (the gateway's name for it) and is none of our payouts.

    As when somebody refunds it on the gateway's own pages.
    """
    taken = [movement for movement in back if movement.amount]
    if not taken:
        return []
    case = session.scalars(
        select(Payment.identifier).join(Charge).where(Charge.gateway == gateway, Charge.gateway_id == charge)
    ).one()
    tries = {m.payout.partition(":")[0] for m in taken}
    sent = select(Payout.identifier, Payout.gateway_id).where(
        (Payout.gateway_id.in_([m.gateway_id for m in taken])) | Payout.identifier.in_(tries)
    )
    known = {name for row in session.execute(sent) for name in row}
    return [
        Mismatch("theirs_only", m.gateway_id, m.amount, 0, case)
        for m in taken
        if m.gateway_id not in known and m.payout.partition(":")[0] not in known
    ]


def keep(session: Session, gateway: str, found: Iterable[Mismatch], *, whole: bool) -> list[Mismatch]:
    """Keep what was found: new ones begin, those that stand stay. Returns the new ones.

    Where it is the `whole` of what there is now, those that are gone end.
    """
    locked = select(Discrepancy).where(Discrepancy.gateway == gateway).with_for_update()
    standing = {(each.kind, each.about): each for each in session.scalars(locked)}
    new: list[Mismatch] = []
    for each in found:
        kept = standing.pop((each.kind, each.about), None)
        if kept is None:
            kept = Discrepancy(gateway=gateway, kind=each.kind, about=each.about)
            session.add(kept)
            new.append(each)
        elif kept.gone_at is not None:
            kept.found_at, kept.gone_at = clock.now(), None
            new.append(each)
        kept.theirs, kept.ours, kept.case_identifier = each.theirs, each.ours, each.case_identifier
    for gone in standing.values() if whole else ():
        gone.gone_at = gone.gone_at or clock.now()
    return new
