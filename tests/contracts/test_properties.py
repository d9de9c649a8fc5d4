"""Whatever both sides, the department and the clock do in whatever order: milestones and money agree."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from harness.factories import PDF, World
from market.extensions import db
from market.payments.actions import paying
from models.errors import WrongState
from models.ledger import books, reports
from models.payments.payment import Payment
from tests import machines
from tests.contracts.contract_state_machine import Contracts, drafted
from tests.machines import Rewind, Tally, acts


def test_milestones_and_money_agree_whatever_happens(
    world: World,
    time: Any,
    database: str,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    contract, tally = drafted(world), Tally()
    with closing(Rewind(database, tmp_path, world, time)) as rewind:
        Contracts(rewind, contract, tally).play()
        Contracts(rewind, contract, tally).play_to_termination()
        machines.run(lambda: Contracts(rewind, contract, tally), steps=30, ci=10, nightly=300)
        assert reports.trial_balance(db.session) == 0
    record_property("acts", str(tally))
    tally.check(acts(Contracts), surely=("completed", "terminated"))


def test_an_act_out_of_turn_changes_nothing(world: World) -> None:
    """What was not paid cannot be confirmed; once paid it can, and only once."""
    contract = drafted(world)
    payment = world.one(Payment, contract, kind="deposit").identifier
    agency = world.actor("agency")

    def state() -> tuple[str, int]:
        found = world.one(Payment, contract, kind="deposit").state
        return found, books.balance(db.session, books.escrow(contract))

    with pytest.raises(WrongState):
        paying.confirm(agency, payment)
    assert state() == ("due", 0)
    paying.pay(world.actor("buyer"), payment, bank_reference="20260302-1", file_name="v.pdf", content=PDF)
    paying.confirm(agency, payment)
    kept = state()
    assert kept == ("confirmed", world.one(Payment, contract, kind="deposit").amount)
    with pytest.raises(WrongState):
        paying.confirm(agency, payment)
    assert state() == kept
