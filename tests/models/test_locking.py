"""One lock order: whatever a case type declares to be locked before it, is."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import event

from harness.factories import World
from market.credit.actions.following import follow_some
from market.extensions import db
from market.transaction import transaction
from models import CASES
from models.actors import SYSTEM
from models.cases import Case
from models.contracts.agreement import Contract
from models.credit.listings import ExternalListing
from models.errors import NotFound
from tests.credit.external_lists import bring, row
from tests.models.test_workflow import whole_market


def chain(kind: type[Case], after: str = "") -> list[str]:
    """The tables that are locked for a case of this type, in order."""
    above = after or kind.lock_after
    held = chain(getattr(kind, above).property.mapper.class_) if above else []
    return [*held, kind.__tablename__]  # type: ignore[attr-defined]


def locked_by(kind: type[Case], identifier: str, **how: str) -> list[str]:
    """The tables of the statements that lock, as the database is asked."""
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        if statement.startswith("SELECT"):
            asked.append(statement)

    with transaction() as session:
        event.listen(db.engine, "before_cursor_execute", note)
        try:
            case = kind.lock(session, identifier, **how)
        finally:
            event.remove(db.engine, "before_cursor_execute", note)
        assert case.identifier == identifier
    if db.engine.dialect.name == "postgresql":
        return [found for statement in asked for found in re.findall(r"FOR UPDATE OF (\w+)", statement)]
    whole = [
        statement for statement in asked if "," in statement.split("FROM")[0]
    ]  # the whole file is locked
    return [found for statement in whole for found in re.findall(r"WHERE (\w+)\.identifier", statement)]


def test_every_case_is_locked_after_what_it_declares(world: World, time: Any) -> None:
    identifiers = whole_market(world, time)
    for name, kind in CASES.items():
        assert locked_by(kind, identifiers[name]) == chain(kind), name
    contract = identifiers["contract"]
    assert locked_by(Contract, contract, after="award") == ["tenders", "awards", "contracts"]
    assert locked_by(Contract, contract, after="tender") == ["tenders", "contracts"]


def test_the_declared_order_goes_one_way(world: World) -> None:
    """As docs/architecture.md has it; no case is locked after another both ways."""
    for kind in CASES.values():
        tables = chain(kind)
        assert len(tables) == len(set(tables))
        assert tables[0] in ("tenders", "contracts", "organisations") or len(tables) == 1
    with pytest.raises(NotFound), transaction() as session:
        CASES["objection"].lock(session, "J-0000-000000")


def test_who_follows_the_sites_locks_organisations_and_then_their_listings(world: World) -> None:
    agency = world.organisation("agency")
    bring(world, row(agency.uscc))
    asked: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        asked.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        follow_some(SYSTEM, keys=[agency.id])
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    locked = [re.findall(r"FROM (\w+)", each)[0] for each in asked if "FOR UPDATE" in each]
    if db.engine.dialect.name == "postgresql":  # elsewhere the whole file is locked
        assert locked == ["organisations", "external_listings"]
    assert chain(ExternalListing) == ["organisations", "external_listings"]
