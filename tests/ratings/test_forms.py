"""Rating: every dimension, and sealed until both have rated."""

from __future__ import annotations

from typing import Any

from flask import Flask

from harness.factories import World
from market.contracts.actions import drafting
from models import workdays
from models.ratings.rating import DIMENSIONS, LEVELS, Rating
from tests.web import Visitor, sign_in


def test_ratings_need_every_dimension(app: Flask, world: World) -> None:
    contract = world.settled_unrated()
    rating = world.one(Rating, contract, by="buyer").identifier
    buyer = sign_in(app, world, "buyer")
    four = dict.fromkeys(list(DIMENSIONS["buyer"])[:4], "5")
    answer = buyer.submit(f"/ratings/{rating}/rate", **four, comment="好的")
    assert answer.status == 422
    assert "满意程度" in answer.error_at("integrity")
    assert answer.value_of("comment") == "好的"
    assert answer.value_of("quality") == "5"
    odd = buyer.submit(f"/ratings/{rating}/rate", **{**four, "integrity": "9"})
    assert odd.status == 422
    assert buyer.submit(f"/ratings/{rating}/rate", **four, integrity="4", comment="好的").status == 303
    shown = sign_in(app, world, "agency").get(f"/contracts/{contract}").text
    assert "好的" not in shown, "sealed with its words until both have rated"


def test_the_levels_are_those_of_the_field_and_a_rating_is_given_once(app: Flask, world: World) -> None:
    contract = world.settled_unrated()
    rating = world.one(Rating, contract, by="buyer").identifier
    buyer = sign_in(app, world, "buyer")
    page = buyer.get(f"/ratings/{rating}/rate").text
    assert all(f"{level}({n})" in page for n, level in LEVELS.items())
    fives = dict.fromkeys(DIMENSIONS["buyer"], "5")
    assert buyer.submit(f"/ratings/{rating}/rate", **fives).location == f"/ratings/{rating}"
    token = buyer.get("/check").value_of("csrf_token")
    again = buyer.post(f"/ratings/{rating}/rate", {"csrf_token": token, "submission": "another", **fives})
    assert (again.status, "您已经评价过" in again.text) == (409, True)
    assert sign_in(app, world, "second").get(f"/ratings/{rating}/rate").status == 404
    assert Visitor(app).get(f"/ratings/{rating}").status == 302, "sealed"
    other = world.one(Rating, contract, by="agency").identifier
    english = Visitor(app, world.emails["agency"], language="en")
    assert "Very satisfied (5)" in english.get(f"/ratings/{other}/rate").text


def test_a_department_judges_the_report_and_whoever_was_left_judges_no_work(app: Flask, world: World) -> None:
    contract = world.settled_unrated()
    mine = world.one(Rating, contract, by="department").identifier
    page = sign_in(app, world, "department").get(f"/ratings/{mine}/rate").text
    assert all(label in page for label in ("内容完整", "结论可靠", "法规标准适用", "修改到位"))
    left = world.contract_of(world.awarded()).identifier
    drafting.terminate(world.actor("agency"), left, reason="人手不足,不做了")
    (asked,) = world.every(Rating, left)
    assert (asked.by, asked.about) == ("buyer", "award")
    page = sign_in(app, world, "buyer").get(f"/ratings/{asked.identifier}/rate").text
    assert "沟通答复" in page
    assert "成果质量" not in page


def test_what_is_refused_is_said_at_its_field_and_nothing_is_lost(
    app: Flask, world: World, time: Any
) -> None:
    contract = world.settled(stars=2)
    rating = world.one(Rating, contract, by="buyer").identifier
    agency = sign_in(app, world, "agency")
    short = agency.submit(f"/ratings/{rating}/reply", reply="嗯")
    assert (short.status, bool(short.error_at("reply"))) == (422, True)
    assert agency.submit(f"/ratings/{rating}/reply", reply="已经联系业主改正").status == 303
    assert agency.get(f"/ratings/{rating}/reply").status == 422
    assert "只能回复一次" in agency.get(f"/ratings/{rating}/reply").text
    lacking = agency.submit(f"/ratings/{rating}/appeal", ground="fraud", claim="评语所说与合同履行情况不符")
    assert (lacking.status, lacking.value_of("claim")) == (422, "评语所说与合同履行情况不符")
    assert "请选择文件" in lacking.error_at("file")
    time.instant = workdays.add(time.instant, 16)
    late = sign_in(app, world, "agency").get(f"/ratings/{rating}/appeal")
    assert (late.status, "申诉期限已过" in late.text) == (422, True)
