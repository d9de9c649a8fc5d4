"""Whatever people do in whatever order, for every way to choose.

Never two winners, a winner who did not offer, a price above the published one, or a price anybody could read
before its time.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from market.agencies import actions as agencies
from market.extensions import db
from market.jobs import run_deadlines
from market.sourcing import actions as sourcing
from models import workdays
from models.contracts import Contract
from models.errors import Problem
from models.sourcing import MODES, Award, Bid, Evaluation, Objection, Quote, Tender
from tests.factories import World

AGENCIES = ("agency", "second", "third")
CRITERIA = {
    "price": {"weight": 40, "formula": "mean_deviation"},
    "days": {"weight": 10},
    "credit": {"weight": 20},
    "quality": [{"name": "技术方案", "weight": 30}],
}


class Play:
    """One tender and everybody who may touch it. Each act may be refused; none may break what must hold."""

    def __init__(self, world: World, time: Any, mode: str, funds: str) -> None:
        self.world, self.time, self.mode = world, time, mode
        for name in AGENCIES:
            if world.organisation(name).state == "suspended":
                agencies.restore(
                    world.actor("regulator"), world.identifiers[name], reason="核查完毕,恢复承接"
                )
        self.time.instant = workdays.add(self.time.instant, 1).replace(hour=10)
        values: dict[str, Any] = {"budget": 4_700_000} if mode == "random_draw" else {}
        if mode == "direct":
            values |= {"openness": "invited", "invited": [world.identifiers["agency"]], "budget": 4_700_000}
        if mode == "merit":
            values["criteria"] = CRITERIA
        deadline = workdays.add(self.time.instant, 4)
        self.tender = world.tender(mode=mode, funds=funds, deadline=deadline.replace(hour=10), **values)
        if mode == "merit":
            for number in range(3):
                sourcing.appoint(world.actor("buyer"), self.tender, email=f"expert{number}@example.cn")

    def found(self) -> Tender:
        db.session.rollback()
        return Tender.load(db.session, self.tender)

    def _of(self, case_class: Any, name: str) -> Any:
        mine = self.world.organisation(name).id
        return db.session.query(case_class).filter_by(tender_id=self.found().id, agency_id=mine).one_or_none()

    def answer(self, name: str, price: int) -> None:
        sealed = self.found().way.sealed
        act = sourcing.submit_bid if sealed else sourcing.submit_quote
        act(self.world.actor(name), self.tender, price=price, days=20)

    def step_back(self, name: str, price: int) -> None:
        quote, bid = self._of(Quote, name), self._of(Bid, name)
        if bid is not None:
            sourcing.withdraw_bid(self.world.actor(name), bid.identifier)
        if quote is not None:
            sourcing.withdraw_quote(self.world.actor(name), quote.identifier)

    def bargain(self, name: str, price: int) -> None:
        quote, bid = self._of(Quote, name), self._of(Bid, name)
        if bid is not None:
            sourcing.undercut(self.world.actor(name), bid.identifier, price=price)
        if quote is not None:
            who = "buyer" if quote.state == "open" else name
            if price % 3:
                sourcing.offer(self.world.actor(who), quote.identifier, price=price, days=20)
            else:
                sourcing.accept_quote(self.world.actor(who), quote.identifier)

    def amend(self, name: str, price: int) -> None:
        found = self.found()
        sourcing.amend(
            self.world.actor("buyer"),
            self.tender,
            description=found.description,
            quantity=found.quantity,
            budget=max(price, 3_000_000),
            deadline=workdays.add(max(found.deadline, self.time.instant), 3).replace(hour=10),
            reason="预算有调整,请重报",
        )

    def wait(self, name: str, price: int) -> None:
        self.time.instant = workdays.add(self.time.instant, 1 + price % 3)
        run_deadlines()

    def close(self, name: str, price: int) -> None:
        if price % 4 == 0:
            sourcing.close(self.world.actor("buyer"), self.tender)
            return
        self.time.instant = max(self.time.instant, self.found().closes_at)
        run_deadlines()

    def score(self, name: str, price: int) -> None:
        for evaluation in db.session.query(Evaluation).filter_by(tender_id=self.found().id).all():
            expert = self.world.actor(evaluation.evaluator.name)
            sourcing.declare(expert, evaluation.identifier)
            bids = sourcing.scored_bids(db.session, self.found())
            sheet = {
                b.identifier: {"points": {"技术方案": (price + n * 7) % 31}, "reason": "方案可行,理由充分"}
                for n, b in enumerate(bids)
            }
            sourcing.score(expert, evaluation.identifier, sheet=sheet)

    def award(self, name: str, price: int) -> None:
        self.time.instant += timedelta(minutes=40)
        run_deadlines()
        sourcing.award(
            self.world.actor("buyer"),
            self.tender,
            agency=self.world.identifiers[name],
            reasons="价格合理,工期满足",
        )

    def object(self, name: str, price: int) -> None:
        award = db.session.query(Award).filter_by(tender_id=self.found().id).order_by(Award.id.desc()).first()
        if award is not None and price % 2:
            sourcing.object_to(self.world.actor(name), award.identifier, grounds="中选机构的业绩与事实不符")
        elif award is not None:
            sourcing.annul(self.world.actor("regulator"), award.identifier, reason="投标文件造假")

    def decide(self, name: str, price: int) -> None:
        for objection in (
            db.session.query(Objection).join(Award).filter(Award.tender_id == self.found().id).all()
        ):
            sourcing.answer_objection(
                self.world.actor("buyer"), objection.identifier, statement="我们核对过原件"
            )
            decide = sourcing.uphold_objection if price % 2 else sourcing.dismiss_objection
            decide(self.world.actor("regulator"), objection.identifier, reason="经核查后作出决定")

    def suspend(self, name: str, price: int) -> None:
        agencies.suspend(
            self.world.actor("regulator"), self.world.identifiers[name], reason="登记住所查无此机构"
        )

    def cancel(self, name: str, price: int) -> None:
        before = self.found()
        read = before.cancels_with_consent and before.state not in ("draft", "published")
        if price % 2:
            sourcing.cancel(self.world.actor("buyer"), self.tender, reason="项目选址调整,取消")
            assert not read, "cancelled alone, and drawn again"
        else:
            sourcing.ask_cancel(
                self.world.actor("buyer"), self.tender, ground="unlawful", reason="两家投标文件雷同"
            )
            decide = sourcing.consent_to_cancel if price % 4 else sourcing.refuse_to_cancel
            decide(self.world.actor("regulator"), self.tender, reason="经核查后作出决定")

    def holds(self) -> None:
        found = self.found()
        awards = db.session.query(Award).filter_by(tender_id=found.id).all()
        standing = [award for award in awards if award.state != "annulled"]
        assert len(standing) <= 1, "two winners"
        contracts = db.session.query(Contract).filter_by(tender_id=found.id).count()
        assert contracts == (1 if any(award.state == "final" for award in awards) else 0)
        bids = db.session.query(Bid).filter_by(tender_id=found.id).all()
        assert found.opened_at is not None or all(bid.price is None and bid.content is None for bid in bids)
        for award in awards:
            case_class: Any = Bid if found.way.sealed else Quote
            offer = (
                db.session.query(case_class).filter_by(tender_id=found.id, agency_id=award.agency_id).one()
            )
            assert (offer.price, offer.days) == (award.price, award.days), (
                "another price than the one offered"
            )
            assert award.price <= award.published_price, "above the published price"
            assert found.way.sealed or award not in standing or offer.state == "agreed"
            assert not found.way.sealed or offer.state == "opened"
        assert {award.state for award in standing} <= {"proposed", "objected", "final"}
        assert bool(standing) == (found.state in ("awarded", "contracted"))
        if found.mode == "sealed_bid" and found.outcome and found.outcome.ranking:
            prices = [Bid.load(db.session, name).price for name in found.outcome.ranking]
            assert prices == sorted(prices)


ACTS: tuple[str, ...] = (
    "answer",
    "answer",
    "answer",
    "bargain",
    "bargain",
    "bargain",
    "step_back",
    "amend",
    "wait",
    "close",
    "close",
    "score",
    "award",
    "award",
    "object",
    "decide",
    "suspend",
    "cancel",
)
_moves = st.tuples(st.sampled_from(ACTS), st.sampled_from(AGENCIES), st.integers(1_000_000, 5_000_000))


@pytest.mark.parametrize("mode", sorted(MODES))
def test_no_order_of_acts_breaks_what_must_hold(world: World, time: Any, mode: str) -> None:
    for number in range(3):
        world.enterprise(f"expert{number}")

    @settings(
        max_examples=30,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
        database=None,
    )
    @given(
        first=st.lists(st.integers(2_000_000, 4_500_000), min_size=0, max_size=3),
        moves=st.lists(_moves, min_size=4, max_size=22),
        funds=st.sampled_from(["private", "state"]),
    )
    def play(first: list[int], moves: list[tuple[str, str, int]], funds: str) -> None:
        stage = Play(world, time, mode, funds)
        for name, price in zip(AGENCIES, first, strict=False):
            _try(stage.answer, name, price)
        for act, name, price in moves:
            _try(getattr(stage, act), name, price)
            stage.holds()
        for act in ("close", "close", "score", "award"):  # and to its end, if it can still be brought there
            _try(getattr(stage, act), "agency", 3_000_001)
            stage.holds()

    play()
    ended = {state for (state,) in db.session.query(Tender.state).filter(Tender.project == "高标准农田项目")}
    assert ended & {"awarded", "contracted"}, "some play reaches an award"


def _try(act: Callable[[str, int], None], name: str, price: int) -> None:
    try:
        act(name, price)
    except Problem:
        db.session.rollback()
