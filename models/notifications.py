"""Notifications: what an organisation is told, made from events."""

from __future__ import annotations

from sqlalchemy import ForeignKey, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from models.base import Base
from models.events import Event


class Notification(Base):
    """One event one organisation is told of, once."""

    __tablename__ = "notifications"
    __table_args__ = (UniqueConstraint("organisation_id", "event_id"),)

    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id"))
    event: Mapped[Event] = relationship(lazy="joined")


_INSERT = Notification.__table__.insert()  # type: ignore[attr-defined]


def notify(session: Session, happened: list[Event]) -> None:
    """Event handler: a notice for everyone an event names. Told before means told once."""
    wanted = {(key, event.id) for event in happened for key in event.notify["organisations"]}
    rows = session.execute(
        select(Notification.organisation_id, Notification.event_id).where(
            Notification.event_id.in_([e.id for e in happened])
        )
    )
    known = {(organisation, event) for organisation, event in rows}
    rows_wanted = [
        {"organisation_id": organisation, "event_id": event} for organisation, event in sorted(wanted - known)
    ]
    if rows_wanted:
        session.connection().execute(_INSERT, rows_wanted)
