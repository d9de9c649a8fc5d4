"""Sealing: keeping a secret from everyone who can read the database, until its time.

`wrap`/`unwrap` seal under a key that is never in the database, which hides a value from a stolen dump and
from every query. `make_pair`, `seal` and `open_sealed` seal to a public key: whoever submits needs nothing
else. A bid is sealed twice, to the platform's key and over it to the keeper's (docs/sealed-bids.md), so
neither of them can open it alone. `commitment` is what a receipt shows of a secret without telling it.
"""

from __future__ import annotations

import hashlib
import os
from secrets import token_hex
from typing import Any

import rfc8785
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE = 12
_SUITE = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.CHACHA20_POLY1305)
_HPKE_1 = b"gx-hpke1"  # the version a seal begins with
_INFO = b"gongxin bid"


def derive(secret: str, purpose: str = "gongxin sealing") -> bytes:
    """A 32-byte key from a configured secret."""
    return HKDF(hashes.SHA256(), 32, salt=None, info=purpose.encode()).derive(secret.encode())


def wrap(key: bytes, plain: bytes) -> bytes:
    """Encrypt and authenticate under a 32-byte key."""
    nonce = os.urandom(_NONCE)
    return nonce + ChaCha20Poly1305(key).encrypt(nonce, plain, None)


def unwrap(key: bytes, sealed: bytes) -> bytes:
    """The plain text; raises cryptography's InvalidTag if a bit was changed or the key is another."""
    return ChaCha20Poly1305(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], None)


def make_pair() -> tuple[bytes, bytes]:
    """A fresh X25519 pair: (public key, private key)."""
    private = X25519PrivateKey.generate()
    return private.public_key().public_bytes_raw(), private.private_bytes_raw()


def belong_together(public: bytes, private: bytes) -> bool:
    """Whether these are the two halves of one pair.

    A private half that is no key at all belongs to nothing.
    """
    return (
        len(private) == 32
        and X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw() == public
    )


def seal(public: bytes, plain: bytes) -> bytes:
    """Seal to a public key (32 bytes) by HPKE (RFC 9180, base mode: X25519, HKDF-SHA256, ChaCha20-Poly1305).

    What comes out begins with the version of the format.
    """
    return _HPKE_1 + _SUITE.encrypt(plain, X25519PublicKey.from_public_bytes(public), info=_INFO)


def open_sealed(private_key: bytes, sealed: bytes) -> bytes:
    """Open what `seal` made, now or before it had a version, with the private key (32 bytes).

    Raises InvalidTag if it was changed or is another's.
    """
    private = X25519PrivateKey.from_private_bytes(private_key)
    if sealed.startswith(_HPKE_1):
        return _SUITE.decrypt(sealed[len(_HPKE_1) :], private, info=_INFO)
    return _open_unversioned(private, sealed)


def _open_unversioned(private: X25519PrivateKey, sealed: bytes) -> bytes:
    """What was sealed before seals had a version.

    Ephemeral X25519 key (32 bytes), nonce, ChaCha20-Poly1305 under the HKDF-SHA256 of the shared secret. That
    it begins like a version by chance is one in 2**64.
    """
    ephemeral, rest = sealed[:32], sealed[32:]
    try:
        shared = private.exchange(X25519PublicKey.from_public_bytes(ephemeral))
        salt = ephemeral + private.public_key().public_bytes_raw()
        return unwrap(HKDF(hashes.SHA256(), 32, salt=salt, info=_INFO).derive(shared), rest)
    except ValueError as error:  # too short, or no key at all
        raise InvalidTag from error


def commitment(content: dict[str, Any]) -> tuple[str, str]:
    """(the content as canonical JSON with a random `nonce` in it, the SHA-256 of exactly that text).

    The hash binds whoever made it and, with 128 bits of nonce in it, gives nothing away; once the text is
    published, `sha256sum` shows that it is the one.
    """
    salted = {**content, "nonce": token_hex(16)}
    text = rfc8785.dumps(salted)
    return text.decode(), hashlib.sha256(text).hexdigest()
