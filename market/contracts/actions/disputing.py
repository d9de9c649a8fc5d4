"""Disputes: a claim, an answer, evidence from both, a decision."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from market.case_actions import case_action
from market.contracts.actions.common import sides, suspend_if_owing
from market.files import File, check_any, hand_in_all, hashes_of, with_files
from market.settlement.lifecycle import end, freeze, hold, proceed, unfreeze
from market.transaction import action
from models import clock, identifiers
from models.accounts import Organisation
from models.actors import SYSTEM, Actor
from models.contracts import disputes
from models.contracts.agreement import Contract
from models.contracts.disputes import WORDS, Dispute
from models.events import Event, timeline
from models.lengths import check_text
from models.payments import settlement
from models.workflow import perform, permit, start


def _open(
    session: Session,
    contract: Contract,
    actor: Actor,
    identifier: str,
    claimant: Organisation,
    respondent: Organisation,
    claim: str,
) -> Dispute:
    dispute = Dispute(
        identifier=identifier,
        contract=contract,
        buyer_id=contract.buyer_id,
        agency_id=contract.agency_id,
        claimant_id=claimant.id,
        respondent_id=respondent.id,
        claim=claim,
    )
    start(session, dispute, actor, "file", notify=("buyer", "agency"))
    hold(session, contract, clock.now())
    freeze(session, contract, dispute.identifier)
    return dispute


@with_files
@action
def file(session: Session, actor: Actor, identifier: str, *, claim: str, files: Sequence[File] = ()) -> str:
    """A party claims that the other does not keep the contract.

    Its clocks and money stand still from now on.
    """
    contract = Contract.lock(session, identifier)
    mine, other = sides(contract, actor)
    permit(session, contract, "dispute", actor)
    words = check_text(Dispute.claim, claim, WORDS)
    perform(session, contract, "dispute", actor)
    dispute = _open(session, contract, actor, identifiers.issue(session, Dispute), mine, other, words)
    hand_in_all(session, actor, dispute, files)
    return dispute.identifier


@with_files
@action
def contest(
    session: Session, actor: Actor, identifier: str, *, answer: str, files: Sequence[File] = ()
) -> str:
    """A party contests a notice of termination.

    A dispute, in which whoever gave notice is the claimant, with the notice's reason as the claim, and this
    the answer.
    """
    contract = Contract.lock(session, identifier)
    notice = timeline([("contract", contract.identifier, ["parties"])]).where(
        Event.kind == "contract.give_notice"
    )
    permit(session, contract, "contest", actor)
    mine, other = sides(contract, actor)
    words = check_text(Dispute.answer, answer, WORDS)
    claim = session.scalars(notice.limit(1)).one().data["reason"]
    number = identifiers.issue(session, Dispute)
    perform(session, contract, "contest", actor, data={"dispute": number})
    dispute = _open(session, contract, actor, number, other, mine, claim)
    perform(session, dispute, "answer", actor)
    dispute.answer = words
    hand_in_all(session, actor, dispute, files)
    return dispute.identifier


@with_files
@action
def answer(
    session: Session, actor: Actor, identifier: str, *, answer: str, files: Sequence[File] = ()
) -> str:
    """The other side's answer, with evidence where there is any."""
    dispute = Dispute.lock(session, identifier)
    permit(session, dispute, "answer", actor)
    words = check_text(Dispute.answer, answer, WORDS)
    perform(session, dispute, "answer", actor)
    dispute.answer = words
    hand_in_all(session, actor, dispute, files)
    return identifier


# No answer came in time; the regulator decides on what there is.
lapse = case_action(__name__, Dispute, "lapse")


@with_files
@action
def add_evidence(
    session: Session, actor: Actor, identifier: str, *, files: Sequence[File], note: str = ""
) -> str:
    """Papers from either side, which both and the regulator see."""
    dispute = Dispute.lock(session, identifier)
    permit(session, dispute, "evidence", actor)
    check_any(files)
    papers = hand_in_all(session, actor, dispute, files)
    told = {"reason": note.strip()[:200], **hashes_of(papers)}
    perform(session, dispute, "evidence", actor, data=told)
    return identifier


@action
def withdraw(session: Session, actor: Actor, identifier: str) -> str:
    """Whoever claimed takes it back; the contract goes on."""
    dispute = Dispute.lock(session, identifier)
    perform(session, dispute, "withdraw", actor)
    _go_on(session, dispute)
    return identifier


def _go_on(session: Session, dispute: Dispute) -> None:
    contract = dispute.contract
    unfreeze(session, contract, dispute.identifier)
    perform(session, contract, "continue", SYSTEM)
    contract.notice_by_id = contract.notice_to_id = None
    proceed(session, contract, clock.now())
    suspend_if_owing(session, contract)


@action
def decide(
    session: Session,
    actor: Actor,
    identifier: str,
    *,
    outcome: str,
    fault: str,
    to_agency: int | None,
    reason: str = "",
) -> str:
    """The regulator decides: the contract goes on, or ends and its escrow is divided."""
    dispute = Dispute.lock(session, identifier)
    contract = dispute.contract
    permit(session, dispute, "decide", actor)
    disputes.decide(
        dispute,
        outcome=outcome,
        fault=fault,
        to_agency=to_agency,
        decision=reason,
        held=settlement.funds_held(session, contract),
    )
    perform(session, dispute, "decide", actor, reason=reason, data={"outcome": outcome, "fault": fault})
    if outcome == "continue":
        _go_on(session, dispute)
    else:
        end(session, contract, "dissolve", to_agency=dispute.to_agency or 0, fault=fault)
    return identifier
