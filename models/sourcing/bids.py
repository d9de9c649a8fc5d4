"""Sealed bids, and the prices of a live auction."""

from __future__ import annotations

import hashlib
import json
from datetime import datetime
from typing import ClassVar

from sqlalchemy import ColumnElement, ForeignKey, LargeBinary, String, Text, UniqueConstraint, and_, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from models import clock, policy, sealing
from models.accounts import Organisation
from models.actors import Actor
from models.agencies import eligibility
from models.append_only import AppendOnly
from models.base import Base, Fen, Json, OptionalFen
from models.errors import RuleViolation
from models.i18n import N_
from models.sourcing.of_tender import OfTender
from models.sourcing.tenders import Tender
from models.workflow_table import Move, State, Workflow


def _before_deadline(session: Session, bid: Bid) -> None:
    bid.tender.check_accepts_offers(clock.arrival(session))


def _in_auction(session: Session, bid: Bid) -> None:
    ends = bid.tender.auction_ends_at
    if bid.tender.state != "auction" or ends is None:
        raise RuleViolation(N_("现在没有进行中的网上竞价。"))
    if clock.arrival(session) > ends:
        raise RuleViolation(N_("网上竞价已经结束。"))


def _running(bid: Bid) -> bool:
    return bid.tender.state == "auction"


BID = Workflow(
    name="bid",
    label=N_("投标"),
    states=(
        State("submitted", N_("已密封"), tone="wait"),
        State("withdrawn", N_("已撤回"), tone="plain"),
        State("opened", N_("已开启"), tone="good"),
        State("disqualified", N_("无效投标"), tone="bad", terminal=True),
        State("void", N_("未开启"), tone="plain", terminal=True),
    ),
    moves=(
        Move("submitted", "replace", "submitted", who={"agency"}, rules=(_before_deadline,), binds=True),
        Move("submitted", "withdraw", "withdrawn", who={"agency"}, rules=(_before_deadline,)),
        Move("withdrawn", "replace", "submitted", who={"agency"}, rules=(_before_deadline,), binds=True),
        Move("submitted", "open", "opened", who={"system"}, notify=("agency",)),
        Move(
            "opened", "undercut", "opened", who={"agency"}, rules=(_in_auction,), binds=True, offered=_running
        ),
        Move(
            "opened",
            "disqualify",
            "disqualified",
            who={"system"},
            public=True,
            needs_reason=True,
            notify=("agency",),
        ),
        Move("submitted", "void", "void", who={"system"}, notify=("agency",)),
    ),
    duties=("withdraw",),
    openings={"submit": N_("投标")},
    undone_by={"withdraw": "replace", "replace": "withdraw"},
    consequences={"withdraw": N_("这份投标不参加拆封和评选;截止前可以重新投标。")},
    acts={
        "replace": N_("更换投标"),
        "withdraw": N_("撤回投标"),
        "open": N_("开启"),
        "undercut": N_("降价"),
        "disqualify": N_("判为无效"),
        "void": N_("未开启退回"),
    },
)


class Bid(OfTender, Base):
    """A sealed offer. Until it is opened only `sealed` and its receipt exist; `price` is empty.

    `content` is what was sealed, exactly: its SHA-256 is the receipt. `sealed_file` is where the sealed bytes
    of a file it names lie in the store, empty for no file; None in a bid from before that was kept, whose
    file only its seal knows. In a live auction `price` is the lowest so far, and all there is to read: the
    rest is in `sealed` under the platform's key until the end (`put_back`, `take_out`).
    """

    __tablename__ = "bids"
    __table_args__ = (UniqueConstraint("tender_id", "agency_id"),)
    workflow: ClassVar[Workflow] = BID
    prefix: ClassVar[str] = "B"
    parties: ClassVar[dict[str, str]] = {"agency": "agency_id"}
    live: ClassVar[tuple[str, ...]] = ("submitted",)

    agency_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    receipt: Mapped[str] = mapped_column(String(64))
    sealed_file: Mapped[str | None] = mapped_column(String(64), index=True)
    received_at: Mapped[datetime]
    content: Mapped[str | None] = mapped_column(Text)
    price: Mapped[OptionalFen]
    days: Mapped[int | None]
    note: Mapped[str | None] = mapped_column(String(4000))
    published_price: Mapped[OptionalFen]
    agency: Mapped[Organisation] = relationship(lazy="joined")

    def check_fit(self, session: Session, played: frozenset[str]) -> None:
        eligibility.check_fit(session, self.agency, self.tender.item, "bid", own="agency" in played)

    def involved(self, session: Session, known: frozenset[int]) -> set[int]:
        """The bidder, and the buyer it bids to."""
        return {self.agency_id, self.tender.buyer_id}

    def roles_of(self, actor: Actor) -> frozenset[str]:
        """Until all bids are open nobody has a part in it but its agency, and the clock.

        Not even who bid is for anybody to know.
        """
        found = super().roles_of(actor)
        return found if self.tender.opened else found & {"agency", "system"}

    @classmethod
    def scope(cls, role: str, actor: Actor) -> ColumnElement[bool]:
        found = super().scope(role, actor)
        return (
            found
            if role in ("agency", "system")
            else and_(found, cls.tender_id.in_(select(Tender.id).where(Tender.opened_to_all())))
        )

    def readable_by(self, session: Session, actor: Actor) -> bool:
        """Its own people always, and everyone who may see the tender once all bids are open."""
        return super().readable_by(session, actor) or (
            self.tender.opened and self.tender.readable_by(session, actor)
        )


class LivePrice(AppendOnly, Base):
    """One price given in a live auction, with how it moved the end."""

    __tablename__ = "live_prices"

    tender_id: Mapped[int] = mapped_column(ForeignKey("tenders.id"), index=True)
    bid_id: Mapped[int] = mapped_column(ForeignKey("bids.id"))
    price: Mapped[Fen]
    at: Mapped[datetime]
    ends_at: Mapped[datetime]
    bid: Mapped[Bid] = relationship(lazy="joined")


def open_up(bid: Bid, plain: str) -> Json:
    """What was sealed, for whoever may see the bid. Returns it.

    But for the price, which an auction may have changed.
    """
    content: Json = json.loads(plain)
    bid.content, bid.days, bid.note, bid.published_price = (
        plain,
        content["days"],
        content["note"],
        content["published_price"],
    )
    return content


def put_back(bid: Bid, key: bytes, plain: str, file: Json | None) -> None:
    """An auction needs a bid's price and nothing else of it.

    Keep the rest, and where its file is, under the platform's key until the end.
    """
    bid.sealed = sealing.wrap(key, json.dumps([plain, file], ensure_ascii=False).encode())


def take_out(bid: Bid, key: bytes) -> tuple[str, Json | None]:
    """What `put_back` kept: the text, and where its file is."""
    plain, file = json.loads(sealing.unwrap(key, bid.sealed))
    return plain, file


def drawn_by(bid: Bid) -> Json:
    """What an opened bid brings to the draws: the SHA-256 of its nonce and its bidder's own text.

    It depends on every letter of the text and is none of them, so that a draw's file carries no words from
    one bidder to another.
    """
    content = json.loads(bid.content or "{}")
    return {
        "party": bid.identifier,
        "value": hashlib.sha256(f"{content['nonce']}:{content['contribution']}".encode()).hexdigest(),
    }


def lowest(session: Session, tender: Tender) -> int:
    """The price to beat in a live auction, in fen."""
    prices = session.scalars(select(Bid.price).where(Bid.tender_id == tender.id, Bid.state == "opened"))
    return min(price for price in prices if price is not None)


def step(tender: Tender, price: int) -> int:
    """By how much a new price must undercut the lowest, in fen.

    The policy's share, rounded up to whole yuan.
    """
    share = policy.get(tender.policy_version).rate("choosing.auction_step_rate") * price
    return -int(-share // 100) * 100
