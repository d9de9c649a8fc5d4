"""What the jobs do with money: match the bank's lines, take up what stopped half-way at a gateway, reconcile, close the books."""

from __future__ import annotations

import logging
from datetime import timedelta

from flask import current_app
from sqlalchemy import select

from market.extensions import db
from market.payments import actions, charging
from market.payments.actions.reconciling import Found
from models import clock, ledger
from models.actors import SYSTEM
from models.payments import BankLine, BankStatement, Charge, Payout, off_by
from models.text import N_, Problem

log = logging.getLogger(__name__)
DIFFERENCES = {
    "theirs_only": N_("渠道有,账上没有"),
    "ours_only": N_("账上有,渠道没有"),
    "amount": N_("金额不一致"),
    "balance": N_("余额不一致"),
}
BACK = timedelta(days=120)  # further than a gateway holds money


def work() -> int:
    """What every minute brings. Returns how many things were dealt with."""
    return match_lines() + charging.work()


def match_lines(most: int = 10_000) -> int:
    """Look at the bank's new lines, each in a transaction of its own."""
    db.session.rollback()
    query = select(BankStatement.identifier, BankLine.number).join(BankStatement).where(BankLine.state == "new").order_by(BankLine.id)
    waiting = list(db.session.execute(query.limit(most)))
    db.session.rollback()
    for statement, number in waiting:
        try:
            actions.match_line(SYSTEM, statement, number)
        except Problem as problem:
            log.warning("line %s of %s waits: %s", number, statement, problem)
            actions.leave_line(SYSTEM, statement, number)
    return len(waiting)


def daily() -> None:
    """What every night brings."""
    actions.close_books(SYSTEM)
    reconcile()


def reconcile() -> None:
    """Hold the gateway and the bank against the books, and keep every difference. A gateway that does not answer is left for the
    next night."""
    actions.keep_differences(SYSTEM, "bank", _of_bank())
    gateway = current_app.extensions["stripe"]
    if gateway is None:
        return
    try:
        found = _of_gateway({m.gateway_id: m.amount for m in gateway.movements(clock.now() - BACK)})
    except Problem as problem:
        log.warning("the gateway was not reconciled: %s", problem)
        return
    actions.keep_differences(SYSTEM, gateway.name, found)


def _of_bank() -> list[Found]:
    """The bank's newest balance against the custody account and the lines still to be explained."""
    off, books = off_by(db.session), -ledger.balance(db.session, ledger.BANK)
    return [Found("balance", "custody", books + off, books)] if off else []


def _of_gateway(theirs: dict[str, int]) -> list[Found]:
    """Movement by movement, charges by their names and payouts by theirs."""
    since = clock.now() - BACK
    charges = select(Charge).where(Charge.gateway == charging.StripeGateway.name, Charge.state == "succeeded", Charge.settled_at >= since)
    ours = {c.gateway_id or c.key: (c.amount, c.payment.identifier) for c in db.session.scalars(charges)}
    sent = select(Payout).where(Payout.gateway == charging.StripeGateway.name, Payout.gateway_id.is_not(None), Payout.sent_at >= since)
    ours |= {p.gateway_id or "": (-p.amount, p.identifier) for p in db.session.scalars(sent)}
    db.session.rollback()
    found = [Found("theirs_only", about, amount, 0) for about, amount in theirs.items() if about not in ours]
    for about, (amount, case) in ours.items():
        if about not in theirs:
            found.append(Found("ours_only", about, 0, amount, case))
        elif theirs[about] != amount:
            found.append(Found("amount", about, theirs[about], amount, case))
    return found
