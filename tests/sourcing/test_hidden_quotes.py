"""Quotes a buyer reads while others may still quote.

With state funds it sees how many there are and nothing else, in no page, notice, number or row, until the
deadline shows all of them at once; with private funds as the policy says. The agency is told which before it
quotes.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select, text, update

from harness.factories import World
from market.accounts.actions import delegating
from market.agencies.actions import entry
from market.extensions import db
from market.jobs import drain, run_deadlines
from market.sourcing.actions import awards, cancelling, closing, tenders
from market.sourcing.actions import quotes as quote_actions
from market.transaction import transaction
from models import clock, policy, workdays
from models.accounts import Organisation
from models.errors import NotAllowed, RuleViolation
from models.notifications import Notification
from models.sourcing.quotes import Offer, Quote
from models.sourcing.tenders import Tender
from tests.sourcing.test_lifecycle import amended, told
from tests.web import Visitor, sign_in

PRICES = {"agency": 4_111_100, "second": 4_222_200, "third": 4_333_300}
SHOWN = ("41,111", "42,222", "43,333", "4111100", "4222200", "4333300")


def quoted(
    world: World, names: tuple[str, ...] = ("agency", "second", "third"), **values: Any
) -> tuple[str, dict[str, str]]:
    tender = world.tender(**{"funds": "state", "budget": 4_800_000, **values})
    return tender, {
        name: quote_actions.submit(
            world.actor(name), tender, price=PRICES[name], days=20, note=f"{name} 的说明"
        )
        for name in names
    }


def test_until_the_deadline_the_buyer_sees_how_many_and_then_all(app: Flask, world: World, time: Any) -> None:
    world.enterprise("helper")
    delegating.delegate(
        world.actor("buyer"),
        email="helper@example.cn",
        scope=["tender", "quote"],
        most=9_000_000,
        until=workdays.add(clock.now(), 90),
    )
    world.accept("helper")
    world.appoint_admin()
    tender, quotes = quoted(world)
    for name in ("buyer", "helper", "regulator", "admin", "third", "visitor"):
        visitor = sign_in(app, world, name)
        page = visitor.get(f"/requests/{tender}")
        assert "已收到 3 份" in page.text, name
        for path in (
            f"/requests/{tender}",
            f"/requests/{tender}/compare",
            "/my",
            "/my/notices",
            f"/agencies?q={quotes['agency']}",
            "/requests?mine=1",
        ):
            answer = visitor.get(path)
            for secret in (*SHOWN[:2], SHOWN[3], SHOWN[4], "agency 的说明", "agency单位", quotes["agency"]):
                text = answer.text
                for echo in ("q={}", 'value="{}"', "没有找到 {},或者"):  # what was asked, said back
                    text = text.replace(echo.format(quotes["agency"]), "")
                assert secret not in text, (name, path, secret)
        refused = 302 if name == "visitor" else 404
        assert visitor.get(f"/quotes/{quotes['agency']}").status == refused, name
    time.closing(tender)
    for name in ("buyer", "helper", "regulator"):
        page = sign_in(app, world, name).get(f"/requests/{tender}")
        for shown in ("41,111.00", "42,222.00", "43,333.00", "agency单位"):
            assert shown in page.text, (name, shown)
    assert "agency 的说明" in sign_in(app, world, "buyer").get(f"/quotes/{quotes['agency']}").text
    assert "41,111" not in sign_in(app, world, "second").get(f"/requests/{tender}").text, "rivals never"
    quote_actions.offer(world.actor("buyer"), quotes["agency"], price=4_000_000, days=20)
    assert awards.award(
        world.actor("buyer"), tender, agency=world.identifiers["second"], reasons="价格合理,工期满足"
    )


def test_what_is_hidden_is_in_no_row(world: World) -> None:
    _, quotes = quoted(world, ("agency",))
    assert db.session.scalars(select(Offer)).all() == []
    row = db.session.execute(
        text("SELECT price, days, published_price FROM quotes WHERE identifier = :q"), {"q": quotes["agency"]}
    ).one()
    assert tuple(row) == (None, None, None)
    events = db.session.execute(text("SELECT data FROM events WHERE case_type IN ('quote', 'request')")).all()
    assert not any(secret in str(event) for event in events for secret in (*SHOWN, "的说明"))


def test_no_notice_and_no_act_reaches_a_hidden_quote(app: Flask, world: World, time: Any) -> None:
    tender, quotes = quoted(world)
    buyer = world.actor("buyer")
    for act in (quote_actions.accept, quote_actions.decline, quote_actions.withdraw):
        with pytest.raises(NotAllowed):
            act(buyer, quotes["agency"])
    with pytest.raises(RuleViolation, match="不公开"):
        quote_actions.offer(buyer, quotes["agency"], price=100, days=20)
    with pytest.raises(RuleViolation, match="提前截止"):
        closing.close(buyer, tender)
    quote_actions.withdraw(world.actor("second"), quotes["second"])
    drain()
    db.session.rollback()
    mine = db.session.scalars(
        select(Notification).where(Notification.organisation_id == world.organisation("buyer").id)
    ).all()
    assert not [notice for notice in mine if notice.event.case_type == "quote"]
    refused = sign_in(app, world, "buyer")
    page = refused.get(f"/requests/{tender}/cancel")
    sent = {name: page.value_of(name) for name in ("csrf_token", "submission")}
    answer = refused.post(f"/requests/{tender}/award", {**sent, "reasons": "提前看看有谁报了价"})
    assert answer.status == 409
    assert "agency单位" not in answer.text
    assert "41,111" not in answer.text, "nor on a form that is refused"


def test_an_agency_reads_replaces_and_withdraws_its_own_until_the_deadline(
    app: Flask, world: World, time: Any
) -> None:
    tender, quotes = quoted(world)
    agency = sign_in(app, world, "agency")
    page = agency.get(f"/quotes/{quotes['agency']}")
    assert "41,111.00" in page.text
    assert "密封至" in page.text
    assert agency.get(f"/quotes/{quotes['agency']}/replace").location == f"/requests/{tender}/answer"
    assert (
        agency.submit(f"/requests/{tender}/answer", price="40,000", days="18").location
        == f"/quotes/{quotes['agency']}"
    )
    assert agency.submit(f"/requests/{tender}/answer", price="50,000.01", days="18").status == 422, (
        "still not above the published price"
    )
    time.instant = world.deadline(tender) + timedelta(seconds=1)
    with pytest.raises(RuleViolation, match="已过截止时间"):
        quote_actions.submit(world.actor("agency"), tender, price=100, days=20)
    time.closing(tender)
    found = Quote.load(db.session, quotes["agency"])
    assert (found.price, found.days, [o.price for o in found.offers]) == (4_000_000, 18, [4_000_000])
    with pytest.raises(RuleViolation):
        quote_actions.submit(world.actor("agency"), tender, price=100, days=20)


def test_nothing_is_said_to_wait_for_an_answer_before_the_deadline(
    app: Flask, world: World, time: Any
) -> None:
    tender, quotes = quoted(world)
    agency, deadline = (
        sign_in(app, world, "agency"),
        f"{world.deadline(tender).astimezone(clock.BEIJING):%Y-%m-%d %H:%M}",
    )
    page = agency.get(f"/quotes/{quotes['agency']}")
    assert "等业主答复" not in page.text
    assert f"密封至 {deadline}" in page.soup.select_one(".turn").get_text()
    facts = {
        dt.get_text(): dt.find_next_sibling("dd").get_text() for dt in page.soup.select("aside .facts dt")
    }
    assert (facts["最新价格"], facts["密封至"]) == ("¥ 41,111.00", deadline)
    assert "等业主答复" not in agency.get("/my/answers").text
    step = sign_in(app, world, "buyer").get(f"/requests/{tender}").soup.select_one(".steps li.now")
    assert step.b.get_text() == "询价"
    time.closing(tender)
    assert "等业主答复" in sign_in(app, world, "agency").get(f"/quotes/{quotes['agency']}").text


def test_the_agency_is_told_which_it_is_before_it_quotes(app: Flask, world: World) -> None:
    hidden, open_ = world.tender(funds="state"), world.tender(funds="private")
    agency = sign_in(app, world, "agency")
    said = {
        tender: agency.get(f"/requests/{tender}/answer").soup.select_one("#seen").get_text()
        for tender in (hidden, open_)
    }
    assert "只看到收到几份报价" in said[hidden]
    assert "立即看得到您的报价" in said[open_]
    assert "截止时一起公开给业主" in Visitor(app).get(f"/requests/{hidden}").text
    assert "业主随时可以看到" in Visitor(app).get(f"/requests/{open_}").text
    assert "报价何时可见" in Visitor(app).get("/policy").text
    agency.post("/language/en", {"back": "/"})
    assert "sees only how many" in agency.get(f"/requests/{hidden}/answer").text


def test_private_funds_are_as_the_policy_says(
    world: World, time: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, quotes = quoted(world, ("agency",), funds="private")
    quote_actions.offer(world.actor("buyer"), quotes["agency"], price=4_000_000, days=20)
    monkeypatch.setitem(
        policy.current().values["mode"]["inquiry"], "quotes", {"private": "deadline", "state": "deadline"}
    )
    tender, quotes = quoted(world, ("agency",), funds="private")
    with pytest.raises(RuleViolation):
        quote_actions.offer(world.actor("buyer"), quotes["agency"], price=4_000_000, days=20)
    time.closing(tender)
    db.session.rollback()
    assert Quote.load(db.session, quotes["agency"]).price == PRICES["agency"]


@pytest.mark.parametrize("ending", ["cancelled", "failed"])
def test_what_never_came_to_a_deadline_with_enough_is_never_read(
    app: Flask, world: World, time: Any, ending: str
) -> None:
    tender, quotes = quoted(world, ("agency", "second"))
    if ending == "cancelled":
        cancelling.cancel(world.actor("buyer"), tender, reason="项目选址调整,取消")
    else:
        time.closing(tender)
        assert Tender.load(db.session, tender).state == "published", (
            "too few: the deadline moves once, and nothing is shown"
        )
        assert "41,111" not in sign_in(app, world, "buyer").get(f"/requests/{tender}").text
        time.closing(tender)
    found = Quote.load(db.session, quotes["agency"])
    assert (Tender.load(db.session, tender).state, found.price) == (ending, None)
    page = sign_in(app, world, "buyer").get(f"/requests/{tender}")
    assert "41,111" not in page.text
    assert "agency单位" not in page.text
    assert "没有人看到过这份报价" in sign_in(app, world, "agency").get(f"/quotes/{quotes['agency']}").text


def test_after_an_amendment_a_hidden_quote_is_handed_in_again(world: World, time: Any) -> None:
    tender, quotes = quoted(world)
    amended(world, tender, budget=4_100_000)
    assert Quote.load(db.session, quotes["agency"]).state == "countered"
    assert told(world, "agency", "quote.renew") == 1
    quote_actions.submit(world.actor("agency"), tender, price=4_050_000, days=20)
    assert Quote.load(db.session, quotes["agency"]).state == "open"
    time.instant = workdays.add(time.instant, 4)
    run_deadlines()
    assert told(world, "buyer", "quote.expire") == 0, (
        "that a hidden one ran out is nobody's business but its agency's"
    )


def test_what_stayed_sealed_is_named_by_no_link_and_by_no_refusal(
    app: Flask, world: World, time: Any
) -> None:
    """Two agencies of one head are too few: the tender fails, and nobody learns who they were."""
    with transaction() as session:
        for name in ("agency", "second"):
            session.execute(
                update(Organisation)
                .where(Organisation.id == world.organisation(name).id)
                .values(legal_representative="李四")
            )
    tender, quotes = quoted(world, ("agency", "second"))
    for _ in range(2):
        time.closing(tender)
    found = Tender.load(db.session, tender)
    assert (found.state, len(found.outcome.linked)) == ("failed", 1)
    for name in ("buyer", "regulator", "agency"):
        page = sign_in(app, world, name).get(f"/requests/{tender}").text
        assert "关联单位" not in page.split("<main", 1)[1].split("</main", 1)[0], name
        assert "second单位" not in page
        assert quotes["second"] not in page
    keys = {name: world.organisation(name).id for name in PRICES}
    assert found.involved(db.session, frozenset()) == {found.buyer_id}
    assert found.involved(db.session, frozenset({keys["agency"], keys["third"]})) == {
        found.buyer_id,
        keys["agency"],
    }


def test_linked_quotes_are_told_to_the_buyer_once_it_reads_them(app: Flask, world: World, time: Any) -> None:
    with transaction() as session:
        for name in ("agency", "second"):
            session.execute(
                update(Organisation)
                .where(Organisation.id == world.organisation(name).id)
                .values(legal_representative="李四")
            )
    world.agency("fourth")
    tender, _ = quoted(world)
    quote_actions.submit(world.actor("fourth"), tender, price=4_444_400, days=20)
    assert "同一法定代表人" not in sign_in(app, world, "buyer").get(f"/requests/{tender}").text
    time.closing(tender)
    assert "同一法定代表人" in sign_in(app, world, "buyer").get(f"/requests/{tender}").text
    for name in ("agency", "third"):
        assert "同一法定代表人" not in sign_in(app, world, name).get(f"/requests/{tender}").text, name


def test_a_quote_replaced_under_its_seal_binds_like_the_first(world: World) -> None:
    tender, quotes = quoted(world, ("agency",))
    entry.suspend(world.actor("regulator"), world.identifiers["agency"], reason="登记住所查无此机构")
    with pytest.raises(NotAllowed, match="已暂停"):
        quote_actions.submit(world.actor("agency"), tender, price=4_000_000, days=20)
    quote_actions.withdraw(world.actor("agency"), quotes["agency"])


def test_a_deadline_that_moves_takes_the_quotes_with_it(world: World, time: Any) -> None:
    tender = world.tender()
    quote = quote_actions.submit(world.actor("agency"), tender, price=100, days=20)
    deadline = workdays.add(time.instant, 30)
    tenders.amend(
        world.actor("buyer"),
        tender,
        description="",
        quantity={},
        budget=None,
        deadline=deadline,
        reason="给各家更多时间",
    )
    time.instant = deadline
    run_deadlines()
    found = Quote.load(db.session, quote)
    assert found.state == "open"
    assert found.due_at is not None
    assert found.due_at > deadline


def test_a_quote_not_given_anew_after_an_amendment_does_not_count(world: World, time: Any) -> None:
    tender = world.tender(funds="state")
    for name in ("agency", "second", "third"):
        quote_actions.submit(world.actor(name), tender, price=100, days=20)
    tenders.amend(
        world.actor("buyer"),
        tender,
        description="增加一项内容",
        quantity={},
        budget=None,
        deadline=workdays.add(time.instant, 6),
        reason="需求内容有增加",
    )
    quote_actions.submit(world.actor("agency"), tender, price=100, days=20)
    time.closing(tender)
    found = Tender.load(db.session, tender)
    assert (found.state, found.extended) == ("published", True), "one answer where three are asked for"
