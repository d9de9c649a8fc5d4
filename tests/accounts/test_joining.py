"""A colleague who asks to be let in, and what somebody is told who comes with a code that is taken."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from harness.factories import PASSWORD, PDF, World
from market.accounts.actions import claiming
from market.extensions import db
from market.jobs import drain, run_deadlines
from models import clock, workdays
from models.accounts import User
from models.acting import actor_for
from models.errors import NotAllowed, RuleViolation
from models.events import Event
from models.letters import Letter
from models.notifications import Notification
from tests.accounts.test_claims import EMAIL, claimed, load, members_of
from tests.web import Visitor, sign_in

JOINS = {"reason": "我是采购部的同事,分机 8021。"}


def asked(world: World, of: str = "buyer") -> str:
    """Somebody who works there has asked to be let in; the claim."""
    claim = claimed(world, of)
    return claiming.ask(world.actor("claimant"), claim, **JOINS)


def test_a_colleague_asks_and_the_owner_lets_her_in(app: Flask, world: World) -> None:
    """As staff; the owner is told by notice and letter, and so is she of the answer."""
    world.member("buyer", "staff")
    claim = asked(world)
    drain()
    told = select(Letter.address).where(Letter.kind == "asks_to_join")
    assert db.session.scalars(told).all() == [world.emails["buyer"]]
    waiting = sign_in(app, world, "claimant").get("/my")
    assert f"/claims/{claim}" in waiting.text, "whoever waits finds the way back"
    notices = select(Event.kind).join(Notification).where(Event.case_identifier == claim)
    assert "claim.ask" in db.session.scalars(notices).all()
    owner = sign_in(app, world, "buyer")
    assert "认领者" in owner.get("/my").text or claim in owner.get("/my").text
    page = owner.get(f"/claims/{claim}/admit").text
    assert all(said in page for said in (EMAIL, JOINS["reason"]))
    assert owner.submit(f"/claims/{claim}/admit").status == 303
    assert members_of(world)[EMAIL] == "staff"
    assert load(claim).state == "joined"
    assert db.session.scalars(select(Letter.address).where(Letter.kind == "join_decided")).all() == [EMAIL]
    assert world.actor("claimant").organisation_id == world.organisation("buyer").id


def test_to_join_is_what_the_page_offers_first(app: Flask, world: World) -> None:
    """Whoever typed the code of a company that is here mostly works there."""
    claim = claimed(world)
    visitor = sign_in(app, world, "claimant")
    page = visitor.get(f"/claims/{claim}")
    assert page.soup.select_one(".turn .btn-main")["href"] == f"/claims/{claim}/ask"
    assert "加入已入驻的单位" in page.soup.select_one("h1").get_text()
    quiet = [link["href"].rpartition("/")[2] for link in page.soup.select(".turn .btn-quiet")]
    assert sorted(quiet) == ["file", "withdraw"]
    for _round in range(2):
        claiming.ask(world.actor("claimant"), claim, **JOINS)
        claiming.decline(world.actor("buyer"), claim, reason="没有这位同事。")
    page = visitor.get(f"/claims/{claim}")
    assert page.soup.select_one(".turn .btn-main")["href"] == f"/claims/{claim}/file"
    assert f"/claims/{claim}/ask" not in str(page.soup.select_one("main"))
    assert "已经请管理员同意过" in page.text


def test_only_an_owner_lets_anybody_in(world: World) -> None:
    world.member("buyer", "staff")
    claim = asked(world)
    for name in ("staff", "agency", "regulator", "claimant"):
        with pytest.raises(NotAllowed):
            claiming.admit(world.actor(name), claim)
    with pytest.raises(NotAllowed):
        claiming.decline(world.actor("staff"), claim, reason="不认识这个人。")
    assert load(claim).state == "asked"


def test_a_no_has_a_reason_and_leaves_the_way_of_evidence(world: World) -> None:
    claim = asked(world)
    with pytest.raises(RuleViolation):
        claiming.decline(world.actor("buyer"), claim, reason="")
    claiming.decline(world.actor("buyer"), claim, reason="本单位没有这个人。")
    assert load(claim).state == "draft"
    assert EMAIL not in members_of(world)
    claiming.ask(world.actor("claimant"), claim, **JOINS)
    claiming.decline(world.actor("buyer"), claim, reason="本单位没有这个人。")
    with pytest.raises(RuleViolation, match="2 次"):
        claiming.ask(world.actor("claimant"), claim, **JOINS)
    claiming.file(
        world.actor("claimant"), claim, file_name="licence.pdf", content=PDF, statement="我是法定代表人。"
    )
    assert load(claim).state == "filed"


def test_an_owner_who_says_nothing_keeps_nobody_waiting(world: World, time: Any) -> None:
    claim = asked(world)
    due = load(claim).due_at
    assert due == workdays.add(clock.now(), 3)
    time.instant = due
    run_deadlines()
    assert load(claim).state == "draft"
    assert load(claim).due_at == workdays.add(clock.now(), 10)


def test_who_has_not_shown_an_address_asks_nobody(world: World) -> None:
    claim = claimed(world, confirm=False)
    person = actor_for(db.session.scalars(select(User).where(User.email_asked == EMAIL)).one())
    with pytest.raises(NotAllowed):
        claiming.ask(person, claim, **JOINS)


def test_whoever_signs_up_with_a_taken_code_is_told_what_to_do(app: Flask, world: World) -> None:
    """The page after it says both ways, step by step, with a link to each."""
    held = world.organisation("buyer")
    visitor = Visitor(app)
    answer = visitor.submit(
        "/sign-up",
        name="认领者",
        email=EMAIL,
        password=PASSWORD,
        kind="enterprise",
        organisation=held.name,
        uscc=held.uscc,
        region_code="632801",
    )
    assert answer.status == 303
    page = visitor.get(answer.location)
    links = {str(link["href"]) for link in page.soup.select("#what-to-do a")}
    assert {f"{answer.location}/ask", f"{answer.location}/file", "/my/address"} <= links
    assert all(said in page.text for said in ("授权书", "营业执照", "3 个工作日", "管理员"))


def test_signing_up_says_first_what_will_be_asked(app: Flask) -> None:
    page = Visitor(app).get("/sign-up")
    said = [line.get_text() for line in page.soup.select("ol.asked li")]
    assert len(said) == 3
    for line, words in zip(said, ("统一社会信用代码", "营业执照", "授权"), strict=True):
        assert words in line
