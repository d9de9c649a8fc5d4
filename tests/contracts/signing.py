"""An authority outside of ours that issues certificates, and papers signed by hand."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import typst
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID

from harness.factories import World
from market.contracts.actions.contract_pdf import rendered
from market.extensions import db
from market.files import store
from market.opendata.checking import check_copy
from models.signing.pades import sign


class Authority:
    """A certification body of the tests' own."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "测试电子认证")])
        self.certificate = self.issue(self.name, self.key.public_key(), ca=True)

    def issue(
        self, name: x509.Name, public: Any, *, ca: bool = False, days: int = 700, purpose: Any = None
    ) -> x509.Certificate:
        usage = dict.fromkeys(
            ("data_encipherment", "key_encipherment", "key_agreement", "encipher_only", "decipher_only"),
            False,
        )
        made = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self.name)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(self.now - timedelta(days=30))
            .not_valid_after(self.now + timedelta(days=days))
            .add_extension(x509.BasicConstraints(ca, None), True)
            .add_extension(
                x509.KeyUsage(
                    digital_signature=True, content_commitment=not ca, key_cert_sign=ca, crl_sign=ca, **usage
                ),
                True,
            )
        )
        if purpose:
            made = made.add_extension(x509.ExtendedKeyUsage([purpose]), True)
        return made.sign(self.key, hashes.SHA256())

    def party(self, name: str, code: str, days: int = 700) -> tuple[Any, x509.Certificate]:
        """A key and a certificate for somebody."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, name),
                x509.NameAttribute(NameOID.SERIAL_NUMBER, code),
                x509.NameAttribute(NameOID.COMMON_NAME, name),
            ]
        )
        return key, self.issue(subject, key.public_key(), days=days)

    def bundle(self, key: Any, certificate: x509.Certificate, password: bytes = b"secret") -> bytes:
        return pkcs12.serialize_key_and_certificates(
            b"key", key, certificate, [self.certificate], serialization.BestAvailableEncryption(password)
        )


def paper(contract: str) -> bytes:
    """The contract's PDF as it stands."""
    return store().get(rendered(contract).sha256)


def drafted(world: World) -> str:
    identifier: str = world.contract_of(world.awarded()).identifier
    return identifier


def looked_at(content: bytes) -> tuple[str, list[tuple[str, tuple[str, ...]]]]:
    """The verdict on a copy, and each signer with what is wrong."""
    db.session.rollback()
    copy = check_copy(db.session, content)
    return copy.verdict, [(signed.signer, flaws) for signed, flaws in copy.signatures]


def by_hand(content: bytes, field: str, key: Any, certificate: x509.Certificate, at: datetime) -> bytes:
    """Signed elsewhere: by whoever has the key, whatever it may be."""
    der = certificate.public_bytes(serialization.Encoding.DER)
    return sign(content, field, der, b"", key, at=at, reason="签订合同", seal=SEAL)


def _seal() -> bytes:
    return bytes(typst.compile(b"#set page(width: 60mm, height: 30mm)\nx"))  # type: ignore[arg-type]


SEAL = _seal()
