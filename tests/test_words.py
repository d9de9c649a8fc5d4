"""No page speaks another language than its reader's, or in keys, but for names and what people wrote."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from io import BytesIO
from typing import Any

import pytest
from babel.messages.pofile import read_po
from bs4 import BeautifulSoup
from flask import Flask
from sqlalchemy import JSON, String, select

from harness.factories import World
from market.config import INVENTED_ACCOUNT
from market.extensions import db
from market.language_of_parts import mark
from models import english, regions
from models.base import Base, JsonOf
from models.catalogue import MEASURES, published_items
from models.contracts.clauses import rules
from models.policy import KEYS
from models.pricing import standards
from models.sourcing.scoring import PRICE_FORMULAS
from tests.access_matrix import EXPECTED, PUBLIC, ROLES
from tests.every_case import name_the_cases
from tests.test_translations import CATALOGUE
from tests.web import Visitor

HAN = re.compile(r"[\u3400-\u9fff]+")
KEY = re.compile(r"(?<![\w@./-])[a-z]+(?:[_.][a-z]+)+(?![\w@./-])")
WORD = re.compile(r"[a-z][a-z ]+")
OF_OURS = {"regions", "service_items", "approval_matters"}  # the catalogue and the places are not free text
# Where the words of a contract, a paper or a letter stand as they are, what was typed into a form, and code.
QUOTED = ".prose, .side td, .stated dd, .letter, textarea, script, style, code, [lang=en]"
SHOWN = ("title", "aria-label", "alt", "placeholder")
NO_PAGE = re.compile(r"\.(csv|xlsx|json|pdf|css|py)\b")


def _leaves(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value.strip()
    elif isinstance(value, dict):
        yield from _leaves(list(value.values()))
    elif isinstance(value, list | tuple):
        for each in value:
            yield from _leaves(each)


@cache
def _ours() -> frozenset[str]:
    """The texts of the interface and of our files."""
    texts = {text for message in read_po(BytesIO(CATALOGUE.read_bytes())) for text in _leaves([message.id])}
    return frozenset(texts | set(english.words()))


def written() -> set[str]:
    """Every text people wrote, and every name: what the database holds and we do not say ourselves."""
    found: set[str] = {part.strip() for part in INVENTED_ACCOUNT.split("|")}
    for mapper in Base.registry.mappers:
        if mapper.local_table.name in OF_OURS:  # type: ignore[attr-defined]
            continue
        for column in mapper.local_table.columns:
            if isinstance(column.type, String | JSON | JsonOf):
                for value in db.session.scalars(select(column)):
                    found.update(_leaves(value.to_json() if hasattr(value, "to_json") else value))
    return found - _ours()


def _texts(page: str) -> Iterator[str]:
    """What a page shows and says, without what it quotes."""
    soup = BeautifulSoup(page, "html.parser")
    for element in soup.select(f"{QUOTED}, form[action^='/language/']"):
        element.decompose()
    for element in soup.select("span[lang]"):
        element.unwrap()
    soup.smooth()
    yield from soup.stripped_strings
    for name in SHOWN:
        yield from (str(element[name]) for element in soup.select(f"[{name}]"))


def _walk(
    app: Flask, world: World, names: dict[str, str], language: str, foreign: Callable[[str], Iterable[str]]
) -> dict[str, set[str]]:
    """What is foreign in the texts of every page, and where it stands.

    As every role; pages that are public as a visitor and as a regulator.
    """
    found, seen = defaultdict(set), set()
    for position, role in enumerate(ROLES):
        visitor = Visitor(app, world.emails.get(role, ""), language)
        for pattern, statuses in EXPECTED.items():
            asked = statuses[position] == 200 and not NO_PAGE.search(pattern)
            if not asked or (statuses == PUBLIC and role not in ("visitor", "regulator")):
                continue
            answer = visitor.get(pattern.format(**names))
            if answer.response.mimetype != "text/html":
                continue
            for text in set(_texts(answer.text)) - seen:
                seen.add(text)
                for each in foreign(text):
                    found[each].add(f"{pattern} as {role}")
    return found


@pytest.fixture
def market(world: World, time: Any) -> dict[str, str]:
    return name_the_cases(world, time)


def test_english_pages_hold_no_chinese_but_names_and_what_people_wrote(
    app: Flask, world: World, market: dict[str, str]
) -> None:
    said = {text for text in written() if HAN.search(text)}
    longest_first = sorted(said, key=len, reverse=True)

    def chinese(text: str) -> list[str]:
        for known in longest_first if HAN.search(text) else ():
            text = text.replace(known, "")
        return HAN.findall(text)

    found = _walk(app, world, market, "en", chinese)
    assert not found, "\n".join(f"{text}: {sorted(where)[:3]}" for text, where in found.items())


def test_chinese_pages_hold_no_keys_and_no_english_words(
    app: Flask, world: World, market: dict[str, str]
) -> None:
    said = written()

    def keys(text: str) -> list[str]:
        found = KEY.findall(text) + ([text] if WORD.fullmatch(text) else [])
        return [each for each in found if each not in said]

    found = _walk(app, world, market, "zh-CN", keys)
    assert not found, "\n".join(f"{text}: {sorted(where)[:3]}" for text, where in found.items())


def test_what_the_catalogue_and_the_rules_say_has_english() -> None:
    """Every text of the files we carry; measures have their English beside them."""
    texts = {rule.article for rule in rules()} | {formula.source for formula in PRICE_FORMULAS.values()}
    for row in published_items():
        texts |= {
            row["legal_basis"],
            row["required_qualification"],
            row["required_practitioner"],
            *row["matters"],
        }
    for standard in standards().values():
        texts |= {standard["title"], standard["document"], standard["base"]}
        texts |= {name for table in standard["tables"].values() for name in table.get("factors", ())}
    lacking = {text for text in texts - {""} if HAN.search(english.english(text))}
    assert not lacking
    assert all(english.chinese(english.english(text)) == text for text in texts - {""} if text)
    assert not set(MEASURES) - {"amount", "count", "none"}


def test_every_region_has_an_english_name() -> None:
    for row in regions.published():
        name = regions.name_in_english(row["code"])
        assert re.fullmatch(r"[A-Zü][A-Za-zü',\- ]+", name), (row["name"], name)
    assert regions.name_in_english("632801") == "Golmud City, Haixi, Qinghai"
    assert regions.name_in_english("632801", "630000") == "Golmud City, Haixi"
    assert regions.name_in_english("632800", "630000") == "Haixi Mongol and Tibetan Autonomous Prefecture"
    assert regions.name_in_english("630000", "630000") == "Qinghai"
    assert regions.name_in_english("110101") == "Dongcheng District, Beijing"
    assert regions.name_in_english("999999") == "999999"


def test_every_number_of_the_policy_has_a_name(world: World, app: Flask) -> None:
    page = Visitor(app).get("/policy").text
    assert not [key for key in KEYS if key in page], "a reader is shown a key"


@pytest.mark.parametrize(
    ("page", "marked"),
    [
        ("<p>by 李明, seen</p>", '<p>by <span lang="zh-CN">李明</span>, seen</p>'),
        ("<p>格尔木(2026 年)一期 ok</p>", '<p><span lang="zh-CN">格尔木(2026 年)一期</span> ok</p>'),
        ("<title>李明</title>", "<title>李明</title>"),
        ('<option value="1">水利</option>', '<option value="1" lang="zh-CN">水利</option>'),
        ('<svg><text x="1">李</text></svg>', '<svg><text x="1" lang="zh-CN">李</text></svg>'),
        ('<a title="李">Li</a>', '<a title="李">Li</a>'),
        ("<p>a &lt; b</p>", "<p>a &lt; b</p>"),
    ],
)
def test_chinese_in_an_english_page_is_marked_as_chinese(page: str, marked: str) -> None:
    assert mark(page) == marked


def test_pages_mark_the_chinese_in_english_ones_alone(app: Flask, world: World) -> None:
    agency = f"/agencies/{world.identifiers['agency']}"
    assert Visitor(app, language="en").get(agency).soup.select("h1 span[lang=zh-CN]")
    assert not Visitor(app).get(agency).soup.select("span[lang]")
