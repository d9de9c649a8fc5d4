"""Lists others keep: what is brought in, whom it is about, what of it counts."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import pytest
from flask import Flask
from sqlalchemy import select

from harness.factories import PDF, World
from harness.factories import code as code_of_number
from market.credit.actions import broken
from market.credit.actions import listings as acts
from market.extensions import db
from market.files import File, keep
from market.indexing import rebuild_index
from market.jobs import drain, run_deadlines
from models import clock
from models.credit import restrictions
from models.credit.external import ExternalEntry, ExternalFetch
from models.credit.kept import CreditScore
from models.credit.past import CreditHistory
from models.credit.score import of_agency
from models.errors import Conflict, NotAllowed, RuleViolation, WrongState
from tests.credit.external_lists import STRANGER, bring, confirm_waiting, listings, row
from tests.test_secrets import FEWER, GOES
from tests.walking import addresses, searches, told
from tests.web import sign_in

WRONG = "我单位从未被列入,是同名企业误配,附登记机关证明。"


def code(world: World, name: str = "agency") -> str:
    return world.organisation(name).uscc


def points(world: World, name: str = "agency") -> float:
    db.session.rollback()
    line = of_agency(db.session, world.organisation(name).id).line("external")
    assert line is not None
    return line.points


def kept(world: World, name: str = "agency") -> int | None:
    drain()
    db.session.rollback()
    return db.session.scalar(
        select(CreditScore.score).where(CreditScore.agency_id == world.organisation(name).id)
    )


def dispute(world: World, listing: str) -> None:
    files = [File("证明.pdf", keep(PDF))]
    acts.dispute(world.actor("agency"), listing, dispute=WRONG, files=files)


def test_a_file_says_who_is_on_a_list_and_strangers_wait(app: Flask, world: World, time: Any) -> None:
    before = kept(world)
    fetch = bring(world, row(code(world)), row(STRANGER))
    assert (fetch.state, fetch.entries, fetch.matched, fetch.unmatched) == ("taken", 2, 1, 1)
    (listing,) = listings("listed")
    assert listing.subject_id == world.organisation("agency").id
    assert (listing.source, listing.entry.seen_id) == ("gsxt", fetch.id)
    assert points(world) == -12
    after = kept(world)
    assert after is not None
    assert before is None or after == before - 120
    past = db.session.scalars(select(CreditHistory).order_by(CreditHistory.id.desc())).first()
    assert past is not None
    assert listing.identifier in past.causes


def test_it_is_taken_off_by_a_date_or_by_a_whole_list_without_it(app: Flask, world: World, time: Any) -> None:
    for off in (
        lambda: bring(world, row(code(world), removed="2026-03-01")),
        lambda: bring(world, row(STRANGER), whole=["abnormal"]),
        lambda: bring(world, whole=["abnormal"]),
    ):
        bring(world, row(code(world)))
        assert points(world) == -12
        time.instant += timedelta(hours=1)
        off()
        assert points(world) == 0
        assert not listings("listed")
        time.instant += timedelta(hours=1)


def test_part_of_a_list_takes_nobody_off(app: Flask, world: World, time: Any) -> None:
    bring(world, row(code(world)))
    bring(world, row(STRANGER))
    assert points(world) == -12


def test_the_same_again_changes_nothing_but_when_it_was_last_seen(
    app: Flask, world: World, time: Any
) -> None:
    bring(world, row(code(world)))
    seen = listings()[0].entry.fetched_at
    time.instant += timedelta(days=1)
    again = bring(world, row(code(world)), whole=["abnormal"])
    (listing,) = listings()
    assert (again.changed, again.ended) == (0, 0)
    assert listing.entry.fetched_at == seen + timedelta(days=1)
    assert db.session.query(ExternalEntry).count() == 1


def test_what_is_said_otherwise_stands_beside_what_was_said(app: Flask, world: World, time: Any) -> None:
    bring(world, row(code(world)))
    bring(world, row(code(world), reason="未按规定公示年度报告"))
    (listing,) = listings()
    assert listing.entry.reason == "未按规定公示年度报告"
    assert db.session.query(ExternalEntry).count() == 2


def test_where_sites_differ_the_national_one_prevails(app: Flask, world: World, time: Any) -> None:
    bring(world, row(code(world)), source="province")
    assert points(world) == -12, "nobody else says anything"
    time.instant += timedelta(hours=1)
    bring(world, row(STRANGER), source="gsxt", whole=["abnormal"])
    assert points(world) == 0, "the national list, fetched since, does not have it"
    bring(world, row(code(world), entered="2026-02-20"), source="city")
    assert points(world) == 0


def test_a_national_list_fetched_before_an_entry_says_nothing_of_it(
    app: Flask, world: World, time: Any
) -> None:
    bring(world, row(STRANGER), whole=["abnormal"])
    time.instant += timedelta(days=5)
    today = clock.today().isoformat()
    bring(world, row(code(world), entered=today), source="province")
    assert points(world) == -12
    time.instant += timedelta(days=1)
    bring(world, row(STRANGER), whole=["abnormal"])
    assert points(world) == 0


def test_the_national_word_takes_over_from_a_provinces(app: Flask, world: World, time: Any) -> None:
    known = clock.now()
    bring(world, row(code(world)), source="province")
    time.instant += timedelta(days=1)
    bring(world, row(code(world), number="国市监异1号"), source="gsxt")
    (listing,) = listings()
    assert listing.known_at == known, "as it was first known"
    assert (listing.source, listing.entry.number) == ("gsxt", "国市监异1号")
    bring(world, row(code(world), removed="2026-03-01"), source="province")
    assert points(world) == -12, "the province says otherwise, and does not prevail"


def test_a_disputed_entry_counts_only_after_the_answer(app: Flask, world: World, time: Any) -> None:
    bring(world, row(code(world), "严重违法失信名单"))
    (listing,) = listings()
    name = listing.identifier
    assert points(world) == -50
    time.instant += timedelta(hours=1)
    dispute(world, name)
    assert points(world) == 0
    assert kept(world) is not None
    assert not restrictions.of(db.session, [world.organisation("agency")])[listing.subject_id]
    time.instant += timedelta(hours=1)
    acts.reject(world.actor("regulator"), name, reason="登记机关确认就是该单位")
    assert points(world) == -50
    with pytest.raises(WrongState):
        dispute(world, name)


def test_a_dispute_that_is_right_keeps_it_uncounted_until_the_site_is(
    app: Flask, world: World, time: Any
) -> None:
    bring(world, row(code(world)))
    name = listings()[0].identifier
    dispute(world, name)
    with pytest.raises(NotAllowed):
        acts.uphold(world.actor("second"), name, reason="经核对确属误配")
    acts.uphold(world.actor("regulator"), name, reason="经核对确属误配")
    time.instant += timedelta(hours=1)
    bring(world, row(code(world)), whole=["abnormal"])
    assert points(world) == 0
    bring(world, row(code(world)), source="province")
    assert points(world) == 0, "the same fact, said by another"
    time.instant += timedelta(hours=1)
    bring(world, whole=["abnormal"])
    bring(world, whole=["abnormal"], source="province")
    assert [each.state for each in listings()] == ["removed"]


def test_a_dispute_needs_words_and_evidence_and_its_answer_comes_in_time(
    app: Flask, world: World, time: Any
) -> None:
    bring(world, row(code(world)))
    name = listings()[0].identifier
    with pytest.raises(RuleViolation):
        acts.dispute(world.actor("agency"), name, dispute="不对", files=[File("a.pdf", keep(PDF))])
    with pytest.raises(RuleViolation):
        acts.dispute(world.actor("agency"), name, dispute=WRONG, files=[])
    dispute(world, name)
    due = listings()[0].due_at
    assert due is not None
    time.instant = due + timedelta(minutes=1)
    run_deadlines()
    assert listings()[0].referred_to is not None
    assert points(world) == 0, "an answer that is late makes nothing count"


def test_three_years_on_the_serious_list_are_over_by_themselves(app: Flask, world: World, time: Any) -> None:
    bring(world, row(code(world), "严重违法失信名单", entered="2023-04-01"))
    (listing,) = listings()
    assert listing.ends_at is not None
    time.instant = listing.ends_at - timedelta(minutes=1)
    assert points(world) == -50
    time.instant = listing.ends_at
    run_deadlines()
    assert points(world) == 0
    assert [each.state for each in listings()] == ["expired"]
    bring(world, row(code(world), "严重违法失信名单", entered="2023-04-01"))
    assert [each.state for each in listings()] == ["expired"], "the site still shows it"


def test_a_code_from_before_is_matched_at_entry_by_itself(app: Flask, world: World, time: Any) -> None:
    late = code_of_number(world.made + 1)
    bring(world, row(late, "严重违法失信名单"))
    assert not listings()
    world.agency("late", verified=False)
    assert code(world, "late") == late
    drain()
    confirm_waiting(world)
    (listing,) = listings("listed")
    stops = restrictions.of(db.session, [world.organisation("late")])[listing.subject_id]
    assert "entry" in {each.activity for each in stops}


def test_a_record_of_the_same_fact_counts_once(app: Flask, world: World, time: Any) -> None:
    from tests.credit import record_cases as cases

    def page() -> str:
        return sign_in(app, world, "buyer").get(f"/agencies/{world.identifiers['agency']}/credit").text

    bring(world, row(code(world)))
    assert "这里不再计" not in page()
    cases.in_force(world, kind="abnormal")
    assert points(world) == 0
    assert "同一事实已经按信用记录计分,这里不再计" in page()


MARKS = ("记号甲", "记号乙", "记号丙", "记号丁")


@pytest.mark.walks
@pytest.mark.parametrize("ends", ["disputed", "not_counted", "removed"])
def test_what_is_not_counted_shows_to_nobody_else(app: Flask, world: World, time: Any, ends: str) -> None:
    world.authority("far", "regulator", region="540000")
    world.enterprise("other")
    world.appoint_admin()
    listed = row(code(world), "严重违法失信名单", number="记号甲", reason="记号乙:虚假材料")
    bring(world, listed)
    name = listings()[0].identifier
    drain()
    rebuild_index()
    if ends == "removed":
        bring(world, whole=["serious"])
    else:
        files = [File("记号丁.pdf", keep(PDF))]
        acts.dispute(world.actor("agency"), name, dispute="记号丙:我单位从未被列入该名单", files=files)
    if ends == "not_counted":
        acts.uphold(world.actor("regulator"), name, reason="记号丁:经核对确属误配")
    drain()
    rebuild_index()
    numbers = {name: "external_listing", world.identifiers["agency"]: "organisation"}
    walked = [address for address, _ in addresses(app, "GET", numbers, without=GOES)]
    walked += searches(app, [name, "记号甲"])
    walked += [f"/restrictions/{code(world)}", f"/agencies/{world.identifiers['agency']}/credit.json"]
    leaks = []
    for role in [each for each in FEWER if each not in ("agency", "regulator", "admin")]:
        visitor = sign_in(app, world, role)
        for address in walked:
            said = told(visitor.get(address))
            secret = [each for each in (*MARKS, name) if each not in unquote(address)]
            leaks += [f"{address} tells {role} {mark}" for mark in secret if mark in said]
    assert not leaks, "\n".join(leaks[:40])
    assert len(walked) > 200
    for role in ("agency", "regulator"):
        assert sign_in(app, world, role).get(f"/credit/listings/{name}").status == 200


def test_any_past_score_is_what_was_kept_then(app: Flask, world: World, time: Any) -> None:
    agency = world.organisation("agency")
    bring(world, row(code(world)))
    kept(world)
    name = listings()[0].identifier
    for act in (
        lambda: dispute(world, name),
        lambda: acts.reject(world.actor("regulator"), name, reason="登记机关确认就是该单位"),
        lambda: bring(world, row(code(world), "严重违法失信名单"), source="city"),
        lambda: bring(world, row(code(world), removed="2026-03-01")),
        lambda: bring(world, whole=["abnormal", "serious"]),
    ):
        time.instant += timedelta(hours=5)
        act()
        drain()
    time.instant += timedelta(hours=5)
    db.session.rollback()
    past = db.session.scalars(select(CreditHistory).where(CreditHistory.agency_id == agency.id)).all()
    assert len(past) >= 5
    for each in past:
        sheet = of_agency(db.session, agency.id, each.at)
        assert (round(sheet.score * 10), sheet.grade) == (each.score, each.grade), each.at


def test_only_one_fetch_of_a_source_at_a_time(app: Flask, world: World, time: Any) -> None:
    from market.transaction import transaction

    with transaction() as session:
        session.add(
            ExternalFetch(
                source="gsxt",
                way="page",
                place="x",
                digest="",
                whole="",
                state="taking",
                busy="gsxt",
                entries=0,
                matched=0,
                changed=0,
                ended=0,
                by_name="",
            )
        )
    with broken.holding("gsxt"), pytest.raises(Conflict, match="最迟到"):
        bring(world, row(code(world)))
    bring(world, row(code(world)), source="province")
    time.instant += timedelta(hours=2)
    bring(world, row(code(world)))
