"""Who is asking: the person signed in, as the actor it is."""

from __future__ import annotations

import hashlib
import hmac

from flask import current_app, g, session
from flask_login import UserMixin, current_user, login_user

from market.demo.people import REGULATOR
from market.extensions import db, login
from models.accounts import User, actor_for
from models.actors import VISITOR, Actor

PLAYED = REGULATOR[REGULATOR.index("@") :]  # what every address of the demonstration ends with


def known_to_all(email: str) -> bool:
    """Whether this is an address of the demonstration, where everybody knows the password, in a market that is open to the public."""
    return email.endswith(PLAYED) and not (current_app.config["DEMO"] or current_app.config["TRIAL"])


class SignedIn(UserMixin):
    """What Flask-Login keeps in the session: a person's key, and a mark of the password it came in with, and of when the account was last
    unblocked. Whoever changes the password ends every other session, a stolen one too; so does whoever blocks the account, for good."""

    def __init__(self, user: User) -> None:
        self.user = user

    def get_id(self) -> str:
        since = f" {self.user.unblocked_at.timestamp()}" if self.user.unblocked_at else ""
        return f"{self.user.id}:{hashlib.sha256((self.user.password_hash + since).encode()).hexdigest()[:16]}"


@login.user_loader
def load(kept: str) -> SignedIn | None:
    number, _, _mark = kept.partition(":")
    user = db.session.get(User, int(number))
    found = SignedIn(user) if user and user.blocked_at is None and not known_to_all(user.address) else None
    return found if found and hmac.compare_digest(found.get_id(), kept) else None


def enter(user: User) -> None:
    """This person is signed in from now on. Nothing the session held before goes on under its name, but for the language."""
    chosen = session.get("locale")
    session.clear()
    if chosen:
        session["locale"] = chosen
    login_user(SignedIn(user))


def current_actor() -> Actor:
    """The actor of this request; the visitor without an account if nobody is signed in."""
    if "actor" not in g:
        g.actor = actor_for(current_user.user) if current_user.is_authenticated else VISITOR
    actor: Actor = g.actor
    return actor
