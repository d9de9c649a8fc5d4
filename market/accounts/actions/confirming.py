"""Mail addresses are shown, not asserted.

A link sent to the address, and whoever opens it is the account that asked for it.

The link alone gives nothing: whoever reads the box also has to be signed in as the account, or to know its
password. So nobody confirms an account a stranger made under his address by following a link he did not ask
for.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from flask import current_app
from itsdangerous import BadSignature, SignatureExpired, TimestampSigner, URLSafeTimedSerializer
from sqlalchemy import select
from sqlalchemy.orm import Session

from market import mail
from market.identity import known_to_all
from market.transaction import action, looking
from models import clock, events, letters, sessions, spelling
from models.accounts import User, claimed_as, known_as
from models.acting import actor_for
from models.actors import Actor
from models.errors import NotAllowed, NotFound, Problem, RuleViolation
from models.holders import entered_by_others, hold, join
from models.i18n import N_
from models.password_hashing import looked_at
from models.permission import check_account

GOOD_FOR = timedelta(days=3)
PURPOSE = "confirm a mail address"  # a token made for anything else is none here


class Expired(Problem):
    """A link that was good once."""

    status = 410


class _Signer(TimestampSigner):
    """Goes by the market's clock."""

    def get_timestamp(self) -> int:
        return int(clock.now().timestamp())


@dataclass(frozen=True)
class Claim:
    """What a link says: this person asked for this address, when its last confirmation was `since`."""

    user_id: int
    address: str
    since: str


def _tokens() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.config["SECRET_KEY"], salt=PURPOSE, signer=_Signer)


def _since(user: User) -> str:
    return user.email_confirmed_at.isoformat() if user.email_confirmed_at else ""


def token(user: User, address: str) -> str:
    """What shows that whoever has it reads this address.

    Good for `GOOD_FOR`, and until the person confirms any address.
    """
    return str(_tokens().dumps([user.id, address, _since(user)]))


def read(token: str) -> Claim:
    """The claim of a link.

    Expired for one that is too old, NotFound for one cut short, made up, or of another purpose.
    """
    try:
        said = _tokens().loads(token, max_age=int(GOOD_FOR.total_seconds()))
    except SignatureExpired as error:
        raise Expired(N_("这个确认链接已经过期,请登录后重新发送。")) from error
    except BadSignature as error:
        raise NotFound(N_("这个确认链接不完整或不正确,请从邮件里重新打开。")) from error
    return Claim(*said)


def is_done(said: Claim) -> bool:
    """Whether the address of a link is this person's already."""
    with looking() as session:
        user = session.get(User, said.user_id)
        return user is not None and user.email == said.address


def claim(session: Session, user: User, email: str) -> None:
    """A person says an address is theirs: it waits, and a letter goes there, whether or not it is somebody's.

    If it is, the letter tells that person. Nothing tells whoever asks. RuleViolation at `email` for none.
    """
    address = spelling.email(email)
    if known_to_all(address):  # a market that holds one is not started again
        raise RuleViolation(N_("这个邮箱属于演示账号,请换一个。"), "email")
    owner = session.scalars(known_as(address)).one_or_none()
    theirs = owner is not None and not owner.awaited and owner.id != user.id
    user.email_asked = address
    session.flush()
    if theirs and entered_by_others(user):
        mail.post(session, "joined", address, user, organisation=user.memberships[0].organisation.name)
    elif theirs:
        mail.post(session, "known", address)
    else:
        mail.post(session, "confirm", address, user)


def _person(session: Session, actor: Actor) -> User:
    if actor.user_id is None:
        raise NotAllowed(N_("请先登录。"))
    return session.scalars(
        select(User)
        .where(User.id == actor.user_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()


def _check_letters(session: Session, user: User, field: str | None = None) -> None:
    if letters.had_enough(session, "confirm", user):
        raise RuleViolation(N_("今天已经发了几封确认信,请先看看收件箱和垃圾箱,明天再试。"), field)


def _told(session: Session, actor: Actor, user: User, act: str) -> str:
    """On record for the audit alone: whose address is which is nobody else's."""
    events.record(session, actor, f"user.{act}", "user", str(user.id), audience="internal")
    return str(user.id)


@action
def send_again(session: Session, actor: Actor) -> str:
    """The letter once more, to the address that waits.

    RuleViolation where none does, or the account had too many sent today.
    """
    user = _person(session, actor)
    if not user.email_asked:
        raise RuleViolation(N_("没有等待确认的邮箱;请在下面填写您的邮箱。"), "email")
    _check_letters(session, user)
    claim(session, user, user.email_asked)
    return _told(session, actor, user, "ask_address")


def change_address(actor: Actor, *, email: str, current: str, **sent: Any) -> str:
    """A person asks for another address, and shows that the password is known.

    The present one stays until the new one is confirmed.
    """
    with looking() as session:
        user = session.get(User, actor.user_id) if actor.user_id else None
    with looked_at(user.password_hash if user else "", current):
        return _change_address(actor, email=email, current=current, **sent)


@action
def _change_address(session: Session, actor: Actor, *, email: str, current: str) -> str:
    user = _person(session, actor)
    if not user.check_password(current):
        raise RuleViolation(N_("现在的密码不正确。"), "current")
    if spelling.email(email) == user.email:
        raise RuleViolation(N_("这就是您现在的邮箱。"), "email")
    _check_letters(session, user, "email")
    claim(session, user, email)
    return _told(session, actor, user, "ask_address")


def joins(session: Session, actor: Actor, said: Claim) -> bool:
    """Whether whoever is signed in holds the address of a link to an account made for its reader.

    The account was made by others for the reader of that address.
    """
    holder, made = session.scalars(known_as(said.address)).one_or_none(), session.get(User, said.user_id)
    return (
        holder is not None
        and made is not None
        and holder.id == actor.user_id != made.id
        and not made.confirmed
        and entered_by_others(made)
    )


def confirm(actor: Actor, *, token: str, password: str = "", **sent: Any) -> str:
    """Whoever followed the link is the account that asked for it: signed in as it, or with its password.

    Returns the person's key. Of an account others made for somebody who has one, what it was made for goes to
    that one, which is signed in.
    """
    said = read(token)
    if said.user_id == actor.user_id or not password:
        return _confirm(actor, token=token, password="", **sent)
    with looking() as session:
        user = session.get(User, said.user_id)
    with looked_at(user.password_hash if user else "", password):
        return _confirm(actor, token=token, password=password, **sent)


@action
def _confirm(session: Session, actor: Actor, *, token: str, password: str) -> str:
    said = read(token)
    user = session.scalars(
        select(User)
        .where(User.id == said.user_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    ).one()
    if joins(session, actor, said):
        mine = _person(session, actor)
        join(session, mine, user)
        sessions.end_all(session, user.id)
        return _told(session, actor, mine, "join")
    if user.id != actor.user_id and not (password and user.check_password(password)):
        raise RuleViolation(
            N_("密码不正确:请填写申请使用这个邮箱的账号的密码。如果不是您申请的,请不要确认。"), "password"
        )
    check_account(
        actor_for(user)
    )  # the visitor who follows a link is not blocked, whoever it acts for may be
    if user.email == said.address:
        return str(user.id)
    if said.since != _since(user):
        raise RuleViolation(N_("这个链接已经用过,或之后又确认了别的邮箱;请登录后重新发送。"))
    before, user.email_asked = user.email, said.address
    hold(session, user)
    if before:
        mail.post(session, "moved", before, user, address=said.address)
    return _told(session, Actor(user.name, user_id=user.id), user, "confirm_address")


def show_address(email: str) -> str:
    """The letter's link followed by whoever said last that this address is theirs.

    A program's stand-in for whoever reads the box, for the demonstration, the benches and the tests.
    """
    with looking() as session:
        user = session.scalars(claimed_as(email).order_by(None).order_by(User.id.desc()).limit(1)).one()
    return confirm(actor_for(user), token=token(user, user.email_asked))
