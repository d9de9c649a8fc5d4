"""Credit: an agency's score from the records behind it, by a published policy.

Every line can be opened. The score is the policy's base plus what each input brings (models/credit/inputs,
one module each), wholly by one version of the policy. What it is made of is found as it stood at an instant,
so that any past score can be reckoned again from the records alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, case, func, or_, select
from sqlalchemy.orm import Session

from models import clock
from models.contracts.agreement import Contract
from models.credit import policy
from models.credit.evidence import Evidence, Input, ScoreLine, Sheet, Together, added_up, bounded, sheet
from models.credit.inputs import inputs
from models.credit.policy import CreditPolicy
from models.credit.rating_mean import leniency
from models.credit.weighing import weigh
from models.errors import Problem, RuleViolation
from models.i18n import N_


def of_agency(
    session: Session, agency_id: int, until: datetime | None = None, rules: CreditPolicy | None = None
) -> Sheet:
    """The sheet of an agency at an instant (UTC, now unless given), by the policy that was in effect then."""
    return of_agencies(session, [agency_id], until, rules)[agency_id]


def of_agencies(
    session: Session,
    agencies: Sequence[int],
    until: datetime | None = None,
    rules: CreditPolicy | None = None,
) -> dict[int, Sheet]:
    """The sheets of these agencies, in as many statements as for one."""
    until = until or clock.now()
    rules = rules or policy.in_effect(until.astimezone(clock.BEIJING).date())
    counted = [inputs()[name] for name in rules.inputs]
    together = Together(agencies)
    gathered = [each.gather(session, rules, together, until) for each in counted]
    weighed = weigh(session, rules, gathered, until)
    found = {each.name: lines for each, lines in zip(counted, weighed, strict=True)}
    over = _contracts(session, agencies, until)
    return {
        key: sheet(
            rules,
            [each.reckon(rules, each.name, found[each.name][key]) for each in counted],
            *over.get(key, (0, 0)),
            until,
        )
        for key in agencies
    }


def ended(until: datetime) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """The contracts that say something of their agency at an instant: completed, and ended through its fault.

    For grades and rankings alike. One that was never signed says nothing of its work.
    """
    through_it = (Contract.ended_through == "agency") & Contract.signed_at.is_not(None)
    return Contract.completed_at <= until, through_it & (Contract.ended_at <= until)


def _contracts(session: Session, agencies: Sequence[int], until: datetime) -> dict[int, tuple[int, int]]:
    """How many contracts of each were completed, and how many ended through its fault, by an instant."""
    which = ended(until)
    counts = (func.sum(case((each, 1), else_=0)) for each in which)
    over = (
        select(Contract.agency_id, *counts)
        .where(Contract.agency_id.in_(agencies), or_(*which))
        .group_by(Contract.agency_id)
    )
    return {agency: (settled, failed) for agency, settled, failed in session.execute(over)}


def raises(present: Sheet, rules: CreditPolicy, now: datetime) -> list[Problem]:
    """What would raise a score, in words: one more record of each kind at its best, and each that ends.

    With the points by which the score would be higher, the most first; a step that brings none is left out.
    Where the lines add up to less than 0, it is said first how much is to be made up before anything counts.
    """
    total = added_up(rules, present.lines)
    found = [
        (bounded(total + more) - bounded(total), each, case)
        for more, each, case in _steps(present, rules, now)
    ]
    steps: list[Problem] = [
        RuleViolation(each.cure, points=f"{points:.1f}", case=case)
        for points, each, case in sorted(found, key=lambda step: -step[0])
        if points > 0.05
    ]
    if total < 0:
        lacking = N_("各项合计是 %(total)s 分,低于 0 分按 0 分计:先补足这一段,分数才会上升。")
        steps.insert(0, RuleViolation(lacking, total=f"{total:.1f}"))
    if present.grade is None:
        return [RuleViolation(N_("完成第一份合同后开始评级。")), *steps]
    return steps


def _steps(present: Sheet, rules: CreditPolicy, now: datetime) -> Iterator[tuple[float, Input, str]]:
    """Each step: the points of its line it brings, its input, and the case that ends (empty for one more)."""
    for line in present.lines:
        each = inputs()[line.name]
        if each.best is not None:
            ways = [("", [*line.evidence, _one_more(rules, line, each.best, now)])]
        else:
            ways = [
                (of.case_identifier, [other for other in line.evidence if other is not of])
                for of in line.evidence
                if of.case_identifier
            ]
        for case_identifier, then in ways:
            yield each.reckon(rules, each.name, then).points - line.points, each, case_identifier


def _one_more(rules: CreditPolicy, line: ScoreLine, best: float, now: datetime) -> Evidence:
    """One more record at its best, of a usual contract that was seen, by somebody who is new here."""
    usual = line.zero or 0.0
    facts = {
        "n": 1,
        "seen": 1.0,
        "unseen": 0.0,
        "item_mean": usual,
        "habit": [leniency(rules, best - usual, 1.0), 0.0],
    }
    return Evidence("", now, best, facts=facts)
