"""Letters by mail: what is to be told to whoever has an address.

Each is put down in the transaction of the act it follows, whether or not anybody has that address, and
written and sent after it: nobody who waits for an answer learns from it how much there was to do.
"""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, String, delete, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from models import clock
from models.accounts import User
from models.base import Base, Code, Json

KEPT = timedelta(days=30)  # after which a letter that was dealt with is nobody's business
MOST_AN_HOUR = (
    5  # of one kind to one address; the rest are not sent, so that nobody fills another's letter box
)
MOST_A_DAY = 5  # letters of one kind somebody may have sent by himself
# letters a day that ask one address to be confirmed, whoever said it was theirs; 忘记密码 leads there as well
MOST_FROM_ALL = 20


class Letter(Base):
    """A letter of one `kind` to one address, in the language of whoever caused it.

    `data` is what its text needs, `user` whose account it is about, if it is about one, `network` where it
    was asked for from. `done_at` is when it was sent, or found to be nobody's. Its text is kept only where no
    mail is sent, so that an administrator may read it. `channel` is the way it goes (market/channels/).
    """

    __tablename__ = "letters"

    kind: Mapped[Code]
    address: Mapped[str] = mapped_column(String(254), index=True)
    locale: Mapped[str] = mapped_column(String(12))
    data: Mapped[Json]
    channel: Mapped[str] = mapped_column(String(10), default="mail")
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    network: Mapped[str] = mapped_column(String(50), default="")
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    done_at: Mapped[datetime | None] = mapped_column(index=True)
    subject: Mapped[str | None] = mapped_column(String(200))
    text: Mapped[str | None] = mapped_column(String(4000))
    user: Mapped[User | None] = relationship(lazy="joined")


class Reset(Base):
    """A way to another password for whoever reads the letter it was sent in: once, and not for long.

    Only the hash of its token is kept.
    """

    __tablename__ = "password_resets"

    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    until: Mapped[datetime]


def waiting(session: Session, most: int = 200) -> list[int]:
    """The letters that are still to be dealt with, oldest first."""
    return list(
        session.scalars(select(Letter.id).where(Letter.done_at.is_(None)).order_by(Letter.id).limit(most))
    )


def too_many(session: Session, letter: Letter) -> bool:
    """Whether so many of this kind went to this address that this one does not.

    Those about an account are not counted, but for the one that asks an address to be confirmed because
    somebody said it was his: of those a few a day from one network and some from all, so that no stranger
    fills a box, and no one network keeps its owner's own letter from going.
    """
    if letter.kind in ("confirm", "joined", "code"):
        same = select(Letter.network).where(
            Letter.kind == letter.kind, Letter.address == letter.address, Letter.id < letter.id
        )
        networks = session.scalars(
            same.where(Letter.created_at > letter.created_at - timedelta(days=1))
        ).all()
        went = sum(
            min(each, MOST_A_DAY) for each in Counter(networks).values()
        )  # of those one network asked for too often none did
        return went >= MOST_FROM_ALL or networks.count(letter.network) >= MOST_A_DAY
    if letter.user_id is not None:
        return False
    lately = Letter.created_at > letter.created_at - timedelta(hours=1)
    before = select(func.count(Letter.id)).where(
        Letter.kind == letter.kind,
        Letter.address == letter.address,
        Letter.user_id.is_(None),
        lately,
        Letter.id < letter.id,
    )
    return (session.scalar(before) or 0) >= MOST_AN_HOUR


def had_enough(session: Session, kind: str, user: User) -> bool:
    """Whether somebody had so many letters of this kind sent today that the next has to wait."""
    lately = select(func.count(Letter.id)).where(
        Letter.kind == kind, Letter.user_id == user.id, Letter.created_at > clock.now() - timedelta(days=1)
    )
    return (session.scalar(lately) or 0) >= MOST_A_DAY


def lately(session: Session, kind: str, address: str) -> bool:
    """Whether a letter of this kind was put down for this address within the day."""
    return (
        session.scalar(
            select(Letter.id)
            .where(
                Letter.kind == kind,
                Letter.address == address,
                Letter.created_at > clock.now() - timedelta(days=1),
            )
            .limit(1)
        )
        is not None
    )


def about(session: Session, user: User) -> list[Letter]:
    """The letters about this account to its own addresses, newest first.

    No other to those addresses, since one that is only claimed is somebody else's.
    """
    mine = [address for address in (user.email, user.email_asked) if address]
    return list(
        session.scalars(
            select(Letter)
            .where(Letter.user_id == user.id, Letter.address.in_(mine))
            .order_by(Letter.id.desc())
            .limit(20)
        )
    )


def forget_old(session: Session, most: int) -> int:
    """Drop so many letters that were dealt with long ago. Returns how many there were."""
    old = select(Letter.id).where(Letter.done_at < clock.now() - KEPT).order_by(Letter.done_at).limit(most)
    keys = session.scalars(old).all()
    session.execute(delete(Letter).where(Letter.id.in_(keys)))
    return len(keys)


def forget_resets(session: Session) -> None:
    """Drop the ways to another password nobody went."""
    session.execute(delete(Reset).where(Reset.until <= clock.now()))
