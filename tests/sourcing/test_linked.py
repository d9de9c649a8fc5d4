"""Agencies under one head, or with one account, telephone or address, are found however that is written.

The policy says what follows.
"""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from market.agencies import actions as agencies
from market.extensions import db
from market.jobs import drain
from market.sourcing import actions as sourcing
from market.sourcing.jobs import notice_of
from market.transaction import transaction
from models import draws, policy, workdays
from models.accounts import Membership, Organisation, User
from models.actors import SYSTEM
from models.agencies import SAID, TIES, AgencyProfile, linked
from models.agencies.checks import open_check
from models.agencies.links import person, phones, same_person
from models.events import Event
from models.policy import Policy
from models.sourcing import Award, Bid, Request
from models.sourcing.linking import best, counted, spread
from tests.factories import World
from tests.test_queries import _Count
from tests.web import Visitor, sign_in

VERSION = policy.versions()[0].version


def _ruled(
    monkeypatch: pytest.MonkeyPatch,
    follows: str = "later",
    ties: tuple[str, ...] = tuple(TIES),
    buyer: str = "show",
) -> None:
    text, words = Policy.text, Policy.words
    monkeypatch.setattr(
        Policy,
        "text",
        lambda self, key: {"linked.follows": follows, "linked.buyer": buyer}.get(key) or text(self, key),
    )
    monkeypatch.setattr(
        Policy, "words", lambda self, key: list(ties) if key == "linked.ties" else words(self, key)
    )


def _give(world: World, name: str, tie: str, value: str) -> None:
    with transaction() as session:
        key = world.organisation(name).id
        if tie == "account":
            session.execute(
                update(AgencyProfile).where(AgencyProfile.agency_id == key).values(account_number=value)
            )
        elif tie == "owner":
            session.execute(update(User).where(User.email == world.emails[name]).values(name=value))
        else:
            column = {"representative": "legal_representative", "phone": "phone", "address": "address"}[tie]
            session.execute(update(Organisation).where(Organisation.id == key).values(**{column: value}))


def _apart(world: World) -> None:
    """What the small market's agencies share by chance they share no more."""
    for name in ("agency", "second", "third"):
        _give(world, name, "phone", f"0979-{len(name)}{world.organisation(name).id}")
        _give(world, name, "address", f"昆仑路 {world.organisation(name).id} 号")
        with transaction() as session:
            session.execute(
                update(AgencyProfile)
                .where(AgencyProfile.agency_id == world.organisation(name).id)
                .values(registered_address=f"{name}路")
            )


def _key(world: World, *names: str) -> list[int]:
    return [world.organisation(name).id for name in names]


@pytest.mark.parametrize(
    ("tie", "one", "other"),
    [
        ("representative", "买买提·艾力", "买买提•艾力"),
        ("representative", "ＷＡＮＧ", "wang"),
        ("owner", "才 旦", "才旦"),
        ("account", "6228 0000-99", "６２２８０００099"),
        ("phone", "+86 139-0000-0000", "13900000000"),
        ("phone", "86 13900000000", "0086-13900000000"),
        ("phone", "+86 971-1234567", "0971-1234567"),
        ("phone", "0971-1234567转801", "(0971)1234567"),
        ("phone", "0971-1234567/13900000000", "139 0000 0000"),
        ("account", "86228000099", "86 2280 00099"),
        ("representative", "张三（法人）", "法定代表人：张三"),
        ("representative", "张三 先生", "张三"),
        ("owner", "负责人:才旦", "才旦(管理员)"),
        ("address", "昆仑路1号", "昆仑路 １ 号"),
    ],
)
def test_a_tie_is_found_however_it_is_written(
    world: World, monkeypatch: pytest.MonkeyPatch, tie: str, one: str, other: str
) -> None:
    _ruled(monkeypatch)
    _apart(world)
    keys = _key(world, "agency", "second", "third")
    assert linked(db.session, keys, VERSION) == []
    _give(world, "agency", tie, one)
    _give(world, "third", tie, other)
    (group,) = linked(db.session, keys, VERSION)
    assert (group.agencies, group.ties) == ((keys[0], keys[2]), (tie, SAID) if tie == "owner" else (tie,))
    _ruled(monkeypatch, ties=tuple(set(TIES) - {tie}))
    assert linked(db.session, keys, VERSION) == [], "which ties count is the policy's"


@pytest.mark.parametrize(
    ("tie", "said"),
    [
        *(("owner", said) for said in ("管理员", "系统管理员", "办公室", "暂无", "无", "admin", "N/A", "—")),
        *(
            ("representative", said)
            for said in ("无", "暂无", "待定", "0", "（无）", "法定代表人", "法人：暂无", "xx")
        ),
        *(("account", said) for said in ("0", "000000000000", "无", "-")),
        *(("phone", said) for said in ("0", "无", "00000000000", "110")),
        ("address", "无"),
        ("address", "0"),
    ],
)
def test_what_names_nobody_links_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch, tie: str, said: str
) -> None:
    _ruled(monkeypatch)
    _apart(world)
    for name in ("agency", "second"):
        _give(world, name, tie, said)
    assert linked(db.session, _key(world, "agency", "second", "third"), VERSION) == []


def test_one_person_in_two_parts_or_with_one_account_links(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _ruled(monkeypatch)
    _apart(world)
    keys = _key(world, "agency", "second", "third")
    _give(world, "agency", "representative", "张三")
    _give(world, "third", "owner", "张三(法人)")
    (group,) = linked(db.session, keys, VERSION)
    assert (group.agencies, group.ties) == ((keys[0], keys[2]), ("representative", "owner", SAID))
    _give(world, "third", "owner", "管理员")
    assert linked(db.session, keys, VERSION) == []
    with transaction() as session:  # one account manages both, whatever it is called
        user = session.scalars(select(User.id).where(User.email == world.emails["third"])).one()
        session.add(Membership(user_id=user, organisation_id=keys[1], role="owner"))
    (group,) = linked(db.session, keys, VERSION)
    assert (group.agencies, group.ties) == ((keys[1], keys[2]), ("owner",))


def test_ties_chain_and_what_nobody_filled_in_links_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    _ruled(monkeypatch)
    _apart(world)
    for name in ("agency", "second", "third"):
        _give(world, name, "phone", "")
    _give(world, "agency", "representative", "才旦")
    _give(world, "second", "representative", "才旦")
    _give(world, "second", "account", "12345678")
    _give(world, "third", "account", "12345678")
    (group,) = linked(db.session, _key(world, "third", "agency", "second"), VERSION)
    assert group.agencies == tuple(_key(world, "third", "agency", "second"))
    assert group.ties == ("representative", "account")


def test_it_takes_as_many_statements_for_many(app: Flask, world: World) -> None:
    counts = []
    for names in (("agency",), ("agency", "second", "third")):
        keys = _key(world, *names)
        with _Count() as made:
            linked(db.session, keys, VERSION)
        counts.append(len(made.statements))
    assert counts[0] == counts[1] == 2


def _opened(world: World, time: Any, **request: Any) -> str:
    made = world.request(**{"mode": "sealed_bid", "funds": "private", **request})
    world.agency("fourth")
    _give(world, "agency", "representative", "李四")
    _give(world, "second", "representative", "李 四")
    prices = {"second": 300_00, "agency": 100_00, "third": 200_00, "fourth": 400_00}
    for name, price in prices.items():
        sourcing.submit_bid(
            world.actor(name), made, price=None if request.get("mode") == "random_draw" else price, days=20
        )
        time.instant += timedelta(seconds=1)
    time.closing(made)
    return made


def _states(request: str) -> dict[str, str]:
    db.session.rollback()
    return {
        bid.agency.name.removesuffix("单位"): bid.state
        for bid in db.session.scalars(
            select(Bid).join(Bid.request).where(Request.identifier == request)
        ).unique()
    }


def _first(request: str) -> str:
    db.session.rollback()
    outcome = Request.load(db.session, request).outcome or {}
    return db.session.scalars(select(Bid).where(Bid.identifier == outcome["ranking"][0])).one().agency.name


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
    _ruled(monkeypatch, follows, ("representative",))
    request = _opened(world, time)
    assert _states(request) == states
    assert _first(request) == first
    assert len((Request.load(db.session, request).outcome or {})["ranking"]) == places


def test_the_later_bid_stays_where_the_earlier_takes_no_part(
    world: World, time: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The earlier one did not renew its bid after the request was changed."""
    _ruled(monkeypatch, "later", ("representative",))
    for name in ("agency", "second"):
        _give(world, name, "representative", "李四")
    request = world.request(mode="sealed_bid", funds="private")
    world.bids(request, agency=100_00)
    changed = {"description": "增加一处水源地", "quantity": {}, "budget": None, "reason": "补充说明情况"}
    sourcing.amend(
        world.actor("buyer"), request, deadline=workdays.add(world.deadline(request), 3), **changed
    )
    world.bids(request, second=200_00, third=300_00)
    world.agency("fourth")
    world.bids(request, fourth=400_00)
    time.closing(request)
    assert _states(request) == {
        "agency": "disqualified",
        "second": "opened",
        "third": "opened",
        "fourth": "opened",
    }
    assert _first(request) == "second单位"


@pytest.mark.parametrize(("buyer", "state"), [("show", "opened"), ("void", "disqualified")])
def test_a_bidder_under_the_buyers_head_is_shown_or_void(
    app: Flask, world: World, time: Any, monkeypatch: pytest.MonkeyPatch, buyer: str, state: str
) -> None:
    _ruled(monkeypatch, ties=("representative",), buyer=buyer)
    for name in ("buyer", "agency"):
        _give(world, name, "representative", "李四" if name == "buyer" else "李四（法人）")
    request = world.request(mode="sealed_bid", funds="state")
    world.bids(request, agency=100_00, second=200_00, third=300_00)
    assert not any(
        "与项目业主有关联" in sign_in(app, world, name).get(f"/requests/{request}").text
        for name in ("buyer", "third")
    )
    time.closing(request)
    assert _states(request) == {"agency": state, "second": "opened", "third": "opened"}
    for reader in (sign_in(app, world, "buyer"), sign_in(app, world, "third"), Visitor(app)):
        page = reader.get(f"/requests/{request}").text
        assert "与项目业主有关联、同一法定代表人" in page
    drawn = Request.load(db.session, request).outcome or {}
    assert len(drawn["ranking"]) == (3 if buyer == "show" else 2)


def test_linked_bidders_have_one_place_in_a_draw(
    world: World, time: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _ruled(monkeypatch, "one", ("representative",))
    request = _opened(world, time, mode="random_draw", budget=5_000_00)
    (draw,) = draws.of_case(db.session, request)
    assert (len(draw.candidates), len(draw.participants)) == (3, 4)
    assert len((Request.load(db.session, request).outcome or {})["ranking"]) == 3


def test_they_count_as_one_towards_the_least_number(
    world: World, time: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _ruled(monkeypatch, "one", ("representative",))
    _give(world, "agency", "representative", "李四")
    _give(world, "second", "representative", "李四")
    sealed, inquiry = (
        world.request(mode="sealed_bid", funds="state"),
        world.request(funds="state", project="另一个项目"),
    )
    for name in ("agency", "second", "third"):
        sourcing.submit_bid(world.actor(name), sealed, price=100_00, days=20)
        sourcing.submit_quote(world.actor(name), inquiry, price=100_00, days=20)
    time.closing(sealed)
    for request in (sealed, inquiry):
        found = Request.load(db.session, request)
        assert (found.state, found.extended) == ("published", True), "three, but only two heads"


def test_nothing_is_betrayed_before_the_opening_and_everything_told_after(
    app: Flask, world: World, time: Any
) -> None:
    """The later one hands in as anybody: a refusal would tell that the other has bid."""
    request = world.request(mode="sealed_bid", funds="private")
    _give(world, "agency", "representative", "李四")
    _give(world, "second", "representative", "李四")
    world.bids(request, agency=100_00, second=200_00)
    readers = [sign_in(app, world, name) for name in ("buyer", "agency", "second", "third", "regulator")] + [
        Visitor(app)
    ]
    paths = (f"/requests/{request}", f"/requests/{request}/compare")
    assert not any("关联" in reader.get(path).text for reader in readers for path in paths)
    assert not any("linked" in event.data for event in db.session.scalars(select(Event)))
    world.bids(request, third=300_00)
    world.agency("fourth")
    world.bids(request, fourth=400_00)
    time.closing(request)
    drain()
    opened = db.session.scalars(select(Event).where(Event.kind == "request.open")).one()
    assert opened.data["linked"][0].endswith(": representative")
    for reader in readers:
        page = reader.get(paths[0]).text
        assert "同一法定代表人" in page
        assert "agency单位" in page
    award = sourcing.award(world.actor("buyer"), request, reasons="报价最低,工期满足")
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
    _ruled(monkeypatch, follows, buyer="void")
    _apart(world)
    world.agency("sock")
    _give(world, "sock", "phone", "0979-7654321")
    for name in ("buyer", "agency"):
        _give(world, name, "representative", "才旦卓玛" if name == "agency" else "马海")
    _give(world, "sock", "owner", "才旦卓玛")
    _give(world, "second", "owner", "马海")
    request = world.request(mode="sealed_bid", funds="state")
    world.bids(request, sock=400_00, second=300_00, agency=100_00, third=200_00)
    time.closing(request)
    assert set(_states(request).values()) == {"opened"}
    outcome = Request.load(db.session, request).outcome or {}
    assert len(outcome["ranking"]) == 4
    assert _first(request) == "agency单位"
    assert [row["ties"] for row in outcome["linked"]] == [
        ["buyer", "representative", "owner", SAID],
        ["representative", "owner", SAID],
    ]
    assert "仅据自填的姓名,只作提示" in Visitor(app).get(f"/requests/{request}").text


@pytest.mark.parametrize("how", ["changed", "on its word"])
def test_whoever_takes_a_rivals_representative_for_its_own_is_the_one_who_is_struck(
    world: World, time: Any, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """What it says of itself nobody has looked at.

    It counts against whoever says it, though that one bid first.
    """
    _ruled(monkeypatch, ties=("representative",))
    _give(world, "agency", "representative", "才旦卓玛")
    if how == "changed":
        agencies.change_representative(
            world.actor("second"), legal_representative="才旦卓玛", phone="0979-7654321"
        )
    else:
        _give(world, "second", "representative", "才旦卓玛")
        with transaction() as session:
            open_check(
                session, SYSTEM, Organisation.load(session, world.identifiers["second"]), "commitment", []
            )
    world.agency("fourth")
    request = world.request(mode="sealed_bid", funds="private")
    world.bids(request, second=400_00, third=300_00, agency=100_00, fourth=200_00)
    time.closing(request)
    assert _states(request) == {
        "second": "disqualified",
        "third": "opened",
        "agency": "opened",
        "fourth": "opened",
    }
    assert _first(request) == "agency单位"


def test_a_live_auction_tells_it_at_its_end(app: Flask, world: World, time: Any) -> None:
    request = _opened(
        world, time, mode="reverse_auction", funds="state", deadline=time.instant.replace(day=9, hour=10)
    )
    assert Request.load(db.session, request).state == "auction"
    assert "关联" not in Visitor(app).get(f"/requests/{request}").text
    assert not any("linked" in event.data for event in db.session.scalars(select(Event)))
    time.instant = Request.load(db.session, request).auction_closes_at
    from market.jobs import tick

    tick()
    db.session.rollback()
    assert "同一法定代表人" in Visitor(app).get(f"/requests/{request}").text


NAMES = st.lists(st.sampled_from("abcdefgh"), unique=True, min_size=1)


@given(NAMES, st.randoms(use_true_random=False))
def test_a_group_has_one_place_and_nobody_else_loses_one(names: list[str], random: Any) -> None:
    cut = random.randrange(len(names) + 1)
    links = [{"answers": names[:cut], "ties": []}] if cut > 1 else []
    drawn = [name for name in names if name not in (names[1:cut] if cut > 1 else [])]
    random.shuffle(drawn)
    order = spread(drawn, links)
    assert sorted(order) == sorted(names)
    assert [name for name in order if name in drawn] == drawn
    assert len(best(order, links)) == counted(len(names), links) == len(drawn)


def test_the_rule_names_its_source() -> None:
    book = (Path(policy.FOLDER) / f"{VERSION}.toml").read_text(encoding="utf-8")
    assert "招标投标法实施条例 34" in book
    assert set(policy.get(VERSION).words("linked.ties")) <= set(TIES)


@pytest.mark.parametrize(
    "text",
    [
        "李明（法人）",
        "总经理李明",
        "董事长:李明",
        "董事长兼总经理：李明",
        "法定代表人(李明)",
        "法定代表人为李明",
        "(李明)",
        "李明 总经理",
        "李明董事长兼总经理",
        "法人 总经理 李明",
    ],
)
def test_what_stands_around_a_persons_name_is_no_part_of_it(text: str) -> None:
    assert person(text) == "李明"
    assert same_person(text, "李明")


@pytest.mark.parametrize(
    "text",
    [
        "李□",
        "李〓",
        "李?",
        "李＊",
        "李\ue000",
        "李",
        "李某",
        "李某某",
        "李○○",
        "李XX",
        "法定代表人",
        "法定代表人（总经理）",
    ],
)
def test_a_name_that_is_not_shown_names_nobody(text: str) -> None:
    assert person(text) == ""
    assert not same_person(text, "李明")


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("13900000000 0971-1234567", ["13900000000", "9711234567"]),
        ("139 0000 0000 138 1111 1112", ["13900000000", "13811111112"]),
        ("139 0000 0000", ["13900000000"]),
        ("0971 1234567 0971 7654321", ["9711234567", "9717654321"]),
        ("+86 971 1234567", ["9711234567"]),
        ("0971-1234567-801", ["9711234567"]),
        ("(0971)1234567-801", ["9711234567"]),
        ("139-0000-0000", ["13900000000"]),
        ("400-123-4567-2", ["4001234567"]),
    ],
)
def test_numbers_between_blanks_are_several_and_an_extension_is_none(text: str, numbers: list[str]) -> None:
    assert phones(text) == numbers
