"""Forms that are refused, and forms that come too late.

What is wrong is said in words, at the top and at the field; nothing typed is lost, and nothing is done.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flask_wtf.file
import pytest
import wtforms
from babel.support import Translations
from bs4 import Tag
from flask import Flask
from sqlalchemy import func, select
from wtforms import PasswordField
from wtforms.i18n import messages_path

from harness.factories import PASSWORD, World
from harness.person import current_values
from market.case_views import case_url
from market.extensions import db
from market.forms import Form
from market.resuming import NEVER_SENT_BACK
from market.validation import WORDS
from models.accounts import User
from models.cases import find_case
from models.events import Event
from tests.access_matrix import EXPECTED, ROLES
from tests.every_case import name_the_cases
from tests.web import Answer, Visitor, sign_in

HERE = {"Origin": "http://localhost"}
LONG = "很长" * 20_000
# Fields we have none of: files by their ending, addresses of machines, equal fields, weeks and times.
UNUSED = re.compile(
    r"approved extension|does not have|File must be|[A-Z]+ address|MAC|URL|UUID|must be one of|can't be"
)


def _refusals_of_wtforms() -> set[str]:
    """What WTForms' fields and validators say, as they stand in its sources."""
    folder = Path(wtforms.__file__).parent
    sources = [*(folder / "fields").glob("*.py"), folder / "validators.py", Path(flask_wtf.file.__file__)]
    calls = [node for path in sources for node in ast.walk(ast.parse(path.read_text()))]
    return {
        str(call.args[0].value)
        for call in calls
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr in ("gettext", "ngettext")
        and call.args
        and isinstance(call.args[0], ast.Constant)
    }


def _defaults() -> re.Pattern[str]:
    """Anything WTForms would say by itself, in either language."""
    chinese = Translations.load(messages_path(), ["zh"], domain="wtforms")
    said = {text for each in _refusals_of_wtforms() for text in (each, chinese.gettext(each))}
    return re.compile("|".join(re.sub(r"%\\\((\w+)\\\)\w", ".+?", re.escape(text)) for text in said))


DEFAULTS = _defaults()


def test_whatever_a_field_of_ours_says_is_in_words() -> None:
    unused = {
        "Choices cannot be None.",
        "Invalid field name '%s'.",
        "Field must be equal to %(other_name)s.",
        "Invalid email address.",
        "Invalid Mac address.",
        "This field cannot be edited.",
        "This field is disabled and cannot have a value.",
        "Not a valid week value.",
        "Not a valid time value.",
        "Date must be at least %(min)s.",
        "Date must be at most %(max)s.",
        "Date must be between %(min)s and %(max)s.",
    }
    assert {each for each in _refusals_of_wtforms() - unused if not UNUSED.search(each)} <= set(WORDS)


def test_no_password_waits_on_a_page() -> None:
    """Every field of a password is called as one that is never sent back."""
    kinds, named = [Form], set()
    while kinds:
        kind = kinds.pop()
        kinds += kind.__subclasses__()
        for name in dir(kind):
            if getattr(getattr(kind, name, None), "field_class", None) is PasswordField:
                named.add(name)
    assert named <= set(NEVER_SENT_BACK)
    assert named


def _pages(world: World, names: dict[str, str]) -> Iterator[tuple[str, str]]:
    """(role, address) of every page that is open to somebody, and of every act that is."""
    for pattern, statuses in EXPECTED.items():
        role = next((role for role, status in zip(ROLES, statuses, strict=True) if status == 200), None)
        if role is not None:
            yield role, pattern.format(**names)
    for number in set(names.values()):
        case = find_case(db.session, number) if re.fullmatch(r"[A-Z]+-\d{4}-\d+", number) else None
        for role in ROLES if case is not None else ():
            if role not in world.emails:
                continue
            for move in case.workflow.open_to(case, world.actor(role)):
                yield role, f"{case_url(case.workflow.name, number)}/{move.act}"


def _form(answer: Answer) -> Tag | None:
    """The form of a page that asks for something."""
    for form in answer.soup.select("main form[method=post]"):
        if form.select_one("input[name=submission]") and form.select(".field, textarea, table input"):
            return form
    return None


def _filled(form: Tag, text: str) -> dict[str, Any]:
    """A form with this text in every field, and nothing chosen or ticked."""
    kept = {field["name"] for field in form.select("input[type=hidden]")}
    return {name: value if name in kept else text for name, value in current_values(form).items()}


@pytest.fixture
def market(world: World, time: Any) -> list[tuple[str, str]]:
    return sorted(set(_pages(world, name_the_cases(world, time))))


def test_every_refused_form_says_what_is_wrong_and_where(
    app: Flask, world: World, market: list[tuple[str, str]]
) -> None:
    """Empty in Chinese, and far too long in English."""
    sent = {"zh-CN": "", "en": LONG}
    people = {
        (role, language): Visitor(app, world.emails.get(role, ""), language)
        for role in ROLES
        for language in sent
    }
    wrong, refused = [], set()
    for role, path in market:
        for language, text in sent.items():
            visitor = people[role, language]
            form = _form(page) if (page := visitor.get(path)).status == 200 else None
            if form is None:
                break
            answer = visitor.post(str(form.get("action") or path), _filled(form, text))
            if answer.status not in (401, 403, 409, 422):
                assert answer.status < 400, (path, answer.status)
                continue
            if found := _what_lacks(answer):
                wrong.append((path, role, language, found))
            refused.add(path)
    assert not wrong, "\n".join(map(str, wrong))
    assert len(refused) > 60


def _what_lacks(answer: Answer) -> str:
    """What is wrong with how a form is refused; empty where nothing is."""
    said = answer.soup.select("[role=alert][tabindex='-1'][autofocus]")
    if len(said) != 1:
        return f"{len(said)} lists of errors take the focus: {answer.soup.title.get_text()}"
    if default := DEFAULTS.search(answer.soup.select_one("main").get_text(" ")):
        return f"in WTForms' words: {default[0]}"
    fields = {str(link["href"])[1:] for link in said[0].select("a[href^='#']")}
    if lost := [field for field in fields if answer.soup.find(id=field) is None]:
        return f"links that lead nowhere: {lost}"
    messages = {str(error["id"]) for error in answer.soup.select(".error[id$='-error']")}
    owners = answer.soup.select("[aria-describedby]")
    tied = {each for owner in owners for each in str(owner["aria-describedby"]).split()}
    if messages - tied:
        return f"messages that are tied to no field: {messages - tied}"
    if len(messages) != len(fields):
        return f"{sorted(fields)} on top, {sorted(messages)} below"
    return "" if fields or said[0].get_text(strip=True) else "nothing is said"


def _left_empty(form: Tag, *, chosen: bool) -> dict[str, Any]:
    """What a browser sends of a form nobody wrote in; if `chosen`, with the first of every choice."""
    sent = {field["name"]: field["value"] for field in form.select("input[type=hidden]")}
    for field in form.select("select[name]:not([multiple])"):
        offered = [str(option["value"]) for option in field.select("option")]
        sent[field["name"]] = next(filter(None, offered), "") if chosen or "" not in offered else ""
    for field in form.select("input[type=radio], input[type=checkbox]") if chosen else ():
        sent.setdefault(field["name"], field.get("value", "y"))
    texts = form.select("textarea, input:not([type=hidden], [type=radio], [type=checkbox], [type=file])")
    return sent | {str(field["name"]): "" for field in texts}


def _unmarked(answer: Answer) -> list[str]:
    """The labels of the fields that were refused, and not marked as needed."""
    refused = [error.find_parent(class_="field") for error in answer.soup.select(".error[id$='-error']")]
    return [
        field.select_one("label, legend").get_text(" ", strip=True)
        for field in refused
        if field is not None and field.select_one(".must") is None
    ]


def test_a_field_that_is_refused_when_empty_shows_that_it_is_needed(
    app: Flask, world: World, market: list[tuple[str, str]]
) -> None:
    people, wrong, refused = {role: sign_in(app, world, role) for role in ROLES}, [], set()
    for role, path in market:
        for chosen in (False, True):
            form = _form(page) if (page := people[role].get(path)).status == 200 else None
            if form is None:
                break
            answer = people[role].post(str(form.get("action") or path), _left_empty(form, chosen=chosen))
            if answer.status != 422:
                continue
            refused.add(path)
            if unmarked := _unmarked(answer):
                wrong.append((path, role, chosen, unmarked))
    assert not wrong, "\n".join(map(str, wrong))
    assert len(refused) > 40


def _events() -> int:
    return db.session.scalar(select(func.count(Event.id))) or 0


def test_every_form_that_comes_too_late_is_shown_again(
    app: Flask, world: World, market: list[tuple[str, str]]
) -> None:
    """With a token of a session that is over nothing is done; the words are still there."""
    people, wrong, seen = {role: sign_in(app, world, role) for role in ROLES}, [], 0
    for role, path in market:
        form = _form(page) if (page := people[role].get(path)).status == 200 else None
        if form is None:
            continue
        before, words = _events(), "打了很久的字,还在"
        areas = {str(area["name"]): words for area in form.select("textarea, input[type=text]")}
        answer = people[role].post(
            path, {**current_values(form), **areas, "csrf_token": "of another time"}, HERE
        )
        if _events() != before:
            wrong.append((path, role, "something was done"))
        elif answer.status not in (401, 422) or not answer.soup.select(".refused"):
            wrong.append((path, role, str(answer.status)))
        elif kept := [name for name in areas if words not in str(answer.soup.select_one(f"[name='{name}']"))]:
            wrong.append((path, role, f"lost: {kept}"))
        seen += 1
    assert not wrong, "\n".join(map(str, wrong))
    assert seen > 60


MEMBER = {"name": "新来的同事", "email": "colleague@example.cn", "password": "long enough to be one"}


def _members_form(visitor: Visitor) -> dict[str, Any]:
    form = _form(visitor.get("/my/members/new"))
    assert form is not None
    return {**current_values(form), **MEMBER}


def _nobody_was_added() -> bool:
    return db.session.scalar(select(User.id).where(User.name == MEMBER["name"])) is None


def test_signed_in_again_in_another_tab(app: Flask, world: World) -> None:
    """The form of before is shown again, and acts once it is sent with its new token."""
    buyer = sign_in(app, world, "buyer")
    typed = _members_form(buyer)
    assert buyer.submit("/sign-in", email=world.emails["buyer"], password=PASSWORD).status == 303
    again = buyer.post("/my/members/new", typed, HERE)
    assert again.status == 422
    assert again.value_of("email") == MEMBER["email"]
    assert again.value_of("password") == ""
    assert "密码要重新填写" in again.text
    assert _nobody_was_added()
    fresh = {**current_values(_form(again)), "password": MEMBER["password"]}  # type: ignore[arg-type]
    assert buyer.post("/my/members/new", fresh, HERE).status == 303
    assert not _nobody_was_added()


def _ended(app: Flask, world: World) -> tuple[Visitor, Answer]:
    """A form sent by whose session was ended elsewhere, and the page it waits on."""
    buyer = sign_in(app, world, "buyer")
    typed = _members_form(buyer)
    other = sign_in(app, world, "buyer")
    other.post("/my/sessions/end", {"csrf_token": other.get("/my/sessions").value_of("csrf_token")})
    return buyer, buyer.post("/my/members/new", typed, HERE)


def test_a_session_that_ended_keeps_what_was_typed(app: Flask, world: World) -> None:
    buyer, waiting = _ended(app, world)
    assert waiting.status == 401
    assert MEMBER["password"] not in waiting.text
    kept = current_values(waiting.soup.select_one("main form"))  # type: ignore[arg-type]
    assert buyer.post("/my/members/new", kept, HERE).status == 401  # not signed in yet
    assert buyer.submit("/sign-in", email=world.emails["buyer"], password=PASSWORD).status == 303
    again = buyer.post("/my/members/new", kept, HERE)
    assert (again.status, again.value_of("name")) == (422, MEMBER["name"])
    assert _nobody_was_added()


def test_somebody_else_who_signs_in_is_shown_nothing(app: Flask, world: World) -> None:
    browser, waiting = _ended(app, world)
    kept = current_values(waiting.soup.select_one("main form"))  # type: ignore[arg-type]
    assert browser.submit("/sign-in", email=world.emails["agency"], password=PASSWORD).status == 303
    shown = browser.post("/my/members/new", kept, HERE)
    assert shown.status == 403
    assert MEMBER["email"] not in shown.text
    assert _nobody_was_added()


@pytest.mark.parametrize(
    "headers", [{}, {"Origin": "https://elsewhere.example"}, {"Sec-Fetch-Site": "cross-site"}]
)
def test_no_other_site_puts_words_into_a_form(app: Flask, world: World, headers: dict[str, str]) -> None:
    buyer = sign_in(app, world, "buyer")
    answer = buyer.post("/my/members/new", {**_members_form(buyer), "csrf_token": ""}, headers)
    assert answer.status == 400
    assert MEMBER["email"] not in answer.text


def test_a_button_that_comes_too_late_does_nothing(app: Flask, world: World) -> None:
    world.member("buyer", "staff")
    buyer = sign_in(app, world, "buyer")
    sent = {"csrf_token": "", "submission": _members_form(buyer)["submission"]}
    assert buyer.post("/my/members/staff@example.cn/remove", sent, HERE).status == 400
    assert "staff@example.cn" in buyer.get("/my/organisation").text


def test_nothing_is_written_for_what_came_too_late(app: Flask, world: World, monkeypatch: Any) -> None:
    """Also where a form forgot to ask: the transaction does."""
    monkeypatch.setattr(Form, "validate", lambda self, extra_validators=None: True)
    buyer = sign_in(app, world, "buyer")
    assert buyer.post("/my/members/new", {**_members_form(buyer), "csrf_token": ""}, HERE).status == 422
    assert _nobody_was_added()
