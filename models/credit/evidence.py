"""What a score is made of: records, what each input makes of them, and the sheet they add up to."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import wraps
from math import log2, sqrt
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from models import clock
from models.credit.policy import CreditPolicy
from models.credit.running import left

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Evidence:
    """One record behind a line.

    Its case, when it arose, its value (stars; a share from 0 to 1; points) and its weight in the line.
    `facts` is what else the formula of its input reads, as JSON has it, and is published. `contract` is the
    key of the contract it is about, `by` that of whoever said it, if not the contract's buyer: what it weighs
    follows from these (weighing.py), and they are not published. `holds_until`
    is when its value becomes another by itself, None where it does not.
    """

    case_identifier: str
    at: datetime
    value: float
    weight: float = 1.0
    facts: Mapping[str, Any] = field(default_factory=dict)
    contract: int | None = None
    by: int | None = None
    holds_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class ScoreLine:
    """A line of the sheet.

    The mean as observed, by the weights of its records (None without one), as reckoned with what is expected,
    where points begin, the points that brings, the variance of these, and the records with the weights they
    have in it.
    """

    name: str
    observed: float | None
    reckoned: float | None
    zero: float | None
    points: float
    variance: float = 0.0
    evidence: tuple[Evidence, ...] = ()

    @property
    def plain(self) -> float | None:
        """The plain mean of its records, each as much as any other; None without one."""
        return sum(each.value for each in self.evidence) / len(self.evidence) if self.evidence else None

    @property
    def good(self) -> int:
        """Of how many of its records all was well: in time, passed at first, without dispute."""
        return sum(each.facts.get("in_time", each.value >= 1) for each in self.evidence)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A score (0 to 100) with its lines, by one version of the policy, as it stood `at` an instant.

    `half_width` is one standard error of the score; `settled` the contracts it completed, `failed` those that
    ended through it.
    """

    score: float
    half_width: float
    grade: str | None
    settled: int
    lines: tuple[ScoreLine, ...]
    policy: str
    failed: int = 0
    at: datetime = field(default_factory=clock.now)

    def line(self, name: str) -> ScoreLine | None:
        return next((line for line in self.lines if line.name == name), None)

    @property
    def holds_until(self) -> datetime | None:
        """When the next of its records becomes another by itself; None where none does."""
        ends = (each.holds_until for line in self.lines for each in line.evidence)
        return min((each for each in ends if each is not None), default=None)


Found = Mapping[int, list[Evidence]]
Gather = Callable[[Session, CreditPolicy, Sequence[int], datetime], Found]
Reckon = Callable[[CreditPolicy, str, Sequence[Evidence]], ScoreLine]


@dataclass(frozen=True)
class Input:
    """A thing that counts, declared once.

    `gather` finds the records of agencies as they stood at an instant, in a constant number of statements;
    `reckon` makes a line of them. `events` are the acts that add or change such a record. `unit` is what the
    values are: stars, share or points. `cure` says what one more record at its best would bring, in `points`;
    `best` is the value of such a record, None where there is none. `passing`: its records end, and leave no
    trace then (past.py). `shown_only`: no policy gives it points. `numbers` are those of the policy that its
    formula reads besides those of its unit, each with the least and the most it may be.
    """

    name: str
    label: str
    cure: str
    unit: str
    events: frozenset[str]
    gather: Gather
    reckon: Reckon
    best: float | None = None
    passing: bool = False
    shown_only: bool = False
    numbers: Mapping[str, tuple[float, float]] = field(default_factory=dict)


class Together(tuple[int, ...]):
    """Agencies reckoned together, with what more than one input reads of them: it is read once."""

    def __init__(self, agencies: Sequence[int]) -> None:
        self.read: dict[tuple[Any, datetime], Any] = {}


Read = Callable[[Session, Sequence[int], datetime], T]


def shared(read: Read[T]) -> Read[T]:
    """What several inputs read of agencies as they stood at an instant, read once for all of them."""

    @wraps(read)
    def once(session: Session, agencies: Sequence[int], until: datetime) -> T:
        if not isinstance(agencies, Together):
            return read(session, agencies, until)
        if (read, until) not in agencies.read:
            agencies.read[read, until] = read(session, agencies, until)
        found: T = agencies.read[read, until]
        return found

    return once


def faded(at: Sequence[datetime], half_life_days: float) -> list[float]:
    """How much each record weighs: 1 for the newest, half for one that is a half-life older than that.

    The days count back from the newest, not from today: a time without work neither raises nor lowers a
    score, and nothing has to be reckoned anew by night.
    """
    newest = max(at, default=None)
    return [left(each, newest, half_life_days) for each in at] if newest is not None else []


def voice(count: int) -> float:
    """What one of so many records of one buyer weighs in a share: all of them together 1 + log2 of them."""
    return (1 + log2(count)) / count


def unseen_cut(rules: CreditPolicy, seen: float, unseen: float) -> float:
    """What is left of the weight of what nobody has seen.

    In all at most a share of what is seen, and at least as much as the policy grants in any case.
    """
    least, share = (float(rules.rate(f"rating.{key}")) for key in ("unseen_least", "unseen_share"))
    return min(1.0, max(least, seen * share) / unseen) if unseen else 1.0


def share(rules: CreditPolicy, name: str, evidence: Sequence[Evidence]) -> ScoreLine:
    """A line of values from 0 to 1: points * ((sum(w x) + k e) / (sum(w) + k) - z).

    e is what is expected, z where points begin: what is expected, unless the policy says another `zero`. A
    record weighs what is left of it after its days, times voice(n) of the n records of its buyer, times its
    part that was `seen`; its `unseen` part besides, cut as that of ratings where it lies above the mean. What
    nobody has seen lowers a share in full: an agency's own lateness is nobody's to forge but its own.
    """
    expected, prior = (float(rules.rate(f"inputs.{name}.{key}")) for key in ("expected", "weight"))
    points = float(rules.rate(f"inputs.{name}.points"))
    zero = float(rules.inputs[name].get("zero", expected))
    fresh = faded([each.at for each in evidence], float(rules.rate(f"inputs.{name}.half_life_days")))
    once = [w * voice(each.facts.get("n", 1)) for w, each in zip(fresh, evidence, strict=True)]
    seen = [w * each.facts.get("seen", 1.0) for w, each in zip(once, evidence, strict=True)]
    unseen = [w * each.facts.get("unseen", 0.0) for w, each in zip(once, evidence, strict=True)]
    weights = _lowest(seen, unseen, [each.value for each in evidence], prior, expected, rules)
    total = sum(weights)
    value = sum(w * each.value for w, each in zip(weights, evidence, strict=True))
    mean = (value + prior * expected) / (total + prior)
    return ScoreLine(
        name,
        value / total if total else None,
        mean,
        zero,
        points * (mean - zero),
        points**2 * max(mean * (1 - mean), 0.0) / (total + prior),
        tuple(map(weighed, evidence, weights)),
    )


def _lowest(
    seen: Sequence[float],
    unseen: Sequence[float],
    values: Sequence[float],
    prior: float,
    expected: float,
    rules: CreditPolicy,
) -> list[float]:
    """The weights by which a mean is the lowest: unseen parts in full below it, and cut above it.

    Being the least of means that each rise with every value, it rises with every value too.
    """
    cut = unseen_cut(rules, sum(seen), sum(unseen))
    weights = [one + cut * other for one, other in zip(seen, unseen, strict=True)]
    total = sum(weights) + prior
    value = sum(w * x for w, x in zip(weights, values, strict=True)) + prior * expected
    for place in sorted(range(len(values)), key=lambda place: values[place]):
        if cut == 1 or values[place] * total >= value:
            break
        more = (1 - cut) * unseen[place]
        weights[place], total, value = weights[place] + more, total + more, value + more * values[place]
    return weights


def total(rules: CreditPolicy, name: str, evidence: Sequence[Evidence]) -> ScoreLine:
    """A line of records that each bring their own points."""
    times = float(rules.rate(f"inputs.{name}.points"))
    return ScoreLine(
        name, None, None, None, times * sum(each.value for each in evidence), 0.0, tuple(evidence)
    )


def weighed(each: Evidence, weight: float, facts: Mapping[str, Any] | None = None) -> Evidence:
    """A record with the weight it has in its line (`dataclasses.replace` takes four times as long)."""
    return Evidence(
        each.case_identifier,
        each.at,
        each.value,
        weight,
        each.facts if facts is None else facts,
        each.contract,
        each.by,
        each.holds_until,
    )


def added_up(rules: CreditPolicy, lines: Sequence[ScoreLine]) -> float:
    """The base and the points of every line, before the bounds of a score."""
    return float(rules.number("base")) + sum(line.points for line in lines)


def bounded(points: float) -> float:
    """A score runs from 0 to 100."""
    return min(100.0, max(0.0, points))


def sheet(
    rules: CreditPolicy,
    lines: Sequence[ScoreLine],
    settled: int,
    failed: int = 0,
    at: datetime | None = None,
) -> Sheet:
    """The score its lines add up to, from the policy's base, between 0 and 100.

    `settled` contracts, and those that `failed` through the agency, are what a grade needs: no record is not
    a good record, and the worst behaviour does not leave the emptiest file.
    """
    score = round(bounded(added_up(rules, lines)), 1)
    graded = settled + failed >= rules.number("least_evidence")
    half_width = round(sqrt(sum(line.variance for line in lines)), 1)
    grade = rules.grade(score) if graded else None
    return Sheet(score, half_width, grade, settled, tuple(lines), rules.name, failed, at or clock.now())
