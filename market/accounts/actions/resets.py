"""Another password for who forgot it: asked for by anybody, chosen by whoever reads the letter."""

from __future__ import annotations

from typing import Any

from sqlalchemy import delete
from sqlalchemy.orm import Session

from market import mail
from market.accounts.actions.sessions import note
from market.accounts.jobs import user_of
from market.transaction import action, looking
from models import factors, passwords, sessions, spelling
from models.acting import actor_for
from models.actors import VISITOR, Actor
from models.errors import NotFound
from models.holders import hold
from models.i18n import N_
from models.letters import Reset
from models.password_hashing import worked_out
from models.permission import check_account


@action
def ask_reset(session: Session, actor: Actor, *, email: str) -> str:
    """Put down that somebody forgot the password of this address.

    Nothing is looked up here: the job does that. RuleViolation for what is no address.
    """
    mail.post(session, "forgotten", spelling.email(email))
    return ""


def ask_as_nobody(_actor: Actor, **values: Any) -> str:
    """Whoever asks, signed in or not, does so as nobody."""
    return ask_reset(VISITOR, **values)


def is_open(session: Session, token: str) -> bool:
    return user_of(session, token) is not None


def choose(actor: Actor, token: str, *, password: str, submission: str = "") -> str:
    """Choose the password this way leads to; the slow work comes before the transaction."""
    with looking() as session:
        user = user_of(session, token)
        about = (
            [user.name, user.address, *(each.organisation.name for each in user.memberships)] if user else []
        )
    passwords.check(password, about=about)
    with worked_out(password):
        return _choose_password(actor, token, password=password, submission=submission)


@action
def _choose_password(session: Session, actor: Actor, token: str, *, password: str) -> str:
    """Once: every way to another password of this person is closed, every session ends.

    The factors stay as they are. Whoever came here read a letter to the address, so it is this person's; who
    set up factors before that was shown may have been another, so they are dropped.
    """
    user = user_of(session, token, lock=True)
    if user is None:
        raise NotFound(N_("这个链接已经用过、已经过期或不完整;可以再要一次。"))
    check_account(actor_for(user))
    user.set_password(password)
    if not user.confirmed:
        factors.drop(session, user.id)
        hold(session, user, others_stay=True)
    session.execute(delete(Reset).where(Reset.user_id == user.id))
    sessions.end_all(session, user.id)
    mail.post_to_holder(session, "password_changed", user)
    note(session, actor, "password_reset", of=user)
    return ""
