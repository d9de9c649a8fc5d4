"""Answers to other systems: facts in canonical JSON, and a signature over exactly those bytes.

The key is one of its own: the platform's root certifies it and signs nothing else. Texts, booleans and whole
numbers are all an answer holds: of these the canonical form is that of RFC 8785.
"""

from __future__ import annotations

import base64
import json

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from sqlalchemy import select
from sqlalchemy.orm import Session

from models import clock
from models.base import Json
from models.signing.keys import KEY_YEARS, SigningKey, certified, establish

HOLDER, ORIGIN = "公信平台数据应答", "answers"
ALGORITHM = "ECDSA-P256-SHA256"


def canonical(answer: Json) -> bytes:
    """What is signed: keys in order, no blanks, UTF-8."""
    return json.dumps(answer, ensure_ascii=False, separators=(",", ":"), sort_keys=True).encode()


def key_in_use(session: Session, secret: bytes) -> SigningKey | None:
    """The newest pair answers are signed with, if it is in force."""
    newest = (
        select(SigningKey)
        .where(SigningKey.origin == ORIGIN, SigningKey.retired_at.is_(None))
        .order_by(SigningKey.id.desc())
    )
    return next((key for key in session.scalars(newest) if key.in_force(secret)), None)


def prepare(session: Session, secret: bytes) -> SigningKey:
    """The same, made where there is none."""
    standing = key_in_use(session, secret)
    if standing is not None:
        return standing
    name = x509.Name(
        [x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"), x509.NameAttribute(NameOID.COMMON_NAME, HOLDER)]
    )
    made = certified(establish(session, secret), name, secret, ORIGIN, KEY_YEARS)
    session.add(made)
    session.flush()
    return made


def signature(answer: Json, key: SigningKey, secret: bytes) -> str:
    """The signature over an answer: DER, in Base64."""
    private = key.unlocked(secret)
    assert isinstance(private, ec.EllipticCurvePrivateKey)
    return base64.b64encode(private.sign(canonical(answer), ec.ECDSA(hashes.SHA256()))).decode()


def certificates(session: Session) -> str:
    """Every certificate answers were ever signed with, and the platform's roots, the newest first, as PEM."""
    found = session.scalars(
        select(SigningKey.certificate)
        .where(SigningKey.origin.in_((ORIGIN, "authority")), SigningKey.created_at <= clock.now())
        .order_by(SigningKey.origin, SigningKey.id.desc())
    )
    pem = serialization.Encoding.PEM
    return "".join(x509.load_der_x509_certificate(der).public_bytes(pem).decode() for der in found)
