"""Words: how a text becomes the terms it is found by, the same for documents and queries."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cache
from pathlib import Path

import rjieba

_WORD = re.compile(r"\w+")
_EMPTY = frozenset(["我", "我要", "要", "办", "办理", "的", "和", "与", "及", "请", "找", "做", "一个", "需要", "想", "、", "中介"])


@cache
def synonyms() -> dict[str, list[str]]:
    """What people say, to the terms of the catalogue."""
    table: dict[str, list[str]] = tomllib.loads(
        (Path(__file__).parent / "synonyms.toml").read_text(encoding="utf-8")
    )["synonyms"]
    return table


def terms(text: str) -> list[str]:
    """The terms of a text, in order: segmented Chinese words, their single characters where a word is
    longer than one (so that a part still matches, weakly), and lower-cased Latin words and numbers."""
    found: list[str] = []
    for word in rjieba.cut_for_search(unicodedata.normalize("NFKC", text).lower()):
        if _WORD.fullmatch(word) and word not in _EMPTY:
            found.append(word)
    return found


def query_terms(text: str) -> list[str]:
    """The terms a query asks for, synonyms added, each once."""
    text = unicodedata.normalize("NFKC", text).lower()
    extra = [term for said, meant in synonyms().items() if said in text for name in meant for term in terms(name)]
    return list(dict.fromkeys(terms(text) + extra))
