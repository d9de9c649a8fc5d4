"""Keys: one pair an organisation, its private half wrapped under a key outside of the database.

Its certificate is issued by the platform's own authority; or it is an organisation's own, from a
certification body whose root is trusted here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID
from pyhanko_certvalidator import CertificateValidator, ValidationContext
from pyhanko_certvalidator.errors import PathError, ValidationError
from sqlalchemy import ForeignKey, Index, LargeBinary, String, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from models import clock, sealing, spelling, uscc
from models.accounts import Organisation
from models.base import Base, Name
from models.errors import RuleViolation
from models.i18n import N_

AUTHORITY = "公信平台签名根证书"
AUTHORITY_YEARS, KEY_YEARS = 20, 3
_DER = serialization.Encoding.DER
MOST_BUNDLE, MOST_BITS, MOST_BETWEEN = (
    256 << 10,
    4096,
    8,
)  # of a PKCS #12 file: its bytes, its key's bits, certificates beside its own
PrivateKey = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
Opened = tuple[bytes, bytes, list[bytes], bool]


class SigningKey(Base):
    """A pair of keys and its certificate (DER).

    `origin` is `authority` (the platform's root, of no organisation), `answers` (what it answers other
    systems with), `platform` (made here and held for an organisation) or `own` (brought along). One is in use
    at a time.
    """

    __tablename__ = "signing_keys"
    __table_args__ = (
        Index(
            "uq_signing_keys_in_use",
            "organisation_id",
            unique=True,
            sqlite_where=text("retired_at IS NULL"),
            postgresql_where=text("retired_at IS NULL"),
        ),
    )

    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    origin: Mapped[str] = mapped_column(String(10))
    subject: Mapped[Name]
    serial: Mapped[str] = mapped_column(String(50), unique=True)
    certificate: Mapped[bytes] = mapped_column(LargeBinary)
    chain: Mapped[bytes] = mapped_column(
        LargeBinary, default=b""
    )  # the certificates between it and a root, as PEM
    private_key: Mapped[bytes] = mapped_column(LargeBinary)
    valid_from: Mapped[datetime]
    valid_until: Mapped[datetime]
    retired_at: Mapped[datetime | None]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)

    @property
    def holder(self) -> str:
        """The name in the certificate."""
        named = x509.load_der_x509_certificate(self.certificate).subject
        return (
            str(named.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)
            if named.get_attributes_for_oid(NameOID.COMMON_NAME)
            else self.subject
        )

    def opens(self, secret: bytes) -> bool:
        """Whether this is the secret it was wrapped under."""
        try:
            sealing.unwrap(secret, self.private_key)
        except InvalidTag:
            return False
        return True

    def in_force(self, secret: bytes) -> bool:
        """Whether it can be signed with now."""
        return self.valid_from <= clock.now() <= self.valid_until and self.opens(secret)

    def unlocked(self, secret: bytes) -> PrivateKey:
        """The private key, for as long as a signature takes."""
        key = serialization.load_der_private_key(sealing.unwrap(secret, self.private_key), None)
        assert isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey)
        return key


def _certificate(
    name: x509.Name,
    public: ec.EllipticCurvePublicKey,
    issuer: x509.Name,
    signed_by: ec.EllipticCurvePrivateKey,
    years: int,
    *,
    authority: bool,
) -> x509.Certificate:
    now = clock.now().astimezone(UTC).replace(microsecond=0)
    may = dict.fromkeys(
        ("data_encipherment", "key_encipherment", "key_agreement", "encipher_only", "decipher_only"), False
    )
    usage = x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        **may,
    )
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(days=365 * years))
        .add_extension(x509.BasicConstraints(authority, 0 if authority else None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(
            x509.AuthorityKeyIdentifier.from_issuer_public_key(signed_by.public_key()), critical=False
        )
    )
    return made.sign(signed_by, hashes.SHA256())


def _kept(
    key: PrivateKey,
    secret: bytes,
    certificate: x509.Certificate,
    origin: str,
    organisation: Organisation | None,
) -> SigningKey:
    der = key.private_bytes(_DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return SigningKey(
        organisation_id=organisation.id if organisation else None,
        origin=origin,
        subject=certificate.subject.rfc4514_string()[:200],
        serial=f"{certificate.serial_number:x}",
        certificate=certificate.public_bytes(_DER),
        private_key=sealing.wrap(secret, der),
        valid_from=certificate.not_valid_before_utc,
        valid_until=certificate.not_valid_after_utc,
    )


def establish(session: Session, secret: bytes) -> SigningKey:
    """The platform's authority, made on first use, and anew under another secret than it was wrapped under.

    What it signed stays valid. A step before the server: two processes at once would make two.
    """
    standing = session.scalars(
        select(SigningKey).where(SigningKey.origin == "authority", SigningKey.retired_at.is_(None))
    ).one_or_none()
    if standing is not None and standing.opens(secret):
        return standing
    if standing is not None:
        standing.retired_at = clock.now()
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name(
        [x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"), x509.NameAttribute(NameOID.COMMON_NAME, AUTHORITY)]
    )
    made = _kept(
        key,
        secret,
        _certificate(name, key.public_key(), name, key, AUTHORITY_YEARS, authority=True),
        "authority",
        None,
    )
    session.add(made)
    session.flush()
    return made


def valid_key(session: Session, organisation_id: int) -> SigningKey | None:
    """The pair an organisation uses, if it has one; it may have run out."""
    query = select(SigningKey).where(
        SigningKey.organisation_id == organisation_id, SigningKey.retired_at.is_(None)
    )
    return session.scalars(query).one_or_none()


def issue_key(session: Session, organisation: Organisation, secret: bytes) -> SigningKey:
    """A fresh pair for an organisation, certified by the platform's authority; the one before retires."""
    authority = establish(session, secret)
    # An attribute of a name holds 64 characters (RFC 5280, ub-organization-name and ub-common-name).
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation.name[:64]),
            x509.NameAttribute(NameOID.SERIAL_NUMBER, organisation.uscc),
            x509.NameAttribute(NameOID.COMMON_NAME, organisation.name[:64]),
        ]
    )
    _retire(session, organisation)
    made = certified(authority, name, secret, "platform", KEY_YEARS, organisation)
    session.add(made)
    session.flush()
    return made


def certified(
    authority: SigningKey,
    name: x509.Name,
    secret: bytes,
    origin: str,
    years: int,
    organisation: Organisation | None = None,
) -> SigningKey:
    """A fresh pair under this name, certified by the platform's authority."""
    issuer, signed_by = x509.load_der_x509_certificate(authority.certificate), authority.unlocked(secret)
    assert isinstance(signed_by, ec.EllipticCurvePrivateKey)
    key = ec.generate_private_key(ec.SECP256R1())
    certificate = _certificate(name, key.public_key(), issuer.subject, signed_by, years, authority=False)
    return _kept(key, secret, certificate, origin, organisation)


def _retire(session: Session, organisation: Organisation) -> None:
    standing = valid_key(session, organisation.id)
    if standing is not None:
        standing.retired_at = clock.now()
        session.flush()


def key_of(session: Session, organisation: Organisation, secret: bytes) -> SigningKey:
    """The pair an organisation signs with now.

    One held here is made where there is none, and made anew once it has run out or cannot be opened;
    RuleViolation where that became of its own.
    """
    standing = valid_key(session, organisation.id)
    if standing is not None and standing.in_force(secret):
        return standing
    if standing is not None and standing.origin == "own":
        raise RuleViolation(
            N_("您上传的签名证书(有效期至 %(day)s)不能再用,请更换证书。"),
            day=standing.valid_until.date().isoformat(),
        )
    return issue_key(session, organisation, secret)


def roots(session: Session, trusted: Iterable[x509.Certificate]) -> list[x509.Certificate]:
    """Every root a signature may lead to: the platform's, retired ones too, and those configured."""
    own = session.scalars(select(SigningKey.certificate).where(SigningKey.origin == "authority"))
    return [*(x509.load_der_x509_certificate(der) for der in own), *trusted]


def names(certificate: x509.Certificate, organisation: Organisation) -> bool:
    """Whether a certificate speaks for this organisation.

    It bears its credit code, or its name, whatever the width of a bracket.
    """
    said = [str(attribute.value) for attribute in certificate.subject]
    return any(
        organisation.uscc in uscc.spelled(value) or spelling.same_name(organisation.name, value)
        for value in said
    )


def open_own(content: bytes, password: str, trusted: list[bytes], now: datetime) -> Opened:
    """What a PKCS #12 file holds, as DER: the private key, its certificate, those between it and a root.

    And whether they lead to one of the trusted. RuleViolation at `file` or `password` if it cannot be read.
    What a stranger sends may cost anything to open (a count of iterations, a huge number): this is for a
    process of its own, which is told the time.
    """
    if not 0 < len(content) <= MOST_BUNDLE:
        raise RuleViolation(N_("证书文件是空的,或者超过 %(most)s KB。"), "file", most=MOST_BUNDLE >> 10)
    try:
        key, certificate, more = pkcs12.load_key_and_certificates(content, password.encode() or None)
    except ValueError:
        raise RuleViolation(
            N_("证书文件打不开:不是 PKCS#12(.p12、.pfx),或者密码不对。"), "password"
        ) from None
    if not isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey) or certificate is None:
        raise RuleViolation(N_("文件里没有 RSA 或者椭圆曲线的私钥和证书。"), "file")
    if key.key_size > MOST_BITS or len(more) > MOST_BETWEEN:
        raise RuleViolation(
            N_("私钥超过 %(bits)s 位,或者证书多于 %(most)s 张。"), "file", bits=MOST_BITS, most=MOST_BETWEEN
        )
    between = [each for each in more if each.subject != each.issuer]
    with clock.at(now):
        led = _leads_to(certificate, between, [x509.load_der_x509_certificate(der) for der in trusted])
    der = key.private_bytes(_DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return der, certificate.public_bytes(_DER), [each.public_bytes(_DER) for each in between], led


def keep_own(session: Session, organisation: Organisation, opened: Opened, secret: bytes) -> SigningKey:
    """An organisation's own pair, as `open_own` found it.

    RuleViolation at `file` if it is not in force, does not name the organisation, or leads to no trusted
    root.
    """
    der, certificate, between, led = (
        opened[0],
        x509.load_der_x509_certificate(opened[1]),
        opened[2],
        opened[3],
    )
    key = serialization.load_der_private_key(
        der, None, unsafe_skip_rsa_key_validation=True
    )  # it was checked when it was opened
    assert isinstance(key, ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey)
    if not certificate.not_valid_before_utc <= clock.now() <= certificate.not_valid_after_utc:
        raise RuleViolation(N_("证书不在有效期内。"), "file")
    if not names(certificate, organisation):
        raise RuleViolation(N_("证书的主体不是本单位(%(name)s)。"), "file", name=organisation.name)
    if not led:
        raise RuleViolation(N_("证书不是受信任的电子认证服务机构签发的。"), "file")
    made = _kept(key, secret, certificate, "own", organisation)
    if session.scalars(select(SigningKey.id).where(SigningKey.serial == made.serial)).first():
        raise RuleViolation(N_("这个证书已经登记过了。"), "file")
    made.chain = b"".join(
        x509.load_der_x509_certificate(each).public_bytes(serialization.Encoding.PEM) for each in between
    )
    _retire(session, organisation)
    session.add(made)
    session.flush()
    return made


def anchors(trusted: Iterable[x509.Certificate]) -> list[asn1_x509.Certificate]:
    """Certificates as the validator takes them."""
    return [asn1_x509.Certificate.load(each.public_bytes(_DER)) for each in trusted]


def _leads_to(
    certificate: x509.Certificate, between: list[x509.Certificate], trusted: list[x509.Certificate]
) -> bool:
    """Whether a path of valid certificates leads to a trusted root."""
    context = ValidationContext(trust_roots=anchors(trusted), moment=clock.now(), allow_fetching=False)
    validator = CertificateValidator(
        anchors([certificate])[0], intermediate_certs=anchors(between), validation_context=context
    )
    try:
        asyncio.run(validator.async_validate_usage(set()))
    except (PathError, ValidationError):
        return False
    return True
