"""The course of a contract.

What follows from what, and what each turn does to its milestones and its money.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, lazyload

from market.settlement.payouts import create_payouts
from models import clock, identifiers, policy, workdays
from models.actors import SYSTEM
from models.contracts import drafting
from models.contracts.agreement import RUNNING, Contract, Milestone
from models.contracts.changes import Change, go_on, pause
from models.contracts.deliverables import Deliverable
from models.contracts.disputes import Dispute
from models.contracts.materials import Materials
from models.contracts.templates import current_template
from models.errors import RuleViolation
from models.i18n import N_
from models.ledger import books
from models.payments import postings, settlement
from models.payments.payment import Payment
from models.ratings.rating import Rating, who_rate
from models.sourcing.awards import Award
from models.workflow import perform, start


def draft_contract(session: Session, award: Award) -> Contract:
    """The contract of a final award, for both to sign, as its template has it."""
    contract = drafting.draft(award, current_template(session, award.tender.item.kind))
    contract.identifier = identifiers.issue(session, Contract)
    start(session, contract, SYSTEM, "draft", notify=("buyer", "agency"))
    return contract


def ask_deposit(session: Session, contract: Contract) -> None:
    """Once both have signed."""
    ask(session, contract, "deposit", contract.deposit, 0)


def ask(session: Session, contract: Contract, kind: str, amount: int, number: int) -> None:
    """Ask the buyer for `amount` fen towards a milestone, or for having paid for it late.

    Nothing asks for nothing.
    """
    if not amount:
        return
    days = policy.get(contract.policy_version).number(
        "contract.deposit_days" if kind == "deposit" else "contract.settlement_days"
    )
    payment = Payment(
        identifier=identifiers.issue(session, Payment),
        contract=contract,
        buyer_id=contract.buyer_id,
        agency_id=contract.agency_id,
        kind=kind,
        milestone_number=number,
        amount=amount,
        pay_by=workdays.add(clock.now(), days),
    )
    start(session, payment, SYSTEM, "ask", notify=("buyer",), data={"kind": kind, "amount": amount})


def begin(session: Session, contract: Contract) -> None:
    """The deposit is in: the buyer owes its materials, the agency its first deliverable."""
    perform(session, contract, "activate", SYSTEM)
    days = policy.get(contract.policy_version).number("contract.materials_days")
    materials = Materials(
        identifier=identifiers.issue(session, Materials),
        contract=contract,
        buyer_id=contract.buyer_id,
        agency_id=contract.agency_id,
        points=dict.fromkeys(contract.tender.item.notice["zh"]["materials"], False),
        supply_by=workdays.add(clock.now(), days),
    )
    start(session, materials, SYSTEM, "expect", notify=("buyer",))
    _expect(session, contract)


def _expect(session: Session, contract: Contract) -> None:
    """What the agency owes for the next milestone, if there is one."""
    milestone = next((m for m in contract.milestones if m.met_at is None), None)
    if milestone is None:
        return
    deliverable = Deliverable(
        identifier=identifiers.issue(session, Deliverable),
        contract=contract,
        milestone=milestone,
        buyer_id=contract.buyer_id,
        agency_id=contract.agency_id,
        department_id=contract.tender.department_id if milestone.reviewed else None,
        item_code=contract.tender.item.code,
        deliver_by=workdays.add(clock.now(), milestone.days),
    )
    start(
        session,
        deliverable,
        SYSTEM,
        "expect",
        notify=("agency",),
        data={"milestone": milestone.name},
    )


def running(session: Session, contract: Contract) -> Deliverable | None:
    """The deliverable under way: at most one is."""
    query = (
        select(Deliverable)
        .where(Deliverable.contract_id == contract.id)
        .order_by(Deliverable.id.desc())
        .limit(1)
        .options(lazyload(Deliverable.contract))
    )
    found = session.scalars(query).first()
    return found if found is not None and not found.workflow.states[found.state].terminal else None


def meet(session: Session, deliverable: Deliverable) -> None:
    """A milestone is met: its price falls due, and the next one begins."""
    contract, milestone = deliverable.contract, deliverable.milestone
    milestone.met_at = clock.now()
    last = milestone is contract.milestones[-1]
    need = settlement.still_to_ask(contract, milestone, settlement.payments_of(session, contract))
    ask(session, contract, "settlement" if last else "milestone", need, milestone.number)
    _expect(session, contract)
    settle(session, contract)


def settle(session: Session, contract: Contract) -> None:
    """Pay the agency for what is met and covered; with the last milestone the contract is complete.

    While a dispute or a suspension lasts the money stays where it is.
    """
    if contract.state not in RUNNING:
        return
    for milestone in settlement.payable_now(contract, settlement.payments_of(session, contract)):
        _release(session, contract, milestone)
        milestone.paid_at = clock.now()
    if all(milestone.paid_at for milestone in contract.milestones):
        _close(session, contract)
        perform(session, contract, "complete", SYSTEM, data={"price": contract.price})
        contract.completed_at = clock.now()
        ask_ratings(session, contract)


def _release(session: Session, contract: Contract, milestone: Milestone) -> None:
    """Divide a milestone's price.

    The agency's part and what was retained for it leave, a part may wait for the last milestone, and lateness
    is made good to the buyer.
    """
    share, key = (
        settlement.release_of(session, contract, milestone),
        f"{contract.identifier}:{milestone.number}",
    )
    for name, amount, owed in (
        ("released", share.net, contract.agency),
        ("retained", share.retained, contract.agency),
        ("retention_released", share.freed, contract.agency),
        ("penalty", share.penalty, contract.buyer),
    ):
        postings.post(
            session,
            name,
            f"{key}:{name}",
            contract.identifier,
            amount,
            contract=contract.identifier,
            owed=owed.uscc,
        )
    create_payouts(session, contract, contract.agency, "earned", share.net + share.freed, milestone.number)
    create_payouts(session, contract, contract.buyer, "penalty", share.penalty, milestone.number)


def freeze(session: Session, contract: Contract, why: str) -> None:
    """What is in escrow is held for as long as a dispute lasts.

    `why` is the dispute, or the payment that came in meanwhile.
    """
    amount = books.balance(session, books.escrow(contract.identifier))
    postings.post(session, "held", f"{why}:held", contract.identifier, amount, contract=contract.identifier)


def unfreeze(session: Session, contract: Contract, why: str) -> None:
    """What a dispute held is in escrow again, because of `why`: the dispute, or the contract's end."""
    amount = books.balance(session, books.hold(contract.identifier))
    postings.post(
        session,
        "hold_lifted",
        f"{why}:hold_lifted",
        contract.identifier,
        amount,
        contract=contract.identifier,
    )


def hold(session: Session, contract: Contract, since: datetime) -> None:
    """The clocks of a contract stand still from an instant on."""
    pause(contract, running(session, contract), since)


def proceed(session: Session, contract: Contract, until: datetime) -> None:
    """They go on; what was to be paid meanwhile is paid. What was late and has time again is not late."""
    deliverable = running(session, contract)
    go_on(contract, deliverable, until)
    if deliverable is not None and deliverable.state == "late" and deliverable.deliver_by > clock.now():
        give_time(session, deliverable)
    settle(session, contract)


def give_time(session: Session, deliverable: Deliverable) -> None:
    """Its limit was put off: whether it came in time shows at the new one."""
    perform(session, deliverable, "extend", SYSTEM)
    deliverable.missed_at = None


def end(session: Session, contract: Contract, act: str, *, to_agency: int, fault: str) -> None:
    """A contract ends before its time: what is open is called off, the escrow divided, and all may rate.

    RuleViolation while a payment waits to be confirmed: nobody knows then what the escrow holds.
    """
    asked = [
        payment
        for payment in settlement.payments_of(session, contract, lock=True)
        if payment.kind != "penalty"
    ]
    if any(payment.state == "paid" for payment in asked):
        raise RuleViolation(N_("业主已上传付款凭证,请先确认是否到账。"))
    began = contract.state != "signed" and contract.signed_at is not None
    for payment in asked:
        if payment.asked:
            perform(session, payment, "cancel", SYSTEM)
    _close(session, contract, fault)
    _settle_up(session, contract, to_agency)
    contract.ended_through, contract.ended_at, contract.paused_at = fault, clock.now(), None
    held = {"to_agency": to_agency} if began else {}
    perform(session, contract, act, SYSTEM, data={"fault": fault, **held})
    ask_ratings(session, contract)
    if not began:
        perform(session, contract.tender, "fail", SYSTEM)  # both signed, and it was never begun


def _settle_up(session: Session, contract: Contract, to_agency: int) -> None:
    """Share out what is kept for a contract that ends early.

    `to_agency` fen go to the agency, the rest back to the buyer. RuleViolation if less than that is kept.
    """
    code = contract.identifier
    unfreeze(session, contract, f"{code}:ended")
    retained = books.balance(session, books.retention(code))
    postings.post(session, "retention_returned", f"{code}:ended:retention", code, retained, contract=code)
    postings.post(
        session,
        "released",
        f"{code}:ended:released",
        code,
        to_agency,
        contract=code,
        owed=contract.agency.uscc,
    )
    left = books.balance(session, books.escrow(code))
    postings.post(
        session, "refunded", f"{code}:ended:refunded", code, left, contract=code, owed=contract.buyer.uscc
    )
    create_payouts(session, contract, contract.agency, "earned", to_agency)
    create_payouts(session, contract, contract.buyer, "refund", left)


def _close(session: Session, contract: Contract, fault: str = "") -> None:
    """Call off what is still open beside a contract that ends, through whose `fault` it may be.

    What did not come is missed by the agency that is at fault, and by none where the buyer or nobody is.
    """
    acts: dict[Any, str] = {
        Materials: "cancel",
        Deliverable: "cancel",
        Change: "withdraw",
        Dispute: "withdraw",
    }
    for kind, act in acts.items():
        of_it = select(kind).where(kind.contract_id == contract.id).options(lazyload(kind.contract))
        for case in session.scalars(of_it.with_for_update(of=kind)).unique():
            if not case.workflow.states[case.state].terminal:
                if isinstance(case, Deliverable):
                    case.keep_limit(contract.paused_at)
                    case.cancelled_at = clock.now()
                    if case.submitted_at is None:
                        case.missed_at = _missed(case, fault)
                perform(session, case, act, SYSTEM)


def _missed(deliverable: Deliverable, fault: str) -> datetime | None:
    """When what never came was missed, of a contract that ends now through somebody's fault."""
    if fault in ("buyer", "none"):
        return None
    return deliverable.missed_at or (clock.now() if fault == "agency" else None)


def ask_ratings(session: Session, contract: Contract, left_by: str = "") -> None:
    """Everybody who rates is asked at once, with one window: see `who_rate`."""
    closes_at = workdays.add(clock.now(), policy.get(contract.policy_version).number("rating.window_days"))
    reviewed = select(Deliverable.department_id).where(
        Deliverable.contract_id == contract.id,
        Deliverable.department_id.is_not(None),
        Deliverable.reviews > 0,
    )
    reviewers = {key for key in session.scalars(reviewed.distinct()) if key is not None}
    expected = select(Deliverable.id).where(Deliverable.contract_id == contract.id).limit(1)
    begun = session.scalar(expected) is not None  # with the deposit the first deliverable is expected
    for by, rater, ratee in who_rate(contract, reviewers, left_by):
        rating = Rating(
            identifier=identifiers.issue(session, Rating),
            contract=contract,
            by=by,
            about="work" if begun else "award",
            rater_id=rater,
            ratee_id=ratee,
            closes_at=closes_at,
        )
        start(session, rating, SYSTEM, "ask", notify=("rater",))
