"""What was under the seals of bids comes to be open to all: texts, files, the draws and the ranking."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace

from sqlalchemy.orm import Session

from market.files import Kept, hand_in
from market.transaction import sealing_key
from models import draws
from models.actors import SYSTEM
from models.base import Json
from models.sourcing.bids import Bid, drawn_by, open_up, put_back, take_out
from models.sourcing.modes.sealed import ORDER
from models.sourcing.outcomes import Link, Outcome
from models.sourcing.ranking import ranked
from models.sourcing.related_bidders import spread
from models.sourcing.tenders import Tender


@dataclass(frozen=True)
class Unsealed:
    """What was under a bid's seal: its text, and the file it names. No text where the seal is broken."""

    sealed: bytes
    plain: str = ""
    file: Kept | None = None


def keep_back(bids: list[Bid], unsealed: dict[str, Unsealed]) -> None:
    """All but the prices waits: names, texts and files."""
    for bid in bids:
        found = unsealed[bid.identifier]
        if found.plain:
            put_back(bid, sealing_key(), found.plain, asdict(found.file) if found.file else None)


def lay_open(session: Session, bids: list[Bid], unsealed: dict[str, Unsealed]) -> None:
    """Everything that was sealed is there for whoever may see the bids, the files among it."""
    for bid in bids:
        found = unsealed[bid.identifier]
        if found.plain:
            content = open_up(bid, found.plain)
            if found.file is not None:
                hand_in(session, SYSTEM, bid, content["file"]["name"], found.file)


def taken_out(bid: Bid) -> Unsealed:
    """What was kept back of a bid; nothing of one that was laid open before."""
    if bid.content:
        return Unsealed(bid.sealed)
    plain, file = take_out(bid, sealing_key())
    return Unsealed(bid.sealed, plain, Kept(**file) if file else None)


def links_of_closing(tender: Tender) -> list[Link]:
    """Which bids were found to be linked when the tender was closed."""
    return tender.outcome.linked if tender.outcome else []


def rank_bids(session: Session, tender: Tender, bids: list[Bid]) -> None:
    """All is open: run the draws, and put the bids in order."""
    links = links_of_closing(tender)
    drawn = _draw(session, tender, [drawn_by(bid) for bid in bids if bid.content])
    outcome = Outcome(linked=links, order=spread(drawn[ORDER.purpose], links))
    prices = [bid.price for bid in bids if bid.state == "opened" and bid.price is not None]
    outcome = tender.way.reckon(outcome, drawn, prices, tender.policy_version)
    tender.outcome = replace(outcome, ranking=ranked(tender, bids, outcome))


def _draw(session: Session, tender: Tender, contributions: list[Json]) -> dict[str, list[str]]:
    """Run what was promised at publication and frozen at the deadline; what was drawn, by purpose.

    An auction that began when draws were run at its opening has drawn.
    """
    return {
        draw.purpose: draw.result
        if draw.drawn_at is not None
        else draws.run(draw, sealing_key(), contributions)
        for draw in draws.of_case(session, tender.identifier)
    }
