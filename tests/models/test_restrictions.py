"""Restrictions are total: what stops an organisation stops it by act and by page, and no moment longer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import event, select

from harness.factories import World
from market.agencies.actions import entry
from market.contracts.actions import signing
from market.extensions import db
from market.sourcing.actions import awards, bids, closing, quotes
from models.accounts import Organisation
from models.credit import policy, restrictions
from models.credit.policy import ACTIVITIES
from models.credit.restrictions import Restricted, free_for
from models.errors import Problem
from tests.credit.restricted import IMPOSED, ended, graded, limited
from tests.web import Visitor, sign_in


@dataclass
class Doing:
    """Something somebody does, as an act and as a page."""

    who: str
    act: Callable[[], Any]
    path: str
    fields: dict[str, Any]
    name: str = "agency"


def _entry(world: World) -> Doing:
    world.sign_up("newcomer", kind="agency", region_code="632801")
    world.fill("newcomer")
    return Doing(
        "newcomer",
        lambda: entry.submit(world.actor("newcomer"), committed=True),
        "/my/entry/commitment",
        {"committed": "y", "way": "submit"},
        "newcomer",
    )


def _fees(world: World) -> Doing:
    path, fields = "/my/fees/new?item=WAT-01", {"price": "49000"}
    return Doing("agency", lambda: world.fees("agency", 4_900_000), path, fields)


def _quote(world: World) -> Doing:
    tender = world.tender()
    return Doing(
        "agency",
        lambda: quotes.submit(world.actor("agency"), tender, price=4_000_000, days=20),
        f"/requests/{tender}/answer",
        {"price": "40000", "days": "20"},
    )


def _negotiation(world: World) -> Doing:
    quote = quotes.submit(world.actor("agency"), world.tender(), price=4_000_000, days=20)
    quotes.offer(world.actor("buyer"), quote, price=3_000_000, days=20)
    return Doing("agency", lambda: quotes.accept(world.actor("agency"), quote), f"/quotes/{quote}/accept", {})


def _bid(world: World) -> Doing:
    tender = world.tender(mode="sealed_bid", funds="state")
    return Doing(
        "agency",
        lambda: bids.submit(world.actor("agency"), tender, price=4_000_000, days=20),
        f"/requests/{tender}/answer",
        {"price": "40000", "days": "20"},
    )


def _award(world: World) -> Doing:
    tender = world.tender()
    quote = quotes.submit(world.actor("agency"), tender, price=4_000_000, days=20)
    quotes.accept(world.actor("buyer"), quote)
    closing.close(world.actor("buyer"), tender)
    return Doing(
        "buyer",
        lambda: awards.award(
            world.actor("buyer"), tender, agency=world.identifiers["agency"], reasons="价格合理,工期满足"
        ),
        f"/requests/{tender}/award",
        {"agency": world.identifiers["agency"], "reasons": "价格合理,工期满足"},
    )


def _sign(world: World) -> Doing:
    contract = world.contract_of(world.awarded()).identifier
    return Doing(
        "agency",
        lambda: signing.agree(world.actor("agency"), contract),
        f"/contracts/{contract}/agree_agency",
        {},
    )


def _sign_by_the_buyer(world: World) -> Doing:
    contract = world.contract_of(world.awarded()).identifier
    return Doing(
        "buyer",
        lambda: signing.agree(world.actor("buyer"), contract),
        f"/contracts/{contract}/agree_buyer",
        {},
        "buyer",
    )


DOINGS = {
    "entry": (_entry,),
    "fees": (_fees,),
    "quote": (_quote, _negotiation),
    "bid": (_bid,),
    "award": (_award,),
    "sign": (_sign, _sign_by_the_buyer),
}
CASES = [
    (activity, prepare, source)
    for activity, found in DOINGS.items()
    for prepare in found
    for source in IMPOSED
    # a suspended agency has entered, and no enterprise has a grade
    if (activity, source) != ("entry", "account") and (prepare, source) != (_sign_by_the_buyer, "grade")
]


def test_every_activity_is_tried() -> None:
    assert DOINGS.keys() == ACTIVITIES.keys()


@pytest.mark.parametrize(
    ("activity", "prepare", "source"), CASES, ids=[f"{a}-{p.__name__}-{s}" for a, p, s in CASES]
)
def test_whatever_stops_an_activity_stops_it_by_act_and_by_page_and_no_longer_than_it_lasts(
    app: Flask,
    world: World,
    time: Any,
    monkeypatch: pytest.MonkeyPatch,
    activity: str,
    prepare: Callable[[World], Doing],
    source: str,
) -> None:
    doing = prepare(world)
    end = IMPOSED[source](world, activity, time, monkeypatch, doing.name)
    found = restrictions.restrictions(db.session, [world.organisation(doing.name).id])
    (stops,) = found.values()
    assert {each.source for each in stops if each.activity == activity} == {source}
    with pytest.raises(Problem) as refused:
        doing.act()
    if source != "account":  # which stops the person already
        assert isinstance(refused.value, Restricted)
        assert refused.value.params["what"] == ACTIVITIES[activity]
        assert ("until" in refused.value.params) is (source == "record")
    visitor = sign_in(app, world, doing.who)
    page = visitor.get(doing.path)
    if activity != "award":  # the buyer may choose others
        said = source == "account" and page.soup.select_one(".refused") is not None
        assert page.status == 403 or said, (page.status, doing.path)
    posted = visitor.post(doing.path, {**doing.fields, **_token(visitor)})
    assert posted.status in (403, 422), posted.status
    end()
    db.session.rollback()
    (left,) = restrictions.restrictions(db.session, [world.organisation(doing.name).id]).values()
    assert activity not in {each.activity for each in left}
    doing.act()


def _token(visitor: Visitor) -> dict[str, str]:
    page = visitor.get("/sign-in").soup.select_one("input[name=csrf_token]")
    return {"csrf_token": str(page["value"])} if page is not None else {}


class _Count:
    """How many statements are sent within."""

    def __enter__(self) -> _Count:
        self.number = 0
        event.listen(db.engine, "before_cursor_execute", self._note)
        return self

    def _note(self, *_: Any) -> None:
        self.number += 1

    def __exit__(self, *_: object) -> None:
        event.remove(db.engine, "before_cursor_execute", self._note)


def test_of_many_it_is_asked_in_as_many_statements_as_of_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(policy.current().values["limits"]["grades"], "E", {"limits": ["bid"]})
    for name in ("agency", "second", "third"):
        limited(world, "award", name=name)
        limited(world, "sign", name=name)
        graded(world, name, "E")
    entry.suspend(world.actor("regulator"), world.identifiers["agency"], reason="登记住所查无此机构")
    entry.suspend(world.actor("regulator"), world.identifiers["second"], reason="登记住所查无此机构")
    keys = [world.organisation(name).id for name in ("agency", "second", "third", "buyer")]
    counts = []
    for asked in (keys[:1], keys):
        db.session.rollback()
        with _Count() as counted:
            found = restrictions.restrictions(db.session, asked)
        counts.append(counted.number)
    assert counts[0] == counts[1] <= 6
    assert not found[keys[3]]
    assert {each.activity for each in found[keys[2]]} == {"award", "sign", "bid"}


@given(st.sets(st.sampled_from(sorted(ACTIVITIES))), st.sets(st.sampled_from(sorted(ACTIVITIES)), min_size=1))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_the_twin_in_sql_says_the_same(world: World, stopped: set[str], asked: set[str]) -> None:
    record = limited(world, *sorted(stopped))
    agency = world.organisation("agency")
    free = db.session.scalar(select(Organisation.id).where(Organisation.id == agency.id, free_for(*asked)))
    assert (free is None) is bool(stopped & asked)
    try:
        restrictions.check(db.session, agency, *asked)
    except Restricted:
        assert stopped & asked
    else:
        assert not stopped & asked
    ended(record)
    free = db.session.scalar(select(Organisation.id).where(Organisation.id == agency.id, free_for(*asked)))
    assert free is not None


def test_what_lasts_longest_is_said_and_others_read_what_is_published(world: World) -> None:
    limited(world, "bid", published=False)
    agency = world.organisation("agency")
    stops = restrictions.restrictions(db.session, [agency.id])[agency.id]
    assert [each.public for each in stops] == [False]
    own = restrictions.refusal(stops, agency, ("bid",))
    others = restrictions.refusal(stops, agency, ("bid",), own=False)
    assert own is not None
    assert others is not None
    assert "basis" in own.params
    assert not others.params.keys() & {"basis", "reason"}
    assert own.params["until"] == others.params["until"] == restrictions.day_of(stops[0].until)
    entry.suspend(world.actor("regulator"), world.identifiers["agency"], reason="登记住所查无此机构")
    agency = world.organisation("agency")
    stops = restrictions.restrictions(db.session, [agency.id])[agency.id]
    longest = restrictions.refusal(stops, agency, ("bid",), own=False)
    assert longest is not None
    assert "until" not in longest.params
    assert "登记住所查无此机构" in str(longest)
