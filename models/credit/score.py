"""Credit: a score from the records behind it, by a published policy. Every line can be opened.

The score of an agency is the policy's base plus

- ratings: (m' - m) * points per star, m' the Bayesian mean of the ratings it received from buyers,
  each weighted by 0.5 ** (age / half-life), shrunk to the prior m with weight k;
- first pass: (p' - p) * points, p' the share of deliverables that passed review without a fault of
  the agency's, shrunk to the expected share p with the policy's weight;
- on time: the same for first submissions in time.

Shrinkage makes few records, true or forged, move little. An agency without a settled contract has no
grade: no record is not a good record.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from math import sqrt

from sqlalchemy import ForeignKey, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from models import clock, policy
from models.accounts import Organisation
from models.base import Base
from models.contracts import Contract, Deliverable
from models.policy import Policy
from models.ratings import Rating
from models.text import N_, Problem, RuleBroken

LINES = {
    "base": N_("基础分"),
    "ratings": N_("业主评价"),
    "first_pass": N_("首次过审率"),
    "on_time": N_("按期提交率"),
}
GRADES = ("A", "B", "C", "D", "E")


@dataclass(frozen=True, slots=True)
class Evidence:
    """One record behind a line: its case, when it arose, its value (stars, or 1 and 0) and its weight."""

    case_identifier: str
    at: datetime
    value: float
    weight: float = 1.0


@dataclass(frozen=True, slots=True)
class ScoreLine:
    """A line of the sheet: the observed mean, the mean after shrinkage, the points, the records."""

    name: str
    observed: float | None
    shrunk: float | None
    points: float
    evidence: tuple[Evidence, ...] = ()


@dataclass(frozen=True, slots=True)
class Sheet:
    """A score with its lines. `half_width` is one standard error of the score, from the shrunken means."""

    score: float
    half_width: float
    grade: str | None
    settled: int
    lines: tuple[ScoreLine, ...]


def raises(present: Sheet) -> list[Problem]:
    """What would raise a score, in words: the lines that cost points, dearest first, and what cures each."""
    if not present.settled:
        return [RuleBroken(N_("完成第一份合同后开始评级。"))]
    cures = {
        "ratings": N_("业主评价低于市场平均,扣 %(points)s 分;新的好评会提高它,旧评价随时间淡出。"),
        "first_pass": N_("首次过审率低于期望,扣 %(points)s 分;提交前按验收清单自查。"),
        "on_time": N_("按期提交率低于期望,扣 %(points)s 分;报价时写能做到的工期。"),
    }
    costly = sorted((line for line in present.lines if line.points < -0.05), key=lambda line: line.points)
    found: list[Problem] = [RuleBroken(cures[line.name], points=f"{-line.points:.1f}") for line in costly]
    return found or [RuleBroken(N_("各项都不低于期望;继续完成合同,记录越多,误差越小。"))]


class CreditScore(Base):
    """The newest sheet of an agency, kept for lists and rankings; `score` in tenths of a point."""

    __tablename__ = "credit_scores"

    agency_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), unique=True)
    score: Mapped[int] = mapped_column(index=True)
    half_width: Mapped[int]
    grade: Mapped[str | None] = mapped_column(String(1), index=True)
    settled: Mapped[int]
    first_pass: Mapped[float | None]
    on_time: Mapped[float | None]
    stars: Mapped[float | None]
    policy_version: Mapped[str] = mapped_column(String(12))
    computed_at: Mapped[datetime]
    agency: Mapped[Organisation] = relationship(lazy="joined")


def shrunk_mean(evidence: Iterable[Evidence], prior: float, weight: float) -> tuple[float | None, float, float]:
    """(observed weighted mean or None, mean shrunk to `prior` as if it had `weight` records, total weight)."""
    records = list(evidence)
    total = sum(e.weight for e in records)
    if not total:
        return None, prior, weight
    mean = sum(e.weight * e.value for e in records) / total
    return mean, (weight * prior + total * mean) / (weight + total), weight + total


def decay(age_days: float, half_life_days: float) -> float:
    """The weight of a record of this age: 1 when new, a half after one half-life."""
    return float(0.5 ** (max(age_days, 0.0) / half_life_days))


def sheet(
    rules: Policy, ratings: Iterable[Evidence], first_pass: Iterable[Evidence], on_time: Iterable[Evidence], settled: int
) -> Sheet:
    """The score from its evidence alone; see the module's text for the formula."""
    lines = [ScoreLine("base", None, None, float(rules.number("credit.base")))]
    variance = 0.0
    parts = (
        ("ratings", ratings, "credit.rating_prior", "credit.rating_prior_weight", "credit.rating_points"),
        ("first_pass", first_pass, "credit.first_pass_expected", "credit.first_pass_weight", "credit.first_pass_points"),
        ("on_time", on_time, "credit.on_time_expected", "credit.on_time_weight", "credit.on_time_points"),
    )
    for name, records, prior_key, weight_key, points_key in parts:
        records = tuple(records)
        prior, points = float(rules.rate(prior_key)), rules.number(points_key)
        observed, shrunk, total = shrunk_mean(records, prior, rules.number(weight_key))
        # A star's variance on a 1-5 scale is at most (5-m)(m-1); a share's is p(1-p).
        spread = (5 - shrunk) * (shrunk - 1) / 4 if name == "ratings" else shrunk * (1 - shrunk)
        variance += points**2 * max(spread, 0.0) / total
        lines.append(ScoreLine(name, observed, shrunk, points * (shrunk - prior), records))
    score = min(100.0, max(0.0, sum(line.points for line in lines)))
    graded = settled >= rules.number("credit.least_evidence")
    grade = next(g for g in GRADES if score >= rules.number(f"credit.grades.{g}")) if graded else None
    return Sheet(round(score, 1), round(sqrt(variance), 1), grade, settled, tuple(lines))


def of_agency(session: Session, agency_id: int) -> Sheet:
    """The present sheet of an agency, from the records in the database."""
    rules, now = policy.current(), clock.now()
    half_life = float(rules.number("credit.rating_half_life_days"))
    rated = session.scalars(
        select(Rating).where(Rating.ratee_id == agency_id, Rating.by == "buyer", Rating.state == "published")
    )
    ratings = [
        Evidence(r.identifier, r.published_at, r.mean, decay((now - r.published_at).days, half_life))
        for r in rated
        if r.published_at and r.mean is not None
    ]
    delivered = list(session.scalars(select(Deliverable).where(Deliverable.agency_id == agency_id)))
    first_pass = [
        Evidence(d.contract.identifier, d.decided_at, float(d.first_pass))
        for d in delivered
        if d.decided_at and d.first_pass is not None
    ]
    on_time = [
        Evidence(d.contract.identifier, d.submitted_at, float(d.on_time))
        for d in delivered
        if d.submitted_at and d.on_time is not None
    ]
    settled = len(
        list(session.scalars(select(Contract.id).where(Contract.agency_id == agency_id, Contract.state == "completed")))
    )
    return sheet(rules, ratings, first_pass, on_time, settled)


def refresh(session: Session, agency_id: int) -> CreditScore:
    """Compute an agency's sheet and keep it for the lists."""
    now_sheet = of_agency(session, agency_id)
    lines = {line.name: line for line in now_sheet.lines}
    kept = session.scalars(select(CreditScore).where(CreditScore.agency_id == agency_id)).one_or_none()
    if kept is None:
        kept = CreditScore(agency_id=agency_id)
        session.add(kept)
    kept.score, kept.half_width = round(now_sheet.score * 10), round(now_sheet.half_width * 10)
    kept.grade, kept.settled = now_sheet.grade, now_sheet.settled
    kept.first_pass, kept.on_time = lines["first_pass"].observed, lines["on_time"].observed
    kept.stars = lines["ratings"].observed
    kept.policy_version, kept.computed_at = policy.current().version, clock.now()
    session.flush()
    return kept
