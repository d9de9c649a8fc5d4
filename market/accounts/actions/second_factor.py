"""The second factor: setting it up, showing it, taking it away."""

from __future__ import annotations

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import asdict, dataclass

from cryptography.exceptions import InvalidTag
from flask import current_app
from sqlalchemy.orm import Session

from market import mail
from market.accounts.actions.sessions import note
from market.attempts import counted, person
from market.reauthentication import prove
from market.transaction import action, sealing_key, transaction
from models import factors, letters, sealing
from models.accounts import User
from models.actors import Actor
from models.errors import NotAllowed, RuleViolation
from models.holders import with_address
from models.i18n import N_
from models.sessions import SignIn, end

TOLD_AFTER = (
    5  # wrong codes after the right password: somebody else has it, which the owner is told once a day
)


@dataclass(frozen=True)
class Offer:
    """What somebody is to set up: a secret, and the recovery codes that come with a first factor.

    It lies sealed in the browser until a code shows that it was taken up, so that looking at a page writes
    nothing, and a form sent twice shows the same codes.
    """

    secret: str
    codes: list[str]

    def sealed(self) -> str:
        return urlsafe_b64encode(sealing.wrap(sealing_key(), json.dumps(asdict(self)).encode())).decode()


def fresh_offer() -> Offer:
    return Offer(factors.fresh_secret(), factors.fresh_codes())


def offered(sealed: str) -> Offer | None:
    """What this seals; None for what we did not seal."""
    try:
        return Offer(**json.loads(sealing.unwrap(sealing_key(), urlsafe_b64decode(sealed))))
    except (InvalidTag, ValueError):
        return None


def add_authenticator(actor: Actor, offer: Offer, *, current: str, code: str, submission: str = "") -> str:
    """Set up an authenticator, shown by a first code, in the place of another one.

    Returns whether recovery codes came with it, as `1` or nothing.
    """
    prove(actor, current)
    step = factors.step_of(offer.secret, code)
    if step is None:
        raise RuleViolation(N_("验证码不对。请核对手机时间,再填验证器现在显示的 6 位数字。"), "code")
    return _add_authenticator(actor, offer, step, submission=submission)


@action
def _add_authenticator(session: Session, actor: Actor, offer: Offer, step: int) -> str:
    key = shown_owner(actor)
    first = not factors.kinds(session, key)
    factors.set_authenticator(session, key, offer.secret, step, sealing_key())
    return changed(session, actor, "authenticator", offer.codes if first else [])


def changed(session: Session, actor: Actor, what: str, codes: list[str]) -> str:
    """What follows a change of somebody's factors.

    Perhaps a set of recovery codes, the other sessions end (they did not show it), a letter, an event.
    Returns whether there were codes, as `1` or nothing.
    """
    key = owner(actor)
    if codes:
        factors.set_codes(session, key, codes)
    end(session, SignIn.user_id == key)
    mail.post_to_holder(session, "factor_changed", session.get_one(User, key))
    note(session, actor, what)
    return "1" if codes else ""


def fresh_recovery(actor: Actor, codes: list[str], *, current: str, submission: str = "") -> str:
    """Replace the recovery codes."""
    prove(actor, current)
    return _set_codes(actor, codes, submission=submission)


@action
def _set_codes(session: Session, actor: Actor, codes: list[str]) -> str:
    if not factors.kinds(session, owner(actor)):
        raise RuleViolation(N_("请先设置验证器或通行密钥。"))
    return changed(session, actor, "recovery_codes", codes)


def remove(actor: Actor, *, current: str, submission: str = "") -> str:
    """Take away every factor of one's own.

    Who may not be without is asked to set up another before anything else.
    """
    prove(actor, current)
    return _remove_factors(actor, submission=submission)


@action
def _remove_factors(session: Session, actor: Actor) -> str:
    factors.drop(session, owner(actor))
    return changed(session, actor, "factors_removed", [])


@action
def reset_of(session: Session, actor: Actor, *, email: str, reason: str) -> str:
    """An administrator takes away the factors of whoever has this address and lost them.

    Done after finding out who it is; nothing tells whether anybody has the address.
    """
    if not reason.strip():
        raise RuleViolation(N_("请说明如何核实了本人身份。"), "reason")
    for user in session.scalars(with_address(email)):
        factors.drop(session, user.id)
        end(session, SignIn.user_id == user.id)
        mail.post_to_holder(session, "factor_changed", user)
        note(session, actor, "factors_removed", of=user, reason=reason.strip())
    return ""


def shown(user: User, code: str) -> str | None:
    """Which factor this code is (`totp`, `recovery`), now used up; None for none.

    TooMany where it comes too early.
    """
    with counted("code", person(user), "code", everywhere=True) as attempt:
        with transaction() as session:
            kind = _used(session, user.id, code)
            if (
                kind is None
                and attempt.failures >= TOLD_AFTER
                and not letters.lately(session, "factor_tried", user.address)
            ):
                mail.post_to_holder(session, "factor_tried", user)
        attempt.right = kind is not None
    return kind


def _used(session: Session, user_id: int, code: str) -> str | None:
    if factors.use_totp(session, user_id, code, sealing_key()):
        return "totp"
    return "recovery" if factors.use_recovery(session, user_id, code) else None


def owner(actor: Actor) -> int:
    if actor.user_id is None:
        raise NotAllowed(N_("请先登录。"))
    return actor.user_id


def shown_owner(actor: Actor) -> int:
    """Who sets up a factor: only whoever has shown an address to be its own.

    Else a stranger would lock an account under somebody's address before its owner comes to it.
    """
    if not actor.confirmed:
        raise RuleViolation(N_("请先确认您的邮箱,再设置第二重验证。"))
    return owner(actor)


def provisioning(offer: Offer, address: str) -> str:
    """What the QR code of an offer says."""
    return factors.provisioning(offer.secret, address, f"Gongxin {current_app.config['AREA']}")
