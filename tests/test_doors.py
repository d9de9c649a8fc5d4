"""What once ended in a 500, each with the answer it should have.

And the error page while the database is away.
"""

from __future__ import annotations

import io
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from openpyxl import load_workbook
from sqlalchemy import event
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from harness.factories import PASSWORD, World, code
from market.agencies.actions import checks as check_actions
from market.extensions import db
from market.indexing import rebuild_index
from market.spreadsheets import as_csv, as_xlsx
from market.transaction import transaction
from models.accounts import Organisation
from models.actors import SYSTEM
from models.agencies.checks import open_check
from models.contracts.agreement import Contract
from models.contracts.deliverables import Deliverable
from models.ratings.rating import Rating
from models.sourcing.awards import Award
from models.sourcing.steps import STEPS
from tests.web import Visitor, sign_in


def _token(visitor: Visitor) -> str:
    return str(visitor.get("/check").value_of("csrf_token"))


def test_punctuation_finds_nothing(app: Flask, world: World) -> None:
    visitor = Visitor(app)
    rebuild_index()
    for words in ("'", '"', "%", "*", "!!!", "()", "&|", ":", "\\", "。", "-", "_", " ' "):
        for path in ("/matters", "/suggest"):
            assert visitor.get(f"{path}?q={quote(words)}").status == 200, (path, words)
        answer = visitor.get(f"/agencies?q={quote(words)}")
        assert (answer.status, "没有符合条件的机构" in answer.text) == (200, True), words


def test_the_number_of_a_case_leads_to_it(app: Flask, world: World, time: Any) -> None:
    """As far as the reader may see it; else nothing is found, as of a number nobody has."""
    contract = world.settled()
    of_contract = db.session.query(Contract).filter_by(identifier=contract).one()
    award = db.session.query(Award).filter_by(id=of_contract.award_id).one().identifier
    deliverable, rating = (
        world.one(Deliverable, contract).identifier,
        world.one(Rating, contract, by="buyer").identifier,
    )
    tender, draft = of_contract.tender.identifier, world.tender(publish=False)
    agency, buyer = world.identifiers["agency"], world.identifiers["buyer"]
    invited = world.tender(openness="invited", invited=[agency])
    sealed = world.tender(mode="sealed_bid", funds="state")
    bid = world.bids(sealed, agency=100_00)["agency"]
    pages = {
        agency: f"/agencies/{agency}",
        buyer: f"/agencies/{buyer}",
        tender: f"/requests/{tender}",
        draft: f"/requests/{draft}",
        award: f"/awards/{award}",
        bid: f"/bids/{bid}",
        contract: f"/contracts/{contract}",
        deliverable: f"/deliverables/{deliverable}",
        rating: f"/ratings/{rating}",
        invited: f"/requests/{invited}",
    }
    mine = {
        "visitor": {agency, tender, award, rating},
        "second": {agency, tender, award, rating},
        "buyer": set(pages) - {bid},
        "agency": set(pages) - {buyer, draft},
        "department": {agency, tender, award, contract, deliverable, rating},
        "regulator": set(pages) - {bid},
        "custodian": {agency, tender, award, rating},
    }
    rebuild_index()
    for role, seen in mine.items():
        visitor = sign_in(app, world, role)
        for number, page in pages.items():
            for typed in (number, f" {number.lower()} "):
                answer = visitor.get(f"/agencies?q={typed}")
                if number in seen:
                    assert (answer.status, answer.location) == (303, page), (role, number)
                    assert visitor.get(page).status == 200, (role, number)
                else:
                    assert (answer.status, "没有符合条件的机构" in answer.text) == (200, True), (role, number)
                    signs_in = role == "visitor" and number in (contract, deliverable)
                    assert visitor.get(page).status == (302 if signs_in else 404), (role, number)
    for unknown in ("C-2026-999999", "Q-0000-000000", "Z-2026-000001x", "C-2026-" + "9" * 40):
        answer = sign_in(app, world, "regulator").get(f"/agencies?q={unknown}")
        assert (answer.status, "没有符合条件的机构" in answer.text) == (200, True)
    assert "C-2026-000001" in Visitor(app).get("/agencies?q=C-2026-000001").text, "what was typed is kept"


def test_control_characters_are_refused_at_the_field(app: Flask, world: World) -> None:
    visitor, english = Visitor(app), Visitor(app, language="en")
    entry = {
        "kind": "agency",
        "organisation": "新来的事务所",
        "uscc": code(900),
        "region_code": "632801",
        "name": "才旦",
        "email": "new@example.cn",
        "password": PASSWORD,
    }
    for field, character in zip(
        ("organisation", "name", "email", "address", "introduction", "uscc"),
        "\x00\x08\x1f\x7f\x85\uffff",
        strict=True,
    ):
        answer = visitor.submit("/sign-up", **{**entry, field: f"一{character}二"})
        assert (answer.status, "控制字符" in answer.error_at(field)) == (422, True), field
    assert "control characters" in english.submit("/sign-up", **{**entry, "organisation": "a\x08b"}).error_at(
        "organisation"
    )
    assert (
        visitor.submit("/sign-up", **{**entry, "introduction": "一行\r\n\t又一行 👩‍🔬"}).location
        == "/my/entry"
    ), "line breaks and tabs are none of them"


def test_exports_hold_what_came_in_before(app: Flask, world: World) -> None:
    """A name with a control character, from a time when forms took it or from a table that was brought in."""
    with transaction() as session:
        Organisation.lock(session, world.identifiers["agency"]).name = "水保\x08事务所\x1b"
    regulator = sign_in(app, world, "regulator")
    book = load_workbook(io.BytesIO(regulator.get("/oversight/agencies.xlsx").response.get_data()))
    assert any("水保�事务所�" in map(str, row) for row in book.active.iter_rows(values_only=True))
    assert "水保�事务所�" in regulator.get("/oversight/agencies.csv").response.get_data().decode("utf-8-sig")
    everything = "".join(chr(n) for n in range(0x20)) + "\x7f\x85\ud83d\ufffe\uffff"
    assert as_csv([[everything]])
    assert load_workbook(io.BytesIO(as_xlsx([[everything, "=1\x08"]]))).active["B1"].value == "'=1�"


def test_an_act_on_a_case_in_another_state_is_a_conflict_in_words(app: Flask, world: World) -> None:
    with transaction() as session:
        check = open_check(
            session, SYSTEM, Organisation.load(session, world.identifiers["agency"]), "scope", []
        )
        assert check is not None
        identifier = check.identifier
    regulator = sign_in(app, world, "regulator")
    token = _token(regulator)
    check_actions.clear(world.actor("regulator"), identifier, reason="已核实,登记无误")
    for body in ({}, {"reason": "请说明情况"}, {"reason": ""}):
        for act in ("ask", "clear", "confirm"):
            answer = regulator.post(f"/checks/{identifier}/{act}", {"csrf_token": token, **body})
            assert answer.status == 409, (act, body)
            assert answer.soup.select_one("h1")
    asked = regulator.post(f"/checks/{identifier}/ask", {"csrf_token": token, "reason": "请说明情况"})
    assert (asked.status, "不能办理" in asked.text) == (409, True)


def test_only_the_buyer_edits_its_draft(app: Flask, world: World) -> None:
    world.appoint_admin()
    draft = world.tender(publish=False)
    sent = {
        "item_code": "WAT-01",
        "project": "另一个项目",
        "region_code": "632801",
        "mode": "inquiry",
        "funds": "private",
        "openness": "open",
        "deadline": "2026-03-20T10:00",
    }
    for role in ("regulator", "admin"):
        visitor = sign_in(app, world, role)
        for body in ({}, sent):
            assert (
                visitor.post(f"/requests/{draft}/edit/what", {"csrf_token": _token(visitor), **body}).status
                == 403
            ), role
    buyer = sign_in(app, world, "buyer")
    assert buyer.submit(f"/requests/{draft}/edit/what", **sent).location == f"/requests/{draft}/publish"
    assert "另一个项目" in buyer.get(f"/requests/{draft}").text


def test_a_query_is_nothing_url_for_listens_to(app: Flask, world: World) -> None:
    world.settled_unrated()
    department, regulator = sign_in(app, world, "department"), sign_in(app, world, "regulator")
    for query in (
        "endpoint=x",
        "_scheme=x",
        "_external=1",
        "_anchor=x",
        "_method=POST",
        "self=x",
        "kind=pdf",
        "suffix=x",
        "values=x",
    ):
        page = department.get(f"/reviews?standing=passed&{query}")
        assert page.status == 200, query
        links = [str(a["href"]) for a in page.soup.select("main a[href]") if "reviews." in str(a["href"])]
        assert [link.partition("?")[0] for link in links] == ["/reviews.csv", "/reviews.xlsx"]
        checks = regulator.get(f"/oversight/checks?{query}")
        assert {str(a["href"]).partition("?")[0] for a in checks.soup.select("main a[href*='checks.']")} == {
            "/oversight/checks.csv",
            "/oversight/checks.xlsx",
        }
        for path in ("/agencies", "/requests", "/my/notices"):
            no_such_kind = (path, query) == ("/my/notices", "kind=pdf")  # there it is a filter, and refused
            assert regulator.get(f"{path}?{query}").status == (422 if no_such_kind else 200), path


def test_a_statement_of_days_that_cannot_be_is_none(app: Flask, world: World) -> None:
    world.started()
    buyer = sign_in(app, world, "buyer")
    for since, until, status in (
        ("1900-01-01", "2099-12-31", 200),
        ("0001-01-01", "9999-12-31", 422),
        ("9999-12-31", "0001-01-01", 422),
        ("x", "2026-02-30", 422),
        ("0000-00-00", "", 422),
    ):
        for kind in ("", ".csv", ".xlsx", ".pdf"):
            said = buyer.get(f"/my/statement{kind}?since={since}&until={until}")
            assert said.status == status, (since, until, kind)
            assert status == 200 or "期末余额" not in said.text, (since, until, kind)


def test_days_out_of_our_time_are_refused(app: Flask, world: World) -> None:
    """A deadline in the year 9999 would be counted up to, day by day.

    Working day by working day, on every page that shows it.
    """
    draft = world.tender(publish=False)
    buyer, agency = sign_in(app, world, "buyer"), sign_in(app, world, "agency")
    for typed in ("0001-01-01T00:00", "1900-12-31T23:59", "2101-01-01T00:00", "9999-12-31T23:59"):
        said = buyer.submit(f"/requests/{draft}/edit/whom", deadline=typed)
        assert (said.status, "1901" in said.error_at("deadline")) == (422, True)
        said = agency.submit(
            "/my/entry/licence", legal_form="company", established_on=typed[:10], scope="水保"
        )
        assert "1901" in said.error_at("established_on")
    huge = agency.submit(
        "/my/entry/premises", registered_address="路", address="路", premises="owned", premises_area="9" * 30
    )
    assert "太大" in huge.error_at("premises_area")


def test_a_number_no_column_holds_names_nothing(app: Flask, world: World) -> None:
    for role, path in (
        ("buyer", "/my/delegations/{}/revoke"),
        ("agency", "/my/practitioners/{}/remove"),
        ("custodian", "/custody/statements/S-2026-000001/{}"),
    ):
        visitor = sign_in(app, world, role)
        token = _token(visitor)
        for number in ("99999999999999999999", "2147483648", "9" * 5000, "0", "-1", "٣"):
            assert visitor.post(path.format(number), {"csrf_token": token}).status == 404, (path, number)


def _break(error: type[Exception]) -> Any:
    """From now on no statement is carried out."""

    def refuse(*_: Any) -> None:
        raise (
            error("the server closed the connection unexpectedly")
            if error is PoolTimeout
            else error("SELECT 1", {}, Exception("server closed the connection"))
        )

    event.listen(db.engine, "before_cursor_execute", refuse)
    return refuse


@pytest.mark.parametrize("error", [OperationalError, PoolTimeout])
@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_the_error_page_asks_no_database(
    app: Flask, world: World, error: type[Exception], language: str
) -> None:
    """Signed in or not, an existing page or none.

    503 in words as long as the database is away, and everything again after it.
    """
    buyer, visitor = sign_in(app, world, "buyer"), Visitor(app)
    buyer.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = visitor.client.environ_base[
        "HTTP_ACCEPT_LANGUAGE"
    ] = language
    token = _token(buyer)
    app.config["TESTING"] = app.testing = False  # as it runs: exceptions are answered, not raised
    refuse = _break(error)
    try:
        for path in (
            "/my",
            "/my/organisation",
            "/contracts",
            "/agencies",
            "/",
            "/no/such/page",
            "/my/delegations/99999999999999999999/revoke",
        ):
            answer = buyer.get(path)
            assert answer.status == 503, (path, answer.status)
            assert ("系统正忙" if language == "zh-CN" else "busy") in answer.text
        assert buyer.post("/my/delegations/1/revoke", {"csrf_token": token}).status == 503
        assert visitor.get("/agencies").status == 503
        assert visitor.get("/no/such/page").status == 404
        assert visitor.get("/sign-in").status == 200
    finally:
        event.remove(db.engine, "before_cursor_execute", refuse)
    assert (buyer.get("/my").status, visitor.get("/agencies").status) == (200, 200)


def test_a_clock_far_away_is_no_matter(app: Flask, world: World, time: Any) -> None:
    time.instant = datetime(2099, 12, 31, tzinfo=UTC)
    for path in ("/", "/agencies", "/requests", "/my/statement"):
        assert sign_in(app, world, "buyer").get(path).status == 200, path


def test_a_text_sent_as_a_file_is_no_text(app: Flask, world: World, time: Any) -> None:
    """Any field of any form, by anybody who may open it."""
    world.appoint_admin()
    tender, draft = world.tender(), world.tender(publish=False)
    pages = {
        "": ("/sign-up", "/sign-in"),
        "buyer": (
            "/requests/new?key=k",
            *(f"/requests/{draft}/edit/{step}" for step in STEPS if step != "size"),  # there is none
            f"/requests/{tender}/amend",
            "/my/delegations/new",
            "/my/members/new",
            "/my/password",
        ),
        "agency": ("/my/fees/new", f"/requests/{tender}/quote"),
        "regulator": ("/items/new", "/items/EIA-01/edit", "/items/EIA-01/withdraw", "/imports/new"),
        "admin": ("/admin/override", "/admin/authorities/new"),
    }
    tried = 0
    for role, paths in pages.items():
        visitor = sign_in(app, world, role) if role else Visitor(app)
        for path in paths:
            form = visitor.get(path).soup.select_one("main form[method=post]")
            if form is None:
                continue
            names = {str(field["name"]) for field in form.select("[name]")} - {"csrf_token"}
            token = str(form.select_one("[name=csrf_token]")["value"])
            answer = visitor.post(
                path, {"csrf_token": token, **{name: (io.BytesIO(b"text"), "text.txt") for name in names}}
            )
            assert answer.status == 422, (path, answer.status)
            tried += 1
    assert tried >= 12


@pytest.mark.parametrize(
    "target",
    [
        "http://[x/",
        "//[x",
        "/\r\nX: 1",
        "/%0d%0aX:1",
        "javascript:alert(1)",
        "\\\\evil.example",
        "/\x00",
        "//evil.example/",
        "/\t/evil.example",
    ],
)
def test_nobody_is_sent_elsewhere_nor_falls(app: Flask, world: World, target: str) -> None:
    for visitor, path, values in (
        (Visitor(app), "/language/en", {"back": target}),
        (Visitor(app), f"/sign-in?next={quote(target)}", {"email": "buyer@example.cn", "password": PASSWORD}),
    ):
        token = (
            {}
            if path.startswith("/language")
            else {"csrf_token": visitor.get(path).value_of("csrf_token"), "submission": "K"}
        )
        answer = visitor.post(path, {**token, **values})
        assert answer.status == 303, path
        assert answer.location.startswith("/"), answer.location
        assert not answer.location.startswith(("//", "/\\")), answer.location
