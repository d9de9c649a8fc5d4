"""What people type leads to the item, what it costs there and who does it, or to whose number it is."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode, urlsplit

import pytest
from flask import Flask

from harness.factories import COUNTY, World
from market.agencies.actions import publishing
from market.extensions import db
from market.indexing import rebuild_index
from models import money
from models.catalogue import item_by_code
from models.identifiers import _ISSUED
from models.pricing import price, standards
from tests.web import Answer, Visitor, sign_in

EIA = {"青藏环境": "1.2", "昆仑环保": "0.8", "可可西里": "0.9"}  # and their share of the standard's price
STANDARD = "eia-2002-125/report"
TERMS = {**standards()["eia-2002-125"]["tables"]["report"], "standard": STANDARD}


@pytest.fixture
def market(app: Flask, world: World) -> World:
    """Three agencies that write environmental reports in Golmud, one in Xining, and an accountant."""
    for name, discount in {**EIA, "西宁环境": "1"}.items():
        world.agency(name, item="LEG-01", region="630100" if name == "西宁环境" else COUNTY)
        terms = {**TERMS, "discount": discount}
        publishing.publish_fees(world.actor(name), item_code="EIA-01", terms=terms, days=20)
    world.agency("会计所", 800_000, "FIN-01")
    rebuild_index()
    return world


def asked(app: Flask, words: str, **others: str) -> Answer:
    answer = Visitor(app).get("/agencies?" + urlencode({"q": words, **others}))
    assert answer.status == 200, words
    return answer


def listed(answer: Answer) -> list[str]:
    return [urlsplit(a["href"]).path.rsplit("/", 1)[-1] for a in answer.soup.select("td > a")]


def said(share: str) -> str:
    """What a typical report costs at this share of the standard's price, as pages write it."""
    return money.show(price({**TERMS, "discount": share}, item_by_code(db.session, "EIA-01").example))


def card(answer: Answer) -> Any:
    return answer.soup.select_one(".answer")


@pytest.mark.parametrize(
    "words",
    [
        "环评",
        "环评报告多少钱",
        "我要办环评",
        "eia",
        "huanping",
        "EIA-01",
        "how much is an EIA",
        "環評",
        "环平",
    ],
)
def test_what_people_type_leads_to_the_item_its_price_and_who_does_it(
    app: Flask, market: World, words: str
) -> None:
    answer = asked(app, words)
    assert card(answer).select_one("h2 a")["href"] == "/items/EIA-01"
    assert said("0.8") in card(answer).text
    assert said("1.2") in card(answer).text
    assert "4 家" in card(answer).text
    assert card(answer).select_one("a.btn-main")["href"].startswith("/requests/new?item=EIA-01")
    assert set(listed(answer)) == {market.identifiers[name] for name in [*EIA, "西宁环境"]}, (
        "and no accountant"
    )


def test_a_place_is_taken_out_of_the_words_and_prices_are_of_there(app: Flask, market: World) -> None:
    there = asked(app, "西宁 环评")
    assert listed(there) == [market.identifiers["西宁环境"]]
    assert said("1") in card(there).text
    assert said("0.8") not in card(there).text
    assert there.soup.select_one("input[name=region]")["value"] == "西宁市"
    assert there.soup.select_one("select[name=item] [selected]")["value"] == "EIA-01"
    assert there.soup.select_one("main input[name=q]")["value"] == ""
    assert "region=630100" in card(there).select_one("a.btn-main")["href"]
    assert set(listed(asked(app, "格尔木环评报告多少钱"))) == {market.identifiers[name] for name in EIA}
    alone = asked(app, "西宁")
    assert listed(alone) == [market.identifiers["西宁环境"]]
    assert card(alone) is None


def test_who_asks_for_the_price_sees_the_cheapest_first(app: Flask, market: World) -> None:
    by_price = [market.identifiers[name] for name in ("昆仑环保", "可可西里", "西宁环境", "青藏环境")]
    assert listed(asked(app, "环评多少钱")) == by_price
    assert listed(asked(app, "环评多少钱", order="speed")) != []


def test_every_part_of_what_was_understood_can_be_taken_away(app: Flask, market: World) -> None:
    answer = asked(app, "西宁 环评")
    item, place, typed = (a["href"] for a in answer.soup.select(".understood a"))
    assert set(listed(Visitor(app).get(place))) == {market.identifiers[name] for name in [*EIA, "西宁环境"]}
    assert listed(Visitor(app).get(item)) == [market.identifiers["西宁环境"]]
    as_typed = Visitor(app).get(typed)
    assert not as_typed.soup.select(".understood")
    assert as_typed.soup.select_one("main input[name=q]")["value"] == "西宁 环评"


def test_what_was_not_understood_is_looked_for_in_names(app: Flask, market: World) -> None:
    assert listed(asked(app, "青藏 环评")) == [market.identifiers["青藏环境"]]
    nobody = asked(app, "不存在的名字 环评")
    assert len(listed(nobody)) == 4
    assert "不存在的名字" in nobody.soup.select_one("[role=status]").text


def test_where_nobody_sits_the_wider_area_answers_and_says_so(app: Flask, market: World) -> None:
    answer = asked(app, "德令哈 环评")
    assert set(listed(answer)) == {market.identifiers[name] for name in EIA}, "those of the prefecture"
    told = answer.soup.select_one("[role=status]").text
    assert "还没有符合条件的机构服务海西蒙古族藏族自治州德令哈市" in told, "none of those shown serves it"
    rows = [row.get_text() for row in answer.soup.select("table.agencies tbody tr")]
    assert all("服务地区: 格尔木市" in row for row in rows), "and each says what it serves"
    asking = [str(a["href"]) for a in answer.soup.select("a.btn") if "/requests/new" in str(a["href"])]
    assert len(asking) == 2
    assert all("region=632802" in url for url in asking), "the place that was asked for goes on"
    assert answer.soup.select_one("form input[type=hidden][name=region]")["value"] == "632802"
    assert set(listed(asked(app, "称多县 环评"))) == {market.identifiers[name] for name in [*EIA, "西宁环境"]}
    assert not listed(Visitor(app).get("/agencies?item=EIA-01&region=632802")), "what is chosen is kept to"


def test_an_agency_called_by_an_item_and_a_place_is_found_all_the_same(app: Flask, market: World) -> None:
    assert market.identifiers["西宁环境"] in {
        a["href"].rsplit("/", 1)[-1] for a in asked(app, "西宁环境").soup.select("main a[href^='/agencies/']")
    }


def test_a_credit_code_leads_to_its_agency(app: Flask, market: World) -> None:
    agency = market.organisation("青藏环境")
    full_width = "".join(chr(ord(char) + 0xFEE0) for char in agency.uscc)
    for words in (
        agency.uscc,
        agency.uscc.lower(),
        full_width,
        f"统一社会信用代码:{agency.uscc}",
        f" {agency.uscc} ",
    ):
        answer = Visitor(app).get(f"/agencies?q={words}")
        assert (answer.status, answer.location) == (303, f"/agencies/{agency.identifier}"), words
    secret = asked(app, market.organisation("buyer").uscc)
    assert secret.text.replace(market.organisation("buyer").uscc, "") == asked(
        app, "91630000MA00000000"
    ).text.replace("91630000MA00000000", ""), "an enterprise's code tells no more than nobody's"


def test_a_number_leads_to_its_page_or_to_a_clear_answer(app: Flask, market: World) -> None:
    contract = market.started()
    tender = market.contract_of("W-2026-000001").tender.identifier
    for words in (
        tender,
        tender.lower(),
        tender.replace("-", ""),
        tender.replace("-", "—"),
        f"项目编号 {tender}",
    ):
        answer = Visitor(app).get(f"/agencies?q={words}")
        assert (answer.status, answer.location) == (303, f"/requests/{tender}"), words
    assert sign_in(app, market, "buyer").get(f"/agencies?q={contract}").location == f"/contracts/{contract}"
    for unseen in (contract, "C-2026-999999"):
        answer = asked(app, unseen)
        assert f"没有找到 {unseen}" in answer.text
        assert not listed(answer)
    beside = asked(app, f"{tender} 环评")
    assert card(beside) is not None
    assert beside.soup.select_one(f"main a[href='/requests/{tender}']")


def test_no_number_of_any_kind_is_an_error_or_a_leak(app: Flask, market: World) -> None:
    market.appoint_admin()
    market.settled()
    rebuild_index()
    people = {
        role: sign_in(app, market, role) for role in ("buyer", "agency", "regulator", "custodian", "admin")
    }
    people["visitor"] = Visitor(app)
    for letters in _ISSUED:
        for role, person in people.items():
            answer = person.get(f"/agencies?q={letters}-2026-000001")
            assert answer.status in (200, 303), (letters, role)
            if answer.status == 303:
                assert person.get(answer.location).status in (200, 303), (letters, role, answer.location)


def test_suggestions_mean_the_same(app: Flask, market: World) -> None:
    answer = Visitor(app).get("/suggest?q=西宁环评多少钱")
    links = [a["href"] for a in answer.soup.select("a")]
    assert links[0] == "/items/EIA-01"
    assert [link for link in links if link.startswith("/agencies/")] == [
        f"/agencies/{market.identifiers['西宁环境']}"
    ]
    suggested = Visitor(app).get("/suggest?q=huanping").soup.select("a[href^='/agencies/']")
    assert f"/agencies/{market.identifiers['会计所']}" not in {a["href"] for a in suggested}


def test_an_english_reader_is_answered_in_english(app: Flask, market: World) -> None:
    page = Visitor(app, language="en").get("/agencies?q=how+much+is+an+EIA+in+Golmud")
    assert page.soup.select_one(".answer h2").get_text(strip=True).startswith("Environmental impact report")
    assert set(listed(page)) == {market.identifiers[name] for name in EIA}
    assert page.soup.select_one("input[name=region]")["value"] == "Golmud City, Haixi"
