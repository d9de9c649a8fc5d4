"""The clause checker.

Published rules that find what is unfair or missing in a contract, each with the article it rests on (民法典
496 to 498 on standard terms, the rest of the contract part, and what the law of an item asks for).
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from models.base import Json
from models.i18n import N_

DATA = Path(__file__).parent.parent / "data" / "clause_rules.toml"
SEVERITIES = {"void": N_("无效"), "unfair": N_("不公平"), "missing": N_("缺失"), "attention": N_("请留意")}
TONES = {"void": "bad", "unfair": "bad", "missing": "wait", "attention": "plain"}
_DIGITS = {digit: number for number, digit in enumerate("零一二三四五六七八九")}
_PERCENT = re.compile(r"百分之([零一二三四五六七八九十百]+)|(\d+(?:\.\d+)?)\s*[%\uff05]")


@dataclass(frozen=True)
class ClauseRule:
    """One rule. `title` and `advice` are kept as `zh` and `en`."""

    key: str
    severity: str
    article: str
    title: Json
    advice: Json
    found: re.Pattern[str] | None
    unless: re.Pattern[str] | None
    needed: re.Pattern[str] | None
    percent_over: int | None
    kinds: tuple[str, ...]
    items: tuple[str, ...]

    def concerns(self, kind: str, item_code: str) -> bool:
        return (not self.kinds or kind in self.kinds) and (not self.items or item_code.startswith(self.items))

    def excerpt(self, text: str) -> str:
        """The words of a clause that break the rule; empty if none do."""
        for sentence in re.split(r"[。;\uff1b\n]", text):
            hit = self.found.search(sentence) if self.found else None
            if hit is None or (self.unless and self.unless.search(sentence)):
                continue
            if self.percent_over is None:
                return hit[0]
            over = [each[0] for each in _PERCENT.finditer(sentence) if percent(each) > self.percent_over]
            if over:
                return f"{hit[0]}…{over[0]}"
        return ""


def percent(match: re.Match[str]) -> float:
    """What a percentage says, in figures or in Chinese numerals up to a hundred and ninety-nine."""
    if match[2]:
        return float(match[2])
    total, digit = 0, 0
    for sign in match[1]:
        if sign in _DIGITS:
            digit = _DIGITS[sign]
        else:
            total, digit = total + max(digit, 1) * (10 if sign == "十" else 100), 0
    return float(total + digit)


@cache
def rules() -> tuple[ClauseRule, ...]:
    """The rules, in the order of the file."""

    def compiled(row: Json, name: str) -> re.Pattern[str] | None:
        return re.compile(row[name]) if name in row else None

    return tuple(
        ClauseRule(
            row["key"],
            row["severity"],
            row["article"],
            row["title"],
            row["advice"],
            compiled(row, "found"),
            compiled(row, "unless"),
            compiled(row, "needed"),
            row.get("percent_over"),
            tuple(row.get("kinds", ())),
            tuple(row.get("items", ())),
        )
        for row in tomllib.loads(DATA.read_text(encoding="utf-8"))["rules"]
    )


@cache
def rules_version() -> str:
    return str(tomllib.loads(DATA.read_text(encoding="utf-8"))["version"])


def rule(key: str) -> ClauseRule:
    """The rule of a finding."""
    return next(each for each in rules() if each.key == key)


def examine(clauses: Iterable[Json], kind: str, item_code: str, *, own: bool = True) -> list[Json]:
    """What the rules find.

    Rows of `rule`, the `clause` it is in (empty where something is missing) and the `excerpt`.

    Of a contract only what the parties wrote themselves is searched (`own`): a template was examined when it
    was published. What must be said may stand anywhere.
    """
    clauses = list(clauses)
    whole = "\n".join(clause["text"] for clause in clauses)
    found: list[Json] = []
    for each in rules():
        if not each.concerns(kind, item_code):
            continue
        if each.needed and not each.needed.search(whole):
            found.append({"rule": each.key, "clause": "", "excerpt": ""})
        for clause in clauses:
            if not own or clause["text"] != clause.get("standard"):
                excerpt = each.excerpt(clause["text"])
                if excerpt:
                    found.append({"rule": each.key, "clause": clause["key"], "excerpt": excerpt})
    return found
