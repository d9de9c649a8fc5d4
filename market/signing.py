"""Signing with what this market is set up with.

Where keys are wrapped, whom it trusts, who stamps the time.
"""

from __future__ import annotations

from pathlib import Path

from asn1crypto import cms
from cryptography import x509
from flask import current_app
from pyhanko.sign.timestamps import TimeStamper
from pyhanko.sign.timestamps.aiohttp_client import HTTPTimeStamper
from sqlalchemy.orm import Session

from market.http_client import client
from market.printing import pdf
from market.transaction import looking, outside, transaction
from models import clock
from models.accounts import Organisation
from models.clock import BEIJING
from models.errors import RuleViolation, Unavailable
from models.i18n import N_
from models.printable import missing, words
from models.signing.keys import SigningKey, key_of, roots, valid_key
from models.signing.pades import sign

PATIENCE = 10.0  # seconds for a whole answer of a time stamping authority
MOST = 256 * 1024  # bytes of it


class TimestampsUnavailable(Unavailable):
    """The time stamping authority does not answer; nothing is signed without it where one is set."""


class HttpTimestamps(TimeStamper):
    """A time stamping authority over HTTP (RFC 3161, 3.4): pyHanko's, through a client of ours."""

    def __init__(self, url: str) -> None:
        self.url = url
        super().__init__()

    async def async_timestamp(self, message_digest: bytes, md_algorithm: str) -> cms.ContentInfo:
        outside("the time is stamped")
        try:
            async with client(PATIENCE, MOST) as session:
                authority = HTTPTimeStamper(self.url, timeout=PATIENCE, session=session)
                return await authority.async_timestamp(message_digest, md_algorithm)
        except (OSError, ValueError) as error:
            raise TimestampsUnavailable(N_("时间戳服务没有回应,请稍后再签。")) from error


def secret() -> bytes:
    """The key under which private keys are wrapped."""
    key: bytes = current_app.extensions["signing_key"]
    return key


def prepare_key(session: Session, organisation: Organisation) -> SigningKey:
    """The pair an organisation signs with, made where there is none."""
    return key_of(session, organisation, secret())


def key_in_force(organisation: Organisation) -> SigningKey:
    """The pair an organisation signs with now, made in a transaction of its own where there is none in force.

    RuleViolation where its own certificate has run out.
    """
    with looking() as session:
        standing = valid_key(session, organisation.id)
        if standing is not None and standing.in_force(secret()):
            return standing
    with transaction() as session:
        return prepare_key(session, session.get_one(Organisation, organisation.id))


def configured_roots(folder: str) -> list[x509.Certificate]:
    """The certification bodies this market trusts besides itself.

    Every `.pem` in the folder of SIGNING_ROOTS.
    """
    files = sorted(Path(folder).glob("*.pem")) if folder else []
    return [
        certificate for file in files for certificate in x509.load_pem_x509_certificates(file.read_bytes())
    ]


def brought_roots() -> list[x509.Certificate]:
    found: list[x509.Certificate] = current_app.extensions["signing_roots"]
    return found


def trusted(session: Session) -> list[x509.Certificate]:
    """Every root a signature may lead to here."""
    return roots(session, brought_roots())


def signed(document: bytes, field: str, key: SigningKey, organisation: Organisation) -> bytes:
    """The PDF with this organisation's signature in its field; outside of any transaction."""
    outside("a contract is signed")
    if lacking := missing(organisation.name):
        raise RuleViolation(
            N_("单位名称里有打印不出来的字:%(characters)s,签章上会缺字,不能签署。"), characters=words(lacking)
        )
    at, url = clock.now(), current_app.config["TSA_URL"]
    local = at.astimezone(BEIJING)
    look = {
        "name": organisation.name,
        "code": organisation.uscc,
        "at": f"{local:%Y-%m-%d %H:%M:%S}",
        "serial": key.serial[:16].upper(),
    }
    return sign(
        document,
        field,
        key.certificate,
        key.chain,
        key.unlocked(secret()),
        at=local,
        reason="签订合同",
        seal=pdf("seal", look, at=local),
        timestamps=HttpTimestamps(url) if url else None,
    )
