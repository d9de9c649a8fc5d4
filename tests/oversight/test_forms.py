"""What an administrator does."""

from __future__ import annotations

from flask import Flask

from market.extensions import db
from models.sourcing import Request
from tests.factories import PASSWORD, World, code
from tests.web import sign_in


def test_an_administrator_sets_up_authorities_and_overrides(app: Flask, world: World) -> None:
    world.appoint_admin()
    admin = sign_in(app, world, "admin")
    authority = {
        "name": "经办", "email": "county@example.cn", "password": PASSWORD, "organisation": "格尔木市水利局", "uscc": code(700),
        "region_code": "632801", "authority_role": "department", "department": "水利",
    }  # fmt: skip
    assert admin.submit("/admin/authorities/new", **{**authority, "uscc": "1"}).error_at("uscc")
    assert admin.submit("/admin/authorities/new", **authority).location == "/admin/authorities"
    request = world.request()
    assert Request.load(db.session, request).department.name == "格尔木市水利局", "the nearest department reviews"
    moved = {"case_type": "request", "identifier": request, "target": "request/failed", "reason": "流程走不通,改为失败"}
    assert admin.submit("/admin/override", **{**moved, "reason": "短"}).error_at("reason")
    assert admin.submit("/admin/override", **{**moved, "identifier": "Q-2026-999999"}).status == 404
    assert admin.submit("/admin/override", **moved).location == f"/requests/{request}"
    assert "流程走不通" in sign_in(app, world, "buyer").get(f"/requests/{request}").text
