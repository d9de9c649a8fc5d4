"""Quotes: what agencies answer to an inquiry, bargained over by turns.

Where the policy hides them until the deadline they are kept sealed: no column has a price, and the case is
nobody's but its agency's.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import ClassVar

from sqlalchemy import ColumnElement, ForeignKey, LargeBinary, String, UniqueConstraint, and_, func, select
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from models import clock, policy, sealing, workdays
from models.accounts import Organisation
from models.actors import Actor
from models.agencies import eligibility
from models.append_only import AppendOnly
from models.base import Base, Fen, Json, OptionalFen
from models.errors import RuleViolation
from models.i18n import N_
from models.lengths import TOO_LONG, check_text
from models.sourcing.of_tender import PARTIES, OfTender
from models.sourcing.tenders import Tender
from models.workflow_table import Limit, Move, State, Workflow

SEALED = N_("已密封")  # in place of the state of an open quote that nobody can read yet
_TURN = Limit(policy="quote.answer_days", act="expire")
_AGREED = Limit(attribute="agreed_until", act="expire")


def _still_sealed(session: Session, quote: Quote) -> None:
    if quote.sealed is None:
        raise RuleViolation(N_("报价已经公开,请在原报价上议价。"))
    quote.tender.check_accepts_offers(clock.arrival(session))


def _bargained(quote: Quote) -> bool:
    """What is open is bargained over, and what is sealed is replaced."""
    return quote.sealed is None


def _replaced(quote: Quote) -> bool:
    return quote.sealed is not None


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
        Move(
            "open",
            "offer",
            "countered",
            who={"buyer"},
            main=True,
            limit=_TURN,
            notify=("agency",),
            offered=_bargained,
        ),
        Move(
            "open",
            "accept",
            "agreed",
            who={"buyer", "system"},
            notify=("agency",),
            limit=_AGREED,
            binds=True,
            offered=_bargained,
        ),
        Move("open", "decline", "declined", who={"buyer", "system"}, notify=("agency",), offered=_bargained),
        Move("open", "withdraw", "declined", who={"agency"}, notify=("buyer",)),
        Move(
            "open",
            "replace",
            "open",
            who={"agency"},
            rules=(_still_sealed,),
            offered=_replaced,
            limit=Limit(attribute="standing_until", act="expire"),
            binds=True,
        ),
        Move(
            "countered",
            "replace",
            "open",
            who={"agency"},
            rules=(_still_sealed,),
            offered=_replaced,
            limit=Limit(attribute="standing_until", act="expire"),
            binds=True,
        ),
        Move("open", "expire", "expired", who={"system"}, notify=("buyer", "agency")),
        Move(
            "countered",
            "offer",
            "open",
            who={"agency"},
            main=True,
            limit=Limit(policy="tender.award_days", act="expire"),
            notify=("buyer",),
            binds=True,
            offered=_bargained,
        ),
        Move(
            "countered",
            "accept",
            "agreed",
            who={"agency"},
            notify=("buyer",),
            limit=_AGREED,
            binds=True,
            offered=_bargained,
        ),
        Move(
            "countered",
            "decline",
            "declined",
            who={"agency", "buyer", "system"},
            notify=("buyer", "agency"),
            offered=_bargained,
        ),
        Move("countered", "expire", "expired", who={"system"}, notify=("buyer", "agency")),
        Move(
            "countered",
            "stand",
            "open",
            who={"system"},
            limit=Limit(attribute="standing_until", act="expire"),
            notify=("buyer", "agency"),
        ),
        Move("agreed", "decline", "declined", who={"system"}, notify=("agency",)),
        Move("agreed", "expire", "expired", who={"system"}, notify=("buyer", "agency")),
        Move("open", "renew", "countered", who={"system"}, notify=("agency",), limit=_TURN),
        Move("countered", "renew", "countered", who={"system"}, notify=("agency",), limit=_TURN),
        Move("agreed", "renew", "countered", who={"system"}, notify=("agency",), limit=_TURN),
    ),
    duties=("decline", "withdraw"),
    openings={"submit": N_("报价")},
    undone_by={"offer": "withdraw", "replace": "withdraw"},
    consequences={
        "offer": N_("对方同意这个价格即谈妥,在此之前不能改。"),
        "accept": N_("价格和工期就此谈妥,不能再议。谈妥不等于中选:业主接下来要截止征集,再确定中选机构。"),
        "decline": N_("这份报价不再有效。"),
        "withdraw": N_("这份报价不再有效。"),
    },
    acts={
        "offer": N_("还价"),
        "accept": N_("同意这个价格"),
        "decline": N_("谢绝"),
        "withdraw": N_("撤回报价"),
        "replace": N_("更换报价"),
        "expire": N_("到期失效"),
        "stand": N_("还价未获答复,原报价仍有效"),
        "renew": N_("需求有修改,请重新报价"),
    },
    opening=Limit(attribute="standing_until", act="expire"),
)


class Quote(OfTender, Base):
    """An agency's answer to an inquiry.

    `price` and `days` are those of the latest offer; while it is `sealed` they, and its offers, are there
    only, under the platform's key.
    """

    __tablename__ = "quotes"
    __table_args__ = (UniqueConstraint("tender_id", "agency_id"),)
    workflow: ClassVar[Workflow] = QUOTE
    prefix: ClassVar[str] = "P"
    parties: ClassVar[dict[str, str]] = PARTIES
    live: ClassVar[tuple[str, ...]] = ("open", "countered", "agreed")
    delegated_with: ClassVar[str] = "quote"
    stake: ClassVar[str] = N_("最新价格")

    buyer_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    agency_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    published_price: Mapped[OptionalFen]
    price: Mapped[OptionalFen]
    days: Mapped[int | None]
    sealed: Mapped[bytes | None] = mapped_column(LargeBinary)
    stands_until: Mapped[datetime]
    renewed: Mapped[bool] = mapped_column(
        default=False
    )  # the tender changed, and it was not answered anew since
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    agency: Mapped[Organisation] = relationship(foreign_keys=[agency_id], lazy="joined")
    offers: Mapped[list[Offer]] = relationship(back_populates="quote", order_by="Offer.id")

    @property
    def standing_until(self) -> datetime:
        """Until when it binds its agency.

        Never less than what the buyer has to award in, reckoned from the deadline as it is now.
        """
        award = policy.get(self.policy_version or self.tender.policy_version).number("tender.award_days")
        return max(self.stands_until, workdays.add(self.tender.deadline, award))

    @property
    def agreed_until(self) -> datetime:
        """Until when what is agreed now waits for the award: never less than the quote stands anyway."""
        book = policy.get(self.policy_version or self.tender.policy_version)
        return max(self.standing_until, workdays.add(clock.now(), book.number("quote.agreed_days")))

    @hybrid_property
    def amount_at_stake(self) -> int:
        return self.price or 0

    @amount_at_stake.inplace.expression
    @classmethod
    def _amount_at_stake(cls) -> ColumnElement[int]:
        return func.coalesce(cls.price, 0)

    @property
    def state_label(self) -> str:
        """Nobody can answer what is still sealed."""
        return SEALED if self.sealed is not None and self.state == "open" else super().state_label

    def check_fit(self, session: Session, played: frozenset[str]) -> None:
        eligibility.check_fit(session, self.agency, self.tender.item, "quote", own="agency" in played)

    def parties_told(self, roles: Iterable[str]) -> list[int]:
        """Whoever may not see it while it is sealed is not told of it."""
        return [key for key in super().parties_told(roles) if self.sealed is None or key == self.agency_id]

    def roles_of(self, actor: Actor) -> frozenset[str]:
        """While it is sealed nobody has a part in it but its agency, and the clock."""
        found = super().roles_of(actor)
        return found if self.sealed is None else found & {"agency", "system"}

    @classmethod
    def scope(cls, role: str, actor: Actor) -> ColumnElement[bool]:
        found = super().scope(role, actor)
        return found if role in ("agency", "system") else and_(found, cls.sealed.is_(None))


def quote_of(session: Session, tender: Tender, agency_id: int) -> Quote | None:
    """What an agency answered to a tender, locked; None where it bid, or did not answer."""
    found = select(Quote).where(Quote.tender_id == tender.id, Quote.agency_id == agency_id)
    return session.scalars(found.with_for_update(of=Quote)).one_or_none()


def bargaining(session: Session, quotes: Iterable[Quote]) -> bool:
    """Whether the buyer has answered one of these quotes with a price of its own."""
    found = select(Offer.id).where(Offer.quote_id.in_([quote.id for quote in quotes]), Offer.by == "buyer")
    return session.scalar(found.limit(1)) is not None


class Offer(AppendOnly, Base):
    """One turn in the negotiation of a quote."""

    __tablename__ = "offers"

    quote_id: Mapped[int] = mapped_column(ForeignKey("quotes.id"), index=True)
    by: Mapped[str] = mapped_column(String(10))
    price: Mapped[Fen]
    days: Mapped[int]
    note: Mapped[str] = mapped_column(String(500))
    at: Mapped[datetime] = mapped_column(default=clock.now)
    quote: Mapped[Quote] = relationship(back_populates="offers")


def seal_terms(quote: Quote, key: bytes, *, price: int, days: int, note: str, published_price: int) -> None:
    """Keep an offer sealed under the platform's key until the deadline.

    RuleViolation for terms the tender does not take.
    """
    check_terms(quote.tender, price, days)
    terms = {
        "price": price,
        "days": days,
        "note": check_text(Offer.note, note, TOO_LONG),
        "published_price": published_price,
        "at": clock.now().isoformat(),
    }
    quote.sealed = sealing.wrap(key, json.dumps(terms, ensure_ascii=False).encode())


def sealed_terms(quote: Quote, key: bytes) -> Json:
    """What is under the seal, for the agency whose it is; empty where nothing is sealed."""
    found: Json = json.loads(sealing.unwrap(key, quote.sealed)) if quote.sealed else {}
    return found


def reveal(quote: Quote, key: bytes) -> None:
    """The deadline has come: the offer is there for whoever may see the quote."""
    terms = sealed_terms(quote, key)
    quote.sealed, quote.price, quote.days, quote.published_price = (
        None,
        terms["price"],
        terms["days"],
        terms["published_price"],
    )
    quote.offers.append(
        Offer(
            by="agency",
            price=terms["price"],
            days=terms["days"],
            note=terms["note"],
            at=datetime.fromisoformat(terms["at"]),
        )
    )


def add_offer(quote: Quote, by: str, price: int, days: int, note: str) -> Offer:
    """The next turn. RuleViolation as `check_offer` says."""
    check_offer(quote, price, days)
    offer = Offer(by=by, price=price, days=days, note=note.strip())
    quote.offers.append(offer)
    quote.price, quote.days, quote.renewed = price, days, False
    return offer


def check_offer(quote: Quote, price: int, days: int) -> None:
    """RuleViolation past the policy's number of rounds, above the budget, or for an absurd term."""
    version = quote.policy_version or quote.tender.policy_version
    if len(quote.offers) >= policy.get(version).number("quote.rounds"):
        raise RuleViolation(N_("议价轮次已用完,请同意或谢绝。"), "price")
    check_terms(quote.tender, price, days)


def restore_offer(quote: Quote) -> Offer | None:
    """What the agency offered last counts again, where only the counter-offer to it ran out.

    It binds its agency anyway, and else a buyer whom no offer pleases would be rid of all of them by prices
    nobody takes. None where the quote itself has run out.
    """
    if quote.state != "countered" or quote.renewed:
        return None
    own = next(each for each in reversed(quote.offers) if each.by == "agency")
    quote.price, quote.days = own.price, own.days
    return own


def check_terms(tender: Tender, price: int, days: int) -> None:
    """What holds for every offer and bid: within the buyer's cap, and a working time of 1 to 500 days."""
    if tender.budget and price > tender.budget:
        raise RuleViolation(N_("报价高于业主公布的预算上限。"), "price")
    if not 1 <= days <= 500:
        raise RuleViolation(N_("工期应为 1 到 500 个工作日。"), "days")
