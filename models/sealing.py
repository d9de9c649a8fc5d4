"""Sealing: keeping a secret from the database's readers until its time.

`wrap`/`unwrap` seal under the platform's key (from the configuration, never in the database), which
hides a value from a stolen dump and from every query. `make_pair`, `seal` and `open_sealed` seal to
a case of its own: whoever submits needs only the public key, and the private one is itself wrapped.
"""

from __future__ import annotations

import os

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_NONCE = 12


def derive(secret: str) -> bytes:
    """The platform's 32-byte sealing key from a configured secret."""
    return HKDF(hashes.SHA256(), 32, salt=None, info=b"gongxin sealing").derive(secret.encode())


def wrap(key: bytes, plain: bytes) -> bytes:
    """Encrypt and authenticate under a 32-byte key."""
    nonce = os.urandom(_NONCE)
    return nonce + ChaCha20Poly1305(key).encrypt(nonce, plain, None)


def unwrap(key: bytes, sealed: bytes) -> bytes:
    """The plain text; raises cryptography's InvalidTag if a bit was changed or the key is another."""
    return ChaCha20Poly1305(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], None)


def make_pair(key: bytes) -> tuple[bytes, bytes]:
    """A fresh X25519 pair: (public key, private key wrapped under `key`)."""
    private = X25519PrivateKey.generate()
    return private.public_key().public_bytes_raw(), wrap(key, private.private_bytes_raw())


def _shared(private: X25519PrivateKey, other: bytes, ephemeral: bytes, public: bytes) -> bytes:
    secret = private.exchange(X25519PublicKey.from_public_bytes(other))
    return HKDF(hashes.SHA256(), 32, salt=ephemeral + public, info=b"gongxin bid").derive(secret)


def seal(public: bytes, plain: bytes) -> bytes:
    """Seal to a public key (ephemeral X25519, HKDF-SHA256, ChaCha20-Poly1305)."""
    ephemeral = X25519PrivateKey.generate()
    mine = ephemeral.public_key().public_bytes_raw()
    return mine + wrap(_shared(ephemeral, public, mine, public), plain)


def open_sealed(key: bytes, wrapped_private: bytes, sealed: bytes) -> bytes:
    """Open what `seal` made, with the wrapped private key. Raises InvalidTag if it was changed."""
    private = X25519PrivateKey.from_private_bytes(unwrap(key, wrapped_private))
    ephemeral, rest = sealed[:32], sealed[32:]
    return unwrap(_shared(private, ephemeral, ephemeral, private.public_key().public_bytes_raw()), rest)
