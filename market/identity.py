"""Who is asking: the person signed in, as the actor it is."""

from __future__ import annotations

import logging

from flask import Flask, Response, abort, current_app, g, request, session
from flask_login import UserMixin, current_user, login_user, logout_user
from sqlalchemy.exc import OperationalError

from market.demonstration.people import REGULATOR
from market.extensions import db, login
from market.transaction import transaction
from models import policy, sessions
from models.accounts import Organisation, User
from models.acting import actor_for
from models.actors import VISITOR, Actor
from models.sessions import SignIn, by_token

log = logging.getLogger(__name__)
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
    session[HALFWAY] = _begin(user.id, halfway=True)
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
    token = _begin(user.id, factor=factor, instead_of=instead_of)
    found = _open(token)
    assert found is not None
    login_user(SignedIn(found, token))
    g.pop("actor", None)


def _begin(user_id: int, *, factor: str = "", halfway: bool = False, instead_of: str = "") -> str:
    """A session of this person in the browser that asks: what its cookie is to hold.

    The one with the token `instead_of`, if any, ends with it, so that what was good before more was shown is
    good for nothing after.
    """
    told = {
        "device": sessions.device_of(request.user_agent.string),
        "network": sessions.network_of(request.remote_addr or ""),
    }
    with transaction() as database:
        if instead_of:
            sessions.end(database, SignIn.token_hash == sessions.token_hash(instead_of))
        return sessions.begin(database, user_id, factor=factor, halfway=halfway, **told)


def _end(token: str) -> None:
    """The session of this token ends, and every copy of its cookie with it. None is no matter."""
    with transaction() as database:
        sessions.end(database, SignIn.token_hash == sessions.token_hash(token))


def _note_seen(key: int) -> None:
    """Note that a session was seen.

    Whoever reads a page waits for no lock: this comes after its answer, and is worth no error.
    """
    try:
        with transaction() as database:
            sessions.see(database, key)
    except OperationalError:
        log.warning("could not note when a session was seen", exc_info=True)


def leave() -> None:
    """Sign out: the session ends here and wherever its cookie was copied to."""
    if token := str(session.get(_TOKEN, "")):
        _end(token)
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


def own_agency() -> Organisation:
    """The agency the reader works for; 403 for everybody else."""
    actor = current_actor()
    if "agency" not in actor.roles or actor.organisation_id is None:
        abort(403)
    return db.session.get_one(Organisation, actor.organisation_id)


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
        _note_seen(key)
