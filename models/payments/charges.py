"""Charges: what a gateway was asked to take from a buyer, and what the gateway told us.

Both are kept before anything is done, so that whatever stops in the middle can be taken up again, and nothing
happens twice.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from models import clock
from models.base import Base, Code, Fen, Json
from models.payments.payment import Payment

STATES = ("asked", "waiting", "succeeded", "failed")


class Charge(Base):
    """One attempt to take a payment through a gateway.

    `key` goes to the gateway with every try, so that it takes the money once; `gateway_id` is its own name
    for it, None as long as its answer is not known. `surplus` marks one that succeeded when the payment was
    in already.
    """

    __tablename__ = "charges"
    __table_args__ = (UniqueConstraint("gateway", "gateway_id"),)

    payment_id: Mapped[int] = mapped_column(ForeignKey("payments.id"), index=True)
    gateway: Mapped[str] = mapped_column(String(12))
    method: Mapped[str] = mapped_column(String(20))
    key: Mapped[str] = mapped_column(String(60), unique=True)
    amount: Mapped[Fen]
    state: Mapped[str] = mapped_column(String(12), default="asked", index=True)
    gateway_id: Mapped[str | None] = mapped_column(String(60))
    surplus: Mapped[bool] = mapped_column(default=False)
    asked_at: Mapped[datetime] = mapped_column(default=clock.now)
    looked_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    payment: Mapped[Payment] = relationship(lazy="joined")

    @property
    def to_be_looked_at(self) -> bool:
        """Whether to look at it again though nobody told us of it.

        After a minute, then each time its age has doubled.
        """
        now, last = clock.now(), self.looked_at or self.asked_at
        asked = min(self.asked_at, last)  # later it was by a clock that has been put right since
        return last > now or (now - asked >= timedelta(minutes=1) and now - last >= last - asked)


class GatewayEvent(Base):
    """What a gateway told us, once under its own identifier.

    `about` names the thing it is about; what it says of it is not trusted but looked up, so that events may
    come late, twice or in any order.
    """

    __tablename__ = "gateway_events"
    __table_args__ = (UniqueConstraint("gateway", "event_id"),)

    gateway: Mapped[str] = mapped_column(String(12))
    event_id: Mapped[str] = mapped_column(String(80))
    kind: Mapped[str] = mapped_column(String(80))
    about: Mapped[str] = mapped_column(String(80), index=True)
    content: Mapped[Json]
    received_at: Mapped[datetime] = mapped_column(default=clock.now)
    handled_at: Mapped[datetime | None] = mapped_column(index=True)


class Discrepancy(Base):
    """Something on which a gateway and the books do not agree.

    Kept from when it was first found until it is gone.
    """

    __tablename__ = "gateway_discrepancies"
    __table_args__ = (UniqueConstraint("gateway", "about", "kind"),)

    gateway: Mapped[str] = mapped_column(String(12))
    kind: Mapped[str] = mapped_column(String(20))
    about: Mapped[str] = mapped_column(String(80))
    theirs: Mapped[Fen]
    ours: Mapped[Fen]
    case_identifier: Mapped[Code] = mapped_column(default="")
    found_at: Mapped[datetime] = mapped_column(default=clock.now)
    gone_at: Mapped[datetime | None] = mapped_column(index=True)


def charges_of(session: Session, payment: Payment) -> list[Charge]:
    """The attempts to take a payment, oldest first."""
    return list(session.scalars(select(Charge).where(Charge.payment_id == payment.id).order_by(Charge.id)))
