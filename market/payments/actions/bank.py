"""The bank's statements: taken in whole, matched line by line, and what did not match settled by the custodian."""

from __future__ import annotations

import hashlib
from collections import Counter
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from market.extensions import db
from market.files import put
from market.payments.actions.paying import see_at_bank
from market.payments.actions.payouts import locked as locked_payout
from market.payments.actions.payouts import see_arrived
from market.payments.gateways import BankTransfer, bank, online
from market.payments.receiving import locked
from market.payments.statements import Line, Parsed, read
from market.transaction import action
from models import clock, events, identifiers, ledger, payments, spelling
from models.actors import SYSTEM, Actor
from models.payments import BankLine, BankStatement, Payment, Payout, match
from models.payments.bank import Match, fits
from models.text import N_, Conflict, NotAllowed, NotFound, RuleBroken, WrongState
from models.workflow import check_reason

STRANGE = {"aside": "set_aside", "back": "sent_back", "swept": "seen_at_bank"}  # what a line may be that is none of our payments, and its posting


def _office(actor: Actor) -> None:
    if "custodian" not in actor.roles:
        raise NotAllowed(N_("您在这件事里没有办理这一步的权限。"))


def _keys(account: str, lines: list[Line]) -> list[str]:
    """What makes a line the same whenever the bank tells of it: its reference; where it has none, all it says, and how many like it
    came before it that day."""
    seen: Counter[tuple[object, ...]] = Counter()
    keys = []
    for line in lines:
        about: tuple[object, ...] = (account, line.day, line.amount, line.bank_reference or (line.counterparty, line.counterparty_account, line.remark))
        seen[about] += 1
        keys.append(hashlib.sha256(repr((about, 0 if line.bank_reference else seen[about])).encode()).hexdigest())
    return keys


def import_statement(actor: Actor, *, file_name: str, content: bytes, submission: str = "") -> str:
    """Take in a statement of the custody account. Lines the bank told of before are counted and left alone. RuleBroken at `file` for
    what is no statement, or one of another account. It is read before the transaction begins."""
    _office(actor)
    db.session.rollback()
    parsed = read(content)
    return _take_statement(actor, file_name=file_name, sha256=put(content), parsed=parsed, submission=submission)


@action
def _take_statement(session: Session, actor: Actor, *, file_name: str, sha256: str, parsed: Parsed) -> str:
    _office(actor)
    account = bank().number.replace(" ", "")
    if parsed.account and parsed.account.replace(" ", "") != account:
        raise RuleBroken(N_("这是另一个账户(%(account)s)的对账单。"), "file", account=parsed.account)
    keys = _keys(account, parsed.lines)
    if len(set(keys)) != len(keys):
        raise RuleBroken(N_("对账单里有两行是同一个流水号和金额。"), "file")
    known = set(session.scalars(select(BankLine.key).where(BankLine.key.in_(keys))))
    statement = BankStatement(
        identifier=identifiers.issue(session, "S"), account=account, source=file_name[:200] or "statement", sha256=sha256,
        opening=parsed.opening, closing=parsed.closing, first_day=min(line.day for line in parsed.lines), last_day=max(line.day for line in parsed.lines),
        known=len(known), imported_by_id=actor.user_id,
    )  # fmt: skip
    session.add(statement)
    session.flush()
    rows = [
        {
            "statement_id": statement.id, "number": number, "key": key, "day": line.day, "amount": line.amount, "counterparty": line.counterparty,
            "counterparty_account": line.counterparty_account, "remark": line.remark, "bank_reference": line.bank_reference,
        }
        for number, (key, line) in enumerate(zip(keys, parsed.lines, strict=True), start=1)
        if key not in known
    ]  # fmt: skip
    if rows:
        session.execute(insert(BankLine), rows)
    about = {"title": statement.source, "count": len(rows), "known": len(known)}
    events.record(session, actor, "statement.import", "statement", statement.identifier, role="custodian", audience="custodian", data=about)
    return statement.identifier


def _line(session: Session, statement: str, number: int) -> BankLine:
    query = select(BankLine).join(BankStatement).where(BankStatement.identifier == statement, BankLine.number == number)
    found = session.scalars(query.with_for_update(of=BankLine).execution_options(populate_existing=True)).one_or_none()
    if found is None:
        raise NotFound(N_("没有找到 %(identifier)s。"), identifier=f"{statement}/{number}")
    return found


@action
def match_line(session: Session, actor: Actor, statement: str, number: int) -> str:
    """Book a line that names one of ours with right check digits and to the fen; any other waits for the custodian, with the reason."""
    line = _line(session, statement, number)
    if line.state != "new":
        return statement
    found = match(session, line)
    if found.case is not None:
        found = _book(session, actor, line, found.case)
    if found.case is None:
        line.state, line.problem = "open", found.problem
    return statement


@action
def leave_line(session: Session, actor: Actor, statement: str, number: int) -> str:
    """A line that names one of ours, but could not be booked, waits for the custodian."""
    line = _line(session, statement, number)
    if line.state == "new":
        line.state, line.problem = "open", "state"
    return statement


def _book(session: Session, actor: Actor, line: BankLine, case: Payment | Payout) -> Match:
    """The bank shows this payment come in, or this payout gone. Looked at once more under its lock: it may have moved on."""
    held = locked(session, case.identifier) if isinstance(case, Payment) else locked_payout(session, case.identifier)
    found = fits(session, line, held)
    if found.case is None:
        return found
    if isinstance(held, Payment):
        if held.state != "cleared":
            see_at_bank(session, actor, held)
    else:
        payments.post(session, "left_bank", f"{held.identifier}:{held.tries}:left", held.contract.identifier, held.amount)
        if held.state == "sent":
            see_arrived(session, SYSTEM, held)
    held.bank_reference = line.bank_reference or held.bank_reference
    line.state, line.problem, line.case_identifier, line.settled_at = "matched", "", held.identifier, clock.now()
    return found


@action
def settle_line(session: Session, actor: Actor, statement: str, number: int, *, way: str, identifier: str = "", reason: str = "") -> str:
    """The custodian says what a line is that did not match: one of ours after all (to the fen), money that is nobody's here, such money
    going back or the bank's fee, or what the gateway named after a colon settles (`swept:stripe`). RuleBroken at the field that is wrong."""
    _office(actor)
    line, reason = _line(session, statement, number), check_reason(reason)
    if line.state != "open":
        raise WrongState(N_("这一笔已经处理。"))
    key, about = f"{statement}/{number}", spelling.code(identifier)
    if way == "payment":
        kind: Any = Payment if about.startswith("M-") else Payout
        case = session.scalars(select(kind).where(kind.identifier == about)).one_or_none()
        if case is None:
            raise RuleBroken(N_("没有找到 %(identifier)s。"), "identifier", identifier=about)
        found = _book(session, actor, line, case)
        if found.case is None:
            raise RuleBroken(payments.PROBLEMS[found.problem], "identifier")
    elif (name := STRANGE.get(way.partition(":")[0])) and (line.amount > 0) == (way != "back"):
        gateway = online(way.partition(":")[2]).name if name == "seen_at_bank" else BankTransfer.name
        payments.post(session, name, key, statement, abs(line.amount), gateway=gateway)
    else:
        raise RuleBroken(N_("收付方向与所选的不符。"), "way")
    line.state, line.note, line.settled_at = "settled", reason[:200], clock.now()
    events.record(
        session, actor, "statement.settle", "statement", statement, role="custodian", audience="custodian",
        data={"title": line.statement.source, "number": number, "reason": reason, "about": line.case_identifier},
    )  # fmt: skip
    return statement


@action
def close_day(session: Session, actor: Actor, closing: ledger.Closing) -> str:
    """Keep the closing of a day that was worked out before. Returns its hash; Conflict where it does not follow any more."""
    if not ledger.close(session, closing):
        raise Conflict(N_("同时有另一次提交改动了同样的内容,请刷新后再试。"))
    return closing.digest
