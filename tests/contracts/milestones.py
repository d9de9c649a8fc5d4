"""What the tests of a contract's course share: a contract of three milestones, and where its money stands."""

from __future__ import annotations

from sqlalchemy import select

from harness.factories import PDF, World
from market.contracts.actions import drafting, signing
from market.extensions import db
from market.payments.actions import paying
from models.contracts.agreement import Contract
from models.contracts.deliverables import Deliverable
from models.ledger import books
from models.payments.settlement import funds_held as kept_for

PRICE, DEPOSIT = 4_000_000, 800_000


def in_three(world: World) -> str:
    """A contract of three milestones, begun, its materials handed over."""
    identifier: str = world.contract_of(world.awarded()).identifier
    rows = [("踏勘", 4, 1_000_000, False), ("初稿", 6, 1_000_000, False), ("报批稿", 10, 2_000_000, True)]
    milestones = [{"name": n, "days": d, "amount": a, "reviewed": r} for n, d, a, r in rows]
    drafting.revise(world.actor("buyer"), identifier, texts={}, milestones=milestones)
    signing.agree(world.actor("buyer"), identifier)
    signing.agree(world.actor("agency"), identifier)
    world.paid(identifier, "deposit")
    world.supplied(identifier)
    return identifier


def load(contract: str) -> Contract:
    db.session.rollback()
    return Contract.load(db.session, contract)


def running(world: World, contract: str) -> Deliverable:
    found: Deliverable = world.every(Deliverable, contract)[-1]
    return found


def held(contract: str) -> int:
    db.session.rollback()
    return books.balance(db.session, books.escrow(contract))


def kept(contract: str) -> int:
    """All that is kept for a contract: in escrow, retained, held in a dispute."""
    return kept_for(db.session, load(contract))


def earned(contract: str) -> int:
    """What has become the agency's."""
    return paid("released", contract) + paid("retention_released", contract)


def paid(kind: str, contract: str) -> int:
    """What entries of a kind moved for a contract, in fen."""
    entries = db.session.scalars(
        select(books.Entry).where(books.Entry.kind == kind, books.Entry.case_identifier == contract)
    )
    return sum(line.amount for entry in entries for line in entry.lines)


def pay(world: World, payment: str) -> None:
    paying.pay(world.actor("buyer"), payment, bank_reference="20260302-9", file_name="v.pdf", content=PDF)
    paying.confirm(world.actor("agency"), payment)
