"""Who is asking: the person signed in, as the actor it is."""

from __future__ import annotations

from flask import g
from flask_login import UserMixin, current_user

from market.extensions import db, login
from models.accounts import User, actor_for
from models.actors import VISITOR, Actor


class SignedIn(UserMixin):
    """What Flask-Login keeps in the session: a person's key and nothing else."""

    def __init__(self, user: User) -> None:
        self.id = user.id
        self.user = user


@login.user_loader
def load(user_id: str) -> SignedIn | None:
    user = db.session.get(User, int(user_id))
    return SignedIn(user) if user else None


def current_actor() -> Actor:
    """The actor of this request; the visitor without an account if nobody is signed in."""
    if "actor" not in g:
        g.actor = actor_for(current_user.user) if current_user.is_authenticated else VISITOR
    actor: Actor = g.actor
    return actor
