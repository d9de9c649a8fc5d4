"""The credit policy: how records become a score, a grade and limits, read from versioned TOML files.

One folder a preset, one file a version. Which preset applies is a setting; a version takes effect on its
day.
"""

from __future__ import annotations

import re
import tomllib
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from models import clock
from models.credit import external_policy, policy_checks
from models.credit.external_policy import ExternalList, Source
from models.errors import RuleViolation
from models.i18n import N_
from models.policy import Policy

FOLDER = Path(__file__).parent / "policies"
HEADING = re.compile(r"\[\[?(\w+)")  # of a table
GRADES = ("A", "B", "C", "D", "E")
# At what an organisation may be stopped; what each is called.
ACTIVITIES = {
    "entry": N_("办理入驻"),
    "fees": N_("公示收费标准"),
    "quote": N_("参与报价"),
    "bid": N_("参加投标"),
    "award": N_("接受中选"),
    "sign": N_("签订新合同"),
}

# Whom a record may be about, by the kind of organisation.
SUBJECTS = {"agency": N_("中介机构"), "enterprise": N_("项目业主")}


@dataclass(frozen=True)
class Kind:
    """A kind of credit record.

    `weight` is minor, general, severe or good; `points` of 100 while it is in force; `months` it stays in
    force unless the decision says otherwise; `basis` the law it rests on and `listed` its place in a list;
    `duty` what its subject must do before it can be repaired; `limits` the activities it stops; `subjects`
    whom it may be about.
    """

    key: str
    zh: str
    en: str
    weight: str
    points: int
    months: int
    basis: str
    listed: str
    duty: str
    limits: tuple[str, ...]
    subjects: tuple[str, ...] = tuple(SUBJECTS)

    @property
    def names(self) -> dict[str, str]:
        return {"zh": self.zh, "en": self.en}


@dataclass(frozen=True)
class Weight:
    """How heavy a fact is (信用修复管理办法).

    Whether it is published as a rule, and how long at least and at most, in months.
    """

    zh: str
    en: str
    published: bool
    least_months: int
    longest_months: int


@dataclass(frozen=True)
class CreditPolicy(Policy):
    """One version of a preset."""

    preset: str = ""
    kinds: dict[str, Kind] = field(default_factory=dict)
    weights: dict[str, Weight] = field(default_factory=dict)
    lists: dict[str, ExternalList] = field(default_factory=dict)
    sources: dict[str, Source] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Preset and version, as scores and records keep it."""
        return f"{self.preset}/{self.version}"

    def weight_of(self, kind: str) -> Weight:
        return self.weights[self.kinds[kind].weight]

    @property
    def inputs(self) -> dict[str, dict[str, Any]]:
        """The inputs this version counts, each with its numbers."""
        found: dict[str, dict[str, Any]] = self.values["inputs"]
        return found

    def grade(self, score: float) -> str:
        """The grade at which a score (0 to 100) stands."""
        return next(grade for grade in GRADES if score >= self.number(f"grades.{grade}"))

    def limits_of_grade(self, grade: str | None) -> tuple[str, ...]:
        """The activities that a grade alone stops."""
        return tuple(self._of_grade(grade).get("limits", ()))

    def basis_of_grade(self, grade: str) -> str:
        """The law that lets a grade stop anything; empty where it does not."""
        return str(self._of_grade(grade).get("basis", ""))

    def listed_of_grade(self, grade: str) -> str:
        """The place in a list of what a grade stops; empty where it stops nothing."""
        return str(self._of_grade(grade).get("list", ""))

    def _of_grade(self, grade: str | None) -> dict[str, Any]:
        found: dict[str, Any] = self.values["limits"]["grades"].get(grade or "", {})
        return found


_chosen = "standard"


def choose(preset: str) -> None:
    """Which preset applies from now on. RuleViolation where there is none of this name."""
    global _chosen
    if preset not in presets():
        raise RuleViolation(
            N_("没有信用规则“%(preset)s”。可选:%(presets)s。"), preset=preset, presets=", ".join(presets())
        )
    _chosen = preset


@cache
def presets() -> tuple[str, ...]:
    """The presets we carry."""
    return tuple(sorted(path.name for path in FOLDER.iterdir() if path.is_dir()))


def read(text: str, preset: str) -> CreditPolicy:
    """A version from its text: what it does not name is as in the one it `extends`.

    RuleViolation naming what is wrong with it.
    """
    try:
        values = tomllib.loads(text)
        if base := values.pop("extends", ""):
            values = get(base).values | values
        kinds = {row["key"]: _kind(row) for row in values["kinds"]}
        weights = {name: Weight(**body) for name, body in values["weights"].items()}
        found = CreditPolicy(
            values["version"],
            values["effective_from"],
            values["issued_by"],
            values,
            preset,
            kinds,
            weights,
            *external_policy.read(values["external"], ACTIVITIES, kinds),
        )
        policy_checks.check(found, GRADES, set(ACTIVITIES), set(SUBJECTS))
    except (AttributeError, KeyError, TypeError, tomllib.TOMLDecodeError) as wrong:
        raise RuleViolation(N_("信用规则读不出来:%(why)s"), why=str(wrong)) from wrong
    return found


def _kind(row: dict[str, Any]) -> Kind:
    told = {name: value for name, value in row.items() if name not in ("list", "limits", "subjects")}
    subjects = tuple(row.get("subjects", SUBJECTS))
    return Kind(**told, listed=row["list"], limits=tuple(row["limits"]), subjects=subjects)


def text_of(rules: CreditPolicy) -> str:
    """A version as it is written, whole: with what it takes from the one it extends, comments and all."""
    text = (FOLDER / rules.preset / f"{rules.version}.toml").read_text(encoding="utf-8")
    base = tomllib.loads(text).get("extends", "")
    if not base:
        return text
    own, above = _parts(text), _parts(text_of(get(base)))
    own[""] = [line for line in own[""] if not line.startswith("extends ")]
    named = {line.partition("=")[0].strip() for line in own[""]}
    kept = [line for line in above.pop("") if "=" in line and line.partition("=")[0].strip() not in named]
    lines = [*own.pop(""), *kept]
    for name, part in [*own.items(), *above.items()]:
        lines += part if name not in own or part is own[name] else []
    return "".join(f"{line}\n" for line in lines)


def _parts(text: str) -> dict[str, list[str]]:
    """The lines of a file by the first word of the table they stand in; those before any by an empty word.

    What is said in comments right above a table goes with it.
    """
    found: dict[str, list[str]] = {"": []}
    name, said = "", list[str]()
    for line in text.splitlines():
        if heading := HEADING.match(line):
            name = heading[1]
        elif not line or line.startswith("#"):
            said.append(line)
            continue
        found.setdefault(name, []).extend([*said, line])
        said = []
    found[name] += said
    return found


@cache
def versions(preset: str) -> tuple[CreditPolicy, ...]:
    """Every version of a preset, newest first."""
    found = [read(path.read_text(encoding="utf-8"), preset) for path in (FOLDER / preset).glob("*.toml")]
    return tuple(sorted(found, key=lambda each: each.effective_from, reverse=True))


def get(name: str) -> CreditPolicy:
    """The version of this name (`standard/2026-12`); KeyError if we never had it."""
    preset, _slash, version = name.partition("/")
    if preset in presets():
        for each in versions(preset):
            if each.version == version:
                return each
    raise KeyError(name)


def in_effect(day: date) -> CreditPolicy:
    """The version of the chosen preset that applies on a day (Beijing); the oldest before there was one."""
    found = versions(_chosen)
    return next((each for each in found if each.effective_from <= day), found[-1])


def current() -> CreditPolicy:
    """The version in effect today."""
    return in_effect(clock.today())


def coming() -> CreditPolicy | None:
    """The next version that has been decided on but is not in effect yet."""
    later = [each for each in versions(_chosen) if each.effective_from > clock.today()]
    return later[-1] if later else None
