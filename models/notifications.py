"""Notifications: what an organisation is told, made from events, and whether anybody of it has read it."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, func, not_, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from models import clock
from models.base import Base
from models.events import Event, last_before
from models.i18n import N_
from models.upsert import upsert

# What a notice is about. People choose by these how they hear of it (notice_settings.py).
KINDS = {
    "invite": N_("请贵单位报价"),
    "result": N_("采购结果与异议"),
    "limit": N_("期限提醒"),
    "case": N_("办理进展"),
    "message": N_("来往消息"),
    "work": N_("可以承接的采购"),
    "saved": N_("保存的搜索"),
}
OFFERS = ("work", "saved")  # what concerns nobody any more once the tender is over, read or not
_RESULTS = frozenset(
    f"tender.{act}"
    for act in ("fail", "cancel", "consent", "call_off", "open", "end_auction", "publish_scores")
)
MESSAGE = ".message"  # how the kind of an event ends by which a party wrote to the other
MOST_COUNTED = 100  # unread notices; a page says "99+" of more


class Notification(Base):
    """One event one organisation is told of, once. `kind` is one of KINDS.

    It is read once anybody of the organisation has opened it, or what it is about.
    """

    __tablename__ = "notifications"
    __table_args__ = (
        UniqueConstraint("organisation_id", "event_id"),
        Index(
            "ix_notifications_unread",
            "organisation_id",
            sqlite_where=text("read_at IS NULL"),
            postgresql_where=text("read_at IS NULL"),
        ),
        Index(
            "ix_notifications_unread_kind",
            "kind",
            "event_id",
            sqlite_where=text("read_at IS NULL"),
            postgresql_where=text("read_at IS NULL"),
        ),
    )

    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id"))
    kind: Mapped[str] = mapped_column(String(10), default="case")
    read_at: Mapped[datetime | None] = mapped_column(index=True)
    event: Mapped[Event] = relationship(lazy="joined")


def kind_of(event: Event) -> str:
    """What a notice of this event is about, for whoever has a part in it."""
    if event.kind.endswith(MESSAGE):
        return "message"
    if event.kind == "tender.publish":  # whoever else hears of it is not named by the event
        return "invite"
    if event.case_type in ("award", "objection") or event.kind in _RESULTS:
        return "result"
    return "limit" if event.kind.partition(".")[2] in ("remind", "expiring", "expire") else "case"


def notify(session: Session, happened: list[Event]) -> list[Notification]:
    """Event handler: a notice for everyone an event names. Told before means told once.

    Returns the notices that are new.
    """
    return tell(
        session,
        [
            (key, event.id, kind_of(event))
            for event in happened
            for key in sorted(set(event.notify["organisations"]))
        ],
    )


def tell(session: Session, wanted: Iterable[tuple[int, int, str]]) -> list[Notification]:
    """Notices for these organisations of these events, each with its kind; those that are new.

    Whoever was told of an event already is not told again, whatever for.
    """
    first: dict[tuple[int, int], str] = {}
    for organisation, event, kind in wanted:
        first.setdefault((organisation, event), kind)
    events = {event for _organisation, event in first}
    standing = select(Notification.organisation_id, Notification.event_id).where(
        Notification.event_id.in_(events),
        Notification.organisation_id.in_({organisation for organisation, _event in first}),
    )
    known = {(organisation, event) for organisation, event in session.execute(standing)}
    new = [key for key in sorted(first) if key not in known]
    if not new:
        return []
    rows = [{"organisation_id": key[0], "event_id": key[1], "kind": first[key]} for key in new]
    upsert(session, Notification, ["organisation_id", "event_id"], rows)
    made = select(Notification).where(
        Notification.event_id.in_(events), Notification.organisation_id.in_({key[0] for key in new})
    )
    fresh = set(new)
    return [
        notice
        for notice in session.scalars(made.order_by(Notification.id))
        if (notice.organisation_id, notice.event_id) in fresh
    ]


def unread(session: Session, organisation_id: int | None) -> int:
    """How many notices nobody of an organisation has read, counted up to MOST_COUNTED."""
    if organisation_id is None:
        return 0
    some = (
        select(Notification.id)
        .where(Notification.organisation_id == organisation_id, Notification.read_at.is_(None))
        .limit(MOST_COUNTED)
    )
    return session.scalar(select(func.count()).select_from(some.subquery())) or 0


def unread_about(session: Session, organisation_id: int, case_identifier: str, *, talk: bool) -> list[int]:
    """The unread notices of an organisation about this case: of messages (`talk`), or of all else."""
    is_message = Notification.kind == "message"
    about = (
        select(Notification.id)
        .join(Event, Event.id == Notification.event_id)
        .where(
            Notification.organisation_id == organisation_id,
            Notification.read_at.is_(None),
            Event.case_identifier == case_identifier,
            is_message if talk else not_(is_message),
        )
    )
    return list(session.scalars(about))


def read(session: Session, numbers: Iterable[int]) -> None:
    """These notices were read, now."""
    session.execute(
        update(Notification)
        .where(Notification.id.in_(list(numbers)), Notification.read_at.is_(None))
        .values(read_at=clock.now())
    )


def read_before(session: Session, instant: datetime) -> None:
    """All that anybody was told of before this instant was read, now."""
    session.execute(
        update(Notification)
        .where(Notification.event_id <= last_before(session, instant), Notification.read_at.is_(None))
        .values(read_at=clock.now())
    )


def read_all(session: Session, organisation_id: int) -> None:
    """All an organisation was told of so far was read, now."""
    session.execute(
        update(Notification)
        .where(Notification.organisation_id == organisation_id, Notification.read_at.is_(None))
        .values(read_at=clock.now())
    )
