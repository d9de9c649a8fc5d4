"""Sealed bids: who wins by each rule, and what nobody can read before the opening."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from flask import Flask

from harness.factories import PDF, World
from market.agencies.actions import entry
from market.extensions import db
from market.indexing import rebuild_index
from market.jobs import drain, run_deadlines
from market.keeper import keeper
from market.sourcing.actions import awards, cancelling, quotes
from market.sourcing.actions import bids as bid_actions
from models import clock, draws, sealing, workdays
from models.draws import publication, rank
from models.errors import NotAllowed, NotFound, RuleViolation, WrongState
from models.sourcing.awards import Award
from models.sourcing.bids import Bid
from models.sourcing.tenders import Tender
from tests.web import Visitor, sign_in


def tender_of(world: World, mode: str = "sealed_bid", **values: Any) -> str:
    return world.tender(mode=mode, funds="state", **values)


@pytest.mark.parametrize(
    ("prices", "winners"), [((400, 300, 350), {"second"}), ((300, 300, 350), {"agency", "second"})]
)
def test_the_cheapest_wins_and_equals_follow_the_drawn_order(
    world: World, time: Any, prices: tuple[int, ...], winners: set[str]
) -> None:
    tender = tender_of(world)
    (draw,) = draws.of_case(db.session, tender)
    promised = publication(draw)
    assert promised["seed"] is None
    assert not promised["candidates"]
    bids = world.bids(
        tender, **dict(zip(("agency", "second", "third"), (p * 10_000 for p in prices), strict=True))
    )
    run_deadlines()
    assert {b.state for b in db.session.query(Bid)} == {"submitted"}
    time.closing(tender)
    assert sorted(b.price or 0 for b in db.session.query(Bid)) == sorted(p * 10_000 for p in prices)
    file = publication(draws.of_case(db.session, tender)[0])
    assert (file["commitment"], file["candidates"]) == (promised["commitment"], list(bids.values()))
    assert rank(file["seed"], file["candidates"], file["contributions"]) == file["result"]
    award = Award.load(db.session, awards.award(world.actor("buyer"), tender, reasons="最低价中选"))
    assert award.agency.name.removesuffix("单位") in winners
    equals = [bids[name] for name in winners]
    assert bids[award.agency.name.removesuffix("单位")] == min(equals, key=file["result"].index)
    assert award.state == "proposed"
    time.instant = workdays.add(time.instant, 3)
    run_deadlines()
    assert Award.load(db.session, award.identifier).state == "final"
    assert world.contract_of(award.identifier).state == "drafted"


def test_a_bid_counts_at_the_deadline_and_not_after(world: World, time: Any) -> None:
    tender = tender_of(world)
    world.bids(tender, agency=300, second=400)
    deadline = time.instant = world.deadline(tender)
    world.bids(tender, third=500)
    time.instant = deadline.replace(microsecond=1000)
    with pytest.raises(RuleViolation, match="截止"):
        world.bids(tender, third=1)
    bid = db.session.query(Bid).filter_by(receipt=db.session.query(Bid.receipt).first()[0]).one().identifier
    with pytest.raises(RuleViolation, match="截止"):
        bid_actions.withdraw(world.actor("agency"), bid)
    run_deadlines()
    assert Tender.load(db.session, tender).state == "published", (
        "it is closed only when what arrived in time is stored"
    )
    time.closing(tender)
    assert Tender.load(db.session, tender).state == "evaluated"


def test_a_bid_is_replaced_and_withdrawn_until_the_deadline(world: World, time: Any) -> None:
    tender = tender_of(world)
    bids = world.bids(tender, agency=300, second=400, third=500)
    first = Bid.load(db.session, bids["agency"]).receipt
    assert world.bids(tender, agency=250) == {"agency": bids["agency"]}
    db.session.rollback()
    assert Bid.load(db.session, bids["agency"]).receipt != first
    bid_actions.withdraw(world.actor("second"), bids["second"])
    with pytest.raises(NotAllowed):
        bid_actions.withdraw(world.actor("second"), bids["third"])
    assert world.bids(tender, second=450) == {"second": bids["second"]}
    bid_actions.withdraw(world.actor("third"), bids["third"])
    world.bids(tender, third=100)
    bid_actions.withdraw(world.actor("third"), bids["third"])
    time.closing(tender)
    assert Tender.load(db.session, tender).extended, "two are too few for state funds"
    world.bids(tender, third=600)
    time.closing(tender)
    assert {b.identifier: b.price for b in db.session.query(Bid)} == {
        bids["agency"]: 250,
        bids["second"]: 450,
        bids["third"]: 600,
    }


def test_the_receipt_is_the_hash_of_what_is_published_at_the_opening(
    app: Flask, world: World, time: Any
) -> None:
    tender = tender_of(world)
    bids = world.bids(tender, agency=300, second=400, third=500)
    receipt = Bid.load(db.session, bids["agency"]).receipt
    visitor = Visitor(app)
    assert visitor.get(f"/bids/{bids['agency']}.json").status == 404
    assert sign_in(app, world, "agency").get(f"/bids/{bids['agency']}.json").status == 404
    time.closing(tender)
    answer = visitor.get(f"/bids/{bids['agency']}.json")
    assert hashlib.sha256(answer.response.get_data()).hexdigest() == receipt
    assert json.loads(answer.text)["price"] == 300


def test_the_reference_price_is_drawn_and_the_nearest_wins(world: World, time: Any) -> None:
    world.agency("fourth", 5_000_000)
    tender = tender_of(world, "reference_price")
    bids = world.bids(tender, agency=1_000_000, second=2_000_000, third=1_930_000, fourth=3_000_000)
    time.closing(tender)
    found = Tender.load(db.session, tender)
    reference = found.outcome.reference
    assert (reference.counted, reference.dropped) == (4, []), (
        "the plain mean: of four the two in the middle would say nothing"
    )
    assert reference.mean == 1_982_500
    assert reference.price == 1_982_500 * int(reference.percent) // 100
    order, percent = draws.of_case(db.session, tender)
    assert percent.purpose == "percent"
    assert percent.result == [reference.percent]
    assert percent.candidates == ["95", "96", "97", "98"]
    assert percent.participants == order.candidates == list(bids.values())
    nearest = min(bids.values(), key=lambda b: abs((Bid.load(db.session, b).price or 0) - reference.price))
    assert found.outcome.ranking[0] == nearest == bids["third"]


def test_a_random_draw_is_at_the_buyers_price_and_the_first_drawn_wins(world: World, time: Any) -> None:
    with pytest.raises(RuleViolation, match="业主定价"):
        tender_of(world, "random_draw")
    tender = tender_of(world, "random_draw", budget=4_700_000)
    bids = {
        name: bid_actions.submit(world.actor(name), tender, price=None, days=20, contribution=f"{name} 的话")
        for name in ("agency", "second", "third")
    }
    time.closing(tender)
    prices = {name: Bid.load(db.session, bid).price for name, bid in bids.items()}
    assert prices == {"agency": 4_700_000, "second": 4_700_000, "third": 4_600_000}, (
        "one's own published price where it is lower"
    )
    (draw,) = draws.of_case(db.session, tender)
    assert [said["party"] for said in draw.contributions] == list(bids.values())
    assert all(re.fullmatch("[0-9a-f]{64}", said["value"]) for said in draw.contributions), (
        "no words: what a text is worth to the draw, not what it says"
    )
    award = Award.load(db.session, awards.award(world.actor("buyer"), tender, reasons="公开抽取决定"))
    assert bids[award.agency.name.removesuffix("单位")] == draw.result[0]


def test_too_few_bidders_wait_once_and_then_it_is_as_the_policy_says(world: World, time: Any) -> None:
    outcomes = {}
    for mode, funds in (
        ("sealed_bid", "state"),
        ("sealed_bid", "private"),
        ("reference_price", "private"),
        ("random_draw", "private"),
    ):
        tender = world.tender(mode=mode, funds=funds, budget=4_000_000)
        deadline = world.deadline(tender)
        world.bids(tender, agency=3_000_000)
        time.closing(tender)
        found = Tender.load(db.session, tender)
        assert (found.state, found.extended) == ("published", True)
        assert world.deadline(tender) == workdays.add(deadline, 3)
        time.closing(tender)
        found = Tender.load(db.session, tender)
        bid = db.session.query(Bid).filter_by(tender_id=found.id).one()
        if found.mode == "inquiry":
            assert quotes.submit(world.actor("agency"), tender, price=2_900_000, days=20)
        outcomes[mode, funds] = (found.state, found.mode, bid.state, bid.price)
    assert outcomes == {
        ("sealed_bid", "state"): ("failed", "sealed_bid", "void", None),
        ("sealed_bid", "private"): ("evaluated", "sealed_bid", "opened", 3_000_000),
        ("reference_price", "private"): ("published", "inquiry", "void", None),
        ("random_draw", "private"): ("failed", "random_draw", "void", None),
    }
    drain()
    with pytest.raises(NotFound):
        keeper().release(db.session.query(Tender).filter_by(state="failed").first().keeper_handle)


@pytest.mark.parametrize("prices", [(300, 300, 300), (300, 400, 500), (300, 400, 400), (300, 300, 400)])
def test_an_agency_that_may_no_longer_be_engaged_is_passed_over(
    world: World, time: Any, prices: tuple[int, ...]
) -> None:
    tender = tender_of(world)
    world.bids(tender, **dict(zip(("agency", "second", "third"), prices, strict=True)))
    time.closing(tender)
    entry.suspend(world.actor("regulator"), world.identifiers["agency"], reason="登记住所查无此机构")
    award = Award.load(db.session, awards.award(world.actor("buyer"), tender, reasons="最低价中选"))
    assert award.agency.name != "agency单位"
    assert award.price == sorted(prices)[1]


def test_after_an_annulled_award_the_next_in_the_same_ranking_wins(world: World, time: Any) -> None:
    tender = tender_of(world)
    world.bids(tender, agency=300, second=300, third=300)
    time.closing(tender)
    won = []
    for _ in range(3):
        award = awards.award(world.actor("buyer"), tender, reasons="最低价,按抽签顺序")
        won.append(Award.load(db.session, award).agency_id)
        with pytest.raises(NotAllowed):
            awards.annul(world.actor("buyer"), award, reason="我不想要它了")
        awards.annul(world.actor("regulator"), award, reason="投标文件造假")
    ranking = Tender.load(db.session, tender).outcome.ranking
    assert won == [Bid.load(db.session, name).agency_id for name in ranking]
    with pytest.raises(RuleViolation, match="重新发布"):
        awards.award(world.actor("buyer"), tender, reasons="没有可选的人了")
    cancelling.ask(world.actor("buyer"), tender, ground="nobody", reason="没有可以中选的投标")
    cancelling.consent(world.actor("regulator"), tender, reason="三家均已撤销中选")


def test_neither_half_of_the_key_opens_a_bid_and_the_keeper_waits_for_its_time(
    app: Flask, world: World, time: Any
) -> None:
    tender = tender_of(world)
    bids = world.bids(tender, agency=4_321_700)
    found, bid = Tender.load(db.session, tender), Bid.load(db.session, bids["agency"])
    handle = found.keeper_handle or ""
    mine = sealing.unwrap(app.extensions["sealing_key"], found.wrapped_key or b"")
    with pytest.raises(InvalidTag):
        sealing.open_sealed(mine, bid.sealed)
    with pytest.raises(WrongState):
        keeper().release(handle)
    with pytest.raises(WrongState):
        keeper().postpone(handle, clock.now())
    time.instant = found.deadline
    theirs = keeper().release(handle)
    inner = sealing.open_sealed(theirs, bid.sealed)
    assert b"4321700" not in inner
    assert json.loads(sealing.open_sealed(mine, inner))["price"] == 4_321_700


def _searched(app: Flask) -> list[str]:
    """The index's own tables, where it is kept in the database."""
    return ["search.documents", "search.terms"] if app.extensions["search"].backend.in_database else []


def test_a_stolen_database_and_its_files_hold_no_price(
    app: Flask, world: World, time: Any, caplog: Any, tmp_path: Path
) -> None:
    """Every table's every row, every notice, the search index, the files and the log.

    With a bid of a telling price.
    """
    from sqlalchemy import inspect, text

    caplog.set_level("DEBUG")
    tender = tender_of(world)
    bid_actions.submit(
        world.actor("agency"),
        tender,
        price=4_321_700,
        days=347,
        note="密封的话",
        contribution="我的参数",
        file_name="密封的话.pdf",
        content=PDF + "密封的话".encode(),
    )
    drain()
    rebuild_index()
    secrets = (b"4321700", b"43217", b"43,217", "密封的话".encode(), "我的参数".encode(), b"347")
    with db.engine.connect() as connection:
        for table in [*inspect(db.engine).get_table_names(), *_searched(app)]:
            for row in connection.execute(text(f"SELECT * FROM {table}")):
                told = repr(tuple(bytes(v) if isinstance(v, memoryview) else v for v in row)).encode()
                assert not any(secret in told for secret in secrets[:5]), table
                assert table in ("regions", "service_items") or not any(v == 347 for v in row), table
    for path in (p for p in tmp_path.rglob("*") if p.is_file() and p.suffix not in (".sqlite3",)):
        assert not any(secret in path.read_bytes() for secret in secrets[:5]), path
    assert not any(secret.decode() in caplog.text for secret in secrets[:5])


def test_an_attached_file_is_sealed_with_the_bid_and_open_to_all_after_the_opening(
    app: Flask, world: World, time: Any
) -> None:
    tender = tender_of(
        world,
        "merit",
        criteria={
            "price": {"weight": 100, "formula": "lowest_ratio"},
            "days": {"weight": 0},
            "credit": {"weight": 0},
            "quality": [],
        },
    )
    agency = sign_in(app, world, "agency")
    refused = agency.submit(f"/requests/{tender}/answer", price="40,000", days="20", file=b"no document")
    assert refused.status == 422
    assert "只接收" in refused.error_at("file")
    path = agency.submit(f"/requests/{tender}/answer", price="40,000", days="20", file=PDF).location
    assert agency.get(f"{path}/file").status == 404, "sealed, to its own agency too"
    empty = agency.submit(f"/requests/{tender}/answer", price="39,000", days="20", file=b"")
    assert (empty.status, empty.error_at("file")) == (422, "文件是空的。"), "what was sealed before stays"
    with pytest.raises(RuleViolation, match="空的"):
        bid_actions.submit(world.actor("agency"), tender, price=300, days=20, file_name="a.pdf")
    bids = world.bids(tender, second=4_100_000, third=4_200_000)
    time.closing(tender)
    assert Visitor(app).get(f"{path}/file").response.get_data() == PDF
    assert "file.pdf" in Visitor(app).get(path).text
    assert Visitor(app).get(f"/bids/{bids['second']}/file").status == 404


def test_a_bid_whose_file_was_swapped_is_void(app: Flask, world: World, time: Any) -> None:
    tender = tender_of(world)
    bid_actions.submit(world.actor("agency"), tender, price=300, days=20, file_name="a.pdf", content=PDF)
    world.bids(tender, second=400, third=500)
    for path in Path(app.config["FILES_FOLDER"]).rglob("*"):
        if path.is_file():
            path.write_bytes(b"swapped" * 20)
    time.closing(tender)
    states = {bid.agency.name: bid.state for bid in db.session.query(Bid)}
    assert states == {"agency单位": "disqualified", "second单位": "opened", "third单位": "opened"}


def test_a_bid_whose_seal_is_broken_is_void_and_the_others_open(world: World, time: Any) -> None:
    from market.transaction import transaction

    tender = tender_of(world)
    bids = world.bids(tender, agency=300, second=400, third=500)
    with transaction() as session:
        bid = Bid.load(session, bids["agency"])
        bid.sealed = bid.sealed[:-1] + bytes([bid.sealed[-1] ^ 1])
    time.closing(tender)
    assert Bid.load(db.session, bids["agency"]).state == "disqualified"
    assert Tender.load(db.session, tender).outcome.ranking == [bids["second"], bids["third"]]
