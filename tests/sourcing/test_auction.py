"""The live auction: undercutting, the end that moves, and who may know what when."""

from __future__ import annotations

import subprocess
import sys
from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import delete, select, update
from sqlalchemy.exc import DatabaseError

from harness.factories import PDF, World
from market.extensions import db
from market.jobs import run_deadlines
from market.oversight.actions.overriding import override
from market.sourcing.actions import auction as auction_actions
from market.sourcing.actions import awards, cancelling
from market.sourcing.actions import bids as bid_actions
from market.sourcing.views import auction
from market.transaction import transaction
from models import documents, draws
from models.accounts import Membership
from models.clock import BEIJING
from models.errors import RuleViolation, WrongState
from models.sessions import SignIn
from models.sourcing.awards import Award
from models.sourcing.bids import Bid, LivePrice, step
from models.sourcing.tenders import Tender
from tests.models.test_draws import VERIFIER
from tests.web import Visitor, sign_in

TEN = datetime(2026, 3, 9, 10, 0, tzinfo=BEIJING)


@pytest.fixture
def live(world: World, time: Any) -> tuple[str, dict[str, str]]:
    """An auction that has just begun, at 40,000, 41,000 and 42,000 yuan."""
    tender = world.tender(mode="reverse_auction", funds="state", deadline=TEN)
    bids = world.bids(tender, agency=4_000_000, second=4_100_000, third=4_200_000)
    time.closing(tender)
    return tender, bids


def test_it_begins_in_office_hours(world: World) -> None:
    with pytest.raises(RuleViolation, match="9:00") as refused:
        world.tender(mode="reverse_auction", funds="state", deadline=TEN.replace(hour=17))
    assert refused.value.field == "deadline"


def test_prices_fall_by_the_step_and_the_lowest_at_the_end_wins(world: World, time: Any, live: Any) -> None:
    tender, bids = live
    found = Tender.load(db.session, tender)
    assert (found.state, found.opened) == ("auction", False)
    assert found.auction_ends_at == time.instant + timedelta(minutes=30)
    assert step(found, 4_000_000) == 20_000
    with pytest.raises(RuleViolation, match=r"39,800\.00"):
        auction_actions.undercut(world.actor("second"), bids["second"], price=3_980_100)
    auction_actions.undercut(world.actor("second"), bids["second"], price=3_980_000)
    with pytest.raises(RuleViolation):
        auction_actions.undercut(world.actor("third"), bids["third"], price=0)
    with pytest.raises(RuleViolation):
        auction_actions.undercut(world.actor("third"), bids["third"], price=3_980_000)
    auction_actions.undercut(world.actor("third"), bids["third"], price=3_900_000)
    time.instant = found.auction_ends_at + timedelta(milliseconds=1)
    with pytest.raises(RuleViolation, match="已经结束"):
        auction_actions.undercut(world.actor("second"), bids["second"], price=3_000_000)
    run_deadlines()
    db.session.rollback()
    assert Tender.load(db.session, tender).state == "auction", (
        "what arrived in time may still be on its way in"
    )
    time.instant += timedelta(minutes=1)
    run_deadlines()
    db.session.rollback()
    ended = Tender.load(db.session, tender)
    assert ended.outcome.ranking == [bids["third"], bids["second"], bids["agency"]]
    award = Award.load(db.session, awards.award(world.actor("buyer"), tender, reasons="网上竞价最低"))
    assert (award.agency.name, award.price) == ("third单位", 3_900_000)
    with pytest.raises(RuleViolation, match="没有进行中"):
        auction_actions.undercut(world.actor("second"), bids["second"], price=3_000_000)


def test_a_price_in_the_last_minutes_moves_the_end_up_to_the_longest(
    world: World, time: Any, live: Any
) -> None:
    tender, bids = live
    begun = time.instant
    first_end = Tender.load(db.session, tender).auction_ends_at
    time.instant = first_end - timedelta(minutes=3)
    auction_actions.undercut(world.actor("second"), bids["second"], price=3_900_000)
    db.session.rollback()
    assert Tender.load(db.session, tender).auction_ends_at == first_end
    time.instant = first_end - timedelta(minutes=1)
    price = 3_900_000
    for turn in range(200):
        name = ("agency", "third")[turn % 2]
        price -= step(Tender.load(db.session, tender), price)
        try:
            auction_actions.undercut(world.actor(name), bids[name], price=price)
        except RuleViolation:
            break
        db.session.rollback()
        found = Tender.load(db.session, tender)
        assert found.auction_ends_at == min(
            time.instant + timedelta(minutes=2), begun + timedelta(minutes=120)
        )
        assert found.due_at == found.auction_closes_at
        time.instant = found.auction_ends_at - timedelta(seconds=30)
        if found.auction_ends_at == begun + timedelta(minutes=120):
            time.instant = found.auction_ends_at + timedelta(milliseconds=1)
    assert Tender.load(db.session, tender).auction_ends_at == begun + timedelta(minutes=120)


def test_nobody_learns_who_the_others_are_before_the_end_and_all_after(
    app: Flask, world: World, time: Any, live: Any
) -> None:
    tender, bids = live
    auction_actions.undercut(world.actor("second"), bids["second"], price=3_900_000)
    page, stream = f"/requests/{tender}/auction", f"/requests/{tender}/auction/stream"
    world.agency("outsider")
    for name in ("agency", "third", "buyer", "regulator", "visitor", "outsider"):
        visitor = sign_in(app, world, name)
        told = [
            visitor.get(path) for path in (page, stream, f"/requests/{tender}", f"/requests/{tender}/compare")
        ]
        others = {"agency单位", "second单位", "third单位"} - {f"{name}单位"}
        assert not any(other in answer.text for answer in told for other in others), name
        if name in ("visitor", "outsider"):
            assert [answer.status for answer in told[:2]] == ([302, 302] if name == "visitor" else [404, 404])
            assert not any("39,000" in answer.text for answer in told)
        elif name == "regulator":
            assert [answer.status for answer in told[:2]] == [200, 200]
            assert "共 3 家" in told[0].text
            assert not any(
                price in answer.text for answer in told for price in ("39,000", "40,000", "41,000", "42,000")
            ), "counts only"
        else:
            assert "39,000.00" in told[0].text
            assert told[1].response.mimetype == "text/event-stream"
            assert told[1].text.startswith("retry:")
            assert "data: " in told[1].text
    assert "排第 2" in sign_in(app, world, "agency").get(page).text
    step = sign_in(app, world, "buyer").get(f"/requests/{tender}").soup.select_one(".steps li.now")
    assert step is not None
    assert "竞标" in step.get_text()
    time.instant += timedelta(minutes=31)
    run_deadlines()
    for name in ("agency", "visitor"):
        text = sign_in(app, world, name).get(f"/requests/{tender}").text
        assert all(f"{other}单位" in text for other in ("agency", "second", "third"))
    record = sign_in(app, world, "outsider").get(page).text
    assert "second单位" in record
    assert "39,000.00" in record


def test_the_form_says_what_is_wrong_and_keeps_it(app: Flask, world: World, live: Any) -> None:
    tender, _ = live
    visitor = sign_in(app, world, "second")
    path = f"/requests/{tender}/auction"
    for price in ("39,999", "abc", "", "-1"):
        answer = visitor.submit(path, price=price)
        assert answer.status == 422
        assert answer.error_at("price")
        assert answer.value_of("price") == price
    assert visitor.submit(path, price="39,000").location == path
    assert "领先" in visitor.get(path).text
    assert Visitor(app).get(path).status == 302
    buyer = sign_in(app, world, "buyer")
    token = buyer.get("/my/password").value_of("csrf_token")
    assert buyer.post(path, {"csrf_token": token, "price": "1"}).status == 404


def test_the_record_is_complete_and_cannot_be_changed(world: World, live: Any) -> None:
    bids = live[1]
    for name, price in (("second", 3_900_000), ("agency", 3_800_000), ("second", 3_700_000)):
        auction_actions.undercut(world.actor(name), bids[name], price=price)
    told = db.session.execute(
        select(Bid.identifier, LivePrice.price).join(LivePrice.bid).order_by(LivePrice.id)
    ).all()
    assert told == [(bids["second"], 3_900_000), (bids["agency"], 3_800_000), (bids["second"], 3_700_000)]
    with pytest.raises(DatabaseError), transaction() as session:
        session.execute(LivePrice.__table__.update().values(price=1))


def test_an_opened_auction_can_be_ended_by_nobody_else(world: World, live: Any) -> None:
    tender, _ = live
    with pytest.raises(WrongState):
        cancelling.cancel(world.actor("buyer"), tender, reason="不想继续竞价了")


def test_until_the_end_all_but_the_prices_is_sealed_and_then_the_draw_is_run(
    app: Flask, world: World, time: Any, tmp_path: Any
) -> None:
    """Nobody reads a word, a file or a draw before it.

    After it all is there, and the draw can be re-run with what the bids brought to it.
    """
    tender = world.tender(mode="reverse_auction", funds="state", deadline=TEN)
    said = {"note": "降价的暗号", "contribution": "给对手的话", "file_name": "暗号.pdf", "content": PDF}
    bids = {
        name: bid_actions.submit(world.actor(name), tender, price=4_000_000, days=23, **said)
        for name in ("agency", "second", "third")
    }
    time.closing(tender)
    (draw,) = draws.of_case(db.session, tender)
    assert (draw.drawn_at, draw.contributions, draw.seed) == (None, [], None)
    for name, bid in bids.items():
        found = Bid.load(db.session, bid)
        assert (found.price, found.days, found.note, found.content) == (4_000_000, None, None, None), name
        assert not documents.of_case(db.session, "bid", bid)
        assert all(word.encode() not in bytes(found.sealed) for word in ("降价的暗号", "给对手的话"))
        assert sign_in(app, world, name).get(f"/bids/{bid}").status == 200
        for other in ("buyer", "regulator", "visitor"):
            assert sign_in(app, world, other).get(f"/bids/{bid}").status == 404, (name, other)
    assert "并列最低" in sign_in(app, world, "agency").get(f"/requests/{tender}/auction").text
    assert Visitor(app).get(f"/draws/{draw.identifier}.json").response.get_json()["seed"] is None
    time.instant += timedelta(minutes=31)
    run_deadlines()
    db.session.rollback()
    ended = Tender.load(db.session, tender)
    assert (ended.state, ended.outcome.ranking) == (
        "evaluated",
        draws.of_case(db.session, tender)[0].result,
    ), "equals, parted by the draw"
    visitor = Visitor(app)
    files = {}
    for path in (f"/draws/{draw.identifier}.json", *(f"/bids/{bid}.json" for bid in bids.values())):
        files[path] = tmp_path / path.rsplit("/", 1)[1]
        files[path].write_bytes(visitor.get(path).response.get_data())
    assert "给对手的话" not in visitor.get(f"/draws/{draw.identifier}.json").text
    assert "给对手的话" in visitor.get(f"/bids/{bids['agency']}.json").text
    assert visitor.get(f"/bids/{bids['agency']}/file").response.get_data() == PDF

    def verified() -> int:
        return subprocess.run(
            [sys.executable, "-I", str(VERIFIER), *map(str, files.values())], capture_output=True, check=False
        ).returncode

    assert verified() == 0
    bent = files[f"/bids/{bids['second']}.json"]
    bent.write_text(bent.read_text().replace("给对手的话", "另一句话"))
    assert verified() == 1, "another text is another contribution"


def test_an_auction_nobody_may_take_part_in_ends_at_its_opening(world: World, time: Any) -> None:
    tender = world.tender(mode="reverse_auction", funds="state", budget=4_800_000, deadline=TEN)
    bids = world.bids(tender, agency=4_000_000, second=4_100_000, third=4_200_000)
    with transaction() as session:
        session.execute(update(Tender).where(Tender.identifier == tender).values(revision=2))
    time.closing(tender)
    found = Tender.load(db.session, tender)
    assert (found.state, found.opened) == ("failed", True)
    assert {Bid.load(db.session, bid).state for bid in bids.values()} == {"disqualified"}
    assert all(Bid.load(db.session, bid).content for bid in bids.values()), (
        "nothing is to come of it: all is open"
    )


def test_no_operator_opens_an_auction_before_its_end(world: World, time: Any, live: Any) -> None:
    tender, _ = live
    world.appoint_admin()
    for target in ("evaluated", "cancelled", "failed", "auction"):
        with pytest.raises(RuleViolation, match="不能越过流程"):
            override(
                world.actor("admin"),
                case_type="tender",
                identifier=tender,
                target=target,
                reason="卡住了,人工处理",
            )
    time.instant = Tender.load(db.session, tender).auction_ends_at + timedelta(minutes=5)
    override(
        world.actor("admin"),
        case_type="tender",
        identifier=tender,
        target="cancelled",
        reason="卡住了,人工处理",
    )
    with pytest.raises(RuleViolation, match="不能越过流程"):
        override(
            world.actor("admin"),
            case_type="tender",
            identifier=tender,
            target="auction",
            reason="卡住了,人工处理",
        )


@pytest.mark.parametrize("ends", ["session", "membership"])
def test_a_stream_ends_with_the_session_and_with_the_part_in_it(
    app: Flask, world: World, live: Any, monkeypatch: Any, ends: str
) -> None:
    """Held open, it shows nothing more to whoever may not read on.

    A browser that was signed out elsewhere, and who belongs to the bidder no more.
    """
    tender, bids = live
    app.config["STREAM_SECONDS"] = 5
    visitor = sign_in(app, world, "agency")
    waits: list[float] = []

    def meanwhile(seconds: float) -> None:
        waits.append(seconds)
        with transaction() as session:
            if ends == "session":
                session.execute(delete(SignIn))
            else:
                session.execute(delete(Membership).where(Membership.user_id == world.actor("agency").user_id))
        if len(waits) == 1:
            auction_actions.undercut(world.actor("second"), bids["second"], price=3_900_000)

    monkeypatch.setattr(auction.time, "sleep", meanwhile)
    told = visitor.get(f"/requests/{tender}/auction/stream").text
    assert (len(waits), told.count("event: standing")) == (1, 1)
    assert "39,000" not in told


def test_only_an_auction_says_when_it_may_begin(app: Flask, world: World) -> None:
    buyer, hint = sign_in(app, world, "buyer"), "网上竞价在截止时开始"
    auction = world.tender(mode="reverse_auction", funds="state", deadline=TEN)
    assert hint in buyer.get(f"/requests/{auction}/amend").text
    assert hint not in buyer.get(f"/requests/{world.tender()}/amend").text
