"""Who is asking: the person signed in, as the actor it is."""

from __future__ import annotations

from flask import Flask, Response, current_app, g, session
from flask_login import UserMixin, current_user, login_user, logout_user

from market.accounts.actions import sessions
from market.demo.people import REGULATOR
from market.extensions import db, login
from models import policy
from models.accounts import User, actor_for
from models.actors import VISITOR, Actor
from models.sessions import SignIn, by_token

PLAYED = REGULATOR[REGULATOR.index("@") :]  # what every address of the demonstration ends with
_TOKEN = "_user_id"  # where the cookie holds what Flask-Login was told by `get_id`
HALFWAY = "halfway"  # and the token of a sign-in that is not complete


def known_to_all(email: str) -> bool:
    """Whether this is an address of the demonstration in a market that is open to the public.

    Everybody knows the password of such an account.
    """
    return email.endswith(PLAYED) and not (current_app.config["DEMO"] or current_app.config["TRIAL"])


class SignedIn(UserMixin):
    """What Flask-Login keeps in the cookie: the token of a row in `sign_ins`, and nothing else.

    Where that row is gone (a sign-out, another password, an administrator), every copy of the cookie is worth
    nothing.
    """

    def __init__(self, found: SignIn, token: str) -> None:
        self.sign_in, self.user, self._token = found, found.user, token
        self.key, self.handle, self.factor = (
            found.id,
            found.handle,
            found.factor,
        )  # known also once the row is gone
        self.actor = actor_for(found.user)

    def get_id(self) -> str:
        return self._token

    def lacks_factor(self) -> bool:
        """Whether a second factor is still to be shown before anything else."""
        asked = current_app.config.get("SECOND_FACTOR") == "required" and not self.user.address.endswith(
            PLAYED
        )  # everybody may try those
        return (
            asked
            and self.user.confirmed
            and not self.factor
            and bool(self.actor.roles & set(policy.current().words("session.second_factor_roles")))
        )


def waived(actor: Actor) -> bool:
    """Whether this person's roles are to show a second factor, and this market lets them do without.

    The policy says which roles are to, a setting of this market whether they may do without.
    """
    return current_app.config.get("SECOND_FACTOR") != "required" and bool(
        actor.roles & set(policy.current().words("session.second_factor_roles"))
    )


@login.user_loader
def load(token: str) -> SignedIn | None:
    """Whoever this token signs in.

    It was seen, which is noted after the answer if it was not noted lately.
    """
    found = _open(token)
    if (
        found is None
        or found.halfway
        or found.user.blocked_at is not None
        or known_to_all(found.user.address)
    ):
        return None
    signed_in = SignedIn(found, token)
    if found.over(signed_in.actor.roles):
        return None
    if found.unseen():
        g.seen = found.id
    return signed_in


def signs_in() -> bool:
    """Whether this browser says that somebody is signed in with it; it may be wrong."""
    return _TOKEN in session


def _open(token: str) -> SignIn | None:
    return db.session.scalars(by_token(token)).one_or_none()


def halfway() -> SignIn | None:
    """The sign-in of this browser that still lacks its second factor, if its time is not over."""
    found = _open(str(session.get(HALFWAY, "")))
    return found if found and found.halfway and not found.over(()) else None


def stop_halfway(user: User, target: str | None) -> None:
    """The password was right, and the second factor is to be shown next; then on to `target`."""
    _forget()
    session[HALFWAY] = sessions.begin(user.id, halfway=True)
    session["next"] = target or ""


def enter(user: User, factor: str = "") -> None:
    """This person is signed in from now on.

    Nothing the session held before goes on under its name, but for the language.
    """
    before = str(session.get(HALFWAY, ""))
    _forget()
    _hold(user, factor, before)


def renew(user: User, factor: str = "") -> None:
    """This browser goes on with a new token, and with what it held else.

    Who has a copy of the old one does not.
    """
    _hold(user, factor, str(session.get(_TOKEN, "")))


def _hold(user: User, factor: str, instead_of: str) -> None:
    token = sessions.begin(user.id, factor=factor, instead_of=instead_of)
    found = _open(token)
    assert found is not None
    login_user(SignedIn(found, token))
    g.pop("actor", None)


def leave() -> None:
    """Sign out: the session ends here and wherever its cookie was copied to."""
    if token := str(session.get(_TOKEN, "")):
        sessions.end(token)
    logout_user()
    _forget()
    g.pop("actor", None)


def _forget() -> None:
    chosen = session.get("locale")
    session.clear()
    if chosen:
        session["locale"] = chosen


def current_actor() -> Actor:
    """The actor of this request; the visitor without an account if nobody is signed in."""
    if "actor" not in g:
        g.actor = current_user.actor if current_user.is_authenticated else VISITOR
    actor: Actor = g.actor
    return actor


def register(app: Flask) -> None:
    """Note who was seen, once the answer has gone out: nobody waits for it."""

    @app.after_request
    def note(response: Response) -> Response:
        key = g.pop("seen", None)
        if key is not None:
            response.call_on_close(lambda: _seen(app, key))
        return response


def _seen(app: Flask, key: int) -> None:
    with app.app_context():
        sessions.see(key)
