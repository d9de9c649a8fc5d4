"""Not signing a contract is no way to draw again."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from harness.factories import World
from market.contracts.actions import drafting, signing
from market.extensions import db
from market.jobs import run_deadlines
from market.sourcing.actions import awards, cancelling
from models import workdays
from models.accounts import Organisation
from models.contracts.agreement import Contract
from models.errors import RuleViolation, WrongState
from models.sourcing.tenders import Tender
from tests.sourcing.readable import opened
from tests.web import sign_in


def drafted(world: World, time: Any) -> tuple[str, str]:
    """A tender drawn with state funds, and its contract before anybody signed."""
    tender = opened(world, time)
    awards.award(world.actor("buyer"), tender, reasons="按抽取结果确定")
    for _day in range(6):
        time.instant = workdays.add(time.instant, 1)
        run_deadlines()
    db.session.rollback()
    return tender, db.session.query(Contract).one().identifier


def test_not_signing_is_no_way_to_draw_again(app: Flask, world: World, time: Any) -> None:
    tender, contract = drafted(world, time)
    buyer, regulator = world.actor("buyer"), world.actor("regulator")
    with pytest.raises(RuleViolation, match=tender):
        drafting.terminate(buyer, contract, reason="不想和它签合同")
    assert f"/requests/{tender}/ask_cancel" in sign_in(app, world, "buyer").get(f"/requests/{tender}").text
    cancelling.ask(buyer, tender, ground="unlawful", reason="中选机构串通投标")
    assert Tender.load(db.session, tender).state == "revoking"
    cancelling.refuse(regulator, tender, reason="串通一说查无实据")
    assert Tender.load(db.session, tender).state == "contracted"
    cancelling.ask(buyer, tender, ground="unlawful", reason="中选机构串通投标")
    cancelling.consent(regulator, tender, reason="串通属实,同意取消")
    ended = Contract.load(db.session, contract)
    assert (ended.state, ended.unsigned_by, ended.tender.state) == ("terminated", "buyer", "cancelled")
    again = world.tender(mode="random_draw", funds="state", budget=4_700_000)
    assert Tender.load(db.session, again).again_of == tender


def test_letting_the_time_to_sign_pass_is_none_either(world: World, time: Any) -> None:
    tender, contract = drafted(world, time)
    for _day in range(6):
        time.instant = workdays.add(time.instant, 1)
        run_deadlines()
    assert Contract.load(db.session, contract).unsigned_by == "both"
    for act in (drafting.terminate, drafting.replace):
        with pytest.raises(RuleViolation):
            act(world.actor("buyer"), contract, reason="双方都没有签署")
    winner = Contract.load(db.session, contract).agency_id
    name = next(
        key
        for key, said in world.identifiers.items()
        if said == db.session.get_one(Organisation, winner).identifier
    )
    drafting.terminate(world.actor(name), contract, reason="我们不想签了,放弃")
    assert Tender.load(db.session, tender).state == "failed"
    again = world.tender(
        mode="random_draw", funds="state", budget=4_700_000, project="高标准农田项目(第二次)"
    )
    assert Tender.load(db.session, again).again_of == tender


def test_what_both_have_signed_is_not_cancelled(world: World, time: Any) -> None:
    tender, contract = drafted(world, time)
    cancelling.ask(world.actor("buyer"), tender, ground="few", reason="符合条件的不足三家")
    winner = db.session.get_one(Organisation, Contract.load(db.session, contract).agency_id).identifier
    for name in ("buyer", next(key for key, said in world.identifiers.items() if said == winner)):
        signing.agree(world.actor(name), contract)
    assert Tender.load(db.session, tender).state == "contracted", (
        "who signs asks no more to be let off signing"
    )
    with pytest.raises(WrongState):
        cancelling.consent(world.actor("regulator"), tender, reason="情况属实,同意取消")
    with pytest.raises(RuleViolation, match="双方签署"):
        cancelling.ask(world.actor("buyer"), tender, ground="few", reason="符合条件的不足三家")


def test_what_is_published_beside_a_contract_not_signed_yet_names_it(world: World, time: Any) -> None:
    tender, contract = drafted(world, time)
    again = world.tender(mode="random_draw", funds="state", budget=4_700_000, project="高标准农田项目(二次)")
    assert Tender.load(db.session, again).again_of == tender
    cancelling.cancel(world.actor("buyer"), again, reason="不再另行采购了")
    winner = db.session.get_one(Organisation, Contract.load(db.session, contract).agency_id).identifier
    for name in ("buyer", next(key for key, said in world.identifiers.items() if said == winner)):
        signing.agree(world.actor(name), contract)
    another = world.tender(project="高标准农田项目")
    assert Tender.load(db.session, another).again_of == again, (
        "what is under contract is not repeated, what was cancelled is"
    )
