"""Stripe: payment intents in, refunds and Connect transfers out, signed webhooks. What it says in an event is not trusted but looked
up; what it was asked once it is asked again only under the same idempotency key, and payouts only after looking whether they are there.

Shapes after the public API reference (docs.stripe.com/api): amounts are in the smallest unit, `cny` in fen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import takewhile
from typing import Any

import stripe

from market.batches import Away
from models import clock, policy
from models.payments import Charge, Payment, Payout
from models.text import N_, RuleBroken

METHODS = {"card": N_("银行卡"), "alipay": N_("支付宝"), "wechat_pay": N_("微信支付")}
_OVER = {"succeeded": "succeeded", "canceled": "failed"}


class Refused(RuleBroken):
    """The gateway has said no: nothing happened, and asking again the same way changes nothing."""


@dataclass(frozen=True, slots=True)
class Standing:
    """A charge as the gateway has it now: its own name for it, `waiting`, `succeeded` or `failed`, the sum and what of it the
    gateway keeps as its fee, in fen, and where the buyer goes to pay (empty where that is our own page)."""

    gateway_id: str
    state: str
    amount: int
    fee: int = 0
    url: str = ""
    secret: str = ""


@dataclass(frozen=True, slots=True)
class Movement:
    """Money that moved at the gateway: in above zero, out below, in fen."""

    gateway_id: str
    amount: int


@dataclass(frozen=True, slots=True)
class Told:
    """An event of the gateway that bears its signature."""

    event_id: str
    kind: str
    about: str
    content: dict[str, Any]


class StripeGateway:
    """The gateway with the settings of this process."""

    name = "stripe"

    def __init__(self, settings: dict[str, Any]) -> None:
        self.public_key: str = settings["STRIPE_PUBLIC_KEY"]
        self.script: str = settings["STRIPE_JS"]
        self.methods = [name.strip() for name in settings["STRIPE_METHODS"].split(",") if name.strip() in METHODS]
        self._secret: str = settings["STRIPE_WEBHOOK_SECRET"]
        addresses: Any = {"api": settings["STRIPE_API"]} if settings["STRIPE_API"] else {}
        self._api = stripe.StripeClient(
            settings["STRIPE_KEY"], base_addresses=addresses, max_network_retries=0, http_client=stripe.RequestsClient(timeout=15)
        ).v1

    def offers(self, payment: Payment) -> list[tuple[str, str]]:
        """The methods a payment may be made by (name and label): none where the money might have to stay longer than a gateway
        holds it (about 90 days; the policy says how long we let it)."""
        if payment.state not in ("due", "overdue"):
            return []
        rules = policy.get(payment.policy_version)
        long = payment.kind == "deposit" and _calendar_days(payment.contract.days) > rules.number("contract.gateway_days")
        return [] if long else [(name, METHODS[name]) for name in self.methods]

    def begin(self, charge: Charge, back: str) -> Standing:
        """Ask for a payment intent, under the charge's key; `back` is where the buyer returns to. Away if nobody knows whether it was
        heard, Refused if it was refused."""
        asked: dict[str, Any] = {
            "amount": charge.amount, "currency": "cny", "payment_method_types": [charge.method], "capture_method": "automatic",
            "metadata": {"payment": charge.payment.identifier, "key": charge.key},
        }  # fmt: skip
        if charge.method != "card":
            asked |= {"confirm": True, "payment_method_data": {"type": charge.method}, "return_url": back}
            if charge.method == "wechat_pay":
                asked["payment_method_options"] = {"wechat_pay": {"client": "web"}}
        return _standing(self._ask(self._api.payment_intents.create, params=asked, options={"idempotency_key": charge.key}))

    def look(self, gateway_id: str) -> Standing:
        """How a payment intent stands."""
        return _standing(self._ask(self._api.payment_intents.retrieve, gateway_id, params={"expand": ["latest_charge.balance_transaction"]}))

    def cancel(self, gateway_id: str) -> Standing:
        """Call off a payment intent nobody has paid; Refused if somebody has."""
        return _standing(self._ask(self._api.payment_intents.cancel, gateway_id))

    def find(self, payout: Payout) -> str | None:
        """The gateway's own name for a payout it has done already, under this try of it."""
        if payout.charge is not None:
            listed = self._all(self._api.refunds.list, {"payment_intent": payout.charge.gateway_id})
            return next((r.id for r in listed if _named(r) == _key(payout)), None)
        return next((t.id for t in self._all(self._api.transfers.list, {"transfer_group": _key(payout)})), None)

    def send(self, payout: Payout, account: str) -> str:
        """Refund a charge, or transfer to an agency's account. The gateway's own name for it; Away and Refused as `begin`."""
        options: Any = {"idempotency_key": _key(payout)}
        about = {"payout": _key(payout)}
        if payout.charge is not None:
            params: Any = {"payment_intent": payout.charge.gateway_id, "amount": payout.amount, "metadata": about}
            return str(self._ask(self._api.refunds.create, params=params, options=options).id)
        params = {"amount": payout.amount, "currency": "cny", "destination": account, "transfer_group": _key(payout), "metadata": about}
        return str(self._ask(self._api.transfers.create, params=params, options=options).id)

    def movements(self, since: datetime) -> Iterator[Movement]:
        """Everything that moved since an instant. Charges go by their payment intent's name."""
        for intent in self._since(self._api.payment_intents.list, since):
            if intent.status == "succeeded":
                yield Movement(intent.id, getattr(intent, "amount_received", None) or intent.amount)
        for refund in self._since(self._api.refunds.list, since):
            if refund.status not in ("failed", "canceled"):
                yield Movement(refund.id, -refund.amount)
        try:
            for transfer in self._since(self._api.transfers.list, since):
                yield Movement(transfer.id, -(transfer.amount - transfer.amount_reversed))
        except Refused:  # an account without Connect has none
            return

    def _since(self, how: Any, since: datetime) -> list[Any]:
        """A list of the gateway's, which has the newest first, back to an instant."""
        return self._all(how, {"limit": 100}, lambda each: each.created >= since.timestamp())

    def _all(self, how: Any, params: Any, wanted: Callable[[Any], bool] = lambda each: True) -> list[Any]:
        """Every page of a list, as long as it is wanted; the pages after the first may fail as the first may."""
        found: list[Any] = self._ask(lambda: list(takewhile(wanted, how(params=params).auto_paging_iter())))
        return found

    def read(self, payload: bytes, signature: str) -> Told:
        """A webhook's event. RuleBroken where the signature is not the gateway's, or is older than five minutes."""
        try:
            event = stripe.Webhook.construct_event(payload, signature, self._secret)
        except (ValueError, stripe.SignatureVerificationError) as error:
            raise RuleBroken(N_("签名不对或已过期。")) from error
        about = event.data.object
        name = getattr(about, "payment_intent", None) if about.object in ("charge", "refund") else about.id
        return Told(event.id, event.type, str(name or about.id), event.to_dict())

    def _ask(self, how: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return how(*args, **kwargs)
        except (stripe.InvalidRequestError, stripe.CardError) as error:
            raise Refused(N_("支付渠道没有受理:%(why)s"), why=error.user_message or error.code or "") from error
        except stripe.StripeError as error:  # a time-out, a torn connection, a key it does not take: what came before is not known
            if error.http_status == 404:
                raise Refused(N_("支付渠道没有受理:%(why)s"), why="404") from error
            raise Away(N_("支付渠道暂时没有回应;不会重复扣款,请稍后再试。")) from error


def _key(payout: Payout) -> str:
    return f"{payout.identifier}:{payout.tries}"


def _named(refund: Any) -> str:
    return str(getattr(refund.metadata, "payout", "")) if refund.metadata else ""


def _calendar_days(workdays: int) -> int:
    return -(-workdays * 7 // 5)


def _standing(intent: Any) -> Standing:
    action, url = intent.next_action, ""
    if action:
        for kind, field in (("alipay_handle_redirect", "url"), ("redirect_to_url", "url"), ("wechat_pay_display_qr_code", "hosted_instructions_url")):
            url = url or str(getattr(getattr(action, kind, None), field, "") or "")
    moved = getattr(getattr(intent, "latest_charge", None), "balance_transaction", None)
    fee = int(getattr(moved, "fee", 0) or 0)
    return Standing(intent.id, _OVER.get(intent.status, "waiting"), intent.amount, fee, url, intent.client_secret or "")


def overdue_to_look(charge: Charge) -> bool:
    """Whether to look at a charge nobody told us of again: after a minute, then each time its age has doubled."""
    age = clock.now() - charge.asked_at
    return age >= timedelta(minutes=1) and (charge.looked_at is None or clock.now() - charge.looked_at >= (charge.looked_at - charge.asked_at))
