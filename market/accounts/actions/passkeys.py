"""Passkeys (WebAuthn level 3): what the browser is asked, and whether what it answers is right.

All of it is checked here; origin and relying party come from PUBLIC_URL, never from the request.
"""

from __future__ import annotations

import hmac
import ipaddress
import json
import secrets
from dataclasses import dataclass
from urllib.parse import urlsplit

import webauthn
from flask import current_app
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from market.accounts.actions.second_factor import changed, owner, shown_owner
from market.attempts import counted, person
from market.reauthentication import prove
from market.transaction import action, looking, sealing_key, transaction
from models import clock, factors
from models.accounts import User
from models.actors import Actor
from models.errors import NotFound, RuleViolation
from models.factors import MOST_PASSKEYS, Passkey
from models.i18n import N_
from models.sessions import SignIn

MOST_ANSWER = 20_000  # characters; those of real devices have a few thousand
# What the library raises for an answer that is not one; whoever makes one up need not keep to its own errors.
WRONG = (
    WebAuthnException,
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RecursionError,
)


@dataclass(frozen=True)
class Party:
    """Who passkeys are for: the site as its browsers know it."""

    id: str
    origin: str


def party() -> Party | None:
    """The relying party; None where the market has no name, which browsers want (a bare address is none)."""
    parts = urlsplit(current_app.config["PUBLIC_URL"])
    host = parts.hostname or ""
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return Party(host, f"{parts.scheme}://{parts.netloc}") if host else None
    return None


def _party() -> Party:
    found = party()
    if found is None:
        raise NotFound(N_("这个站点没有域名,不能使用通行密钥。"))
    return found


def _challenge(what: str, sign_in: SignIn) -> bytes:
    """What is to be signed: of one sign-in and for one purpose, and nobody can know it beforehand.

    That sign-in ends when the answer counted, so none counts twice.
    """
    return hmac.digest(sealing_key(), f"passkey {what} {sign_in.token_hash}".encode(), "sha256")


def _descriptors(session: Session, user_id: int) -> list[PublicKeyCredentialDescriptor]:
    return [
        PublicKeyCredentialDescriptor(id=each)
        for each in session.scalars(select(Passkey.credential_id).where(Passkey.user_id == user_id))
    ]


def asked_to_register(session: Session, sign_in: SignIn) -> str:
    """What the browser is given to make a passkey with, as JSON.

    The person's handle tells nothing of who it is.
    """
    site, user = _party(), sign_in.user
    options = webauthn.generate_registration_options(
        rp_id=site.id,
        rp_name="公信 Gongxin",
        user_name=user.address,
        user_display_name=user.name,
        user_id=hmac.digest(sealing_key(), f"passkey person {user.id}".encode(), "sha256"),
        challenge=_challenge("register", sign_in),
        exclude_credentials=_descriptors(session, user.id),
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.DISCOURAGED,
            user_verification=UserVerificationRequirement.PREFERRED,
        ),
    )
    return webauthn.options_to_json(options)


def asked_to_sign(session: Session, sign_in: SignIn) -> str | None:
    """What the browser is given to sign in with a passkey of this person, as JSON.

    None where there is none.
    """
    site, known = party(), _descriptors(session, sign_in.user_id)
    if site is None or not known:
        return None
    options = webauthn.generate_authentication_options(
        rp_id=site.id, challenge=_challenge("sign in", sign_in), allow_credentials=known
    )
    return webauthn.options_to_json(options)


def add(
    actor: Actor,
    sign_in: SignIn,
    codes: list[str],
    *,
    current: str,
    answer: str,
    name: str = "",
    submission: str = "",
) -> str:
    """Keep the passkey a browser made.

    Returns whether these recovery codes came with it, as `1` or nothing.
    """
    prove(actor, current)
    site = _party()
    try:
        made = webauthn.verify_registration_response(
            credential=_bounded(answer),
            expected_challenge=_challenge("register", sign_in),
            expected_rp_id=site.id,
            expected_origin=site.origin,
        )
    except WRONG as error:
        raise RuleViolation(N_("浏览器给出的通行密钥不对,请重试。"), "answer") from error
    return _add(
        actor,
        made.credential_id,
        made.credential_public_key,
        made.sign_count,
        name.strip(),
        codes,
        submission=submission,
    )


@action
def _add(
    session: Session,
    actor: Actor,
    credential_id: bytes,
    public_key: bytes,
    count: int,
    name: str,
    codes: list[str],
) -> str:
    key = shown_owner(actor)
    first = not factors.kinds(session, key)
    if session.scalar(select(Passkey.id).where(Passkey.credential_id == credential_id)):
        raise RuleViolation(N_("这个通行密钥已经登记过。"), "answer")
    if (session.scalar(select(func.count(Passkey.id)).where(Passkey.user_id == key)) or 0) >= MOST_PASSKEYS:
        raise RuleViolation(N_("通行密钥已经够多了,请先删去不用的。"), "answer")
    made = {
        "handle": secrets.token_urlsafe(9),
        "credential_id": credential_id,
        "public_key": public_key,
        "sign_count": count,
    }
    session.add(Passkey(user_id=key, name=name[:80], **made))
    return changed(session, actor, "passkey", codes if first else [])


def remove(actor: Actor, handle: str, *, current: str, submission: str = "") -> str:
    """Take a passkey away; the last of a person's factors goes with its recovery codes."""
    prove(actor, current)
    return _remove(actor, handle, submission=submission)


@action
def _remove(session: Session, actor: Actor, handle: str) -> str:
    key = owner(actor)
    gone = session.execute(delete(Passkey).where(Passkey.user_id == key, Passkey.handle == handle)).rowcount  # type: ignore[attr-defined]
    if not gone:
        raise NotFound(N_("没有这个通行密钥。"))
    if not factors.kinds(session, key):
        factors.drop(session, key)
    return changed(session, actor, "passkey_removed", [])


def shown(sign_in: SignIn, answer: str) -> bool:
    """Whether a browser answered as one of the person's passkeys would. TooMany where it comes too early."""
    user = sign_in.user
    with counted("passkey", person(user), "answer", everywhere=True) as attempt:
        attempt.right = _signed(sign_in, user, answer)
    return bool(attempt.right)


def _signed(sign_in: SignIn, user: User, answer: str) -> bool:
    site = _party()
    try:
        told = json.loads(_bounded(answer))
        named = webauthn.base64url_to_bytes(told["rawId"])
        with looking() as session:
            known = session.scalars(
                select(Passkey).where(Passkey.user_id == user.id, Passkey.credential_id == named)
            ).one_or_none()
        if known is None:
            return False
        signed = webauthn.verify_authentication_response(
            credential=told,
            expected_challenge=_challenge("sign in", sign_in),
            expected_rp_id=site.id,
            expected_origin=site.origin,
            credential_public_key=known.public_key,
            credential_current_sign_count=known.sign_count,
        )
    except WRONG:
        return False
    return _count_on(known, signed.new_sign_count)


def _count_on(known: Passkey, count: int) -> bool:
    """Note the device's count, which only grows (one of nought counts nothing).

    False where another answer with it came first: a copied device.
    """
    still = update(Passkey).where(Passkey.id == known.id, Passkey.sign_count == known.sign_count)
    with transaction() as session:
        return bool(session.execute(still.values(sign_count=count, used_at=clock.now())).rowcount)  # type: ignore[attr-defined]


def _bounded(answer: str) -> str:
    if len(answer) > MOST_ANSWER:
        raise ValueError("no device answers at such length")
    return answer
