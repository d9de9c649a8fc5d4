"""Signatures by algorithms nobody here can verify, above all the national ones (SM2 and SM3, GB/T 32918 and 32905; electronic seals after GB/T
38540): they are named, because "not a readable PDF" would send a person with a good document away."""

from __future__ import annotations

from typing import Any

from asn1crypto import cms
from asn1crypto.core import ObjectIdentifier
from pyhanko.pdf_utils.generic import DictionaryObject, EncryptedObjAccess
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import enumerate_sig_fields

MOST = 64  # signatures that are looked at
# Object identifiers as GM/T 0006 and RFC 9215 register them.
NATIONAL = {"1.2.156.10197.1.501": "SM2", "1.2.156.10197.1.301": "SM2", "1.2.156.10197.6.1.4.2": "SM2", "1.2.156.10197.1.401": "SM3"}
KNOWN = {
    **NATIONAL, "1.2.643.7.1.1.1.1": "GOST R 34.10", "1.2.643.7.1.1.3.2": "GOST R 34.10", "1.2.643.7.1.1.2.2": "GOST R 34.11", "1.2.643.2.2.19": "GOST R 34.10", "1.2.643.2.2.9": "GOST R 34.11",
    "1.2.840.113549.2.5": "MD5", "1.2.840.113549.1.1.4": "MD5",
}  # fmt: skip
_BYTES = [(ObjectIdentifier(oid).contents, name) for oid, name in NATIONAL.items()]


def foreign_signatures(reader: PdfFileReader) -> list[tuple[str, str]]:
    """The fields of a PDF signed so, each with the name of the algorithm; none where every signature is of a kind that is verified here."""
    found = []
    for place, (field, value, _reference) in enumerate(enumerate_sig_fields(reader, filled_status=True)):
        if place == MOST:
            break
        said = algorithm_of(_contents(value))
        if said:
            found.append((str(field), said))
    return found


def _contents(value: Any) -> bytes:
    """The bytes of a signature as they stand in the file."""
    held = value.get_object()
    raw = held.raw_get("/Contents", decrypt=EncryptedObjAccess.RAW) if isinstance(held, DictionaryObject) and "/Contents" in held else b""
    return bytes(getattr(raw, "original_bytes", raw))


def algorithm_of(contents: bytes) -> str:
    """The name of the algorithm a signature is by, if it is one we cannot verify; an empty text for any other. Electronic seals are no CMS: in
    them, and in what cannot be read as one, the national identifiers are looked for as they are written."""
    try:
        named = _named(contents)
    except (ValueError, TypeError, KeyError, AttributeError):
        named = dict.fromkeys(name for written, name in _BYTES if written and written in contents)
    return " / ".join(named)


def _named(contents: bytes) -> dict[str, None]:
    data = cms.ContentInfo.load(contents)["content"]
    used: list[str] = []
    for signer in data["signer_infos"]:
        used += [signer["signature_algorithm"]["algorithm"].dotted, signer["digest_algorithm"]["algorithm"].dotted]
    return dict.fromkeys(KNOWN[oid] for oid in used if oid in KNOWN)
