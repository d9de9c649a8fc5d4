"""axe on every page as every role in both languages: WCAG 2.2 AA.

The pages come from the application in this process, with a case of every kind in it. A browser shows each
with the market's own styles and scripts; one whose main part another had already is not looked at again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import axe_playwright_python
import pytest
from flask import Flask
from playwright.sync_api import Page

from harness.factories import World
from tests.access_matrix import EXPECTED, ROLES
from tests.browser.conftest import WCAG
from tests.browser.inside import opened
from tests.every_case import name_the_cases
from tests.test_words import NO_PAGE
from tests.web import Visitor

AXE = Path(axe_playwright_python.__file__).with_name("axe.min.js")
CHANGING = re.compile(r'name="(?:csrf_token|submission|contribution)"[^>]*>|[0-9a-f]{16,}')
FOUND = """async tags => (await axe.run(document, {runOnly: tags, resultTypes: ["violations"]})).violations
  .flatMap(v => v.nodes.map(n => `${v.id}: ${n.target} ${n.html.slice(0, 120)}`))"""


def _pages(
    app: Flask, world: World, names: dict[str, str], language: str, once: bool
) -> Iterator[tuple[str, str]]:
    """(where, page) of all that is shown to somebody, once a main part; or `once` an endpoint."""
    seen, kinds, adapter = set(), set(), app.url_map.bind("localhost")
    for position, role in enumerate(ROLES):
        visitor = Visitor(app, world.emails.get(role, ""), language)
        framed = False
        for pattern, statuses in EXPECTED.items():
            if statuses[position] != 200 or NO_PAGE.search(pattern):
                continue
            path = pattern.format(**names)
            kind = adapter.match(path.partition("?")[0])[0]
            if once and kind in kinds:
                continue
            answer = visitor.get(path)
            if answer.response.mimetype != "text/html" or "<main" not in answer.text:
                continue
            main = CHANGING.sub("", answer.text.partition("<main")[2].partition("</main>")[0])
            if main not in seen or not framed:
                framed = True
                seen.add(main)
                kinds.add(kind)
                yield f"{pattern} as {role}", answer.text


def _violations(screen: Page, html: str) -> list[str]:
    screen.set_content(html.replace('http-equiv="refresh"', ""))  # it stays as long as it is looked at
    if not screen.evaluate("'axe' in window"):
        screen.evaluate(AXE.read_text(encoding="utf-8"))
    found: list[str] = screen.evaluate(FOUND, WCAG)
    return found


def _look(app: Flask, world: World, time: Any, language: str, once: bool) -> tuple[int, dict[str, str]]:
    """How many pages were looked at, and what is wrong with them and where it was first seen."""
    names, wrong, looked = name_the_cases(world, time), dict[str, str](), 0
    pages = list(_pages(app, world, names, language, once))  # before Playwright's loop runs in this thread
    with opened(app) as window:
        screen = window()
        screen.open("/health")
        for where, html in pages:
            looked += 1
            for each in _violations(screen.page, html):
                wrong.setdefault(each, where)
    return looked, wrong


def test_axe_finds_nothing_on_a_page_of_each_kind(app: Flask, world: World, time: Any) -> None:
    looked, wrong = _look(app, world, time, "zh-CN", True)
    assert looked > 80
    assert not wrong, "\n".join(f"{where}: {each}" for each, where in wrong.items())


@pytest.mark.faults
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_axe_finds_nothing_on_any_page_as_any_role(
    app: Flask, world: World, time: Any, language: str
) -> None:
    looked, wrong = _look(app, world, time, language, False)
    assert looked > 150
    assert not wrong, "\n".join(f"{where}: {each}" for each, where in wrong.items())
