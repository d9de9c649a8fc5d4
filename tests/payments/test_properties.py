"""Money through a gateway, whatever is pressed, told, lost or struck down in whatever order.

Conserved, and nothing twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from market.batches import Unavailable
from market.extensions import db
from market.gateways import StripeGateway
from market.payments import gateway_sync
from market.payments.jobs import reconcile
from models import ledger
from models.ledger import clearing
from models.payments import Charge, Discrepancy, GatewayEvent, Payment, Payout
from tests.contracts.play import ACTS, FATES, SIDES, Play
from tests.factories import World
from tests.payments.gateway import Bank, heard, told


@contextmanager
def torn(fate: str) -> Iterator[None]:
    """The next question to the gateway does not arrive, or its answer does not."""
    ask, armed = StripeGateway._ask, [bool(fate)]

    def asking(self: StripeGateway, how: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        lost, armed[0] = armed[0], False
        if lost and fate == "unheard":
            raise Unavailable("no answer")
        answer = ask(self, how, *args, **kwargs)
        if lost:
            raise Unavailable("no answer")
        return answer

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(StripeGateway, "_ask", asking)
        yield


class Paying(Play):
    """The same contract, and a gateway beside the bank."""

    def __init__(self, world: World, time: Any, bank: Bank) -> None:
        super().__init__(world, time)
        self.bank = bank

    def act(self, name: str, side: str, number: int, fate: str = "") -> None:
        at_gateway = fate if fate in ("unheard", "lost") else ""
        with torn(at_gateway):
            super().act(name, side, number, "" if at_gateway else fate)

    def charges(self) -> list[Charge]:
        db.session.rollback()
        query = select(Charge).join(Payment).where(Payment.contract_id == self.found().id)
        return list(db.session.scalars(query.order_by(Charge.id)))

    def _named(self, number: int) -> str:
        names = [c.gateway_id for c in self.charges() if c.gateway_id]
        return names[number % len(names)] if names else "pi_none"

    def charge(self, _side: str, _number: int) -> None:
        due = [
            p.identifier for p in self.world.every(Payment, self.contract) if p.state in ("due", "overdue")
        ]
        gateway_sync.begin(
            self.world.actor("buyer"), due[0] if due else "none", "card", "http://market.test/back"
        )

    def card(self, _side: str, number: int) -> None:
        """The buyer pays at the gateway, which may tell us or not."""
        name = self._named(number)
        if (
            name != "pi_none"
            and self.bank.api.payment_intents.retrieve(name).status == "requires_payment_method"
        ):
            self.bank.pay(name)

    def hear(self, _side: str, number: int) -> None:
        name = self._named(number)
        if name != "pi_none":
            heard(*told(self.bank, name, f"evt_{name}_{number % 2}"))

    def back(self, _side: str, number: int) -> None:
        found = self.charges()
        if found:
            gateway_sync.follow_all(found[number % len(found)].payment)

    def work(self, _side: str, _number: int) -> None:
        self.time.instant += timedelta(minutes=2)
        gateway_sync.work()

    def check(self) -> None:
        super().check()
        intents = {
            i.id: i for i in self.bank.api.payment_intents.list(params={"limit": 100}).auto_paging_iter()
        }
        paid = Counter(intent.metadata["key"] for intent in intents.values() if intent.status == "succeeded")
        assert not paid or max(paid.values()) == 1, (
            "one charge to a key (localstripe, which knows no such keys, may hold intents nobody was shown)"
        )
        charges = self.charges()
        for charge in charges:
            if charge.state == "succeeded":
                assert (intents[charge.gateway_id or ""].status, intents[charge.gateway_id or ""].amount) == (
                    "succeeded",
                    charge.amount,
                )
            assert not (
                charge.state == "failed"
                and charge.gateway_id
                and intents[charge.gateway_id].status == "succeeded"
            ), "taken and not booked"
        sent = [
            p
            for p in self.world.every(Payout, self.contract)
            if p.gateway == "stripe" and p.state in ("sending", "sent", "arrived")
        ]
        tries = {f"{p.identifier}:{p.tries}": p.amount for p in sent}
        for charge in charges:
            refunds = (
                self.bank.api.refunds.list(params={"limit": 100}).auto_paging_iter()
                if charge.state == "succeeded"
                else []
            )
            back = [
                (r.metadata["payout"], r.amount) for r in refunds if r.payment_intent == charge.gateway_id
            ]
            assert len(back) == len(dict(back)), "sent once, however often it was sent"
            assert all(tries.get(key) == amount for key, amount in back), (
                "nothing left that the books do not send"
            )
        taken = (
            db.session.scalar(
                select(func.coalesce(func.sum(Charge.amount), 0)).where(Charge.state == "succeeded")
            )
            or 0
        )
        left = select(func.coalesce(func.sum(Payout.amount), 0)).where(
            Payout.gateway == "stripe", Payout.state.in_(("sent", "arrived"))
        )
        assert -ledger.balance(db.session, clearing("stripe")) == taken - (db.session.scalar(left) or 0)


GATEWAY_ACTS = ("charge", "charge", "charge", "card", "card", "card", "hear", "hear", "back", "work", "work")


def test_money_through_a_gateway_is_conserved_whatever_happens(world: World, time: Any, bank: Bank) -> None:
    @settings(
        max_examples=4,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=[Phase.explicit, Phase.reuse, Phase.generate],
    )
    @given(
        st.lists(
            st.tuples(
                st.sampled_from((*ACTS, *GATEWAY_ACTS * 3)),
                st.sampled_from(SIDES),
                st.integers(0, 24),
                st.sampled_from((*FATES, "unheard", "lost")),
            ),
            min_size=16,
            max_size=40,
        )
    )
    def played(acts: list[tuple[str, str, int, str]]) -> None:
        play = Paying(world, time, bank)
        play.act("charge", "buyer", 0)
        for name, side, number, fate in acts:
            play.turn(name, side, number, fate)
        for _ in range(4):  # left alone, it comes to rest
            play.work("buyer", 0)
            time.instant += timedelta(minutes=10)
        play.check()
        assert {c.state for c in play.charges()} <= {"waiting", "succeeded", "failed"}
        intents = {
            i.id: i.status for i in bank.api.payment_intents.list(params={"limit": 100}).auto_paging_iter()
        }
        assert all(
            (intents[c.gateway_id or ""] == "succeeded") == (c.state == "succeeded")
            for c in play.charges()
            if c.gateway_id
        )
        reconcile()
        db.session.rollback()
        assert not db.session.scalars(
            select(Discrepancy).where(Discrepancy.gateway == "stripe", Discrepancy.gone_at.is_(None))
        ).all()
        assert not db.session.scalars(select(GatewayEvent).where(GatewayEvent.handled_at.is_(None))).all()

    played()
    assert ledger.trial_balance(db.session) == 0
    assert db.session.scalar(select(func.count(Charge.id)).where(Charge.state == "succeeded")), (
        "some play pays through the gateway"
    )
