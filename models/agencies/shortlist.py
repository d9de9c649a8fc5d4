"""The agencies an organisation keeps in mind (收藏), and how many of them may be set side by side.

Kept for the organisation, so that a colleague finds them too. It is nobody else's business: no event tells
of it.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ForeignKey, Select, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from models import clock, policy
from models.accounts import Organisation
from models.base import Base
from models.errors import NotFound, RuleViolation
from models.i18n import N_


class Favourite(Base):
    """An agency an organisation keeps in mind, and since when."""

    __tablename__ = "favourites"
    __table_args__ = (UniqueConstraint("organisation_id", "agency_id"),)

    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    agency_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    at: Mapped[datetime] = mapped_column(default=clock.now)
    agency: Mapped[Organisation] = relationship(foreign_keys=[agency_id], lazy="joined")


def most_favourites() -> int:
    """How many agencies an organisation may keep."""
    return policy.current().number("shortlist.most")


def most_compared() -> int:
    """How many agencies may be set side by side."""
    return policy.current().number("shortlist.compared")


def kept_by(organisation_id: int) -> Select[Favourite]:
    """What an organisation keeps, the newest first."""
    return (
        select(Favourite)
        .where(Favourite.organisation_id == organisation_id)
        .order_by(Favourite.at.desc(), Favourite.id.desc())
    )


def kept_among(session: Session, organisation_id: int | None, agency_ids: Iterable[int]) -> set[int]:
    """Which of these agencies an organisation keeps; none where there is no organisation."""
    if organisation_id is None:
        return set()
    query = select(Favourite.agency_id).where(
        Favourite.organisation_id == organisation_id, Favourite.agency_id.in_(list(agency_ids))
    )
    return set(session.scalars(query))


def _found(session: Session, organisation_id: int, agency: str) -> Favourite | None:
    of_it = Favourite.agency_id == Organisation.id
    query = select(Favourite).join(Organisation, of_it).where(Organisation.identifier == agency)
    return session.scalars(query.where(Favourite.organisation_id == organisation_id)).one_or_none()


def add(session: Session, organisation_id: int, agency: Organisation) -> None:
    """Keep an agency; one that is kept stays so.

    RuleViolation when the list is full, NotFound for what is no agency that is in the market.
    """
    if agency.kind != "agency" or agency.state not in ("verified", "suspended"):
        raise NotFound(N_("没有找到 %(identifier)s。"), identifier=agency.identifier)
    if _found(session, organisation_id, agency.identifier):
        return
    count = select(func.count()).where(Favourite.organisation_id == organisation_id)
    if (session.scalar(count) or 0) >= most_favourites():
        raise RuleViolation(N_("收藏已满 %(most)s 家,请先取消几家。"), "agency", most=most_favourites())
    session.add(Favourite(organisation_id=organisation_id, agency_id=agency.id))
    session.flush()


def remove(session: Session, organisation_id: int, agency: str) -> None:
    """Keep the one with this identifier no longer; what is not kept stays so, and whatever is not there."""
    found = _found(session, organisation_id, agency)
    if found is not None:
        session.delete(found)
        session.flush()
