"""What a way that money takes can do, whichever it is.

A room that moves money knows this interface and no gateway by name.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from werkzeug.datastructures import Headers

from market.extensions import db
from models.accounts import Organisation
from models.errors import RuleViolation
from models.payments.charges import Charge
from models.payments.payment import Payment
from models.payments.payouts import Account, Payout
from models.payments.reconciliation import Mismatch, Movement, looked_back_to, of_gateway


class Refused(RuleViolation):
    """The gateway has said no: nothing happened, and asking again the same way changes nothing."""


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
    def account_of(self, payee: Organisation) -> Account | None:
        """Where a payout to an organisation goes by this way; None where we know no account of it."""

    @abstractmethod
    def find_discrepancies(self) -> list[Mismatch]:
        """Where its own record of what moved and our books do not agree.

        Unavailable where it does not answer.
        """


class OnlineGateway(Gateway):
    """One that takes and sends money by itself and tells us.

    Every method that asks it raises Unavailable where nobody knows whether it was heard, and Refused where it
    said no.
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
        """Movement by movement, and what it holds for longer than the policy lets it."""
        return of_gateway(db.session, self.name, self.movements(looked_back_to()))
