"""Mail: to the account's own address, by the server of the letters (market/mail.py)."""

from __future__ import annotations

from market import mail
from market.channels.interface import Channel
from models.i18n import N_


class MailChannel(Channel):
    """Letters; where no server is set they stay on their reader's /outbox."""

    name, label, digests = "mail", N_("邮件"), True

    def sends(self) -> bool:
        return mail.sends()

    def send(self, address: str, subject: str, text: str, link: str, name: str) -> None:
        mail.send(address, subject, text, name)
