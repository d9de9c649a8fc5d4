"""The lines of the bank's statements: matched one by one, and what did not match settled by the custodian."""

from __future__ import annotations

from datetime import date

from sqlalchemy import select
from sqlalchemy.orm import Session, lazyload

from market.gateways import BankTransfer, get_online_gateway
from market.payments.actions.paying import see_at_bank
from market.payments.actions.payouts import come_back, see_arrived
from market.transaction import action
from models import clock, events, money, spelling
from models.actors import SYSTEM, Actor
from models.cases import find_case
from models.errors import Conflict, NotFound, RuleViolation, WrongState
from models.i18n import N_
from models.ledger import closing as ledger_closing
from models.ledger import days
from models.payments import bank, postings
from models.payments.bank import BankLine, BankStatement, Match, booked_before, comes_back, fits
from models.payments.payment import Payment
from models.payments.payouts import Payout
from models.workflow import check_reason

STRANGE = {
    "aside": "set_aside",
    "back": "sent_back",
    "swept": "seen_at_bank",
}  # what a line may be that is none of our payments, and its posting

EARLIER = N_("这笔拨付有一次退回已经登记、还没有与流水对上:请选“此前一次的退回,只入账”,以免重复拨付。")
NOT_BOOKED = N_("这笔拨付没有登记过、还未对上的退回:请选“被银行退回,重新待拨付”。")


def _line(session: Session, statement: str, number: int) -> BankLine:
    query = (
        select(BankLine)
        .join(BankStatement)
        .where(BankStatement.identifier == statement, BankLine.number == number)
    )
    found = session.scalars(
        query.with_for_update(of=BankLine).execution_options(populate_existing=True)
    ).one_or_none()
    if found is None:
        raise NotFound(N_("没有找到 %(identifier)s。"), identifier=f"{statement}/{number}")
    return found


@action
def match(session: Session, actor: Actor, statement: str, number: int) -> str:
    """Book a line that names one of ours with right check digits and to the fen.

    Any other waits for the custodian, with the reason.
    """
    line = _line(session, statement, number)
    if line.state != "new":
        return statement
    found = bank.match(session, line)
    if found.case is not None:
        found = _book(session, actor, line, found.case)
    if found.case is None:
        line.state, line.problem = "open", found.problem
    return statement


@action
def leave(session: Session, actor: Actor, statement: str, number: int) -> str:
    """A line that names one of ours, but could not be booked, waits for the custodian."""
    line = _line(session, statement, number)
    if line.state == "new":
        line.state, line.problem = "open", "state"
    return statement


def _book(session: Session, actor: Actor, line: BankLine, case: Payment | Payout) -> Match:
    """The bank shows this payment come in, or this payout gone.

    Looked at once more under its lock: it may have moved on.
    """
    held = type(case).lock(session, case.identifier)
    found = fits(session, line, held)
    if found.case is None:
        return found
    if isinstance(held, Payment):
        if held.state != "cleared":
            see_at_bank(session, actor, held)
    else:
        newest = bank.this_try(held, bank.cleared_of(session, held.identifier)[0])
        postings.post(
            session,
            "left_bank",
            f"{line.statement.identifier}/{line.number}:left",
            held.contract.identifier,
            held.amount,
        )
        if newest and held.state == "sent":
            see_arrived(session, SYSTEM, held)
    if isinstance(held, Payment) or newest:
        held.bank_reference = line.bank_reference or held.bank_reference
    line.state, line.problem, line.case_identifier, line.settled_at = (
        "matched",
        "",
        held.identifier,
        clock.now(),
    )
    return found


def _return(
    session: Session, actor: Actor, line: BankLine, identifier: str, reason: str, *, again: bool
) -> None:
    """The bank shows a payout coming back: it is owed `again`, unless somebody said so before its line came.

    Then it may be on its way for the second time, and is not owed for a third. RuleViolation at `identifier`
    or `way`.
    """
    case = session.scalars(
        select(Payout).where(Payout.identifier == identifier).options(lazyload(Payout.contract))
    ).one_or_none()
    if case is None:
        raise RuleViolation(N_("没有找到 %(identifier)s。"), "identifier", identifier=identifier)
    held = Payout.lock(session, case.identifier)
    if line.amount != held.amount:
        raise RuleViolation(bank.PROBLEMS["amount"], "identifier")
    if not comes_back(session, held):
        raise RuleViolation(bank.PROBLEMS["state"], "identifier")
    if again == booked_before(session, held):
        raise RuleViolation(EARLIER if again else NOT_BOOKED, "way")
    if again:
        come_back(session, actor, held, reason)
    postings.post(
        session,
        "returned_to_bank",
        f"{line.statement.identifier}/{line.number}:returned",
        held.contract.identifier,
        held.amount,
    )
    line.case_identifier = held.identifier


@action
def settle(
    session: Session,
    actor: Actor,
    statement: str,
    number: int,
    *,
    way: str,
    identifier: str = "",
    reason: str = "",
) -> str:
    """The custodian says what a line is that did not match.

    One of ours after all (to the fen), money that is nobody's here, such money going back or the bank's fee,
    or what the gateway named after a colon settles (`swept:stripe`). RuleViolation at the field that is
    wrong.
    """
    line, reason = _line(session, statement, number), check_reason(reason)
    if line.state != "open":
        raise WrongState(N_("这一笔已经处理。"))
    if not line.amount:
        raise RuleViolation(N_("先填写这一笔的金额和日期。"), "way")
    key, about = f"{statement}/{number}", spelling.code(identifier)
    if way == "payment":
        case = find_case(session, about)
        if not isinstance(case, Payment | Payout):
            raise RuleViolation(N_("没有找到 %(identifier)s。"), "identifier", identifier=about)
        found = _book(session, actor, line, case)
        if found.case is None:
            raise RuleViolation(bank.PROBLEMS[found.problem], "identifier")
    elif way in ("returned", "returned_before") and line.amount > 0:
        _return(session, actor, line, about, reason, again=way == "returned")
    elif (name := STRANGE.get(way.partition(":")[0])) and (line.amount > 0) == (way != "back"):
        gateway = (
            get_online_gateway(way.partition(":")[2]).name if name == "seen_at_bank" else BankTransfer.name
        )
        postings.post(session, name, key, statement, abs(line.amount), gateway=gateway)
    else:
        raise RuleViolation(N_("收付方向与所选的不符。"), "way")
    line.state, line.note, line.settled_at = "settled", reason[:200], clock.now()
    events.record(
        session,
        actor,
        "statement.settle",
        "statement",
        statement,
        role="custodian",
        audience="custodian",
        data={
            "title": line.statement.source,
            "number": number,
            "reason": reason,
            "about": line.case_identifier,
        },
    )
    return statement


@action
def read(
    session: Session,
    actor: Actor,
    statement: str,
    number: int,
    *,
    way: str,
    amount: int | None = None,
    day: date | None = None,
    reason: str = "",
) -> str:
    """The custodian reads a line nobody could: money that came `in` or went `out`, in fen, and its day.

    Or `none`, for what is no line at all, with the `reason`. What was read is matched as any other.
    RuleViolation at the field that is wrong.
    """
    line = _line(session, statement, number)
    if line.state != "open" or line.problem != "unreadable":
        raise WrongState(N_("这一笔已经处理。"))
    if way == "none":
        line.state, line.note, line.settled_at = "settled", check_reason(reason), clock.now()
    elif not amount or not 0 < amount <= money.MOST:
        raise RuleViolation(N_("请填写金额,例如 12,345.60;最多两位小数,不超过 100 亿元。"), "amount")
    else:
        line.amount, line.day = amount if way == "in" else -amount, day or line.day
        line.state, line.problem = "new", ""
    events.record(
        session,
        actor,
        "statement.settle",
        "statement",
        statement,
        role="custodian",
        audience="custodian",
        data={"title": line.statement.source, "number": number, "reason": way, "about": reason.strip()},
    )
    return statement


@action
def close_day(session: Session, actor: Actor, closing: days.Closing) -> str:
    """Keep the closing of a day that was worked out before.

    Returns its hash; Conflict where it does not follow any more.
    """
    if not ledger_closing.close(session, closing):
        raise Conflict(N_("同时有另一次提交改动了同样的内容,请刷新后再试。"))
    return closing.digest
