"""What the mean of ratings reads of a rating: kept when it is published, for good.

What an item's ratings ran at then, what the rated agency was taken for by the others, and what the rater had
given above that so far: each follows from the ratings published before, so that one new rating touches one
agency, in time that does not grow with the market.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, ForeignKey, Index, String, UniqueConstraint, and_, exists, func, select
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from models.base import Base, Code
from models.contracts.agreement import Contract
from models.credit import weighing
from models.credit.policy import CreditPolicy
from models.credit.rating_mean import baseline
from models.credit.running import Running
from models.ratings.rating import COUNTED, Rating
from models.sourcing.tenders import Tender


class RatingFact(Base):
    """A published rating of an agency.

    `stars` 1 to 5; `seen_share` how much of its contract others had seen when it came, 0 to 1; `item_mean`
    what the item's ratings ran at then; `above` the stars above what the agency was taken for, `weight` what
    that counted with in the rater's habit, by the policy of that day, and `seen_weight` its seen part alone;
    `habit` and `habit_weight` the rater's sums of these up to and with this one, faded to its day.
    `at` is its publication, from which it fades; it counts since it was read, `counts_from`, and no more
    since `hidden_at`.
    """

    __tablename__ = "rating_facts"
    __table_args__ = (
        Index("ix_rating_facts_agency", "agency_id", "by", "at"),
        Index("ix_rating_facts_rater", "rater_id", "by", "at"),
        Index("ix_rating_facts_hidden", "rater_id", "hidden_at"),
    )

    rating_id: Mapped[int] = mapped_column(ForeignKey("ratings.id"), unique=True)
    rating: Mapped[Code]
    by: Mapped[str] = mapped_column(String(10))
    agency_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    rater_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    item_code: Mapped[str] = mapped_column(String(12))
    at: Mapped[datetime]
    stars: Mapped[float]
    seen_share: Mapped[float]
    item_mean: Mapped[float]
    above: Mapped[float]
    weight: Mapped[float]
    seen_weight: Mapped[float]
    habit: Mapped[float]
    habit_weight: Mapped[float]
    counts_from: Mapped[datetime]
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


def half_life(rules: CreditPolicy) -> float:
    """In how many days what a rating counts is half of it."""
    return float(rules.rate("rating.half_life_days"))


def _to_be_kept() -> ColumnElement[bool]:
    """Published ratings of agencies of which nothing is kept yet; joined with their contracts.

    One that was hidden before it was read counts for nothing.
    """
    return and_(
        Rating.ratee_id == Contract.agency_id,
        Rating.published_at.is_not(None),
        Rating.state.in_(COUNTED),
        Rating.scores.is_not(None),
        ~exists().where(RatingFact.rating_id == Rating.id),
    )


def keep(session: Session, rules: CreditPolicy, ratings: Iterable[str], now: datetime) -> set[int]:
    """Keep what is to be kept of these ratings (identifiers), in the order in which they were published.

    They count from now on. One that is kept already, is not published or is not about an agency is passed
    over. Returns the agencies.
    """
    tender = aliased(Tender)
    rows = (
        select(Rating, Contract, tender)
        .join(Contract, Contract.id == Rating.contract_id)
        .join(tender, tender.id == Contract.tender_id)
        .where(Rating.identifier.in_(list(ratings)), _to_be_kept())
        .order_by(Rating.published_at, Rating.id)
    )
    touched = set()
    for rating, contract, about in session.execute(rows).unique():
        session.add(_fact(session, rules, rating, contract, about.item.code, now))
        session.flush()
        touched.add(rating.ratee_id)
    return touched


def unread(session: Session, most: int) -> list[str]:
    """Published ratings (identifiers) of which nothing is kept yet, in the order of their publication."""
    rows = (
        select(Rating.identifier)
        .join(Contract, Contract.id == Rating.contract_id)
        .where(_to_be_kept())
        .order_by(Rating.published_at, Rating.id)
        .limit(most)
    )
    return list(session.scalars(rows))


def hide(session: Session, rules: CreditPolicy, ratings: Sequence[str], at: datetime) -> set[int]:
    """These ratings (identifiers) count no more.

    Not in the mean, nor in their rater's habit, nor in what their item runs at from now on. What the item ran
    at, and what the agency was taken for, when others were rated stays: each would move by next to nothing,
    and how many these are grows with the market. Returns the agencies that this touches: those they were
    about, and the others that their raters rated.
    """
    which = RatingFact.rating.in_(ratings) & RatingFact.hidden_at.is_(None)
    facts = list(session.scalars(select(RatingFact).where(which).order_by(RatingFact.id)))
    for fact in facts:
        fact.hidden_at = at
        running = _kept(session, fact.by, fact.item_code)
        if running is not None:
            _keep(running, _of(running).plus(fact.stars, -1, fact.at, half_life(rules)))
    session.flush()
    raters = {fact.rater_id for fact in facts}
    theirs = select(RatingFact.agency_id).where(RatingFact.rater_id.in_(raters)).distinct()
    return set(session.scalars(theirs)) if raters else set()


def _fact(
    session: Session, rules: CreditPolicy, rating: Rating, contract: Contract, item: str, now: datetime
) -> RatingFact:
    at, stars, half = rating.published_at, rating.mean, half_life(rules)
    assert at is not None  # the query asked for it
    assert stars is not None
    item_mean = _rated(session, rules, rating.by, item, stars, at)
    _buyer, seen = weighing.of_contracts(session, rules, at, contract=contract.id)[contract.id]
    last = session.scalars(
        select(RatingFact)
        .where(RatingFact.rater_id == rating.rater_id, RatingFact.by == rating.by, RatingFact.at <= at)
        .order_by(RatingFact.at.desc(), RatingFact.id.desc())
        .limit(1)
    ).one_or_none()
    weight = seen.seen + seen.unseen
    above = stars - baseline(rules, *_others(session, rating, at), item_mean)
    before = Running(last.habit, last.habit_weight, last.at) if last else Running(0.0, 0.0, at)
    habit = before.plus(above, weight, at, half)
    return RatingFact(
        rating_id=rating.id,
        rating=rating.identifier,
        by=rating.by,
        agency_id=rating.ratee_id,
        rater_id=rating.rater_id,
        item_code=item,
        at=at,
        stars=stars,
        seen_share=seen.share,
        item_mean=item_mean,
        above=above,
        weight=weight,
        seen_weight=seen.seen,
        habit=habit.total,
        habit_weight=habit.weight,
        counts_from=now,
    )


def _kept(session: Session, by: str, item: str) -> ItemMean | None:
    return session.scalars(
        select(ItemMean).where(ItemMean.by == by, ItemMean.item_code == item).with_for_update()
    ).one_or_none()


def _of(kept: ItemMean) -> Running:
    return Running(kept.total, kept.weight, kept.at)


def _keep(kept: ItemMean, running: Running) -> None:
    kept.total, kept.weight, kept.at = running.total, running.weight, running.at


def first_mean(rules: CreditPolicy, at: datetime) -> Running:
    """What an item is taken for before anybody was rated for it."""
    weight = float(rules.rate("rating.first_mean_weight"))
    return Running(float(rules.rate("rating.first_mean")) * weight, weight, at)


def _rated(session: Session, rules: CreditPolicy, by: str, item: str, stars: float, at: datetime) -> float:
    """Count one more rating of an item. Returns what they ran at before it."""
    kept = _kept(session, by, item)
    running = first_mean(rules, at) if kept is None else _of(kept)
    if kept is None:
        kept = ItemMean(by=by, item_code=item)
        session.add(kept)
    _keep(kept, running.plus(stars, 1, at, half_life(rules)))
    return running.mean


def _others(session: Session, rating: Rating, at: datetime) -> tuple[float, float]:
    """The sum of the stars that the same agency had by then, and of their weights: what was seen of each."""
    of = select(
        func.coalesce(func.sum(RatingFact.stars * RatingFact.seen_share), 0.0),
        func.coalesce(func.sum(RatingFact.seen_share), 0.0),
    ).where(
        RatingFact.agency_id == rating.ratee_id,
        RatingFact.by == rating.by,
        RatingFact.at <= at,
        RatingFact.hidden_at.is_(None),
    )
    total, weight = session.execute(of).one()
    return float(total), float(weight)
