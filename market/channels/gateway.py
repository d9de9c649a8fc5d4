"""A channel somebody else runs: short messages, or a WeChat service account, behind a gateway over HTTP.

What it is sent is JSON, by POST under a bearer token: `id` (the same when it is tried again), `channel`,
`to`, `subject`, `text`, `link`. Any answer of 200 to 299 means it took it.
"""

from __future__ import annotations

import logging

from market.channels.interface import Channel, ChannelUnavailable
from market.http_client import Declined, ask
from market.transaction import outside
from models.i18n import N_

log = logging.getLogger(__name__)
PATIENCE = 20.0  # seconds a gateway may take
MOST = 64 * 1024  # bytes of its answer
FOR_GOOD = (400, 404, 410, 422)  # what no other try makes better: the address, or the text, is refused
AWAY = N_("%(channel)s网关没有收下这条通知,稍后会再试。")


class GatewayChannel(Channel):
    """One gateway at one address."""

    def __init__(self, *, name: str, label: str, address_label: str, form: str, url: str, token: str) -> None:
        self.name, self.label, self.address_label, self.form = name, label, address_label, form
        self._url, self._token = url, token

    def send(self, address: str, subject: str, text: str, link: str, name: str) -> None:
        outside(f"the gateway for {self.name} is asked")
        told = {
            "id": name,
            "channel": self.name,
            "to": address,
            "subject": subject,
            "text": text,
            "link": link,
        }
        try:
            ask("POST", self._url, told, token=self._token, patience=PATIENCE, most=MOST)
        except Declined as error:
            if error.status not in FOR_GOOD:
                raise ChannelUnavailable(AWAY, channel=self.label) from error
            log.warning("the gateway for %s refuses a notice for good: %s", self.name, error)
        except OSError as error:
            raise ChannelUnavailable(AWAY, channel=self.label) from error
        except ValueError:
            log.info("the gateway for %s took a notice and answered no JSON", self.name)
