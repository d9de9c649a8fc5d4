"""Administrative divisions (GB/T 2260).

A code's leading pairs name what it lies in, so "this area and below" is a prefix, and no tree has to be
walked.

Divisions that are no more, all since 2009 and well-known ones before, are understood as what took their place
(`data/former_regions.csv`, from the notices of 民政部 on 变更情况; of one that was divided, where its seat
lies): people, registers and papers go on naming them for decades.
"""

from __future__ import annotations

import csv
import re
from collections import defaultdict
from collections.abc import Sequence
from functools import cache, lru_cache
from pathlib import Path

from sqlalchemy import ColumnElement, String
from sqlalchemy.orm import InstrumentedAttribute, Mapped, mapped_column

from models import spelling
from models.base import Base, Name

SOURCE = Path(__file__).parent / "data" / "regions.csv"
NATION = "000000"
FORMER = SOURCE.with_name("former_regions.csv")
ENGLISH = SOURCE.with_name(
    "regions_en.csv"
)  # the pinyin, or the name of another language where that is usual
# 市辖区 and 县 group a city's districts on paper; nobody says them in an address.
_SILENT = {"市辖区", "县", "省直辖县级行政区划", "自治区直辖县级行政区划"}
_KIND = re.compile("自治县|自治州|自治区|自治旗|行政委员会|特别行政区|矿区|林区|特区|地区|[省市区县州盟旗]")
_PEOPLES = re.compile(
    "(?:(?:回|藏|蒙古|土家|土|撒拉|壮|苗|彝|侗|瑶|白|傣|傈僳|哈尼|畲|满|羌|朝鲜|布依|黎|纳西|景颇|独龙|怒|水|仡佬|哈萨克|毛南|仫佬|各|拉祜|佤|裕固|保安|东乡|"
    "达斡尔|鄂温克|布朗|普米|阿昌)族|哈萨克|维吾尔|锡伯|柯尔克孜|塔吉克)+"
)


class Region(Base):
    """A province, city (prefecture) or county. `full_name` reads from the province down."""

    __tablename__ = "regions"

    code: Mapped[str] = mapped_column(String(6), unique=True)
    name: Mapped[Name]
    level: Mapped[str] = mapped_column(String(10))
    parent_code: Mapped[str | None] = mapped_column(String(6), index=True)
    full_name: Mapped[Name]


@cache
def former() -> Sequence[dict[str, str]]:
    """The divisions that are no more.

    Code, name, the one they lay in, what took their place, the year since when.
    """
    with FORMER.open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@cache
def _successors() -> dict[str, str]:
    return {row["code"]: row["successor"] for row in former() if row["code"] != row["successor"]}


def current(code: str) -> str:
    """The code that stands for a code now: itself, or what took its place."""
    return _successors().get(code, code)


def prefix(code: str) -> str:
    """What every code in this area starts with: `630000` gives `63`, `632801` itself."""
    code = current(code)
    while code.endswith("00"):
        code = code[:-2]
    return code


def covers(area: str, code: str) -> bool:
    """Whether `code` is `area` or lies in it."""
    return current(code).startswith(prefix(area))


@cache
def covered(area: str) -> tuple[str, ...]:
    """The codes of the list we carry that are `area` or lie in it."""
    return tuple(row["code"] for row in published() if covers(area, row["code"]))


def within(column: InstrumentedAttribute[str], area: str) -> ColumnElement[bool]:
    """The same in SQL."""
    return column.startswith(prefix(area), autoescape=True)


def above(code: str) -> list[str]:
    """The code and those of the areas it lies in, nearest first: `632801` gives `632801, 632800, 630000`."""
    code = current(code)
    return list(dict.fromkeys([code, code[:4] + "00", code[:2] + "0000"]))


@cache
def children(area: str) -> tuple[str, ...]:
    """The divisions an area is made of: the cities of a province, the counties of a city."""
    if area == NATION:
        return tuple(row["code"] for row in published() if row["code"].endswith("0000"))
    return tuple(row["code"] for row in published() if above(row["code"])[1:2] == [area])


@cache
def _names() -> dict[str, str]:
    return {row["code"]: row["full_name"] for row in published()}


def full_name(code: str) -> str:
    """A region's name from the province down; the code itself where we know no such region."""
    return _names().get(current(code), code)


@cache
def _english_names() -> dict[str, str]:
    with ENGLISH.open(encoding="utf-8") as file:
        return {row["code"]: row["name_en"] for row in csv.DictReader(file)}


@lru_cache(8192)  # twice as many as there are divisions; what is no code of one is kept no longer
def name_in_english(code: str, area: str = "") -> str:
    """A region in English, from the smallest up: `Golmud City, Haixi, Qinghai`; the code where we know none.

    What all places of `area` share is left out, and of a city or prefecture above only the name is said.
    """
    names, silent = _english_names(), {row["code"] for row in published() if row["name"] in _SILENT}
    own, *higher = above(code)
    if own not in names:
        return code
    shared = set(above(area)) if area and own != current(area) else set()
    said = [
        names[each] if each.endswith("0000") else names[each].split(" ")[0]
        for each in higher
        if each in names and each not in silent and each not in shared
    ]
    return ", ".join([names[own], *said])


@cache
def published() -> Sequence[dict[str, str]]:
    """The rows of the list we carry, each with its full name."""
    with SOURCE.open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    names = {row["code"]: row["name"] for row in rows}
    for row in rows:
        parts = [names[code] for code in reversed(above(row["code"])) if code in names]
        row["full_name"] = "".join(
            part for i, part in enumerate(parts) if part not in _SILENT or i == len(parts) - 1
        )
    return rows


@cache
def forms(name: str) -> tuple[str, ...]:
    """How people say a division's name.

    Whole, without its kind, and with the plain word for its kind (大通, 大通县 for 大通回族土族自治县).
    """
    kind = next((name[at:] for at in range(1, len(name)) if _KIND.fullmatch(name[at:])), "")
    bare = name.removesuffix(kind)
    short = (_PEOPLES.sub("", bare) or bare.removesuffix("族")) if kind.startswith(("自治", "特别")) else bare
    plain = {"自治县": "县", "自治州": "州", "自治旗": "旗", "行政委员会": "行委"}.get(kind, kind)
    every = (name, short + plain, bare + plain, short)
    return tuple(dict.fromkeys(spelling.name(form) for form in every if len(form) > 1))


@cache
def short_name(code: str) -> str:
    """A region's own name as people say it, with its kind: 海西州, 格尔木市; the code where we know none."""
    name = next((row["name"] for row in published() if row["code"] == current(code)), code)
    return min(
        (said for said in forms(name) if _KIND.search(said[-1]) or said.endswith("行委")),
        key=len,
        default=name,
    )


@cache
def _spoken(area: str) -> dict[str, tuple[str, ...]]:
    """Every way to say each division of an area, with the codes it may mean.

    Alone or after those it lies in, now and before, in the form `spelling.name` gives. A name in force goes
    before one that was; a whole name that was, and one in force cut short, are not told apart (东乡县).
    """
    meant: tuple[dict[str, set[str]], ...] = (defaultdict(set), defaultdict(set), defaultdict(set))
    names = {row["code"]: row["name"] for row in published()}
    for row in published():
        if covers(area, row["code"]) and row["name"] not in _SILENT:
            _say(
                meant,
                row["code"],
                row["name"],
                names.get(row["parent_code"], ""),
                names[row["code"][:2] + "0000"],
                False,
            )
    parents = {row["code"]: row["parent_code"] for row in published()}
    for row in former():
        if covers(area, row["successor"]):  # said after what it lay in, or what lies there today
            for lies_in in {row["lay_in"], names.get(parents[row["successor"]], "")}:
                for province in {
                    row["code"][:2],
                    row["successor"][:2],
                }:  # 万县市 lay in Sichuan, and what took its place in Chongqing
                    _say(meant, row["successor"], row["name"], lies_in, names[province + "0000"], True)
    spoken: dict[str, tuple[str, ...]] = {}
    for rank in meant:
        for said, codes in rank.items():
            spoken.setdefault(said, tuple(sorted(codes)))
    return spoken


def _say(
    meant: tuple[dict[str, set[str]], ...], code: str, name: str, lies_in: str, province: str, was: bool
) -> None:
    middles = ("",) if lies_in in ("", province, *_SILENT) else ("", *forms(lies_in))
    whole = spelling.name(name)
    for form in forms(name):
        for middle in middles:
            for first in ("", *forms(province)):
                meant[_rank(was, form == whole)][first + middle + form].add(code)


def _rank(was: bool, is_whole: bool) -> int:
    """Which of two that are said alike is meant first: 0 the whole name in force.

    1 one cut short, or the whole one that was; 2 that cut short.
    """
    return int(was) + int(not is_whole)


def find(text: str, area: str = "") -> tuple[str, ...]:
    """The codes of the divisions of an area (all of them if empty) that a text may mean.

    A code of 6 digits (or of 9 or 12, whose first 6 count), or a name, long or short, of today or of before.
    None it cannot be; several it does not tell apart.
    """
    said = spelling.name(re.sub(r"\.0+\s*$", "", text))  # a spreadsheet's number
    if re.fullmatch("[0-9]{6}(?:[0-9]{3}|[0-9]{6})?", said):
        code = current(said[:6])
        return (code,) if code in _names() and covers(area, code) else ()
    return _spoken(area).get(said, ())


def names_of(area: str = "") -> dict[str, tuple[str, ...]]:
    """Every name of the divisions of an area, as `spelling.name` has it, with the codes it may mean."""
    return _spoken(area)


def widest(codes: Sequence[str]) -> str:
    """Which of these divisions all the others lie in (玉树 is the prefecture); "" where none is."""
    return next((one for one in codes if all(covers(one, other) for other in codes)), "")


def mentioned(text: str, area: str = "") -> list[tuple[int, int, str]]:
    """The divisions of an area that a text names: where each begins and ends, and its code.

    The longest name from the left. A name that may mean several is taken for the one that holds the others,
    and is none where there is no such one.
    """
    spoken, found, at = _spoken(area), [], 0
    while at < len(text):
        ends = range(min(len(text), at + _longest(area)), at + 1, -1)
        end = next((end for end in ends if widest(spoken.get(text[at:end], ()))), 0)
        if end:
            found.append((at, end, widest(spoken[text[at:end]])))
        at = max(end, at + 1)
    return found


@cache
def _longest(area: str) -> int:
    return max(map(len, _spoken(area)))


def place_of(address: str, area: str = "") -> tuple[str, str]:
    """An address in two parts.

    The code of the division of an area it begins with ("" where it begins with none, or it is not told
    apart), and the rest, spelled as `spelling.name` does.
    """
    plain = spelling.name(address)
    for end in range(min(len(plain), _longest(area)), 2, -1):
        found = _spoken(area).get(plain[:end], ())
        if len(found) == 1:
            return found[0], plain[end:]
    return "", plain


def same_place(one: str, other: str, area: str = "") -> bool:
    """Whether two addresses in an area are one.

    Though one leaves out the province, or names a division as it was called before.
    """
    if spelling.name(one) == spelling.name(other):
        return True
    (here, rest), (there, other_rest) = place_of(one, area), place_of(other, area)
    agree = not here or not there or covers(here, there) or covers(there, here)
    return bool(rest) and rest == other_rest and agree
