"""PAdES: signatures inside a PDF.

Each is appended; what was there before stays byte for byte, so the first signature remains valid under the
second (ETSI EN 319 142-1, ISO 32000-2 12.8).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any, TypeVar

from asn1crypto import keys as asn1_keys
from asn1crypto import pem
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from pyhanko.pdf_utils.content import PdfContent
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.layout import BoxConstraints
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign import signers
from pyhanko.sign.diff_analysis import ModificationLevel
from pyhanko.sign.fields import SigFieldSpec, SigSeedSubFilter, append_signature_field, enumerate_sig_fields
from pyhanko.sign.timestamps.api import TimeStamper
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko.sign.validation.pdf_embedded import EmbeddedPdfSignature
from pyhanko.sign.validation.settings import KeyUsageConstraints
from pyhanko.sign.validation.status import PdfSignatureStatus, SignatureCoverageLevel
from pyhanko.stamp import StaticStampStyle
from pyhanko_certvalidator import ValidationContext
from pyhanko_certvalidator.registry import SimpleCertificateStore

from models import clock
from models.errors import RuleViolation
from models.i18n import N_
from models.signing.foreign import unverified
from models.signing.keys import PrivateKey, anchors

_USAGE = KeyUsageConstraints(key_usage={"digital_signature", "non_repudiation"}, match_all_key_usages=False)
ROOM, STAMPED_ROOM = 16_384, 32_768  # hex digits kept for a signature, without and with a timestamp
MOST_REVISIONS = 64  # of a PDF that is read
MOST_FOREIGN = 64  # signatures that are named though nobody can verify them
TAIL = 8_192  # bytes at its end in which it says where to begin
Row = tuple[
    str, bytes, datetime | None, bool, bool, list[str], int
]  # a `Signed` as plain values, its certificate as DER
Foreign = tuple[
    str, str
]  # a signature nobody here can verify: its field, and what it is by; nothing for one that cannot be read
Examined = tuple[str, list[Row] | None, list[Foreign]]
_T = TypeVar("_T")
Box = tuple[int, int, int, int]  # in points from the lower left corner of the page

# What may be wrong with a signature, worst first.
FLAWS = {
    "broken": N_("签名与文件内容不符:签名后内容被改动,或者签名是从别的文件移来的"),
    "altered": N_("签名之后文件又被改动"),
    "untrusted": N_("签名证书不是受信任的机构签发的"),
    "expired": N_("签名时证书不在有效期内"),
    "later": N_("签名时间晚于现在"),
    "stranger": N_("签名人不是合同的这一方"),
}


class _Picture(PdfContent):
    """A page of another PDF, as what a signature looks like."""

    def __init__(self, pdf: bytes) -> None:
        self._pdf = pdf
        super().__init__()

    def render(self) -> bytes:
        page = self._ensure_writer.import_page_as_xobject(PdfFileReader(BytesIO(self._pdf)))
        self.resources.xobject["/Seal"] = page
        left, bottom, right, top = page.get_object()["/BBox"]
        self.box = BoxConstraints(width=abs(right - left), height=abs(top - bottom))
        return b"/Seal Do"


class _Signer(signers.PdfSigner):
    """A signer that takes the time from outside."""

    at: datetime

    def init_signing_session(self, *args: Any, **kwargs: Any) -> Any:
        session = super().init_signing_session(*args, **kwargs)
        session.system_time = self.at
        return session


def prepare(pdf: bytes, boxes: dict[str, Box]) -> bytes:
    """The PDF with an empty field for each signature on its last page, named and placed.

    So signing adds nothing but the signature.
    """
    writer, out = IncrementalPdfFileWriter(BytesIO(pdf)), BytesIO()
    for name, box in boxes.items():
        append_signature_field(writer, SigFieldSpec(name, on_page=-1, box=box))
    writer.write(out)
    return out.getvalue()


def sign(
    pdf: bytes,
    field: str,
    certificate: bytes,
    chain: bytes,
    key: PrivateKey,
    *,
    at: datetime,
    reason: str,
    seal: bytes,
    timestamps: TimeStamper | None = None,
) -> bytes:
    """The PDF with one more signature.

    In the prepared `field`, by the certificate (DER) and its key, looking like the page `seal`, with a
    timestamp if an authority for it is given.
    """
    store = SimpleCertificateStore()
    store.register_multiple(
        asn1_x509.Certificate.load(der) for _, _, der in (pem.unarmor(chain, multiple=True) if chain else ())
    )
    der = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    held = signers.SimpleSigner(
        asn1_x509.Certificate.load(certificate), asn1_keys.PrivateKeyInfo.load(der), store
    )
    about = signers.PdfSignatureMetadata(
        field_name=field, md_algorithm="sha256", subfilter=SigSeedSubFilter.PADES, reason=reason
    )
    style = StaticStampStyle(background=_Picture(seal), background_opacity=1.0, border_width=0)
    signer = _Signer(about, held, timestamper=timestamps, stamp_style=style)
    signer.at = at
    signed: BytesIO = signer.sign_pdf(
        IncrementalPdfFileWriter(BytesIO(pdf)),
        existing_fields_only=True,
        bytes_reserved=STAMPED_ROOM if timestamps else ROOM,
    )
    return signed.getvalue()


@dataclass(frozen=True)
class Signed:
    """One signature found in a PDF.

    The field it is in, who signed by its certificate, when (a `stamped` time is an authority's, otherwise the
    signer's own word), whether it covers the file to its end, what is wrong (see FLAWS), and where the
    revision ends that it covers whole (in bytes; 0 where it covers none).
    """

    field: str
    certificate: x509.Certificate
    at: datetime | None
    stamped: bool
    whole: bool
    flaws: tuple[str, ...]
    ends: int = 0

    @classmethod
    def of(cls, row: Row) -> Signed:
        field, der, at, stamped, whole, flaws, ends = row
        return cls(field, x509.load_der_x509_certificate(der), at, stamped, whole, tuple(flaws), ends)

    @property
    def signer(self) -> str:
        """The name in the certificate."""
        named = {attribute.oid._name: str(attribute.value) for attribute in self.certificate.subject}
        return (
            named.get("commonName")
            or named.get("organizationName")
            or self.certificate.subject.rfc4514_string()
        )


def readable(pdf: bytes) -> bool:
    """Whether this may be a PDF: at its end it says where to begin.

    RuleViolation at `file` for one of very many revisions.
    """
    if pdf.count(b"startxref") > MOST_REVISIONS:  # each is compared with the one before
        raise RuleViolation(
            N_("这份 PDF 保存过 %(most)s 次以上的修改,没有逐次核验。"), "file", most=MOST_REVISIONS
        )
    return pdf.rfind(b"startxref", -TAIL) >= 0


def examine(pdf: bytes, trusted: list[bytes], now: datetime) -> Examined:
    """A PDF's title, its signatures in order, and those nobody here can verify; None for no PDF.

    In the order they were made, as plain values (see `Signed.of`). What a stranger sends may cost anything to
    read: this is for a process of its own, which is told what it trusts (certificates as DER) and the time.
    """
    roots = [x509.load_der_x509_certificate(der) for der in trusted]
    try:
        reader = PdfFileReader(BytesIO(pdf))
        made, foreign = _sorted_out(reader)
        rows: list[Row] = []
        with clock.at(now):
            for place, each in enumerate(made):
                row = _or_none(_examined, each, roots, last=place == len(made) - 1 and not foreign)
                rows += [row] if row else []
                foreign += [] if row else [(str(each.field_name), "")]
            return _title(reader), rows, foreign[:MOST_FOREIGN]
    except MemoryError:
        raise
    except (
        Exception
    ):  # a stranger's file may be broken in any way there is; what cannot be read proves nothing
        return "", None, []


def _or_none(read: Callable[..., _T], *about: Any, **more: Any) -> _T | None:
    """What is read of one signature.

    None for one broken in whatever way, which says nothing of the others.
    """
    try:
        return read(*about, **more)
    except MemoryError:
        raise
    except Exception:
        return None


def _sorted_out(reader: PdfFileReader) -> tuple[list[EmbeddedPdfSignature], list[Foreign]]:
    """The signatures of kinds that are verified here, in the order they were made, and the others."""
    made: list[EmbeddedPdfSignature] = []
    foreign: list[Foreign] = []
    for name, value, field in enumerate_sig_fields(reader, filled_status=True):
        said = _or_none(unverified, value)
        found = None if said else _or_none(EmbeddedPdfSignature, reader, field.get_object(), str(name))
        if found is None:
            foreign.append((str(name), said or ""))
        elif found.sig_object_type == "/Sig":
            made.append(found)
    return sorted(made, key=lambda each: each.signed_revision), foreign


def _title(reader: PdfFileReader) -> str:
    try:
        return str(reader.trailer["/Info"]["/Title"])[:200]
    except MemoryError:
        raise
    except Exception:
        return ""


def _examined(found: EmbeddedPdfSignature, trusted: list[x509.Certificate], *, last: bool) -> Row:
    der = found.signer_cert.dump()
    certificate = x509.load_der_x509_certificate(der)
    claimed: datetime | None = found.self_reported_timestamp
    moment = claimed or clock.now()
    status = validate_pdf_signature(
        found,
        ValidationContext(trust_roots=anchors(trusted), moment=moment, allow_fetching=False),
        key_usage_settings=_USAGE,
    )
    stamp = status.timestamp_validity
    stamped = stamp is not None and stamp.valid and stamp.intact
    at = stamp.timestamp if stamp is not None and stamped else claimed
    whole = status.coverage == SignatureCoverageLevel.ENTIRE_FILE
    at = at.astimezone(UTC) if at else None  # a plain one
    ends = (
        found.byte_range[2] + found.byte_range[3]
        if status.intact and status.coverage >= SignatureCoverageLevel.ENTIRE_REVISION
        else 0
    )
    return (
        str(found.field_name),
        der,
        at,
        stamped,
        whole,
        _flaws(status, certificate, at, whole=whole or not last),
        int(ends),
    )


def _flaws(
    status: PdfSignatureStatus, certificate: x509.Certificate, at: datetime | None, *, whole: bool
) -> list[str]:
    found = []
    if not (status.intact and status.valid):
        found.append("broken")
    elif not whole or status.modification_level not in (
        ModificationLevel.NONE,
        ModificationLevel.LTA_UPDATES,
        ModificationLevel.FORM_FILLING,
    ):
        found.append("altered")
    in_force = at is not None and certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc
    if not in_force:
        found.append("expired")
    elif not status.trusted and "broken" not in found:
        found.append("untrusted")
    if at is not None and at > clock.now() + timedelta(minutes=5):
        found.append("later")
    return found
