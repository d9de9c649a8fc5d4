"""What agencies answer: quotes bargained over by turns, and sealed bids."""

from __future__ import annotations

from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, ForeignKey, LargeBinary, String, UniqueConstraint, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from models import clock, policy
from models.accounts import Organisation
from models.actors import Actor
from models.base import Base, Fen, OptionalFen
from models.sourcing.requests import Request
from models.text import N_, RuleBroken
from models.workflow import Case, Limit, Move, State, Workflow

PARTIES = {"buyer": "buyer_id", "agency": "agency_id"}
_TURN = Limit(policy="quote.answer_days", act="expire")

QUOTE = Workflow(
    name="quote",
    label=N_("报价与议价"),
    states=(
        State("open", N_("等业主答复")),
        State("countered", N_("等机构答复")),
        State("agreed", N_("已谈妥"), tone="good"),
        State("declined", N_("已谢绝"), tone="plain", terminal=True),
        State("expired", N_("已失效"), tone="plain", terminal=True),
    ),
    moves=(
        Move("open", "offer", "countered", who={"buyer"}, main=True, limit=_TURN, tells=("agency",)),
        Move("open", "accept", "agreed", who={"buyer", "system"}, tells=("agency",)),
        Move("open", "decline", "declined", who={"buyer", "system"}, tells=("agency",)),
        Move("open", "withdraw", "declined", who={"agency"}, tells=("buyer",)),
        Move("open", "expire", "expired", who={"system"}, tells=("buyer", "agency")),
        Move("countered", "offer", "open", who={"agency"}, main=True, limit=Limit(policy="request.award_days", act="expire"), tells=("buyer",)),
        Move("countered", "accept", "agreed", who={"agency"}, tells=("buyer",)),
        Move("countered", "decline", "declined", who={"agency", "system"}, tells=("buyer",)),
        Move("countered", "expire", "expired", who={"system"}, tells=("buyer", "agency")),
        Move("agreed", "decline", "declined", who={"system"}, tells=("agency",)),
    ),
    acts={
        "offer": N_("还价"),
        "accept": N_("同意这个价格"),
        "decline": N_("谢绝"),
        "withdraw": N_("撤回报价"),
        "expire": N_("到期失效"),
    },
    opening=Limit(attribute="stands_until", act="expire"),
)  # fmt: skip


class Quote(Case, Base):
    """An agency's answer to an inquiry. `price` and `days` are those of the latest offer."""

    __tablename__ = "quotes"
    __table_args__ = (UniqueConstraint("request_id", "agency_id"),)
    workflow: ClassVar[Workflow] = QUOTE
    parties: ClassVar[dict[str, str]] = PARTIES

    request_id: Mapped[int] = mapped_column(ForeignKey("requests.id"))
    buyer_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    agency_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    published_price: Mapped[Fen]
    price: Mapped[Fen]
    days: Mapped[int]
    stands_until: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    request: Mapped[Request] = relationship(lazy="joined")
    agency: Mapped[Organisation] = relationship(foreign_keys=[agency_id], lazy="joined")
    offers: Mapped[list[Offer]] = relationship(back_populates="quote", order_by="Offer.id")

    @property
    def title(self) -> str:
        return self.request.project

    @property
    def stake(self) -> int:
        return self.price

    @classmethod
    def within_mandate(cls, most: int) -> ColumnElement[bool]:
        return cls.price <= most


class Offer(Base):
    """One turn in the negotiation of a quote. Never changed."""

    __tablename__ = "offers"

    quote_id: Mapped[int] = mapped_column(ForeignKey("quotes.id"), index=True)
    by: Mapped[str] = mapped_column(String(10))
    price: Mapped[Fen]
    days: Mapped[int]
    note: Mapped[str] = mapped_column(String(500))
    at: Mapped[datetime] = mapped_column(default=clock.now)
    quote: Mapped[Quote] = relationship(back_populates="offers")


def add_offer(quote: Quote, by: str, price: int, days: int, note: str) -> Offer:
    """The next turn. RuleBroken past the policy's number of rounds, above the budget, or for an absurd term."""
    if len(quote.offers) >= policy.get(quote.policy_version).number("quote.rounds"):
        raise RuleBroken(N_("议价轮次已用完,请同意或谢绝。"), "price")
    check_terms(quote.request, price, days)
    offer = Offer(by=by, price=price, days=days, note=note.strip())
    quote.offers.append(offer)
    quote.price, quote.days = price, days
    return offer


def check_terms(request: Request, price: int, days: int) -> None:
    """What holds for every offer and bid: within the buyer's cap, and a working time of 1 to 500 days."""
    if request.budget and price > request.budget:
        raise RuleBroken(N_("报价高于业主公布的预算上限。"), "price")
    if not 1 <= days <= 500:
        raise RuleBroken(N_("工期应为 1 到 500 个工作日。"), "days")


def _before_deadline(session: Session, bid: Bid) -> None:
    bid.request.takes_offers()


BID = Workflow(
    name="bid",
    label=N_("投标"),
    states=(
        State("submitted", N_("已密封"), tone="wait"),
        State("withdrawn", N_("已撤回"), tone="plain"),
        State("opened", N_("已开启"), tone="good", terminal=True),
        State("void", N_("未开启"), tone="plain", terminal=True),
    ),
    moves=(
        Move("submitted", "replace", "submitted", who={"agency"}, rules=(_before_deadline,)),
        Move("submitted", "withdraw", "withdrawn", who={"agency"}, rules=(_before_deadline,)),
        Move("withdrawn", "replace", "submitted", who={"agency"}, rules=(_before_deadline,)),
        Move("submitted", "open", "opened", who={"system"}, tells=("agency",)),
        Move("submitted", "void", "void", who={"system"}, tells=("agency",)),
    ),
    acts={
        "replace": N_("更换投标"),
        "withdraw": N_("撤回投标"),
        "open": N_("开启"),
        "void": N_("未开启退回"),
    },
)  # fmt: skip


class Bid(Case, Base):
    """A sealed offer. Until it is opened only `sealed` and its receipt exist; `price` is empty."""

    __tablename__ = "bids"
    __table_args__ = (UniqueConstraint("request_id", "agency_id"),)
    workflow: ClassVar[Workflow] = BID
    parties: ClassVar[dict[str, str]] = {"agency": "agency_id"}

    request_id: Mapped[int] = mapped_column(ForeignKey("requests.id"))
    agency_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    sealed: Mapped[bytes] = mapped_column(LargeBinary)
    receipt: Mapped[str] = mapped_column(String(64))
    received_at: Mapped[datetime]
    price: Mapped[OptionalFen]
    days: Mapped[int | None]
    note: Mapped[str | None] = mapped_column(String(500))
    published_price: Mapped[OptionalFen]
    request: Mapped[Request] = relationship(lazy="joined")
    agency: Mapped[Organisation] = relationship(lazy="joined")

    @property
    def title(self) -> str:
        return self.request.project


def answers_to(session: Session, request: Request) -> list[Any]:
    """A request's quotes or bids but for the withdrawn, cheapest first as soon as a price is there to see."""
    case_class: Any = Quote if request.mode == "inquiry" else Bid
    order = case_class.price if request.opened or request.mode == "inquiry" else case_class.id
    query = select(case_class).where(case_class.request_id == request.id, case_class.state != "withdrawn")
    return list(session.scalars(query.order_by(order)).unique())


def shown_to(request: Request, answers: list[Any], actor: Actor) -> list[Any]:
    """Those of the answers an actor may see: sealed bids nobody's but one's own before the opening and all after
    it; quotes only the buyer's side and its overseers, and each agency its own."""
    if (request.opened and request.mode == "sealed_bid") or (request.mode == "inquiry" and request.roles_of(actor)):
        return answers
    return [a for a in answers if actor.organisation_id and a.agency_id == actor.organisation_id]


def live_answers(session: Session, request: Request) -> int:
    """How many quotes (or sealed bids) of a request still stand."""
    case_class: type[Quote] | type[Bid] = Quote if request.mode == "inquiry" else Bid
    live = ("open", "countered", "agreed") if request.mode == "inquiry" else ("submitted",)
    standing = select(func.count()).where(case_class.request_id == request.id, case_class.state.in_(live))
    return session.scalar(standing) or 0


def cheapest(bids: list[Bid]) -> list[Bid]:
    """The opened bids at the lowest price: one winner, or several that a draw must part."""
    opened = [bid for bid in bids if bid.state == "opened" and bid.price is not None]
    lowest = min((bid.price for bid in opened if bid.price is not None), default=None)
    return [bid for bid in opened if bid.price == lowest]
