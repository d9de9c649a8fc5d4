"""The ranking: who stands in it for an item and a region, and of everybody else why not."""

from __future__ import annotations

import csv
import io
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from harness.factories import ITEM, World
from market.agencies.actions import entry
from market.contracts.actions import changing
from market.credit.views.ranking import placed
from market.extensions import db
from market.jobs import drain, run_deadlines
from market.oversight.actions.overriding import override
from market.transaction import transaction
from models import workdays
from models.credit.kept import CreditScore
from models.credit.ranking import Ranking
from tests.credit.test_weighing import sheet_of
from tests.web import Visitor, sign_in


def ranked(ranking: Ranking) -> list[str]:
    return [score.agency.identifier for score in db.session.scalars(ranking.ranked())]


def left_out(ranking: Ranking) -> dict[str, str]:
    rows = db.session.execute(ranking.unranked())
    return {
        agency.identifier: " ".join(each.message for each in ranking.why_not(agency, grade, contracts))
        for agency, grade, contracts in rows
    }


def test_whoever_finished_work_ranks_and_of_everybody_else_it_is_said_why_not(
    app: Flask, world: World
) -> None:
    world.settled()
    own = world.identifiers["agency"]
    assert ranked(Ranking()) == [own]
    assert own not in left_out(Ranking())
    assert {world.identifiers["second"], world.identifiers["third"]} <= left_out(Ranking()).keys()
    page = Visitor(app).get("/credit/unranked")
    assert "没有记录不等于记录好" in page.text
    assert world.identifiers["second"] in page.text
    assert own not in page.text


def test_for_an_item_it_takes_work_of_that_item(app: Flask, world: World) -> None:
    world.settled()
    own, other = world.identifiers["agency"], "FIN-03"
    world.fees("agency", 4_000_000, other)
    assert ranked(Ranking(ITEM)) == [own]
    assert ranked(Ranking(other)) == []
    assert "这一事项结束的合同" in left_out(Ranking(other))[own]
    page = Visitor(app).get(f"/credit/unranked?item={other}")
    assert "这一事项结束的合同是 0 份,不到 1 份。" in page.text
    assert Visitor(app).get(f"/credit?item={other}").soup.select("td.nothing")


def test_what_counts_for_a_grade_counts_for_a_rank_whatever_state_an_operator_sets(
    world: World, time: Any
) -> None:
    world.appoint_admin()
    contract = world.started()
    changing.give_notice(world.actor("buyer"), contract, reason="对方经催告仍不履行主要义务")
    time.instant = workdays.add(time.instant, 5) + timedelta(minutes=1)
    run_deadlines()
    drain()
    for target in ("terminated", "active"):
        assert sheet_of(world).failed == 1
        assert ranked(Ranking()) == ranked(Ranking(ITEM)) == [world.identifiers["agency"]]
        override(
            world.actor("admin"),
            case_type="contract",
            identifier=contract,
            target=target,
            reason="依更正决定调整状态",
        )
        drain()
        db.session.rollback()
    assert ranked(Ranking()) == ranked(Ranking(ITEM)) == [world.identifiers["agency"]]


@pytest.mark.parametrize("region", ["632801", "632800", "630000"])
def test_a_region_holds_what_lies_below_it(world: World, region: str) -> None:
    world.settled()
    own = world.organisation("agency")
    inside = own.region_code.startswith(region.rstrip("0"))
    assert (ranked(Ranking(region=region)) == [own.identifier]) == inside
    assert left_out(Ranking(region=region)).keys() <= left_out(Ranking()).keys()


def test_the_ranking_is_taken_away_as_it_is_shown(app: Flask, world: World) -> None:
    world.settled()
    text = sign_in(app, world, "regulator").get("/credit.csv").response.get_data().decode("utf-8-sig")
    (row,) = csv.DictReader(io.StringIO(text))
    score = Visitor(app).get("/credit").soup.select("tbody td.num")[-1].get_text(" ", strip=True)
    assert row["编号"] == world.identifiers["agency"]
    assert score == f"{row['信用分']} ±{row['信用分的误差']}"
    assert (row["名次"], row["已评价的合同"], row["应评价的合同"]) == ("1", "1", "1")


@pytest.fixture
def two(world: World) -> World:
    """Two agencies with a contract behind them, the second rated better; the third has none."""
    world.settled(stars=2, agency="agency")
    world.settled(stars=5, agency="second")
    db.session.rollback()
    return world


def _order(app: Any, world: World, query: str = "") -> list[str]:
    """The agencies on the page, by name, in their order."""
    page = Visitor(app).get(f"/credit{query}")
    assert page.status == 200
    known = {f"/agencies/{world.identifiers[name]}/credit": name for name in ("agency", "second", "third")}
    links = [str(each["href"]) for each in page.soup.select("main table a[href]")]
    return list(dict.fromkeys(known[link] for link in links if link in known))


def test_the_better_rated_comes_first_and_who_has_no_record_is_not_there(app: Any, two: World) -> None:
    assert _order(app, two) == ["second", "agency"]


def test_by_item_and_by_place(app: Any, two: World) -> None:
    assert _order(app, two, "?item=WAT-01") == ["second", "agency"]
    assert _order(app, two, "?item=EIA-01") == []
    assert _order(app, two, "?region=630000") == ["second", "agency"]
    assert Visitor(app).get("/credit?region=540000").status == 422, "no place of this market"


def test_who_is_suspended_is_not_ranked(app: Any, two: World) -> None:
    entry.suspend(two.actor("regulator"), two.identifiers["second"], reason="登记住所查无此机构")
    assert _order(app, two) == ["agency"]
    why = left_out(Ranking())[two.identifiers["second"]]
    assert "不排名" in why
    assert "没有依据评级" not in why
    entry.suspend(two.actor("regulator"), two.identifiers["third"], reason="登记住所查无此机构")
    both = left_out(Ranking())[two.identifiers["third"]]
    assert "不排名" in both
    assert "没有依据评级" in both, "it would not rank again either"
    told = Visitor(app).get("/credit/unranked.csv").text
    assert "不排名。 结束的合同还不到" in told


def test_equal_scores_share_a_place_on_every_page_and_in_the_file(app: Flask, world: World) -> None:
    names = ("agency", "second", "third")
    for name in names:
        world.settled(agency=name)
    keys = [world.organisation(name).id for name in names]
    for scores in ((800, 800, 700), (800, 700, 700), (700, 700, 700)):
        db.session.rollback()
        with transaction() as session:
            for key, score in zip(keys, scores, strict=True):
                session.execute(update(CreditScore).where(CreditScore.agency_id == key).values(score=score))
        expected = [1 + sum(other > score for other in scores) for score in scores]
        told = csv.DictReader(io.StringIO(Visitor(app).get("/credit.csv").text.lstrip("\ufeff")))
        assert [int(row["名次"]) for row in told] == expected
        rows = Visitor(app).get("/credit").soup.select("main table tbody tr")
        assert [int(row.select_one("td").text) for row in rows] == expected
        ranked = list(db.session.scalars(Ranking().ranked()))
        for before in range(1, 3):  # a page that begins within the list
            better = db.session.scalar(Ranking().better_than(ranked[before].score))
            assert [place for place, _score in placed(ranked[before:], before, better)] == expected[before:]
