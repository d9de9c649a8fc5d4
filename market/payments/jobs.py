"""What the jobs do with money.

Match the bank's lines, take up what stopped half-way at a gateway, reconcile, close the books.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from functools import partial

from sqlalchemy import select

from market.chunks import each
from market.extensions import db
from market.gateways import gateways
from market.payments import gateway_sync
from market.payments.actions import bank, reconciling
from models import clock
from models.actors import SYSTEM
from models.errors import Problem
from models.failures import Attempt
from models.i18n import N_
from models.ledger import closing as ledger_closing
from models.payments.bank import BankLine, BankStatement

log = logging.getLogger(__name__)
DISCREPANCIES = {
    "theirs_only": N_("渠道有,账上没有"),
    "ours_only": N_("账上有,渠道没有"),
    "amount": N_("金额不一致"),
    "balance": N_("余额不一致"),
    "held_long": N_("在渠道停留过久,须转入托管银行"),
}


def work() -> int:
    """What every minute brings. Returns how many things were dealt with."""
    return match_lines() + gateway_sync.work()


def match_lines(most: int = 10_000) -> int:
    """Look at the bank's new lines, each in a transaction of its own. Returns how many were looked at."""
    db.session.rollback()
    query = (
        select(BankStatement.identifier, BankLine.number)
        .join(BankStatement)
        .where(BankLine.state == "new")
        .order_by(BankLine.id)
    )
    waiting = list(db.session.execute(query.limit(most)))
    tries = {
        Attempt("bank lines", "match", "statement", statement, number): (statement, number)
        for statement, number in waiting
    }
    return each("bank lines", {attempt: partial(_match, *line) for attempt, line in tries.items()})


def _match(statement: str, number: int) -> None:
    try:
        bank.match(SYSTEM, statement, number)
    except Problem as problem:
        log.warning("line %s of %s waits: %s", number, statement, problem)
        bank.leave(SYSTEM, statement, number)


def close_books() -> int:
    """Close every day that is over, each in a transaction of its own, worked out before it begins.

    Returns how many.
    """
    closed = 0
    while True:
        db.session.rollback()
        closing = ledger_closing.next_closing(db.session, clock.today() - timedelta(days=1))
        db.session.rollback()
        if closing is None:
            return closed
        bank.close_day(SYSTEM, closing)
        closed += 1


def reconcile() -> None:
    """Hold every gateway's own record against the books, and keep every difference.

    One that does not answer is left for the next night.
    """
    for gateway in gateways():
        db.session.rollback()
        try:
            found = gateway.find_discrepancies()
        except Problem as problem:
            log.warning("%s was not reconciled: %s", gateway.name, problem)
            continue
        db.session.rollback()
        reconciling.keep_discrepancies(SYSTEM, gateway.name, found)
