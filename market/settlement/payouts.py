"""What is owed has to leave.

A payout for each sum, by the way the money came in where that can take it back.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session, lazyload

from market.gateways import get_gateway
from models import clock, identifiers, policy, workdays
from models.accounts import Organisation
from models.actors import SYSTEM
from models.contracts.agreement import Contract
from models.payments.charges import Charge
from models.payments.payment import Payment
from models.payments.payouts import Payout, covered
from models.workflow import perform, start


def create_payouts(
    session: Session,
    contract: Contract,
    payee: Organisation,
    kind: str,
    amount: int,
    milestone_number: int | None = None,
) -> list[Payout]:
    """Payouts of `amount` fen to an organisation, posted as owed before.

    What goes back to a buyer goes first to the charges it was taken by, newest first; an agency gets it
    through the gateway if it has an account there and the money is there. One whose money was not seen yet
    waits for it. `milestone_number`: the milestone it is the price of.
    """
    made, left = [], amount
    charges = _open_charges(session, contract)
    if payee.id == contract.buyer_id:
        for charge, most in charges:
            part = min(left, most)
            made += _payout(session, contract, payee, kind, part, charge)
            left -= part
    elif (
        charges
        and _has_account(charges[0][0].gateway, payee)
        and sum(most for _charge, most in charges) - _transferred(session, contract) >= left
    ):
        made, left = _payout(session, contract, payee, kind, left, None, charges[0][0].gateway), 0
    made += _payout(session, contract, payee, kind, left)
    for payout in made:
        payout.milestone_number = milestone_number
        if not covered(session, payout):
            perform(session, payout, "hold", SYSTEM)
    return made


def free_payouts(session: Session, contract: Contract) -> None:
    """Money of a contract was seen: what waited for it may leave, in the order it was owed."""
    waiting = select(Payout).where(Payout.contract_id == contract.id, Payout.state == "held")
    for payout in session.scalars(
        waiting.order_by(Payout.id).options(lazyload(Payout.contract)).with_for_update(of=Payout)
    ):
        if covered(session, payout):
            payout.send_by = _send_by(contract)
            perform(session, payout, "free", SYSTEM)


def _send_by(contract: Contract) -> datetime:
    """Until when what can leave now has to."""
    return workdays.add(clock.now(), policy.get(contract.policy_version).number("contract.payout_days"))


def _payout(
    session: Session,
    contract: Contract,
    payee: Organisation,
    kind: str,
    amount: int,
    charge: Charge | None = None,
    gateway: str = "bank",
) -> list[Payout]:
    if not amount:
        return []
    payout = Payout(
        identifier=identifiers.issue(session, Payout),
        contract=contract,
        buyer_id=contract.buyer_id,
        agency_id=contract.agency_id,
        payee_id=payee.id,
        charge_id=charge.id if charge else None,
        kind=kind,
        amount=amount,
        gateway=charge.gateway if charge else gateway,
        send_by=_send_by(contract),
    )
    start(session, payout, SYSTEM, "owe", data={"kind": kind, "amount": amount}, notify=("payee",))
    return [payout]


def _open_charges(session: Session, contract: Contract) -> list[tuple[Charge, int]]:
    """The charges of a contract that succeeded, newest first.

    Each with what it can still give back, in fen.
    """
    back = (
        select(func.coalesce(func.sum(Payout.amount), 0))
        .where(Payout.charge_id == Charge.id)
        .correlate(Charge)
        .scalar_subquery()
    )
    query = (
        select(Charge, Charge.amount - back)
        .join(Payment)
        .where(Payment.contract_id == contract.id, Charge.state == "succeeded")
        .options(lazyload(Charge.payment))
    )
    return [
        (charge, int(most)) for charge, most in session.execute(query.order_by(Charge.id.desc())) if most > 0
    ]


def _transferred(session: Session, contract: Contract) -> int:
    query = select(func.coalesce(func.sum(Payout.amount), 0)).where(
        Payout.contract_id == contract.id, Payout.gateway != "bank", Payout.charge_id.is_(None)
    )
    return int(session.scalar(query) or 0)


def _has_account(gateway: str, payee: Organisation) -> bool:
    way = get_gateway(gateway)
    return bool(way and way.account_of(payee))
