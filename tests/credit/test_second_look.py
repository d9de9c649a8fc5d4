"""What one official says of a list waits for a second before it stops anybody; an empty list lifts nobody."""

from __future__ import annotations

from datetime import datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from flask import Flask

from harness.factories import World
from market.credit.actions import broken, external, fetching
from market.credit.actions import listings as acts
from market.extensions import db
from market.formatting import format_instant
from market.jobs import run_deadlines
from market.transaction import transaction
from market.worklist.waiting import waiting
from models import clock
from models.actors import SYSTEM
from models.clock import BEIJING
from models.credit import restrictions
from models.credit.external import ExternalEntry
from models.credit.listing_changes import follow
from models.credit.listings import standing
from models.credit.score import of_agency
from models.errors import Conflict, NotAllowed, RuleViolation
from tests.credit.external_lists import STRANGER, bring, entry, listings, row, says, site, table
from tests.web import Visitor, sign_in

SERIOUS = "严重违法失信名单"


def code(world: World, name: str = "agency") -> str:
    return world.organisation(name).uscc


def stopped(world: World) -> set[str]:
    db.session.rollback()
    agency = world.organisation("agency")
    return {each.activity for each in restrictions.of(db.session, [agency])[agency.id]}


def points(world: World) -> float:
    line = of_agency(db.session, world.organisation("agency").id).line("external")
    assert line is not None
    return line.points


def test_what_one_official_brought_in_stops_nobody_until_a_second_confirms_it(
    app: Flask, world: World, time: Any
) -> None:
    bring(world, row(code(world), SERIOUS, number="记号甲"), second=False)
    (listing,) = listings("waiting")
    page = f"/credit/listings/{listing.identifier}"
    assert (stopped(world), points(world)) == (set(), 0)
    assert Visitor(app).get(page).location.startswith("/sign-in")
    assert sign_in(app, world, "second").get(page).status == 404
    public = Visitor(app).get(f"/agencies/{world.identifiers['agency']}/credit")
    assert listing.identifier not in public.text
    own = sign_in(app, world, "agency")
    assert "第二位工作人员对照网站核对之前" in own.get(page).text
    assert "可以在这里提一次异议" not in own.get(page).text, "there is nothing to dispute yet"
    shown = {name: sign_in(app, world, name).get(page).text for name in ("agency", "regulator")}
    assert all("从网站取得" not in text for text in shown.values())
    assert "由 regulator 导入" in shown["regulator"]
    assert "由 regulator 导入" not in shown["agency"], "its subject reads that it came in, not through whom"
    assert listing.identifier not in own.get("/my/notices").text, "it is told once it counts"
    importer = sign_in(app, world, "regulator")
    assert importer.get(page).soup.select_one(f'a[href="{page}/confirm"]') is None
    assert importer.get(f"{page}/confirm").status == 403
    known = clock.now()
    assert listing.identifier not in {case.identifier for case in waiting(world.actor("regulator"))}
    for act, about in ((acts.confirm, {}), (acts.decline, {"reason": "网站上查不到这条"})):
        with pytest.raises(NotAllowed, match="自己导入"):
            act(world.actor("regulator"), listing.identifier, **about)
        with pytest.raises(NotAllowed):
            act(world.actor("agency"), listing.identifier, **about)
    world.member("regulator", "checker")
    assert listing.identifier in {case.identifier for case in waiting(world.actor("checker"))}
    time.instant += timedelta(hours=1)
    second = sign_in(app, world, "checker")
    assert "记号甲" in second.get(f"{page}/confirm").text
    assert second.submit(f"{page}/confirm").status == 303
    assert {"bid", "sign"} <= stopped(world)
    assert points(world) == -50
    assert (listings("listed")[0].known_at, listings("listed")[0].listed_at) == (known, time.instant)
    assert (
        format_instant(known)
        in second.get(page).soup.find("dt", string="本平台得知的时间").find_next("dd").text
    )
    assert "记号甲" in Visitor(app).get(page).text
    before = clock.now() - timedelta(minutes=30)
    assert not standing(db.session, [listing.subject_id], before), "nor did it count before, in a replay"


def test_one_that_a_second_does_not_find_counts_nowhere(app: Flask, world: World, time: Any) -> None:
    bring(world, row(code(world), SERIOUS), second=False)
    (listing,) = listings("waiting")
    world.member("regulator", "checker")
    acts.decline(world.actor("checker"), listing.identifier, reason="网站上查不到这条记录")
    time.instant += timedelta(hours=1)
    bring(world, row(code(world), SERIOUS), second=False)
    assert [each.state for each in listings()] == ["declined"], "nor when it is brought in once more"
    assert (stopped(world), points(world)) == (set(), 0)
    began = clock.now()
    time.instant += timedelta(hours=1)
    bring(world, whole=["serious"])
    assert [each.state for each in listings()] == ["removed"]
    assert not standing(db.session, [listing.subject_id], began)


def test_one_that_nobody_looks_at_goes_to_the_level_above_and_ends_with_its_term(
    world: World, time: Any
) -> None:
    bring(world, row(code(world), SERIOUS), second=False)
    (listing,) = listings("waiting")
    assert listing.due_at is not None
    time.instant = listing.due_at + timedelta(seconds=1)
    run_deadlines()
    assert listings()[0].referred_to is not None
    ends = listings()[0].ends_at
    assert ends is not None
    time.instant = ends + timedelta(seconds=1)
    fetching.fetch_every()
    assert [each.state for each in listings()] == ["expired"]
    assert not standing(db.session, [listing.subject_id], ends - timedelta(days=1))


def test_nobody_confirms_what_nobody_knows_who_brought_in_before_an_official_has(
    app: Flask, world: World, time: Any
) -> None:
    told = row(code(world), SERIOUS)
    bring(world, told, source="province", actor=SYSTEM, second=False)
    (listing,) = listings("waiting")
    page = f"/credit/listings/{listing.identifier}"
    regulator = sign_in(app, world, "regulator")
    assert "不知道是谁导入的" in regulator.get(page).text
    assert regulator.get(f"{page}/confirm").status == 403
    with pytest.raises(NotAllowed, match="不知道是谁导入的"):
        acts.confirm(world.actor("regulator"), listing.identifier)
    time.instant += timedelta(hours=1)
    bring(world, told, source="province", second=False)
    with pytest.raises(NotAllowed, match="自己导入"):
        acts.confirm(world.actor("regulator"), listing.identifier)
    world.member("regulator", "checker")
    acts.confirm(world.actor("checker"), listing.identifier)
    assert listings("listed")


def test_of_a_national_site_that_fetched_itself_one_official_is_the_second(
    app: Flask, world: World, time: Any
) -> None:
    with site() as (server, url):
        server.answer = says(entry(code(world), list="serious"))
        app.config.update(EXTERNAL_SOURCES=f"gsxt={url}", EXTERNAL_TOKENS="")
        fetching.fetch_one(SYSTEM, "gsxt")
    (listing,) = listings("waiting")
    acts.confirm(world.actor("regulator"), listing.identifier)
    assert listings("listed")


def test_other_lists_and_parts_of_the_law_wait_for_nobody(world: World, time: Any) -> None:
    bring(world, row(code(world)), second=False)
    assert [each.state for each in listings()] == ["listed"]


@pytest.mark.parametrize(
    ("source", "token", "state"),
    [
        ("gsxt", "gsxt=let-me-in", "listed"),
        ("gsxt", "", "waiting"),
        ("city", "city=let-me-in", "waiting"),
    ],
)
def test_a_national_site_that_we_know_by_its_token_needs_no_second(
    app: Flask, world: World, time: Any, source: str, token: str, state: str
) -> None:
    with site() as (server, url):
        server.answer = says(entry(code(world), list="serious"))
        app.config.update(EXTERNAL_SOURCES=f"{source}={url}", EXTERNAL_TOKENS=token)
        fetching.fetch_one(SYSTEM, source)
    assert [each.state for each in listings()] == [state]


def test_what_waits_is_confirmed_by_the_site_itself(app: Flask, world: World, time: Any) -> None:
    bring(world, row(code(world), SERIOUS), second=False)
    assert stopped(world) == set()
    time.instant += timedelta(hours=1)
    with site() as (server, url):
        server.answer = says(entry(code(world), list="serious"))
        app.config.update(EXTERNAL_SOURCES=f"gsxt={url}", EXTERNAL_TOKENS="gsxt=let-me-in")
        fetching.fetch_one(SYSTEM, "gsxt")
    assert [each.state for each in listings()] == ["listed"]
    assert listings()[0].listed_at == time.instant
    assert "bid" in stopped(world)


def test_a_file_without_a_line_takes_nobody_off_unless_that_is_said(
    app: Flask, world: World, time: Any
) -> None:
    bring(world, row(code(world)), row(STRANGER))
    regulator = sign_in(app, world, "regulator")

    def send(**about: Any) -> Any:
        file = (BytesIO(table()), "名录.csv")
        return regulator.submit("/credit/external/new", source="gsxt", whole="abnormal", file=file, **about)

    refused = send()
    assert refused.status == 422
    assert "导入会移出 2 条,其中本市场单位的 1 条" in refused.text
    with pytest.raises(RuleViolation, match="多半不完整"):
        bring(world, row(STRANGER, SERIOUS), whole=["abnormal"])
    assert [each.state for each in listings()] == ["listed"]
    assert db.session.query(ExternalEntry).filter(ExternalEntry.until_id.is_not(None)).count() == 0
    assert send(sure="y").status == 303
    assert [each.state for each in listings()] == ["removed"]


def test_a_site_that_answers_with_nothing_takes_nobody_off(app: Flask, world: World, time: Any) -> None:
    bring(world, row(code(world)))
    with site() as (server, url):
        server.answer = says(whole=["abnormal"])
        app.config.update(EXTERNAL_SOURCES=f"gsxt={url}", EXTERNAL_TOKENS="gsxt=let-me-in")
        fetching.fetch_every()
    assert [each.state for each in listings()] == ["listed"]


def test_what_was_confirmed_is_not_said_otherwise_by_one_official(
    app: Flask, world: World, time: Any
) -> None:
    """Until a national site says so itself; then its term goes by the day it says."""
    bring(world, row(code(world), SERIOUS, number="甲", reason="记号甲"))
    (listing,) = listings("listed")
    ends_at = listing.ends_at
    time.instant += timedelta(hours=1)
    bring(world, row(code(world), SERIOUS, number="甲", reason="记号乙", entered="2025-01-10"), second=False)
    (listing,) = listings("listed_changing")
    assert (listing.entry.reason, listing.ends_at) == ("记号甲", ends_at)
    assert "记号乙" not in Visitor(app).get(f"/credit/listings/{listing.identifier}").text
    told = entry(code(world), list="serious", number="甲", reason="记号丙", entered_on="2025-01-10")
    with site() as (server, url):
        server.answer = says(told)
        app.config.update(EXTERNAL_SOURCES=f"gsxt={url}", EXTERNAL_TOKENS="gsxt=let-me-in")
        time.instant += timedelta(hours=1)
        fetching.fetch_one(SYSTEM, "gsxt")
    (listing,) = listings("listed")
    assert (listing.entry.reason, listing.ends_at, listing.due_at) == (
        "记号丙",
        datetime(2028, 1, 10, tzinfo=BEIJING),
        listing.ends_at,
    )


def test_a_national_fetch_that_was_broken_off_confirms_nothing(
    app: Flask, world: World, time: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    bring(world, row(code(world), SERIOUS, number="甲"), second=False)
    waits = listings("waiting")[0].entry
    same = {name: getattr(waits, name) for name in ("number", "reason", "authority", "name")}
    told = entry(code(world), list="serious", entered_on=waits.entered_on.isoformat(), **same)
    time.instant += timedelta(hours=1)
    with site() as (server, url):
        server.answer = says(told)
        app.config.update(EXTERNAL_SOURCES=f"gsxt={url}", EXTERNAL_TOKENS="gsxt=let-me-in")
        with monkeypatch.context() as broken_off:
            broken_off.setattr(external, "_finish", lambda *_, **__: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                fetching.fetch_one(SYSTEM, "gsxt")
    with transaction() as session:
        follow(session, [world.organisation("agency")])
    assert listings("waiting"), "nothing of it counts"


def test_a_source_whose_lock_is_held_for_a_moment_is_taken_by_nobody_meanwhile(world: World) -> None:
    with broken.holding("gsxt"), pytest.raises(Conflict, match="马上再试"):
        bring(world, row(code(world)))
    assert bring(world, row(code(world))).state == "taken"


def test_only_a_site_that_nobody_can_answer_for_is_believed_at_once() -> None:
    sure = fetching._is_sure
    assert [sure(url) for url in ("https://a.gov.cn/x", "http://127.0.0.1:1/x")] == [True, True]
    assert not sure("http://a.gov.cn/x")
