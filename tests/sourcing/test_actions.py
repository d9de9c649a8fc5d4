"""Negotiation, sealed bids, awards: the rules through the actions."""

from __future__ import annotations

from typing import Any

import pytest

from market.extensions import db
from market.jobs import run_deadlines
from market.sourcing import actions as sourcing
from models import workdays
from models.draws import Draw, publication, rank
from models.sourcing import Award, Bid, Quote, Request
from models.text import NotAllowed, RuleBroken
from tests.factories import World


def test_negotiation_goes_by_turns_and_never_above_the_published_price(world: World) -> None:
    request = world.request()
    agency, buyer = world.actor("agency"), world.actor("buyer")
    with pytest.raises(RuleBroken, match=r"50,000\.00") as refused:
        sourcing.submit_quote(agency, request, price=5_000_001, days=20)
    assert refused.value.field == "price"
    quote = sourcing.submit_quote(agency, request, price=5_000_000, days=20)
    with pytest.raises(NotAllowed):
        sourcing.offer(agency, quote, price=4_500_000, days=20)
    sourcing.offer(buyer, quote, price=4_000_000, days=15)
    with pytest.raises(NotAllowed):
        sourcing.accept_quote(buyer, quote)
    sourcing.offer(agency, quote, price=4_400_000, days=18)
    sourcing.accept_quote(buyer, quote)
    agreed = Quote.load(db.session, quote)
    assert [(o.by, o.price) for o in agreed.offers] == [
        ("agency", 5_000_000), ("buyer", 4_000_000), ("agency", 4_400_000),
    ]  # fmt: skip
    assert (agreed.state, agreed.price, agreed.days) == ("agreed", 4_400_000, 18)


def test_an_unanswered_turn_expires(world: World, time: Any) -> None:
    quote = sourcing.submit_quote(world.actor("agency"), world.request(), price=5_000_000, days=20)
    sourcing.offer(world.actor("buyer"), quote, price=4_000_000, days=20)
    time.instant = workdays.add(time.instant, 4)
    run_deadlines()
    assert Quote.load(db.session, quote).state == "expired"


@pytest.mark.parametrize(("prices", "winners"), [((400, 300, 350), {"second"}), ((300, 300, 350), {"agency", "second"})])
def test_sealed_bids_stay_sealed_until_the_deadline_and_the_cheapest_wins(
    world: World, time: Any, prices: tuple[int, ...], winners: set[str]
) -> None:
    request = world.request(mode="sealed_bid", funds="state")
    for name, price in zip(("agency", "second", "third"), prices, strict=True):
        sourcing.submit_bid(world.actor(name), request, price=price * 10_000, days=20)
    bids = db.session.query(Bid).all()
    assert all(b.price is None and str(300 * 10_000).encode() not in b.sealed for b in bids)
    run_deadlines()
    assert {b.state for b in bids} == {"submitted"}
    time.instant = Request.load(db.session, request).deadline
    sourcing.submit_bid(world.actor("third"), request, price=prices[2] * 10_000, days=19)
    time.instant = time.instant.replace(microsecond=1)
    with pytest.raises(RuleBroken):
        sourcing.submit_bid(world.actor("third"), request, price=1, days=19)
    run_deadlines()
    assert sorted(b.price or 0 for b in db.session.query(Bid)) == sorted(p * 10_000 for p in prices)
    promised = [publication(draw) for draw in db.session.query(Draw)]
    assert len(promised) == (len(winners) > 1), "the seed's hash and the list are public before anyone draws"
    assert all(file["seed"] is None and not file["result"] for file in promised)
    award = Award.load(db.session, sourcing.award(world.actor("buyer"), request, reasons="最低价中选"))
    assert award.agency.name.removesuffix("单位") in winners
    draw = db.session.query(Draw).one_or_none()
    assert (draw is not None) == (len(winners) > 1)
    if draw is not None:
        file = publication(draw)
        assert (file["commitment"], file["candidates"]) == (promised[0]["commitment"], promised[0]["candidates"])
        assert rank(file["seed"], file["candidates"], file["contributions"])[0] == file["result"][0]
    assert award.state == "proposed"
    time.instant = workdays.add(time.instant, 3)
    run_deadlines()
    assert Award.load(db.session, award.identifier).state == "final"
    assert world.contract_of(award.identifier).state == "drafted"


def test_state_funds_need_three_bidders_or_the_request_fails(world: World, time: Any) -> None:
    request = world.request(mode="sealed_bid", funds="state")
    sourcing.submit_bid(world.actor("agency"), request, price=100, days=20)
    time.instant = workdays.add(time.instant, 5)
    run_deadlines()
    assert Request.load(db.session, request).state == "failed"
    bid = db.session.query(Bid).one()
    assert (bid.state, bid.price) == ("void", None)


def test_the_same_form_sent_twice_acts_once(world: World) -> None:
    request = world.request()
    first = sourcing.submit_quote(world.actor("agency"), request, price=1000, days=20, submission="form-1")
    again = sourcing.submit_quote(world.actor("agency"), request, price=1000, days=20, submission="form-1")
    assert first == again
    assert db.session.query(Quote).count() == 1


def test_a_regulator_annuls_and_the_buyer_decides_anew(world: World) -> None:
    request = world.request(mode="sealed_bid", funds="state")
    for name, price in (("agency", 300), ("second", 400), ("third", 500)):
        sourcing.submit_bid(world.actor(name), request, price=price, days=20)
    from models import clock

    with clock.at(workdays.add(clock.now(), 6)):
        run_deadlines()
        first = sourcing.award(world.actor("buyer"), request, reasons="最低价中选")
        with pytest.raises(NotAllowed):
            sourcing.annul(world.actor("buyer"), first, reason="我不想要它了")
        sourcing.annul(world.actor("regulator"), first, reason="投标文件造假")
        second = sourcing.award(world.actor("buyer"), request, reasons="次低价中选")
    assert Award.load(db.session, second).agency.name == "second单位"


def test_a_request_whose_last_quote_goes_fails_and_says_so(world: World, time: Any) -> None:
    request = world.request()
    quotes = [sourcing.submit_quote(world.actor(name), request, price=100, days=20) for name in ("agency", "second")]
    sourcing.close(world.actor("buyer"), request)
    sourcing.withdraw_quote(world.actor("agency"), quotes[0])
    assert Request.load(db.session, request).state == "evaluated"
    time.instant = workdays.add(time.instant, 40)
    run_deadlines()
    assert Quote.load(db.session, quotes[1]).state == "expired"
    assert Request.load(db.session, request).state == "failed"


def test_after_an_annulled_award_equals_are_drawn_anew(world: World, time: Any) -> None:
    request = world.request(mode="sealed_bid", funds="state")
    for name in ("agency", "second", "third"):
        sourcing.submit_bid(world.actor(name), request, price=300, days=20)
    time.instant = workdays.add(time.instant, 6)
    run_deadlines()
    first = sourcing.award(world.actor("buyer"), request, reasons="最低价,同价抽取")
    sourcing.annul(world.actor("regulator"), first, reason="投标文件造假")
    second = sourcing.award(world.actor("buyer"), request, reasons="最低价,同价抽取")
    assert Award.load(db.session, second).agency_id != Award.load(db.session, first).agency_id
    draws = db.session.query(Draw).order_by(Draw.id).all()
    assert [len(draw.candidates) for draw in draws] == [3, 2]
    assert all(draw.drawn_at for draw in draws)


def test_choosing_an_open_quote_accepts_it_and_a_delegate_needs_a_budget(world: World) -> None:
    from market.accounts import actions as accounts
    from models import clock

    request = world.request()
    quote = sourcing.submit_quote(world.actor("agency"), request, price=100, days=20)
    sourcing.close(world.actor("buyer"), request)
    sourcing.award(world.actor("buyer"), request, agency=world.identifiers["agency"], reasons="价格合理,工期满足")
    assert Quote.load(db.session, quote).state == "agreed"
    world.enterprise("helper")
    accounts.delegate(
        world.actor("buyer"), email="helper@example.cn", scope=["request"], most=3_000_000, until=workdays.add(clock.now(), 30)
    )
    buyer = world.organisation("buyer").id
    with pytest.raises(RuleBroken, match="预算上限"):
        world.request("helper", on_behalf_of=buyer)
    open_ended = world.request()
    with pytest.raises(NotAllowed):
        sourcing.cancel(world.actor("helper"), open_ended, reason="没有预算上限的不能代办")


def test_a_candidates_own_text_goes_into_the_draw_and_nobody_elses(app: Any, world: World, time: Any) -> None:
    from tests.web import Visitor, sign_in

    request = world.request(mode="sealed_bid", funds="state")
    for name, price in (("agency", 300), ("second", 300), ("third", 400)):
        sourcing.submit_bid(world.actor(name), request, price=price, days=20)
    time.instant = workdays.add(time.instant, 6)
    run_deadlines()
    draw = db.session.query(Draw).one().identifier
    assert "写入抽取参数" not in Visitor(app).get(f"/requests/{request}").text
    agency = sign_in(app, world, "agency")
    assert "写入抽取参数" in agency.get(f"/requests/{request}").text
    assert agency.submit(f"/draws/{draw}/contribute", value="x" * 201).status == 422
    assert agency.submit(f"/draws/{draw}/contribute", value="青海湖 2026").location == f"/requests/{request}"
    assert "每家一次" in agency.submit(f"/draws/{draw}/contribute", value="再来一次").error_at("value")
    for name in ("third", "buyer"):
        with pytest.raises(RuleBroken):
            sourcing.contribute(world.actor(name), draw, value="外人")
    assert "青海湖 2026" in Visitor(app).get(f"/requests/{request}").text
    award = sourcing.award(world.actor("buyer"), request, reasons="最低价,同价抽取")
    file = publication(db.session.query(Draw).one())
    assert [c["value"] for c in file["contributions"]] == ["青海湖 2026"]
    assert rank(file["seed"], file["candidates"], file["contributions"])[0] == file["result"][0]
    assert "青海湖 2026" in Visitor(app).get(f"/awards/{award}").text
    assert sign_in(app, world, "second").submit(f"/draws/{draw}/contribute", value="太晚").status == 409


@pytest.mark.parametrize("prices", [(300, 300, 300), (300, 400, 500), (300, 400, 400), (300, 300, 400)])
def test_an_agency_that_may_no_longer_be_engaged_is_passed_over(world: World, time: Any, prices: tuple[int, ...]) -> None:
    from market.accounts import actions as accounts

    request = world.request(mode="sealed_bid", funds="state")
    for name, price in zip(("agency", "second", "third"), prices, strict=True):
        sourcing.submit_bid(world.actor(name), request, price=price, days=20)
    time.instant = workdays.add(time.instant, 6)
    run_deadlines()
    accounts.suspend(world.actor("regulator"), world.identifiers["agency"], reason="登记住所查无此机构")
    if prices == (300, 400, 400):
        with pytest.raises(RuleBroken, match="重新发布"):
            sourcing.award(world.actor("buyer"), request, reasons="最低价中选")
        sourcing.cancel(world.actor("buyer"), request, reason="最低价机构已被暂停")
        return
    award = Award.load(db.session, sourcing.award(world.actor("buyer"), request, reasons="最低价中选"))
    assert award.agency.name != "agency单位"
    assert award.price == sorted(prices)[1]
    assert (award.draw_identifier is not None) == (prices.count(300) > 1)


def test_a_suspended_agencys_quote_cannot_be_chosen(world: World) -> None:
    from market.accounts import actions as accounts

    request = world.request()
    for name in ("agency", "second"):
        sourcing.submit_quote(world.actor(name), request, price=100, days=20)
    sourcing.close(world.actor("buyer"), request)
    accounts.suspend(world.actor("regulator"), world.identifiers["agency"], reason="登记住所查无此机构")
    with pytest.raises(RuleBroken, match="其他报价") as refused:
        sourcing.award(world.actor("buyer"), request, agency=world.identifiers["agency"], reasons="价格合理,工期满足")
    assert refused.value.field == "agency"
    assert sourcing.award(world.actor("buyer"), request, agency=world.identifiers["second"], reasons="价格合理,工期满足")
