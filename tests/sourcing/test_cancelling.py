"""Drawing again until it pleases.

Once offers can be read a buyer cancels on listed grounds alone, with the regulator's consent, and the re-run
and the cancelled tender name each other in public.
"""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from harness.factories import World
from market.extensions import db
from market.jobs import run_deadlines
from market.oversight.actions.overriding import override
from market.sourcing.actions import awards, cancelling, closing, drafting, tenders
from market.sourcing.actions import quotes as quote_actions
from market.transaction import transaction
from models import policy, workdays
from models.errors import NotAllowed, RuleViolation, WrongState
from models.sourcing.awards import Award
from models.sourcing.cancelling import grounds
from models.sourcing.tenders import Tender
from tests.sourcing.readable import opened
from tests.sourcing.test_lifecycle import told
from tests.web import sign_in

READ = [
    ("sealed_bid", "state"),
    ("sealed_bid", "private"),
    ("reference_price", "state"),
    ("random_draw", "private"),
    ("merit", "state"),
    ("reverse_auction", "state"),
    ("inquiry", "state"),
]


@pytest.mark.parametrize(("mode", "funds"), READ)
def test_after_a_draw_an_opening_or_an_auction_the_buyer_does_not_cancel_alone(
    world: World, time: Any, mode: str, funds: str
) -> None:
    tender = opened(world, time, mode, funds)
    buyer, regulator = world.actor("buyer"), world.actor("regulator")
    with pytest.raises(RuleViolation, match="规则列明的情形"):
        cancelling.cancel(buyer, tender, reason="请求重新抽取")
    for ground in ("", "重新抽取", "unhappy"):
        with pytest.raises(RuleViolation) as refused:
            cancelling.ask(buyer, tender, ground=ground, reason="对结果不满意")
        assert refused.value.field == "ground"
    assert Tender.load(db.session, tender).state == "evaluated"
    cancelling.ask(buyer, tender, ground="unlawful", reason="两家机构的投标文件雷同")
    for who, act in ((buyer, cancelling.consent), (world.actor("agency"), cancelling.refuse)):
        with pytest.raises(NotAllowed):
            act(who, tender, reason="我自己同意了")
    with pytest.raises(WrongState):
        awards.award(buyer, tender, agency=world.identifiers["agency"], reasons="还没有决定就确定")
    cancelling.refuse(regulator, tender, reason="雷同一说查无实据")
    found = Tender.load(db.session, tender)
    assert (found.state, found.cancel_ground) == ("evaluated", None)
    cancelling.ask(buyer, tender, ground="unlawful", reason="另有证据证明串通")
    cancelling.consent(regulator, tender, reason="串通属实,同意取消")
    assert Tender.load(db.session, tender).state == "cancelled"
    assert told(world, "agency", "tender.consent") == told(world, "buyer", "tender.consent") == 1


def test_the_buyer_finds_how_to_end_it_or_who_may(app: Flask, world: World, time: Any) -> None:
    drawn, scored = opened(world, time), opened(world, time, "merit", project="另一项目")
    world.appoint_admin()
    override(
        world.actor("admin"), case_type="tender", identifier=scored, target="scoring", reason="评审重新进行"
    )
    buyer, other = sign_in(app, world, "buyer"), sign_in(app, world, "agency")
    link = buyer.get(f"/requests/{drawn}").soup.select_one("#ending a")
    assert (link["href"], link.get_text()) == (
        f"/requests/{drawn}/ask_cancel",
        "终止采购(需法定理由,监管部门同意)",
    )
    awards.award(world.actor("buyer"), drawn, reasons="按抽取结果确定")
    for tender, state in ((drawn, "中选公示"), (scored, "评审中")):
        said = buyer.get(f"/requests/{tender}").soup.select_one("#ending").get_text()
        assert "监管部门" in said
        assert "政府采购法" in said, "the grounds with their sources"
        refused = buyer.get(f"/requests/{tender}/cancel")
        assert (refused.status, "刷新" in refused.text, state in refused.text) == (409, False, True)
        assert refused.soup.select_one(f'a.btn-main[href="/requests/{tender}"]')
        assert other.get(f"/requests/{tender}").soup.select_one("#ending") is None


def test_what_nobody_has_read_is_cancelled_freely(world: World, time: Any) -> None:
    sealed, quotes = world.tender(mode="sealed_bid", funds="state"), world.tender()
    world.bids(sealed, agency=100)
    quote_actions.submit(world.actor("agency"), quotes, price=100, days=20)
    closing.close(world.actor("buyer"), quotes)
    with pytest.raises(RuleViolation, match="可以直接取消"):
        cancelling.ask(world.actor("buyer"), quotes, ground="few", reason="只有一家报价")
    for tender in (sealed, quotes):
        cancelling.cancel(world.actor("buyer"), tender, reason="项目选址调整,取消")


def test_declining_every_quote_is_no_way_round(world: World, time: Any) -> None:
    from models.sourcing.quotes import Quote

    tender = opened(world, time, "inquiry")
    quotes = [q.identifier for q in db.session.query(Quote).all()]
    for quote in quotes[:2]:
        quote_actions.decline(world.actor("buyer"), quote)
    with pytest.raises(RuleViolation, match="最后一份"):
        quote_actions.decline(world.actor("buyer"), quotes[2])
    assert Tender.load(db.session, tender).state == "evaluated"


def test_prices_nobody_answers_are_none_either(world: World, time: Any) -> None:
    """A counter-offer of one fen to each: none answers, and what they offered stands."""
    from models.sourcing.quotes import Quote

    tender = opened(world, time, "inquiry")
    before = {q.identifier: (q.price, q.days) for q in db.session.query(Quote)}
    for quote in before:
        quote_actions.offer(world.actor("buyer"), quote, price=1, days=1)
    time.instant = workdays.add(time.instant, 6)
    run_deadlines()
    db.session.rollback()
    assert Tender.load(db.session, tender).state == "evaluated"
    assert {q.identifier: (q.price, q.days) for q in db.session.query(Quote)} == before
    assert {q.state for q in db.session.query(Quote)} == {"open"}
    assert told(world, "agency", "quote.stand") == 1
    assert awards.award(
        world.actor("buyer"), tender, agency=world.identifiers["second"], reasons="价格合适,资历较好"
    )
    assert {a.price for a in db.session.query(Award)} == {4_200_000}


def test_nobody_answers_the_buyers_plea_and_it_is_referred(world: World, time: Any) -> None:
    tender = opened(world, time)
    cancelling.ask(world.actor("buyer"), tender, ground="few", reason="两家资质不符")
    assert told(world, "regulator", "tender.ask_cancel") == 1
    time.instant = workdays.add(time.instant, 6)
    run_deadlines()
    assert told(world, "regulator", "tender.refer") == 1
    cancelling.keep(world.actor("buyer"), tender)
    assert awards.award(world.actor("buyer"), tender, reasons="按抽取结果确定")


def test_a_draft_goes_out_under_the_policy_of_its_day(world: World) -> None:
    draft = drafting.create(world.actor("buyer"), **world.asked())
    with transaction() as session:
        session.execute(update(Tender).where(Tender.identifier == draft).values(policy_version="2026-11"))
    tenders.publish(world.actor("buyer"), draft)
    assert Tender.load(db.session, draft).policy_version == policy.current().version != "2026-11"


def test_every_ground_is_in_both_languages_and_names_its_source() -> None:
    listed = grounds(policy.current().version)
    assert {key for key, ground in listed.items() if not ground.again} == {"gone"}
    assert all(
        ground.words["zh"] and ground.words["en"] and "第" in ground.source for ground in listed.values()
    )
