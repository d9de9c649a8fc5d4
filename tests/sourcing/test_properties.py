"""Whatever people do in whatever order, for every way to choose.

Never two winners, a winner who did not offer, a price above the published one, or a price anybody could read
before its time.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from harness.factories import World
from market.agencies.actions import entry
from market.extensions import db
from market.jobs import run_deadlines
from market.sourcing.actions import auction, cancelling, quotes, scoring, tenders
from market.sourcing.actions import awards as award_actions
from market.sourcing.actions import bids as bid_actions
from market.sourcing.actions import closing as closing_actions
from models import workdays
from models.contracts.agreement import Contract
from models.errors import NotAllowed
from models.events import Event
from models.sourcing.awards import Award, Objection
from models.sourcing.bids import Bid
from models.sourcing.evaluations import Evaluation
from models.sourcing.modes import MODES
from models.sourcing.quotes import Quote
from models.sourcing.tenders import Tender
from tests import machines
from tests.machines import REFUSALS, Machine, Nothing, Rewind, Tally, act, acts

AGENCIES = ("agency", "second", "third")
CRITERIA = {
    "price": {"weight": 40, "formula": "mean_deviation"},
    "days": {"weight": 10},
    "credit": {"weight": 20},
    "quality": [{"name": "技术方案", "weight": 30}],
}
NAMES, PRICES = st.sampled_from(AGENCIES), st.integers(1_000_000, 5_000_000)
ONLY = {  # what only some modes know
    "undercut": {"reverse_auction"},
    "declare": {"merit"},
    "score": {"merit"},
    "bid": MODES.keys() - {"direct", "inquiry"},
    "withdraw_bid": MODES.keys() - {"direct", "inquiry"},
    "quote": {"direct", "inquiry"},
    "withdraw_quote": {"direct", "inquiry"},
    "offer": {"direct", "inquiry"},
    "accept_quote": {"direct", "inquiry"},
    "close": {"direct", "inquiry"},
    **dict.fromkeys(("object_to", "answer_objection", "decide_objection"), MODES.keys() - {"direct"}),
}


class Sourcing(Machine):
    """One tender and everybody who may touch it. Each act may be refused; none may break what must hold."""

    def __init__(self, rewind: Rewind, mode: str, tally: Tally) -> None:
        super().__init__(rewind, tally)
        self.mode, self.tender = mode, ""

    @initialize(
        funds=st.sampled_from(["private", "state"]),
        prices=st.lists(st.integers(2_000_000, 4_500_000), min_size=3, max_size=3),
        answers=st.sampled_from((3, 3, 3, 2, 1)),  # fewer often end it there
        steps=st.integers(0, 3),
    )
    def begin(self, funds: str, prices: list[int], answers: int, steps: int) -> None:
        """The tender stands in public, some have answered it, and it has come some steps of its way."""
        values: dict[str, Any] = {"budget": 4_700_000} if self.mode in ("random_draw", "direct") else {}
        if self.mode == "direct":
            values |= {"openness": "invited", "invited": [self.world.identifiers["agency"]]}
        if self.mode == "merit":
            values["criteria"] = CRITERIA
        deadline = workdays.add(self.time.instant, 4).replace(hour=10)
        self.tender = self.world.tender(mode=self.mode, funds=funds, deadline=deadline, **values)
        if self.mode == "merit":
            for number in range(3):
                scoring.appoint(self.world.actor("buyer"), self.tender, email=f"expert{number}@example.cn")
        answer = type(self).bid.do if MODES[self.mode].sealed else type(self).quote.do
        for name, price in zip(AGENCIES[: 1 if self.mode == "direct" else answers], prices, strict=False):
            answer(self, name, price)
        self.go_on(steps)

    def teardown(self) -> None:
        """And to its end, if it can still be brought there."""
        self.go_on(3)
        self.holds()
        self.tally.ended[self.found().state] += 1

    def go_on(self, steps: int) -> None:
        """The way it goes on most days: quotes are agreed on, it closes, is scored, and one is awarded."""
        if steps > 0:
            for name in AGENCIES:
                self.bring_about("accept_quote", name=name)
            self.to_the_close()
        if steps > 1:
            self.to_the_close()  # a deadline may have moved
            self.bring_about("declare")
            self.bring_about("score")
            self.time.instant += timedelta(minutes=40)
            run_deadlines()
        if steps > 2:
            for name in AGENCIES:
                self.bring_about("award", name=name)

    def bring_about(self, name: str, /, **values: Any) -> None:
        self.look()
        if self.is_due(name):
            self.tally.attempt(name, partial(self.daily(name), **values), (*REFUSALS, NotAllowed))

    def found(self) -> Tender:
        db.session.rollback()
        return Tender.load(db.session, self.tender)

    def look(self) -> None:
        tender = self.found()
        sealed = MODES[tender.mode].sealed  # too few bids may turn it into an inquiry
        self.standing = {("tender", tender.state), ("mode", "sealed" if sealed else "open")}
        for name, kind in (("quote", Quote), ("bid", Bid), ("evaluation", Evaluation), ("award", Award)):
            query = db.session.query(kind.state).filter_by(tender_id=tender.id)
            self.standing |= {(name, state) for (state,) in query}
        query = db.session.query(Objection.state).join(Award).filter(Award.tender_id == tender.id)
        self.standing |= {("objection", state) for (state,) in query}
        self.standing |= {("agency", self.world.organisation(name).state) for name in AGENCIES}

    def _of(self, kind: Any, name: str) -> Any:
        """What this agency offered; Nothing."""
        mine = self.world.organisation(name).id
        found = db.session.query(kind).filter_by(tender_id=self.found().id, agency_id=mine).one_or_none()
        if found is None:
            raise Nothing
        return found

    @act("tender published", unless="mode open", by_any=True, name=NAMES, price=PRICES)
    def bid(self, name: str, price: int) -> None:
        bid_actions.submit(self.world.actor(name), self.tender, price=price, days=20)

    @act("tender published", unless="mode sealed", by_any=True, name=NAMES, price=PRICES)
    def quote(self, name: str, price: int) -> None:
        quotes.submit(self.world.actor(name), self.tender, price=price, days=20)

    @act("bid submitted", by_any=True, name=NAMES)
    def withdraw_bid(self, name: str) -> None:
        bid_actions.withdraw(self.world.actor(name), self._of(Bid, name).identifier)

    @act("quote open", by_any=True, name=NAMES)
    def withdraw_quote(self, name: str) -> None:
        quotes.withdraw(self.world.actor(name), self._of(Quote, name).identifier)

    @act("tender auction", by_any=True, name=NAMES, price=PRICES)
    def undercut(self, name: str, price: int) -> None:
        auction.undercut(self.world.actor(name), self._of(Bid, name).identifier, price=price)

    @act("quote open countered", by_any=True, name=NAMES, price=PRICES)
    def offer(self, name: str, price: int) -> None:
        quote = self._of(Quote, name)
        who = "buyer" if quote.state == "open" else name
        quotes.offer(self.world.actor(who), quote.identifier, price=price, days=20)

    @act("quote open countered", by_any=True, name=NAMES)
    def accept_quote(self, name: str) -> None:
        quote = self._of(Quote, name)
        who = "buyer" if quote.state == "open" else name
        quotes.accept(self.world.actor(who), quote.identifier)

    @act("tender published", budget=st.integers(3_000_000, 5_000_000))
    def amend(self, budget: int) -> None:
        found = self.found()
        tenders.amend(
            self.world.actor("buyer"),
            self.tender,
            description=found.description,
            quantity=found.quantity,
            budget=budget,
            deadline=workdays.add(max(found.deadline, self.time.instant), 3).replace(hour=10),
            reason="预算有调整,请重报",
        )

    @rule(days=st.integers(1, 3))
    def wait(self, days: int) -> None:
        self.time.instant = workdays.add(self.time.instant, days)
        run_deadlines()

    @precondition(lambda self: ("tender", "published") in self.standing)
    @rule()
    def to_the_close(self) -> None:
        self.time.instant = max(self.time.instant, self.found().closes_at)
        run_deadlines()

    @act("tender published")
    def close(self) -> None:
        closing_actions.close(self.world.actor("buyer"), self.tender)

    def _evaluations(self, state: str) -> list[Evaluation]:
        query = db.session.query(Evaluation).filter_by(tender_id=self.found().id, state=state)
        return query.order_by(Evaluation.id).all()

    @act("evaluation due")
    def declare(self) -> None:
        for evaluation in self._evaluations("due"):
            scoring.declare(self.world.actor(evaluation.evaluator.name), evaluation.identifier)

    @act("evaluation scoring")
    def score(self) -> None:
        for evaluation in self._evaluations("scoring"):
            bids = scoring.scored_bids(db.session, self.found())
            sheet = {
                bid.identifier: {
                    "points": {"技术方案": (evaluation.id + n * 7) % 31},
                    "reason": "方案可行,理由充分",
                }
                for n, bid in enumerate(bids)
            }
            scoring.score(self.world.actor(evaluation.evaluator.name), evaluation.identifier, sheet=sheet)

    @act("tender evaluated", name=NAMES)
    def award(self, name: str) -> None:
        award_actions.award(
            self.world.actor("buyer"),
            self.tender,
            agency=self.world.identifiers[name],
            reasons="价格合理,工期满足",
        )

    def _award(self) -> str:
        query = db.session.query(Award).filter_by(tender_id=self.found().id)
        return query.order_by(Award.id.desc()).first().identifier  # type: ignore[union-attr]

    @act("award proposed objected", by_any=True, name=NAMES)
    def object_to(self, name: str) -> None:
        award_actions.object_to(self.world.actor(name), self._award(), grounds="中选机构的业绩与事实不符")

    @act("award proposed objected")
    def annul(self) -> None:
        award_actions.annul(self.world.actor("regulator"), self._award(), reason="投标文件造假")

    def _objection(self, *states: str) -> str:
        query = db.session.query(Objection).join(Award).filter(Award.tender_id == self.found().id)
        return query.filter(Objection.state.in_(states)).order_by(Objection.id).first().identifier  # type: ignore[union-attr]

    @act("objection filed")
    def answer_objection(self) -> None:
        award_actions.answer_objection(
            self.world.actor("buyer"), self._objection("filed"), statement="我们核对过原件"
        )

    @act("objection answered", upheld=st.booleans())
    def decide_objection(self, upheld: bool) -> None:
        decide = award_actions.uphold_objection if upheld else award_actions.dismiss_objection
        decide(self.world.actor("regulator"), self._objection("answered"), reason="经核查后作出决定")

    @act("agency verified", name=NAMES)
    def suspend(self, name: str) -> None:
        entry.suspend(
            self.world.actor("regulator"), self.world.identifiers[name], reason="登记住所查无此机构"
        )

    @act("agency suspended", name=NAMES)
    def restore(self, name: str) -> None:
        entry.restore(self.world.actor("regulator"), self.world.identifiers[name], reason="核查完毕,恢复承接")

    @act("tender published evaluated")
    def cancel(self) -> None:
        before = self.found()
        read = before.cancels_with_consent and before.state != "published"
        cancelling.cancel(self.world.actor("buyer"), self.tender, reason="项目选址调整,取消")
        assert not read, "cancelled alone, and drawn again"

    @act("tender evaluated contracted")
    def ask_cancel(self) -> None:
        cancelling.ask(self.world.actor("buyer"), self.tender, ground="unlawful", reason="两家投标文件雷同")

    @act("tender cancelling revoking", consent=st.booleans())
    def decide_cancel(self, consent: bool) -> None:
        decide = cancelling.consent if consent else cancelling.refuse
        decide(self.world.actor("regulator"), self.tender, reason="经核查后作出决定")

    @invariant()
    def holds(self) -> None:
        self.look()
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
            agreed = db.session.query(Event).filter_by(kind="quote.accept", case_identifier=offer.identifier)
            assert found.way.sealed or agreed.count() == 1, "on a price nobody agreed to"
            assert not found.way.sealed or offer.state == "opened"
        assert {award.state for award in standing} <= {"proposed", "objected", "final"}
        if found.state in ("awarded", "contracted", "revoking"):
            assert standing
        elif standing:  # it ended after the award: no contract is left of it
            assert found.state in ("cancelled", "failed")
            drafts = db.session.query(Contract.state).filter_by(tender_id=found.id)
            assert {state for (state,) in drafts} == {"terminated"}
        if found.mode == "sealed_bid" and found.outcome and found.outcome.ranking:
            prices = [Bid.load(db.session, name).price for name in found.outcome.ranking]
            assert prices == sorted(prices)


@pytest.mark.parametrize("mode", sorted(MODES))
def test_no_order_of_acts_breaks_what_must_hold(
    world: World,
    time: Any,
    database: str,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
    mode: str,
) -> None:
    for number in range(3):
        world.enterprise(f"expert{number}")
    tally = Tally()
    with closing(Rewind(database, tmp_path, world, time)) as rewind:
        machines.run(lambda: Sourcing(rewind, mode, tally), steps=15, ci=12, nightly=200)
    record_property("acts", str(tally))
    able = {name for name in acts(Sourcing) if mode in ONLY.get(name, MODES)}
    tally.check(able, surely=("award",))
