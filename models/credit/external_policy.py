"""What the credit policy says of lists kept elsewhere: which there are, and which sites publish them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Protocol

from models.errors import RuleViolation
from models.i18n import N_

# How far a site's word reaches, from the one that prevails on.
LEVELS = {"national": N_("国家级"), "provincial": N_("省级"), "city": N_("市级")}


@dataclass(frozen=True)
class ExternalList:
    """A list an authority keeps elsewhere (经营异常名录、严重违法失信名单).

    `points` of 100 while an agency is on it; `months` after which an entry counts no more, 0 where it does
    until it is taken off; `basis` the law and `listed` the place in a list of 国办发〔2020〕49号; `duty` what
    takes its subject off; `limits` the activities it stops. `record` is the kind of credit record that is the
    same fact: what that weighs, rests on and stops holds for the list as well, and while one is in force the
    entry does not count beside it. `four_eyes`: what one official brought in waits until a second confirms
    it. There were no entries before `since`.
    """

    key: str
    zh: str
    en: str
    points: int
    months: int
    basis: str
    listed: str
    duty: str
    limits: tuple[str, ...]
    record: str
    four_eyes: bool = False
    since: date | None = None

    @property
    def names(self) -> dict[str, str]:
        return {"zh": self.zh, "en": self.en}


@dataclass(frozen=True)
class Source:
    """A site that says who is on which of the lists. Those that are named first prevail."""

    key: str
    zh: str
    en: str
    level: str
    lists: tuple[str, ...]

    @property
    def names(self) -> dict[str, str]:
        return {"zh": self.zh, "en": self.en}


class Fact(Protocol):
    """What is said of a fact once: at the kind of record it is."""

    @property
    def points(self) -> int: ...

    @property
    def basis(self) -> str: ...

    @property
    def listed(self) -> str: ...

    @property
    def limits(self) -> tuple[str, ...]: ...


def read(
    values: dict[str, Any], activities: Collection[str], kinds: Mapping[str, Fact]
) -> tuple[dict[str, ExternalList], dict[str, Source]]:
    """Both by their keys, the sources in the order in which they prevail.

    RuleViolation for a list without a basis, one that stops what there is not, one that says otherwise than
    the record of the same fact, and for sources that do not stand from the national one down.
    """
    lists = {row["key"]: _list(row, kinds) for row in values["lists"]}
    sources = {row["key"]: Source(**{**row, "lists": tuple(row["lists"])}) for row in values["sources"]}
    for each in lists.values():
        if not each.basis.strip() or not each.listed.strip():
            raise RuleViolation(N_("名录“%(list)s”没有写明法律依据和所在清单。"), list=each.zh)
        if not set(each.limits) <= set(activities) or each.months < 0:
            raise RuleViolation(N_("名录“%(list)s”的期限、限制措施或对应的信用记录没有定义。"), list=each.zh)
    order = [list(LEVELS).index(each.level) if each.level in LEVELS else -1 for each in sources.values()]
    if -1 in order or order != sorted(order):
        raise RuleViolation(N_("外部网站应从国家级到市级排列。"))
    if any(not set(each.lists) <= lists.keys() for each in sources.values()):
        raise RuleViolation(N_("外部网站公布的名录没有定义。"))
    return lists, sources


def _list(row: dict[str, Any], kinds: Mapping[str, Fact]) -> ExternalList:
    """A list; what it leaves unsaid is as at its record, and what it says of that has to be the same."""
    fact = kinds.get(row["record"])
    if fact is None:
        raise RuleViolation(N_("名录“%(list)s”的期限、限制措施或对应的信用记录没有定义。"), list=row["zh"])
    same = {"points": fact.points, "basis": fact.basis, "list": fact.listed, "limits": list(fact.limits)}
    for name, value in same.items():
        if name in row and row[name] != value:
            raise RuleViolation(
                N_("名录“%(list)s”的 %(key)s 与同一事实的信用记录不一致:应为 %(value)s。"),
                list=row["zh"],
                key=name,
                value=str(value),
            )
    own = {name: value for name, value in row.items() if name not in same}
    return ExternalList(
        **own, points=fact.points, basis=fact.basis, listed=fact.listed, limits=tuple(fact.limits)
    )
