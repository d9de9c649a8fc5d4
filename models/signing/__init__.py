"""Electronic signatures.

Keys and certificates of organisations, and PAdES signatures on PDF files (docs/signatures.md).
"""

from models.signing.keys import SigningKey, establish, issue_key, keep_own, key_of, open_own, roots, valid_key
from models.signing.pades import Signed, examine, prepare, readable, sign

__all__ = [
    "Signed",
    "SigningKey",
    "establish",
    "examine",
    "issue_key",
    "keep_own",
    "key_of",
    "open_own",
    "prepare",
    "readable",
    "roots",
    "sign",
    "valid_key",
]
