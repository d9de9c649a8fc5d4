"""Who is signed in where: a row for every browser, found by what its cookie holds.

What is no row here is nobody, whatever it is signed with.
"""

from __future__ import annotations

import hashlib
import ipaddress
import re
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Select, String, delete, select, update
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from models import clock, policy
from models.accounts import User
from models.base import Base

HALFWAY = timedelta(minutes=10)  # between the password and the second factor
MOST = 20  # browsers of one person; the oldest ends for the next
_SYSTEMS = {
    "Windows": "Windows",
    "iPhone": "iOS",
    "iPad": "iOS",
    "Mac OS X": "macOS",
    "Android": "Android",
    "OpenHarmony": "HarmonyOS",
    "Linux": "Linux",
}
_BROWSERS = {
    "MicroMessenger": "微信",
    "QQBrowser": "QQ",
    "UCBrowser": "UC",
    "Edg": "Edge",
    "OPR": "Opera",
    "Firefox": "Firefox",
    "Chrome": "Chrome",
    "Safari": "Safari",
}


class SignIn(Base):
    """One browser somebody is signed in with.

    Of the cookie's token only the hash is kept; `handle` is what the page that lists them calls it.

    `factor` is what was shown beside the password (`totp`, `passkey`, `recovery`, or nothing); while
    `halfway` it is still to be shown, and nobody is signed in. `network` is where it comes from as far as its
    owner needs it to tell a stranger's: no whole address.
    """

    __tablename__ = "sign_ins"

    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    handle: Mapped[str] = mapped_column(String(16), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    factor: Mapped[str] = mapped_column(String(10), default="")
    halfway: Mapped[bool] = mapped_column(default=False)
    device: Mapped[str] = mapped_column(String(80), default="")
    network: Mapped[str] = mapped_column(String(50), default="")
    started_at: Mapped[datetime] = mapped_column(default=clock.now)
    seen_at: Mapped[datetime] = mapped_column(default=clock.now, index=True)
    user: Mapped[User] = relationship(lazy="joined")

    def over(self, roles: Iterable[str]) -> bool:
        """Whether it has ended by itself.

        Not seen for too long, or begun too long ago, as the policy says for who has these roles.
        """
        allowed, now = Lifetime.of(roles), clock.now()
        idle = HALFWAY if self.halfway else allowed.idle
        return now - self.seen_at >= idle or now - self.started_at >= allowed.longest

    def unseen(self) -> bool:
        """Whether it was last noted as seen long enough ago to note it again.

        A page that is read writes no more often than this.
        """
        return clock.now() - self.seen_at >= timedelta(
            minutes=policy.current().number("session.seen_minutes")
        )


@dataclass(frozen=True)
class Lifetime:
    """How long a session may rest, and how long it may go on in all."""

    idle: timedelta
    longest: timedelta

    @classmethod
    def of(cls, roles: Iterable[str]) -> Lifetime:
        rules = policy.current()
        kind = "official" if set(roles) & set(rules.words("session.official_roles")) else "usual"
        return cls(
            timedelta(minutes=rules.number(f"session.{kind}_idle_minutes")),
            timedelta(hours=rules.number(f"session.{kind}_longest_hours")),
        )


def token_hash(token: str) -> str:
    """What is kept of a token: it has 256 bits of chance in it, so a plain hash cannot be turned back."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def begin(
    session: Session, user_id: int, *, device: str, network: str, factor: str = "", halfway: bool = False
) -> str:
    """Somebody is signed in with another browser; the token its cookie is to hold, which is kept nowhere.

    The person's oldest end where there are too many.
    """
    token = secrets.token_urlsafe(32)
    fresh = {
        "token_hash": token_hash(token),
        "handle": secrets.token_urlsafe(9),
        "device": device[:80],
        "network": network[:50],
    }
    session.add(SignIn(user_id=user_id, factor=factor, halfway=halfway, **fresh))
    session.flush()
    surplus = select(SignIn.id).where(SignIn.user_id == user_id).order_by(SignIn.id.desc()).offset(MOST)
    session.execute(delete(SignIn).where(SignIn.id.in_(session.scalars(surplus).all())))
    return token


def by_token(token: str) -> Select[SignIn]:
    """The session of this token, with its person."""
    return select(SignIn).where(SignIn.token_hash == token_hash(token))


def open_of(user_id: int) -> Select[SignIn]:
    """A person's sessions, the latest first; some of them may be over."""
    return (
        select(SignIn)
        .where(SignIn.user_id == user_id, SignIn.halfway.is_(False))
        .order_by(SignIn.seen_at.desc(), SignIn.id.desc())
    )


def end(session: Session, *which: object) -> int:
    """End the sessions that meet these conditions; how many there were. Nothing of them is kept."""
    ended: int = session.execute(delete(SignIn).where(*which)).rowcount  # type: ignore[arg-type,attr-defined]
    return ended


def end_all(session: Session, user_id: int) -> int:
    """End every session of a person, whoever asks.

    A changed password, an account that is blocked, the person itself. How many there were.
    """
    return end(session, SignIn.user_id == user_id)


def end_old(session: Session) -> int:
    """End what nobody's role would let go on: the night does so, and nothing depends on it."""
    longest = Lifetime.of(())
    return end(session, SignIn.seen_at < clock.now() - longest.longest)


def see(session: Session, key: int) -> None:
    """Note that a session was seen now."""
    session.execute(
        update(SignIn).where(SignIn.id == key, SignIn.seen_at < clock.now()).values(seen_at=clock.now())
    )


def device_of(agent: str) -> str:
    """Which browser on which system this User-Agent is, in the words of whoever uses it.

    Empty for none we know.
    """
    browser = next((name for sign, name in _BROWSERS.items() if re.search(rf"\b{sign}", agent)), "")
    system = next((name for sign, name in _SYSTEMS.items() if sign in agent), "")
    return " · ".join(filter(None, (browser, system)))


def network_of(address: str, bits: tuple[int, int] = (24, 48)) -> str:
    """The network an address belongs to, of so many bits for IPv4 and IPv6.

    A /24 or /48 is enough to tell one's own office from elsewhere. An IPv4 address in the clothes of the
    other (::ffff:203.0.113.7) is one. Empty for what is no address.
    """
    try:
        found = ipaddress.ip_address(address)
        plain = getattr(found, "ipv4_mapped", None) or found
        return str(ipaddress.ip_network((plain.packed, bits[plain.version == 6]), strict=False))
    except ValueError:
        return ""
