"""Signed files and certificates that strangers bring, examined in a process of their own.

Never inside a transaction: each may take its whole budget.
"""

from __future__ import annotations

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from market import sandbox
from models import clock
from models.i18n import N_
from models.signing.keys import Opened, open_own
from models.signing.pades import Examined, examine, readable

SECONDS, MEGABYTES = 6, 384


def signatures(
    content: bytes, trusted: list[x509.Certificate], pool: sandbox.Pool = sandbox.READING
) -> Examined:
    """A PDF's title, its signatures (`Signed.of`), and those nobody here can verify.

    None if it cannot be read as a PDF; RuleViolation at `file` for one that costs too much.
    """
    if not readable(content):
        return "", None, []
    found: Examined = sandbox.run(
        examine, content, _told(trusted), clock.now(), seconds=SECONDS, megabytes=MEGABYTES, pool=pool
    )
    return found


def bundle(content: bytes, password: str, trusted: list[x509.Certificate]) -> Opened:
    """What a PKCS #12 file holds (`open_own`); RuleViolation at `file` or `password`."""
    opened: Opened = sandbox.run(
        open_own,
        content,
        password,
        _told(trusted),
        clock.now(),
        seconds=SECONDS,
        megabytes=MEGABYTES,
        over=N_("证书文件没有在限度(%(seconds)s 秒、%(megabytes)s MB 内存)内打开:加密的迭代次数太多。"),
    )
    return opened


def _told(trusted: list[x509.Certificate]) -> list[bytes]:
    return [each.public_bytes(Encoding.DER) for each in trusted]
