"""What in an agency's ratings a regulator should look at: no finding, and always with what else it may be.

Four patterns, each with the ratings it rests on: praise both ways, many ratings at once, buyers that rated
nobody else, and the same words by different buyers. How many it takes is the policy's (`signals`). A signal
stands while the pattern does; nothing follows from it by itself, and nobody but those who oversee the agency
sees it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ForeignKey, Index, String, exists, select
from sqlalchemy.orm import Mapped, Session, aliased, lazyload, mapped_column, relationship

from models import spelling
from models.accounts import Organisation
from models.base import Base
from models.credit.policy import CreditPolicy
from models.credit.rating_facts import RatingFact
from models.i18n import N_
from models.ratings.rating import COUNTED, Rating

MOST = 500  # ratings of an agency that are looked at, the newest
# What each is called, and what else may be behind it.
KINDS = {
    "reciprocal": (
        N_("双方互评都很高"),
        N_("长期合作顺利的双方也会这样;看合同是否真实履行、钱是否经过银行。"),
    ),
    "burst": (
        N_("短时间内集中评价"),
        N_("一批合同同时结清、期满同时公布,也会集中;看结清和公布的日期。"),
    ),
    "one_agency": (
        N_("多家业主只评过这一家机构"),
        N_("新入驻的业主第一次采购就是这样;看这些业主是否有别的项目、别的联系。"),
    ),
    "same_words": (
        N_("不同业主的评语相同"),
        N_("常用的套话也会相同;看评语里有没有项目的具体内容。"),
    ),
}


class RatingSignal(Base):
    """A pattern that stands in an agency's ratings: of which kind, since when, and in which ratings."""

    __tablename__ = "rating_signals"
    __table_args__ = (Index("ix_rating_signals_agency", "agency_id", "kind", unique=True),)

    agency_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    kind: Mapped[str] = mapped_column(String(12))
    found_at: Mapped[datetime]
    ratings: Mapped[list[str]]
    agency: Mapped[Organisation] = relationship(lazy="joined")


@dataclass(frozen=True, slots=True)
class Told:
    """A rating as the patterns read it: `alone` if its rater rated nobody else, `back` the stars it got."""

    rating: str
    at: datetime
    stars: float
    rater: int
    words: str
    alone: bool
    back: float | None


def patterns(rules: CreditPolicy, told: Sequence[Told]) -> dict[str, list[str]]:
    """The kinds of signal in these ratings, each with the ratings it rests on."""
    found = {
        "reciprocal": _reciprocal(rules, told),
        "burst": _burst(rules, told),
        "one_agency": _one_agency(rules, told),
        "same_words": _same_words(rules, told),
    }
    return {kind: ratings for kind, ratings in found.items() if ratings}


def _reciprocal(rules: CreditPolicy, told: Sequence[Told]) -> list[str]:
    """The highest stars both ways, so often with one buyer, and in a good part of all."""
    both: dict[int, list[str]] = defaultdict(list)
    for each in told:
        if each.stars >= 5 and each.back is not None and each.back >= 5:
            both[each.rater].append(each.rating)
    least = rules.number("signals.reciprocal_least")
    share = float(rules.rate("signals.reciprocal_share")) * len(told)
    return [name for names in both.values() if len(names) >= max(least, share) for name in names]


def _burst(rules: CreditPolicy, told: Sequence[Told]) -> list[str]:
    """The most ratings that came within so many days, if they are many and a good part of all."""
    ordered = sorted(told, key=lambda each: each.at)
    within, most, first = timedelta(days=rules.number("signals.burst_days")), ordered[:0], 0
    for last, each in enumerate(ordered):
        while each.at - ordered[first].at > within:
            first += 1
        if last - first + 1 > len(most):
            most = ordered[first : last + 1]
    least = rules.number("signals.burst_least")
    enough = max(least, float(rules.rate("signals.burst_share")) * len(told))
    return [each.rating for each in most] if len(told) > least and len(most) >= enough else []


def _one_agency(rules: CreditPolicy, told: Sequence[Told]) -> list[str]:
    """Buyers that rated nobody else, if they are several and see the agency otherwise than the others."""
    alone, others = ([each for each in told if each.alone is which] for which in (True, False))
    if len({each.rater for each in alone}) < rules.number("signals.one_agency_least") or not others:
        return []
    apart = sum(each.stars for each in alone) / len(alone) - sum(each.stars for each in others) / len(others)
    return (
        [each.rating for each in alone] if abs(apart) >= float(rules.rate("signals.one_agency_stars")) else []
    )


def _same_words(rules: CreditPolicy, told: Sequence[Told]) -> list[str]:
    """Ratings of different buyers in the same words, where these are not too few to be anybody's."""
    raters: dict[str, set[int]] = defaultdict(set)
    for each in told:
        raters[spelling.name(each.words)].add(each.rater)
    least = rules.number("signals.same_words_least")
    same = {words for words, by in raters.items() if len(words) >= least and len(by) > 1}
    return [each.rating for each in told if spelling.name(each.words) in same]


def told_of(session: Session, agency: int) -> list[Told]:
    """The newest ratings of an agency by its buyers, in two statements."""
    other = aliased(RatingFact)
    elsewhere = exists().where(
        other.rater_id == RatingFact.rater_id, other.by == "buyer", other.agency_id != agency
    )
    rows = session.execute(
        select(RatingFact, Rating.comment, Rating.contract_id, elsewhere)
        .join(Rating, Rating.id == RatingFact.rating_id)
        .where(RatingFact.agency_id == agency, RatingFact.by == "buyer", RatingFact.hidden_at.is_(None))
        .order_by(RatingFact.at.desc(), RatingFact.id.desc())
        .limit(MOST)
    ).all()
    answers = select(Rating).where(
        Rating.contract_id.in_([contract for _fact, _words, contract, _other in rows]),
        Rating.by == "agency",
        Rating.state.in_(COUNTED),
    )
    back = {each.contract_id: each.mean for each in session.scalars(answers.options(lazyload("*")))}
    return [
        Told(fact.rating, fact.at, fact.stars, fact.rater_id, words or "", not others, back.get(contract))
        for fact, words, contract, others in rows
    ]


def note(session: Session, rules: CreditPolicy, agency: int, now: datetime) -> Counter[str]:
    """Keep the signals that stand in an agency's ratings now. Returns which are new, by kind."""
    found = patterns(rules, told_of(session, agency))
    kept = {
        each.kind: each
        for each in session.scalars(
            select(RatingSignal).where(RatingSignal.agency_id == agency).options(lazyload("*"))
        )
    }
    for kind, signal in kept.items():
        if kind in found:
            signal.ratings = found[kind]
        else:
            session.delete(signal)
    new = Counter(kind for kind in found if kind not in kept)
    session.add_all(
        RatingSignal(agency_id=agency, kind=kind, found_at=now, ratings=found[kind]) for kind in new
    )
    session.flush()
    return new
