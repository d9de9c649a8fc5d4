"""Records put forward: their page leads to what they come of, whatever that is."""

from __future__ import annotations

from typing import Any

from flask import Flask
from sqlalchemy import select

from market.extensions import db
from market.jobs import run_deadlines
from market.transaction import transaction
from models import workdays
from models.accounts import Organisation
from models.actors import SYSTEM
from models.agencies.checks import open_check
from models.credit import CreditRecord, propose
from tests.factories import World
from tests.web import sign_in


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
