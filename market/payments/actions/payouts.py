"""Paying out: the custodian by bank, the jobs through a gateway; whoever was paid says that it arrived."""

from __future__ import annotations

from sqlalchemy.orm import Session

from market.gateways import BankTransfer, get_gateway
from market.transaction import action
from models import clock
from models.actors import Actor
from models.base import Json
from models.errors import RuleViolation
from models.i18n import N_
from models.lengths import check_text
from models.payments import payment, postings
from models.payments.bank import came_from
from models.payments.payouts import Payout
from models.workflow import perform

Account = list[tuple[str, str]]
NO_ACCOUNT = N_("还不知道付到哪个账户:请先与收款单位核实,写明户名、开户银行和账号。")


@action
def send(session: Session, actor: Actor, identifier: str, *, bank_reference: str, account: str = "") -> str:
    """The custodian has told its bank to pay.

    `account` is where to, in words, as the payee has told the custodian: asked for where we know none or
    several. RuleViolation where there is none, where the gateway pays this one, or its money was not seen
    yet.
    """
    payout = Payout.lock(session, identifier)
    if payout.gateway != BankTransfer.name:
        raise RuleViolation(N_("这一笔由支付渠道自动拨付。"))
    bank_reference = check_text(Payout.bank_reference, bank_reference, payment.REFERENCE_WRONG)
    account = account.strip()
    if not account and len(accounts_of(session, payout)) != 1:
        raise RuleViolation(NO_ACCOUNT, "account")
    payout.tries += 1
    _sent(session, actor, payout, {"account": account} if account else {})
    payout.bank_reference = bank_reference
    return identifier


def accounts_of(session: Session, payout: Payout) -> list[Account]:
    """Where a payout goes, as labels and values: the account its payee has with its gateway or bank.

    By bank and without one, those the money came from; none where nobody knows.
    """
    way = get_gateway(payout.gateway)
    own = way.account_of(payout.payee) if way else []
    if own or payout.gateway != BankTransfer.name or payout.payee_id != payout.buyer_id:
        return [own] if own else []
    return [
        [
            (N_("户名"), line.counterparty or payout.payee.name),
            (N_("账号"), line.counterparty_account),
            (N_("来款流水"), f"{line.day} {line.bank_reference}".strip()),
        ]
        for line in came_from(session, payout.contract_id)
    ]


def _sent(session: Session, actor: Actor, payout: Payout, said: Json | None = None) -> None:
    told = {"kind": payout.kind, "amount": payout.amount, **(said or {})}
    perform(session, payout, "send", actor, data=told)
    payout.sent_at = clock.now()
    _move(session, payout, "paid_out")


def _move(session: Session, payout: Payout, name: str) -> None:
    postings.post(
        session,
        name,
        f"{payout.identifier}:{payout.gateway}:{payout.tries}:{name}",
        payout.contract.identifier,
        payout.amount,
        gateway=payout.gateway,
        owed=payout.payee.uscc,
    )


@action
def begin_sending(session: Session, actor: Actor, identifier: str) -> str:
    """Before a gateway is asked.

    From now on it may have happened, so it is found out before it is asked again.
    """
    payout = Payout.lock(session, identifier)
    perform(session, payout, "begin", actor)
    payout.tries += 1
    return identifier


@action
def finish_sending(session: Session, actor: Actor, identifier: str, *, gateway_id: str) -> str:
    """The gateway has done it, as `gateway_id`. Said twice, it is booked once."""
    payout = Payout.lock(session, identifier)
    if payout.gateway_id == gateway_id and payout.state != "sending":
        return identifier
    payout.gateway_id = gateway_id
    _sent(session, actor, payout)
    return identifier


@action
def give_up_sending(session: Session, actor: Actor, identifier: str) -> str:
    """The gateway has said that it did not and will not: the custodian pays it by bank."""
    payout = Payout.lock(session, identifier)
    perform(session, payout, "fail", actor)
    _by_bank(payout)
    return identifier


@action
def take_back(session: Session, actor: Actor, identifier: str, *, gateway_id: str) -> str:
    """The gateway's `gateway_id` has failed after all: it is owed again, and the custodian pays it by bank.

    Said twice, it is booked once.
    """
    payout = Payout.lock(session, identifier)
    if payout.gateway_id == gateway_id:
        come_back(session, actor, payout, N_("支付渠道拨付未成功"))
        _by_bank(payout)
    return identifier


def _by_bank(payout: Payout) -> None:
    """From now on the custodian pays it.

    What the gateway tried is in none of the bank's statements, so the bank's own tries are counted anew.
    """
    payout.gateway, payout.tries = BankTransfer.name, 0


@action
def arrive(session: Session, actor: Actor, identifier: str) -> str:
    """It is there, says whoever was paid, the bank's statement, or nobody anything else in time."""
    see_arrived(session, actor, Payout.lock(session, identifier))
    return identifier


def see_arrived(session: Session, actor: Actor, payout: Payout) -> None:
    perform(session, payout, "arrive", actor, data={"kind": payout.kind, "amount": payout.amount})
    payout.arrived_at = clock.now()


@action
def bounce(session: Session, actor: Actor, identifier: str, *, reason: str = "") -> str:
    """It did not arrive, or came back: it is owed again.

    RuleViolation where a gateway paid it: it would send it again by itself, so only what the gateway says
    counts (`take_back`).
    """
    payout = Payout.lock(session, identifier)
    if payout.gateway != BankTransfer.name:
        raise RuleViolation(N_("这一笔由支付渠道拨付,是否退回以渠道的记录为准。"))
    come_back(session, actor, payout, reason)
    return identifier


def come_back(session: Session, actor: Actor, payout: Payout, reason: str) -> None:
    """What was sent is owed again, in a transaction that holds the payout."""
    perform(session, payout, "bounce", actor, reason=reason)
    _move(session, payout, "bounced")
    payout.sent_at = payout.arrived_at = payout.gateway_id = None
