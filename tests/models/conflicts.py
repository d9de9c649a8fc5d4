"""People who belong to, or act for, more than one organisation."""

from __future__ import annotations

from sqlalchemy import delete, select

from harness.factories import World
from market.transaction import transaction
from models.accounts import Membership, User

BOTH = "代表双方"


def belongs(world: World, person: str, organisation: str, role: str = "staff") -> None:
    """A person becomes a member of another organisation too, however that came about."""
    with transaction() as session:
        user = session.scalars(select(User).where(User.email == world.emails[person])).one()
        session.add(
            Membership(user_id=user.id, organisation_id=world.organisation(organisation).id, role=role)
        )


def colleague(world: World, of: str, name: str = "colleague") -> None:
    """Another member of somebody's organisation."""
    world.member(of, name)


def leave(world: World, person: str, organisation: str) -> None:
    with transaction() as session:
        user = session.scalars(select(User).where(User.email == world.emails[person])).one()
        session.execute(
            delete(Membership).where(
                Membership.user_id == user.id,
                Membership.organisation_id == world.organisation(organisation).id,
            )
        )
