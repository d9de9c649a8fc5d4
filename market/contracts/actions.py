"""Signing, delivering, accepting, reviewing."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from market.contracts.drafting import ask_payment
from market.files import hand_in
from market.transaction import action
from models import clock
from models.actors import SYSTEM, Actor
from models.contracts import FAULTS, Contract, Deliverable, DeliverableVersion, check_list
from models.contracts import revise as revise_clauses
from models.payments import Payment
from models.text import N_, RuleBroken
from models.workflow import perform


@action
def revise(session: Session, actor: Actor, identifier: str, *, texts: dict[str, str]) -> str:
    """Propose another wording where the template allows it; agreement so far falls away."""
    contract = Contract.load(session, identifier, lock=True)
    happened = perform(session, contract, "revise", actor)
    happened.data = {**happened.data, "clauses": revise_clauses(contract, texts)}
    return identifier


@action
def agree(session: Session, actor: Actor, identifier: str) -> str:
    """A party signs; the second signature asks for the deposit."""
    contract = Contract.load(session, identifier, lock=True)
    role = "agency" if "agency" in contract.roles_of(actor) else "buyer"
    perform(session, contract, f"agree_{role}", actor)
    if contract.state == "signed":
        contract.signed_at = clock.now()
        ask_payment(session, contract, "deposit")
    return identifier


@action
def terminate(session: Session, actor: Actor, identifier: str, *, reason: str = "") -> str:
    """End a contract on which no money has come in. RuleBroken while a payment waits to be confirmed."""
    contract = Contract.load(session, identifier, lock=True)
    perform(session, contract, "terminate", actor, reason=reason)
    for payment in session.scalars(select(Payment).where(Payment.contract_id == contract.id).with_for_update(of=Payment)):
        if payment.state == "paid":
            raise RuleBroken(N_("业主已上传付款凭证,请先确认是否到账。"))
        perform(session, payment, "cancel", SYSTEM)
    return identifier


def _deliverable(session: Session, identifier: str) -> Deliverable:
    """The deliverable, its contract locked first: one lock order for all acts on a contract."""
    contract = Deliverable.load(session, identifier).contract.identifier
    Contract.load(session, contract, lock=True)
    return Deliverable.load(session, identifier, lock=True)


@action
def submit(
    session: Session, actor: Actor, identifier: str, *, file_name: str, content: bytes, ticked: list[str], note: str = ""
) -> str:
    """The agency hands over a version, every point of the checklist answered."""
    deliverable = _deliverable(session, identifier)
    happened = perform(session, deliverable, "submit", actor)
    checklist = check_list(deliverable.contract.request.item.checklist, ticked)
    document = hand_in(session, actor, deliverable, file_name, content)
    number = 1 + session.scalars(
        select(func.count()).where(DeliverableVersion.deliverable_id == deliverable.id)
    ).one()
    deliverable.submitted_at = deliverable.submitted_at or clock.now()
    session.add(
        DeliverableVersion(
            deliverable_id=deliverable.id,
            number=number,
            document_id=document.id,
            note=note.strip()[:200],
            checklist=checklist,
        )
    )
    happened.data = {**happened.data, "version": number, "sha256": document.sha256}
    return identifier


@action
def accept(session: Session, actor: Actor, identifier: str, *, ticked: list[str] | None = None) -> str:
    """The buyer accepts against the checklist, or the clock does after its silence."""
    deliverable = _deliverable(session, identifier)
    if "system" not in actor.roles:
        check_list(deliverable.contract.request.item.checklist, ticked or [])
    perform(session, deliverable, "accept", actor, data={"silent": "system" in actor.roles})
    return identifier


@action
def send_for_correction(session: Session, actor: Actor, identifier: str, *, reason: str = "") -> str:
    """The buyer returns a version, with reasons; so many times and no more."""
    deliverable = _deliverable(session, identifier)
    perform(session, deliverable, "return", actor, reason=reason)
    deliverable.returns += 1
    return identifier


@action
def pass_review(session: Session, actor: Actor, identifier: str) -> str:
    """The approving department: the report passed. The settlement falls due."""
    deliverable = _deliverable(session, identifier)
    perform(session, deliverable, "pass", actor)
    deliverable.reviews += 1
    deliverable.decided_at = clock.now()
    ask_payment(session, deliverable.contract, "settlement")
    return identifier


@action
def send_back(session: Session, actor: Actor, identifier: str, *, reason: str = "", fault: str = "") -> str:
    """The approving department: not passed, why, and whose fault."""
    if fault not in FAULTS:
        raise RuleBroken(N_("请选择一项。"), "fault")
    deliverable = _deliverable(session, identifier)
    perform(session, deliverable, "send_back", actor, reason=reason, data={"fault": fault})
    deliverable.reviews += 1
    deliverable.faulty_reviews += fault == "agency"
    deliverable.decided_at = clock.now()
    return identifier
