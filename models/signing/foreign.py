"""Signatures nobody here can verify, and those that no longer prove anything.

Above all those by the national algorithms (SM2 and SM3, GB/T 32918 and 32905; electronic seals after GB/T
38540). They are named, because "not a readable PDF" would send a person with a good document away.
"""

from __future__ import annotations

import re
from typing import Any

from asn1crypto import cms
from asn1crypto.core import ObjectIdentifier
from pyhanko.pdf_utils.generic import DictionaryObject, EncryptedObjAccess
from pyhanko.sign.fields import SigSeedSubFilter

MOST_NAME = 60  # characters of what a file calls its own way of signing
WEAK = {
    "1.2.840.113549.2.5": "MD5",
    "1.2.840.113549.1.1.4": "MD5",
    "1.3.14.3.2.26": "SHA-1",
    "1.2.840.113549.1.1.5": "SHA-1",
    "1.2.840.10045.4.1": "SHA-1",
    "1.2.840.10040.4.3": "SHA-1",
}
KNOWN = {
    **WEAK,
    "1.2.643.7.1.1.1.1": "GOST R 34.10",
    "1.2.643.7.1.1.3.2": "GOST R 34.10",
    "1.2.643.7.1.1.2.2": "GOST R 34.11",
    "1.2.643.2.2.19": "GOST R 34.10",
    "1.2.643.2.2.9": "GOST R 34.11",
}
# Whatever is registered under this is of the national commercial cryptography (GM/T 0006): SM2 as key and as
# signature, with any digest.
NATIONAL = "1.2.156.10197."
_NATIONAL_NAMES = {
    "1.301": "SM2",
    "1.302": "SM9",
    "1.401": "SM3",
    "1.501": "SM2",
    "1.502": "SM2",
    "1.503": "SM2",
    "1.504": "SM3",
    "6.1.4.2": "SM2",
}
_WRITTEN = re.compile(
    rb"\x06[\x06-\x20]\x2a\x81\x1c\xcf\x55"
)  # such an identifier in DER, as far as its number of bytes


def unverified(value: Any) -> str:
    """What a filled signature field is signed by, if that is nothing we verify.

    An algorithm's name, or the file's own name for its way of signing (its SubFilter); an empty text for any
    other. ValueError for what is no signature.
    """
    held = value.get_object()
    if not isinstance(held, DictionaryObject):
        raise ValueError("no signature")
    way = str(held.get("/SubFilter", "")).lstrip("/")
    return algorithm_of(_contents(held)) or (
        "" if way in [each.value.lstrip("/") for each in SigSeedSubFilter] else way[:MOST_NAME]
    )


def _contents(held: DictionaryObject) -> bytes:
    """The bytes of a signature as they stand in the file."""
    raw = held.raw_get("/Contents", decrypt=EncryptedObjAccess.RAW) if "/Contents" in held else b""
    return bytes(getattr(raw, "original_bytes", raw))


def algorithm_of(contents: bytes) -> str:
    """The name of the algorithm a signature is by, if it is one we cannot verify.

    An empty text for any other. Electronic seals are no CMS: in them, and in what cannot be read as one, the
    national identifiers are looked for as they are written.
    """
    try:
        named = _named(contents)
    except (ValueError, TypeError, KeyError, AttributeError):
        named = _national_in(contents)
    return " / ".join(named)


def _named(contents: bytes) -> dict[str, None]:
    """By the algorithms each signer says, and by the curve of its key.

    ECDSA on the curve of SM2 is nothing we verify either.
    """
    data = cms.ContentInfo.load(contents)["content"]
    used: list[str] = []
    keys: dict[str, None] = {}
    for signer in data["signer_infos"]:
        used += [
            signer["signature_algorithm"]["algorithm"].dotted,
            signer["digest_algorithm"]["algorithm"].dotted,
        ]
        keys |= _national_in(_key_of(data, signer))
    return dict.fromkeys(name for name in map(_name, used) if name) | keys


def _key_of(data: Any, signer: Any) -> bytes:
    """The public key of a signer, in DER, where its certificate is with it."""
    serial = (
        signer["sid"].chosen["serial_number"].native
        if signer["sid"].name == "issuer_and_serial_number"
        else None
    )
    certificates = [each.chosen for each in data["certificates"] or () if each.name == "certificate"]
    found = [each for each in certificates if serial in (None, each.serial_number)]
    return b"".join(each["tbs_certificate"]["subject_public_key_info"].dump() for each in found)


def _name(oid: str) -> str:
    """What an algorithm is called that is not verified here; an empty text for any other."""
    if not oid.startswith(NATIONAL):
        return KNOWN.get(oid, "")
    own = oid.removeprefix(NATIONAL)
    return next(
        (name for begin, name in _NATIONAL_NAMES.items() if f"{own}.".startswith(f"{begin}.")),
        f"GM/T {oid[:MOST_NAME]}",
    )


def _national_in(content: bytes) -> dict[str, None]:
    """The national algorithms whose identifiers are written in these bytes."""
    written = (
        content[at.start() : at.start() + 2 + content[at.start() + 1]] for at in _WRITTEN.finditer(content)
    )
    return dict.fromkeys(
        _name(ObjectIdentifier.load(each).dotted) for each in written if len(each) == 2 + each[1]
    )
