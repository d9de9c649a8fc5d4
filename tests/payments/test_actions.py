"""Paying and confirming."""

from __future__ import annotations

import pytest

from harness.factories import PDF, World
from market.extensions import db
from market.payments.actions import paying
from models.errors import NotAllowed, RuleViolation, WrongState
from models.ledger import books
from models.payments.payment import Payment


def test_a_payment_is_confirmed_once_and_only_by_the_agency(world: World) -> None:
    contract = world.signed()
    payment = world.one(Payment, contract, kind="deposit")
    with pytest.raises(NotAllowed):
        paying.pay(
            world.actor("agency"), payment.identifier, bank_reference="12345", file_name="v", content=PDF
        )
    with pytest.raises(RuleViolation, match="PDF"):
        paying.pay(
            world.actor("buyer"), payment.identifier, bank_reference="12345", file_name="v.pdf", content=b"MZ"
        )
    world.paid(contract, "deposit")
    with pytest.raises(WrongState):
        paying.confirm(world.actor("agency"), payment.identifier)
    assert books.balance(db.session, books.escrow(contract)) == 800_000
