"""Money through a gateway, whatever is pressed, told, lost or struck down in whatever order.

Conserved, and nothing twice.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import requests
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule
from sqlalchemy import func, select

from harness.factories import World
from market.batches import Unavailable
from market.extensions import db
from market.gateways import StripeGateway
from market.payments import gateway_sync
from market.payments.jobs import reconcile
from models.ledger import books, reports
from models.ledger.books import clearing
from models.payments.charges import Charge, Discrepancy, GatewayEvent
from models.payments.payment import Payment
from models.payments.payouts import Payout
from tests import machines
from tests.contracts.contract_state_machine import Contracts, drafted
from tests.machines import REFUSALS, Nothing, Rewind, Tally, act, acts
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


class Paying(Contracts):
    """The same contract, and a gateway beside the bank."""

    def __init__(self, rewind: Rewind, contract: str, tally: Tally, bank: Bank) -> None:
        super().__init__(rewind, contract, tally)
        requests.delete(f"{bank.url}/_config/data", timeout=5)
        self.bank, self.torn = bank, ""

    def turn(self, name: str, do: Callable[[], None], fate: str, expected: Any = REFUSALS) -> None:
        """As before; and the gateway may not be there."""
        lost, self.torn = self.torn, ""
        with torn(lost):
            super().turn(name, do, fate, (*expected, Unavailable) if lost else expected)

    @initialize(paid=st.booleans())
    def begin(self, paid: bool) -> None:
        """The deposit is to be paid at the gateway, and is, or waits."""
        assert self.tally.attempt("charge", self.daily("charge"), ())
        if paid:
            for name in ("card", "back"):
                assert self.tally.attempt(name, partial(self.daily(name), number=0), ())

    def teardown(self) -> None:
        """Left alone, it comes to rest: charges are as they are at the gateway, and nothing is left over."""
        for _ in range(4):
            self.follow()
            self.time.instant += timedelta(minutes=10)
        self.holds()
        charges, intents = self.charges(), self.intents()
        assert {charge.state for charge in charges} <= {"waiting", "succeeded", "failed"}
        for charge in charges:
            if charge.gateway_id:
                taken = intents[charge.gateway_id].status == "succeeded"
                assert taken == (charge.state == "succeeded")
        reconcile()
        db.session.rollback()
        standing = select(Discrepancy).where(Discrepancy.gateway == "stripe", Discrepancy.gone_at.is_(None))
        assert not db.session.scalars(standing).all()
        assert not db.session.scalars(select(GatewayEvent).where(GatewayEvent.handled_at.is_(None))).all()
        assert reports.trial_balance(db.session) == 0
        self.tally.done["charged"] += sum(charge.state == "succeeded" for charge in charges)
        super().teardown()

    def look(self) -> None:
        super().look()
        if any(charge.gateway_id for charge in self.charges()):
            self.standing.add(("charge", "begun"))

    def charges(self) -> list[Charge]:
        db.session.rollback()
        query = select(Charge).join(Payment).where(Payment.contract_id == self.found().id)
        return list(db.session.scalars(query.order_by(Charge.id)))

    def intents(self) -> dict[str, Any]:
        every = self.bank.api.payment_intents.list(params={"limit": 100}).auto_paging_iter()
        return {intent.id: intent for intent in every}

    def _named(self, number: int) -> str:
        names = [charge.gateway_id for charge in self.charges() if charge.gateway_id]
        if not names:
            raise Nothing
        return names[number % len(names)]

    @rule(fate=st.sampled_from(("unheard", "lost")))
    def tear(self, fate: str) -> None:
        """The next question to the gateway does not arrive, or its answer does not."""
        self.torn = fate

    @act("payment due overdue")
    def charge(self) -> None:
        due = self.first(Payment, "due", "overdue").identifier
        gateway_sync.begin(self.world.actor("buyer"), due, "card", "http://market.test/back")

    @act("charge begun", number=st.integers(0, 9))
    def card(self, number: int) -> None:
        """The buyer pays at the gateway, which may tell us or not."""
        name = self._named(number)
        if self.bank.api.payment_intents.retrieve(name).status != "requires_payment_method":
            raise Nothing
        self.bank.pay(name)

    @act("charge begun", number=st.integers(0, 9), again=st.integers(0, 1))
    def hear(self, number: int, again: int) -> None:
        name = self._named(number)
        heard(*told(self.bank, name, f"evt_{name}_{again}"))

    @act("charge begun", number=st.integers(0, 9))
    def back(self, number: int) -> None:
        """The buyer comes back from the gateway's page."""
        found = self.charges()
        gateway_sync.follow_all(found[number % len(found)].payment)

    @rule()
    def follow(self) -> None:
        self.time.instant += timedelta(minutes=2)
        gateway_sync.work()

    @invariant()
    def holds(self) -> None:
        super().holds()
        intents = self.intents()
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
            for p in self.every(Payout)
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
        assert -books.balance(db.session, clearing("stripe")) == taken - (db.session.scalar(left) or 0)


def test_money_through_a_gateway_is_conserved_whatever_happens(
    world: World,
    time: Any,
    bank: Bank,
    database: str,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    contract, tally = drafted(world), Tally()
    with closing(Rewind(database, tmp_path, world, time)) as rewind:
        machines.run(lambda: Paying(rewind, contract, tally, bank), steps=25, ci=8, nightly=200)
    record_property("acts", str(tally))
    tally.check(acts(Paying), surely={"charged", *(acts(Paying).keys() - acts(Contracts).keys())})
