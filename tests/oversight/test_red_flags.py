"""Red flags in the market: found as bids are opened, never before, and seen by nobody but overseers."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from harness.factories import World
from market.extensions import db
from market.jobs import drain
from market.oversight.actions import red_flags as actions
from market.sourcing.actions import awards
from models import events
from models.errors import NotAllowed, NotFound, RuleViolation
from models.events import Event
from models.oversight.red_flags import RedFlag
from models.oversight.tender_facts import Dealing, OpenedTender
from tests.web import Visitor, sign_in

OVER = "/oversight/red-flags"


def sealed(world: World, **values: Any) -> str:
    return world.tender(**({"mode": "sealed_bid", "funds": "private"} | values))


def kinds() -> dict[str, RedFlag]:
    db.session.rollback()
    return {each.kind: each for each in db.session.scalars(select(RedFlag)).unique()}


def opened(world: World, time: Any, **prices: int) -> str:
    tender = sealed(world)
    world.bids(tender, **prices)
    time.closing(tender)
    drain()
    return tender


def test_nothing_is_read_before_the_opening_and_the_signs_stand_after(world: World, time: Any) -> None:
    tender = sealed(world)
    world.bids(tender, agency=4_000_000, second=4_000_000, third=4_500_000)
    drain()
    assert not kinds(), "same prices, but sealed"
    assert not db.session.scalar(select(func.count()).select_from(OpenedTender))
    time.closing(tender)
    drain()
    flag = kinds()["same_prices"]
    assert (flag.key, flag.about, flag.state) == (tender, "tender", "open")
    assert len(flag.evidence["cases"]) == 2
    assert flag.line == "水利"


def test_bids_that_lie_apart_raise_nothing(world: World, time: Any) -> None:
    opened(world, time, agency=4_800_000, second=4_000_000, third=3_100_000)
    assert not set(kinds()) - {"linked_bidders"}


def test_a_lone_lowest_bid_beside_close_ones_is_shown_with_its_figures(world: World, time: Any) -> None:
    opened(world, time, agency=4_000_000, second=4_100_000, third=4_110_000)
    flag = kinds()["close_bids"]
    figures = {name: value for name, _unit, value in flag.evidence["figures"]}
    assert figures["相对距离"] == pytest.approx(14.1421, rel=1e-3)
    assert flag.evidence["sample"] == 3


def test_a_tender_is_counted_once_however_often_its_events_are_read(world: World, time: Any) -> None:
    tender = opened(world, time, agency=4_000_000, second=4_000_000, third=4_500_000)
    awards.award(
        world.actor("buyer"),
        tender,
        agency=awarded_to(world, tender),
        reasons="按公布的规则排名第一",
    )
    drain()
    before = (tallies(), sorted((kind, flag.id) for kind, flag in kinds().items()))
    assert sum(bids for _key, bids, _won in before[0]) == 6, "three of agencies, three to the buyer"
    assert sum(won for _key, _bids, won in before[0]) == 1
    with db.engine.begin():
        db.session.rollback()
    events.rewind(db.session, "red flags")
    db.session.commit()
    drain()
    assert (tallies(), sorted((kind, flag.id) for kind, flag in kinds().items())) == before


def awarded_to(world: World, tender: str) -> str:
    from models.sourcing.bids import Bid
    from models.sourcing.tenders import Tender

    found = Tender.load(db.session, tender)
    assert found.outcome is not None
    identifier = Bid.load(db.session, found.outcome.ranking[0]).agency.identifier
    db.session.rollback()
    return identifier


def tallies() -> list[tuple[int, int, int]]:
    db.session.rollback()
    found = db.session.scalars(select(Dealing).order_by(Dealing.organisation_id))
    return [(each.organisation_id, each.bids, each.won) for each in found]


def test_who_looks_says_so_with_a_reason_and_it_stays_on_record(world: World, time: Any) -> None:
    opened(world, time, agency=4_000_000, second=4_000_000, third=4_500_000)
    number = kinds()["same_prices"].identifier
    regulator = world.actor("regulator")
    with pytest.raises(RuleViolation):
        actions.look_at(regulator, number, state="open", note="没有这个结果")
    actions.look_at(regulator, number, state="explained", note="都按公布的收费标准计算")
    actions.look_at(regulator, number, state="taken_up", note="标准其实不同,转入核查")
    flag = kinds()["same_prices"]
    assert (flag.state, flag.note) == ("taken_up", "标准其实不同,转入核查")
    told = db.session.scalars(select(Event).where(Event.case_type == "red_flag").order_by(Event.id)).all()
    assert [event.data["reason"] for event in told] == ["都按公布的收费标准计算", "标准其实不同,转入核查"]
    assert {event.audience for event in told} == {"internal"}


@pytest.mark.parametrize("who", ["agency", "buyer", "department", "custodian"])
def test_nobody_but_who_oversees_looks(world: World, time: Any, who: str) -> None:
    opened(world, time, agency=4_000_000, second=4_000_000, third=4_500_000)
    with pytest.raises(NotAllowed):
        actions.look_at(world.actor(who), kinds()["same_prices"].id, state="explained", note="没有问题")


def test_an_overseer_of_another_area_or_line_finds_none(app: Flask, world: World, time: Any) -> None:
    world.authority("far", "regulator", region="540000")
    world.authority("line", "regulator", region="630000", department="生态环境")
    world.authority("water", "regulator", region="632800", department="水利")
    opened(world, time, agency=4_000_000, second=4_000_000, third=4_500_000)
    number = kinds()["same_prices"].identifier
    for name in ("far", "line"):
        visitor = sign_in(app, world, name)
        assert visitor.get(f"{OVER}/{number}").status == 404
        assert not visitor.get(OVER).soup.select(f"a[href='{OVER}/{number}']")
        with pytest.raises(NotFound):
            actions.look_at(world.actor(name), number, state="explained", note="没有问题")
    for name in ("regulator", "water"):
        assert sign_in(app, world, name).get(f"{OVER}/{number}").status == 200


def test_the_page_has_evidence_definition_source_and_what_else_it_may_be(
    app: Flask, world: World, time: Any
) -> None:
    tender = opened(world, time, agency=4_000_000, second=4_000_000, third=4_500_000)
    number, regulator = kinds()["same_prices"].identifier, sign_in(app, world, "regulator")
    page = regulator.get(f"{OVER}/{number}")
    for words in ("Cardinal: R028", "按同一收费标准计算", "不是结论", "报价相同的家数"):
        assert words in page.text
    assert page.soup.select(f"main a[href='/requests/{tender}']")
    refused = regulator.submit(f"{OVER}/{number}", state="explained", note="")
    assert refused.status == 422
    assert refused.error_at("note")
    assert regulator.submit(f"{OVER}/{number}", state="explained", note="都按标准").status == 303
    assert "都按标准" in regulator.get(f"{OVER}/{number}").text
    assert "报价完全相同" in regulator.get(f"{OVER}?state=explained").text
    assert not regulator.get(f"{OVER}?state=open&sign=same_prices").soup.select("table.list tbody td a")
    assert tender in regulator.get(f"{OVER}.csv").text
    assert regulator.get(f"{OVER}?about={tender}").soup.select("table.list tbody td a")


def test_the_tender_and_the_agency_lead_an_overseer_to_their_flags(
    app: Flask, world: World, time: Any
) -> None:
    tender = opened(world, time, agency=4_000_000, second=4_000_000, third=4_500_000)
    pages = (f"/requests/{tender}", f"/oversight/agencies/{world.identifiers['agency']}")
    regulator = sign_in(app, world, "regulator")
    for path, about in zip(pages, (tender, world.identifiers["agency"]), strict=True):
        assert regulator.get(path).soup.select(f"a[href='{OVER}?about={about}']"), path
        assert regulator.get(f"{OVER}?about={about}").status == 200
    for reader in (sign_in(app, world, "buyer"), sign_in(app, world, "agency"), Visitor(app)):
        assert OVER not in reader.get(pages[0]).text


def test_anybody_reads_which_signs_there_are_and_none_who_has_one(
    app: Flask, world: World, time: Any
) -> None:
    tender = opened(world, time, agency=4_000_000, second=4_000_000, third=4_500_000)
    page = Visitor(app).get("/red-flags")
    assert "不说明任何人违规" in page.text
    assert "Cardinal: R028" in page.text
    assert tender not in page.text
    for reader in (sign_in(app, world, "buyer"), sign_in(app, world, "agency")):
        assert reader.get(OVER).status == 403
        assert "报价完全相同" not in reader.get(f"/requests/{tender}").text
