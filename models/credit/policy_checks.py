"""What a version of the credit policy has to hold to before it may apply: numbers that can be reckoned with.

That grades stand in order, that each input there counts is one, with the numbers its formula reads, and that
every kind of record and every limit cites law and stands in a list (国办发〔2020〕49号).
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from models.errors import RuleViolation
from models.i18n import N_

if TYPE_CHECKING:
    from models.credit.policy import CreditPolicy, Kind

# What the formula of each unit reads of an input, each with the least and the most it may be.
NUMBERS: dict[str, dict[str, tuple[float, float]]] = {
    "share": {"expected": (0, 1), "weight": (0.001, 1000), "half_life_days": (1, 100_000)},
    "stars": {},
    "points": {},
}
# Where points begin, by the unit of an input that says it.
ZERO = {"share": (0, 1), "stars": (1, 5), "points": (0, 0)}
# What the mean of ratings and the process of a record go by.
RATING: dict[str, tuple[float, float]] = {
    "half_life_days": (1, 100_000),
    "prior_weight": (0.001, 1000),
    "baseline_weight": (0.001, 1000),
    "leniency_weight": (0.001, 1000),
    "deviation": (0.001, 5),
    "unseen_stars": (0, 4),
    "unseen_share": (0, 1),
    "unseen_least": (0, 1000),
    "unseen_shift": (0, 10),
    "first_mean": (1, 5),
    "first_mean_weight": (0.001, 1000),
}
PROCESS: dict[str, tuple[float, float]] = {
    f"{step}_days": (1, 1000) for step in ("notify", "state", "decide", "repair", "appeal")
}


def check(rules: CreditPolicy, grades: tuple[str, ...], activities: set[str], subjects: set[str]) -> None:
    """RuleViolation naming what is wrong with a version that was read."""
    _check_grades(rules, grades)
    _check_limits_of_grades(rules, activities)
    _check_numbers("", {"least_evidence": (1, 1000)}, rules.values)
    _check_numbers("rating", RATING, rules.values["rating"])
    _check_numbers("process", PROCESS, rules.values["process"])
    _check_classes(rules)
    _check_inputs(rules)
    for kind in rules.kinds.values():
        _check_kind(rules, kind, activities)
        if not kind.subjects or not set(kind.subjects) <= subjects:
            raise RuleViolation(N_("信用记录“%(kind)s”没有写明适用于哪些单位。"), kind=kind.zh)
    if any(each.points >= 0 for each in rules.lists.values()):
        raise RuleViolation(N_("外部名录应当扣分。"))


def _check_grades(rules: CreditPolicy, grades: tuple[str, ...]) -> None:
    """Every grade once, each beginning below the one before, the last at nothing: every score has one."""
    begins = [_number(rules.values["grades"].get(grade)) for grade in grades]
    known = [each for each in begins if each is not None]
    if (
        set(rules.values["grades"]) != set(grades)
        or len(known) != len(grades)
        or known != sorted(set(known), reverse=True)
        or known[-1] != 0
        or known[0] > 100
    ):
        raise RuleViolation(N_("等级应从 A 到 E 依次降低,E 从 0 分起,A 不超过 100 分。"))
    base = _number(rules.values["base"])
    if base is None or not 0 <= base <= 100:
        raise RuleViolation(N_("基础分应在 0 到 100 之间。"))


def _check_limits_of_grades(rules: CreditPolicy, activities: set[str]) -> None:
    for grade, body in rules.values["limits"]["grades"].items():
        if grade not in rules.values["grades"] or not isinstance(body, dict):
            raise RuleViolation(N_("等级“%(grade)s”的限制措施没有写明依据,或者没有这个等级。"), grade=grade)
        if not str(body.get("basis", "")).strip() or not str(body.get("list", "")).strip():
            raise RuleViolation(N_("等级“%(grade)s”的限制措施没有写明法律依据和所在清单。"), grade=grade)
        if not body.get("limits") or not set(body["limits"]) <= activities:
            raise RuleViolation(N_("等级“%(grade)s”的限制措施没有定义。"), grade=grade)


def _check_classes(rules: CreditPolicy) -> None:
    """Of every sum one class, the more the higher the sum."""
    classes = [(_number(least), _number(factor)) for least, factor in rules.values["rating"]["value_classes"]]
    told = [(least, factor) for least, factor in classes if least is not None and factor is not None]
    rise = all(one[0] < other[0] and one[1] <= other[1] for one, other in pairwise(told))
    if not told or len(told) != len(classes) or told[0][0] != 0 or told[0][1] < 0 or not rise:
        raise RuleViolation(N_("合同金额的档次应从 0 元起,依次升高。"))


def _check_numbers(where: str, bounds: dict[str, tuple[float, float]], numbers: dict[str, Any]) -> None:
    """RuleViolation naming the first of these that is missing, no number, or out of its bounds."""
    for key, (least, most) in bounds.items():
        value = _number(numbers.get(key))
        if value is None or not least <= value <= most:
            raise RuleViolation(
                N_("信用规则的 %(key)s 应在 %(least)s 到 %(most)s 之间。"),
                key=f"{where}.{key}" if where else key,
                least=least,
                most=most,
            )


def _check_inputs(rules: CreditPolicy) -> None:
    from models.credit.inputs import inputs  # which rest on this

    declared = inputs()
    for name, numbers in rules.inputs.items():
        if name not in declared:
            raise RuleViolation(
                N_("没有计分项“%(input)s”。可选:%(known)s"), input=name, known="、".join(declared)
            )
        found = declared[name]
        bounds = {**NUMBERS[found.unit], **found.numbers, "points": (0.0, 1000.0)}
        if "zero" in numbers:
            bounds["zero"] = ZERO[found.unit]
        _check_numbers(f"inputs.{name}", bounds, numbers)
        if found.shown_only and _number(numbers["points"]) != 0:
            raise RuleViolation(N_("计分项“%(input)s”只展示,分值应为 0。"), input=name)


def _check_kind(rules: CreditPolicy, kind: Kind, activities: set[str]) -> None:
    """A record cites law and stands in a list, within the terms of its weight; a bad one takes points."""
    if not kind.basis.strip() or not kind.listed.strip():
        raise RuleViolation(N_("信用记录“%(kind)s”没有写明法律依据和所在清单。"), kind=kind.zh)
    if kind.weight not in rules.weights or not set(kind.limits) <= activities:
        raise RuleViolation(N_("信用记录“%(kind)s”的轻重或限制措施没有定义。"), kind=kind.zh)
    weight = rules.weights[kind.weight]
    if not weight.least_months <= kind.months <= weight.longest_months:
        raise RuleViolation(N_("信用记录“%(kind)s”的期限超出信用修复管理办法的规定。"), kind=kind.zh)
    good = kind.weight == "good"
    if (kind.points > 0) != good or kind.points == 0 or (good and kind.limits):
        raise RuleViolation(
            N_("信用记录“%(kind)s”的分值不对:失信的扣分,守信的加分、不限制业务。"), kind=kind.zh
        )


def _number(value: Any) -> float | None:
    """A number of the policy, as a number or as a text; None for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(Fraction(str(value)))
    except (ValueError, ZeroDivisionError, OverflowError):
        return None
