"""Every text of the interface is marked, gathered and translated."""

from __future__ import annotations

import re
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

from babel.messages.pofile import read_po

from harness.factories import World
from tests.web import Visitor

ROOT = Path(__file__).parents[1]
CATALOGUE = ROOT / "market" / "translations" / "en" / "LC_MESSAGES" / "messages.po"


def test_the_english_catalogue_is_complete_and_up_to_date(tmp_path: Path) -> None:
    template = tmp_path / "messages.pot"
    subprocess.run(
        [
            sys.executable,
            "-m",
            "babel.messages.frontend",
            "-q",
            "extract",
            "-F",
            "pyproject.toml",
            "-k",
            "N_",
            "-k",
            "_l",
            "-k",
            "lazy_gettext",
            "-o",
            str(template),
            ".",
        ],
        cwd=ROOT,
        check=True,
    )
    wanted = {m.id for m in read_po(BytesIO(template.read_bytes())) if m.id}
    catalogue = {m.id: m for m in read_po(BytesIO(CATALOGUE.read_bytes()), locale="en") if m.id}
    assert wanted == set(catalogue), "run `make messages` and translate"
    for key, message in catalogue.items():
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        assert all(strings), key
        assert not message.fuzzy, key
        assert not any("(s)" in string for string in strings), f"one or several: {key}"
        for identifier in key if isinstance(key, tuple) else (key,):
            assert all(
                set(re.findall(r"%\(\w+\)", s)) == set(re.findall(r"%\(\w+\)", identifier)) for s in strings
            ), key


def test_working_days_are_counted_in_one_place() -> None:
    """Any other text takes them in as they are said there (`working_days`)."""
    counted = [m.id for m in read_po(BytesIO(CATALOGUE.read_bytes()), locale="en") if isinstance(m.id, tuple)]
    assert [key[0] for key in counted if "个工作日" in key[0]] == ["%(num)d 个工作日"]


def test_the_language_switch_stays_and_english_pages_hold_no_chinese_of_ours(app: Any, world: World) -> None:
    visitor = Visitor(app)
    assert "办审批要报告" in visitor.get("/").text
    assert visitor.post("/language/en", {"back": "/items"}).location == "/items"
    page = visitor.get("/items")
    assert "Service items" in page.text
    for path in (
        "/",
        "/items",
        "/requests",
        "/awards",
        "/agencies",
        "/credit",
        "/sign-in",
        "/sign-up",
        "/policy",
        "/matters",
        "/demanded?report=WAT-01",
        "/items/WAT-01/history",
        "/agencies?item=WAT-01&order=price",
    ):
        soup = visitor.get(path).soup
        for element in soup.select("option, .who button, small, .card a, dd, td, .over"):
            element.decompose()  # data: names of places, items and organisations
        found = re.findall(r"[\u4e00-\u9fff]+", soup.get_text(" "))
        assert set(found) <= {"我要办环评"}, (path, found)
    assert visitor.post("/language/xx", {"back": "//elsewhere.example"}).location == "/"
