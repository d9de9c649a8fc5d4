"""The comparison with the business register.

What it finds, and what it does when the register is down or talks rubbish.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from harness.factories import World, entry_values
from market import batches as doing
from market.agencies.actions import checks, entry, registry
from market.extensions import db
from market.spreadsheets import as_csv, as_xlsx
from models.accounts import Organisation
from models.agencies.checks import Check
from models.agencies.entry import AgencyProfile
from models.agencies.register import Registered, differences
from models.batches import Batch, BatchRow
from models.errors import NotAllowed, RuleViolation
from tests.web import sign_in

HEADING = ["统一社会信用代码", "企业名称", "登记状态", "法定代表人", "住所", "经营范围", "营业期限至"]


def said_of(world: World, who: str, **changes: Any) -> dict[str, Any]:
    """What the register says of an agency: what the agency says itself, with these changes."""
    agency, values = world.organisation(who), entry_values(who)
    return {
        "uscc": agency.uscc,
        "name": agency.name,
        "standing": "存续",
        "legal_representative": values["representative"]["legal_representative"],
        "registered_address": "昆仑路1号",
        "scope": values["licence"]["scope"],
        "licence_until": "长期",
        **changes,
    }


def export(world: World, **changed: dict[str, Any]) -> list[list[Any]]:
    return [
        HEADING,
        *[
            list(said_of(world, name, **changed.get(name, {})).values())
            for name in ("agency", "second", "third")
        ],
    ]


def compare(world: World, content: bytes, name: str = "register.csv") -> Batch:
    identifier = registry.compare_with_register(world.actor("regulator"), file_name=name, content=content)
    doing.run()
    db.session.rollback()
    return db.session.scalars(select(Batch).where(Batch.identifier == identifier)).one()


def kinds() -> dict[str, list[str]]:
    db.session.rollback()
    found: dict[str, list[str]] = {}
    for check in db.session.scalars(select(Check).order_by(Check.id)):
        found.setdefault(check.agency.name.removesuffix("单位"), []).append(check.kind)
    return {name: sorted(kinds) for name, kinds in found.items()}


@pytest.mark.parametrize("kind", ["csv", "gb18030", "xlsx"])
def test_each_difference_opens_a_check_with_the_evidence_side_by_side(
    app: Flask, world: World, kind: str
) -> None:
    rows = export(
        world,
        second={"standing": "吊销", "licence_until": "2026/01/31"},
        third={"registered_address": "盐桥路 8 号", "scope": "餐饮服务;水土保持"},
    )
    content = (
        as_xlsx(rows)
        if kind == "xlsx"
        else as_csv(rows)
        if kind == "csv"
        else as_csv(rows).decode("utf-8-sig").encode("gb18030")
    )
    batch = compare(world, content)
    assert (batch.state, batch.total, batch.position, batch.changed, batch.faulty) == ("done", 3, 3, 4, 0)
    assert kinds() == {"second": ["expired", "revoked"], "third": ["address", "scope"]}
    address = db.session.scalars(select(Check).where(Check.kind == "address")).one()
    assert address.evidence == [
        {"field": "registered_address", "ours": "昆仑路 1 号", "theirs": "盐桥路 8 号"}
    ]
    page = sign_in(app, world, "regulator").get(f"/checks/{address.identifier}")
    assert [cell.get_text() for cell in page.soup.select(".side td")] == ["昆仑路 1 号", "盐桥路 8 号"]
    assert "register.csv" in page.text
    again = compare(world, content)
    assert (again.state, again.changed) == ("done", 0), "what is under way is not opened twice"


def test_what_was_cleared_on_the_same_evidence_stays_so_and_a_correction_ends_it(world: World) -> None:
    content = as_csv(export(world, third={"registered_address": "盐桥路 8 号"}))
    compare(world, content)
    check = db.session.scalars(select(Check.identifier)).one()
    checks.ask(world.actor("regulator"), check, reason="登记地址已变更,请更新。")
    entry.fill(
        world.actor("third"),
        "premises",
        **{**entry_values("third")["premises"], "registered_address": "盐桥路 8 号"},
    )
    checks.answer(world.actor("third"), check, statement="已更新登记地址。")
    checks.clear(world.actor("regulator"), check, reason="已更新,与登记一致。")
    assert compare(world, content).changed == 0
    assert compare(world, as_csv(export(world))).changed == 1, (
        "now it is the agency's entry that is ahead of the register"
    )


def test_an_agency_the_register_does_not_have_and_rows_that_cannot_be_read(world: World) -> None:
    rows = export(world, second={"standing": "跑路了"})[:3]
    batch = compare(world, as_csv(rows))
    assert kinds() == {"third": ["unregistered"]}
    assert (batch.state, batch.faulty) == ("done", 1)


@pytest.mark.parametrize(
    "content",
    [
        b" ",
        b"PK\x03\x04 no workbook",
        b"\xff\xfe\x00\x00",
        b"a,b\n1,2\n",
        '"统一社会信用代码,名称'.encode(),
        b"\x00" * 50,
    ],
)
def test_a_file_that_is_no_export_is_refused_and_changes_nothing(
    app: Flask, world: World, content: bytes
) -> None:
    with pytest.raises(RuleViolation) as refused:
        registry.compare_with_register(world.actor("regulator"), file_name="x.csv", content=content)
    assert refused.value.field == "file"
    assert db.session.scalars(select(Batch)).all() == []
    with pytest.raises(NotAllowed):
        registry.compare_with_register(world.actor("agency"), file_name="x.csv", content=b"x")


def test_a_register_that_contradicts_too_much_is_doubted(app: Flask, world: World) -> None:
    for number in range(8):
        world.agency(f"more{number}")
    rows = [HEADING] + [
        list(said_of(world, name, name="某某公司").values())
        for name in world.identifiers
        if world.identifiers[name].startswith("A-")
    ]
    batch = compare(world, as_csv(rows))
    assert batch.state == "failed"
    assert kinds() == {}
    page = sign_in(app, world, "regulator").get("/oversight/register").text
    assert "多得不像真的" in page


class Register(BaseHTTPRequestHandler):
    """A register as a service, whose answers a test decides."""

    behaviour: Any = None
    asked: list[list[str]] = []

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        type(self).asked.append(body["uscc"])
        status, content = type(self).behaviour(self.headers["Authorization"], body["uscc"])
        self.send_response(status)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture
def service(app: Flask) -> Iterator[type[Register]]:
    server = HTTPServer(("127.0.0.1", 0), Register)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    Register.asked = []
    app.config.update(
        REGISTER=f"http://127.0.0.1:{server.server_port}/lookup",
        REGISTER_TOKEN="let me in",
        REGISTER_PER_MINUTE=2,
    )
    yield Register
    server.shutdown()
    server.server_close()
    thread.join()


def answering(world: World, **changed: dict[str, Any]) -> Any:
    rows = {
        said_of(world, name)["uscc"]: said_of(world, name, **changed.get(name, {}))
        for name in ("agency", "second", "third")
    }

    def behave(token: str, codes: list[str]) -> tuple[int, bytes]:
        assert token == "Bearer let me in"
        return 200, json.dumps({"organisations": [rows[code] for code in codes if code in rows]}).encode()

    return behave


def test_a_service_is_asked_no_faster_than_it_may_be_and_taken_up_where_it_was_left(
    app: Flask, world: World, time: Any, service: Any
) -> None:
    service.behaviour = answering(world, third={"standing": "cancelled"})
    registry.compare_daily()
    batch = db.session.scalars(select(Batch)).one()
    places = []
    for _ in range(4):
        doing.run()
        doing.run()  # twice in one minute asks once
        db.session.rollback()
        places.append((batch.position, batch.state))
        time.instant += timedelta(minutes=1)
    assert places == [(2, "checking"), (3, "done"), (3, "done"), (3, "done")]
    assert [len(codes) for codes in service.asked] == [2, 1]
    assert kinds() == {"third": ["revoked"]}
    page = sign_in(app, world, "regulator").get(f"/batches/{batch.identifier}")
    assert page.soup.select_one("progress")["value"] == "3"


def test_a_service_last_asked_by_a_clock_that_was_ahead_is_asked_now(
    app: Flask, world: World, time: Any, service: Any
) -> None:
    service.behaviour = answering(world)
    registry.compare_daily()
    begun = time.instant
    time.instant += timedelta(days=400)
    doing.run()
    time.instant = begun
    doing.run()
    assert [len(codes) for codes in service.asked] == [2, 1]


@pytest.mark.parametrize(
    ("behaviour", "state", "says"),
    [
        (lambda token, codes: (503, b""), "checking", "没有答应"),
        (lambda token, codes: (200, b"<html>maintenance</html>"), "failed", "看不懂"),
        (lambda token, codes: (200, b"[]"), "failed", "看不懂"),
        (lambda token, codes: (200, b'{"organisations": [{"uscc": "91"}]}'), "failed", "没问过"),
        (lambda token, codes: (200, b'{"organisations": [1]}'), "failed", "看不懂"),
    ],
)
def test_a_service_that_is_down_or_talks_rubbish_changes_nothing_and_says_so(
    app: Flask, world: World, time: Any, service: Any, behaviour: Any, state: str, says: str
) -> None:
    service.behaviour = staticmethod(behaviour)
    registry.compare_daily()
    doing.run()
    db.session.rollback()
    batch = db.session.scalars(select(Batch)).one()
    assert (batch.state, batch.position) == (state, 0)
    assert kinds() == {}
    assert says in sign_in(app, world, "regulator").get(f"/batches/{batch.identifier}").text
    if state == "checking":  # it comes back, and the comparison goes on
        service.behaviour = answering(world)
        for _ in range(3):
            time.instant += timedelta(minutes=1)
            doing.run()
        db.session.rollback()
        assert (batch.state, batch.problem) == ("done", None)


def test_a_service_that_stays_away_is_given_up(app: Flask, world: World, time: Any) -> None:
    app.config.update(REGISTER="http://127.0.0.1:9/", REGISTER_PER_MINUTE=100)
    registry.compare_daily()
    for _ in range(doing.TRIES):
        doing.run()
        time.instant += timedelta(minutes=1)
    db.session.rollback()
    batch = db.session.scalars(select(Batch)).one()
    assert (batch.state, batch.tries) == ("failed", doing.TRIES)


def test_the_daily_comparison_without_a_source_or_with_a_lost_file(
    app: Flask, world: World, tmp_path: Any
) -> None:
    registry.compare_daily()
    assert db.session.scalars(select(Batch)).all() == []
    with pytest.raises(RuleViolation, match="还没有设置"):
        registry.compare_with_register(world.actor("regulator"))
    app.config["REGISTER"] = str(tmp_path / "lost.csv")
    registry.compare_daily()
    db.session.rollback()
    assert db.session.scalars(select(Batch.state)).all() == ["failed"]
    (tmp_path / "lost.csv").write_bytes(as_csv(export(world)))
    registry.compare_daily()
    doing.run()
    db.session.rollback()
    assert db.session.scalars(
        select(Batch.state).where(Batch.kind == "register").order_by(Batch.id)
    ).all() == ["failed", "done"]


def test_rows_of_old_comparisons_are_dropped_and_what_they_came_to_is_kept(
    app: Flask, world: World, tmp_path: Any
) -> None:
    (tmp_path / "register.csv").write_bytes(as_csv(export(world)))
    app.config["REGISTER"] = str(tmp_path / "register.csv")
    for _ in range(registry.KEPT + 2):
        registry.compare_daily()
        doing.run()
    db.session.rollback()
    assert db.session.query(Batch).filter_by(state="done", total=3).count() == registry.KEPT + 2
    assert db.session.query(BatchRow).count() == registry.KEPT * 3
    oldest = db.session.query(Batch).order_by(Batch.id).first()
    assert sign_in(app, world, "regulator").get(f"/batches/{oldest.identifier}").status == 200


ACTIVITIES = st.lists(
    st.text("水土保持环评测绘餐饮", min_size=2, max_size=5), min_size=1, max_size=5, unique=True
)


@given(ours=ACTIVITIES, more=ACTIVITIES, order=st.randoms())
def test_a_scope_differs_only_where_it_claims_what_is_not_registered(
    ours: list[str], more: list[str], order: Any
) -> None:
    agency = Organisation(uscc="1", name="甲", legal_representative="乙")
    profile = AgencyProfile(scope=";".join(ours), registered_address="")
    registered = [*ours, *more]
    order.shuffle(registered)
    wide = Registered("1", "甲", "active", scope="、".join(f" {a}(凭许可证经营)" for a in registered))
    assert differences(agency, profile, wide, date(2026, 3, 2)) == {}
    narrow = Registered("1", "甲", "active", scope=";".join(a for a in more if a not in ours))
    found = differences(agency, profile, narrow, date(2026, 3, 2))
    assert ("scope" in found) == bool(narrow.scope)


@pytest.mark.parametrize(
    ("registered", "kinds_of"),
    [
        ("李明（法定代表人）", set()),
        ("执行董事：李明", set()),
        ("李*", {"representative"}),
        ("李明明", {"representative"}),
    ],
)
def test_a_title_around_the_representative_is_no_difference(registered: str, kinds_of: set[str]) -> None:
    agency = Organisation(uscc="1", name="甲", legal_representative="李明")
    profile = AgencyProfile(scope="", registered_address="")
    assert (
        set(differences(agency, profile, Registered("1", "甲", "active", registered), date(2026, 3, 2)))
        == kinds_of
    )
