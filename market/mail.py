"""The way out for letters: an SMTP server, or, where none is set, pages.

An administrator's of all of them, everybody's of their own.
"""

from __future__ import annotations

import logging
import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formataddr
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from flask import current_app, has_request_context
from flask_babel import get_locale
from sqlalchemy.orm import Session

from market.extensions import place
from market.transaction import outside
from models.accounts import User
from models.errors import Unavailable
from models.i18n import N_
from models.letters import Letter

log = logging.getLogger(__name__)
PATIENCE = 20.0  # seconds a mail server may take
AWAY = N_("邮件服务器没有收下这封信,稍后会再试。")


class Words(NamedTuple):
    """What a letter says; `path` is the page of ours it leads to, if it leads to one."""

    subject: str
    text: str
    path: str = ""


class MailUnavailable(Unavailable):
    """The mail server does not answer, or does not take a letter now."""


def post(
    session: Session,
    kind: str,
    address: str,
    user: User | None = None,
    /,
    *,
    channel: str = "mail",
    **data: Any,
) -> Letter:
    """Put down a letter within the act it follows, about this person's account if it is.

    `channel` is the way it goes. `market/accounts/jobs.py` has the text of each kind.
    """
    locale = str(get_locale()) if has_request_context() else current_app.config["BABEL_DEFAULT_LOCALE"]
    network = place() if has_request_context() else ""
    letter = Letter(
        kind=kind,
        channel=channel,
        address=address,
        locale=locale,
        data=data,
        user=user,
        network=network,
    )
    session.add(letter)
    return letter


def post_to_holder(session: Session, kind: str, user: User) -> None:
    """A letter about somebody's account to the address that was shown to be its own.

    One that is only claimed is another's box.
    """
    if user.email:
        post(session, kind, user.email)


def sends() -> bool:
    """Whether letters go out by mail."""
    return bool(current_app.config.get("MAIL"))


def send(address: str, subject: str, text: str, name: str) -> None:
    """Hand one letter to the mail server.

    It keeps its `name`, so that a server that was given it twice can tell. MailAway where it is to be tried
    again; an address the server says is nobody's is nobody's.
    """
    outside("the mail server is asked")
    sender, message = current_app.config["MAIL_FROM"], EmailMessage()
    message["From"] = formataddr(("公信", sender))
    message["To"], message["Subject"] = address, subject
    message["Message-ID"] = f"<{name}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    try:
        with _server(current_app.config["MAIL"]) as server:
            server.send_message(message)
    except smtplib.SMTPRecipientsRefused as error:
        if not all(code >= 500 for code, _said in error.recipients.values()):
            raise MailUnavailable(AWAY) from error
        log.warning("the mail server refuses an address for good: %s", error)
    except (OSError, smtplib.SMTPException) as error:
        raise MailUnavailable(AWAY) from error


def _server(url: str) -> smtplib.SMTP:
    """A connection to the mail server.

    `smtps://user:passwordhost:465`, `smtp+starttls://…:587`, or, in the clear, `smtp://…:25` beside the
    market.
    """
    parts = urlsplit(url)
    host, context = parts.hostname or "", ssl.create_default_context()
    if parts.scheme == "smtps":
        server: smtplib.SMTP = smtplib.SMTP_SSL(host, parts.port or 465, timeout=PATIENCE, context=context)
    else:
        encrypted = parts.scheme == "smtp+starttls"
        server = smtplib.SMTP(host, parts.port or (587 if encrypted else 25), timeout=PATIENCE)
        if encrypted:
            server.starttls(context=context)
    if parts.username:
        server.login(unquote(parts.username), unquote(parts.password or ""))
    return server
