"""What buyers say: the mean of their ratings, which no ring can buy (rating_mean.py)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, aliased

from models.credit.evidence import Evidence, Found, Gather, Input, ScoreLine, weighed
from models.credit.identities import identities
from models.credit.policy import CreditPolicy
from models.credit.rating_facts import RatingFact, fading, value_class, weight_of
from models.credit.rating_mean import Rated, rating_mean
from models.i18n import N_


def gather(by: str) -> Gather:
    """How the ratings of one kind of rater are found."""

    def found(session: Session, rules: CreditPolicy, agencies: Sequence[int], until: datetime) -> Found:
        counts = or_(RatingFact.hidden_at.is_(None), RatingFact.hidden_at > until)
        rows = session.scalars(
            select(RatingFact)
            .where(RatingFact.agency_id.in_(agencies), RatingFact.by == by, RatingFact.at <= until, counts)
            .order_by(RatingFact.id)
        ).all()
        of: dict[int, list[RatingFact]] = {key: [] for key in agencies}
        for fact in rows:
            of[fact.agency_id].append(fact)
        voices = identities(session, {fact.rater_id for fact in rows}, until)
        habits = _habits(session, rules, by, rows, voices)
        numbers = {key: _numbered(voices[fact.rater_id] for fact in facts) for key, facts in of.items()}
        return {
            key: [
                Evidence(
                    fact.rating,
                    fact.at,
                    fact.stars,
                    facts={
                        "rater": numbers[key][voices[fact.rater_id]],
                        "seen": fact.seen,
                        "value_class": value_class(rules, fact.value),
                        "item_mean": fact.item_mean,
                        "above": fact.above,
                        "habit": list(habits[key, voices[fact.rater_id]]),
                    },
                )
                for fact in facts
            ]
            for key, facts in of.items()
        }

    return found


def _numbered(voices: Iterable[int]) -> dict[int, str]:
    """A number for each voice among the raters of one agency: whose they are is nobody's to read."""
    return {voice: f"{number}" for number, voice in enumerate(dict.fromkeys(voices), 1)}


def _habits(
    session: Session,
    rules: CreditPolicy,
    by: str,
    facts: Sequence[RatingFact],
    voices: Mapping[int, int],
) -> Mapping[tuple[int, int], tuple[float, float]]:
    """What each voice gave other agencies above what they were taken for, as of this one's newest rating.

    By agency and voice: the sum of the stars above, weighted, and of the weights.
    """
    newest: dict[int, datetime] = {}
    for fact in facts:
        newest[fact.agency_id] = max(newest.get(fact.agency_id, fact.at), fact.at)
    if not newest:
        return {}
    last_of = {fact.agency_id: fact.id for fact in sorted(facts, key=lambda fact: (fact.at, fact.id))}
    pairs = {(fact.agency_id, fact.rater_id): fact.id for fact in facts}
    one, last, given = aliased(RatingFact), aliased(RatingFact), aliased(RatingFact)
    until_then = (  # found by its index, however much the rater has given
        select(given.id)
        .where(given.rater_id == one.rater_id, given.by == by, given.at <= last.at)
        .order_by(given.at.desc(), given.id.desc())
        .limit(1)
        .correlate(one, last)
        .scalar_subquery()
    )
    found = (
        select(one.agency_id, until_then.label("last"))
        .join(last, last.agency_id == one.agency_id)
        .where(one.id.in_(list(pairs.values())), last.id.in_(list(last_of.values())))
        .subquery()
    )
    habit = aliased(RatingFact)
    sums: dict[tuple[int, int], tuple[float, float]] = defaultdict(lambda: (0.0, 0.0))
    rows = session.execute(select(found.c.agency_id, habit).join(habit, habit.id == found.c.last))
    for agency, each in rows:
        left, (above, weight) = fading(rules, each.at, newest[agency]), sums[agency, voices[each.rater_id]]
        sums[agency, voices[each.rater_id]] = above + each.habit * left, weight + each.habit_weight * left
    for fact in facts:  # the mean itself has what it gave here
        key, left = (fact.agency_id, voices[fact.rater_id]), fading(rules, fact.at, newest[fact.agency_id])
        weight, (above, total) = weight_of(rules, fact) * left, sums[key]
        sums[key] = above - weight * fact.above, total - weight
    return {key: (above, max(weight, 0.0)) for key, (above, weight) in sums.items()}


def reckon(rules: CreditPolicy, name: str, evidence: Sequence[Evidence]) -> ScoreLine:
    """Points for each star of the mean above what the items run at, or above what the policy expects."""
    rated = [
        Rated(
            each.case_identifier,
            each.at,
            each.value,
            each.facts["rater"],
            each.facts["seen"],
            each.facts["value_class"],
            each.facts["item_mean"],
            each.facts["above"],
        )
        for each in evidence
    ]
    habits = {each.facts["rater"]: tuple(each.facts["habit"]) for each in evidence}
    mean = rating_mean(rules, rated, habits, float(rules.rate("rating.first_mean")))
    points = float(rules.rate(f"inputs.{name}.points"))
    zero = float(rules.inputs[name].get("zero", mean.prior))
    return ScoreLine(
        name,
        mean.observed,
        mean.mean,
        zero,
        points * (mean.mean - zero),
        (points * mean.half_width) ** 2,
        tuple(weighed(of, each.weight) for each, of in zip(mean.ratings, evidence, strict=True)),
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
