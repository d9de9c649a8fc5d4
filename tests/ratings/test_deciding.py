"""Whoever says or decides something about a rating has before him what it is about."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from flask import Flask
from sqlalchemy import select

from harness.factories import PDF, World
from market.extensions import db
from market.files import File
from market.jobs import run_deadlines
from market.ratings.actions import appealing, following
from market.ratings.actions import rating as ratings
from models.documents import of_case
from models.ratings.follow_ups import FollowUp
from models.ratings.rating import DIMENSIONS, LEVELS
from tests.ratings.test_appealing import REPLY, WORDS, appealed, rated
from tests.web import Answer, sign_in

CLAIM = "评语侮辱我单位人员,与事实不符"
STATEMENT = "评语写的是现场负责人的态度"


def _beside(page: Answer) -> str:
    card = page.soup.select("section.card:not(.binds) dl.facts")
    assert card, page.text
    return str(card[0].get_text(" ", strip=True))


def _has_the_rating(said: str, stars: int = 1) -> bool:
    labels = DIMENSIONS["buyer"].values()
    return all(f"{label} {LEVELS[stars]} {stars}" in said for label in labels) and WORDS in said


def test_an_appeal_is_decided_beside_the_levels_the_words_the_reply_and_the_evidence(
    app: Flask, world: World
) -> None:
    rating = rated(world)
    agency = sign_in(app, world, "agency")
    assert _has_the_rating(_beside(agency.get(f"/ratings/{rating}/reply")))
    ratings.reply(world.actor("agency"), rating, reply=REPLY)
    told = _beside(agency.get(f"/ratings/{rating}/appeal"))
    assert _has_the_rating(told)
    assert REPLY in told
    appeal = appealed(world, rating)
    page = f"/rating-appeals/{appeal}"
    asked = _beside(sign_in(app, world, "buyer").get(f"{page}/state"))
    assert _has_the_rating(asked)
    assert all(words in asked for words in (REPLY, CLAIM, "侮辱诽谤", "e.pdf"))
    appealing.state(world.actor("buyer"), appeal, statement=STATEMENT, files=[File("现场照片.pdf", PDF)])
    evidence = [file.identifier for file in of_case(db.session, "rating_appeal", appeal)]
    assert len(evidence) == 2
    for act in ("uphold", "reject"):
        shown = sign_in(app, world, "regulator").get(f"{page}/{act}")
        said = _beside(shown)
        assert _has_the_rating(said)
        assert all(words in said for words in (REPLY, CLAIM, STATEMENT, "e.pdf", "现场照片.pdf"))
        assert (
            said.index("申诉方的证据")
            < said.index("e.pdf")
            < said.index("评价方的证据")
            < said.index("现场照片.pdf")
        )
        for number in evidence:
            assert shown.soup.select_one(f'a[href$="{number}"]') is not None


def test_a_follow_up_is_decided_beside_the_rating_and_what_was_done(app: Flask, world: World) -> None:
    rated(world)
    found = db.session.scalars(select(FollowUp)).one()
    page = f"/follow-ups/{found.identifier}"
    agency, buyer = sign_in(app, world, "agency"), sign_in(app, world, "buyer")
    assert _has_the_rating(_beside(agency.get(f"{page}/contact")))
    contact, result = "3月3日电话联系到业主项目负责人", "已经更换现场负责人并向业主当面道歉"
    following.contact(world.actor("agency"), found.identifier, contact=contact)
    assert contact in _beside(agency.get(f"{page}/report"))
    following.report(world.actor("agency"), found.identifier, result=result, files=[File("道歉信.pdf", PDF)])
    for act in ("mend", "deny"):
        said = _beside(buyer.get(f"{page}/{act}"))
        assert _has_the_rating(said)
        assert all(words in said for words in (contact, result, "道歉信.pdf"))


def test_who_finds_that_nothing_was_put_right_sees_what_is_missing_since_when(
    app: Flask, world: World, time: Any
) -> None:
    rated(world)
    found = db.session.scalars(select(FollowUp)).one()
    time.instant = found.contact_by + timedelta(minutes=1)
    run_deadlines()
    said = _beside(sign_in(app, world, "regulator").get(f"/follow-ups/{found.identifier}/find"))
    assert _has_the_rating(said)
    assert all(words in said for words in ("还没有联系", "还没有提交处理结果", "应联系至"))
