"""What the mean of ratings reads of a rating: kept when it is published, for good.

What an item's ratings ran at then, what the rated agency was taken for by the others, and what the rater had
given above that so far: each follows from the ratings published before, so that one new rating touches one
agency, in time that does not grow with the market.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint, and_, exists, func, or_, select
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from models.base import Base, Code, Fen
from models.contracts.agreement import Contract
from models.contracts.deliverables import Deliverable, ReviewOutcome
from models.credit.policy import CreditPolicy
from models.credit.rating_mean import baseline
from models.payments.payment import Payment
from models.ratings.rating import COUNTED, Rating
from models.sourcing.tenders import Tender


class RatingFact(Base):
    """A published rating of an agency.

    `stars` 1 to 5; `seen` whether an authority recorded an outcome for its contract, or a bank or gateway saw
    its money; `value` of the contract in fen; `item_mean` what the item's ratings ran at when it came;
    `habit` and `habit_weight` the rater's sum of (stars - baseline) and of weights up to and with this one,
    faded to its day. `hidden_at`: since when it counts no more.
    """

    __tablename__ = "rating_facts"
    __table_args__ = (
        Index("ix_rating_facts_agency", "agency_id", "by", "at"),
        Index("ix_rating_facts_rater", "rater_id", "by", "at"),
    )

    rating_id: Mapped[int] = mapped_column(ForeignKey("ratings.id"), unique=True)
    rating: Mapped[Code]
    by: Mapped[str] = mapped_column(String(10))
    agency_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    rater_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    item_code: Mapped[str] = mapped_column(String(12))
    at: Mapped[datetime]
    stars: Mapped[float]
    seen: Mapped[bool]
    value: Mapped[Fen]
    item_mean: Mapped[float]
    above: Mapped[float]
    habit: Mapped[float]
    habit_weight: Mapped[float]
    hidden_at: Mapped[datetime | None]


class ItemMean(Base):
    """What the ratings for an item run at: their faded sum and weight as of the last."""

    __tablename__ = "item_means"
    __table_args__ = (UniqueConstraint("by", "item_code"),)

    by: Mapped[str] = mapped_column(String(10))
    item_code: Mapped[str] = mapped_column(String(12))
    total: Mapped[float]
    weight: Mapped[float]
    at: Mapped[datetime]


def fading(rules: CreditPolicy, earlier: datetime, later: datetime) -> float:
    """How much of a weight is left after the time between: half of it after a half-life."""
    days = max((later - earlier).total_seconds(), 0) / 86400
    return float(2 ** (-days / float(rules.rate("rating.half_life_days"))))


def value_class(rules: CreditPolicy, value: int) -> float:
    """What a contract of so many fen counts more than a small one."""
    classes = rules.values["rating"]["value_classes"]
    return float(next(factor for least, factor in reversed(classes) if value >= least * 100))


def weight_of(rules: CreditPolicy, fact: RatingFact) -> float:
    """What a rating weighs in its rater's habit, on its day."""
    return value_class(rules, fact.value) if fact.seen else 1.0


def keep(session: Session, rules: CreditPolicy, ratings: Iterable[str]) -> set[int]:
    """Keep what is to be kept of these ratings (identifiers), in the order in which they were published.

    One that is kept already, is not published or is not about an agency is passed over. Returns the agencies.
    """
    tender = aliased(Tender)
    rows = (
        select(Rating, Contract, tender)
        .join(Contract, Contract.id == Rating.contract_id)
        .join(tender, tender.id == Contract.tender_id)
        .where(
            Rating.identifier.in_(list(ratings)),
            Rating.ratee_id == Contract.agency_id,
            Rating.published_at.is_not(None),
            Rating.state.in_(COUNTED),  # one that was hidden before it was read counts for nothing
            Rating.scores.is_not(None),
            ~exists().where(RatingFact.rating_id == Rating.id),
        )
        .order_by(Rating.published_at, Rating.id)
    )
    touched = set()
    for rating, contract, about in session.execute(rows).unique():
        session.add(_fact(session, rules, rating, contract, about.item.code))
        session.flush()
        touched.add(rating.ratee_id)
    return touched


def unread(session: Session, most: int) -> list[str]:
    """Published ratings (identifiers) of which nothing is kept yet, in the order of their publication."""
    rows = (
        select(Rating.identifier)
        .join(Contract, Contract.id == Rating.contract_id)
        .where(
            Rating.ratee_id == Contract.agency_id,
            Rating.published_at.is_not(None),
            Rating.state.in_(COUNTED),  # one that was hidden before it was read counts for nothing
            Rating.scores.is_not(None),
            ~exists().where(RatingFact.rating_id == Rating.id),
        )
        .order_by(Rating.published_at, Rating.id)
        .limit(most)
    )
    return list(session.scalars(rows))


def hide(session: Session, ratings: Sequence[str], at: datetime) -> set[int]:
    """These ratings (identifiers) count no more. Returns the agencies they were about."""
    facts = list(session.scalars(select(RatingFact).where(RatingFact.rating.in_(ratings))))
    for fact in facts:
        fact.hidden_at = fact.hidden_at or at
    return {fact.agency_id for fact in facts}


def _fact(session: Session, rules: CreditPolicy, rating: Rating, contract: Contract, item: str) -> RatingFact:
    at, stars = rating.published_at, rating.mean
    assert at is not None  # the query asked for it
    assert stars is not None
    running = _running(session, rules, rating.by, item, at)
    item_mean = running.total / running.weight
    seen = _seen(session, contract.id)
    last = session.scalars(
        select(RatingFact)
        .where(RatingFact.rater_id == rating.rater_id, RatingFact.by == rating.by, RatingFact.at <= at)
        .order_by(RatingFact.at.desc(), RatingFact.id.desc())
        .limit(1)
    ).one_or_none()
    left = fading(rules, last.at, at) if last else 0.0
    weight = value_class(rules, contract.price) if seen else 1.0
    above = stars - baseline(rules, *_others(session, rating, at), item_mean)
    running.total, running.weight, running.at = running.total + stars, running.weight + 1, at
    return RatingFact(
        rating_id=rating.id,
        rating=rating.identifier,
        by=rating.by,
        agency_id=rating.ratee_id,
        rater_id=rating.rater_id,
        item_code=item,
        at=at,
        stars=stars,
        seen=seen,
        value=contract.price,
        item_mean=item_mean,
        above=above,
        habit=(last.habit * left if last else 0.0) + weight * above,
        habit_weight=(last.habit_weight * left if last else 0.0) + weight,
    )


def _running(session: Session, rules: CreditPolicy, by: str, item: str, at: datetime) -> ItemMean:
    """The running mean of an item's ratings, faded to this instant."""
    found = session.scalars(
        select(ItemMean).where(ItemMean.by == by, ItemMean.item_code == item).with_for_update()
    ).one_or_none()
    if found is None:
        weight = float(rules.rate("rating.first_mean_weight"))
        total = float(rules.rate("rating.first_mean")) * weight
        found = ItemMean(by=by, item_code=item, total=total, weight=weight, at=at)
        session.add(found)
        return found
    left = fading(rules, found.at, at)
    found.total, found.weight = found.total * left, found.weight * left
    return found


def _others(session: Session, rating: Rating, at: datetime) -> tuple[float, int]:
    """The sum and number of the seen ratings that the same agency had by then from others."""
    of = select(func.coalesce(func.sum(RatingFact.stars), 0.0), func.count()).where(
        RatingFact.agency_id == rating.ratee_id,
        RatingFact.by == rating.by,
        RatingFact.at <= at,
        RatingFact.seen,
        RatingFact.hidden_at.is_(None),
    )
    total, count = session.execute(of).one()
    return float(total), int(count)


def _seen(session: Session, contract: int) -> bool:
    """Whether somebody outside of the trade has seen the contract.

    A department that recorded an outcome, or a bank or gateway its money.
    """
    reviewed = (
        select(ReviewOutcome.id)
        .join(Deliverable, Deliverable.id == ReviewOutcome.deliverable_id)
        .where(Deliverable.contract_id == contract)
    )
    paid = select(Payment.id).where(Payment.contract_id == contract, Payment.state == "cleared")
    return bool(session.scalar(select(reviewed.exists() | paid.exists())))


def raters(session: Session, agency: int) -> list[int]:
    """Everybody whose rating of this agency counts."""
    return list(
        session.scalars(
            select(RatingFact.rater_id)
            .where(RatingFact.agency_id == agency, RatingFact.hidden_at.is_(None))
            .distinct()
        )
    )


def rated_by_both(session: Session, pairs: Sequence[tuple[int, int]]) -> set[int]:
    """The agencies that both of such a pair have rated."""
    if not pairs:
        return set()
    other = aliased(RatingFact)
    of = (
        select(RatingFact.agency_id)
        .join(other, (other.agency_id == RatingFact.agency_id) & (other.by == RatingFact.by))
        .where(or_(*(and_(RatingFact.rater_id == one, other.rater_id == two) for one, two in pairs)))
    )
    return set(session.scalars(of.distinct()))
