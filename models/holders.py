"""Who holds an e-mail address, so that no form tells whether anybody does.

Whoever names an address (a buyer its delegate, a request its evaluator) gets a person, registered or not: for an address nobody has signed up with
a row that waits. Whoever signs up gets an account, whether or not the address is somebody's: if it is, the account only claims it. Once a
letter has shown that an address is a person's, `hold` makes it so, and what others meant for the address is that person's.
"""

from __future__ import annotations

import secrets

from sqlalchemy import Select, or_, select, update
from sqlalchemy.orm import Session

from models import spelling
from models.accounts import Delegation, Membership, User, known_as
from models.sourcing import Evaluation

NOBODYS = "@claimed.invalid"  # RFC 2606: what stands in the place of an address others hold


def with_address(email: str) -> Select[User]:
    """Everybody who signs in with this address: whoever holds it first, then whoever claims it."""
    asked = spelling.asked_email(email)
    return select(User).where(or_(User.email == asked, User.claims == asked)).order_by(User.claims.is_not(None), User.id)


def called(session: Session, email: str) -> User:
    """The person somebody means by this address; one that is awaited where nobody has it. RuleBroken at `email` for what is no address."""
    address = spelling.email(email)
    found = session.scalars(known_as(address)).one_or_none()
    if found is None:
        found = User(email=address, name="", password_hash="")
        session.add(found)
        session.flush()
    return found


def take(session: Session, user: User, email: str) -> None:
    """Give a new person an address as it was typed: to hold if it is nobody's, else to claim."""
    address = spelling.email(email)
    free = session.scalar(select(User.id).where(User.email == address)) is None
    user.email, user.claims = (address, None) if free else (_placeholder(), address)


def hold(session: Session, user: User) -> None:
    """The address this person signs in with was shown to be this person's (a letter to it was answered). Whoever had it only claims it from now
    on; what was meant for it while nobody had it is this person's: delegations, evaluations, memberships."""
    if user.claims is None:
        return
    address, before = user.claims, session.scalars(known_as(user.claims).with_for_update()).one_or_none()
    if before is not None:
        before.email, before.claims = _placeholder(), None if before.awaited else address
        session.flush()
        if before.awaited:
            _pass_on(session, before, user)
    user.email, user.claims = address, None
    session.flush()


def _pass_on(session: Session, before: User, user: User) -> None:
    for column in (Delegation.user_id, Evaluation.evaluator_id, Membership.user_id):
        session.execute(update(column.class_).where(column == before.id).values({column: user.id}))
    session.expire(user)


def _placeholder() -> str:
    return f"{secrets.token_hex(16)}{NOBODYS}"
