"""Drafting: parties change what may be changed, authorities keep the templates."""

from __future__ import annotations

from datetime import date

from sqlalchemy import delete
from sqlalchemy.orm import Session

from market.settlement.lifecycle import ask_ratings
from market.sourcing.actions.awards import reopen
from market.timekeeping import surely
from market.transaction import action
from models import clock, events
from models.accounts import Organisation
from models.actors import SYSTEM, Actor
from models.base import Json
from models.clock import BEIJING
from models.contracts import agreement, drafting
from models.contracts import clauses as contract_clauses
from models.contracts.agreement import Contract
from models.contracts.clauses import rule
from models.contracts.signatures import ContractSignature
from models.contracts.templates import publish
from models.credit import records
from models.errors import RuleViolation
from models.i18n import N_
from models.payments import settlement
from models.referrals import refer
from models.sourcing.results import not_chosen
from models.workflow import check_reason, perform, permit

_WHO = {"agency": "机构", "buyer": "业主"}


def record_unsigned(session: Session, contract: Contract, given_up: str = "") -> None:
    """Put forward, once, what a party did with an award.

    It let the time to sign pass, or gave it up, for the reason it gave.
    """
    day = f"{clock.now().astimezone(BEIJING).date()}"
    said = f"合同 {contract.identifier}(中选 {contract.award.identifier})"
    late = f"{said}应在通知后规定的期限内签订,至 {day} 没有签署。"
    about = {
        "agency": (contract.agency, "given_up" if given_up else "unsigned"),
        "buyer": (contract.buyer, "not_contracted"),
    }
    for party, (organisation, kind) in about.items():
        if contract.unsigned_by in (party, "both") and not records.recorded(
            session, contract.identifier, organisation.id
        ):
            facts = f"{said}在签订前由{_WHO[party]}放弃:{given_up}"[:1000] if given_up else late
            records.propose(session, SYSTEM, organisation, kind, facts, contract.identifier)


@action
def revise(
    session: Session,
    actor: Actor,
    identifier: str,
    *,
    texts: dict[str, str],
    milestones: list[Json] | None = None,
) -> str:
    """Propose another wording or other milestones where the template allows it.

    Signatures so far fall away.
    """
    contract = Contract.lock(session, identifier)
    permit(session, contract, "revise", actor)
    changed = drafting.revise(contract, texts, milestones)
    found = sorted({rule(finding["rule"]).severity for finding in contract.findings})
    perform(session, contract, "revise", actor, data={"clauses": changed, "findings": found})
    session.execute(delete(ContractSignature).where(ContractSignature.contract_id == contract.id))
    contract.paper = None
    return identifier


@surely
@action
def terminate(session: Session, actor: Actor, identifier: str, *, reason: str = "") -> str:
    """End a contract on which no money has come in. RuleViolation while a payment waits to be confirmed."""
    return _end(session, actor, identifier, "terminate", reason)


@action
def call_off(session: Session, actor: Actor, identifier: str, *, reason: str = "") -> str:
    """The regulator it was referred to ends a contract that was not signed in time."""
    return _end(session, actor, identifier, "call_off", reason)


def _end(session: Session, actor: Actor, identifier: str, act: str, reason: str) -> str:
    contract = Contract.lock(session, identifier, after="tender")
    above = contract.tender
    unsigned = contract.state in agreement.UNSIGNED
    by = min(permit(session, contract, act, actor).played)
    if unsigned and by == "buyer" and above.cancels_with_consent:
        raise RuleViolation(
            N_(
                "报价已经公开:不签合同也是取消采购,请在采购需求 %(tender)s "
                "的页面按规则列明的情形申请,由监管部门同意。"
            ),
            tender=above.identifier,
        )
    asked = settlement.payments_of(session, contract, lock=True)
    if any(payment.state == "paid" for payment in asked):
        raise RuleViolation(N_("业主已上传付款凭证,请先确认是否到账。"))
    perform(session, contract, act, actor, reason=reason)
    if unsigned and by in ("agency", "buyer"):
        contract.unsigned_by = by
        record_unsigned(session, contract, given_up=reason.strip())
    ask_ratings(session, contract)
    for payment in asked:
        perform(session, payment, "cancel", SYSTEM)
    perform(session, above, "fail", SYSTEM)
    return identifier


@action
def replace(session: Session, actor: Actor, identifier: str, *, reason: str = "") -> str:
    """The buyer gives up an agency that may not sign, and decides anew. Returns the tender's identifier."""
    contract = Contract.lock(session, identifier, after="award")
    award, above = contract.award, contract.tender
    perform(session, contract, "replace", actor, reason=reason)
    others = not_chosen(session, above, award.agency_id)
    perform(session, award, "forfeit", SYSTEM, data={"reason": reason.strip()}, also_notify=others)
    reopen(session, award)
    ask_ratings(session, contract, contract.unsigned_by or "agency")
    return above.identifier


@action
def lapse_signing(session: Session, actor: Actor, identifier: str) -> str:
    """Not signed in time: both are told, and a record is put forward about whoever has not.

    They may still sign, the buyer may choose another; where nobody does anything it is referred to the level
    above.
    """
    contract = Contract.lock(session, identifier)
    contract.workflow.find(contract.state, "refer")
    if contract.unsigned_by == contract.unsigned:  # it is on record already
        refer(session, contract)
        return identifier
    perform(session, contract, "lapse", actor, data={"unsigned": contract.unsigned})
    contract.unsigned_by = contract.unsigned
    record_unsigned(session, contract)
    return identifier


@action
def publish_template(
    session: Session,
    actor: Actor,
    kind: str,
    *,
    title: str,
    clauses: list[Json],
    milestones: list[Json],
    effective_from: date | None,
    reason: str,
) -> str:
    """The regulator of the whole market publishes the next version for a kind of service.

    RuleViolation where the clause rules find it void, unfair or incomplete.
    """
    issuer = session.get_one(Organisation, actor.organisation_id)
    reason = check_reason(reason)
    wrong = [rule(found["rule"]) for found in contract_clauses.examine(clauses, kind, "", own=False)]
    wrong = [each for each in wrong if each.severity != "attention"]
    if wrong:
        raise RuleViolation(
            N_("条款检查没有通过:%(title)s(%(article)s)。"),
            "clauses",
            title=wrong[0].title,
            article=wrong[0].article,
        )
    made = publish(
        session,
        issuer,
        issuer.name,
        kind,
        title=title,
        clauses=clauses,
        milestones=milestones,
        effective_from=effective_from or clock.today(),
        reason=reason,
    )
    events.record(
        session,
        actor,
        "template.publish",
        "template",
        made.name,
        role="regulator",
        audience="public",
        data={
            "title": made.title,
            "version": made.version,
            "day": made.effective_from.isoformat(),
            "reason": reason,
        },
    )
    return kind
