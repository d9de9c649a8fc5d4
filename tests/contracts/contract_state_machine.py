"""One contract and everybody who may touch it.

Both sides, the department, the bank and the clock, in any order, struck down at any commit.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from itertools import pairwise
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule
from sqlalchemy import select

from harness.factories import PDF, World
from market.contracts.actions import changing, delivering, disputing, drafting, signing
from market.extensions import db
from market.files import File
from market.jobs import run_deadlines
from market.payments.actions import paying, payouts
from models import workdays
from models.actors import SYSTEM
from models.contracts.agreement import Contract, Milestone
from models.contracts.changes import Change
from models.contracts.deliverables import Deliverable
from models.contracts.disputes import Dispute
from models.contracts.materials import Materials
from models.ledger import books
from models.payments.payment import IN, Payment
from models.payments.payouts import Payout
from models.payments.postings import POSTINGS
from models.payments.settlement import funds_held
from tests.machines import FATES, REFUSALS, Machine, Nothing, Rewind, Tally, act
from tests.payments.test_bank import TOLD

SIDES = ("buyer", "agency")
STOPPED = "contract suspended disputed"  # deliverables wait then
DAILY = (  # what is done on most days, in the order it is looked for
    "confirm",
    "pay",
    "check_materials",
    "supply",
    "pass_review",
    "accept",
    "submit",
    "agree_change",
    "withdraw_dispute",
)


class Contracts(Machine):
    """Each act may be refused; none may break what must hold."""

    def __init__(self, rewind: Rewind, contract: str, tally: Tally) -> None:
        super().__init__(rewind, tally)
        self.contract = contract

    def teardown(self) -> None:
        self.tally.ended[self.found().state] += 1

    def found(self) -> Contract:
        db.session.rollback()
        return Contract.load(db.session, self.contract)

    def first(self, kind: Any, *states: str) -> Any:
        """The oldest case of this kind in one of these states.

        Where there is none the newest at all, with which the act is out of turn; Nothing where there is none
        at all.
        """
        every = self.every(kind)
        if not every:
            raise Nothing
        return next((case for case in every if case.state in states), every[-1])

    def last(self, kind: Any) -> Any:
        """The newest case of this kind: of what comes one after the other, the one under way. Nothing."""
        return self.first(kind)

    def every(self, kind: Any) -> list[Any]:
        return self.world.every(kind, self.contract)

    @initialize()
    def begin(self) -> None:
        """The deposit is paid: most of the play is not spent on getting there."""
        for name in ("pay", "confirm"):
            assert self.tally.attempt(name, self.daily(name), ())

    @rule(steps=st.integers(1, 5), fate=st.sampled_from(FATES))
    def forward(self, steps: int, fate: str) -> None:
        """The next things that wait to be done, as on most days."""
        for _ in range(steps):
            name = next(filter(self.is_due, DAILY), None)
            if name is None:
                self.tally.idle["forward"] += 1
                return
            self.turn(name, self.daily(name), fate, REFUSALS)
            self.look()

    def play(self, *first: Callable[[], None]) -> None:
        """An example without chance: these acts, then most days, until nothing waits to be done."""
        self.begin()
        for do in first:
            self.turn("", do, "", ())
        self.holds()
        for name in iter(lambda: next(filter(self.is_due, DAILY), ""), ""):
            self.turn(name, self.daily(name), "", ())
            self.holds()
        self.teardown()

    @rule(name=st.sampled_from(DAILY))
    def out_of_turn(self, name: str) -> None:
        """An act that is not due is refused, whatever there is to try it on."""
        if not self.is_due(name):
            assert not self.tally.attempt("out of turn", self.daily(name), REFUSALS), name

    def look(self) -> None:
        """See how every case of the contract stands."""
        kinds = {
            "payment": Payment,
            "payout": Payout,
            "materials": Materials,
            "deliverable": Deliverable,
            "change": Change,
            "dispute": Dispute,
        }
        self.standing = {(name, case.state) for name, kind in kinds.items() for case in self.every(kind)}
        self.standing.add(("contract", self.found().state))

    @property
    def file(self) -> dict[str, Any]:
        return {"file_name": "r.pdf", "content": PDF + b"%%%d" % self.made}

    @property
    def points(self) -> list[str]:
        return list(self.found().tender.item.checklist)

    @act("payment due overdue")
    def pay(self) -> None:
        payment = self.first(Payment, "due", "overdue").identifier
        paying.pay(self.world.actor("buyer"), payment, bank_reference="20260302-1", **self.file)

    @act("payment paid")
    def confirm(self) -> None:
        paying.confirm(self.world.actor("agency"), self.first(Payment, "paid").identifier)

    @act("payment confirmed")
    def receive(self) -> None:
        """The bank's side of it: the money is seen."""
        paying.receive(self.world.actor("custodian"), self.first(Payment, "confirmed").identifier)

    @act("payout due")
    def send(self) -> None:
        payout = self.first(Payout, "due").identifier
        payouts.send(self.world.actor("custodian"), payout, bank_reference="20260302-7", **TOLD)

    @act("payout sent")
    def arrive(self) -> None:
        payouts.arrive(SYSTEM, self.first(Payout, "sent").identifier)

    @act("payout sent arrived")
    def bounce(self) -> None:
        payout = self.first(Payout, "sent", "arrived").identifier
        payouts.bounce(self.world.actor("custodian"), payout, reason="账号与户名不符")

    @act("materials due overdue")
    def supply(self) -> None:
        materials = self.last(Materials)
        delivering.supply(self.world.actor("buyer"), materials.identifier, ticked=list(materials.points))

    @act("materials supplied")
    def check_materials(self) -> None:
        delivering.confirm_materials(self.world.actor("agency"), self.last(Materials).identifier)

    @act("materials due overdue")
    def waive_materials(self) -> None:
        delivering.waive_materials(self.world.actor("agency"), self.last(Materials).identifier)

    @act("deliverable due late returned sent_back", unless=STOPPED)
    def submit(self) -> None:
        deliverable = self.last(Deliverable).identifier
        report = File(self.file["file_name"], self.file["content"])
        delivering.submit(self.world.actor("agency"), deliverable, ticked=self.points, files=[report])

    @act("deliverable submitted", unless=STOPPED)
    def accept(self) -> None:
        delivering.accept(self.world.actor("buyer"), self.last(Deliverable).identifier, ticked=self.points)

    @act("deliverable submitted", unless=STOPPED)
    def send_for_correction(self) -> None:
        delivering.send_for_correction(
            self.world.actor("buyer"),
            self.last(Deliverable).identifier,
            answers={self.points[0]: "不符"},
            reason="请修改后重报",
        )

    @act("deliverable accepted")
    def pass_review(self) -> None:
        delivering.pass_review(self.world.actor("department"), self.last(Deliverable).identifier)

    @act("deliverable accepted")
    def send_back(self) -> None:
        delivering.send_back(
            self.world.actor("department"),
            self.last(Deliverable).identifier,
            codes=["data"],
            fault="agency",
            reason="数据来源不明",
        )

    def _propose(self, side: str, kind: str, terms: dict[str, Any]) -> None:
        changing.propose(
            self.world.actor(side), self.contract, reason="按实际情况提出", kind=kind, terms=terms
        )

    @act("contract active", unless="change proposed", by_either=True, more=st.integers(-12, 12))
    def propose_variation(self, side: str, more: int) -> None:
        milestones = [
            {"name": m.name, "days": m.days, "amount": m.amount + 1000 * more, "reviewed": m.reviewed}
            for m in self.found().milestones
            if m.met_at is None
        ]
        self._propose(side, "variation", {"milestones": milestones})

    @act("contract active", unless="change proposed", by_either=True, days=st.integers(1, 9))
    def propose_extension(self, side: str, days: int) -> None:
        self._propose(side, "extension", {"days": days})

    @act("contract active", unless="change proposed", by_either=True, days=st.integers(3, 25))
    def propose_suspension(self, side: str, days: int) -> None:
        self._propose(side, "suspension", {"until": workdays.add(self.time.instant, days).isoformat()})

    @act("contract suspended", unless="change proposed", by_either=True)
    def propose_resumption(self, side: str) -> None:
        self._propose(side, "resumption", {})

    @act("contract active suspended ending disputed", by_either=True, quarters=st.integers(0, 5))
    def propose_termination(self, side: str, quarters: int) -> None:
        """For a part of what is kept, or for more than that."""
        self._propose(
            side, "termination", {"to_agency": funds_held(db.session, self.found()) * quarters // 4}
        )

    def play_to_termination(self) -> None:
        self.play(partial(self._propose, "buyer", "termination", {"to_agency": 0}))

    @act("change proposed")
    def agree_change(self) -> None:
        change = self.first(Change, "proposed")
        other = next(side for side in SIDES if self.world.organisation(side).id == change.other_id)
        changing.agree(self.world.actor(other), change.identifier)

    @act("change proposed", by_either=True)
    def refuse_change(self, side: str) -> None:
        change = self.first(Change, "proposed").identifier
        changing.refuse(self.world.actor(side), change, reason="不能同意这样变更")

    @act("contract active suspended", by_either=True)
    def give_notice(self, side: str) -> None:
        changing.give_notice(self.world.actor(side), self.contract, reason="对方不履行主要义务")

    @act("contract ending", by_either=True)
    def retract(self, side: str) -> None:
        changing.retract(self.world.actor(side), self.contract)

    @act("contract ending", by_either=True)
    def contest(self, side: str) -> None:
        disputing.contest(self.world.actor(side), self.contract, answer="已经按约定履行了主要义务")

    @act("contract active suspended", by_either=True)
    def file_dispute(self, side: str) -> None:
        disputing.file(self.world.actor(side), self.contract, claim="对方没有按约定履行主要义务")

    @act("dispute filed deciding")
    def withdraw_dispute(self) -> None:
        dispute = self.first(Dispute, "filed", "deciding")
        claimant = next(side for side in SIDES if self.world.organisation(side).id == dispute.claimant_id)
        disputing.withdraw(self.world.actor(claimant), dispute.identifier)

    @act("dispute filed", by_either=True)
    def answer_dispute(self, side: str) -> None:
        dispute = self.first(Dispute, "filed").identifier
        disputing.answer(self.world.actor(side), dispute, answer="已经按约定履行了主要义务")

    @act("dispute deciding", outcome=st.sampled_from(("continue", "terminate")), quarters=st.integers(0, 4))
    def decide_dispute(self, outcome: str, quarters: int) -> None:
        disputing.decide(
            self.world.actor("regulator"),
            self.first(Dispute, "deciding").identifier,
            outcome=outcome,
            fault="none",
            to_agency=funds_held(db.session, self.found()) * quarters // 4,
            reason="双方均有一定过错",
        )

    @rule(days=st.integers(1, 25))
    def wait(self, days: int) -> None:
        self.time.instant = workdays.add(self.time.instant, days) + timedelta(minutes=1)
        run_deadlines()

    @invariant()
    def holds(self) -> None:
        self.look()
        contract = self.found()
        ended = contract.workflow.states[contract.state].terminal
        milestones: list[Milestone] = contract.milestones
        assert sum(m.amount for m in milestones) == contract.price
        assert sum(m.days for m in milestones) == contract.days
        assert all(a.met_at for a, b in pairwise(milestones) if b.met_at), "one after the other"
        assert all(m.met_at for m in milestones if m.paid_at), "nothing is paid before it is met"
        moved = dict.fromkeys(POSTINGS, 0)
        for entry in db.session.scalars(
            select(books.Entry).where(books.Entry.case_identifier == contract.identifier)
        ):
            moved[entry.kind] += sum(line.amount for line in entry.lines)
        every = self.every(Payment)
        asked, late = [p for p in every if p.kind != "penalty"], [p for p in every if p.kind == "penalty"]
        held, retained = (
            funds_held(db.session, contract),
            books.balance(db.session, books.retention(contract.identifier)),
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
        leaving = self.every(Payout)
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
            assert books.balance(db.session, books.escrow(contract.identifier)) == 0, (
                "nothing can leave while they quarrel"
            )
        elif not ended:
            assert books.balance(db.session, books.hold(contract.identifier)) == 0
        open_ones = [d for d in self.every(Deliverable) if not d.workflow.states[d.state].terminal]
        assert len(open_ones) <= 1
        cases = [case for kind in (Deliverable, Materials, Change, Dispute) for case in self.every(kind)]
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


def drafted(world: World) -> str:
    """A contract of three milestones that both have signed."""
    contract = world.contract_of(world.awarded())
    identifier, price = contract.identifier, contract.price
    rows = [
        ("踏勘", 5, price // 4, False),
        ("初稿", 5, price // 4, False),
        ("报批稿", 10, price - 2 * (price // 4), True),
    ]
    milestones = [{"name": n, "days": d, "amount": a, "reviewed": r} for n, d, a, r in rows]
    drafting.revise(world.actor("buyer"), identifier, texts={}, milestones=milestones)
    for side in SIDES:
        signing.agree(world.actor(side), identifier)
    return identifier
