"""The words of the market: what a term means, and beside which labels of the interface that is offered."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from typing import Any

from flask import g
from flask_babel import get_locale
from flask_babel import gettext as _

from market.config import ROOT

OPTIONS = ("mode", "method")  # fields whose values are the keys of terms
FILE = ROOT / "models" / "data" / "glossary.toml"


@dataclass(frozen=True)
class Term:
    """A word people ask about; texts by language, `zh` and `en`."""

    key: str
    names: dict[str, str]
    meanings: dict[str, str]
    sources: dict[str, str]
    beside: tuple[str, ...]

    @property
    def name(self) -> str:
        return self.names[language()]

    @property
    def meaning(self) -> str:
        return self.meanings[language()]

    @property
    def source(self) -> str:
        return self.sources.get(language(), "")


def language() -> str:
    """The language of the reader as files are named by it: `zh` or `en`."""
    return "en" if get_locale().language == "en" else "zh"


@cache
def _file() -> dict[str, list[dict[str, Any]]]:
    return tomllib.loads(FILE.read_text(encoding="utf-8"))


@cache
def terms() -> dict[str, Term]:
    """Every term by its key, in the order of the file."""
    return {
        row["key"]: Term(row["key"], row["name"], row["says"], row.get("source", {}), tuple(row["beside"]))
        for row in _file()["term"]
    }


@cache
def _keys(_language: str) -> dict[str, str]:
    """The term of each label, as the reader's language has it."""
    return {_(label): term.key for term in terms().values() for label in term.beside}


def term_at(label: object) -> str:
    """The key of the term a label of the interface stands for; empty for one of no art."""
    return _keys(language()).get(str(label), "")


def term_of_option(field: str, value: object) -> str:
    """The key of the term an option stands for, where the options of a field are named as terms are."""
    return str(value) if field in OPTIONS and value in terms() else ""


def first_mention(key: str) -> Term | None:
    """A term where a page comes upon it first; None for no key, and from the second time on.

    KeyError for a key that is no term's.
    """
    if not key:
        return None
    seen = g.setdefault("terms_explained", set())
    if key in seen:
        return None
    seen.add(key)
    return terms()[key]


INTRODUCTION = """# Glossary

Made by `make docs` of [glossary.toml](../models/data/glossary.toml), as the site's `/help/glossary` is.

## Names in code and documents

One name a thing. Where the [Open Contracting Data Standard](https://standard.open-contracting.org/)
(OCDS) has a word, it is that one; the last column says where the thing lives.

| term | 中文 | OCDS | where |
| --- | --- | --- | --- |
"""
ERRORS = """
Error classes say why an act is refused: `RuleViolation` (422), `NotAllowed` (403), `NotFound` (404),
`WrongState` and `Conflict` (409), `Unavailable` (somebody we asked did not answer, 503), `MalformedResponse`
(it answered what cannot be read, 502); all are `Problem` of `models/errors.py` and carry their text and the
field it belongs to.

## What people ask about

A "?" stands beside these words on the pages.

| term | 中文 | what it means | 是什么意思 | source |
| --- | --- | --- | --- | --- |
"""


def document() -> str:
    """docs/glossary.md."""
    names = [f"| {row['en']} | {row['zh']} | {row['ocds']} | {row['where']} |" for row in _file()["name"]]
    asked = [
        f"| {t.names['en']} | {t.names['zh']} | {t.meanings['en']} | {t.meanings['zh']} "
        f"| {t.sources.get('en', '')} |"
        for t in terms().values()
    ]
    lines = (line.replace("|  |", "| |").replace("|  |", "| |") for line in names)
    return INTRODUCTION + "\n".join(lines) + "\n" + ERRORS + "\n".join(asked).replace("|  |", "| |")
