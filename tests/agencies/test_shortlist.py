"""Keeping agencies in mind, setting them side by side, inviting them; and what "my size" costs in lists."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from harness.factories import World
from market.agencies.actions import entry, publishing, shortlist
from market.agencies.actions.serving import declare
from market.extensions import db
from models.accounts import Organisation
from models.agencies.shortlist import kept_among, most_favourites
from models.errors import NotAllowed, NotFound, RuleViolation
from tests.web import Visitor, current_values, sign_in

SIZED = "EIA-02"  # priced by a number


def _ids(world: World, *names: str) -> list[str]:
    return [world.identifiers[name] for name in names]


def _kept(world: World, of: str) -> set[int]:
    db.session.rollback()
    every = db.session.query(Organisation.id).all()
    return kept_among(db.session, world.organisation(of).id, [row[0] for row in every])


def _press(visitor: Visitor, path: str, act: str, agency: str, **more: str) -> Any:
    """The button that keeps an agency on a page, or lets it go."""
    form = visitor.get(path).soup.select_one(f"form#keep-{act}")
    return visitor.post(form["action"], {**current_values(form), "agency": agency, **more})


def test_what_is_kept_is_kept_for_the_organisation_and_for_no_other(app: Flask, world: World) -> None:
    world.member("buyer", "colleague")
    buyer = sign_in(app, world, "buyer")
    agency = world.identifiers["agency"]
    answer = _press(buyer, "/agencies?item=WAT-01", "add", agency)
    assert (answer.status, answer.location) == (303, "/agencies?item=WAT-01")
    assert _press(buyer, "/agencies", "add", agency).status == 303, "twice is once"
    assert _kept(world, "buyer") == {world.organisation("agency").id}
    assert "agency单位" in sign_in(app, world, "colleague").get("/my/agencies").text
    assert "agency单位" not in sign_in(app, world, "second").get("/my/agencies").text
    assert "agency单位" in buyer.get("/my/agencies.csv").text
    _press(buyer, "/my/agencies", "remove", agency)
    assert _kept(world, "buyer") == set()
    shortlist.remove(world.actor("buyer"), agency=agency)
    for each in (world.identifiers["second"], world.identifiers["buyer"], "A-2026-000999", "x\0"):
        answer = _press(buyer, "/agencies?item=WAT-01", "add", agency)
        answer = _press(buyer, "/my/agencies", "remove", each)
        assert answer.status == 303, "whether there is such a one is nobody's affair"


def test_a_list_that_is_full_takes_no_more(app: Flask, world: World, monkeypatch: Any) -> None:
    first, second = _ids(world, "agency", "second")
    monkeypatch.setattr("models.agencies.shortlist.most_favourites", lambda: 1)
    shortlist.add(world.actor("buyer"), agency=first)
    with pytest.raises(RuleViolation) as refused:
        shortlist.add(world.actor("buyer"), agency=second)
    assert refused.value.params["most"] == 1
    shortlist.add(world.actor("buyer"), agency=first)
    shortlist.remove(world.actor("buyer"), agency=first)
    shortlist.add(world.actor("buyer"), agency=second)
    assert _kept(world, "buyer") == {world.organisation("second").id}


def test_only_agencies_in_the_market_are_kept_and_only_by_those_who_trade(world: World) -> None:
    assert most_favourites() == 200
    with pytest.raises(NotFound):
        shortlist.add(world.actor("buyer"), agency=world.identifiers["buyer"])
    for stranger in ("visitor", "regulator", "admin"):
        with pytest.raises(NotAllowed):
            shortlist.add(world.actor(stranger), agency=world.identifiers["agency"])
    entry.suspend(world.actor("regulator"), world.identifiers["agency"], reason="检查中发现问题,暂停承接业务")
    shortlist.add(world.actor("buyer"), agency=world.identifiers["agency"])


def test_nobody_is_sent_elsewhere_after_keeping_one(app: Flask, world: World) -> None:
    buyer = sign_in(app, world, "buyer")
    for back in ("https://evil.example/", "//evil.example", "/\\evil.example", ""):
        answer = _press(buyer, "/agencies", "add", world.identifiers["agency"], back=back)
        assert answer.location == "/my/agencies", back


def _compared(visitor: Visitor, *agencies: str, **more: str) -> Any:
    asked = "&".join([*(f"agency={a}" for a in agencies), *(f"{k}={v}" for k, v in more.items())])
    return visitor.get(f"/compare?{asked}")


def _line(answer: Any, label: str) -> list[str]:
    row = next(r for r in answer.soup.select("table.abreast tbody tr") if r.th.get_text(strip=True) == label)
    return [" ".join(cell.get_text(" ", strip=True).split()) for cell in row.select("td")]


def test_side_by_side_the_best_is_named_and_each_figure_leads_to_its_evidence(
    app: Flask, world: World
) -> None:
    world.fees("second", 4_000_000)
    ids = _ids(world, "agency", "second", "third")
    answer = _compared(Visitor(app), *ids, item="WAT-01", region="geermu")
    assert answer.status == 200
    prices = _line(answer, "我这件事的公示价")
    assert ["最低" in price for price in prices] == [False, True, False]
    assert "¥ 40,000.00" in prices[1]
    assert [place.endswith("含格尔木市") or "含海西" in place for place in _line(answer, "服务地区")] == [
        True
    ] * 3
    links = [a["href"] for a in answer.soup.select("table.abreast td a")]
    for identifier in ids:
        assert f"/agencies/{identifier}/fees/WAT-01" in links
        assert f"/agencies/{identifier}/credit" in links
    without = [a["href"] for a in answer.soup.find_all("a", string="移除")]
    assert all(len([i for i in ids if i in url]) == 2 and "item=WAT-01" in url for url in without)


def test_of_values_all_alike_none_is_the_best(app: Flask, world: World) -> None:
    world.fees("second", 5_000_000)
    answer = _compared(Visitor(app), *_ids(world, "agency", "second"), item="WAT-01")
    assert not answer.soup.select("table.abreast .tag")


def test_a_sixth_is_refused_in_words_and_the_five_stay(app: Flask, world: World) -> None:
    for name in ("fourth", "fifth", "sixth"):
        world.agency(name)
    ids = _ids(world, "agency", "second", "third", "fourth", "fifth", "sixth")
    answer = _compared(Visitor(app), *ids)
    assert answer.status == 422
    assert "一次最多比较 5 家" in answer.text
    assert "sixth单位" in answer.soup.select_one("[role=alert]").get_text()
    assert len(answer.soup.select("table.abreast thead th")) == 5
    assert _compared(Visitor(app), *ids[:5], ids[0]).status == 200, "one named twice is one"
    unknown = _compared(Visitor(app), ids[0], "A-2026-999999")
    assert (unknown.status, "没有找到 A-2026-999999" in unknown.text) == (422, True)


def test_what_is_chosen_goes_on_to_the_invitation(app: Flask, world: World) -> None:
    ids = _ids(world, "agency", "second")
    invited = _compared(Visitor(app), *ids, go="invite", item="WAT-01", region="gem", amount="5000万")
    assert invited.status == 303
    path, _mark, asked = invited.location.partition("?")
    assert path == "/requests/new"
    assert set(asked.split("&")) == {
        *(f"invite={identifier}" for identifier in ids),
        "item=WAT-01",
        "region=632801",
        "amount=5000%E4%B8%87",
        "mode=inquiry",
    }
    page = _compared(sign_in(app, world, "buyer"), *ids, item="WAT-01")
    urls = [a["href"] for a in page.soup.select("main a[href^='/requests/new']")]
    assert [url.count("invite=") for url in urls] == [1, 1, 2]
    assert not _compared(sign_in(app, world, "agency"), *ids).soup.select("main a[href^='/requests/new']")
    entry.suspend(world.actor("regulator"), ids[0], reason="检查中发现问题,暂停承接业务")
    page = _compared(Visitor(app), *ids, item="WAT-01")
    assert all(ids[0] not in a["href"] for a in page.soup.select("main a[href^='/requests/new']"))


def test_the_list_and_the_profile_price_the_size_that_was_typed(app: Flask, world: World) -> None:
    world.agency("assessor")
    publishing.publish_fees(
        world.actor("assessor"), item_code=SIZED, terms={"method": "per_unit", "price": 20_000}, days=20
    )
    visitor, identifier = Visitor(app), world.identifiers["assessor"]
    listed, profile, side = (
        f"/agencies?item={SIZED}",
        f"/agencies/{identifier}?item={SIZED}",
        f"/compare?agency={identifier}&item={SIZED}",
    )
    for count, price in (("50", "¥ 10,000.00"), ("1,000", "¥ 200,000.00"), ("２００", "¥ 40,000.00")):
        for path, place in ((listed, "table.agencies tbody"), (profile, "#fees"), (side, "table.abreast")):
            assert price in visitor.get(f"{path}&count={count}").soup.select_one(place).get_text(), path
    for path in (listed, profile, side):
        refused = visitor.get(f"{path}&count=viel")
        assert refused.status == 422, path
        assert "整数,例如 12" in refused.text
        assert refused.soup.select_one("input[name=count]")["value"] == "viel"


def test_a_list_is_chosen_from_without_a_script(app: Flask, world: World) -> None:
    page = Visitor(app).get("/agencies?item=WAT-01&region=632801").soup
    form = page.select_one("form[action='/compare']")
    assert {box["value"] for box in form.select("input[type=checkbox][name=agency]")} >= set(
        _ids(world, "agency", "second", "third")
    )
    assert {i["name"]: i["value"] for i in form.select("input[type=hidden]")} == {
        "item": "WAT-01",
        "region": "632801",
    }


def test_who_keeps_an_agency_sees_it_marked(app: Flask, world: World) -> None:
    declare(world.actor("agency"), areas=["632800"])
    shortlist.add(world.actor("buyer"), agency=world.identifiers["agency"])
    buyer = sign_in(app, world, "buyer")
    for path in ("/agencies", f"/agencies/{world.identifiers['agency']}", "/my/agencies"):
        page = buyer.get(path)
        assert page.soup.select("button[form=keep-remove]"), path
        assert "海西" in page.text
