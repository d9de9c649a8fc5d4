"""Sealing: keeping a secret from everyone who can read the database, until its time.

`wrap`/`unwrap` seal under a key that is never in the database, which hides a value from a stolen dump and
from every query. `make_pair`, `seal` and `open_sealed` seal to a public key: whoever submits needs nothing
else. A bid is sealed twice, to the platform's key and over it to the keeper's (docs/sealed-bids.md), so
neither of them can open it alone. `commitment` is what a receipt shows of a secret without telling it.
"""

from __future__ import annotations

import hashlib
import json
import os
from secrets import token_hex
from typing import Any

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE = 12


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


def _shared(private: X25519PrivateKey, other: bytes, ephemeral: bytes, public: bytes) -> bytes:
    secret = private.exchange(X25519PublicKey.from_public_bytes(other))
    return HKDF(hashes.SHA256(), 32, salt=ephemeral + public, info=b"gongxin bid").derive(secret)


def seal(public: bytes, plain: bytes) -> bytes:
    """Seal to a public key (ephemeral X25519, HKDF-SHA256, ChaCha20-Poly1305)."""
    ephemeral = X25519PrivateKey.generate()
    mine = ephemeral.public_key().public_bytes_raw()
    return mine + wrap(_shared(ephemeral, public, mine, public), plain)


def open_sealed(private_key: bytes, sealed: bytes) -> bytes:
    """Open what `seal` made, with the private key. Raises InvalidTag if it was changed or is another's."""
    private = X25519PrivateKey.from_private_bytes(private_key)
    ephemeral, rest = sealed[:32], sealed[32:]
    return unwrap(_shared(private, ephemeral, ephemeral, private.public_key().public_bytes_raw()), rest)


def commitment(content: dict[str, Any]) -> tuple[str, str]:
    """(the content as canonical JSON with a random `nonce` in it, the SHA-256 of exactly that text).

    The hash binds whoever made it and, with 128 bits of nonce in it, gives nothing away; once the text is
    published, `sha256sum` shows that it is the one.
    """
    salted = {**content, "nonce": token_hex(16)}
    text = json.dumps(salted, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return text, hashlib.sha256(text.encode()).hexdigest()
