"""Killed at any step of what is asked outside, the market comes right by itself."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.orm import Session

from harness.factories import PDF, World
from market.contracts.actions import signing
from market.credit.actions import reports
from market.extensions import db
from market.jobs import run_deadlines
from market.keeper import FolderKeeper
from market.sourcing.actions import bids as bid_actions
from market.sourcing.actions import closing, keys, opening, tenders
from models import documents, workdays
from models.actors import SYSTEM
from models.contracts.agreement import Contract
from models.contracts.signatures import ContractSignature
from models.documents import FolderStore
from models.sourcing.bids import Bid
from models.sourcing.tenders import Tender
from tests.faults.children import in_a_child
from tests.faults.keeping import SEALED, keeper, kept_until, opened


def killed(act: Callable[[], object], at: int) -> bool:
    """Carry out an act in a process of its own, which SIGKILL strikes at its step `at`.

    Before or after a commit, before or after a question to the keeper. False where it came to its end first.
    """

    def struck() -> None:
        _strike(at)
        act()

    ended, printed = in_a_child(struck)
    assert ended in (0, -signal.SIGKILL), printed
    return ended != 0


def _strike(at: int) -> None:
    step = [0]

    def perhaps() -> None:
        if step[0] == at:
            os.kill(os.getpid(), signal.SIGKILL)
        step[0] += 1

    def around(owner: Any, name: str) -> None:
        inner = getattr(owner, name)

        def between(*args: Any, **kwargs: Any) -> Any:
            perhaps()
            answer = inner(*args, **kwargs)
            perhaps()
            return answer

        setattr(owner, name, between)

    around(Session, "commit")
    for name in ("make", "postpone", "release"):
        around(FolderKeeper, name)


def test_killed_while_a_request_is_published(app: Flask, world: World, time: Any) -> None:
    at = reached = 0
    while at == reached:
        tender, buyer = world.tender(publish=False, **SEALED), world.actor("buyer")
        reached += killed(lambda: tenders.publish(buyer, tender), at)  # noqa: B023
        db.session.rollback()
        if Tender.load(db.session, tender).state == "draft":
            tenders.publish(world.actor("buyer"), tender)
        world.bids(tender, agency=300, second=400, third=500)
        opened(app, world, time, tender)
        at += 1
    assert reached == 4
    named = set(db.session.scalars(select(Tender.keeper_handle)))
    spare = [row for row in keeper(app).journal() if row["handle"] not in named]
    assert [row["released"] for row in spare] == [None, None], "the keys made for nothing seal nothing"


def test_killed_while_a_deadline_is_moved_by_the_buyer(app: Flask, world: World, time: Any) -> None:
    at = reached = 0
    while at == reached:
        tender, buyer = world.tender(**SEALED), world.actor("buyer")
        world.bids(tender, agency=300, second=400, third=500)
        before = world.deadline(tender)
        after = workdays.add(before, 5)
        asked = {
            "description": "",
            "quantity": {},
            "budget": None,
            "deadline": after,
            "reason": "顺延截止时间",
        }
        reached += killed(lambda: tenders.amend(buyer, tender, **asked), at)  # noqa: B023
        moved = world.deadline(tender)
        assert moved == (before if at == 0 else after)
        assert keys.settle_keys() == (1 if 1 <= at < 5 else 0)
        assert keys.settle_keys() == 0
        assert kept_until(app, tender) == moved
        opened(app, world, time, tender)
        at += 1
    assert reached == 6


def test_killed_while_a_deadline_is_moved_by_the_clock(app: Flask, world: World, time: Any) -> None:
    at = reached = 0
    while at == reached:
        tender = world.tender(**SEALED)
        world.bids(tender, agency=300)
        before = time.instant = world.closing(tender)
        reached += killed(lambda: closing.close(SYSTEM, tender), at)  # noqa: B023
        run_deadlines()
        keys.settle_keys()
        moved = world.deadline(tender)
        assert (moved > before, kept_until(app, tender)) == (True, moved)
        world.bids(tender, second=400, third=500)
        opened(app, world, time, tender)
        at += 1
    assert reached == 6


def test_killed_while_bids_are_opened(world: World, time: Any) -> None:
    at = reached = 0
    while at == reached:
        tender = world.tender(**SEALED)
        bids = world.bids(tender, second=400, third=500)
        bids["agency"] = bid_actions.submit(
            world.actor("agency"), tender, price=300, days=20, file_name="p.pdf", content=PDF
        )
        time.instant = world.closing(tender)
        closing.close(SYSTEM, tender)
        reached += killed(lambda: opening.open_bids(SYSTEM, tender), at)  # noqa: B023
        run_deadlines()
        db.session.rollback()
        assert {
            bid.identifier: bid.price
            for bid in db.session.query(Bid).join(Tender).filter(Tender.identifier == tender)
        } == {
            bids["agency"]: 300,
            bids["second"]: 400,
            bids["third"]: 500,
        }
        assert len(documents.of_case(db.session, "bid", bids["agency"])) == 1
        at += 1
    assert reached == 4


def test_killed_while_a_key_is_fetched(
    app: Flask, world: World, time: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A keeper that counts as one elsewhere."""
    monkeypatch.setattr(FolderKeeper, "at_hand", False)
    at = reached = 0
    while at == reached:
        tender = world.tender(**SEALED)
        world.bids(tender, agency=300, second=400, third=500)
        time.instant = world.closing(tender)
        run_deadlines()
        reached += killed(keys.fetch_keys, at)
        keys.fetch_keys()
        db.session.rollback()
        assert Tender.load(db.session, tender).keeper_half is not None
        run_deadlines()
        db.session.rollback()
        assert Tender.load(db.session, tender).state == "evaluated"
        at += 1
    assert reached == 4


class Killed(BaseException):
    """The end of the process, as the database sees it.

    Nothing more comes, and what was open is rolled back.
    """


def stopped(monkeypatch: pytest.MonkeyPatch, act: Callable[[], object], at: int) -> bool:
    """Carry out an act that prints, and stop it at its step `at`.

    Before or after a commit, or what is kept in the store. (A child that prints would wait for threads it did
    not inherit.) False where it came to its end first.
    """
    step = [0]

    def perhaps() -> None:
        if step[0] == at:
            raise Killed
        step[0] += 1

    def around(owner: Any, name: str) -> None:
        inner = getattr(owner, name)

        def between(*args: Any, **kwargs: Any) -> Any:
            perhaps()
            answer = inner(*args, **kwargs)
            perhaps()
            return answer

        monkeypatch.setattr(owner, name, between)

    with monkeypatch.context() as patched:
        monkeypatch = patched
        around(Session, "commit")
        around(FolderStore, "put")
        try:
            act()
        except Killed:
            return True
    return False


def test_stopped_while_a_contract_is_signed(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    at = reached = 0
    while at == reached:
        contract, buyer = world.contract_of(world.awarded()).identifier, world.actor("buyer")
        reached += stopped(monkeypatch, lambda: signing.agree(buyer, contract), at)  # noqa: B023
        db.session.rollback()
        if Contract.load(db.session, contract).state == "drafted":
            signing.agree(world.actor("buyer"), contract)
        signing.agree(world.actor("agency"), contract)
        db.session.rollback()
        found = Contract.load(db.session, contract)
        signatures = db.session.scalars(
            select(ContractSignature)
            .where(ContractSignature.contract_id == found.id)
            .order_by(ContractSignature.id)
        ).all()
        assert [(s.role, s.document.identifier == found.paper) for s in signatures] == [
            ("buyer", False),
            ("agency", True),
        ]
        assert len(documents.of_case(db.session, "contract", contract)) == 3, "the text, and each signature"
        at += 1
    assert reached == 8


def test_stopped_while_a_credit_report_is_issued_it_comes_under_the_number_that_was_taken(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = reached = 0
    names = ("agency", "second", "third", "fourth", "fifth", "sixth", "seventh")
    while at == reached:
        name = names[at]
        if name not in world.identifiers:
            world.agency(name)
        agency = world.actor(name)
        reached += stopped(monkeypatch, lambda: reports.issue(agency, submission="K"), at)  # noqa: B023
        issued = reports.issue(world.actor(name), submission="K")
        assert reports.issue(world.actor(name), submission="another") == issued
        assert [
            paper.identifier
            for paper in documents.papers_of(db.session, "organisation", world.identifiers[name])
        ] == [issued]
        at += 1
    assert reached == 6
