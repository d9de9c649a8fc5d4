"""What localstripe has not: Connect, methods that lead elsewhere, refunds that fail, disputes.

Answers in the shapes of the public API reference (docs.stripe.com/api), over real HTTP to the real client.
"""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import parse_qsl

from tests.payments.gateway import DEPOSIT

INTENT, REFUND, TRANSFER = (
    "pi_3MtwBwLkdIwHu7ix28a3tqPa",
    "re_1Nispe2eZvKYlo2Cd31jOCgZ",
    "tr_1MiN3gLkdIwHu7ixNCZvFdgA",
)
CLOSED = "acct_closed000"
NEXT = {
    "alipay": {
        "type": "alipay_handle_redirect",
        "alipay_handle_redirect": {
            "url": "https://hooks.stripe.com/redirect/authenticate/src_1",
            "return_url": "x",
        },
    },
    "wechat_pay": {
        "type": "wechat_pay_display_qr_code",
        "wechat_pay_display_qr_code": {
            "data": "weixin://wxpay/bizpayurl?pr=xxx",
            "hosted_instructions_url": "https://payments.stripe.com/qr/instructions/x",
            "image_data_url_png": "data:image/png;base64,x",
            "image_url_png": "https://qr.stripe.com/x.png",
            "image_url_svg": "https://qr.stripe.com/x.svg",
        },
    },
}


class Recorded:
    """The gateway as a WSGI application.

    It keeps what it was asked. `paid` is whether the buyer has paid; what is in `silent` it does, and answers
    with an error of its own.
    """

    def __init__(self) -> None:
        self.asked: list[tuple[str, str, dict[str, str], str]] = []
        self.made: dict[str, list[dict[str, Any]]] = {"refunds": [], "transfers": [], "disputes": []}
        self.silent: set[tuple[str, str]] = set()
        self.paid = False

    def __call__(self, environ: Any, start: Any) -> list[bytes]:
        size = int(environ.get("CONTENT_LENGTH") or 0)
        form = dict(
            parse_qsl(environ["wsgi.input"].read(size).decode() if size else environ.get("QUERY_STRING", ""))
        )
        method, (kind, *one) = environ["REQUEST_METHOD"], environ["PATH_INFO"].split("/")[2:]
        self.asked.append((method, kind, form, environ.get("HTTP_IDEMPOTENCY_KEY", "")))
        if kind == "payment_intents" and (one or method == "POST"):
            answer, status = self._intent(form.get("payment_method_data[type]", "alipay")), "200 OK"
        else:
            answer, status = self._answer(method, kind, form), "200 OK"
        if "error" in answer:
            status = "400 Bad Request"
        if (method, kind) in self.silent:
            answer, status = (
                {"error": {"type": "api_error", "message": "An unknown error occurred"}},
                "500 Internal Server Error",
            )
        start(status, [("Content-Type", "application/json")])
        return [json.dumps(answer).encode()]

    def posted(self, kind: str) -> list[tuple[dict[str, str], str]]:
        """What was asked to be made of a kind, each with its idempotency key."""
        return [(form, key) for method, what, form, key in self.asked if (method, what) == ("POST", kind)]

    def _answer(self, method: str, kind: str, form: dict[str, str]) -> dict[str, Any]:
        if method == "GET":
            group = form.get("transfer_group")
            made = self.made[kind] if kind != "payment_intents" else [self._intent("alipay")]
            listed = [each for each in made if group is None or each["transfer_group"] == group]
            return {"object": "list", "url": f"/v1/{kind}", "has_more": False, "data": listed}
        if form.get("destination") in (CLOSED, ""):
            return {
                "error": {
                    "type": "invalid_request_error",
                    "code": "account_invalid",
                    "message": "No such destination",
                }
            }
        again = [each for each in self.made[kind] if each["metadata"]["payout"] == form["metadata[payout]"]]
        if not again:
            self.made[kind].append(self._refund(form) if kind == "refunds" else self._transfer(form))
        return again[0] if again else self.made[kind][-1]

    def _intent(self, method: str) -> dict[str, Any]:
        moved = {
            "object": "charge",
            "id": "ch_3M",
            "balance_transaction": {"object": "balance_transaction", "id": "txn_1M", "fee": 2_400},
        }
        return {
            "id": INTENT,
            "object": "payment_intent",
            "created": 1_795_000_000,
            "amount": DEPOSIT,
            "amount_received": DEPOSIT if self.paid else 0,
            "currency": "cny",
            "livemode": False,
            "status": "succeeded" if self.paid else "requires_action",
            "client_secret": f"{INTENT}_secret_x",
            "latest_charge": moved if self.paid else None,
            "next_action": None if self.paid else NEXT[method],
        }

    def _refund(self, form: dict[str, str]) -> dict[str, Any]:
        return {
            "id": REFUND,
            "object": "refund",
            "amount": int(form["amount"]),
            "charge": "ch_3M",
            "created": 1_795_000_000,
            "currency": "cny",
            "metadata": {"payout": form["metadata[payout]"]},
            "payment_intent": form["payment_intent"],
            "status": "succeeded",
        }

    def _transfer(self, form: dict[str, str]) -> dict[str, Any]:
        return {
            "id": TRANSFER,
            "object": "transfer",
            "amount": int(form["amount"]),
            "amount_reversed": 0,
            "currency": form["currency"],
            "destination": form["destination"],
            "livemode": False,
            "reversed": False,
            "transfer_group": form["transfer_group"],
            "created": 1_795_000_000,
            "metadata": {"payout": form["metadata[payout]"]},
        }


def dispute(amount: int) -> dict[str, Any]:
    """A buyer's bank takes a charge back."""
    return {
        "id": "dp_1Nv0FGQ9RKHgCVdK",
        "object": "dispute",
        "amount": amount,
        "charge": "ch_3M",
        "created": 1_795_000_000,
        "currency": "cny",
        "payment_intent": INTENT,
        "reason": "general",
        "status": "needs_response",
    }
