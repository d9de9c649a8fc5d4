"""What follows where bidders of one tender are linked with each other or with its buyer."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from harness.factories import World
from market.agencies.actions import accounts
from market.extensions import db
from market.jobs import drain
from market.sourcing.actions import awards, bids, quotes, tenders
from market.sourcing.jobs import notice_of
from market.transaction import transaction
from models import draws, workdays
from models.accounts import Organisation
from models.actors import SYSTEM
from models.agencies.checks import open_check
from models.agencies.related_parties import SAID
from models.events import Event
from models.sourcing.awards import Award
from models.sourcing.bids import Bid
from models.sourcing.tenders import Tender
from tests.sourcing.tied import apart, give, ruled
from tests.web import Visitor, sign_in


def _opened(world: World, time: Any, **tender: Any) -> str:
    made = world.tender(**{"mode": "sealed_bid", "funds": "private", **tender})
    world.agency("fourth")
    give(world, "agency", "representative", "李四")
    give(world, "second", "representative", "李 四")
    prices = {"second": 300_00, "agency": 100_00, "third": 200_00, "fourth": 400_00}
    for name, price in prices.items():
        bids.submit(
            world.actor(name), made, price=None if tender.get("mode") == "random_draw" else price, days=20
        )
        time.instant += timedelta(seconds=1)
    time.closing(made)
    return made


def _states(tender: str) -> dict[str, str]:
    db.session.rollback()
    return {
        bid.agency.name.removesuffix("单位"): bid.state
        for bid in db.session.scalars(
            select(Bid).join(Bid.tender).where(Tender.identifier == tender)
        ).unique()
    }


def _first(tender: str) -> str:
    db.session.rollback()
    outcome = Tender.load(db.session, tender).outcome
    return db.session.scalars(select(Bid).where(Bid.identifier == outcome.ranking[0])).one().agency.name


@pytest.mark.parametrize(
    ("follows", "states", "first", "places"),
    [
        (
            "later",
            {"agency": "disqualified", "second": "opened", "third": "opened", "fourth": "opened"},
            "third单位",
            3,
        ),
        ("one", dict.fromkeys(("agency", "second", "third", "fourth"), "opened"), "agency单位", 3),
        (
            "all",
            {"agency": "disqualified", "second": "disqualified", "third": "opened", "fourth": "opened"},
            "third单位",
            2,
        ),
    ],
)
def test_what_follows_is_the_policys(
    world: World,
    time: Any,
    monkeypatch: pytest.MonkeyPatch,
    follows: str,
    states: dict[str, str],
    first: str,
    places: int,
) -> None:
    ruled(monkeypatch, follows, ("representative",))
    tender = _opened(world, time)
    assert _states(tender) == states
    assert _first(tender) == first
    assert len(Tender.load(db.session, tender).outcome.ranking) == places


def test_the_later_bid_stays_where_the_earlier_takes_no_part(
    world: World, time: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The earlier one did not renew its bid after the tender was changed."""
    ruled(monkeypatch, "later", ("representative",))
    for name in ("agency", "second"):
        give(world, name, "representative", "李四")
    tender = world.tender(mode="sealed_bid", funds="private")
    world.bids(tender, agency=100_00)
    changed = {"description": "增加一处水源地", "quantity": {}, "budget": None, "reason": "补充说明情况"}
    tenders.amend(world.actor("buyer"), tender, deadline=workdays.add(world.deadline(tender), 3), **changed)
    world.bids(tender, second=200_00, third=300_00)
    world.agency("fourth")
    world.bids(tender, fourth=400_00)
    time.closing(tender)
    assert _states(tender) == {
        "agency": "disqualified",
        "second": "opened",
        "third": "opened",
        "fourth": "opened",
    }
    assert _first(tender) == "second单位"


@pytest.mark.parametrize(("buyer", "state"), [("show", "opened"), ("void", "disqualified")])
def test_a_bidder_under_the_buyers_head_is_shown_or_void(
    app: Flask, world: World, time: Any, monkeypatch: pytest.MonkeyPatch, buyer: str, state: str
) -> None:
    ruled(monkeypatch, ties=("representative",), buyer=buyer)
    for name in ("buyer", "agency"):
        give(world, name, "representative", "李四" if name == "buyer" else "李四（法人）")
    tender = world.tender(mode="sealed_bid", funds="state")
    world.bids(tender, agency=100_00, second=200_00, third=300_00)
    assert not any(
        "与项目业主有关联" in sign_in(app, world, name).get(f"/requests/{tender}").text
        for name in ("buyer", "third")
    )
    time.closing(tender)
    assert _states(tender) == {"agency": state, "second": "opened", "third": "opened"}
    for reader in (sign_in(app, world, "buyer"), sign_in(app, world, "third"), Visitor(app)):
        page = reader.get(f"/requests/{tender}").text
        assert "与项目业主有关联、同一法定代表人" in page
    drawn = Tender.load(db.session, tender).outcome
    assert len(drawn.ranking) == (3 if buyer == "show" else 2)


def test_linked_bidders_have_one_place_in_a_draw(
    world: World, time: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ruled(monkeypatch, "one", ("representative",))
    tender = _opened(world, time, mode="random_draw", budget=5_000_00)
    (draw,) = draws.of_case(db.session, tender)
    assert (len(draw.candidates), len(draw.participants)) == (3, 4)
    assert len(Tender.load(db.session, tender).outcome.ranking) == 3


def test_they_count_as_one_towards_the_least_number(
    world: World, time: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    ruled(monkeypatch, "one", ("representative",))
    give(world, "agency", "representative", "李四")
    give(world, "second", "representative", "李四")
    sealed, inquiry = (
        world.tender(mode="sealed_bid", funds="state"),
        world.tender(funds="state", project="另一个项目"),
    )
    for name in ("agency", "second", "third"):
        bids.submit(world.actor(name), sealed, price=100_00, days=20)
        quotes.submit(world.actor(name), inquiry, price=100_00, days=20)
    time.closing(sealed)
    for tender in (sealed, inquiry):
        found = Tender.load(db.session, tender)
        assert (found.state, found.extended) == ("published", True), "three, but only two heads"


def test_nothing_is_betrayed_before_the_opening_and_everything_told_after(
    app: Flask, world: World, time: Any
) -> None:
    """The later one hands in as anybody: a refusal would tell that the other has bid."""
    tender = world.tender(mode="sealed_bid", funds="private")
    give(world, "agency", "representative", "李四")
    give(world, "second", "representative", "李四")
    world.bids(tender, agency=100_00, second=200_00)
    readers = [sign_in(app, world, name) for name in ("buyer", "agency", "second", "third", "regulator")] + [
        Visitor(app)
    ]
    paths = (f"/requests/{tender}", f"/requests/{tender}/compare")
    assert not any("关联" in reader.get(path).text for reader in readers for path in paths)
    assert not any("linked" in event.data for event in db.session.scalars(select(Event)))
    world.bids(tender, third=300_00)
    world.agency("fourth")
    world.bids(tender, fourth=400_00)
    time.closing(tender)
    drain()
    opened = db.session.scalars(select(Event).where(Event.kind == "tender.open")).one()
    assert opened.data["linked"][0].endswith(": representative")
    for reader in readers:
        page = reader.get(paths[0]).text
        assert "同一法定代表人" in page
        assert "agency单位" in page
    award = awards.award(world.actor("buyer"), tender, reasons="报价最低,工期满足")
    assert "同一法定代表人" in Visitor(app).get(f"/awards/{award}").text
    time.instant = Award.load(db.session, award).public_until
    from market.jobs import tick

    tick()
    drain()
    db.session.rollback()
    notice = notice_of(db.session, Award.load(db.session, award))
    assert notice is not None
    assert any("同一法定代表人" in str(fact) for fact in (notice.issued or {})["facts"])


@pytest.mark.parametrize("follows", ["later", "one", "all"])
def test_nobody_is_struck_by_a_name_a_rival_gives_itself(
    app: Flask, world: World, time: Any, monkeypatch: pytest.MonkeyPatch, follows: str
) -> None:
    """The holder of an account calls itself by the name of another's representative, and of the buyer's.

    Everybody is told, nobody is void.
    """
    ruled(monkeypatch, follows, buyer="void")
    apart(world)
    world.agency("sock")
    give(world, "sock", "phone", "0979-7654321")
    for name in ("buyer", "agency"):
        give(world, name, "representative", "才旦卓玛" if name == "agency" else "马海")
    give(world, "sock", "owner", "才旦卓玛")
    give(world, "second", "owner", "马海")
    tender = world.tender(mode="sealed_bid", funds="state")
    world.bids(tender, sock=400_00, second=300_00, agency=100_00, third=200_00)
    time.closing(tender)
    assert set(_states(tender).values()) == {"opened"}
    outcome = Tender.load(db.session, tender).outcome
    assert len(outcome.ranking) == 4
    assert _first(tender) == "agency单位"
    assert [row.ties for row in outcome.linked] == [
        ["buyer", "representative", "owner", SAID],
        ["representative", "owner", SAID],
    ]
    assert "仅据自填的姓名,只作提示" in Visitor(app).get(f"/requests/{tender}").text


@pytest.mark.parametrize("how", ["changed", "on its word"])
def test_whoever_takes_a_rivals_representative_for_its_own_is_the_one_who_is_struck(
    world: World, time: Any, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """What it says of itself nobody has looked at.

    It counts against whoever says it, though that one bid first.
    """
    ruled(monkeypatch, ties=("representative",))
    give(world, "agency", "representative", "才旦卓玛")
    if how == "changed":
        accounts.change_representative(
            world.actor("second"), legal_representative="才旦卓玛", phone="0979-7654321"
        )
    else:
        give(world, "second", "representative", "才旦卓玛")
        with transaction() as session:
            open_check(
                session, SYSTEM, Organisation.load(session, world.identifiers["second"]), "commitment", []
            )
    world.agency("fourth")
    tender = world.tender(mode="sealed_bid", funds="private")
    world.bids(tender, second=400_00, third=300_00, agency=100_00, fourth=200_00)
    time.closing(tender)
    assert _states(tender) == {
        "second": "disqualified",
        "third": "opened",
        "agency": "opened",
        "fourth": "opened",
    }
    assert _first(tender) == "agency单位"


def test_a_live_auction_tells_it_at_its_end(app: Flask, world: World, time: Any) -> None:
    tender = _opened(
        world, time, mode="reverse_auction", funds="state", deadline=time.instant.replace(day=9, hour=10)
    )
    assert Tender.load(db.session, tender).state == "auction"
    assert "关联" not in Visitor(app).get(f"/requests/{tender}").text
    assert not any("linked" in event.data for event in db.session.scalars(select(Event)))
    time.instant = Tender.load(db.session, tender).auction_closes_at
    from market.jobs import tick

    tick()
    db.session.rollback()
    assert "同一法定代表人" in Visitor(app).get(f"/requests/{tender}").text
