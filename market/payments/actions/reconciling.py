"""What a gateway and the books do not agree on, kept until it is gone. Nothing is put right by itself: a person looks."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.payments.gateways import Found
from market.transaction import action
from models import clock
from models.actors import Actor
from models.payments import Difference


@action
def keep_differences(session: Session, actor: Actor, gateway: str, found: list[Found]) -> str:
    """Keep what was found now: new ones begin, those that stand stay, those that are gone end."""
    standing = {(d.kind, d.about): d for d in session.scalars(select(Difference).where(Difference.gateway == gateway).with_for_update())}
    for each in found:
        kept = standing.pop((each.kind, each.about), None)
        if kept is None:
            kept = Difference(gateway=gateway, kind=each.kind, about=each.about)
            session.add(kept)
        elif kept.gone_at is not None:
            kept.found_at, kept.gone_at = clock.now(), None
        kept.theirs, kept.ours, kept.case_identifier = each.theirs, each.ours, each.case_identifier
    for gone in standing.values():
        gone.gone_at = gone.gone_at or clock.now()
    return gateway
