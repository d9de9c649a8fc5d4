"""What a gateway and the books do not agree on, kept until it is gone.

Nothing is put right by itself: a person looks, and is told to.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.transaction import action
from models import events
from models.accounts import Organisation
from models.actors import Actor
from models.cases import find_case
from models.payments.reconciliation import Mismatch, keep


@action
def keep_discrepancies(session: Session, actor: Actor, gateway: str, found: list[Mismatch]) -> str:
    """Keep what was found now: new ones begin, those that stand stay, those that are gone end."""
    _tell(session, actor, keep(session, gateway, found, whole=True), gateway)
    return gateway


@action
def note_discrepancies(session: Session, actor: Actor, gateway: str, found: list[Mismatch]) -> str:
    """Keep what was found besides what stands."""
    _tell(session, actor, keep(session, gateway, found, whole=False), gateway)
    return gateway


def _tell(session: Session, actor: Actor, new: list[Mismatch], gateway: str) -> None:
    """The custodian hears of each on its case, or on the gateway where it has none.

    One without a case was done in the gateway's own dashboard or is a sum of many.
    """
    custodians = (
        list(session.scalars(select(Organisation.id).where(Organisation.authority_role == "custodian")))
        if new
        else []
    )
    for each in new:
        case = find_case(session, each.case_identifier)
        case_type, identifier = (case.workflow.name, case.identifier) if case else ("gateway", gateway)
        about = {"title": each.about, "amount": abs(each.theirs - each.ours)}
        events.record(
            session,
            actor,
            f"{case_type}.difference",
            case_type,
            identifier,
            role="system",
            audience="custodian",
            data=about,
            notify=custodians,
        )
