"""One contract and everybody who may touch it.

Both sides, the department, the bank and the clock, in any order, struck down at any commit.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.contracts import actions as contracts
from market.extensions import db
from market.jobs import run_deadlines
from market.payments import actions as payments
from models import ledger, workdays
from models.actors import SYSTEM
from models.contracts import Change, Contract, Deliverable, Dispute, Materials, Milestone
from models.errors import Problem
from models.payments import IN, POSTINGS, Payment, Payout, funds_held
from tests.factories import PDF, World

SIDES = ("buyer", "agency")


class Killed(BaseException):
    """The process is gone: nothing catches it but the test."""


@contextmanager
def struck(fate: str) -> Iterator[None]:
    """The next commit is the last thing that happens, or does not happen any more."""
    commit, armed = Session.commit, [bool(fate)]

    def dying(session: Session) -> None:
        killed, armed[0] = armed[0], False
        if not killed or fate == "after":
            commit(session)
        if killed:
            raise Killed

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Session, "commit", dying)
        yield


class Play:
    """One contract and everybody who may touch it. Each act may be refused; none may break what must hold."""

    def __init__(self, world: World, time: Any) -> None:
        self.world, self.time, self.made = world, time, 0
        self.contract: str = world.contract_of(world.awarded()).identifier
        price = self.found().price
        rows = [
            ("踏勘", 5, price // 4, False),
            ("初稿", 5, price // 4, False),
            ("报批稿", 10, price - 2 * (price // 4), True),
        ]
        self._revise([{"name": n, "days": d, "amount": a, "reviewed": r} for n, d, a, r in rows])
        for side in SIDES:
            contracts.agree(world.actor(side), self.contract)

    def _revise(self, milestones: list[dict[str, Any]]) -> None:
        contracts.revise(self.world.actor("buyer"), self.contract, texts={}, milestones=milestones)

    def found(self) -> Contract:
        db.session.rollback()
        return Contract.load(db.session, self.contract)

    def last(self, kind: Any, **where: Any) -> Any:
        found = [
            case
            for case in self.world.every(kind, self.contract)
            if all(getattr(case, k) == v for k, v in where.items())
        ]
        return found[-1].identifier if found else "none"

    def act(self, name: str, side: str, number: int, fate: str = "") -> None:
        """Carry out an act; or be struck down just before or after its commit.

        Then find it again as a new process would.
        """
        self.made += 1
        with struck(fate):
            try:
                getattr(self, name)(side, number)
            except Killed:
                db.session.rollback()
            else:
                return
        self.check()
        getattr(self, name)(side, number)  # whoever did not see an answer tries again

    def turn(self, name: str, side: str, number: int, fate: str) -> None:
        """An act, refused or not, and what the clock does; everything holds."""
        try:
            self.act(name, side, number, fate)
        except Problem:
            db.session.rollback()
        run_deadlines()
        self.check()

    def forward(self, side: str, number: int) -> None:
        """The next thing that waits to be done, as on most days."""
        for name in ("confirm", "pay", "look", "supply", "review", "accept", "submit", "answer", "settle"):
            try:
                getattr(self, name)(side, number)
            except Problem:
                db.session.rollback()
            else:
                return

    @property
    def file(self) -> dict[str, Any]:
        return {"file_name": "r.pdf", "content": PDF + b"%%%d" % self.made}

    @property
    def deliverable(self) -> str:
        return str(self.last(Deliverable))

    @property
    def points(self) -> list[str]:
        return list(self.found().tender.item.checklist)

    def pay(self, _side: str, _number: int) -> None:
        due = [p for p in self.world.every(Payment, self.contract) if p.state in ("due", "overdue")]
        payments.pay(
            self.world.actor("buyer"),
            due[0].identifier if due else "none",
            bank_reference="20260302-1",
            **self.file,
        )

    def confirm(self, _side: str, _number: int) -> None:
        payments.confirm(self.world.actor("agency"), self.last(Payment, state="paid"))

    def see(self, side: str, number: int) -> None:
        """The bank's side of it: the money seen, sent on, arrived or come back."""
        bank = self.world.actor("custodian")
        payments.receive(bank, self.last(Payment, state="confirmed")) if number % 2 else payments.send(
            bank, self.last(Payout, state="due"), bank_reference="20260302-7"
        )

    def arrive(self, _side: str, number: int) -> None:
        payout = self.last(Payout, state="sent")
        payments.bounce(
            self.world.actor("custodian"), payout, reason="账号与户名不符"
        ) if number % 3 == 0 else payments.arrive(SYSTEM, payout)

    def supply(self, _side: str, _number: int) -> None:
        materials = Materials.load(db.session, self.last(Materials))
        contracts.supply(self.world.actor("buyer"), materials.identifier, ticked=list(materials.points))

    def look(self, _side: str, number: int) -> None:
        (contracts.confirm_materials if number % 2 else contracts.waive_materials)(
            self.world.actor("agency"), self.last(Materials)
        )

    def submit(self, _side: str, _number: int) -> None:
        contracts.submit(self.world.actor("agency"), self.deliverable, ticked=self.points, **self.file)

    def accept(self, _side: str, _number: int) -> None:
        contracts.accept(self.world.actor("buyer"), self.deliverable, ticked=self.points)

    def send_back(self, _side: str, _number: int) -> None:
        contracts.send_for_correction(
            self.world.actor("buyer"),
            self.deliverable,
            answers={self.points[0]: "不符"},
            reason="请修改后重报",
        )

    def review(self, _side: str, number: int) -> None:
        department = self.world.actor("department")
        if number % 3:
            contracts.pass_review(department, self.deliverable)
        else:
            contracts.send_back(
                department, self.deliverable, codes=["data"], fault="agency", reason="数据来源不明"
            )

    def change(self, side: str, number: int) -> None:
        contracts.propose_change(
            self.world.actor(side), self.contract, reason="按实际情况提出", **self._terms(number)
        )

    def answer(self, side: str, number: int) -> None:
        change = self.last(Change, state="proposed")
        if number % 4:
            contracts.agree_change(self.world.actor(side), change)
        else:
            contracts.refuse_change(self.world.actor(side), change, reason="不能同意这样变更")

    def notice(self, side: str, number: int) -> None:
        if number % 2:
            contracts.give_notice(self.world.actor(side), self.contract, reason="对方不履行主要义务")
        else:
            contracts.retract(self.world.actor(side), self.contract)

    def contest(self, side: str, _number: int) -> None:
        contracts.contest(self.world.actor(side), self.contract, answer="已经按约定履行了主要义务")

    def dispute(self, side: str, _number: int) -> None:
        contracts.file_dispute(self.world.actor(side), self.contract, claim="对方没有按约定履行主要义务")

    def settle(self, side: str, number: int) -> None:
        every = self.world.every(Dispute, self.contract)
        dispute = every[-1].identifier if every else "none"
        if number % 3 == 0:
            contracts.withdraw_dispute(self.world.actor(side), dispute)
        elif number % 3 == 1:
            contracts.answer_dispute(self.world.actor(side), dispute, answer="已经按约定履行了主要义务")
        else:
            outcome = ("continue", "terminate")[number % 2]
            held = funds_held(db.session, self.found())
            contracts.decide_dispute(
                self.world.actor("regulator"),
                dispute,
                outcome=outcome,
                fault="none",
                to_agency=held * (number % 5) // 4,
                reason="双方均有一定过错",
            )

    def wait(self, _side: str, number: int) -> None:
        self.time.instant = workdays.add(self.time.instant, 1 + number % 25) + timedelta(minutes=1)

    def _terms(self, number: int) -> dict[str, Any]:
        contract = self.found()
        kind = ("variation", "extension", "suspension", "resumption", "termination")[number % 5]
        left = [m for m in contract.milestones if m.met_at is None]
        terms: dict[str, dict[str, Any]] = {
            "variation": {
                "milestones": [
                    {
                        "name": m.name,
                        "days": m.days,
                        "amount": m.amount + 1000 * (number - 12),
                        "reviewed": m.reviewed,
                    }
                    for m in left
                ]
            },
            "extension": {"days": 1 + number % 9},
            "suspension": {"until": workdays.add(self.time.instant, 3 + number).isoformat()},
            "resumption": {},
            "termination": {"to_agency": funds_held(db.session, contract) * (number % 6) // 4},
        }
        return {"kind": kind, "terms": terms[kind]}

    def check(self) -> None:
        contract = self.found()
        ended = contract.workflow.states[contract.state].terminal
        milestones: list[Milestone] = contract.milestones
        assert sum(m.amount for m in milestones) == contract.price
        assert sum(m.days for m in milestones) == contract.days
        assert all(a.met_at for a, b in pairwise(milestones) if b.met_at), "one after the other"
        assert all(m.met_at for m in milestones if m.paid_at), "nothing is paid before it is met"
        moved = dict.fromkeys(POSTINGS, 0)
        for entry in db.session.scalars(
            select(ledger.Entry).where(ledger.Entry.case_identifier == contract.identifier)
        ):
            moved[entry.kind] += sum(line.amount for line in entry.lines)
        every = self.world.every(Payment, self.contract)
        asked, late = [p for p in every if p.kind != "penalty"], [p for p in every if p.kind == "penalty"]
        held, retained = (
            funds_held(db.session, contract),
            ledger.balance(db.session, ledger.retention(contract.identifier)),
        )
        received = sum(p.amount for p in asked if p.state in IN)
        earned, back = moved["released"] + moved["retention_released"], moved["refunded"] + moved["penalty"]
        assert (
            received == moved["deposit_received"] + moved["milestone_received"] + moved["settlement_received"]
        )
        assert received == held + earned + back, "what came in is kept, the agency's, or the buyer's again"
        assert moved["penalty_received"] == sum(p.amount for p in late if p.state in IN)
        assert sum(p.amount for p in asked if p.state != "cancelled") <= contract.price, (
            "nobody is asked for more than the price"
        )
        assert moved["penalty"] <= contract.price // 10, "lateness costs no more than the contract says"
        leaving = self.world.every(Payout, self.contract)
        assert (
            sum(p.amount for p in leaving if p.payee_id == contract.agency_id)
            == earned + moved["penalty_received"]
        )
        assert (
            sum(p.amount for p in leaving if p.payee_id == contract.buyer_id)
            == back + moved["surplus_received"]
        )
        paid = sum(m.amount for m in milestones if m.paid_at)
        if not ended:
            assert earned + retained + moved["penalty"] == paid
        if contract.state == "completed":
            assert (paid, held, received) == (contract.price, 0, contract.price)
        if contract.state == "terminated":
            assert held == 0
        if contract.state == "disputed":
            assert ledger.balance(db.session, ledger.escrow(contract.identifier)) == 0, (
                "nothing can leave while they quarrel"
            )
        elif not ended:
            assert ledger.balance(db.session, ledger.hold(contract.identifier)) == 0
        open_ones = [
            d for d in self.world.every(Deliverable, self.contract) if not d.workflow.states[d.state].terminal
        ]
        assert len(open_ones) <= 1
        cases = [
            case
            for kind in (Deliverable, Materials, Change, Dispute)
            for case in self.world.every(kind, self.contract)
        ]
        if ended:
            assert all(case.workflow.states[case.state].terminal for case in cases)
        if contract.state in ("suspended", "disputed"):
            assert contract.paused_at is not None
            assert (
                all(
                    d.due_at is None for d in open_ones if d.state in ("due", "late", "submitted", "returned")
                )
                or contract.state == "disputed"
            )
        if contract.state in ("active", "ending"):
            assert contract.paused_at is None
            assert all(d.due_at is not None for d in open_ones if d.state != "late")


FATES = ("", "", "", "", "before", "after")
ACTS = (
    *("forward",) * 18,
    "pay",
    "pay",
    "confirm",
    "confirm",
    "supply",
    "look",
    "submit",
    "submit",
    "accept",
    "accept",
    "send_back",
    "review",
    "review",
    "change",
    "answer",
    "answer",
    "notice",
    "contest",
    "dispute",
    "settle",
    "settle",
    "wait",
    "see",
    "see",
    "see",
    "arrive",
)
