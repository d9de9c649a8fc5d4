"""What the acts of a contract share: one lock order, the contract first."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.settlement.lifecycle import hold
from models import clock
from models.accounts import Organisation
from models.actors import SYSTEM, Actor
from models.contracts.agreement import Contract
from models.contracts.materials import Materials
from models.errors import NotAllowed
from models.i18n import N_
from models.workflow import perform


def sides(contract: Contract, actor: Actor) -> tuple[Organisation, Organisation]:
    """(whom the actor speaks for, the other party). NotAllowed for whoever is neither, delegates included."""
    if actor.organisation_id == contract.buyer_id:
        return contract.buyer, contract.agency
    if actor.organisation_id == contract.agency_id:
        return contract.agency, contract.buyer
    raise NotAllowed(N_("您在这件事里没有办理这一步的权限。"))


def suspend_if_owing(session: Session, contract: Contract) -> None:
    """A running contract whose materials are overdue is suspended."""
    owing = session.scalars(
        select(Materials.id).where(Materials.contract_id == contract.id, Materials.state == "overdue")
    ).first()
    if owing is not None and contract.state == "active":
        contract.suspended_until = None
        perform(session, contract, "suspend", SYSTEM)
        hold(session, contract, clock.now())
