"""Where a verdict is asked for no page suggests one, and the task is called by what is to be decided."""

from __future__ import annotations

from flask import Flask

from harness.factories import World
from market.agencies.actions import checks
from market.transaction import transaction
from models import CASES
from models.accounts import Organisation
from models.actors import SYSTEM
from models.agencies.checks import open_check
from tests.web import sign_in


def test_every_state_that_decides_offers_several_ways_and_no_end_of_them_is_its_name() -> None:
    for case_class in CASES.values():
        workflow = case_class.workflow
        for state, said in workflow.decides.items():
            acts = [move.act for move in workflow.moves if move.source == state and move.who - {"system"}]
            assert len(acts) > 1, (workflow.name, state)
            assert said not in {workflow.asked(act) for act in acts}, (workflow.name, state)


def test_a_check_that_was_answered(app: Flask, world: World) -> None:
    with transaction() as session:
        agency = session.get_one(Organisation, world.organisation("agency").id)
        opened = open_check(session, SYSTEM, agency, "scope", [])
        assert opened is not None
        check = opened.identifier
    checks.ask(world.actor("regulator"), check, reason="请说明登记的经营范围。")
    checks.answer(world.actor("agency"), check, statement="经营范围已经变更登记。")
    regulator = sign_in(app, world, "regulator")
    page = regulator.get(f"/checks/{check}")
    turn = page.soup.select_one(".turn")
    assert turn is not None
    assert "轮到您:认定情况" in turn.get_text()
    assert not turn.select(".btn-main")
    assert {"认定无误", "认定属实"} <= {link.get_text(strip=True) for link in turn.select("a.btn")}
    assert "认定情况" in regulator.get("/my").text
