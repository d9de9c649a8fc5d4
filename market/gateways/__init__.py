"""The ways money takes, behind one interface.

Bank transfer is always there; a gateway that takes and sends money by itself stands beside it where one is
set. A new one is a class in this package and a line in `configured`.
"""

from __future__ import annotations

from typing import Any

from flask import current_app

from market.gateways.bank import BankTransfer
from market.gateways.interface import (
    Gateway,
    GatewayStatus,
    OnlineGateway,
    Refused,
    WebhookEvent,
)
from market.gateways.stripe import StripeGateway
from models.errors import NotFound
from models.i18n import N_
from models.payments.payment import Payment

__all__ = [
    "BankTransfer",
    "Gateway",
    "GatewayStatus",
    "OnlineGateway",
    "Refused",
    "WebhookEvent",
    "bank_transfer",
    "configured",
    "gateways",
    "get_gateway",
    "get_online_gateway",
    "online_methods",
]


def configured(settings: dict[str, Any]) -> dict[str, Gateway]:
    """The gateways these settings open, by name."""
    made: list[Gateway] = [BankTransfer(settings)]
    if settings["STRIPE_KEY"]:
        made.append(StripeGateway(settings))
    return {gateway.name: gateway for gateway in made}


def gateways() -> list[Gateway]:
    """Every way that is open, the bank first."""
    return list(current_app.extensions["gateways"].values())


def bank_transfer() -> BankTransfer:
    """Bank transfer."""
    found: BankTransfer = current_app.extensions["gateways"][BankTransfer.name]
    return found


def get_gateway(name: str) -> Gateway | None:
    """The gateway of this name, if it is open."""
    found: Gateway | None = current_app.extensions["gateways"].get(name)
    return found


def get_online_gateway(name: str) -> OnlineGateway:
    """The gateway of this name that takes money by itself; NotFound where it is not open."""
    found = get_gateway(name)
    if not isinstance(found, OnlineGateway):
        raise NotFound(N_("没有这个页面。"))
    return found


def online_methods(payment: Payment) -> dict[str, tuple[OnlineGateway, str]]:
    """The methods a payment may be made by online now: each with its gateway and label."""
    return {
        method: (way, label)
        for way in gateways()
        if isinstance(way, OnlineGateway)
        for method, label in way.offers(payment)
    }
