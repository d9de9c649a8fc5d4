"""Agencies tied to each other by a head, an account, a telephone or an address."""

from __future__ import annotations

import pytest
from sqlalchemy import update

from harness.factories import World
from market.transaction import transaction
from models.accounts import Organisation, User
from models.agencies.entry import AgencyProfile
from models.agencies.related_parties import TIES
from models.policy import Policy


def ruled(
    monkeypatch: pytest.MonkeyPatch,
    follows: str = "later",
    ties: tuple[str, ...] = tuple(TIES),
    buyer: str = "show",
) -> None:
    text, words = Policy.text, Policy.words
    monkeypatch.setattr(
        Policy,
        "text",
        lambda self, key: {"linked.follows": follows, "linked.buyer": buyer}.get(key) or text(self, key),
    )
    monkeypatch.setattr(
        Policy, "words", lambda self, key: list(ties) if key == "linked.ties" else words(self, key)
    )


def give(world: World, name: str, tie: str, value: str) -> None:
    with transaction() as session:
        key = world.organisation(name).id
        if tie == "account":
            session.execute(
                update(AgencyProfile).where(AgencyProfile.agency_id == key).values(account_number=value)
            )
        elif tie == "owner":
            session.execute(update(User).where(User.email == world.emails[name]).values(name=value))
        else:
            column = {"representative": "legal_representative", "phone": "phone", "address": "address"}[tie]
            session.execute(update(Organisation).where(Organisation.id == key).values(**{column: value}))


def apart(world: World) -> None:
    """What the small market's agencies share by chance they share no more."""
    for name in ("agency", "second", "third"):
        give(world, name, "phone", f"0979-{len(name)}{world.organisation(name).id}")
        give(world, name, "address", f"昆仑路 {world.organisation(name).id} 号")
        with transaction() as session:
            session.execute(
                update(AgencyProfile)
                .where(AgencyProfile.agency_id == world.organisation(name).id)
                .values(registered_address=f"{name}路")
            )
