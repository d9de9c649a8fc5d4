"""Changing a contract: what both agree on, and notice of termination for cause."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from market.case_actions import case_action
from market.contracts.actions.common import sides, suspend_if_owing
from market.settlement.lifecycle import end, give_time, hold, proceed, running
from market.transaction import action
from models import clock, identifiers
from models.actors import SYSTEM, Actor
from models.contracts.agreement import Contract
from models.contracts.changes import CHANGES, Change, check, extend, vary
from models.errors import RuleViolation
from models.i18n import N_
from models.payments import settlement
from models.workflow import check_reason, perform, permit, start


@action
def propose(
    session: Session, actor: Actor, identifier: str, *, kind: str, terms: dict[str, Any], reason: str
) -> str:
    """A party proposes a change; RuleViolation where it could not be carried out, or another one waits."""
    contract = Contract.lock(session, identifier)
    mine, other = sides(contract, actor)
    if kind not in CHANGES:
        raise RuleViolation(N_("请选择一项。"), "kind")
    if session.query(Change).filter_by(contract_id=contract.id, state="proposed").first():
        raise RuleViolation(N_("已有一项变更在等待答复。"), "kind")
    change = Change(
        identifier=identifiers.issue(session, Change),
        contract=contract,
        buyer_id=contract.buyer_id,
        agency_id=contract.agency_id,
        proposer_id=mine.id,
        other_id=other.id,
        kind=kind,
        terms=terms,
        reason=check_reason(reason),
    )
    _check(session, change)
    start(
        session,
        change,
        actor,
        "propose",
        notify=("buyer", "agency"),
        data={"change": kind, "reason": reason.strip()},
    )
    return change.identifier


def _check(session: Session, change: Change) -> None:
    contract = change.contract
    check(
        change,
        running(session, contract),
        settlement.received(session, contract),
        settlement.funds_held(session, contract),
    )


@action
def agree(session: Session, actor: Actor, identifier: str) -> str:
    """The other party agrees, and it takes effect at once. RuleViolation where things have moved on since."""
    change = Change.lock(session, identifier)
    contract = change.contract
    permit(session, change, "agree", actor)
    _check(session, change)
    if change.kind == "variation":  # which may still be refused
        vary(contract, change.terms["milestones"])
    perform(session, change, "agree", actor, data={"change": change.kind})
    if change.kind != "variation":
        _take_effect(session, change)
    return identifier


def _take_effect(session: Session, change: Change) -> None:
    contract = change.contract
    deliverable = running(session, contract)
    if change.kind == "extension" and deliverable is not None:
        extend(contract, deliverable, change.terms["days"])
        give_time(session, deliverable)
    elif change.kind == "suspension":
        contract.suspended_until = datetime.fromisoformat(change.terms["until"])
        perform(session, contract, "suspend", SYSTEM)
        hold(session, contract, clock.now())
    elif change.kind == "resumption":
        perform(session, contract, "resume", SYSTEM)
        proceed(session, contract, clock.now())
    else:
        end(session, contract, "dissolve", to_agency=change.terms["to_agency"], fault="agreed")


# The other party does not agree; everything stays as it was.
refuse = case_action(__name__, Change, "refuse")


# Whoever proposed it takes it back.
withdraw = case_action(__name__, Change, "withdraw")


# Nobody answered in time; everything stays as it was.
lapse = case_action(__name__, Change, "lapse")


@action
def resume(session: Session, actor: Actor, identifier: str) -> str:
    """The day to which a contract was suspended has come."""
    contract = Contract.lock(session, identifier)
    perform(session, contract, "resume", actor)
    proceed(session, contract, clock.now())
    return identifier


@action
def give_notice(session: Session, actor: Actor, identifier: str, *, reason: str = "") -> str:
    """A party terminates for cause (民法典 563, 565): the other may contest it within the policy's days."""
    contract = Contract.lock(session, identifier)
    mine, other = sides(contract, actor)
    perform(session, contract, "give_notice", actor, reason=reason)
    contract.notice_by_id, contract.notice_to_id = mine.id, other.id
    proceed(session, contract, clock.now())
    return identifier


@action
def retract(session: Session, actor: Actor, identifier: str) -> str:
    """Whoever gave notice takes it back; the contract goes on."""
    contract = Contract.lock(session, identifier)
    perform(session, contract, "retract", actor)
    contract.notice_by_id = contract.notice_to_id = None
    suspend_if_owing(session, contract)
    return identifier


@action
def end_unopposed(session: Session, actor: Actor, identifier: str) -> str:
    """Nobody contested the notice in time: the contract ends through the fault of whoever got it."""
    contract = Contract.lock(session, identifier)
    contract.workflow.find(contract.state, "end")
    fault = "agency" if contract.notice_to_id == contract.agency_id else "buyer"
    end(session, contract, "end", to_agency=settlement.fair_share(session, contract, fault), fault=fault)
    return identifier
