"""Tables of agencies and fees: every row is reported on; then all of it comes in, once, or nothing."""

from __future__ import annotations

import contextlib
import os
import signal
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask, current_app
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select

from harness.factories import PASSWORD, World, code
from market import batches as doing
from market import spreadsheets
from market.accounts.actions import members
from market.agencies import imports, shapes
from market.extensions import db
from market.spreadsheets import as_csv, as_xlsx
from market.transaction import transaction
from models import batches
from models.accounts import Organisation
from models.actors import VISITOR
from models.agencies.fees import FeeSchedule
from models.batches import Batch, BatchRow
from models.errors import NotAllowed, NotFound, RuleViolation, WrongState
from models.events import Event
from tests.faults.children import in_a_child
from tests.web import Visitor, sign_in

AGENCIES = [known[0] for known in shapes.AGENCIES.values()]
FEES = [known[0] for known in shapes.FEES.values()]


def agency_row(number: int, **changes: str) -> list[str]:
    row = {
        "uscc": code(5000 + number),
        "name": f"导入机构{number}",
        "region": "632801",
        "legal_form": "公司(企业法人)",
        "legal_representative": "才旦",
        "phone": "0979-1",
        "registered_address": "昆仑路 1 号",
        "address": "昆仑路 1 号",
        "established_on": "2018/05/01",
        "licence_until": "",
        "registered_capital": "1,000,000",
        "scope": "水土保持",
        "introduction": "",
    }
    return list({**row, **changes}.values())


def fee_row(**changes: str) -> list[str]:
    row = dict.fromkeys(shapes.FEES, "") | {
        "item": "WAT-01",
        "method": "fixed",
        "price": "48,000",
        "days": "20",
    }
    return list({**row, **changes}.values())


def upload(world: World, who: str, kind: str, rows: list[list[Any]], *, xlsx: bool = False) -> str:
    heading = AGENCIES if kind == "agencies" else FEES
    content = (as_xlsx if xlsx else as_csv)([heading, *rows])
    return imports.upload_table(world.actor(who), kind=kind, file_name=f"{kind}.csv", content=content)


def state(identifier: str) -> Batch:
    db.session.rollback()
    return batches.load(db.session, identifier)


def imported() -> int:
    db.session.rollback()
    return db.session.scalar(select(func.count(Organisation.id)).where(Organisation.claimed.is_(False))) or 0


def test_a_dry_run_reports_each_row_and_loads_nothing(app: Flask, world: World) -> None:
    rows = [
        agency_row(1),
        agency_row(2, uscc="91630100MA00000000"),
        agency_row(3, region="110000"),
        agency_row(4, legal_form="帮派"),
        agency_row(5, established_on="去年"),
        agency_row(6, registered_capital="很多"),
        agency_row(7, name=""),
        agency_row(8),
        agency_row(9, uscc=code(5008)),
        agency_row(10, uscc=world.organisation("agency").uscc),
        agency_row(11, region="青海省海西蒙古族藏族自治州格尔木市"),
    ]
    identifier = upload(world, "regulator", "agencies", rows, xlsx=True)
    doing.run()
    batch = state(identifier)
    assert (batch.state, batch.total, batch.position, batch.faulty) == ("checked", 11, 11, 8)
    found = {row.number: [p["field"] for p in row.problems] for row in batches.rows_of(db.session, batch)}
    assert found == {
        1: [],
        2: [],
        3: ["region"],
        4: ["legal_form"],
        5: ["established_on"],
        6: ["registered_capital"],
        7: ["name"],
        8: ["uscc"],
        9: ["uscc"],
        10: ["uscc"],
        11: [],
    }
    assert imported() == 0
    regulator = sign_in(app, world, "regulator")
    page = regulator.get(f"/batches/{identifier}?only=faulty")
    for said in ("不是本辖区", "两行是同一个", "已经入驻", "请填写日期", "请填写金额"):
        assert said in page.text
    assert "校验位" in regulator.get(f"/batches/{identifier}?only=found").text, "taken, with a warning"
    assert (
        regulator.get(f"/batches/{identifier}.csv").response.get_data().decode("utf-8-sig").count("\n") == 12
    )
    with pytest.raises(RuleViolation, match="8 行"):
        doing.load_batch(world.actor("regulator"), identifier)


def test_agencies_come_in_whole_and_are_claimed_by_their_first_person(app: Flask, world: World) -> None:
    identifier = upload(world, "regulator", "agencies", [agency_row(n) for n in range(30)])
    doing.run()
    regulator = sign_in(app, world, "regulator")
    button = regulator.get(f"/batches/{identifier}").soup.select_one(
        f"form[action='/batches/{identifier}/load'] input"
    )
    assert regulator.post(f"/batches/{identifier}/load", {"csrf_token": button["value"]}).status == 303
    assert imported() == 0, "the page only says so; the worker does it"
    doing.run()
    assert (state(identifier).state, imported()) == ("done", 30)
    with pytest.raises(WrongState):
        doing.load_batch(world.actor("regulator"), identifier)
    exported = (
        regulator.get(f"/batches/{identifier}.csv").response.get_data().decode("utf-8-sig").splitlines()
    )
    claim = exported[1].split(",")[-1]
    person = {
        "email": "first@example.cn",
        "name": "才旦",
        "password": PASSWORD,
        "kind": "agency",
        "organisation": "导入机构0",
        "uscc": code(5000),
        "region_code": "632801",
    }
    refused = Visitor(app).submit("/sign-up", **person)
    assert "入驻码" in refused.error_at("claim")
    assert "入驻码" in Visitor(app).submit("/sign-up", **person, claim="ABCDEFGHIJKL").error_at("claim")
    visitor = Visitor(app)
    assert visitor.submit("/sign-up", **person, claim=claim.lower()).location == "/my/entry"
    assert visitor.get("/my/entry/licence").value_of("scope") == "水土保持", (
        "what the table said is filled in"
    )
    again = Visitor(app).submit("/sign-up", **{**person, "email": "late@example.cn"}, claim=claim)
    assert again.location.startswith("/claims/"), "who comes late has a claim to show"


def test_a_row_that_no_longer_fits_is_left_out_and_says_so(app: Flask, world: World) -> None:
    """Somebody else enters between the check and the loading: the others come in."""
    identifier = upload(world, "regulator", "agencies", [agency_row(n) for n in range(10)])
    doing.run()
    doing.load_batch(world.actor("regulator"), identifier)
    members.sign_up(VISITOR, **{**world._person("quick", kind="agency"), "uscc": code(5007)})
    before = db.session.scalar(select(func.count(Event.id)))
    doing.run()
    batch = state(identifier)
    assert (batch.state, batch.loaded, batch.changed, batch.faulty, imported()) == ("done", 10, 9, 1, 9)
    left_out = [row for row in batches.rows_of(db.session, batch) if row.problems]
    assert [(row.subject, row.result) for row in left_out] == [(code(5007), "")]
    assert db.session.scalar(select(func.count(Event.id))) == (before or 0) + 9
    page = sign_in(app, world, "regulator").get(f"/batches/{identifier}?only=faulty")
    assert f"{code(5007)} 已经入驻,这一行没有入库" in page.text
    assert len(page.soup.select(".list tbody tr")) == 1


def test_a_batch_that_breaks_stops_alone_and_powers_are_asked_for_again(
    world: World, monkeypatch: Any
) -> None:
    broken, sound = (
        upload(world, "regulator", "agencies", [agency_row(1)]),
        upload(world, "agency", "fees", [fee_row()]),
    )
    work = doing.WORKS["agencies"]

    def breaks(*_: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setitem(doing.WORKS, "agencies", replace(work, check=breaks))
    doing.run()
    assert (state(broken).state, state(sound).state) == ("failed", "checked")
    assert "系统出错" in str(state(broken).problem)
    monkeypatch.setitem(doing.WORKS, "agencies", work)
    again = upload(world, "regulator", "agencies", [agency_row(1)])
    doing.run()
    doing.load_batch(world.actor("regulator"), again)
    with transaction() as session:
        regulator = session.scalars(
            select(Organisation).where(Organisation.identifier == world.identifiers["regulator"])
        ).one()
        regulator.authority_role = "department"
    doing.run()
    assert (state(again).state, imported()) == ("failed", 0)


def struck(piece: int) -> None:
    """The batches, struck by SIGKILL after a piece of the check.

    Or (0) after a piece of the loading before its commit.
    """
    work, pieces = doing.WORKS["agencies"], [0]

    def check(*arguments: Any) -> None:
        pieces[0] += 1
        work.check(*arguments)
        if pieces[0] == piece:
            os.kill(os.getpid(), signal.SIGKILL)

    def load(*arguments: Any) -> None:
        work.load(*arguments)
        if piece == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    doing.WORKS["agencies"] = replace(work, check=check, load=load)
    doing.CHUNK = 10
    current_app.extensions["jobs"].paces.clear()
    doing.ChunkSize.took = lambda *_: None  # ten at a time, however slow this machine is
    doing.run()


@pytest.mark.parametrize("piece", [1, 3, 0])
def test_a_killed_worker_takes_up_where_it_was(world: World, piece: int) -> None:
    """Killed in the first piece of the check, in the third, and after the loading before its commit."""
    identifier = upload(world, "regulator", "agencies", [agency_row(n) for n in range(50)])
    if piece == 0:
        doing.run()
        doing.load_batch(world.actor("regulator"), identifier)
    ended, printed = in_a_child(lambda: struck(piece))
    assert ended == -signal.SIGKILL, printed
    batch = state(identifier)
    assert (batch.state, batch.position) == (
        {0: "loading"}.get(piece, "checking"),
        {1: 0, 3: 20, 0: 50}[piece],
    )
    assert imported() == 0
    doing.run()
    if piece:
        assert state(identifier).state == "checked"
        doing.load_batch(world.actor("regulator"), identifier)
        doing.run()
    assert (state(identifier).state, state(identifier).faulty, imported()) == ("done", 0, 50)
    names = db.session.scalars(select(BatchRow.result).where(BatchRow.batch_id == state(identifier).id)).all()
    assert len(set(names)) == 50


def test_fees_of_every_method_come_in_as_new_versions(app: Flask, world: World) -> None:
    rows = [
        fee_row(price="47,000"),
        fee_row(
            item="CON-03", method="差额定率累进", price="", table="10000000, 0.006 | *, 0.0018", floor="8000"
        ),
        fee_row(
            item="EIA-01",
            method="",
            price="",
            standard="eia-2002-125/report",
            discount="0.9",
            days="30",
            effective_from="2026-04-01",
        ),
        fee_row(item="SUR-01", method="per_unit", price="300"),
    ]
    from models.pricing import standards

    rows[2] = fee_row(
        item="EIA-01",
        method="",
        price="",
        standard=f"eia-2002-125/{next(iter(standards()['eia-2002-125']['tables']))}",
        discount="0.9",
        days="30",
        effective_from="2026-04-01",
    )
    identifier = upload(world, "agency", "fees", rows)
    doing.run()
    assert (state(identifier).state, state(identifier).faulty) == ("checked", 0), [
        r.problems for r in batches.rows_of(db.session, state(identifier))
    ]
    doing.load_batch(world.actor("agency"), identifier)
    doing.run()
    assert state(identifier).state == "done"
    published = db.session.execute(
        select(FeeSchedule.item_code, FeeSchedule.version, FeeSchedule.terms)
        .where(FeeSchedule.agency_id == world.organisation("agency").id)
        .order_by(FeeSchedule.id)
    ).all()
    assert [(c, v) for c, v, _terms in published] == [
        ("WAT-01", 1),
        ("WAT-01", 2),
        ("CON-03", 1),
        ("EIA-01", 1),
        ("SUR-01", 1),
    ]
    assert published[2][2]["bands"] == [[1_000_000_000, "0.006"], [None, "0.0018"]]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"item": "NON-01"}, "item"),
        ({"method": "随便"}, "method"),
        ({"price": "-1"}, "price"),
        ({"price": ""}, "terms"),
        ({"standard": "none/such"}, "standard"),
        ({"discount": "x"}, "discount"),
        ({"method": "progressive", "table": "1,2,3 | x"}, "table"),
        ({"days": "0"}, "days"),
        ({"days": "٣"}, "days"),
        ({"effective_from": "2020-01-01"}, "effective_from"),
        ({"effective_from": "soon"}, "effective_from"),
        ({"uscc": code(77)}, "uscc"),
        ({"item": "EIA-01"}, "standard"),
        ({"method": "按数量计价"}, "method"),
        ({"item": "SUR-01", "method": "interpolated", "price": "", "table": "100, 10 | 200, 20"}, "method"),
        ({"item": "SUR-01", "method": "", "standard": "tender-agency-2002-1980/works"}, "standard"),
        ({"item": "CON-03", "method": "progressive", "price": "", "table": "*, 0", "floor": "80"}, "terms"),
    ],
)
def test_a_fee_that_cannot_be_is_named_at_its_column(
    world: World, change: dict[str, str], field: str
) -> None:
    identifier = upload(world, "agency", "fees", [fee_row(**change), fee_row(item="WAT-03")])
    doing.run()
    assert [[p["field"] for p in row.problems] for row in batches.rows_of(db.session, state(identifier))] == [
        [field],
        [],
    ]


def test_an_administrator_brings_in_fees_of_many_and_others_only_what_is_theirs(
    app: Flask, world: World
) -> None:
    world.appoint_admin()
    visitor = sign_in(app, world, "admin")
    content = as_csv(
        [
            FEES,
            fee_row(uscc=world.organisation("agency").uscc),
            fee_row(uscc=world.organisation("second").uscc),
        ]
    )
    page = visitor.submit("/imports/new?kind=fees", kind="fees", file=content)
    assert page.status == 303
    doing.run()
    assert "全部正确" in visitor.get(page.location).text
    for who, kind in (
        ("buyer", "fees"),
        ("agency", "agencies"),
        ("regulator", "fees"),
        ("visitor", "agencies"),
    ):
        with pytest.raises(NotAllowed):
            imports.upload_table(world.actor(who), kind=kind, file_name="x", content=content)
    identifier = page.location.rsplit("/", 1)[-1]
    with pytest.raises(NotFound):
        doing.load_batch(world.actor("agency"), identifier)
    token = visitor.get(page.location).soup.select_one("input[name=csrf_token]")["value"]
    assert visitor.post(f"{page.location}/drop", {"csrf_token": token}).status == 303
    assert state(identifier).state == "dropped"


def test_two_of_a_kind_do_not_run_at_once_and_templates_can_be_filled_in(app: Flask, world: World) -> None:
    upload(world, "agency", "fees", [fee_row()])
    refused = sign_in(app, world, "agency").submit(
        "/imports/new?kind=fees", kind="fees", file=as_csv([FEES, fee_row()])
    )
    assert refused.status == 409
    for kind in ("agencies", "fees"):
        for suffix in ("csv", "xlsx"):
            content = Visitor(app).get(f"/imports/{kind}.{suffix}").response.get_data()
            shape = shapes.SHAPES[kind]
            assert len(spreadsheets.read(content, shape.headings, shape.needed)) == 1


@given(st.binary(max_size=400))
def test_no_bytes_break_the_reading_of_a_table(content: bytes) -> None:
    for start in (b"", b"PK\x03\x04", "统一社会信用代码,机构名称,地区\n".encode()):
        with contextlib.suppress(RuleViolation):
            rows = spreadsheets.read(start + content, shapes.AGENCIES, ("uscc",))
            assert all(set(row) == set(shapes.AGENCIES) for row in rows)
