"""Credit: a score from the records behind it, by a published policy. Every line can be opened.

The score of an agency is the policy's base plus

- ratings: (m' - m) * points per star, m' the Bayesian mean of the ratings it received from buyers,
  each weighted by 0.5 ** (age / half-life), shrunk to the prior m with weight k;
- first pass: (p' - p) * points, p' the share of deliverables that passed review without a fault of
  the agency's, shrunk to the expected share p with the policy's weight;
- on time: the same for first submissions in time.

Shrinkage makes few records, true or forged, move little. An agency without a settled contract has no
grade: no record is not a good record. What was never delivered is late, and not passed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from math import sqrt

from sqlalchemy import ForeignKey, String, case, func, or_, select
from sqlalchemy.orm import Mapped, Session, lazyload, mapped_column, relationship

from models import clock, policy
from models.accounts import Organisation
from models.base import Base
from models.contracts.agreement import Contract
from models.contracts.deliverables import Deliverable
from models.errors import Problem, RuleViolation
from models.i18n import N_
from models.policy import Policy
from models.ratings import Rating
from models.upsert import upsert

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
    if present.grade is None:
        return [RuleViolation(N_("完成第一份合同后开始评级。"))]
    cures = {
        "ratings": N_("业主评价低于市场平均,扣 %(points)s 分;新的好评会提高它,旧评价随时间淡出。"),
        "first_pass": N_("首次过审率低于期望,扣 %(points)s 分;提交前按验收清单自查。"),
        "on_time": N_("按期提交率低于期望,扣 %(points)s 分;报价时写能做到的工期。"),
    }
    costly = sorted((line for line in present.lines if line.points < -0.05), key=lambda line: line.points)
    found: list[Problem] = [RuleViolation(cures[line.name], points=f"{-line.points:.1f}") for line in costly]
    return found or [RuleViolation(N_("各项都不低于期望;继续完成合同,记录越多,误差越小。"))]


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


def shrunk_mean(
    evidence: Iterable[Evidence], prior: float, weight: float
) -> tuple[float | None, float, float]:
    """A figure of the score, shrunk.

    (observed weighted mean or None, mean shrunk to `prior` as if it had `weight` records, total weight).
    """
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
    rules: Policy,
    ratings: Iterable[Evidence],
    first_pass: Iterable[Evidence],
    on_time: Iterable[Evidence],
    settled: int,
    failed: int = 0,
) -> Sheet:
    """The score from its evidence alone; see the module's text for the formula.

    `settled` contracts, and those that `failed` through the agency, are what a grade needs: the worst
    behaviour does not leave the emptiest file.
    """
    lines = [ScoreLine("base", None, None, float(rules.number("credit.base")))]
    variance = 0.0
    parts = (
        ("ratings", ratings, "credit.rating_prior", "credit.rating_prior_weight", "credit.rating_points"),
        (
            "first_pass",
            first_pass,
            "credit.first_pass_expected",
            "credit.first_pass_weight",
            "credit.first_pass_points",
        ),
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
    graded = settled + failed >= rules.number("credit.least_evidence")
    grade = next(g for g in GRADES if score >= rules.number(f"credit.grades.{g}")) if graded else None
    return Sheet(round(score, 1), round(sqrt(variance), 1), grade, settled, tuple(lines))


def of_agency(session: Session, agency_id: int) -> Sheet:
    """The present sheet of an agency, from the records in the database."""
    return of_agencies(session, [agency_id])[agency_id]


def of_agencies(session: Session, agency_ids: list[int]) -> dict[int, Sheet]:
    """The present sheets of these agencies, from the records in the database.

    In as many statements as for one.
    """
    rules, now = policy.current(), clock.now()
    half_life = float(rules.number("credit.rating_half_life_days"))
    ratings, first_pass, on_time = (defaultdict[int, list[Evidence]](list) for _ in range(3))
    rated = (
        select(Rating)
        .where(Rating.ratee_id.in_(agency_ids), Rating.by == "buyer", Rating.state == "published")
        .order_by(Rating.id)
    )
    for r in session.scalars(rated.options(lazyload("*"))):
        if r.published_at and r.mean is not None:
            weight = decay((now - r.published_at).days, half_life)
            ratings[r.ratee_id].append(Evidence(r.identifier, r.published_at, r.mean, weight))
    delivered = select(Deliverable, Contract.identifier).join(
        Contract, Contract.id == Deliverable.contract_id
    )
    delivered = (
        delivered.where(Deliverable.agency_id.in_(agency_ids)).order_by(Deliverable.id).options(lazyload("*"))
    )
    for d, contract in session.execute(delivered):
        if (at := d.decided_at or d.missed_at) and d.first_pass is not None:
            first_pass[d.agency_id].append(Evidence(contract, at, float(d.first_pass)))
        if d.counted_at and d.on_time is not None:
            on_time[d.agency_id].append(Evidence(contract, d.counted_at, float(d.on_time)))
    ended = {
        True: Contract.state == "completed",
        False: (Contract.state == "terminated") & (Contract.ended_through == "agency"),
    }
    counts = (func.sum(case((which, 1), else_=0)) for which in ended.values())
    over = (
        select(Contract.agency_id, *counts)
        .where(Contract.agency_id.in_(agency_ids), or_(*ended.values()))
        .group_by(Contract.agency_id)
    )
    contracts = {agency: (settled, failed) for agency, settled, failed in session.execute(over)}
    return {
        key: sheet(rules, ratings[key], first_pass[key], on_time[key], *contracts.get(key, (0, 0)))
        for key in agency_ids
    }


KEPT = (
    "score",
    "half_width",
    "grade",
    "settled",
    "first_pass",
    "on_time",
    "stars",
    "policy_version",
    "computed_at",
)


def _as_kept(sheet: Sheet) -> tuple[object, ...]:
    """A sheet as the columns `KEPT`."""
    seen = {line.name: line.observed for line in sheet.lines}
    return (
        round(sheet.score * 10),
        round(sheet.half_width * 10),
        sheet.grade,
        sheet.settled,
        seen["first_pass"],
        seen["on_time"],
        seen["ratings"],
        policy.current().version,
        clock.now(),
    )


def stored_score(session: Session, agency_ids: list[int]) -> dict[int, tuple[object, ...]]:
    """What is kept of these agencies' sheets now, as the columns `KEPT`."""
    columns = [getattr(CreditScore, name) for name in KEPT]
    rows = session.execute(
        select(CreditScore.agency_id, *columns).where(CreditScore.agency_id.in_(agency_ids))
    )
    return {row[0]: tuple(row[1:]) for row in rows}


def store_score(
    session: Session, sheets: dict[int, Sheet], since: dict[int, tuple[object, ...]] | None = None
) -> list[int]:
    """Keep these agencies' sheets for the lists.

    With `since`, what was kept when they were computed outside of this transaction: one that was kept anew
    meanwhile is newer and stays. Returns the agencies whose score or grade is another now.
    """
    found = stored_score(session, list(sheets))
    new = [
        {"agency_id": key, **dict(zip(KEPT, _as_kept(made), strict=True))}
        for key, made in sorted(sheets.items())
        if key not in found
    ]
    if new:
        upsert(session, CreditScore, ["agency_id"], new)
    changed = [key for key in sheets if key not in found]
    rows = (
        select(CreditScore)
        .where(CreditScore.agency_id.in_(list(found)))
        .order_by(CreditScore.agency_id)
        .options(lazyload("*"))
    )
    for row in session.scalars(rows.with_for_update().execution_options(populate_existing=True)):
        before, now = tuple(getattr(row, name) for name in KEPT), _as_kept(sheets[row.agency_id])
        if since is not None and since.get(row.agency_id) != before:
            continue
        for name, value in zip(KEPT, now, strict=True):
            setattr(row, name, value)
        if (row.score, row.grade) != (before[0], before[2]):
            changed.append(row.agency_id)
    session.flush()
    return sorted(changed)


def refresh(session: Session, agency_id: int) -> CreditScore:
    """Compute an agency's sheet and keep it for the lists."""
    store_score(session, of_agencies(session, [agency_id]))
    return session.scalars(select(CreditScore).where(CreditScore.agency_id == agency_id)).one()
