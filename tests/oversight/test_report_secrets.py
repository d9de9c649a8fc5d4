"""Who reported shows to its handlers alone; a report is followed by its code; typical cases end in time."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from harness.factories import PDF, World
from market.access_codes import code_of
from market.credit.actions import records
from market.extensions import db
from market.files import File, keep
from market.jobs import drain
from market.oversight.actions import reports
from models.credit.records import CreditRecord
from models.documents import Document, of_case
from models.errors import RuleViolation
from models.events import Event
from models.oversight.violation_reports import ViolationReport
from tests.oversight.reporting import CONTACT, FACTS, NAME, found, of, published, report
from tests.walking import addresses
from tests.web import Visitor, sign_in

TEXT = "一家机构收费不公示,已经责令改正。提示:收费之前先公示。"


def told(text: str) -> list[str]:
    return [secret for secret in (NAME, CONTACT, FACTS) if secret in text]


@pytest.mark.walks
def test_nobody_but_its_handlers_is_told_who_reported(app: Flask, world: World) -> None:
    """No page, export or search of the accused, a stranger, another line's or another area's regulator."""
    world.settled()
    world.authority("far", "regulator", region="540000") if "far" not in world.emails else None
    number = report(world, world.actor("buyer"))
    found(world, number)
    drain()
    for name in ("agency", "second", "far", None):
        reader = sign_in(app, world, name) if name else Visitor(app)
        cases = {number: "violation_report", world.identifiers["agency"]: "organisation"}
        found_at = [address for address, _number in addresses(app, "GET", cases)]
        for address in [*found_at, "/agencies?q=卓玛", "/oversight/reports.csv"]:
            assert not told(reader.get(address).text), (name, address)


def test_no_event_file_or_paper_names_the_reporter(app: Flask, world: World) -> None:
    world.agency("agency") if "agency" not in world.emails else None
    world.enterprise("buyer") if "buyer" not in world.emails else None
    buyer = world.actor("buyer")
    number = report(world, buyer)
    found(world, number)
    drain()
    for event in db.session.scalars(select(Event).where(Event.case_identifier == number)):
        assert not told(json.dumps(event.data, ensure_ascii=False))
        assert event.actor_user_id != buyer.user_id
        assert buyer.organisation_id not in (event.notify or [])
    files = of_case(db.session, "violation_report", number)
    assert buyer.organisation_id not in {file.organisation_id for file in files}
    assert not any(told(json.dumps(file.issued, ensure_ascii=False)) for file in files if file.issued)


def test_the_accused_reads_what_it_is_asked_and_not_the_evidence(app: Flask, world: World) -> None:
    world.agency("agency") if "agency" not in world.emails else None
    number = report(world)
    agency, regulator = sign_in(app, world, "agency"), sign_in(app, world, "regulator")
    assert agency.get(f"/violation-reports/{number}").status == 404
    found(world, number)
    page = agency.get(f"/violation-reports/{number}")
    assert page.status == 200
    assert not told(page.text)
    evidence = db.session.scalars(
        select(Document.identifier).where(Document.case_identifier == number)
    ).first()
    assert agency.get(f"/documents/{evidence}").status == 404
    assert regulator.get(f"/documents/{evidence}").status == 200
    assert told(regulator.get(f"/violation-reports/{number}").text) == [NAME, CONTACT, FACTS]


def test_a_visitor_reports_follows_and_rates_over_http(app: Flask, world: World) -> None:
    world.agency("agency") if "agency" not in world.emails else None
    world.authority("regulator", "regulator") if "regulator" not in world.emails else None
    visitor = Visitor(app)
    refused = visitor.submit("/complaints/new", wants=[], facts=FACTS)
    assert refused.status == 422
    assert refused.value_of("facts") == FACTS
    answer = visitor.submit(
        "/complaints/new",
        wants=["report"],
        subject=world.identifiers["agency"],
        kind="fees_unpublished",
        facts=FACTS,
        named="no",
    )
    assert answer.status == 303
    page = visitor.get(answer.location)
    number = db.session.scalars(select(ViolationReport.identifier)).one()
    assert number in page.text
    assert code_of(number) in page.text
    assert page.response.headers["Cache-Control"] == "private, no-store"
    found(world, number)
    stranger = Visitor(app)
    assert stranger.get(f"/reports/follow/{number}/aaaaaaaaaaaaaaaa").status == 404
    assert stranger.submit("/reports/follow", number=number, code="aaaaaaaaaaaaaaaa").status == 422
    led = stranger.submit("/reports/follow", number=number, code=code_of(number))
    assert (led.status, led.location) == (303, f"/reports/follow/{number}/{code_of(number)}")
    assert visitor.submit(led.location, mark="", words="").status == 422
    assert visitor.submit(led.location, mark="2", words="没有说清楚").status == 303
    assert "没有说清楚" in visitor.get(led.location).text


def test_a_typical_case_names_nobody_it_may_not_and_goes_with_the_repair(
    app: Flask, world: World, time: Any
) -> None:
    world.agency("agency") if "agency" not in world.emails else None
    number = report(world, kind="scope")
    record = found(world, number)
    regulator, name = world.actor("regulator"), of(number).subject.name
    with pytest.raises(RuleViolation, match="不能公布单位名称"):
        reports.publish_case(regulator, number, heading="收费不公示", text=TEXT, named=True)
    for words in (name, NAME, CONTACT):
        with pytest.raises(RuleViolation, match="不能公开"):
            reports.publish_case(regulator, number, heading="收费不公示", text=TEXT + words)
    reports.publish_case(regulator, number, heading="收费不公示", text=TEXT)
    visitor = Visitor(app)
    shown = visitor.get("/typical-cases").text
    assert TEXT in shown
    assert name not in shown
    published(world, record)
    reports.publish_case(regulator, number, heading="收费不公示", text=f"{name}。{TEXT}", named=True)
    assert name in visitor.get("/typical-cases").text
    time.instant = CreditRecord.load(db.session, record).repairable_from
    files = [File("证明.pdf", keep(PDF))]
    records.ask_repair(world.actor("agency"), record, commitment="今后一定在登记的范围内经营", files=files)
    assert name in visitor.get("/typical-cases").text
    records.repair(world.actor("regulator"), record, reason="义务已经履行,公开作出了承诺")
    assert TEXT not in visitor.get("/typical-cases").text
