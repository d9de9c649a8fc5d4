"""What somebody shows beside the password.

Codes of an authenticator (TOTP, RFC 6238), passkeys (WebAuthn level 3), and recovery codes for the day
neither is at hand. Each code counts once.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from datetime import datetime

import pyotp
from sqlalchemy import BigInteger, ForeignKey, LargeBinary, String, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models import clock, sealing, spelling
from models.base import Base

STEP = 30  # seconds a code stands for (RFC 6238, 4.1)
DRIFT = 1  # steps a person's clock may be off either way (RFC 6238, 5.2)
CODES = 10  # recovery codes of one set
_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"  # nothing that is taken for something else
MOST_PASSKEYS = 10


class Authenticator(Base):
    """A person's authenticator.

    Its secret, sealed with the platform's key, and the step of the last code that counted.
    """

    __tablename__ = "authenticators"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), unique=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    last_step: Mapped[int] = mapped_column(BigInteger, default=0)
    created_at: Mapped[datetime] = mapped_column(default=clock.now)


class Passkey(Base):
    """A public key a person's device or security key signs with. `handle` is what the page calls it."""

    __tablename__ = "passkeys"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    handle: Mapped[str] = mapped_column(String(16), unique=True)
    credential_id: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    public_key: Mapped[bytes] = mapped_column(LargeBinary)
    sign_count: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str] = mapped_column(String(80))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    used_at: Mapped[datetime | None]


class RecoveryCode(Base):
    """One recovery code that was not used yet, as its hash.

    It has 49 bits of chance in it, and tries are limited.
    """

    __tablename__ = "recovery_codes"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    code_hash: Mapped[str] = mapped_column(String(64))


def kinds(session: Session, user_id: int) -> set[str]:
    """Which factors a person has: `totp`, `passkey`, both or none."""
    found = set()
    if session.scalar(select(Authenticator.id).where(Authenticator.user_id == user_id)):
        found.add("totp")
    if session.scalar(select(Passkey.id).where(Passkey.user_id == user_id).limit(1)):
        found.add("passkey")
    return found


def fresh_secret() -> str:
    """A secret for an authenticator: 160 bits in base32 (RFC 4226, 4)."""
    return pyotp.random_base32()


def provisioning(secret: str, address: str, issuer: str) -> str:
    """The `otpauth://` address an authenticator reads from a QR code."""
    return pyotp.TOTP(secret, interval=STEP).provisioning_uri(name=address, issuer_name=issuer)


def step_of(secret: str, code: str, after: int = 0) -> int | None:
    """The step this code stands for, if it is the code of one about now, and of one later than `after`.

    None counts twice (RFC 6238, 5.2).
    """
    typed, now, found = _figures(code), int(clock.now().timestamp()) // STEP, None
    totp = pyotp.TOTP(secret, interval=STEP)
    for step in range(now - DRIFT, now + DRIFT + 1):
        if hmac.compare_digest(totp.at(step * STEP).encode(), typed.encode()) and step > after:
            found = step
    return found


def set_authenticator(session: Session, user_id: int, secret: str, step: int, key: bytes) -> None:
    """A person's authenticator, in the place of another one if there was any.

    The code that showed it works is used up.
    """
    session.execute(delete(Authenticator).where(Authenticator.user_id == user_id))
    session.add(Authenticator(user_id=user_id, sealed=sealing.wrap(key, secret.encode()), last_step=step))


def use_totp(session: Session, user_id: int, code: str, key: bytes) -> bool:
    """Whether this is a code of the person's authenticator that has not counted yet; now it has.

    Two at once wait for each other here.
    """
    found = session.scalars(
        select(Authenticator).where(Authenticator.user_id == user_id).with_for_update()
    ).one_or_none()
    step = step_of(sealing.unwrap(key, found.sealed).decode(), code, found.last_step) if found else None
    if found is None or step is None:
        return False
    found.last_step = step
    return True


def fresh_codes() -> list[str]:
    """A set of recovery codes, to be shown once."""
    return [
        "-".join("".join(secrets.choice(_ALPHABET) for _ in range(5)) for _ in range(2)) for _ in range(CODES)
    ]


def set_codes(session: Session, user_id: int, codes: list[str]) -> None:
    """These are a person's recovery codes from now on, and those of before are not."""
    session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == user_id))
    session.add_all(RecoveryCode(user_id=user_id, code_hash=_hash(user_id, code)) for code in codes)


def codes_left(session: Session, user_id: int) -> int:
    return session.scalar(select(func.count(RecoveryCode.id)).where(RecoveryCode.user_id == user_id)) or 0


def use_recovery(session: Session, user_id: int, code: str) -> bool:
    """Whether this is one of the person's recovery codes; from now on it is none."""
    used = delete(RecoveryCode).where(
        RecoveryCode.user_id == user_id, RecoveryCode.code_hash == _hash(user_id, code)
    )
    return bool(session.execute(used).rowcount)  # type: ignore[attr-defined]


def drop(session: Session, user_id: int) -> None:
    """A person has no factor any more, nor codes for when it has none at hand."""
    for table in (Authenticator, Passkey, RecoveryCode):
        session.execute(delete(table).where(table.user_id == user_id))


def _figures(code: str) -> str:
    return re.sub(r"\s", "", spelling.plain(code))


def _hash(user_id: int, code: str) -> str:
    plain = re.sub(r"[^0-9a-z]", "", spelling.plain(code).lower())
    return hashlib.sha256(f"{user_id} {plain}".encode()).hexdigest()
