"""Stripe: payment intents in, refunds and Connect transfers out, signed webhooks.

What it says in an event is not trusted but looked up; what it was asked once it is asked again only under the
same idempotency key, and payouts only after looking whether they are there.

Shapes after the public API reference (docs.stripe.com/api): amounts are in the smallest unit, `cny` in fen.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import takewhile
from typing import Any
from urllib.parse import urlsplit

import stripe
from werkzeug.datastructures import Headers

from market.extensions import db
from market.gateways.interface import GatewayStatus, OnlineGateway, Refused, WebhookEvent
from models import policy
from models.accounts import Organisation
from models.agencies.entry import profile_of
from models.errors import RuleViolation, Unavailable
from models.i18n import N_
from models.payments.charges import Charge
from models.payments.payment import Payment
from models.payments.payouts import Account, Payout
from models.payments.reconciliation import Movement
from models.spelling import UNKEEPABLE

METHODS = {"card": N_("银行卡"), "alipay": N_("支付宝"), "wechat_pay": N_("微信支付")}
TAKEN = ("needs_response", "under_review", "lost")  # a dispute takes from us as long as it is not won
MOST_NAME = 80  # characters of what we keep a thing under
_OVER = {"succeeded": "succeeded", "canceled": "failed", "failed": "failed"}
# Card numbers are typed into the gateway's own frames, never into our page: on that page alone its script is
# let in.
CARD_POLICY = (
    "default-src 'self'; img-src 'self' data:; frame-ancestors 'none'; form-action 'self'; "
    "script-src 'self' %(script)s; "
    "frame-src %(script)s https://hooks.stripe.com; connect-src 'self' %(api)s"
)


class StripeGateway(OnlineGateway):
    """Stripe with the settings of this process."""

    name = "stripe"
    label = "Stripe"

    def __init__(self, settings: dict[str, Any]) -> None:
        self.public_key: str = settings["STRIPE_PUBLIC_KEY"]
        self.script: str = settings["STRIPE_JS"]
        self.methods = [
            name.strip() for name in settings["STRIPE_METHODS"].split(",") if name.strip() in METHODS
        ]
        self._secret: str = settings["STRIPE_WEBHOOK_SECRET"]
        self.api: str = settings["STRIPE_API"] or stripe.DEFAULT_API_BASE
        self._api = stripe.StripeClient(
            settings["STRIPE_KEY"],
            base_addresses={"api": self.api},
            max_network_retries=0,
            http_client=stripe.RequestsClient(timeout=15),
        ).v1

    def offers(self, payment: Payment) -> list[tuple[str, str]]:
        """None where the money might have to stay longer than Stripe holds it (about 90 days.

        The policy says how long we let it).
        """
        rules = policy.get(payment.policy_version)
        long = payment.kind == "deposit" and _calendar_days(payment.contract.days) > rules.number(
            "contract.gateway_days"
        )
        return [] if long or not payment.asked else [(name, METHODS[name]) for name in self.methods]

    def account_of(self, payee: Organisation) -> Account | None:
        profile = profile_of(db.session, payee) if payee.kind == "agency" else None
        return Account(number=profile.stripe_account) if profile and profile.stripe_account else None

    def begin(self, charge: Charge, back: str) -> GatewayStatus:
        """Ask for a payment intent."""
        asked: dict[str, Any] = {
            "amount": charge.amount,
            "currency": "cny",
            "payment_method_types": [charge.method],
            "capture_method": "automatic",
            "metadata": {"payment": charge.payment.identifier, "key": charge.key},
        }
        if charge.method != "card":
            asked |= {"confirm": True, "payment_method_data": {"type": charge.method}, "return_url": back}
            if charge.method == "wechat_pay":
                asked["payment_method_options"] = {"wechat_pay": {"client": "web"}}
        return _standing(
            self._ask(self._api.payment_intents.create, params=asked, options={"idempotency_key": charge.key})
        )

    def look(self, gateway_id: str) -> GatewayStatus:
        return _standing(
            self._ask(
                self._api.payment_intents.retrieve,
                gateway_id,
                params={"expand": ["latest_charge.balance_transaction"]},
            )
        )

    def cancel(self, gateway_id: str) -> GatewayStatus:
        return _standing(self._ask(self._api.payment_intents.cancel, gateway_id))

    def find(self, payout: Payout) -> GatewayStatus | None:
        if payout.charge is not None:
            listed = self._all(self._api.refunds.list, {"payment_intent": payout.charge.gateway_id})
            return next(
                (
                    GatewayStatus(r.id, _OVER.get(r.status, "waiting"), r.amount)
                    for r in listed
                    if _named(r) == _key(payout)
                ),
                None,
            )
        listed = self._all(self._api.transfers.list, {"transfer_group": _key(payout)})
        return next(
            (GatewayStatus(t.id, "failed" if t.reversed else "succeeded", t.amount) for t in listed), None
        )

    def send(self, payout: Payout) -> str:
        options: Any = {"idempotency_key": _key(payout)}
        about = {"payout": _key(payout)}
        if payout.charge is not None:
            params: Any = {
                "payment_intent": payout.charge.gateway_id,
                "amount": payout.amount,
                "metadata": about,
            }
            return str(self._ask(self._api.refunds.create, params=params, options=options).id)
        params = {
            "amount": payout.amount,
            "currency": "cny",
            "destination": payout.sent_to.number if payout.sent_to else "",
            "transfer_group": _key(payout),
            "metadata": about,
        }
        return str(self._ask(self._api.transfers.create, params=params, options=options).id)

    def movements(self, since: datetime) -> Iterator[Movement]:
        """Charges go by their payment intent's name."""
        for intent in self._since(self._api.payment_intents.list, since):
            if intent.status == "succeeded":
                yield Movement(intent.id, getattr(intent, "amount_received", None) or intent.amount)
        for refund in self._since(self._api.refunds.list, since):
            if refund.status not in ("failed", "canceled"):
                yield _refunded(refund)
        for transfer in self._perhaps(self._api.transfers.list, since):
            yield Movement(transfer.id, -(transfer.amount - transfer.amount_reversed))
        for dispute in self._perhaps(self._api.disputes.list, since):
            if dispute.status in TAKEN:
                yield _disputed(dispute)

    def reversals(self, gateway_id: str) -> list[Movement]:
        refunds = self._all(self._api.refunds.list, {"payment_intent": gateway_id})
        try:
            disputes = self._all(self._api.disputes.list, {"payment_intent": gateway_id})
        except Refused:  # an account without cards has no list of them
            disputes = []
        return [
            *(_refunded(r) for r in refunds if r.status not in ("failed", "canceled")),
            *(_disputed(d) for d in disputes if d.status in TAKEN),
        ]

    def _perhaps(self, how: Any, since: datetime) -> list[Any]:
        """What an account without Connect, or without cards, has no list of."""
        try:
            return self._since(how, since)
        except Refused:
            return []

    def _since(self, how: Any, since: datetime) -> list[Any]:
        """A list of the gateway's, which has the newest first, back to an instant."""
        return self._all(how, {"limit": 100}, lambda each: each.created >= since.timestamp())

    def _all(self, how: Any, params: Any, wanted: Callable[[Any], bool] = lambda each: True) -> list[Any]:
        """Every page of a list, as long as it is wanted.

        The pages after the first may fail as the first may.
        """
        found: list[Any] = self._ask(lambda: list(takewhile(wanted, how(params=params).auto_paging_iter())))
        return found

    def page_policy(self, charge: Charge) -> str:
        return (
            CARD_POLICY % {"script": _origin(self.script), "api": _origin(self.api)}
            if charge.method == "card"
            else ""
        )

    def may_report_reversal(self, kind: str) -> bool:
        return "refund" in kind or "dispute" in kind

    def read(self, payload: bytes, headers: Headers) -> WebhookEvent | None:
        try:
            text = payload.decode()
            stripe.WebhookSignature.verify_header(
                text, headers.get("Stripe-Signature", ""), self._secret, stripe.Webhook.DEFAULT_TOLERANCE
            )
        except (ValueError, stripe.SignatureVerificationError) as error:
            raise RuleViolation(N_("签名不对或已过期。")) from error
        try:
            event = json.loads(text, parse_constant=_no_number)
            json.dumps(event, allow_nan=False)  # as it is kept; `1e999` is infinite only now
            keepable = not any("\0" in text for text in _texts(event))
        except (ValueError, RecursionError):
            return None
        told, kind, about = _text(event, "id"), _text(event, "type"), _about(event)
        return WebhookEvent(told, kind, about, event) if told and kind and about and keepable else None

    def _ask(self, how: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return how(*args, **kwargs)
        except (stripe.InvalidRequestError, stripe.CardError) as error:
            raise Refused(
                N_("支付渠道没有受理:%(why)s"), why=error.user_message or error.code or ""
            ) from error
        except (
            stripe.StripeError
        ) as error:  # a time-out, a torn connection, a key it does not take: what came before is not known
            if error.http_status == 404:
                raise Refused(N_("支付渠道没有受理:%(why)s"), why="404") from error
            raise Unavailable(N_("支付渠道暂时没有回应;不会重复扣款,请稍后再试。")) from error


def _origin(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.scheme}://{parts.netloc}"


def _key(payout: Payout) -> str:
    return f"{payout.identifier}:{payout.tries}"


def _named(refund: Any) -> str:
    return str(getattr(refund.metadata, "payout", "")) if refund.metadata else ""


def _calendar_days(workdays: int) -> int:
    return -(-workdays * 7 // 5)


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number of JSON")


def _texts(thing: Any) -> Iterator[str]:
    """Every text in what was sent, and every name in it."""
    if isinstance(thing, str):
        yield thing
    elif isinstance(thing, dict | list):
        for each in [*thing, *thing.values()] if isinstance(thing, dict) else thing:
            yield from _texts(each)


def _text(thing: Any, name: str) -> str:
    """A text at this name that can be kept; an empty one for anything else."""
    found = thing.get(name) if isinstance(thing, dict) else None
    return (
        found if isinstance(found, str) and len(found) <= MOST_NAME and not UNKEEPABLE.search(found) else ""
    )


def _about(event: Any) -> str:
    """What an event is about.

    A payment intent, also of a charge, refund or dispute, or whatever else has a name.
    """
    data = event.get("data") if isinstance(event, dict) else None
    thing = data.get("object") if isinstance(data, dict) else None
    of_intent = _text(thing, "object") in ("charge", "refund", "dispute")
    return (_text(thing, "payment_intent") if of_intent else "") or _text(thing, "id")


def _refunded(refund: Any) -> Movement:
    return Movement(
        refund.id, -refund.amount, str(getattr(refund, "payment_intent", None) or ""), _named(refund)
    )


def _disputed(dispute: Any) -> Movement:
    return Movement(dispute.id, -dispute.amount, str(getattr(dispute, "payment_intent", None) or ""))


def _standing(intent: Any) -> GatewayStatus:
    action, url = intent.next_action, ""
    if action:
        for kind, field in (
            ("alipay_handle_redirect", "url"),
            ("redirect_to_url", "url"),
            ("wechat_pay_display_qr_code", "hosted_instructions_url"),
        ):
            url = url or str(getattr(getattr(action, kind, None), field, "") or "")
    moved = getattr(getattr(intent, "latest_charge", None), "balance_transaction", None)
    fee = int(getattr(moved, "fee", 0) or 0)
    return GatewayStatus(
        intent.id, _OVER.get(intent.status, "waiting"), intent.amount, fee, url, intent.client_secret or ""
    )
