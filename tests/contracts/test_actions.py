"""Delivering, returning, accepting, reviewing."""

from __future__ import annotations

from typing import Any

import pytest

from harness.factories import PDF, World
from market.contracts.actions import delivering
from market.extensions import db
from market.files import File
from market.jobs import run_deadlines
from models import workdays
from models.contracts.deliverables import Deliverable
from models.errors import NotAllowed, RuleViolation


def test_returns_corrections_silence_and_review(world: World, time: Any) -> None:
    contract = world.signed()
    world.paid(contract, "deposit")
    deliverable = world.delivered(contract)
    with pytest.raises(RuleViolation):
        delivering.send_for_correction(world.actor("buyer"), deliverable, answers={}, reason="")
    points = Deliverable.load(db.session, deliverable).contract.tender.item.checklist
    delivering.send_for_correction(
        world.actor("buyer"), deliverable, answers={points[0]: "没有附图"}, reason="缺少附图和原始数据"
    )
    with pytest.raises(NotAllowed):
        delivering.submit(world.actor("second"), deliverable, files=[File("x", PDF)], ticked=[])
    with pytest.raises(RuleViolation, match="未勾选"):
        delivering.submit(world.actor("agency"), deliverable, files=[File("x", PDF)], ticked=[])
    world.delivered(contract)
    time.instant = workdays.add(time.instant, 10)
    run_deadlines()
    assert Deliverable.load(db.session, deliverable).state == "accepted"
    delivering.send_back(
        world.actor("department"), deliverable, codes=["measures"], reason="措施不可落实", fault="agency"
    )
    world.delivered(contract)
    world.accepted(deliverable)
    delivering.pass_review(world.actor("department"), deliverable)
    done = Deliverable.load(db.session, deliverable)
    assert (done.state, done.first_pass, len(done.versions), done.returns) == ("passed", False, 3, 1)
