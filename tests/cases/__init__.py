"""Files as the field has them.

Invented, with the shapes real banks, registers and office programs give theirs.
"""

from __future__ import annotations

from pathlib import Path


def case(name: str) -> bytes:
    """The bytes of one of the files beside this one."""
    return (Path(__file__).parent / name).read_bytes()
