"""Paying out: the custodian by bank, the jobs through a gateway; whoever was paid says that it arrived."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from hashlib import sha256

from sqlalchemy.orm import Session

from market.gateways import BankTransfer, get_gateway
from market.transaction import action
from models import clock, spelling
from models.actors import Actor
from models.errors import Conflict, RuleViolation
from models.i18n import N_
from models.lengths import check_text
from models.payments import payment, postings
from models.payments.bank import came_from
from models.payments.payouts import Account, Payout
from models.workflow import perform, permit

NO_ACCOUNT = N_("还不知道付到哪个账户:请先与收款单位核实,写明户名、开户银行和账号。")
CHANGED = N_("收款账户的资料刚有变动,这一次没有拨付:请看清现在的账户,再重新提交。")


@dataclass(frozen=True, slots=True)
class Destination:
    """An account a payout can go to; `seen` is the bank's line we know it from, if we do."""

    account: Account
    seen: str = ""


@action
def send(
    session: Session,
    actor: Actor,
    identifier: str,
    *,
    bank_reference: str,
    shown: str | None = None,
    holder: str = "",
    bank_name: str = "",
    number: str = "",
) -> str:
    """The custodian has told its bank to pay.

    Where to is what is `known`, or the account the payee has told the custodian: all of it where we may not
    take it from what we know, the bank alone where only that is lacking. `shown` is what whoever sends it was
    shown (`as_shown`); Conflict where that has changed. RuleViolation where there is no account, where the
    gateway pays this one, or its money was not seen yet.
    """
    payout = Payout.lock(session, identifier)
    if payout.gateway != BankTransfer.name:
        raise RuleViolation(N_("这一笔由支付渠道自动拨付。"))
    permit(session, payout, "send", actor)
    bank_reference = check_text(Payout.bank_reference, bank_reference, payment.REFERENCE_WRONG)
    if shown is not None and shown != as_shown(session, payout):
        raise Conflict(CHANGED, "shown")
    told = Account(holder.strip(), bank_name.strip(), number.strip())
    payout.tries += 1
    payout.sent_to = _account_for(known(session, payout), told)
    _sent(session, actor, payout)
    payout.bank_reference = bank_reference
    return identifier


def _account_for(found: Destination | None, told: Account) -> Account:
    """The account to send to: the one that was told, or the one we know, with the bank as it was told."""
    if found is not None and not (told.holder or told.number):
        return replace(found.account, bank=found.account.bank or told.bank)
    for field, value in (("holder", told.holder), ("bank_name", told.bank), ("number", told.number)):
        if not value:
            raise RuleViolation(NO_ACCOUNT, field)
    return told


def destinations_of(session: Session, payout: Payout) -> list[Destination]:
    """Where a payout can go as far as we know: the account its payee has with its gateway or bank.

    By bank and without one, those the money came from; none where nobody knows.
    """
    way = get_gateway(payout.gateway)
    own = way.account_of(payout.payee) if way else None
    if own or payout.gateway != BankTransfer.name or payout.payee_id != payout.buyer_id:
        return [Destination(own)] if own else []
    return [
        Destination(
            Account(holder=line.counterparty, number=line.counterparty_account),
            f"{line.day} {line.bank_reference}".strip(),
        )
        for line in came_from(session, payout.contract_id)
    ]


def known(session: Session, payout: Payout) -> Destination | None:
    """The only account a payout can go to, taken without asking.

    None where there are several, where it is in another's name than the payee's, or it came back from there.
    """
    found = destinations_of(session, payout)
    if len(found) != 1 or not spelling.same_name(found[0].account.holder, payout.payee.name):
        return None
    return None if payout.sent_to and found[0].account.is_same(payout.sent_to) else found[0]


def as_shown(session: Session, payout: Payout) -> str:
    """A hash of all that whoever sends it is shown of where it goes, by which a change is noticed."""
    accounts = [asdict(each) for each in destinations_of(session, payout)]
    back = payout.sent_to.to_json() if payout.sent_to else None
    return sha256(json.dumps([payout.payee.name, accounts, back]).encode()).hexdigest()


def _sent(session: Session, actor: Actor, payout: Payout) -> None:
    """It left. Where to stands on the payout alone: the other side reads the event as well."""
    perform(session, payout, "send", actor, data={"kind": payout.kind, "amount": payout.amount})
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

    From now on it may have happened, so it is found out before it is asked again, and for the same account.
    """
    payout = Payout.lock(session, identifier)
    perform(session, payout, "begin", actor)
    payout.tries += 1
    found = [] if payout.charge_id else destinations_of(session, payout)
    payout.sent_to = found[0].account if found else None
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
    payout.gateway, payout.tries, payout.sent_to = BankTransfer.name, 0, None


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
