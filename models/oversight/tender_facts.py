"""What is kept of every tender that was opened, so that signs are held against the market without reading it.

A row a tender, and a running tally for whoever bid, bought or was awarded. Both are written by the consumer
alone, in the transaction that moves its cursor: each tender counts once, however often it is met.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import JSON, Float, ForeignKey, Index, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models.base import Base, Code, OptionalFen
from models.oversight.sign import Answer, Seen, Tally
from models.sourcing.tenders import Tender


class OpenedTender(Base):
    """A tender whose answers are open: who answered (`group`, a hash of all), who won at which price (fen).

    `difference` is as `Seen` has it. `counted` says what of it stands in the tallies: per bidder whether its
    bid was void, and whose award counts.
    """

    __tablename__ = "opened_tenders"
    __table_args__ = (
        Index("ix_opened_tenders_item", "item_code", "id"),
        Index("ix_opened_tenders_group", "group_key", "id"),
        Index("ix_opened_tenders_winner", "winner_id", "id"),
    )

    tender_id: Mapped[int] = mapped_column(ForeignKey("tenders.id"), unique=True)
    identifier: Mapped[Code]
    item_code: Mapped[Code]
    buyer_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    winner_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    group_key: Mapped[str] = mapped_column(String(64))
    price: Mapped[OptionalFen]
    difference: Mapped[float | None] = mapped_column(Float)
    at: Mapped[datetime]
    counted: Mapped[dict[str, bool]] = mapped_column(JSON)


class Dealing(Base):
    """The tally of one organisation as an agency or as a buyer; `lines` counts awards by department."""

    __tablename__ = "dealings"
    __table_args__ = (
        UniqueConstraint("organisation_id", "part"),
        Index("ix_dealings_part", "part", "id"),
    )

    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    part: Mapped[str] = mapped_column(String(6))
    bids: Mapped[int] = mapped_column(default=0)
    struck: Mapped[int] = mapped_column(default=0)
    won: Mapped[int] = mapped_column(default=0)
    lines: Mapped[dict[str, int]] = mapped_column(JSON)

    def told(self) -> Tally:
        return Tally(self.bids, self.struck, self.won, sum(1 for count in self.lines.values() if count > 0))


def group_of(answers: Iterable[Answer]) -> str:
    """What stands for exactly these agencies; empty of one alone."""
    keys = sorted({each.agency for each in answers})
    return hashlib.sha256(" ".join(map(str, keys)).encode()).hexdigest() if len(keys) > 1 else ""


def count(session: Session, tender: Tender, seen: Seen, now: datetime) -> dict[int, Tally]:
    """Put a tender down as it is now, and in the tallies of its parties. Returns these. Three statements."""
    row = session.scalars(select(OpenedTender).where(OpenedTender.tender_id == tender.id)).one_or_none()
    before, won_before = (dict(row.counted), row.winner_id) if row else ({}, None)
    winner = seen.winner.agency if seen.winner else None
    after = {str(each.agency): each.struck for each in seen.answers} if seen.sealed else {}
    if row is None:
        row = OpenedTender(tender_id=tender.id, identifier=tender.identifier, at=now)
        row.item_code, row.buyer_id = tender.item.code, tender.buyer_id
        session.add(row)
    row.group_key, row.winner_id, row.price = group_of(seen.answers), winner, seen.price
    row.difference, row.counted = seen.difference, after
    touched = {*map(int, before), *map(int, after), *filter(None, (winner, won_before))}
    tallies = _tallies(session, touched, tender.buyer_id)
    buyer = tallies[tender.buyer_id, "buyer"]
    for sign, counted in ((-1, before), (1, after)):
        for key, struck in counted.items():
            for tally in (tallies[int(key), "agency"], buyer):
                tally.bids += sign
                tally.struck += sign * struck
    line = tender.item.department
    for sign, who in ((-1, won_before), (1, winner)):
        if who is not None:
            own = tallies[who, "agency"]
            own.won += sign * seen.sealed
            own.lines = {**own.lines, line: own.lines.get(line, 0) + sign}
    session.flush()
    return {key: tally.told() for (key, _part), tally in tallies.items()}


def _tallies(session: Session, agencies: set[int], buyer: int) -> dict[tuple[int, str], Dealing]:
    """The tallies of these, made where there are none yet."""
    wanted = {*((key, "agency") for key in agencies), (buyer, "buyer")}
    query = select(Dealing).where(Dealing.organisation_id.in_([key for key, _part in wanted]))
    found = {(each.organisation_id, each.part): each for each in session.scalars(query)}
    for key, part in sorted(wanted - set(found)):
        new = Dealing(organisation_id=key, part=part, bids=0, struck=0, won=0, lines={})
        found[key, part] = new
        session.add(new)
    return {pair: found[pair] for pair in sorted(wanted)}


def others(session: Session, part: str, most: int) -> list[Tally]:
    """The tallies of the newest so many agencies or buyers."""
    query = select(Dealing).where(Dealing.part == part).order_by(Dealing.id.desc()).limit(most)
    return [each.told() for each in session.scalars(query)]
