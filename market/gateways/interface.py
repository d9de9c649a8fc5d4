"""What a way that money takes can do, whichever it is.

A room that moves money knows this interface and no gateway by name.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar

from sqlalchemy import func, select
from werkzeug.datastructures import Headers

from market.extensions import db
from models import clock, ledger, policy
from models.accounts import Organisation
from models.errors import RuleViolation
from models.payments import Charge, Payment, Payout

BACK = timedelta(days=120)  # further than a gateway holds money
MARGIN = timedelta(days=30)  # between when it moved there and when it was booked here


class Refused(RuleViolation):
    """The gateway has said no: nothing happened, and asking again the same way changes nothing."""


@dataclass(frozen=True, slots=True)
class Mismatch:
    """A difference between a gateway and the books.

    `theirs` and `ours` in fen, 0 where one side has nothing.
    """

    kind: str
    about: str
    theirs: int
    ours: int
    case_identifier: str = ""


@dataclass(frozen=True, slots=True)
class GatewayStatus:
    """A charge or a payout as the gateway has it now.

    Its own name for it, `waiting`, `succeeded` or `failed`, the sum and what of it the gateway keeps as its
    fee, in fen, and where the buyer goes to pay (empty where that is our own page).
    """

    gateway_id: str
    state: str
    amount: int
    fee: int = 0
    url: str = ""
    secret: str = ""


@dataclass(frozen=True, slots=True)
class Movement:
    """Money that moved at the gateway: in above zero, out below, in fen.

    `of` the charge it takes money back from, `payout` the one of ours it says it is.
    """

    gateway_id: str
    amount: int
    of: str = ""
    payout: str = ""


@dataclass(frozen=True, slots=True)
class WebhookEvent:
    """An event of a gateway that bears its signature, about a thing it names."""

    event_id: str
    kind: str
    about: str
    content: dict[str, Any]


class Gateway(ABC):
    """A way money takes to the custodian and from it."""

    name: ClassVar[str]
    label: ClassVar[str]

    @abstractmethod
    def offers(self, payment: Payment) -> list[tuple[str, str]]:
        """The methods a payment may be made by now: names and labels.

        None where it may not be made this way.
        """

    @abstractmethod
    def account_of(self, payee: Organisation) -> list[tuple[str, str]]:
        """Where a payout to an organisation goes by this way, as labels and values.

        Nothing where we know no account of it.
        """

    @abstractmethod
    def find_discrepancies(self) -> list[Mismatch]:
        """Where its own record of what moved and our books do not agree. Away where it does not answer."""


class OnlineGateway(Gateway):
    """One that takes and sends money by itself and tells us.

    Every method that asks it raises Away where nobody knows whether it was heard, and Refused where it said
    no.
    """

    @abstractmethod
    def begin(self, charge: Charge, back: str) -> GatewayStatus:
        """Ask for a charge, under its key; `back` is where the buyer returns to."""

    @abstractmethod
    def look(self, gateway_id: str) -> GatewayStatus:
        """How a charge stands."""

    @abstractmethod
    def cancel(self, gateway_id: str) -> GatewayStatus:
        """Call off a charge nobody has paid; Refused if somebody has."""

    @abstractmethod
    def find(self, payout: Payout) -> GatewayStatus | None:
        """A payout as the gateway has it, under this try of it; None if it has it not."""

    @abstractmethod
    def send(self, payout: Payout) -> str:
        """Refund a charge, or transfer to an agency's account. The gateway's own name for it."""

    @abstractmethod
    def movements(self, since: datetime) -> Iterator[Movement]:
        """Everything that moved since an instant, charges and payouts by the gateway's own names."""

    @abstractmethod
    def reversals(self, gateway_id: str) -> list[Movement]:
        """Everything that was taken back from a charge, whoever asked for it."""

    @abstractmethod
    def may_report_reversal(self, kind: str) -> bool:
        """Whether an event of this kind may say that something was taken back."""

    @abstractmethod
    def read(self, payload: bytes, headers: Headers) -> WebhookEvent | None:
        """An event it sends us; None for one that says nothing we could look up.

        RuleViolation where the signature is not its own, or is too old.
        """

    def page_policy(self, charge: Charge) -> str:
        """The content policy of the page on which the buyer goes on.

        Empty for ours, another where the gateway's script runs there.
        """
        return ""

    def find_discrepancies(self) -> list[Mismatch]:
        """Movement by movement, charges by their names and payouts by theirs.

        And what it holds for longer than the policy lets it.
        """
        since = clock.now() - BACK
        moved = {m.gateway_id: m for m in self.movements(since - MARGIN)}
        theirs = {about: m.amount for about, m in moved.items()}
        ours = self._booked(since - 2 * MARGIN)
        found = [
            Mismatch("theirs_only", about, m.amount, 0, ours[m.of][1] if m.of in ours else "")
            for about, m in moved.items()
            if about not in ours
        ]
        for about, (amount, case, booked_at) in ours.items():
            if about in theirs and theirs[about] != amount:
                found.append(Mismatch("amount", about, theirs[about], amount, case))
            elif about not in theirs and booked_at >= since:
                found.append(Mismatch("ours_only", about, 0, amount, case))
        return found + self._held_long()

    def _booked(self, since: datetime) -> dict[str, tuple[int, str, datetime]]:
        """What the books have of it, by the gateway's names.

        The sum in fen, the case, and when it was booked.
        """
        charges = select(Charge).where(
            Charge.gateway == self.name, Charge.state == "succeeded", Charge.settled_at >= since
        )
        ours = {
            c.gateway_id or c.key: (c.amount, c.payment.identifier, c.settled_at or c.asked_at)
            for c in db.session.scalars(charges)
        }
        sent = select(Payout).where(
            Payout.gateway == self.name, Payout.gateway_id.is_not(None), Payout.sent_at >= since
        )
        return ours | {
            p.gateway_id or "": (-p.amount, p.identifier, p.sent_at or p.send_by)
            for p in db.session.scalars(sent)
        }

    def _held_long(self) -> list[Mismatch]:
        """More than came in within the policy's days, and was not refunded, has been there for longer."""
        held = -ledger.balance(db.session, ledger.clearing(self.name))
        since = clock.now() - timedelta(days=policy.current().number("contract.gateway_days"))
        gone = select(func.coalesce(func.sum(Payout.amount), 0)).where(
            Payout.charge_id == Charge.id, Payout.gateway == self.name, Payout.sent_at.is_not(None)
        )
        left = func.sum(Charge.amount - gone.correlate(Charge).scalar_subquery())
        query = select(func.coalesce(left, 0)).where(
            Charge.gateway == self.name, Charge.state == "succeeded", Charge.settled_at >= since
        )
        lately = int(db.session.scalar(query) or 0)
        return [Mismatch("held_long", self.name, held, held - lately)] if held > lately else []
