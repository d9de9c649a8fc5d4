"""What whoever holds a paper can show without an account: the code in the link that is printed on it.

A number is no proof: papers are numbered one after the other. The code is a keyed hash of the number printed
beside it, so that it opens this paper's record and no other, is in nobody's database and cannot be guessed
(80 bits, asked over the network); it is made anew where it is asked about.
"""

from __future__ import annotations

import hmac
from base64 import b32encode

from flask import current_app

_BYTES = 10  # sixteen letters, so that the QR code stays coarse enough for its place on a contract


def code_of(identifier: str) -> str:
    """The code of the paper that bears this number, in letters and digits that are easily typed."""
    tag = hmac.digest(current_app.extensions["papers_key"], identifier.encode(), "sha256")[:_BYTES]
    return b32encode(tag).decode().lower()


def fits(identifier: str, code: str) -> bool:
    """Whether somebody who says this code has that paper before him."""
    return hmac.compare_digest(code_of(identifier).encode(), code.strip().lower().encode())


def check_link(identifier: str) -> str:
    """The address that is printed on a paper, whole."""
    return f"{current_app.config['PUBLIC_URL']}/check/{identifier}/{code_of(identifier)}"
