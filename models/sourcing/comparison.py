"""What an offer is held against: what awards for the same item came to before."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from statistics import quantiles

from sqlalchemy import func, select, true
from sqlalchemy.orm import Session

from models import clock
from models.catalogue import ServiceItem
from models.pricing import Quantity
from models.regions import above, covers, within
from models.sourcing.awards import Award
from models.sourcing.tenders import Tender

WITHIN = 2  # jobs of half the size to twice the size are comparable
MOST_PAST = 1000  # awards a comparison looks back on


@dataclass(frozen=True, slots=True)
class Quartiles:
    """The middle half of a sample.

    Lower quartile, median, upper quartile, how many there were, and in which area.
    """

    lower: float
    median: float
    upper: float
    count: int
    area: str


@dataclass(frozen=True, slots=True)
class Past:
    """What awards came to before.

    `prices` in fen, of jobs of about the same size; `shares` of the winners' own published prices, whatever
    the size: that is the weaker measure, for whoever publishes high prices has low shares. None where there
    are too few to say anything.
    """

    prices: Quartiles | None
    shares: Quartiles | None


def past_prices(session: Session, tender: Tender, least: int = 4) -> Past:
    """What the newest awards for an item came to before this tender's own, which is not among them.

    Those of two years, MOST_PAST at most.

    Each figure is taken in the smallest area around the region that has `least` awards. None where even the
    province has fewer. Awards that stand in public alone: from a median before and after one more award, or
    of four of which three are known, anybody reckons a price that is its parties' business.
    """
    own = select(func.min(Award.created_at)).where(Award.tender_id == tender.id)
    decided = session.scalar(own)
    until = decided or clock.now()
    areas = above(tender.region_code)
    rows = session.execute(
        select(Award.region_code, Award.price, Award.published_price, Tender.quantity)
        .join(Award.tender)
        .join(Tender.item)
        .where(
            ServiceItem.code == tender.item.code,
            Award.state == "final",
            Award.tender_id != tender.id,
            Award.created_at < until if decided else true(),
            Award.created_at >= until - timedelta(days=730),
            Tender.public(),
        )
        .where(within(Award.region_code, areas[-1]))
        .order_by(Award.id.desc())
        .limit(MOST_PAST)
    ).all()
    alike = [(code, price) for code, price, _published, size in rows if _comparable(tender, size)]
    shares = [(code, price / published) for code, price, published, _size in rows]
    return Past(_quartiles(alike, areas, least), _quartiles(shares, areas, least))


def _comparable(tender: Tender, size: dict[str, object]) -> bool:
    """Whether a job of another tender is about as large; where nothing is measured, every job is."""
    measure = tender.item.measure
    if measure == "none":
        return True
    own, other = (Quantity.of(stored).base(measure) for stored in (tender.quantity, size))
    return own <= other * WITHIN and other <= own * WITHIN and other > 0


def _quartiles(found: Sequence[tuple[str, float]], areas: list[str], least: int) -> Quartiles | None:
    for area in areas:
        values = [value for code, value in found if covers(area, code)]
        if len(values) >= least:
            lower, median, upper = quantiles(values, n=4, method="inclusive")
            return Quartiles(lower, median, upper, len(values), area)
    return None
