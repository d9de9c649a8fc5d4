"""Drafting: parties change what may be changed, authorities keep the templates."""

from __future__ import annotations

from datetime import date

from sqlalchemy import delete
from sqlalchemy.orm import Session

from market.transaction import action
from models import clock, contracts, events, payments
from models.accounts import Organisation
from models.actors import SYSTEM, Actor
from models.base import Json
from models.contracts import Contract, ContractSignature, rule
from models.contracts.templates import publish
from models.text import N_, NotAllowed, RuleBroken
from models.workflow import check_reason, perform


@action
def revise(session: Session, actor: Actor, identifier: str, *, texts: dict[str, str], milestones: list[Json] | None = None) -> str:
    """Propose another wording or other milestones where the template allows it; signatures so far fall away."""
    contract = Contract.load(session, identifier, lock=True)
    happened = perform(session, contract, "revise", actor)
    changed = contracts.revise(contract, texts, milestones)
    found = sorted({rule(finding["rule"]).severity for finding in contract.findings})
    happened.data = {**happened.data, "clauses": changed, "findings": found}
    session.execute(delete(ContractSignature).where(ContractSignature.contract_id == contract.id))
    contract.paper = None
    return identifier


@action
def terminate(session: Session, actor: Actor, identifier: str, *, reason: str = "") -> str:
    """End a contract on which no money has come in. RuleBroken while a payment waits to be confirmed."""
    return _end(session, actor, identifier, "terminate", reason)


@action
def call_off(session: Session, actor: Actor, identifier: str, *, reason: str = "") -> str:
    """The regulator it was referred to ends a contract that was not signed in time."""
    return _end(session, actor, identifier, "call_off", reason)


def _end(session: Session, actor: Actor, identifier: str, act: str, reason: str) -> str:
    contract = Contract.load(session, identifier, lock=True)
    perform(session, contract, act, actor, reason=reason)
    for payment in payments.of_contract(session, contract, lock=True):
        if payment.state == "paid":
            raise RuleBroken(N_("业主已上传付款凭证,请先确认是否到账。"))
        perform(session, payment, "cancel", SYSTEM)
    return identifier


@action
def publish_template(
    session: Session, actor: Actor, kind: str, *, title: str, clauses: list[Json], milestones: list[Json], effective_from: date | None, reason: str
) -> str:
    """A regulator publishes the next version for a kind of service. RuleBroken where the clause rules find it void, unfair
    or incomplete."""
    if "regulator" not in actor.roles:
        raise NotAllowed(N_("您在这件事里没有办理这一步的权限。"))
    issuer = session.get_one(Organisation, actor.organisation_id)
    reason = check_reason(reason)
    wrong = [rule(found["rule"]) for found in contracts.examine(clauses, kind, "", own=False)]
    wrong = [each for each in wrong if each.severity != "attention"]
    if wrong:
        raise RuleBroken(N_("条款检查没有通过:%(title)s(%(article)s)。"), "clauses", title=wrong[0].title, article=wrong[0].article)
    made = publish(
        session, issuer, issuer.name, kind, title=title, clauses=clauses, milestones=milestones,
        effective_from=effective_from or clock.today(), reason=reason,
    )  # fmt: skip
    events.record(
        session, actor, "template.publish", "template", made.name, role="regulator", audience="public",
        data={"title": made.title, "version": made.version, "day": made.effective_from.isoformat(), "reason": reason},
    )  # fmt: skip
    return kind
