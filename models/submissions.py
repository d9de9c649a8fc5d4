"""Submissions: what makes a form sent twice act once."""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from datetime import date, datetime
from decimal import Decimal
from fractions import Fraction
from typing import Any

from sqlalchemy import String, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column

from models import clock
from models.base import Base, Code
from models.errors import Conflict
from models.i18n import N_


class Submission(Base):
    """A form's one-time key, what was sent under it, and what came of it.

    Stored in the act's own transaction.

    `key` is a hash of whose key it is and the key itself; `fingerprint` one of the act and all it was given.
    """

    __tablename__ = "submissions"

    key: Mapped[str] = mapped_column(String(80), unique=True)
    action: Mapped[Code]
    fingerprint: Mapped[str] = mapped_column(String(64))
    result: Mapped[Code]
    at: Mapped[datetime] = mapped_column(default=clock.now, index=True)


@dataclass(frozen=True, slots=True)
class Sent:
    """A one-time key, and, from a page, a hash of all that was sent with it.

    That then counts in the place of the arguments: what a page makes of the same form may be another thing
    once the case has moved on. `as_read` is what a page of a case had read of it (`models.reading`), empty
    where no page was.
    """

    key: str
    contents: str = ""
    as_read: str = ""


def key_of(person: int | None, submission: str) -> str:
    """A one-time key as it is kept: the same key of somebody else is another one."""
    return hashlib.sha256(f"{person}:{submission}".encode(errors="surrogatepass")).hexdigest()


def fingerprint(secret: bytes, act: str, given: tuple[Any, ...], named: Mapping[str, Any]) -> str:
    """A hash of an act and everything it is given.

    It takes the platform's `secret`: passwords are among what is given, and a plain hash of one can be tried
    out by whoever holds a copy of the database.
    """
    content = json.dumps(_canonical([act, given, named]), sort_keys=True, separators=(",", ":"))
    return hmac.new(secret, b"submission " + content.encode(), hashlib.sha256).hexdigest()


def _canonical(value: Any) -> Any:
    """A value as JSON that no other value has; bytes by their hash.

    TypeError for what cannot be told apart for certain.
    """
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple)):
        return [_canonical(each) for each in value]
    if isinstance(value, Mapping):
        return {
            "mapping": sorted(
                ([_canonical(key), _canonical(each)] for key, each in value.items()), key=json.dumps
            )
        }
    if isinstance(value, (set, frozenset)):
        return {"set": sorted((_canonical(each) for each in value), key=json.dumps)}
    if isinstance(value, (bytes, bytearray, memoryview)):
        return {"bytes": hashlib.sha256(value).hexdigest()}
    if isinstance(value, (date, datetime)):
        return {type(value).__name__: value.isoformat()}
    if isinstance(value, (Decimal, Fraction)):
        return {type(value).__name__: str(value)}
    if is_dataclass(value) and not isinstance(value, type):
        return {
            type(value).__name__: _canonical({each.name: getattr(value, each.name) for each in fields(value)})
        }
    raise TypeError(f"what was sent cannot be told apart by a {type(value).__name__}")


def result_of(session: Session, key: str, sent: str) -> str | None:
    """What this key led to, if it was carried out before.

    Conflict (at `submission`) if it was with another fingerprint than `sent`.

    On PostgreSQL the same key sent twice at once waits here for the first; on SQLite writers wait anyway.
    """
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))"), {"key": key})
    before = session.scalars(select(Submission).where(Submission.key == key)).one_or_none()
    if before is None:
        return None
    if not hmac.compare_digest(before.fingerprint, sent):
        raise Conflict(
            N_(
                "这张表已经提交过一次,内容与这次不同,这次没有办理。请先看上一次的结果;确需再办,请核对后重新提交。"
            ),
            "submission",
        )
    return before.result
