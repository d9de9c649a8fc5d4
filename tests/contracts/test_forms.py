"""Contracts and deliverables: what the forms refuse, and what they keep."""

from __future__ import annotations

from pathlib import Path

from flask import Flask

from harness.factories import PASSWORD, PDF, World
from market import create_app
from market.extensions import db
from models.contracts.deliverables import Deliverable
from tests.conftest import settings
from tests.web import ALL, sign_in


def test_checklists_are_ticked_whole(app: Flask, world: World) -> None:
    contract = world.signed()
    world.paid(contract, "deposit")
    deliverable = world.one(Deliverable, contract).identifier
    agency, buyer = sign_in(app, world, "agency"), sign_in(app, world, "buyer")
    answer = agency.submit(f"/deliverables/{deliverable}/submit", file=PDF, note="第一稿")
    assert "未勾选" in answer.error_at("ticked")
    assert answer.value_of("note") == "第一稿"
    assert agency.submit(f"/deliverables/{deliverable}/submit", file=PDF, ticked=ALL).status == 303
    assert "未勾选" in buyer.submit(f"/deliverables/{deliverable}/accept").error_at("ticked")
    assert buyer.submit(f"/deliverables/{deliverable}/accept", ticked=ALL).status == 303


def test_clauses_change_where_they_may(app: Flask, world: World) -> None:
    contract = world.contract_of(world.awarded()).identifier
    agency, buyer = sign_in(app, world, "agency"), sign_in(app, world, "buyer")
    assert "没有改动" in agency.submit(f"/contracts/{contract}/revise").text
    assert "1 到 2000" in agency.submit(f"/contracts/{contract}/revise", text_secrecy=" ").error_at(
        "text_secrecy"
    )
    refused = buyer.submit(f"/contracts/{contract}/agree_buyer", understood="y", password="wrong password")
    assert "密码不正确" in refused.error_at("password")
    assert "先阅读" in buyer.submit(f"/contracts/{contract}/agree_buyer", password=PASSWORD).error_at(
        "understood"
    )
    assert buyer.submit(f"/contracts/{contract}/agree_buyer", understood="y", password=PASSWORD).status == 303
    assert agency.submit(f"/contracts/{contract}/revise", text_secrecy="双方另行签订保密协议。").status == 303
    page = buyer.get(f"/contracts/{contract}")
    assert "与模板不同" in page.text
    assert "待双方签署" in page.text, "a revision takes back what was agreed"


def test_a_password_cannot_be_guessed_at_the_signing_page(
    app: Flask, world: World, database: str, tmp_path: Path
) -> None:
    contract = world.contract_of(world.awarded()).identifier
    strict = create_app({**settings(database, tmp_path), "RATELIMIT_ENABLED": True})
    buyer, agency = sign_in(strict, world, "buyer"), sign_in(strict, world, "agency")

    def guess() -> int:
        return buyer.submit(
            f"/contracts/{contract}/agree_buyer", understood="y", password="wrong horse battery"
        ).status

    assert [guess() for _ in range(11)] == [422] * 10 + [429]
    assert (
        agency.submit(f"/contracts/{contract}/agree_agency", understood="y", password=PASSWORD).status == 303
    ), "the other is not kept waiting"
    with strict.app_context():
        db.engine.dispose()
