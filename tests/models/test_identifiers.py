"""Identifiers: whose letters are whose, and that what was issued is found."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
from sqlalchemy import select

from harness.factories import World
from market.extensions import db
from market.sourcing.actions import scoring
from market.transaction import transaction
from models import clock, identifiers
from models.accounts import Organisation
from models.cases import find_case
from models.clock import BEIJING
from models.sourcing.evaluations import Evaluation
from models.sourcing.quotes import Quote
from models.sourcing.tenders import Tender
from tests.every_case import CRITERIA


def test_identifiers_run_by_kind_and_year(session: Any) -> None:
    assert [identifiers.issue(session, Tender) for _ in range(2)] == ["Q-2026-000001", "Q-2026-000002"]
    assert identifiers.issue(session, Quote) == "P-2026-000001"
    with clock.at(datetime(2027, 1, 5, tzinfo=BEIJING)):
        assert identifiers.issue(session, Tender) == "Q-2027-000001"
    kinds = ("enterprise", "agency", "authority")
    assert [identifiers.issue(session, Organisation, kind) for kind in kinds] == [
        "E-2026-000001",
        "A-2026-000001",
        "G-2026-000001",
    ]


def test_letters_belong_to_one_table() -> None:
    assert identifiers.kinds_of("Q-2026-000001") == [Tender]
    assert identifiers.kinds_of("OO-2026-000001") == identifiers.kinds_of("") == []
    for letters in ("Q", "G", ""):
        with pytest.raises(ValueError, match="Copy"):
            type("Copy", (identifiers.Numbered,), {"__tablename__": "copies", "prefix": letters})


def test_an_evaluation_from_before_it_had_letters_of_its_own_is_found(world: World) -> None:
    """Authorities and evaluations shared theirs, and the counter: no number means two things."""
    merit = world.tender(mode="merit", funds="state", criteria=CRITERIA)
    scoring.appoint(world.actor("buyer"), merit, email="second@example.cn")
    with transaction() as session:
        evaluation = session.scalars(select(Evaluation)).one()
        assert evaluation.identifier == "EV-2026-000001"
        evaluation.identifier = "G-2026-000077"
    assert isinstance(find_case(db.session, "G-2026-000077"), Evaluation)
    assert isinstance(find_case(db.session, world.organisation("regulator").identifier), Organisation)
    assert find_case(db.session, "G-2026-000078") is None
