"""What a channel is: somebody's address, and a short text that is brought there."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod

from models import spelling
from models.errors import RuleViolation, Unavailable
from models.i18n import N_


class ChannelUnavailable(Unavailable):
    """The other side does not answer, or takes nothing now: it is to be tried again."""


class Channel(ABC):
    """A way to a person.

    `digests`: whether a day's notices may go by it at once. `form` is what an address of it looks like, empty
    where the address is the account's own.
    """

    name: str
    label: str
    digests: bool = False
    address_label: str = ""
    form: str = ""

    def sends(self) -> bool:
        """Whether it really leaves; what does not is there for its reader on a page."""
        return True

    @abstractmethod
    def send(self, address: str, subject: str, text: str, link: str, name: str) -> None:
        """Bring one text to one address; `name` is the same when it is tried again.

        ChannelUnavailable, or another Unavailable, where it is to be tried again. Called outside of any
        transaction.
        """

    def address(self, told: str) -> str:
        """An address as it is kept; RuleViolation (field `address`) for one that cannot be one."""
        found = spelling.plain(told).strip().replace(" ", "").removeprefix("+86")
        if not re.fullmatch(self.form, found):
            raise RuleViolation(N_("这不像是一个%(what)s,请检查。"), "address", what=self.address_label)
        return found
