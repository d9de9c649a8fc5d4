"""What the two parties of a case write to each other: who reads it, from when, until when."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from harness.factories import PDF, World
from market.accounts.actions import delegating
from market.agencies.actions import entry
from market.contracts.actions import disputing, drafting
from market.extensions import db
from market.jobs import drain
from market.messages import actions
from market.sourcing.actions import awards, closing, quotes
from models import clock, contacts, messages, policy
from models.errors import NotAllowed, NotFound, RuleViolation
from models.events import Event
from models.messages import Message
from models.notifications import Notification
from models.sourcing.quotes import Quote
from tests.models.conflicts import belongs
from tests.web import Answer, Visitor, sign_in

OTHERS = ("second", "regulator", "department", "admin", "custodian")


def _page(case: str) -> str:
    return f"/cases/{case}/messages"


def _send(world: World, who: str, case: str, text: str = "请补充水资源论证的数据") -> str:
    return actions.send(world.actor(who), case, text=text)


def _unread(who: Visitor) -> int:
    return len(who.get("/my/notices?kind=message&unread=1").soup.select("tr.unread"))


def _file(page: Answer) -> str:
    return str(page.soup.select_one(".talk a[href^='/documents/']")["href"])  # type: ignore[index]


def test_the_other_party_is_told_reads_answers_and_has_the_file_and_nobody_else(
    app: Flask, world: World
) -> None:
    world.appoint_admin()
    contract = world.started()
    buyer, agency = sign_in(app, world, "buyer"), sign_in(app, world, "agency")
    sent = buyer.submit(_page(contract), text="图纸在附件里", file=PDF)
    assert (sent.status, sent.location) == (303, f"{_page(contract)}#newest")
    drain()
    assert (_unread(agency), _unread(buyer)) == (1, 0)
    card = agency.get(f"/contracts/{contract}").soup.select_one("[aria-label=双方联系]")
    assert card is not None
    assert "1 条未读" in card.get_text()
    assert _unread(agency) == 1, "the page of the case does not show what was written"
    read = agency.get(_page(contract))
    assert "图纸在附件里" in read.text
    assert "buyer单位" in read.text
    assert _unread(agency) == 0
    assert agency.get(_file(read)).response.status_code == 200
    assert agency.submit(_page(contract), text="收到,明天进场").status == 303
    drain()
    assert _unread(buyer) == 1
    notice = db.session.scalars(select(Notification).order_by(Notification.id.desc()).limit(1)).one()
    assert buyer.get(f"/my/notices/{notice.id}").location == _page(contract)
    said = [each.get_text() for each in buyer.get(_page(contract)).soup.select(".talk .prose")]
    assert said == ["图纸在附件里", "收到,明天进场"], "the newest last"
    for name in OTHERS:
        other = sign_in(app, world, name)
        assert (other.get(_page(contract)).status, other.get(_file(read)).status) == (404, 404), name
        with pytest.raises(NotAllowed):
            _send(world, name, contract)


def test_an_event_tells_that_something_was_written_and_not_what(app: Flask, world: World) -> None:
    contract = world.started()
    _send(world, "buyer", contract, "谁也不该看到的话")
    event = db.session.scalars(select(Event).order_by(Event.id.desc()).limit(1)).one()
    assert (event.kind, event.audience, event.data) == (
        "contract.message",
        "internal",
        {"title": "高标准农田项目"},
    )
    assert "谁也不该看到的话" not in json.dumps([event.data, event.notify], ensure_ascii=False)
    assert "来了新消息" not in sign_in(app, world, "regulator").get(f"/contracts/{contract}").text


def test_a_form_sent_twice_writes_once_and_what_is_wrong_is_said_at_its_field(
    app: Flask, world: World
) -> None:
    contract = world.started()
    buyer = sign_in(app, world, "buyer")
    page = buyer.get(_page(contract))
    values = {name: page.value_of(name) for name in ("csrf_token", "submission")} | {"text": "只写一次"}
    assert [buyer.post(_page(contract), values).status for _ in range(2)] == [303, 303]
    assert len(db.session.scalars(select(Message)).all()) == 1
    for nothing in (" ", "\u202e", " \u200b \u00a0"):
        assert buyer.submit(_page(contract), text=nothing).error_at("text")
    assert buyer.submit(_page(contract), text="长" * 2001).error_at("text")
    refused = buyer.submit(_page(contract), text="附件不对", file=b"MZ\x90\x00")
    assert refused.error_at("file")
    assert refused.value_of("text") == "附件不对"
    assert len(db.session.scalars(select(Message)).all()) == 1


def test_so_many_messages_a_day_and_no_more(world: World, time: Any) -> None:
    contract = world.started()
    most = policy.current().number("messages.a_day")
    for number in range(most):
        _send(world, "buyer", contract, f"第 {number} 条")
    with pytest.raises(RuleViolation, match="明天再写"):
        _send(world, "buyer", contract)
    _send(world, "agency", contract)
    time.instant += timedelta(days=1)
    _send(world, "buyer", contract)


def test_an_older_page_has_the_messages_before(app: Flask, world: World) -> None:
    contract = world.started()
    for number in range(45):
        _send(world, "buyer", contract, f"第 {number} 条")
    buyer, address, seen = sign_in(app, world, "buyer"), _page(contract), []
    while address:
        page = buyer.get(address)
        seen = [each.get_text() for each in page.soup.select(".talk .prose")] + seen
        older = page.soup.find("a", string="更早的消息")
        address = str(older["href"]) if older else ""  # type: ignore[index]
    assert seen == [f"第 {number} 条" for number in range(45)]
    for nonsense in ("0", "-1", "x", "9" * 30):
        assert "第 44 条" in buyer.get(f"{_page(contract)}?before={nonsense}").text


def test_before_the_award_no_bidder_and_its_buyer_write_and_pages_say_until_when(
    app: Flask, world: World, time: Any
) -> None:
    tender = world.tender(mode="sealed_bid", funds="state")
    bids = world.bids(tender, agency=4_000_000, second=4_200_000, third=4_300_000)
    buyer, agency = sign_in(app, world, "buyer"), sign_in(app, world, "agency")
    for case in (tender, bids["agency"]):
        for who in ("buyer", "agency"):
            with pytest.raises(NotFound):
                _send(world, who, case)
    for page in (buyer.get(f"/requests/{tender}"), agency.get(f"/bids/{bids['agency']}")):
        card = page.soup.select_one("[aria-label=双方联系]")
        assert card is not None
        assert "不能私下来往消息" in card.get_text()
        assert f"{world.deadline(tender):%Y-%m-%d}" in card.get_text()
    time.closing(tender)
    award = awards.award(world.actor("buyer"), tender, reasons="报价最低,工期满足")
    agency = sign_in(app, world, "agency")
    assert "不能私下来往消息" not in agency.get(f"/bids/{bids['agency']}").text
    _send(world, "buyer", award)
    assert "请补充水资源论证的数据" in agency.get(_page(award)).text
    with pytest.raises(NotAllowed):
        _send(world, "second", award)


def test_on_a_sealed_quote_nobody_writes_until_it_is_open(app: Flask, world: World, time: Any) -> None:
    tender = world.tender(funds="state")
    sealed = {
        name: quotes.submit(world.actor(name), tender, price=4_000_000, days=20)
        for name in ("agency", "second", "third")
    }["agency"]
    agency = sign_in(app, world, "agency")
    page = agency.get(_page(sealed))
    assert "不能私下来往消息" in page.text
    assert page.soup.select_one("main form[method=post]") is None
    assert sign_in(app, world, "buyer").get(_page(sealed)).status == 404
    with pytest.raises(RuleViolation, match="不能私下来往消息"):
        _send(world, "agency", sealed)
    with pytest.raises(NotAllowed):
        _send(world, "buyer", sealed)
    time.closing(tender)
    _send(world, "buyer", sealed)
    _send(world, "agency", sealed)


def test_the_regulator_reads_a_contract_in_dispute_and_no_other(app: Flask, world: World) -> None:
    contract, quiet = world.started(), world.started()
    for each in (contract, quiet):
        _send(world, "buyer", each)
    world.authority("far", "regulator", region="540000")
    regulator = sign_in(app, world, "regulator")
    assert regulator.get(_page(contract)).status == 404
    dispute = disputing.file(world.actor("buyer"), contract, claim="机构收到定金后一直没有开展工作")
    assert regulator.get(_page(contract)).status == 404, "the other side has not answered yet"
    disputing.answer(world.actor("agency"), dispute, answer="材料没有交齐,无法开工")
    read = regulator.get(_page(contract))
    assert "请补充水资源论证的数据" in read.text
    assert read.soup.select_one("main form[method=post]") is None
    assert regulator.get(_page(quiet)).status == 404
    assert sign_in(app, world, "far").get(_page(contract)).status == 404
    with pytest.raises(NotAllowed):
        _send(world, "regulator", contract)
    disputing.withdraw(world.actor("buyer"), dispute)
    assert regulator.get(_page(contract)).status == 404


def test_writing_goes_on_where_the_matter_does_and_ends_with_it(app: Flask, world: World, time: Any) -> None:
    award = world.awarded()
    quote = db.session.scalars(select(Quote.identifier)).one()
    contract = world.contract_of(award).identifier
    for case in (quote, award):
        with pytest.raises(RuleViolation, match=contract):
            _send(world, "agency", case)
    _send(world, "agency", contract)
    drafting.terminate(world.actor("agency"), contract, reason="本单位不能按期开工")
    _send(world, "buyer", contract, "请退还图纸")
    time.instant += timedelta(days=policy.current().number("messages.after_days") + 1)
    with pytest.raises(RuleViolation, match="已经了结"):
        _send(world, "buyer", contract)
    assert "请退还图纸" in sign_in(app, world, "buyer").get(_page(contract)).text


def test_what_was_written_on_an_offer_is_found_from_the_contract(app: Flask, world: World) -> None:
    tender = world.tender()
    quote = quotes.submit(world.actor("agency"), tender, price=4_000_000, days=20)
    _send(world, "buyer", quote, "工期能不能再短")
    closing.close(world.actor("buyer"), tender)
    award = awards.award(
        world.actor("buyer"), tender, agency=world.identifiers["agency"], reasons="价格合理,工期满足"
    )
    contract = world.contract_of(award).identifier
    assert _page(quote) in sign_in(app, world, "agency").get(_page(contract)).text
    assert sign_in(app, world, "agency").get(f"/quotes/{quote}").status == 200


def test_a_declined_offer_takes_no_more(world: World) -> None:
    quote = quotes.submit(world.actor("agency"), world.tender(), price=4_000_000, days=20)
    _send(world, "agency", quote)
    quotes.decline(world.actor("buyer"), quote)
    with pytest.raises(RuleViolation, match="已经了结"):
        _send(world, "agency", quote)


def test_a_delegate_writes_as_far_as_the_delegation_goes_and_the_buyer_is_told(
    app: Flask, world: World
) -> None:
    contract = world.started()
    world.enterprise("helper")
    until = clock.now() + timedelta(days=30)
    delegating.delegate(
        world.actor("buyer"), email=world.emails["helper"], scope=["quote"], most=10**12, until=until
    )
    world.accept("helper")
    with pytest.raises(NotAllowed):
        _send(world, "helper", contract)
    quote = quotes.submit(world.actor("agency"), world.tender(), price=4_000_000, days=20)
    _send(world, "helper", quote)
    drain()
    message = db.session.scalars(select(Message).order_by(Message.id.desc()).limit(1)).one()
    assert (message.author, message.organisation.name, message.role) == ("helper", "buyer单位", "buyer")
    told = [sign_in(app, world, name) for name in ("buyer", "agency")]
    assert [_unread(each) for each in told] == [1, 1]


def test_a_suspended_party_still_writes_and_nobody_writes_for_both(world: World) -> None:
    contract = world.started()
    entry.suspend(world.actor("regulator"), world.identifiers["agency"], reason="核查期间暂停其业务")
    _send(world, "agency", contract)
    world.member("buyer", "both")
    belongs(world, "both", "agency")
    with pytest.raises(NotAllowed, match="双方"):
        _send(world, "both", contract)


def test_what_is_no_conversation_says_so(world: World) -> None:
    tender = world.tender()
    with pytest.raises(ValueError, match="no tender"):
        contacts.tender_of(world.organisation("agency"))
    assert not messages.readable_by(db.session, world.organisation("agency"), world.actor("agency"))
    with pytest.raises(NotFound):
        _send(world, "buyer", tender)
    with pytest.raises(NotFound):
        _send(world, "buyer", "C-2026-999999")
