"""Ending sessions: one's own, and for an administrator those of somebody else."""

from __future__ import annotations

from sqlalchemy.orm import Session

from market.transaction import action
from models import events, sessions, spelling
from models.accounts import User
from models.actors import Actor
from models.errors import NotAllowed, NotFound
from models.holders import with_address
from models.i18n import N_
from models.sessions import SignIn


@action
def end_one(session: Session, actor: Actor, handle: str) -> str:
    """A person ends one of its own sessions. Returns its handle."""
    if not sessions.end(session, SignIn.user_id == _me(actor), SignIn.handle == handle):
        raise NotFound(N_("没有找到这个登录,它可能已经结束。"))
    note(session, actor, "session_end")
    return handle


@action
def end_mine(session: Session, actor: Actor) -> str:
    """A person ends all of its own sessions, this one too."""
    ended = sessions.end_all(session, _me(actor))
    note(session, actor, "session_end_all")
    return str(ended)


@action
def end_of(session: Session, actor: Actor, *, email: str, reason: str = "") -> str:
    """An administrator ends every session of whoever signs in with this address.

    Nothing tells whether anybody does.
    """
    for user in session.scalars(with_address(email)):
        sessions.end_all(session, user.id)
        note(session, actor, "session_end_all", of=user, reason=reason)
    return spelling.asked_email(email)


def note(session: Session, actor: Actor, act: str, *, of: User | None = None, reason: str = "") -> None:
    """An event about a person's account.

    It stands on no timeline: who looks after a market finds it in the table.
    """
    data = {"reason": reason} if reason else {}
    events.record(
        session,
        actor,
        f"person.{act}",
        "person",
        f"U-{of.id if of else _me(actor)}",
        audience="internal",
        data=data,
    )


def _me(actor: Actor) -> int:
    if actor.user_id is None:
        raise NotAllowed(N_("请先登录。"))
    return actor.user_id
