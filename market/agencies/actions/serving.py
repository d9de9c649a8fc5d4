"""Saying where an agency serves."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy.orm import Session

from market.agencies.actions.common import own
from market.permissions import market
from market.transaction import action
from models import events
from models.actors import Actor
from models.agencies import serving


@action
def declare(session: Session, actor: Actor, *, areas: Sequence[str]) -> str:
    """Serve these areas from now on, and no others; with none named, where the seat is."""
    agency = own(session, actor)
    before = serving.served(agency, serving.areas_of(session, [agency.id]))
    now = serving.declare(session, agency, areas, market()) or serving.served(agency, {})
    if now != before:
        events.record(
            session,
            actor,
            "organisation.serve",
            "organisation",
            agency.identifier,
            audience="parties" if agency.state in ("draft", "applied") else "public",
            data={"areas": now},
        )
    return agency.identifier
