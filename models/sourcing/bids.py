"""Sealed bids, and the prices of a live auction."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ForeignKey, LargeBinary, String, Text, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from models import agencies, clock, policy
from models.accounts import Organisation
from models.actors import Actor
from models.base import Base, Fen, OptionalFen
from models.sourcing.requests import Request
from models.text import N_, RuleBroken
from models.workflow import Case, Move, State, Workflow


def _before_deadline(session: Session, bid: Bid) -> None:
    bid.request.takes_offers(clock.arrival(session))


def _in_auction(session: Session, bid: Bid) -> None:
    ends = bid.request.auction_ends_at
    if bid.request.state != "auction" or ends is None:
        raise RuleBroken(N_("现在没有进行中的网上竞价。"))
    if clock.arrival(session) > ends:
        raise RuleBroken(N_("网上竞价已经结束。"))


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
        Move("submitted", "open", "opened", who={"system"}, tells=("agency",)),
        Move("opened", "undercut", "opened", who={"agency"}, rules=(_in_auction,), binds=True),
        Move("opened", "disqualify", "disqualified", who={"system"}, public=True, needs_reason=True, tells=("agency",)),
        Move("submitted", "void", "void", who={"system"}, tells=("agency",)),
    ),
    acts={
        "replace": N_("更换投标"),
        "withdraw": N_("撤回投标"),
        "open": N_("开启"),
        "undercut": N_("降价"),
        "disqualify": N_("判为无效"),
        "void": N_("未开启退回"),
    },
)  # fmt: skip


class Bid(Case, Base):
    """A sealed offer. Until it is opened only `sealed` and its receipt exist; `price` is empty.

    `content` is what was sealed, exactly: its SHA-256 is the receipt. `sealed_file` is where the sealed bytes of a file it names lie in the store,
    empty for no file; None in a bid from before that was kept, whose file only its seal knows. In a live auction `price` is the lowest so far.
    """

    __tablename__ = "bids"
    __table_args__ = (UniqueConstraint("request_id", "agency_id"),)
    workflow: ClassVar[Workflow] = BID
    parties: ClassVar[dict[str, str]] = {"agency": "agency_id"}

    request_id: Mapped[int] = mapped_column(ForeignKey("requests.id"))
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
    request: Mapped[Request] = relationship(lazy="joined")
    agency: Mapped[Organisation] = relationship(lazy="joined")

    @property
    def title(self) -> str:
        return self.request.project

    def check_fit(self, session: Session, played: frozenset[str]) -> None:
        agencies.check_fit(session, self.agency, self.request.item, own="agency" in played)

    def involved(self, session: Session, known: frozenset[int]) -> set[int]:
        """The bidder, and the buyer it bids to."""
        return {self.agency_id, self.request.buyer_id}

    def readable_by(self, session: Session, actor: Actor) -> bool:
        """Its own people always, and everyone who may see the request once all bids are open."""
        return super().readable_by(session, actor) or (self.request.opened and self.request.readable_by(session, actor))


class LivePrice(Base):
    """One price given in a live auction, with how it moved the end. Never changed."""

    __tablename__ = "live_prices"

    request_id: Mapped[int] = mapped_column(ForeignKey("requests.id"), index=True)
    bid_id: Mapped[int] = mapped_column(ForeignKey("bids.id"))
    price: Mapped[Fen]
    at: Mapped[datetime]
    ends_at: Mapped[datetime]
    bid: Mapped[Bid] = relationship(lazy="joined")


def lowest(session: Session, request: Request) -> int:
    """The price to beat in a live auction, in fen."""
    prices = session.scalars(select(Bid.price).where(Bid.request_id == request.id, Bid.state == "opened"))
    return min(price for price in prices if price is not None)


def step(request: Request, price: int) -> int:
    """By how much a new price must undercut the lowest, in fen: the policy's share, rounded up to whole yuan."""
    share = policy.get(request.policy_version).rate("choosing.auction_step_rate") * price
    return -int(-share // 100) * 100
