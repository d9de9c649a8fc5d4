"""Credit records: put forward with their basis, seen by the regulator of the area, dropped with a reason."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from harness.factories import World
from market.credit.actions import records as actions
from market.extensions import db
from market.jobs import run_deadlines
from market.transaction import transaction
from models import events, workdays
from models.accounts import Organisation
from models.actors import SYSTEM
from models.agencies.checks import open_check
from models.credit import policy
from models.credit.records import CreditRecord, propose, recorded
from models.errors import NotAllowed, RuleViolation, WrongState
from tests.web import Visitor, sign_in


@pytest.fixture
def record(world: World) -> tuple[str, str]:
    """A record proposed of a check, and the check."""
    db.session.rollback()
    with transaction() as session:
        agency = Organisation.load(session, world.identifiers["agency"])
        check = open_check(session, SYSTEM, agency, "scope", []).identifier
        return propose(session, SYSTEM, agency, "scope", "超出登记的经营范围", check).identifier, check


def _found(record: str) -> CreditRecord:
    db.session.rollback()
    return CreditRecord.load(db.session, record)


def test_a_record_has_its_basis_its_source_and_its_place(world: World, record: tuple[str, str]) -> None:
    found = _found(record[0])
    assert (found.state, found.basis, found.source_identifier) == (
        "proposed",
        policy.current().kinds["scope"].basis,
        record[1],
    )
    assert found.region_code == found.subject.region_code
    assert found.subject.identifier == world.identifiers["agency"]
    agency, other = found.subject_id, world.organisation("second").id
    assert recorded(db.session, record[1])
    assert recorded(db.session, record[1], agency)
    assert not recorded(db.session, record[1], other)
    assert not recorded(db.session, "H-0000-000000")


def test_only_the_regulator_drops_it_once_and_says_why(world: World, record: tuple[str, str]) -> None:
    world.authority("far", "regulator", region="540000")
    for name in ("agency", "buyer", "department", "far"):
        with pytest.raises(NotAllowed):
            actions.drop_record(world.actor(name), record[0], reason="核查后不成立")
    with pytest.raises(RuleViolation):
        actions.drop_record(world.actor("regulator"), record[0], reason="无")
    assert _found(record[0]).state == "proposed"
    actions.drop_record(world.actor("regulator"), record[0], reason="核查后不成立")
    assert _found(record[0]).state == "dropped"
    last = db.session.scalars(events.timeline([("credit_record", record[0], ["parties"])])).first()
    assert last is not None
    assert (last.kind, last.data["reason"]) == ("credit_record.drop", "核查后不成立")
    with pytest.raises(WrongState):
        actions.drop_record(world.actor("regulator"), record[0], reason="核查后不成立")


def test_a_proposal_counts_for_nothing_and_is_seen_by_the_regulator_alone(
    app: Any, world: World, record: tuple[str, str]
) -> None:
    world.authority("far", "regulator", region="540000")
    page = f"/credit/records/{record[0]}"
    shown = sign_in(app, world, "regulator").get(page)
    assert shown.status == 200
    assert "超出登记的经营范围" in shown.text
    assert shown.soup.select_one(f'a[href="/checks/{record[1]}"]') is not None
    for name in ("agency", "buyer", "second", "far"):
        assert sign_in(app, world, name).get(page).status == 404, name
    assert Visitor(app).get(page).location.startswith("/sign-in")
    public = Visitor(app).get(f"/agencies/{world.identifiers['agency']}")
    assert public.status == 200
    assert record[0] not in public.text
    assert db.session.scalars(select(CreditRecord)).one().state == "proposed"


def test_the_source_of_a_record_is_a_payment_a_contract_or_a_check(
    app: Flask, world: World, time: Any
) -> None:
    world.signed()
    unsigned = world.contract_of(world.awarded()).identifier
    with transaction() as session:
        agency = Organisation.load(session, world.identifiers["agency"])
        check = open_check(session, SYSTEM, agency, "scope", [])
        assert check is not None
        propose(session, SYSTEM, agency, "scope", "超出登记的经营范围", check.identifier)
    for _day in range(7):
        time.instant = workdays.add(time.instant, 1)
        run_deadlines()
    db.session.rollback()
    records = {record.kind: record for record in db.session.scalars(select(CreditRecord))}
    assert records["unsigned"].source_identifier == unsigned
    regulator = sign_in(app, world, "regulator")
    for kind, address in (
        ("late_payment", "/payments/M-"),
        ("unsigned", "/contracts/C-"),
        ("not_contracted", "/contracts/C-"),
        ("scope", "/checks/H-"),
    ):
        record = records[kind]
        page = regulator.get(f"/credit/records/{record.identifier}")
        (source,) = (
            link["href"] for link in page.soup.select("dl a") if link.get_text() == record.source_identifier
        )
        assert source == f"{address}{record.source_identifier[2:]}"
        assert regulator.get(source).status == 200
