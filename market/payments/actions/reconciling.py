"""What a gateway and the books do not agree on, kept until it is gone.

Nothing is put right by itself: a person looks, and is told to.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.gateways import Mismatch
from market.transaction import action
from models import clock, events
from models.accounts import Organisation
from models.actors import Actor
from models.cases import find_case
from models.payments import Discrepancy


@action
def keep_differences(session: Session, actor: Actor, gateway: str, found: list[Mismatch]) -> str:
    """Keep what was found now: new ones begin, those that stand stay, those that are gone end."""
    standing = _keep(session, actor, gateway, found)
    for gone in standing.values():
        gone.gone_at = gone.gone_at or clock.now()
    return gateway


@action
def note_differences(session: Session, actor: Actor, gateway: str, found: list[Mismatch]) -> str:
    """Keep what was found besides what stands."""
    _keep(session, actor, gateway, found)
    return gateway


def _keep(
    session: Session, actor: Actor, gateway: str, found: list[Mismatch]
) -> dict[tuple[str, str], Discrepancy]:
    """Keep what was found, and tell the custodian what is new of it. The other ones that stand."""
    standing = {
        (d.kind, d.about): d
        for d in session.scalars(select(Discrepancy).where(Discrepancy.gateway == gateway).with_for_update())
    }
    new: list[Mismatch] = []
    for each in found:
        kept = standing.pop((each.kind, each.about), None)
        if kept is None:
            kept = Discrepancy(gateway=gateway, kind=each.kind, about=each.about)
            session.add(kept)
            new.append(each)
        elif kept.gone_at is not None:
            kept.found_at, kept.gone_at = clock.now(), None
            new.append(each)
        kept.theirs, kept.ours, kept.case_identifier = each.theirs, each.ours, each.case_identifier
    _tell(session, actor, new, gateway)
    return standing


def _tell(session: Session, actor: Actor, new: list[Mismatch], gateway: str) -> None:
    """Each on its case, or on the gateway where it has none.

    One without a case was done in the gateway's own dashboard or is a sum of many.
    """
    office_roles = (
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
            notify=office_roles,
        )
