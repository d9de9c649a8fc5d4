"""How a person hears of notices besides their page: by which channel; at once, in a daily digest, never.

The page itself (/my/notices) has all of them, whatever is chosen here: what the law gives somebody, and a
limit that runs against him, is not switched off.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models import clock
from models.accounts import User
from models.base import Base, JsonOf
from models.errors import RuleViolation
from models.i18n import N_
from models.notifications import KINDS

WHEN = {"now": N_("马上"), "daily": N_("每日汇总"), "never": N_("不发")}
# By mail, where somebody has not chosen; by any other channel nothing.
USUAL = {
    "invite": "now",
    "result": "now",
    "limit": "now",
    "case": "daily",
    "message": "now",
    "work": "daily",
    "saved": "daily",
}
CODE_MINUTES = 10
MOST_TRIES = 5  # of one code


class Wishes:
    """When somebody hears of each kind of notice by each channel; `{channel: {kind: when}}` as it is kept."""

    def __init__(self, chosen: dict[str, dict[str, str]] | None = None) -> None:
        self.chosen = chosen or {}

    def when(self, channel: str, kind: str) -> str:
        chosen = self.chosen.get(channel, {})
        if kind == "invite" and kind not in chosen and "case" in chosen:
            return chosen["case"]  # they were among those when it was chosen
        return chosen.get(kind, USUAL[kind] if channel == "mail" else "never")

    @classmethod
    def from_json(cls, stored: dict[str, dict[str, str]]) -> Wishes:
        return cls(stored)

    def to_json(self) -> dict[str, dict[str, str]]:
        return self.chosen


class NoticeSettings(Base):
    """What one person wishes, and the language of what is sent to him."""

    __tablename__ = "notice_settings"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), unique=True)
    locale: Mapped[str] = mapped_column(String(12))
    wishes: Mapped[Wishes] = mapped_column(JsonOf(Wishes))


class ContactAddress(Base):
    """A person's address of a channel other than mail: a number of a mobile phone, an account of WeChat.

    Nothing but a code is sent there until the person has brought that code back. Of the code its hash alone
    is kept.
    """

    __tablename__ = "contact_addresses"
    __table_args__ = (UniqueConstraint("user_id", "channel"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    channel: Mapped[str] = mapped_column(String(10))
    address: Mapped[str] = mapped_column(String(64))
    confirmed_at: Mapped[datetime | None]
    code_hash: Mapped[str | None] = mapped_column(String(64))
    code_until: Mapped[datetime | None]
    tries: Mapped[int] = mapped_column(default=0)

    def new_code(self, key: bytes) -> str:
        """A code good for some minutes, once; the one before is not good any more.

        What is kept of it is made under the platform's `key`: six digits are soon guessed of a plain hash.
        """
        code = f"{secrets.randbelow(10**6):06d}"
        self.code_hash, self.tries = self._hash_of(code, key), 0
        self.code_until = clock.now() + timedelta(minutes=CODE_MINUTES)
        return code

    def _hash_of(self, code: str, key: bytes) -> str:
        said = f"{self.user_id}:{self.channel}:{self.address}:{code}"
        return hmac.new(key, said.encode("utf-8", "replace"), hashlib.sha256).hexdigest()

    def try_code(self, code: str, key: bytes) -> bool:
        """Whether this is the code, which then confirms the address. Each try counts."""
        if self.code_hash is None or self.code_until is None or self.code_until <= clock.now():
            raise RuleViolation(N_("验证码已经过期,请重新发送。"), "code")
        if self.tries >= MOST_TRIES:
            raise RuleViolation(N_("验证码填错次数太多,请重新发送。"), "code")
        self.tries += 1
        if not hmac.compare_digest(self.code_hash, self._hash_of(code.strip(), key)):
            return False
        self.confirmed_at, self.code_hash, self.code_until = clock.now(), None, None
        return True


class DigestEntry(Base):
    """A notice that waits for a person's next digest."""

    __tablename__ = "digest_entries"
    __table_args__ = (UniqueConstraint("user_id", "notification_id"),)

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    notification_id: Mapped[int] = mapped_column(ForeignKey("notifications.id"), index=True)


def settings_of(session: Session, user: User) -> NoticeSettings | None:
    return session.scalars(select(NoticeSettings).where(NoticeSettings.user_id == user.id)).one_or_none()


def check_wishes(chosen: dict[str, dict[str, str]], channels: dict[str, bool]) -> None:
    """RuleViolation for a channel that is none, or a digest by one that sends none.

    `channels` are those that may be chosen, each with whether it sends digests.
    """
    for channel, kinds in chosen.items():
        for kind, when in kinds.items():
            known = channel in channels and kind in KINDS and when in WHEN
            if not known or (when == "daily" and not channels[channel]):
                raise RuleViolation(N_("没有这样的通知方式。"), f"{channel}_{kind}")
