"""What an administrator does."""

from __future__ import annotations

from flask import Flask

from harness.factories import PASSWORD, World, code
from market.extensions import db
from market.jobs import nightly
from market.jobs.consumers import CONSUMERS
from market.oversight.failing import LANES, PARTS
from models.sourcing.tenders import Tender
from tests.web import sign_in


def test_an_administrator_sets_up_authorities_and_overrides(app: Flask, world: World) -> None:
    world.appoint_admin()
    admin = sign_in(app, world, "admin")
    authority = {
        "name": "经办",
        "email": "county@example.cn",
        "password": PASSWORD,
        "organisation": "格尔木市水利局",
        "uscc": code(700),
        "region_code": "632801",
        "authority_role": "department",
        "department": "水利",
    }
    assert admin.submit("/admin/authorities/new", **{**authority, "uscc": "1"}).error_at("uscc")
    assert admin.submit("/admin/authorities/new", **authority).location == "/admin/authorities"
    tender = world.tender()
    assert Tender.load(db.session, tender).department.name == "格尔木市水利局", (
        "the nearest department reviews"
    )
    asked = admin.get("/admin/override?number=Q-2026-999999")
    assert (asked.status, asked.soup.select_one("#number")["value"]) == (422, "Q-2026-999999")
    assert asked.error_at("number")
    path = f"/admin/override?number={tender}"
    offered = {
        option["value"]: option.get_text() for option in admin.get(path.lower()).soup.select("#target option")
    }
    assert offered == {state.name: state.label for state in Tender.workflow.states.values()}
    moved = {"target": "failed", "reason": "流程走不通,改为失败"}
    assert admin.submit(path, **{**moved, "reason": "短"}).error_at("reason")
    assert admin.submit(path, **moved).location == f"/requests/{tender}"
    assert "流程走不通" in sign_in(app, world, "buyer").get(f"/requests/{tender}").text


def test_every_part_of_the_jobs_has_words() -> None:
    assert not [
        name
        for name in (*CONSUMERS, *nightly.PARTS, *(f"lane {lane}" for lane in LANES))
        if name not in PARTS
    ]
