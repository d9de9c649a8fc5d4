"""What buyers say: the mean of their ratings, which no ring can buy (rating_mean.py)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, aliased

from models.credit.evidence import Evidence, Found, Gather, Input, ScoreLine, weighed
from models.credit.policy import CreditPolicy
from models.credit.rating_facts import RatingFact, half_life
from models.credit.rating_mean import Rated, leniency, rating_mean
from models.credit.running import Running
from models.i18n import N_
from models.ratings.rating import Rating


def gather(by: str) -> Gather:
    """How the ratings of one kind of rater are found."""

    def found(session: Session, rules: CreditPolicy, agencies: Sequence[int], until: datetime) -> Found:
        counts = or_(RatingFact.hidden_at.is_(None), RatingFact.hidden_at > until)
        rows = session.execute(
            select(RatingFact, Rating.contract_id)
            .join(Rating, Rating.id == RatingFact.rating_id)
            .where(
                RatingFact.agency_id.in_(agencies),
                RatingFact.by == by,
                RatingFact.counts_from <= until,
                counts,
            )
            .order_by(RatingFact.id)
        ).all()
        habits = _habits(session, rules, by, [fact for fact, _contract in rows], until)
        lines: dict[int, list[Evidence]] = {key: [] for key in agencies}
        for fact, contract in rows:
            facts = {"item_mean": fact.item_mean, "habit": list(habits[fact.agency_id, fact.rater_id])}
            lines[fact.agency_id].append(
                Evidence(fact.rating, fact.at, fact.stars, facts=facts, contract=contract, by=fact.rater_id)
            )
        return lines

    return found


def _habits(
    session: Session, rules: CreditPolicy, by: str, facts: Sequence[RatingFact], until: datetime
) -> Mapping[tuple[int, int], tuple[float, float]]:
    """The leniency of each rater, as of the agency's newest rating, by agency and rater.

    As it is taken off what was seen, and off what was not: into the first goes what was seen of what it gave
    this agency, into the second nothing of that. Each is taken out with the weight that it was counted with.
    """
    newest = {fact.agency_id: fact for fact in sorted(facts, key=_order)}
    if not newest:
        return {}
    half, pairs = half_life(rules), {(fact.agency_id, fact.rater_id) for fact in facts}
    given = _given(session, by, facts, newest, until)
    elsewhere = {key: each.until(newest[key[0]].at, half) for key, each in given.items()}
    hidden = select(RatingFact).where(
        RatingFact.rater_id.in_({rater for _agency, rater in pairs}),
        RatingFact.by == by,
        RatingFact.hidden_at <= until,
    )
    gone: dict[int, list[RatingFact]] = defaultdict(list)
    for fact in session.scalars(hidden.order_by(RatingFact.id)):
        gone[fact.rater_id].append(fact)
    for agency, rater in pairs:
        for fact in gone[rater]:
            if _order(fact) <= _order(newest[agency]):
                elsewhere[agency, rater] = elsewhere[agency, rater].plus(
                    fact.above, -fact.weight, fact.at, half
                )
    for fact in facts:
        key = fact.agency_id, fact.rater_id
        elsewhere[key] = elsewhere[key].plus(fact.above, -fact.weight, fact.at, half)
    here = dict(elsewhere)
    for fact in facts:
        key = fact.agency_id, fact.rater_id
        here[key] = here[key].plus(fact.above, fact.seen_weight, fact.at, half)

    def of(each: Running) -> float:
        return leniency(rules, each.total, max(each.weight, 0.0))

    return {key: (of(here[key]), of(elsewhere[key])) for key in pairs}


def _order(fact: RatingFact) -> tuple[datetime, int]:
    """By publication; of one instant as they were read."""
    return fact.at, fact.id


def _given(
    session: Session,
    by: str,
    facts: Sequence[RatingFact],
    newest: Mapping[int, RatingFact],
    until: datetime,
) -> dict[tuple[int, int], Running]:
    """What each rater had given in all until an agency's newest rating, by agency and rater.

    As far as it was read by an instant.
    """
    pairs = {(fact.agency_id, fact.rater_id): fact.id for fact in facts}
    one, last, given = aliased(RatingFact), aliased(RatingFact), aliased(RatingFact)
    until_then = (  # found by its index, however much the rater has given
        select(given.id)
        .where(
            given.rater_id == one.rater_id,
            given.by == by,
            given.at <= last.at,
            or_(given.at < last.at, given.id <= last.id),
            given.counts_from <= until,
        )
        .order_by(given.at.desc(), given.id.desc())
        .limit(1)
        .correlate(one, last)
        .scalar_subquery()
    )
    found = (
        select(one.agency_id, until_then.label("last"))
        .join(last, last.agency_id == one.agency_id)
        .where(one.id.in_(list(pairs.values())), last.id.in_([each.id for each in newest.values()]))
        .subquery()
    )
    habit = aliased(RatingFact)
    rows = session.execute(select(found.c.agency_id, habit).join(habit, habit.id == found.c.last))
    return {(agency, each.rater_id): Running(each.habit, each.habit_weight, each.at) for agency, each in rows}


def reckon(rules: CreditPolicy, name: str, evidence: Sequence[Evidence]) -> ScoreLine:
    """Points for each star of the mean above what the items run at, or above what the policy expects."""
    rated = [
        Rated(
            each.case_identifier,
            each.at,
            each.value,
            each.facts["n"],
            each.facts["seen"],
            each.facts["unseen"],
            each.facts["item_mean"],
            *each.facts["habit"],
        )
        for each in evidence
    ]
    mean = rating_mean(rules, rated, float(rules.rate("rating.first_mean")))
    points = float(rules.rate(f"inputs.{name}.points"))
    zero = float(rules.inputs[name].get("zero", mean.prior))
    return ScoreLine(
        name,
        mean.observed,
        mean.mean,
        zero,
        points * (mean.mean - zero),
        (points * mean.half_width) ** 2,
        tuple(
            weighed(of, each.weight, {**of.facts, "read": round(each.stars, 4)})
            for each, of in zip(mean.ratings, evidence, strict=True)
        ),
    )


INPUT = Input(
    "ratings",
    N_("业主评价"),
    N_("再有一位业主给五星,加 %(points)s 分;旧评价的影响逐渐变小。"),
    "stars",
    frozenset({"rating.publish", "rating.hide"}),
    gather("buyer"),
    reckon,
    best=5.0,
)
