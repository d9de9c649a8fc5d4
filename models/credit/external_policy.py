"""What the credit policy says of lists kept elsewhere: which there are, and which sites publish them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from models.errors import RuleViolation
from models.i18n import N_

# How far a site's word reaches, from the one that prevails on.
LEVELS = {"national": N_("国家级"), "provincial": N_("省级"), "city": N_("市级")}


@dataclass(frozen=True)
class ExternalList:
    """A list an authority keeps elsewhere (经营异常名录、严重违法失信名单).

    `points` of 100 while an agency is on it; `months` after which an entry counts no more, 0 where it does
    until it is taken off; `basis` the law and `listed` the place in a list of 国办发〔2020〕49号; `duty` what
    takes its subject off; `limits` the activities it stops; `record` the kind of credit record that is the
    same fact: while one is in force the entry does not count beside it.
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


def read(
    values: dict[str, Any], activities: Collection[str], kinds: Collection[str]
) -> tuple[dict[str, ExternalList], dict[str, Source]]:
    """Both by their keys, the sources in the order in which they prevail.

    RuleViolation for a list without a basis, one that stops what there is not, and for sources that do not
    stand from the national one down.
    """
    lists = {
        row["key"]: ExternalList(
            **{name: value for name, value in row.items() if name not in ("list", "limits")},
            listed=row["list"],
            limits=tuple(row["limits"]),
        )
        for row in values["lists"]
    }
    sources = {row["key"]: Source(**{**row, "lists": tuple(row["lists"])}) for row in values["sources"]}
    for each in lists.values():
        if not each.basis.strip() or not each.listed.strip():
            raise RuleViolation(N_("名录“%(list)s”没有写明法律依据和所在清单。"), list=each.zh)
        if not set(each.limits) <= set(activities) or each.record not in kinds or each.months < 0:
            raise RuleViolation(N_("名录“%(list)s”的期限、限制措施或对应的信用记录没有定义。"), list=each.zh)
    order = [list(LEVELS).index(each.level) if each.level in LEVELS else -1 for each in sources.values()]
    if -1 in order or order != sorted(order):
        raise RuleViolation(N_("外部网站应从国家级到市级排列。"))
    if any(not set(each.lists) <= lists.keys() for each in sources.values()):
        raise RuleViolation(N_("外部网站公布的名录没有定义。"))
    return lists, sources
