"""What one official says otherwise of a confirmed entry waits for a second, and is told as what it is."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from harness.factories import PDF, World
from market.credit.actions import fetching
from market.credit.actions import listings as acts
from market.event_text import event_details, event_sentence
from market.extensions import db
from market.files import File, keep
from market.jobs import drain, run_deadlines
from market.worklist.waiting import waiting
from models import clock, workdays
from models.actors import SYSTEM, Actor
from models.credit import policy
from models.credit.listings import ExternalListing
from models.credit.past import CreditHistory
from models.credit.score import of_agency
from models.errors import NotAllowed, RuleViolation
from models.events import Event
from tests.credit.external_lists import STRANGER, bring, confirm_waiting, entry, listings, row, says, site
from tests.web import Visitor, sign_in

SERIOUS = "严重违法失信名单"


def code(world: World) -> str:
    return world.organisation("agency").uscc


def points(world: World, at: Any = None) -> float:
    db.session.rollback()
    line = of_agency(db.session, world.organisation("agency").id, at).line("external")
    assert line is not None
    return line.points


def happened(listing: ExternalListing) -> list[tuple[str, str]]:
    """The acts of a listing's timeline with what is told of each, oldest first."""
    drain()
    db.session.rollback()
    query = select(Event).where(Event.case_identifier == listing.identifier).order_by(Event.id)
    limits = ("external_listing.stop", "external_listing.open")
    return [
        (event_sentence(each), ";".join(event_details(each)))
        for each in db.session.scalars(query.where(Event.kind.not_in(limits)))
    ]


def checker(world: World) -> Actor:
    """Another official of the same office."""
    if "checker" not in world.emails:
        world.member("regulator", "checker")
    return world.actor("checker")


def confirmed(world: World, time: Any, **about: str) -> ExternalListing:
    """The agency on the serious list, brought in by one official and confirmed by another, an hour ago."""
    told = {"number": "严字1号", **about}
    bring(world, row(code(world), SERIOUS, **told))
    time.instant += timedelta(hours=1)
    (listing,) = listings("listed")
    return listing


def site_says(app: Flask, *entries: dict[str, Any], **about: Any) -> None:
    """A national site that we know by its token says so itself."""
    with site() as (server, url):
        server.answer = says(*entries, **about)
        app.config.update(EXTERNAL_SOURCES=f"gsxt={url}", EXTERNAL_TOKENS="gsxt=let-me-in")
        fetching.fetch_one(SYSTEM, "gsxt")


CORRECTED = {"number": "严字1号", "entered": "2026-02-20", "reason": "记号乙"}


def test_a_correction_by_one_official_lifts_nothing_and_a_second_makes_it_so(
    app: Flask, world: World, time: Any
) -> None:
    listing = confirmed(world, time, reason="记号甲")
    page = f"/credit/listings/{listing.identifier}"
    bring(world, row(code(world), SERIOUS, **CORRECTED), second=False)
    (listing,) = listings()
    assert (listing.state, listing.entered_on, points(world)) == ("listed_changing", date(2026, 2, 2), -50)
    public = Visitor(app).get(page).text
    assert "记号甲" in public
    assert "记号乙" not in public
    assert "网站更正了这条记录" in public
    assert listing.identifier in Visitor(app).get("/credit/listings").text
    own = sign_in(app, world, "agency").get(page).text
    assert "2026-02-02 → 2026-02-20" in " ".join(own.split())
    with app.test_request_context():
        told = happened(listing)
    assert told[-1][0] == "网站有更正,待第二人核对"
    assert "列入日期:2026-02-02 → 2026-02-20" in told[-1][1]
    assert "期限至:2029-02-02 00:00 → 2029-02-20 00:00" in told[-1][1]
    assert all("移出" not in act for act, _said in told)
    assert "网站有更正" in sign_in(app, world, "agency").get("/my/notices").text
    assert listing.identifier not in {case.identifier for case in waiting(world.actor("regulator"))}
    with pytest.raises(NotAllowed, match="自己导入"):
        acts.confirm_correction(world.actor("regulator"), listing.identifier)
    with pytest.raises(RuleViolation, match="没有待核对的移出"):
        acts.confirm_removal(world.actor("regulator"), listing.identifier)
    assert listing.identifier in {case.identifier for case in waiting(checker(world))}
    second = sign_in(app, world, "checker")
    assert "记号甲 → 记号乙" in second.get(f"{page}/confirm_correction").text
    assert (
        "变更待第二人核对" in second.get("/credit/external?standing=changing").soup.select_one("table").text
    )
    assert second.submit(f"{page}/confirm_correction").status == 303
    (listing,) = listings("listed")
    assert (listing.entered_on, listing.due_at) == (date(2026, 2, 20), listing.ends_at)
    assert "记号乙" in Visitor(app).get(page).text
    with app.test_request_context():
        assert happened(listing)[-1][0] == "更正核对无误"


@pytest.mark.parametrize("missing", [False, True])
def test_a_removal_by_one_official_lifts_nothing_until_a_second_confirms_it(
    app: Flask, world: World, time: Any, missing: bool
) -> None:
    listing = confirmed(world, time)
    if missing:
        bring(world, whole=["serious"], second=False)
    else:
        bring(world, row(code(world), SERIOUS, number="严字1号", removed="2026-03-01"), second=False)
    assert (listings()[0].state, points(world)) == ("listed_changing", -50)
    page = f"/credit/listings/{listing.identifier}"
    assert "网站上已经移出" in Visitor(app).get(page).text
    with pytest.raises(NotAllowed, match="自己导入"):
        acts.confirm_removal(world.actor("regulator"), listing.identifier)
    assert listing.identifier in {case.identifier for case in waiting(checker(world))}
    second = sign_in(app, world, "checker")
    assert "核对网站上的变更" in second.get("/my").text
    assert second.submit(f"{page}/confirm_removal").status == 303
    assert ([each.state for each in listings()], points(world)) == (["removed"], 0)
    with app.test_request_context():
        assert [act for act, _said in happened(listing)][-2:] == [
            "网站上已移出,待第二人核对",
            "移出核对无误",
        ]
    assert points(world, time.instant - timedelta(minutes=30)) == -50, "as it was then"


def test_a_national_site_that_says_so_itself_takes_off_and_corrects_at_once(
    app: Flask, world: World, time: Any
) -> None:
    listing = confirmed(world, time)
    bring(world, row(code(world), SERIOUS, **CORRECTED), second=False)
    about = {"list": "serious", "number": "严字1号", "reason": "记号丙"}
    site_says(app, entry(code(world), entered_on="2026-02-21", **about))
    (listing,) = listings("listed")
    assert (listing.entered_on, listing.change_id) == (date(2026, 2, 21), None)
    with app.test_request_context():
        assert happened(listing)[-1][0] == "网站更正了记录"
    time.instant += timedelta(hours=1)
    bring(world, whole=["serious"], second=False)
    assert listings("listed_changing")
    time.instant += timedelta(hours=1)
    site_says(app, entry(STRANGER, list="serious"), whole=["serious"])
    assert [each.state for each in listings()] == ["removed"], "which had waited"


def test_what_a_second_does_not_find_leaves_it_until_an_official_brings_it_in_again(
    app: Flask, world: World, time: Any
) -> None:
    listing = confirmed(world, time)
    told = row(code(world), SERIOUS, **CORRECTED)
    bring(world, told, second=False)
    time.instant += timedelta(hours=1)
    acts.decline_change(checker(world), listing.identifier, reason="网站上仍是原来的日期")
    (listing,) = listings("listed")
    assert (listing.entered_on, listing.due_at, points(world)) == (date(2026, 2, 2), listing.ends_at, -50)
    time.instant += timedelta(hours=1)
    bring(world, told, source="gsxt", actor=SYSTEM, second=False)
    assert listings("listed"), "nobody new says so"
    time.instant += timedelta(hours=1)
    bring(world, told, second=False)
    assert listings("listed_changing")
    bring(world, row(code(world), SERIOUS, number="严字1号"), second=False)
    (listing,) = listings("listed")
    assert (listing.entered_on, listing.change_id) == (date(2026, 2, 2), None), "the site says it again"
    with app.test_request_context():
        assert happened(listing)[-1][0] == "网站恢复原来的记录,不再核对"


def test_another_document_in_its_place_is_confirmed_with_the_removal(
    app: Flask, world: World, time: Any
) -> None:
    listing = confirmed(world, time)
    bring(
        world,
        row(code(world), SERIOUS, number="严字2号", entered="2026-02-25"),
        whole=["serious"],
        second=False,
    )
    assert (listings()[0].state, points(world)) == ("listed_changing", -50)
    acts.confirm_removal(checker(world), listing.identifier)
    assert [(each.state, each.entered_on) for each in listings()] == [
        ("removed", date(2026, 2, 2)),
        ("listed", date(2026, 2, 25)),
    ]
    assert points(world) == -50


def test_what_nobody_looks_at_goes_to_the_level_above_and_its_term_ends_all_the_same(
    app: Flask, world: World, time: Any
) -> None:
    confirmed(world, time, entered="2023-03-20")
    bring(world, whole=["serious"], second=False)
    (listing,) = listings("listed_changing")
    assert listing.due_at is not None
    assert listing.due_at == workdays.add(clock.now(), 10)
    time.instant = listing.due_at + timedelta(seconds=1)
    run_deadlines()
    (listing,) = listings()
    if listing.state == "listed_changing":
        assert listing.referred_to is not None
    assert listing.ends_at is not None
    time.instant = max(time.instant, listing.ends_at + timedelta(seconds=1))
    assert points(world) == 0
    fetching.fetch_every()
    assert [each.state for each in listings()] == ["expired"]


def test_a_change_while_a_dispute_waits_is_seen_and_comes_up_again_after_the_answer(
    app: Flask, world: World, time: Any
) -> None:
    listing = confirmed(world, time)
    files = [File("证明.pdf", keep(PDF))]
    acts.dispute(
        world.actor("agency"), listing.identifier, dispute="我单位从未被列入,是同名误配。", files=files
    )
    bring(world, whole=["serious"], second=False)
    assert [each.state for each in listings()] == ["disputed"], "nor does it lift what is disputed"
    page = f"/credit/listings/{listing.identifier}"
    assert "网站上已经移出" in sign_in(app, world, "regulator").get(f"{page}/reject").text
    acts.reject(world.actor("regulator"), listing.identifier, reason="登记机关确认就是该单位")
    assert ([each.state for each in listings()], points(world)) == (["rejected_changing"], -50)
    confirm_waiting(world)
    assert [each.state for each in listings()] == ["removed"]


def test_one_that_is_upheld_is_off_as_soon_as_one_official_says_so(
    app: Flask, world: World, time: Any
) -> None:
    listing = confirmed(world, time)
    files = [File("证明.pdf", keep(PDF))]
    acts.dispute(
        world.actor("agency"), listing.identifier, dispute="我单位从未被列入,是同名误配。", files=files
    )
    bring(world, whole=["serious"], second=False)
    acts.uphold(world.actor("regulator"), listing.identifier, reason="经核对确属误配")
    assert [each.state for each in listings()] == ["removed"], "it limits nothing any more"


def test_a_site_of_which_nobody_brought_in_that_it_is_off_needs_one_official(
    app: Flask, world: World, time: Any
) -> None:
    confirmed(world, time)
    bring(world, whole=["serious"], actor=SYSTEM, way="command", second=False)
    (listing,) = listings("listed_changing")
    with pytest.raises(NotAllowed, match="不知道是谁导入的"):
        acts.confirm_removal(world.actor("regulator"), listing.identifier)
    assert (
        "不知道是谁导入的"
        in sign_in(app, world, "regulator").get(f"/credit/listings/{listing.identifier}").text
    )
    with site() as (server, url):
        server.answer = says(entry(STRANGER, list="serious"), whole=["serious"])
        app.config.update(EXTERNAL_SOURCES=f"gsxt={url}", EXTERNAL_TOKENS="")
        time.instant += timedelta(hours=1)
        fetching.fetch_one(SYSTEM, "gsxt")
    acts.confirm_removal(world.actor("regulator"), listing.identifier)
    assert [each.state for each in listings()] == ["removed"]


def test_every_change_of_what_a_listing_rests_on_is_in_its_timeline(
    app: Flask, world: World, time: Any
) -> None:
    bring(world, row(code(world), number="异字1号"), source="province")
    bring(world, row(code(world), number="异字1号", entered="2026-02-20"), source="province")
    bring(world, row(code(world), number="国异字9号", entered="2026-02-19"), source="gsxt")
    (listing,) = listings("listed")
    with app.test_request_context():
        told = [said for act, said in happened(listing) if act == "网站更正了记录"]
    assert "列入日期:2026-02-02 → 2026-02-20" in told[0], "the same document: it was not off between"
    assert "来源:省级信用信息平台" in told[1]
    assert "文号:异字1号 → 国异字9号" in told[1]
    assert (
        "网站更正了记录" in sign_in(app, world, "agency").get(f"/credit/listings/{listing.identifier}").text
    )


def test_while_it_waits_or_was_declined_another_word_is_told_and_waits_again(
    app: Flask, world: World, time: Any
) -> None:
    bring(world, row(code(world), SERIOUS, number="严字1号"), second=False)
    bring(world, row(code(world), SERIOUS, **CORRECTED), second=False)
    (listing,) = listings("waiting")
    with app.test_request_context():
        assert happened(listing)[-1][0] == "网站更正了记录"
        assert "2026-02-02 → 2026-02-20" in happened(listing)[-1][1]
    assert "网站更正" not in sign_in(app, world, "agency").get("/my/notices").text, (
        "it is told once it counts"
    )
    acts.decline(checker(world), listing.identifier, reason="网站上查不到这条记录")
    bring(world, row(code(world), SERIOUS, number="严字1号"), second=False)
    (listing,) = listings("waiting")
    assert listing.due_at == listing.answer_by


def test_past_scores_have_the_day_and_term_that_counted_then(app: Flask, world: World, time: Any) -> None:
    listing = confirmed(world, time)
    drain()
    before = clock.now()
    for told in (CORRECTED, {"number": "严字1号", "entered": "2026-01-10"}):
        time.instant += timedelta(hours=5)
        bring(world, row(code(world), SERIOUS, **told))
        drain()
    time.instant += timedelta(hours=5)
    (listing,) = listings("listed")
    (now,), (then,) = (
        of_agency(db.session, listing.subject_id, at).line("external").evidence for at in (None, before)
    )
    assert now.facts["entered_on"] == "2026-01-10"
    assert (then.facts["entered_on"], then.holds_until.year, then.holds_until.day) == ("2026-02-02", 2029, 1)
    past = db.session.scalars(
        select(CreditHistory).where(CreditHistory.agency_id == listing.subject_id)
    ).all()
    for each in past:
        sheet = of_agency(db.session, listing.subject_id, each.at)
        assert (round(sheet.score * 10), sheet.grade) == (each.score, each.grade), each.at


def test_the_time_to_answer_goes_by_the_policy_in_effect(
    app: Flask, world: World, time: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    listing = confirmed(world, time)
    found = policy.current()
    values = {**found.values, "external": {**found.values["external"], "answer_days": 3}}
    later = replace(found, version="later", values=values)
    monkeypatch.setattr(policy, "current", lambda: later)
    assert policy.get(listing.credit_policy).number("external.answer_days") == 10
    files = [File("证明.pdf", keep(PDF))]
    acts.dispute(
        world.actor("agency"), listing.identifier, dispute="我单位从未被列入,是同名误配。", files=files
    )
    assert listings("disputed")[0].due_at == workdays.add(clock.now(), 3)
