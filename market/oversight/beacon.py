"""A round of drand's quicknet, asked over HTTP: what it brings to a draw that named it (models/chance.py)."""

from __future__ import annotations

import json
import logging

from flask import current_app

from market import http_client
from market.http_client import Declined
from market.transaction import outside
from models import chance
from models.base import Json
from models.errors import MalformedResponse, Problem, Unavailable
from models.i18n import N_

log = logging.getLogger(__name__)
PATIENCE, MOST = 10.0, 4096  # seconds for an answer, and its bytes: a round has about 250


def addresses() -> list[str]:
    """Where rounds are asked for, in the order they are tried; none where there is no network to ask."""
    return list(current_app.config["BEACONS"].split())


def brought(source: Json) -> list[Json]:
    """What the named round brings, from the first address whose answer is verified; outside of transactions.

    Unavailable where no address has it (yet): it is asked again. Nobody has to be believed: what is not
    signed by drand is passed over, as is one that does not answer.
    """
    outside("a beacon")
    for address in addresses():
        url = f"{address.rstrip('/')}/{source['chain']}/public/{source['round']}"
        try:
            return chance.from_round(source, _signature(url))
        except (Declined, OSError, ValueError, Problem) as problem:
            log.warning("beacon %s: %s", url, problem)
    raise Unavailable(N_("现在取不到所公布轮次的随机数,稍后再取。"))


def _signature(url: str) -> str:
    """The signature an answer names, as drand writes it; whether it is right is not asked here."""
    allowed = current_app.config["EXTERNAL_HOSTS"].split()
    said = json.loads(http_client.get(url, token="", patience=PATIENCE, most=MOST, allowed=allowed))
    signature = said.get("signature") if isinstance(said, dict) else None
    if not isinstance(signature, str):
        raise MalformedResponse(N_("这不是所公布轮次的随机数:签名不符。"))
    return signature
