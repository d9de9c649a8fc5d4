"""A credit record shows nowhere before its decision, and nowhere after it was repaired, revoked or over.

One walk over every address as everybody, as tests/test_secrets.py does it: its number, its facts' words, what
its subject said and what was decided are told to nobody but its subject and the office of its area.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from urllib.parse import unquote

import pytest
from flask import Flask
from sqlalchemy import select

from harness.factories import World
from market.access_codes import code_of
from market.accounts import jobs as letters
from market.credit.actions import records
from market.extensions import db
from market.files import store
from market.indexing import rebuild_index
from market.jobs import drain, run_deadlines
from models.accounts import Membership, User
from models.credit import past as past_scores
from models.credit.past import CreditHistory
from models.documents import Document, of_case
from models.letters import Letter
from models.notifications import Notification
from tests.credit import record_cases as cases
from tests.credit.external_lists import bring, row
from tests.test_secrets import EVERYBODY, FEWER, GOES
from tests.walking import addresses, alike, searches, told
from tests.web import Visitor, sign_in

FACTS = "记号甲:现场检查发现报告引用了不存在的监测数据。"
STATEMENT = "记号乙:监测数据由委托方提供,附采样单。"
REPLY = "记号丙:采样单日期与报告不符,不予采纳。"
REASON = "记号丁:事实清楚,证据确凿。"
COMMITMENT = "记号戊:承诺今后如实出具报告。"
REPAIRED = "记号己:整改已经完成。"
SOURCE = "记号庚字2026第12号"
WORDS = ("记号甲", "记号乙", "记号丙", "记号丁", "记号戊", "记号己", "记号庚", "证据.pdf", "采样单.pdf")
INSIDE = ("agency", "regulator", "admin")
OFFICES = ("far", "department", "custodian")

About = dict[str, Any]
ABOUT: About = {"facts": FACTS, "source": SOURCE}


def _before(world: World, time: Any) -> str:
    return cases.heard(world, statement=STATEMENT, **ABOUT)


def _proposed(world: World, time: Any) -> str:
    return cases.proposed(world, **ABOUT)


def _in_force(world: World, time: Any, kind: str = "unfair_terms") -> str:
    record = cases.heard(world, statement=STATEMENT, kind=kind, **ABOUT)
    records.uphold(world.actor("decider"), record, reason=REASON, months=3, reply=REPLY)
    drain()  # it stood on every page and in every paper meanwhile
    rebuild_index()
    return record


def _minor(world: World, time: Any) -> str:
    """In force, and not published as a rule: authorities may know of it, nobody else."""
    return _in_force(world, time, "fees_unpublished")


def _repaired(world: World, time: Any) -> str:
    record = _in_force(world, time, "fees_unpublished")
    records.ask_repair(world.actor("agency"), record, commitment=COMMITMENT, files=cases.files())
    records.repair(world.actor("decider"), record, reason=REPAIRED)
    return record


def _revoked(world: World, time: Any) -> str:
    record = _in_force(world, time)
    records.revoke(world.actor("decider"), record, reason=REPAIRED)
    return record


def _expired(world: World, time: Any) -> str:
    record = _in_force(world, time)
    time.instant = cases.found(record).ends_at
    run_deadlines()
    return record


def _listed_and_removed(world: World, time: Any) -> str:
    """On a list that others keep, and taken off it."""
    code = world.organisation("agency").uscc
    bring(world, row(code))
    drain()
    bring(world, row(code, removed="2026-03-01"))
    return code


@pytest.mark.walks
@pytest.mark.parametrize("made", [_proposed, _before, _minor, _repaired, _revoked, _expired])
def test_no_page_export_search_or_log_tells_of_it(
    app: Flask, world: World, time: Any, caplog: Any, made: Callable[[World, Any], str]
) -> None:
    world.authority("far", "regulator", region="540000")
    world.enterprise("other")
    world.appoint_admin()
    record = made(world, time)
    drain()
    rebuild_index()
    letters.work()
    caplog.set_level("DEBUG")
    caplog.clear()
    numbers = {record: "credit_record", world.identifiers["agency"]: "organisation"}
    db.session.rollback()
    documents = db.session.scalars(select(Document).where(Document.case_identifier == record)).all()
    hanging = [document.identifier for document in documents]
    kept = {store().get(document.sha256) for document in documents if document.issued}
    numbers |= dict.fromkeys(hanging, "")
    walked = [address for address, _ in addresses(app, "GET", numbers, without=GOES)]
    walked += searches(app, [record, "记号甲", "记号庚"])
    for where in ("/credit/records", "/my/records", "/credit/records.csv", "/my/records.csv", "/requests"):
        walked += [f"{where}?q={record}", f"{where}?q=agency"]
    walked += [f"/check/{number}/{code_of(number)}" for number in hanging]
    walked += [f"/papers/{number}/{code_of(number)}.pdf" for number in hanging]
    everybody = EVERYBODY if db.engine.dialect.name == "sqlite" else FEWER
    inside = (*INSIDE, *OFFICES) if made is _minor else INSIDE
    outside = [role for role in everybody if role not in inside]
    leaks: list[str] = []
    for role in outside:
        visitor = sign_in(app, world, role)
        for address in walked:
            answer = visitor.get(address)
            said = told(answer)
            secret = [each for each in (*WORDS, record, *hanging) if each not in unquote(address)]
            leaks += [f"{address} tells {role} {marker}" for marker in secret if marker in said]
            if answer.response.get_data() in kept:
                leaks.append(f"{address} gives {role} a paper")
    assert not leaks, f"{len(leaks)}:\n" + "\n".join(leaks[:60])
    assert not [word for word in WORDS if word in caplog.text], "a log line tells"
    hidden = made is _proposed
    for role in INSIDE:
        page = sign_in(app, world, role).get(f"/credit/records/{record}")
        assert ("记号甲" in page.text) == (not hidden or role != "agency"), f"{role}: the walk looks there"
    if hidden:
        subject = sign_in(app, world, "agency")
        for address in walked:
            said = told(subject.get(address))
            assert not [m for m in (*WORDS, record) if m in said and m not in unquote(address)], address
    assert len(walked) > 200


def _told_of_agency(app: Flask, world: World, role: str) -> dict[str, str]:
    """What this role reads wherever an agency's score shows, without what differs from page to page."""
    agency = world.identifiers["agency"]
    pages = [f"/agencies/{agency}{more}" for more in ("", "/credit", "/credit.json")]
    pages += [
        "/",
        "/agencies",
        "/agencies.csv",
        "/credit",
        "/credit.csv",
        "/credit/records",
        "/credit/unranked",
    ]
    visitor = sign_in(app, world, role)
    return {address: alike(visitor.get(address), agency)[1] for address in pages}


@pytest.mark.parametrize("made", [_repaired, _revoked, _listed_and_removed])
def test_others_read_of_a_score_and_its_past_what_they_read_before(
    app: Flask, world: World, time: Any, made: Callable[[World, Any], str]
) -> None:
    """A record that is over leaves not even a step in the past of a score, which only the agency sees."""
    world.enterprise("other")
    for stars in (5, 2):
        world.settled(stars=stars)
        time.instant += timedelta(days=30)
    drain()
    rebuild_index()
    agency = world.organisation("agency").id
    before = {role: _told_of_agency(app, world, role) for role in ("visitor", "other")}
    past = _scores(agency)
    made(world, time)
    drain()
    rebuild_index()
    for role, pages in before.items():
        for address, text in _told_of_agency(app, world, role).items():
            assert text == pages[address], f"{address} as {role}"
    assert len(_scores(agency)) == len(past) + 2, "kept: down, and up again"
    own = sign_in(app, world, "agency").get(f"/agencies/{world.identifiers['agency']}/credit").text
    assert f"{min(_scores(agency)) / 10:.1f}" in own, "its subject sees it"
    world.settled(stars=4)
    drain()
    shown = db.session.scalars(past_scores.of_agency(world.organisation("agency"), whole=False)).first()
    assert shown is not None
    assert shown.public_score == shown.score, "what came later counts for everybody"


def _scores(agency: int) -> list[int]:
    db.session.rollback()
    return list(db.session.scalars(select(CreditHistory.score).where(CreditHistory.agency_id == agency)))


@pytest.mark.parametrize("made", [_proposed, _before, _repaired])
def test_no_notice_tells_anybody_else(
    app: Flask, world: World, time: Any, made: Callable[[World, Any], str]
) -> None:
    record = made(world, time)
    drain()
    rows = select(Notification, User).join(
        Membership, Membership.organisation_id == Notification.organisation_id
    )
    told_to = set()
    for notice, user in db.session.execute(rows.join(User, User.id == Membership.user_id)):
        letter = Letter(
            kind="notice",
            address=user.email,
            locale="zh_Hans_CN",
            data={"notification": notice.id},
            user_id=user.id,
        )
        words = letters.written(db.session, letter)
        if words and (record in words.text or any(word in words.text for word in WORDS)):
            told_to.add(str(user.email).partition("@")[0])
    allowed = {"regulator", "decider"} if made is _proposed else {"agency", "regulator", "decider"}
    assert told_to <= allowed


def test_a_paper_is_genuine_and_tells_nothing_once_the_record_is_repaired(
    app: Flask, world: World, time: Any
) -> None:
    record = _in_force(world, time)
    decision = next(
        paper
        for paper in of_case(db.session, "credit_record", record)
        if paper.issued and paper.issued["title"] == "信用记录认定决定书"
    )
    number, content = decision.identifier, store().get(decision.sha256)
    address = f"/check/{number}/{code_of(number)}"
    public = Visitor(app)
    assert "不公平的格式条款" in public.get(address).text, "while it is published"
    assert public.get(f"/papers/{number}/{code_of(number)}.pdf").status == 200
    records.revoke(world.actor("decider"), record, reason=REPAIRED)
    closed = public.get(address)
    assert closed.status == 200
    assert "内容现在不对外提供" in closed.text
    for word in (*WORDS, record, "不公平的格式条款", "agency单位"):
        assert word not in closed.text
    same = public.submit(address, file=content)
    assert "一个字节也没有改过" in same.text
    assert record not in same.text
    by_bytes = public.submit("/check", file=content)
    assert "内容现在不对外提供" in by_bytes.text
    assert record not in by_bytes.text
    assert public.get(f"/papers/{number}/{code_of(number)}.pdf").status == 404
    assert public.get(f"/check/{record}").status == 404
    assert "不公平的格式条款" in sign_in(app, world, "agency").get(f"/check/{number}").text
