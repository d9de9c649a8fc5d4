"""Help: whom to call, the words of the market beside what they explain, and the tutorials."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from flask import Flask
from pydantic import ValidationError

from harness.factories import World
from market.config import INVENTED_DESK, ROOT, Settings
from market.glossary import OPTIONS, terms
from market.help.tutorials import TITLES, tutorial
from market.sourcing.actions import scoring
from models.pricing import METHODS
from models.sourcing.modes import MODES
from tests.every_case import CRITERIA
from tests.test_translations import CATALOGUE
from tests.web import Visitor, sign_in

MARK = re.compile(r"parts\.(?:term|explained)\((?:_\('[^']*'\), )?'(\w+)'\)")


def _marked() -> set[str]:
    """The keys templates name."""
    return {
        key
        for path in (ROOT / "templates").glob("**/*.html")
        for key in MARK.findall(path.read_text(encoding="utf-8"))
    }


def test_every_term_stands_somewhere_and_every_mark_leads_to_one(app: Flask, world: World) -> None:
    """In a template by its key, beside a label the interface has, or as an option of a form."""
    page = Visitor(app).get("/help/glossary").soup
    there = [str(each["id"]) for each in page.select(".words [id]")]
    assert there == list(terms())
    assert _marked() <= set(there), "a mark that leads nowhere"
    messages = CATALOGUE.read_text(encoding="utf-8")
    labels = [label for term in terms().values() for label in term.beside]
    assert len(labels) == len(set(labels))
    assert not [label for label in labels if f'msgid "{label}"' not in messages], "no label of the interface"
    options = {*METHODS, *MODES} & set(there) if OPTIONS else set()
    placed = _marked() | options | {key for key, term in terms().items() if term.beside}
    assert not set(there) - placed, "nowhere explained"


@pytest.mark.parametrize(("language", "says"), [("zh-CN", "公示期"), ("en", "publicity period")])
def test_a_mark_says_what_its_term_means_once_a_page(
    app: Flask, world: World, language: str, says: str
) -> None:
    tender = world.tender(mode="sealed_bid", funds="state")
    page = Visitor(app, language=language).get(f"/requests/{tender}").soup
    (mark,) = page.select("a.term[href='/help/glossary#publicity']")
    assert mark["data-term"] == says
    assert says in str(mark["aria-label"])
    assert mark["data-meaning"] == terms()["publicity"].meanings["en" if language == "en" else "zh"]
    assert mark.find_parent("label") is None, "it would be part of a field's name"


def test_the_options_of_a_form_are_explained(app: Flask, world: World) -> None:
    draft = world.tender(publish=False)
    page = sign_in(app, world, "buyer").get(f"/requests/{draft}/edit/choice").soup
    marks = {str(mark["href"]).partition("#")[2] for mark in page.select("a.term")}
    assert set(MODES) <= marks


@pytest.mark.parametrize("language", ["zh", "en"])
@pytest.mark.parametrize("role", list(TITLES))
def test_a_tutorial_reads_the_same_on_the_site(app: Flask, role: str, language: str) -> None:
    told = tutorial(role, language)
    assert 7 <= len(told.steps) <= 15
    page = Visitor(app, language="en" if language == "en" else "zh-CN").get(f"/help/{role}").soup
    assert page.select_one("h1").get_text(strip=True) == told.title
    headings = [h.get_text(strip=True) for h in page.select(".lessons h2")]
    assert headings == [f"{n}. {step.title}" for n, step in enumerate(told.steps, 1)]
    for step, picture in zip(told.steps, page.select(".lessons img"), strict=True):
        assert picture["src"] == f"/static/{step.picture}"
        assert step.shows in str(picture["alt"])
        assert (ROOT / "market" / "static" / step.picture).exists()


def test_nobody_else_has_a_tutorial(app: Flask) -> None:
    assert Visitor(app).get("/help/nobody").status == 404


def test_the_pictures_are_small_and_each_is_shown() -> None:
    shown = {
        step.picture
        for role in TITLES
        for language in ("zh", "en")
        for step in tutorial(role, language).steps
    }
    static = ROOT / "market" / "static"
    there = list((static / "help").glob("**/*.webp"))
    assert {str(path.relative_to(static)) for path in there} == shown
    assert sum(path.stat().st_size for path in there) < 30_000 * len(there)


def test_whoever_signs_in_is_shown_the_tutorial_of_its_role(app: Flask, world: World) -> None:
    world.appoint_admin()
    world.member("agency", "staff")
    world.enterprise("other")
    tender = world.tender(mode="merit", funds="state", criteria=CRITERIA)
    scoring.appoint(world.actor("buyer"), tender, email=world.emails["other"])
    for name, roles in {
        "buyer": ["enterprise"],
        "agency": ["agency"],
        "staff": ["agency", "delegate"],
        "other": ["enterprise", "evaluator"],
        "regulator": ["regulator"],
        "department": ["department"],
        "custodian": ["custodian"],
        "admin": ["admin"],
    }.items():
        person = sign_in(app, world, name)
        shown = person.get("/my").soup.select("main a[href^='/help/']:not(.term)")
        assert [each["href"] for each in shown] == [f"/help/{role}" for role in roles], name
        marked = person.get("/help").soup.select("main li:has(.tag) a")
        assert [each["href"] for each in marked] == [f"/help/{role}" for role in roles], name
    assert [each["href"] for each in Visitor(app).get("/help").soup.select("main li:has(.tag) a")] == [
        "/help/public"
    ]
    assert Visitor(app).get("/").soup.select_one("footer a[href='/help']")


def test_a_person_to_call_stands_in_the_footer_on_help_and_on_errors(app: Flask, world: World) -> None:
    for path in ("/", "/help", "/no/such/page"):
        assert "0971-1234567" in Visitor(app).get(path).soup.select_one("footer").get_text()
    for path in ("/help", "/no/such/page"):
        assert "服务台" in Visitor(app).get(path).soup.select_one("main").get_text()
        english = Visitor(app, language="en").get(path).soup.select_one("main").get_text()
        assert "Service desk" in english
        assert "working days" in english
    app.config.update(HELP_PHONE="", HELP_MAIL="")
    assert "服务台" not in Visitor(app).get("/no/such/page").text
    assert "还没有公布电话" in Visitor(app).get("/help").text


def test_the_demonstration_alone_names_an_invented_desk(tmp_path: Path) -> None:
    home = {"GONGXIN_HOME": tmp_path, "HELP_PHONE": "", "HELP_MAIL": ""}
    assert Settings(**home, TRIAL=True).flask()["HELP_PHONE"] == ""
    assert Settings(**home, DEMO=True).flask()["HELP_PHONE"] == INVENTED_DESK["HELP_PHONE"]
    read = Settings(**{**home, "HELP_MAIL": "desk@example.cn"}, DEMO=True).flask()
    assert (read["HELP_PHONE"], read["HELP_MAIL"]) == ("", "desk@example.cn"), "its own, or ours: no mixture"
    with pytest.raises(ValidationError):
        Settings(**{**home, "HELP_MAIL": "no address"})
