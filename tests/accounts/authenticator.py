"""A security key of software (WebAuthn level 3), and an authenticator that shows codes.

The key packs its answers into "none" attestation.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass, field
from typing import Any

import cbor2
import pyotp
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from models import clock

ORIGIN = "http://market.test"


def code(secret: str, steps: int = 0) -> str:
    """What an authenticator with this secret shows now, or some steps from now."""
    return pyotp.TOTP(secret).at(int(clock.now().timestamp()) + 30 * steps)


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


@dataclass
class SecurityKey:
    """One key; `origin` is the page it believes to be on, `count` how often it signed."""

    origin: str = ORIGIN
    count: int = 0
    id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    def _client(self, kind: str, options: dict[str, Any]) -> bytes:
        return json.dumps(
            {
                "type": f"webauthn.{kind}",
                "challenge": options["challenge"],
                "origin": self.origin,
                "crossOrigin": False,
            }
        ).encode()

    def _authenticator(self, rp_id: str, flags: int) -> bytes:
        return hashlib.sha256(rp_id.encode()).digest() + bytes([flags]) + self.count.to_bytes(4, "big")

    def register(self, options: dict[str, Any]) -> str:
        """What `navigator.credentials.create` answers to these options, as JSON."""
        numbers = self.key.public_key().public_numbers()
        public = cbor2.dumps(
            {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32, "big"), -3: numbers.y.to_bytes(32, "big")}
        )
        data = (
            self._authenticator(options["rp"]["id"], 0x41)
            + bytes(16)
            + len(self.id).to_bytes(2, "big")
            + self.id
            + public
        )
        attested = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        response = {
            "clientDataJSON": _text(self._client("create", options)),
            "attestationObject": _text(attested),
        }
        return json.dumps(
            {
                "id": _text(self.id),
                "rawId": _text(self.id),
                "type": "public-key",
                "response": response,
                "clientExtensionResults": {},
            }
        )

    def sign(self, options: dict[str, Any]) -> str:
        """What `navigator.credentials.get` answers to these options, as JSON."""
        self.count += 1
        data, client = self._authenticator(options["rpId"], 0x01), self._client("get", options)
        signature = self.key.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(hashes.SHA256()))
        response = {
            "clientDataJSON": _text(client),
            "authenticatorData": _text(data),
            "signature": _text(signature),
            "userHandle": None,
        }
        return json.dumps(
            {
                "id": _text(self.id),
                "rawId": _text(self.id),
                "type": "public-key",
                "response": response,
                "clientExtensionResults": {},
            }
        )
