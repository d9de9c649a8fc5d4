"""The award: who was chosen, and why."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import quantiles
from typing import ClassVar

from sqlalchemy import ForeignKey, Index, String, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from models import clock
from models.accounts import Organisation
from models.base import Base, Fen
from models.catalogue import ServiceItem
from models.sourcing.offers import PARTIES
from models.sourcing.requests import Request
from models.text import N_
from models.workflow import Case, Limit, Move, State, Workflow

AWARD = Workflow(
    name="award",
    label=N_("中选"),
    states=(
        State("proposed", N_("公示中")),
        State("final", N_("已确定"), tone="good", terminal=True),
        State("annulled", N_("已撤销"), tone="bad", terminal=True),
    ),
    moves=(
        Move("proposed", "finalise", "final", who={"system"}, public=True, tells=("buyer", "agency")),
        Move("proposed", "annul", "annulled", who={"regulator"}, public=True, needs_reason=True, tells=("buyer", "agency")),
    ),
    acts={"finalise": N_("公示期满,确定中选"), "annul": N_("撤销中选")},
    opening=Limit(attribute="public_until", act="finalise"),
)  # fmt: skip


class Award(Case, Base):
    """The chosen agency, with the reasons. A request has at most one that is not annulled."""

    __tablename__ = "awards"
    __table_args__ = (
        Index(
            "uq_awards_standing",
            "request_id",
            unique=True,
            sqlite_where=text("state <> 'annulled'"),
            postgresql_where=text("state <> 'annulled'"),
        ),
    )
    workflow: ClassVar[Workflow] = AWARD
    parties: ClassVar[dict[str, str]] = PARTIES

    request_id: Mapped[int] = mapped_column(ForeignKey("requests.id"))
    buyer_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    agency_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    price: Mapped[Fen]
    published_price: Mapped[Fen]
    days: Mapped[int]
    reasons: Mapped[str] = mapped_column(String(2000))
    public_until: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    draw_identifier: Mapped[str | None] = mapped_column(String(40))
    request: Mapped[Request] = relationship(lazy="joined")
    agency: Mapped[Organisation] = relationship(foreign_keys=[agency_id], lazy="joined")
    buyer: Mapped[Organisation] = relationship(foreign_keys=[buyer_id], lazy="joined")

    @property
    def title(self) -> str:
        return self.request.project


@dataclass(frozen=True, slots=True)
class Quartiles:
    """The middle half of a sample: lower quartile, median, upper quartile, and how many there were."""

    lower: float
    median: float
    upper: float
    count: int


def past_prices(session: Session, item_code: str, least: int = 4) -> Quartiles | None:
    """What awards for an item came to in the last two years, as shares of the winners' published prices, which
    makes jobs of different sizes comparable. None below `least` awards: too few to say anything."""
    since = clock.now() - timedelta(days=730)
    shares = session.scalars(
        select(Award.price * 1.0 / Award.published_price)
        .join(Award.request)
        .join(Request.item)
        .where(ServiceItem.code == item_code, Award.state == "final", Award.created_at >= since)
    ).all()
    if len(shares) < least:
        return None
    lower, median, upper = quantiles([float(share) for share in shares], n=4, method="inclusive")
    return Quartiles(lower, median, upper, len(shares))
