"""Every list that can be narrowed: what there is not is said at its filter, and no other list is shown."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from bs4 import Tag
from flask import Flask

from harness.factories import World
from market.charts import MOST_BARS
from market.charts import rows as row_chart
from market.extensions import db
from market.filters import Filters, labels
from models.ledger import books
from tests.access_matrix import EXPECTED, ROLES
from tests.every_case import name_the_cases
from tests.web import Visitor, sign_in

NO_LISTS = ("/compare", "/items/", "/agencies/")  # where a form asks for the reader's job
LISTS = {
    "/requests",
    "/agencies",
    "/contracts",
    "/deliverables",
    "/reviews",
    "/credit",
    "/credit/unranked",
    "/credit/records",
    "/my/records",
    "/matters",
    "/demanded",
    "/my/notices",
    "/my/statement",
    "/accounts",
    "/payouts",
    "/ledger/accounts",
    "/batches/{batch}",
    "/custody/statements/{statement}",
    "/oversight/agencies",
    "/oversight/agencies/{agency}",
    "/oversight/agencies/{agency}/contract",
    "/oversight/checks",
    "/oversight/reports",
    "/oversight/complaints",
    "/handling",
    "/oversight/follow-ups",
    "/oversight/rating-appeals",
    "/oversight/clauses",
    "/oversight/first-pass",
    "/oversight/permit-times",
    "/oversight/permit-times/matters",
    "/oversight/restricted",
    "/credit/signals",
    "/oversight/red-flags",
    "/credit/external",
    "/credit/listings",
    "/credit/fetches",
    "/credit/buyers/{buyer}",
}
LINKED = {
    "/oversight/red-flags": ["about"],
    "/contracts": ["agency"],
    "/deliverables": ["agency"],
    "/requests": ["mine"],
    "/agencies": ["held"],
}
ABSENT = "查无此项"


def _reader(pattern: str) -> str:
    """Whoever may open it; who has most to choose from, first."""
    allowed = [role for role, status in zip(ROLES, EXPECTED[pattern], strict=True) if status == 200]
    return next((role for role in ("regulator", "agency", "custodian") if role in allowed), allowed[0])


def _bar(visitor: Visitor, url: str) -> Tag | None:
    forms = visitor.get(url).soup.select("main form:not([method=post])")
    return next((form for form in forms if form.select(".filters") and form.select("[name]")), None)


def _refused(visitor: Visitor, url: str, name: str, exports: list[str], **asked: str) -> None:
    """A page and its exports do not answer another question than the one that was asked."""
    where = f"{url}?{urlencode(asked)}"
    page = visitor.get(where)
    assert page.status == 422, where
    said = page.soup.select_one(f"#{name}-wrong, #{name}-error")
    assert said is not None, where
    assert said.get_text(strip=True), where
    field = page.soup.select_one(f"main form :is(input, select)[name={name}]")
    assert field is not None, where
    if field.get("type") != "hidden":
        assert field.get("aria-invalid") == "true", where
        assert field.get("aria-describedby") == said.get("id"), where
    pager = page.soup.select_one("nav.pager span")
    assert pager is None or pager.get_text(strip=True).startswith("共 0 条"), where
    links = (str(link["href"]) for link in page.soup.select("main a[href]"))
    files = [link for link in links if link.partition("?")[0].endswith((".csv", ".xlsx", ".pdf"))]
    for export in [*files, *(f"{export.partition('?')[0]}?{urlencode(asked)}" for export in exports)]:
        taken = visitor.get(export)
        assert taken.status == 422, export
        assert "attachment" not in str(taken.response.headers), export


def test_what_there_is_not_is_said_at_every_filter_of_every_list(app: Flask, world: World, time: Any) -> None:
    names, found = name_the_cases(world, time), set()
    for pattern in EXPECTED:
        if "?" in pattern or 200 not in EXPECTED[pattern] or pattern.startswith(NO_LISTS):
            continue
        visitor, url = sign_in(app, world, _reader(pattern)), pattern.format(**names)
        bar = _bar(visitor, url)
        if bar is None:
            continue
        found.add(pattern)
        exports = [str(a["href"]) for a in bar.select("a.btn[href]") if a.get_text() in ("CSV", "XLSX")]
        fields = [field for field in bar.select("select, input") if field.get("type") != "search"]
        for name in [*(str(field["name"]) for field in fields), *LINKED.get(pattern, [])]:
            if name not in ("q", "least", "most"):
                _refused(visitor, url, name, exports, **{name: ABSENT})
        if "since" in {field["name"] for field in fields}:
            _refused(visitor, url, "until", exports, since="2026-03-02", until="2026-03-01")
            assert visitor.get(f"{url}?since=2026-03-02&until=2026-03-02").status == 200
    assert found >= LISTS, LISTS - found
    visitor = sign_in(app, world, "buyer")
    for item in ({"item": "WAT-01"}, {}):  # with none the fields stand there as long as one is wrong
        for name in ("least", "most"):
            _refused(visitor, "/agencies", name, [], **item, **{name: "一堆"})
        _refused(visitor, "/agencies", "most", [], **item, least="200", most="100")


@pytest.mark.parametrize("page", ["/contracts", "/deliverables"])
def test_a_filter_that_came_with_a_link_is_named_and_taken_away(app: Flask, world: World, page: str) -> None:
    world.settled()
    agency = world.identifiers["agency"]
    visitor = sign_in(app, world, "regulator")
    narrowed = visitor.get(f"{page}?agency={agency}&level=own")
    bar = narrowed.soup.select_one(".filters p")
    assert bar is not None
    name = world.organisation("agency").name
    assert name in bar.get_text()
    away = bar.select_one("a")
    assert away is not None
    assert str(away["href"]).startswith(page)
    assert "agency=" not in str(away["href"])
    assert "level=own" in str(away["href"]), "the others stay"
    again = visitor.get(str(away["href"]))
    assert again.status == 200
    assert not again.soup.select(".filters p")


def test_a_day_is_a_day_however_it_is_typed(app: Flask, world: World) -> None:
    world.settled()
    visitor = sign_in(app, world, "regulator")
    page = visitor.get("/contracts?since=20260101&until=2026-12-31")
    assert page.status == 200
    field = page.soup.select_one("main input[name=since]")
    assert field is not None
    assert field["value"] == "2026-01-01", "as a date input can show it"
    assert visitor.get("/contracts?since=2026-12-31&until=20260101").status == 422


def test_what_stands_there_anyhow_is_not_asked_for(app: Flask) -> None:
    listed = Filters(labels("by", "分组", {"agency": "机构", "item": "事项"}, default="agency"))
    for query, asked in (("", False), ("?by=", False), ("?by=agency", False), ("?by=item", True)):
        with app.test_request_context(f"/{query}"):
            assert listed.asked().any is asked, query


def test_a_page_beyond_the_end_says_so_and_shows_the_last(app: Flask, world: World) -> None:
    world.settled()
    visitor = sign_in(app, world, "regulator")
    for page in ("/contracts", "/agencies", "/ledger/accounts"):
        beyond = visitor.get(f"{page}?page=99")
        assert beyond.status == 200
        pager = beyond.soup.select_one("nav.pager")
        assert pager is not None, page
        assert "没有第 99 页" in pager.get_text(), page
        assert "page=1" in str(pager.select_one("a")["href"])  # type: ignore[index]
        assert beyond.soup.select("main tbody tr"), page
        assert not beyond.soup.select("main td.nothing"), page


def test_of_a_report_that_is_not_in_yet_the_list_says_until_when(app: Flask, world: World) -> None:
    world.supplied(world.started())
    row = sign_in(app, world, "regulator").get("/deliverables").soup.select_one("main tbody tr")
    assert row is not None
    assert row.select_one(".limit")
    assert world.organisation("agency").name in row.get_text()


def test_contracts_of_which_money_is_kept_say_how_much(app: Flask, world: World) -> None:
    contract = world.started()
    visitor = sign_in(app, world, "regulator")
    page = visitor.get("/contracts?money=escrow")
    (row,) = page.soup.select("main tbody tr")
    kept = books.balance(db.session, books.escrow(contract))
    assert kept > 0
    text = f"¥ {kept / 100:,.2f}"
    assert text in row.get_text()
    assert text in page.soup.select_one("main p.num").get_text()
    assert f"{kept / 100:.2f}" in visitor.get("/contracts.csv?money=escrow").response.get_data(as_text=True)
    assert "在托管" not in visitor.get("/contracts").soup.select_one("main table").get_text()  # type: ignore[union-attr]


def test_a_chart_says_what_is_below_nothing_exactly_and_what_it_leaves_out(app: Flask) -> None:
    with app.test_request_context():
        drawn = row_chart([("在途", -199), ("托管", 398)], "各科目余额", said=lambda fen: f"{fen / 100:.2f}")
        assert "-1.99" in drawn
        assert "3.98" in drawn
        assert 'class="bar-below" x="0.00" y="0" width="33.33"' in drawn
        assert 'class="bar-plain" x="33.33" y="0" width="66.67"' in drawn
        few = row_chart([(str(n), n) for n in range(MOST_BARS)], "x")
        assert few.count("<li>") == MOST_BARS
        assert "共" not in few
        many = row_chart([(str(n), n) for n in range(41)], "x")
        assert many.count("<li>") == MOST_BARS
        assert "前 12 项,共 41 项" in many


def test_a_filter_names_no_agency_the_reader_may_not_see(app: Flask, world: World) -> None:
    """One that nobody has let in is told apart from none by nothing."""
    hidden = world.organisation("third")
    hidden.state = "applied"
    db.session.commit()
    for name, page in (("buyer", "/contracts"), ("department", "/deliverables")):
        answer = sign_in(app, world, name).get(f"{page}?agency={hidden.identifier}")
        assert answer.status == 422
        assert hidden.name not in answer.text
