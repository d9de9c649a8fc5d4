"""Paying and confirming."""

from __future__ import annotations

import pytest

from market.extensions import db
from market.payments import actions as payments
from models import ledger
from models.errors import NotAllowed, RuleViolation, WrongState
from models.payments import Payment
from tests.factories import PDF, World


def test_a_payment_is_confirmed_once_and_only_by_the_agency(world: World) -> None:
    contract = world.signed()
    payment = world.one(Payment, contract, kind="deposit")
    with pytest.raises(NotAllowed):
        payments.pay(
            world.actor("agency"), payment.identifier, bank_reference="12345", file_name="v", content=PDF
        )
    with pytest.raises(RuleViolation, match="PDF"):
        payments.pay(
            world.actor("buyer"), payment.identifier, bank_reference="12345", file_name="v.pdf", content=b"MZ"
        )
    world.paid(contract, "deposit")
    with pytest.raises(WrongState):
        payments.confirm(world.actor("agency"), payment.identifier)
    assert ledger.balance(db.session, ledger.escrow(contract)) == 800_000
