"""The cases that follow one another in a contract's life."""

from __future__ import annotations

from sqlalchemy.orm import Session

from models import clock, contracts, identifiers, policy, workdays
from models.actors import SYSTEM
from models.contracts import Contract, Deliverable
from models.payments import Payment
from models.ratings import Rating
from models.sourcing import Award
from models.workflow import start


def draft_contract(session: Session, award: Award) -> Contract:
    """The contract of a final award, for both to sign."""
    contract = contracts.draft(award)
    contract.identifier = identifiers.issue(session, "C")
    start(session, contract, SYSTEM, "draft", of=award, tells=("buyer", "agency"))
    return contract


def ask_payment(session: Session, contract: Contract, kind: str) -> Payment:
    """The deposit once signed, the settlement once the review is passed."""
    days = policy.get(contract.policy_version).number(f"contract.{kind}_days")
    payment = Payment(
        identifier=identifiers.issue(session, "M"),
        contract=contract,
        buyer_id=contract.buyer_id,
        agency_id=contract.agency_id,
        kind=kind,
        amount=contract.deposit if kind == "deposit" else contract.balance,
        pay_by=workdays.add(clock.now(), days),
    )
    start(session, payment, SYSTEM, "ask", of=contract, tells=("buyer",), data={"kind": kind, "amount": payment.amount})
    return payment


def expect_deliverable(session: Session, contract: Contract) -> Deliverable:
    """What the agency owes from the day the deposit is in."""
    contract.deliver_by = workdays.add(clock.now(), contract.days)
    deliverable = Deliverable(
        identifier=identifiers.issue(session, "V"),
        contract=contract,
        buyer_id=contract.buyer_id,
        agency_id=contract.agency_id,
        department_id=contract.request.department_id,
        item_code=contract.request.item.code,
        deliver_by=contract.deliver_by,
    )
    start(session, deliverable, SYSTEM, "expect", of=contract, tells=("agency",))
    return deliverable


def ask_ratings(session: Session, contract: Contract) -> list[Rating]:
    """Both sides are asked at once, with one window."""
    closes_at = workdays.add(clock.now(), policy.get(contract.policy_version).number("rating.window_days"))
    sides = {"buyer": (contract.buyer_id, contract.agency_id), "agency": (contract.agency_id, contract.buyer_id)}
    asked = []
    for by, (rater, ratee) in sides.items():
        rating = Rating(
            identifier=identifiers.issue(session, "R"),
            contract=contract,
            by=by,
            rater_id=rater,
            ratee_id=ratee,
            closes_at=closes_at,
        )
        start(session, rating, SYSTEM, "ask", of=contract, tells=("rater",))
        asked.append(rating)
    return asked
