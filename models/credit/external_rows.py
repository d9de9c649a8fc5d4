"""The rows of a list kept elsewhere, read: each cell checked, all that is wrong said at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from models import clock, days, uscc
from models.credit.external import ExternalEntry
from models.credit.policy import CreditPolicy
from models.errors import Problem, RuleViolation
from models.i18n import N_
from models.lengths import bounds

# The columns, and the headings each is known by: ours in Chinese and in English, and those of the sites.
HEADINGS: dict[str, tuple[str, ...]] = {
    "uscc": ("统一社会信用代码", "credit code", "信用代码", "统一社会信用代码/注册号"),
    "name": ("名称", "name", "企业名称", "单位名称", "当事人名称", "当事人"),
    "list": ("名录", "list", "名单", "名录类型", "列入名录"),
    "number": ("文号", "document number", "决定文书号", "列入决定书文号", "编号"),
    "entered_on": ("列入日期", "entered on", "列入时间", "列入名录日期", "列入名单日期"),
    "removed_on": (
        *("移出日期", "removed on", "移出时间", "移出名录日期", "移出名单日期", "移除日期", "移除时间"),
        *(
            "解除日期",
            "解除时间",
            "退出日期",
            "退出时间",
            "修复日期",
            "修复时间",
            "信用修复日期",
            "信用修复时间",
        ),
    ),
    "reason": (
        *("列入事由", "grounds", "列入原因", "列入理由", "列入经营异常名录原因"),
        "列入严重违法失信名单原因",
    ),
    "authority": (
        *("作出决定机关", "deciding authority", "作出决定机关(列入)", "列入机关", "列入决定机关", "决定机关"),
    ),
    "source": ("来源", "source", "数据来源", "公示网站"),
}
# Columns of the sites from which nothing is taken; of a removal, its day tells.
IGNORED: dict[str, tuple[str, ...]] = {
    "serial": ("序号", "No.", "行号"),
    "removal_reason": ("移出原因", "grounds for removal", "移出事由", "移出经营异常名录原因", "解除原因"),
    "removal_authority": ("作出决定机关(移出)", "removing authority", "移出机关", "移出决定机关", "解除机关"),
}
NEEDED = ("uscc", "list", "entered_on", "reason", "authority")
MOST_TOLD = 20
# What the lists are also called.
CALLED = {
    "经营异常": "abnormal",
    "企业经营异常名录": "abnormal",
    "严重违法失信企业名单": "serious",
    "严重违法企业名单": "serious",
    "市场监督管理严重违法失信名单": "serious",
}


def heading(column: str) -> dict[str, str]:
    """Our heading of a column, in both languages."""
    chinese, english, *_others = (HEADINGS | IGNORED)[column]
    return {"zh": chinese, "en": english}


def ignored(cells: Sequence[Mapping[str, str]]) -> list[str]:
    """The columns that stand in these lines and from which nothing is taken."""
    return [name for name in IGNORED if any(line.get(name) for line in cells)]


@dataclass(frozen=True)
class Row:
    """One line: what the source says of one code and one list."""

    uscc: str
    name: str
    list: str
    number: str
    entered_on: date
    removed_on: date | None
    reason: str
    authority: str

    @property
    def key(self) -> tuple[str, str, str]:
        """What tells it from any other of its source."""
        return self.list, self.uscc, self.number

    def values(self) -> dict[str, object]:
        return {name: getattr(self, name) for name in COLUMNS}


COLUMNS = ("uscc", "name", "list", "number", "entered_on", "removed_on", "reason", "authority")


def read(rules: CreditPolicy, source: str, cells: Sequence[Mapping[str, str]]) -> list[Row]:
    """The rows of a source as they are kept; `cells` are those of each line, the first of them line 2.

    RuleViolation at `file` that names every cell that cannot be taken, the first twenty with why; then none
    is.
    """
    found: list[Row] = []
    problems: list[RuleViolation] = []
    seen: dict[tuple[str, str, str], int] = {}
    for number, line in enumerate(cells, start=2):
        wrong, row = _row(rules, source, line)
        if row is not None and row.key in seen:
            wrong.append(("uscc", RuleViolation(N_("与第 %(row)s 行重复"), row=seen[row.key])))
        problems += [_place(number, at, str(line.get(at) or "").strip(), why) for at, why in wrong]
        if row is not None and not wrong:
            seen[row.key] = number
            found.append(row)
    if problems:
        raise _refused(problems)
    return found


def _place(number: int, column: str, text: str, why: Problem) -> RuleViolation:
    """What is wrong with a cell: where it is, what stands there, and why that cannot be taken."""
    about: dict[str, Any] = {"row": number, "column": heading(column), "why": why}
    if not text or text[:30] in str(why.params.get("said", "")):
        return RuleViolation(N_("第 %(row)s 行“%(column)s”:%(why)s"), **about)
    return RuleViolation(N_("第 %(row)s 行“%(column)s”写的“%(text)s”:%(why)s"), text=text[:60], **about)


class Unreadable(RuleViolation):
    """A table with cells that cannot be taken: each `place` with why."""

    @property
    def places(self) -> list[Problem]:
        said: Any = self.params["said"]
        return list(said)

    @property
    def brief(self) -> RuleViolation:
        """The same without the places, which stand in a list beside."""
        return RuleViolation(
            N_("文件里有 %(n)s 处问题,一行也没有导入,逐处列在“文件里的问题”。"),
            self.field or "",
            n=self.params["n"],
        )


def _refused(problems: list[RuleViolation]) -> Unreadable:
    said: list[object] = list(problems[:MOST_TOLD])
    if len(problems) > MOST_TOLD:
        said.append(RuleViolation(N_("还有 %(n)s 处"), n=len(problems) - MOST_TOLD))
    return Unreadable(
        N_("文件里有 %(n)s 处问题,一行也没有导入。%(said)s"), "file", n=len(problems), said=said
    )


def _row(
    rules: CreditPolicy, source: str, line: Mapping[str, str]
) -> tuple[list[tuple[str, Problem]], Row | None]:
    """What is wrong with a line, each with its column, and the row, if it can be made at all."""
    wrong: list[tuple[str, Problem]] = []
    told = {name: str(line.get(name, "") or "").strip() for name in HEADINGS}
    wrong += [(name, RuleViolation(N_("没有填写"))) for name in NEEDED if not told[name]]
    code = uscc.spelled(told["uscc"])
    if told["uscc"] and (problem := _bad_code(told["uscc"], code)) is not None:
        wrong.append(("uscc", problem))
    of_list = _list(rules, told["list"])
    if told["list"] and of_list is None:
        known = [each.names for each in rules.lists.values()]
        wrong.append(
            (
                "list",
                RuleViolation(N_("没有名录“%(said)s”,只有%(known)s"), said=told["list"][:30], known=known),
            )
        )
    elif of_list is not None and of_list not in rules.sources[source].lists:
        wrong.append(("list", RuleViolation(N_("这个网站不公布这个名录"))))
    if told["source"] and source not in (told["source"], _source(rules, told["source"])):
        wrong.append(("source", RuleViolation(N_("“%(said)s”不是这次导入的来源"), said=told["source"][:30])))
    entered, removed = (_day(told[name], name, wrong) for name in ("entered_on", "removed_on"))
    since = rules.lists[of_list].since if of_list is not None else None
    if entered and since and entered < since:
        early = RuleViolation(
            N_("“%(said)s”早于这个名录施行的 %(since)s"), said=told["entered_on"], since=since
        )
        wrong.append(("entered_on", early))
    if not told["removed_on"] and any(line.get(name) for name in ("removal_reason", "removal_authority")):
        wrong.append(("removed_on", RuleViolation(N_("写了移出的原因或者机关,没有写移出日期"))))
    if entered and removed and removed < entered:
        wrong.append(("removed_on", RuleViolation(N_("早于列入日期"))))
    wrong += _too_long(told)
    if of_list is None or entered is None or not uscc.formed(code):
        return wrong, None
    texts = {name: told[name] for name in ("name", "number", "reason", "authority")}
    return wrong, Row(uscc=code, list=of_list, entered_on=entered, removed_on=removed, **texts)


def _too_long(told: Mapping[str, str]) -> Iterator[tuple[str, Problem]]:
    for name in ("name", "number", "reason", "authority"):
        _least, most = bounds(getattr(ExternalEntry, name))
        if len(told[name]) > most:
            yield name, RuleViolation(N_("最多 %(most)s 个字"), most=most)


def _bad_code(text: str, code: str) -> Problem | None:
    try:
        uscc.read(text)
    except RuleViolation as problem:
        return problem
    return None if uscc.sound(code) else RuleViolation(N_("校验位不相符(GB 32100),多半是抄错了"))


def _list(rules: CreditPolicy, text: str) -> str | None:
    for key, each in rules.lists.items():
        if text in (key, each.zh, each.en) or CALLED.get(text) == key:
            return key
    return None


def _source(rules: CreditPolicy, text: str) -> str | None:
    return next((key for key, each in rules.sources.items() if text in (each.zh, each.en)), None)


def _day(text: str, name: str, wrong: list[tuple[str, Problem]]) -> date | None:
    if not text:
        return None
    try:
        found = days.day(text)
    except days.Unlikely:
        wrong.append((name, RuleViolation(days.UNLIKELY, said=text[:30])))
        return None
    except ValueError:
        wrong.append((name, RuleViolation(N_("“%(said)s”不是日期:请写成 2026-07-01 这样"), said=text[:30])))
        return None
    if found > clock.today():
        wrong.append((name, RuleViolation(N_("“%(said)s”还没有到"), said=text[:30])))
    return found
