"""What an offer is held against: what awards for the same item came to before."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from statistics import quantiles

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import clock
from models.catalogue import ServiceItem
from models.regions import above, covers, within
from models.sourcing.awards import Award
from models.sourcing.tenders import Tender


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


def past_prices(session: Session, item_code: str, region_code: str, least: int = 4) -> Quartiles | None:
    """What awards for an item came to in the last two years, as shares of the published prices.

    Shares of the winners' own prices make jobs of different sizes comparable; taken in the smallest area
    around the region that has `least` of them. None where even the province has fewer: too few to say
    anything. Awards that stand in public alone: from a median before and after one more award, or of four of
    which three are known, anybody reckons a price that is its parties' business.
    """
    since = clock.now() - timedelta(days=730)
    areas = above(region_code)
    rows = session.execute(
        select(Award.region_code, Award.price * 1.0 / Award.published_price)
        .join(Award.tender)
        .join(Tender.item)
        .where(
            ServiceItem.code == item_code, Award.state == "final", Award.created_at >= since, Tender.public()
        )
        .where(within(Award.region_code, areas[-1]))
    ).all()
    for area in areas:
        shares = [float(share) for code, share in rows if covers(area, code)]
        if len(shares) >= least:
            lower, median, upper = quantiles(shares, n=4, method="inclusive")
            return Quartiles(lower, median, upper, len(shares), area)
    return None
