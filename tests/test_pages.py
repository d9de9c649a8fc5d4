"""Every page as every role.

The expected status, a title, one main heading, and no more queries for more rows.
"""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from harness.factories import PDF, World
from market.agencies.actions import publishing
from market.extensions import db
from market.glossary import terms
from models.catalogue import current_items
from models.ratings.rating import Rating
from models.sourcing.quotes import Quote
from tests.access_matrix import EXPECTED, ROLES
from tests.every_case import OWN, SECRETS, name_the_cases, says
from tests.web import Visitor, sign_in


def test_every_page_as_every_role(app: Flask, world: World, time: Any, caplog: Any) -> None:
    caplog.set_level("DEBUG")
    names = name_the_cases(world, time)
    wrong, told, explained = [], {}, set()
    for position, role in enumerate(ROLES):
        visitor = sign_in(app, world, role)
        for pattern, statuses in EXPECTED.items():
            answer = visitor.get(pattern.format(**names))
            for secret in (*SECRETS, *(OWN if role != "agency" else ())):
                assert not says(answer.text + str(answer.response.headers), secret), (
                    f"{pattern} tells {role} what is sealed"
                )
            if answer.status != statuses[position]:
                wrong.append((pattern, role, answer.status, statuses[position]))
            if answer.status == 302:
                assert answer.location.startswith(("/sign-in", "/sign-up?next=/requests/new")), pattern
            if (
                answer.response.mimetype == "text/html"
                and answer.status == 200
                and not pattern.startswith("/suggest")
            ):  # a piece of a page
                assert len(answer.soup.select("h1")) == 1, pattern
                told[pattern] = answer.soup.title.get_text()
                marks = [str(mark["href"]) for mark in answer.soup.select("a.term")]
                assert len(marks) == len(set(marks)), f"{pattern} explains a word twice"
                explained.update(marks)
    assert not any(secret in caplog.text for secret in (*SECRETS, *OWN)), "a log line tells what is sealed"
    assert not wrong, "\n".join(map(str, wrong))
    assert explained <= {f"/help/glossary#{key}" for key in terms()}
    assert all(title.count("·") >= 1 and not title.startswith(" ") for title in told.values())


def test_no_page_is_forgotten(app: Flask) -> None:
    """Every GET route of the application stands in the table above."""
    adapter = app.url_map.bind("localhost")
    matched = set()
    for pattern in EXPECTED:
        path = pattern.split("?")[0].replace("{person}", "1").replace("{report_code}", "a" * 16)
        path = path.replace("{", "").replace("}", "")
        if path != "/no/such/page":
            matched.add(adapter.match(path, method="GET")[0])
    every = {rule.endpoint for rule in app.url_map.iter_rules() if "GET" in (rule.methods or ())}
    assert every - matched <= {"bootstrap.static"}


def test_an_agencys_page_shows_what_it_publishes(app: Flask, world: World) -> None:
    world.settled(stars=4)
    publishing.add_qualification(
        world.actor("agency"),
        kind="水资源论证单位水平评价",
        number="Z-1",
        level="甲级",
        issuer="水利部",
        valid_from=world.day(-10),
        valid_until=world.day(30),
        file_name="z.pdf",
        content=PDF,
    )
    page = Visitor(app).get(f"/agencies/{world.identifiers['agency']}")
    for said in ("¥ 50,000.00", "第 1 版", "Z-1", "即将到期", "4.0", "首过率"):
        assert said in page.text
    sheet = Visitor(app).get(f"/agencies/{world.identifiers['agency']}/credit")
    rating = db.session.scalars(select(Rating.identifier).where(Rating.by == "buyer")).one()
    assert rating in sheet.text
    assert "C-2026-000001" in sheet.text
    assert len(current_items(db.session)) == 45
    assert db.session.scalars(select(Quote.id)).first()


def test_exports_hold_every_agency_and_no_formula(app: Flask, world: World) -> None:
    world.agency("trick", verified=False)
    world.authority("far", "regulator", region="540000")
    visitor = sign_in(app, world, "regulator")
    text = visitor.get("/oversight/agencies.csv").response.get_data().decode("utf-8-sig")
    assert text.count("A-2026-") == 4
    assert "trick单位" in text
    from market.spreadsheets import as_csv

    assert as_csv([["=1+1"]]).decode("utf-8-sig").startswith("'=1+1")
    assert visitor.get("/oversight/agencies.xlsx").response.get_data()[:2] == b"PK"
    world.settled()
    months = visitor.get("/oversight/months.csv").response.get_data().decode("utf-8-sig").splitlines()
    assert len(months) == 13
    assert months[-1] == "2026-03,1,1,40000.00,1,1,1,1"
    far = sign_in(app, world, "far")
    assert (
        far.get("/oversight/months.csv").response.get_data().decode("utf-8-sig").splitlines()[-1]
        == "2026-03,0,0,0.00,0,0,0,0"
    )


def test_answers_carry_the_headers_that_keep_them_safe(app: Flask, world: World) -> None:
    page = Visitor(app).get("/").response
    assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert "Set-Cookie" not in page.headers
    assert "base-uri 'none'" in page.headers["Content-Security-Policy"]
    assert "object-src 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["X-Frame-Options"] == "DENY"
    assert "Strict-Transport-Security" not in page.headers, "nothing of the kind in the clear"
    own = sign_in(app, world, "buyer").get("/my").response
    assert own.headers["Cache-Control"] == "private, no-store"
    for tag in Visitor(app).get("/").soup.select("[src], link[href]"):
        assert str(tag.get("src") or tag.get("href")).startswith("/"), "nothing comes from elsewhere"


@pytest.mark.parametrize(
    "path",
    [
        "/agencies?page=abc",
        "/agencies?page=-3",
        "/agencies?region='",
        "/requests?state=<x>",
        "/agencies?q=%00",
        "/credit?page=99999999999",
        "/agencies?_scheme=x&_external=1&endpoint=y&self=z",
        "/agencies?least=x&most=-1&order=z",
        "/matters?q=%00",
        "/items/WAT-01?amount=x",
        "/items/EIA-01?amount=-5",
        "/items/EIA-01?amount=99999999999999999999",
        "/agencies?q=" + "长" * 5000,
        "/requests/Q-2026-000001%00",
        "/language/en",
    ],
)
def test_odd_addresses_are_answered_in_words(app: Flask, world: World, path: str) -> None:
    answer = Visitor(app).get(path)
    assert answer.status in (200, 400, 404, 405, 414, 422)
    assert "公信" in answer.text


def test_every_figure_of_the_home_page_says_what_it_counts_and_leads_to_its_list(
    app: Flask, world: World
) -> None:
    page = Visitor(app, language="en").get("/").soup
    figures = {dd.get_text(strip=True): dd.a["href"] for dd in page.select(".figures dd") if dd.a}
    listed = len(current_items(db.session))
    assert figures[f"{listed} items"] == "/items"
    assert figures["3 agencies"] == "/agencies"
    assert not [said for said in figures if said.isdigit()]
