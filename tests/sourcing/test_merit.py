"""Merit: the formulas, the evaluators' sheets, and that nobody sees another's."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from harness.factories import PASSWORD, World, code, years
from market.accounts.actions import confirming, members
from market.agencies.actions import accounts as account_actions
from market.agencies.actions import entry
from market.extensions import db
from market.jobs import run_deadlines
from market.sourcing.actions import awards, scoring
from models import policy, workdays
from models.actors import VISITOR
from models.errors import NotAllowed, RuleViolation
from models.sourcing.awards import Award
from models.sourcing.evaluations import Evaluation
from models.sourcing.scoring import Criteria, check_criteria, days_shares, price_shares
from models.sourcing.tenders import Tender
from tests.web import Visitor, sign_in

CRITERIA: dict[str, Any] = {
    "price": {"weight": 40, "formula": "lowest_ratio"},
    "days": {"weight": 10},
    "credit": {"weight": 20},
    "quality": [{"name": "技术方案", "weight": 20}, {"name": "类似业绩", "weight": 10}],
}
VERSION = policy.versions()[0].version


@given(
    st.dictionaries(st.integers(), st.integers(1, 10**12), min_size=1, max_size=9),
    st.sampled_from(["lowest_ratio", "mean_deviation"]),
)
def test_every_formula_gives_shares_and_the_lowest_ratio_all_to_the_lowest(
    prices: dict[int, int], formula: str
) -> None:
    shares = price_shares(formula, prices, VERSION)
    assert all(0 <= share <= 1 for share in shares.values())
    if formula == "lowest_ratio":
        assert max(shares.values()) == 1 == shares[min(prices, key=lambda who: prices[who])]
        ordered = sorted(prices, key=lambda who: prices[who])
        assert [shares[who] for who in ordered] == sorted(shares.values(), reverse=True)


def test_worked_examples() -> None:
    assert price_shares("lowest_ratio", {"a": 80, "b": 100}, VERSION) == {"a": 1, "b": Fraction(4, 5)}
    deviation = price_shares("mean_deviation", {"a": 90, "b": 110}, VERSION)
    assert deviation == {"a": Fraction(90, 100), "b": Fraction(80, 100)}, (
        "10 % below loses 10 points of 100, above 20"
    )
    assert days_shares({"a": 20, "b": 25}) == {"a": 1, "b": Fraction(4, 5)}


@pytest.mark.parametrize(
    ("change", "field"),
    [
        (None, "price_weight"),
        ({"price": {"weight": 41, "formula": "lowest_ratio"}}, "price_weight"),
        ({"price": {"weight": 40, "formula": "guess"}}, "price_formula"),
        ({"quality": [{"name": "一", "weight": 15}, {"name": "一", "weight": 15}]}, "quality"),
    ],
)
def test_criteria_that_do_not_add_up_are_refused_at_their_field(change: Any, field: str) -> None:
    with pytest.raises(RuleViolation) as refused:
        check_criteria(None if change is None else Criteria.from_json({**CRITERIA, **change}))
    assert refused.value.field == field


@pytest.fixture
def panel(world: World) -> World:
    for number in range(4):
        world.enterprise(f"expert{number}")
    return world


def tender_of(world: World, experts: int = 3, **values: Any) -> str:
    tender = world.tender(mode="merit", funds="state", criteria=CRITERIA, **values)
    for number in range(experts):
        scoring.appoint(world.actor("buyer"), tender, email=f"expert{number}@example.cn")
    return tender


def sheets(world: World, tender: str) -> dict[str, str]:
    db.session.rollback()
    found = db.session.query(Evaluation).filter(Evaluation.tender.has(identifier=tender))
    return {e.evaluator.name: e.identifier for e in found}


def points(bids: dict[str, str], **given: tuple[int, int]) -> dict[str, Any]:
    return {
        bids[name]: {
            "points": dict(zip(("技术方案", "类似业绩"), marks, strict=True)),
            "reason": f"{name} 的理由写在这里",
        }
        for name, marks in given.items()
    }


GOOD = {"agency": (20, 10), "second": (10, 5), "third": (0, 0)}


def test_evaluators_score_alone_and_the_best_total_wins(app: Flask, panel: World, time: Any) -> None:
    world = panel
    tender = tender_of(world)
    bids = world.bids(tender, agency=4_000_000, second=3_900_000, third=3_800_000)
    with pytest.raises(RuleViolation, match="已经在名单"):
        scoring.appoint(world.actor("buyer"), tender, email="expert0@example.cn")
    time.closing(tender)
    mine = sheets(world, tender)
    for number, name in enumerate(mine):
        with pytest.raises(NotAllowed):
            scoring.declare(world.actor("buyer"), mine[name])
        scoring.declare(world.actor(name), mine[name])
        with pytest.raises(RuleViolation) as refused:
            scoring.score(world.actor(name), mine[name], sheet=points(bids, **{**GOOD, "third": (21, 0)}))
        assert str(refused.value.field).startswith("points_")
        scoring.score(world.actor(name), mine[name], sheet=points(bids, **GOOD))
        assert Tender.load(db.session, tender).state == ("evaluated" if number == 2 else "scoring")
        if number < 2:
            found = db.session.query(Evaluation).filter_by(identifier=mine[name]).one()
            assert (found.sheet, found.state) == (None, "scored")
            for other in ("expert2", "buyer", "regulator", "agency"):
                text = sign_in(app, world, other).get(f"/requests/{tender}").text
                assert "的理由写在这里" not in text
                assert "中选:" not in text
                assert "抽中:" not in text, "nobody has won while they score"
    outcome = Tender.load(db.session, tender).outcome
    assert outcome.ranking == [bids[name] for name in ("agency", "second", "third")]
    assert outcome.points[bids["agency"]] == {
        "price": 38.0,
        "days": 10.0,
        "credit": 12.0,
        "技术方案": 20.0,
        "类似业绩": 10.0,
    }
    assert outcome.totals[bids["agency"]] == 90.0
    page = sign_in(app, world, "visitor").get(f"/requests/{tender}").text
    assert "的理由写在这里" in page
    assert "90.00" in page
    assert f"中选:{bids['agency']}" in page
    award = Award.load(db.session, awards.award(world.actor("buyer"), tender, reasons="综合评分第一"))
    assert award.agency.name == "agency单位"


SPELLINGS = [
    "买买提•艾力",
    "买买提·艾力",
    "买买提‧艾力",
    "买买提・艾力",
    "买买提．艾力",
    "买买提･艾力",
    "买买提 艾力",
    "买买提\u200b·艾力",
    "买买提艾力",
    "买买提·艾力（法人）",
]


@pytest.mark.parametrize("spelling", SPELLINGS, ids=ascii)
@pytest.mark.parametrize("tie", ["representative", "member", "practitioner"])
def test_an_evaluator_is_known_as_a_bidders_person_however_the_name_is_written(
    world: World, time: Any, tie: str, spelling: str
) -> None:
    expert = {
        "email": "expert@example.cn",
        "password": PASSWORD,
        "kind": "enterprise",
        "organisation": "专家单位",
        "region_code": "632801",
        "uscc": code(800),
    }
    members.sign_up(VISITOR, name="买买提·艾力", **expert)
    if tie == "representative":
        account_actions.change_representative(
            world.actor("second"), legal_representative=spelling, phone="0979-1"
        )
    elif tie == "member":
        members.add_member(world.actor("second"), email="m@example.cn", name=spelling, password=PASSWORD)
        confirming.show_address("m@example.cn")
    else:
        entry.add_practitioner(
            world.actor("second"), name=spelling, kind="注册咨询工程师", number="N1", **years()
        )
    tender = world.tender(mode="merit", funds="state", criteria=CRITERIA)
    scoring.appoint(world.actor("buyer"), tender, email="expert@example.cn")
    world.bids(tender, agency=4_000_000, second=3_900_000, third=3_800_000)
    time.closing(tender)
    found = db.session.query(Evaluation).one()
    assert (found.state, found.conflict) == ("recused", "second单位")


def test_a_conflict_of_interest_keeps_an_evaluator_out(app: Flask, panel: World, time: Any) -> None:
    world = panel
    world.member("agency", "inside")
    tender = tender_of(world)
    scoring.appoint(world.actor("buyer"), tender, email="inside@example.cn")
    bids = world.bids(tender, agency=4_000_000, second=3_900_000, third=3_800_000)
    time.closing(tender)
    mine = sheets(world, tender)
    inside = db.session.query(Evaluation).filter_by(identifier=mine["inside"]).one()
    assert (inside.state, inside.conflict) == ("recused", "agency单位")
    scoring.recuse(world.actor("expert0"), mine["expert0"], reason="曾在其中一家任职")
    for name in ("expert1", "expert2"):
        scoring.declare(world.actor(name), mine[name])
        scoring.score(world.actor(name), mine[name], sheet=points(bids, **GOOD))
    assert Tender.load(db.session, tender).state == "scoring", "two of three: the buyer appoints another"
    scoring.appoint(world.actor("buyer"), tender, email="expert3@example.cn")
    mine = sheets(world, tender)
    world.agency("late")
    scoring.declare(world.actor("expert3"), mine["expert3"])
    with pytest.raises(NotAllowed):
        scoring.score(world.actor("expert1"), mine["expert3"], sheet={})
    answer = sign_in(app, world, "expert3").submit(f"/evaluations/{mine['expert3']}/score", points_0_0="99")
    assert answer.status == 422
    assert answer.error_at("points_0_0")
    assert answer.value_of("points_0_0") == "99"
    fields = {f"points_{n}_{p}": "5" for n in range(3) for p in range(2)} | {
        f"reason_{n}": "方案可行,理由充分" for n in range(3)
    }
    assert (
        sign_in(app, world, "expert3").submit(f"/evaluations/{mine['expert3']}/score", **fields).status == 303
    )
    db.session.rollback()
    assert Tender.load(db.session, tender).state == "evaluated"
    public = Visitor(app).get(f"/requests/{tender}").text
    assert ("expert3" in public, world.organisation("expert3").name in public) == (True, False)


def test_evaluators_have_names_and_no_buyer_learns_whose_an_address_is(
    app: Flask, panel: World, time: Any
) -> None:
    world = panel
    tender = tender_of(world)
    scoring.appoint(world.actor("buyer"), tender, email="nobody@example.cn")
    mine = sheets(world, tender)
    named, address = f"expert0({world.organisation('expert0').name})", world.emails["expert0"]
    for reader in ("buyer", "regulator", "expert0"):
        for path in (f"/requests/{tender}", f"/evaluations/{mine['expert0']}"):
            text = sign_in(app, world, reader).get(path).soup.select_one("main").get_text()
            assert (address in text, named in text) == (reader == "buyer", reader != "buyer"), (reader, path)
    assert "nobody@example.cn" in sign_in(app, world, "regulator").get(f"/requests/{tender}").text
    world.bids(tender, agency=4_000_000, second=3_900_000, third=3_800_000)
    time.closing(tender)
    scoring.declare(world.actor("expert0"), mine["expert0"])
    text = sign_in(app, world, "buyer").get(f"/requests/{tender}").soup.select_one("main").get_text()
    assert named in text
    assert address not in text


def test_whoever_does_not_score_in_time_is_left_out(panel: World, time: Any) -> None:
    world = panel
    tender = tender_of(world, experts=4)
    bids = world.bids(tender, agency=4_000_000, second=3_900_000, third=3_800_000)
    time.closing(tender)
    mine = sheets(world, tender)
    for name in ("expert0", "expert1", "expert2"):
        scoring.declare(world.actor(name), mine[name])
        scoring.score(world.actor(name), mine[name], sheet=points(bids, **GOOD))
    assert Tender.load(db.session, tender).state == "scoring"
    time.instant = workdays.add(time.instant, 4)
    run_deadlines()
    db.session.rollback()
    assert Tender.load(db.session, tender).state == "evaluated"
    assert db.session.query(Evaluation).filter_by(identifier=mine["expert3"]).one().state == "lapsed"


def test_without_quality_lines_nobody_needs_to_score(world: World, time: Any) -> None:
    criteria = {
        "price": {"weight": 70, "formula": "mean_deviation"},
        "days": {"weight": 10},
        "credit": {"weight": 20},
        "quality": [],
    }
    tender = world.tender(mode="merit", funds="state", criteria=criteria)
    bids = world.bids(tender, agency=4_000_000, second=3_900_000, third=3_000_000)
    time.closing(tender)
    found = Tender.load(db.session, tender)
    assert found.state == "evaluated"
    assert found.outcome.ranking[0] == bids["second"], "nearest below the mean"
