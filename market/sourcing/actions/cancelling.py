"""A tender that comes to nothing.

Cancelled by its buyer, with the regulator's consent once it can be read, or called off.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.case_actions import case_action
from market.sourcing.actions.common import turn_away
from market.transaction import action
from models.accounts import authority_for
from models.actors import SYSTEM, Actor
from models.contracts.agreement import UNSIGNED, Contract
from models.sourcing.answers import concerned
from models.sourcing.cancelling import check_ground
from models.sourcing.clarifications import Clarification
from models.sourcing.evaluations import Evaluation
from models.sourcing.tenders import Tender
from models.workflow import perform, permit


@action
def cancel(session: Session, actor: Actor, identifier: str, *, reason: str = "") -> str:
    tender = Tender.lock(session, identifier)
    perform(session, tender, "cancel", actor, reason=reason, also_notify=concerned(session, tender))
    end(session, tender)
    return identifier


@action
def call_off(session: Session, actor: Actor, identifier: str, *, reason: str = "") -> str:
    """The regulator it was referred to ends a tender whose buyer neither awards nor cancels."""
    tender = Tender.lock(session, identifier)
    perform(session, tender, "call_off", actor, reason=reason, also_notify=concerned(session, tender))
    end(session, tender)
    return identifier


@action
def ask(session: Session, actor: Actor, identifier: str, *, ground: str, reason: str = "") -> str:
    """After the opening or the draw.

    The buyer asks the regulator to let it cancel, on a ground of the policy, with the facts.
    """
    tender = Tender.lock(session, identifier)
    permit(session, tender, "ask_cancel", actor)
    tender.cancel_ground = check_ground(tender, ground).key
    regulator = authority_for(session, "regulator", tender.line, tender.region_code)
    perform(
        session,
        tender,
        "ask_cancel",
        actor,
        reason=reason,
        data={"ground": ground},
        also_notify=[regulator.id] if regulator else [],
    )
    return identifier


@action
def consent(session: Session, actor: Actor, identifier: str, *, reason: str = "") -> str:
    """The regulator consents.

    The tender is cancelled, and everybody who answered is told on which ground.
    """
    tender = Tender.lock(session, identifier)
    perform(
        session,
        tender,
        "consent",
        actor,
        reason=reason,
        data={"ground": tender.cancel_ground},
        also_notify=concerned(session, tender),
    )
    end(session, tender)
    for contract in session.scalars(
        select(Contract)
        .where(Contract.tender_id == tender.id, Contract.state.in_(UNSIGNED))
        .with_for_update(of=Contract)
    ):
        perform(session, contract, "terminate", SYSTEM, reason=reason)
        contract.unsigned_by = (
            contract.unsigned_by or "buyer"
        )  # a fact, and no breach: the regulator found the ground to be there
    return identifier


def _go_on(_session: Session, tender: Tender) -> None:
    tender.cancel_ground = None


refuse = case_action(__name__, Tender, "refuse_cancel", name="refuse", then=_go_on)
keep = case_action(__name__, Tender, "keep", then=_go_on)


def end(session: Session, tender: Tender) -> None:
    """Close what hangs on a tender that came to nothing."""
    turn_away(session, tender)
    lapse(session, Clarification, tender)
    lapse(session, Evaluation, tender)


def lapse(session: Session, case_class: Any, tender: Tender) -> None:
    for case in session.scalars(
        select(case_class).where(case_class.tender_id == tender.id).with_for_update(of=case_class)
    ):
        if case.state in ("asked", "appointed", "due", "scoring", "scored"):
            perform(session, case, "lapse", SYSTEM)
