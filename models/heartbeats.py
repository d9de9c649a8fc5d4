"""Heartbeats: when each part of the jobs was last done with a whole pass.

So one that stands still is seen.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models import clock
from models.base import Base, Code
from models.upsert import upsert


class Heartbeat(Base):
    """When a lane, or a part of the night's work, last came to its end."""

    __tablename__ = "heartbeats"

    name: Mapped[Code] = mapped_column(unique=True)
    at: Mapped[datetime]


def beat(session: Session, name: str) -> None:
    upsert(session, Heartbeat, ["name"], {"name": name, "at": clock.now()}, replace=["at"])


def last(session: Session) -> dict[str, datetime]:
    """The last beat of each that ever beat."""
    return dict(session.execute(select(Heartbeat.name, Heartbeat.at)).all())
