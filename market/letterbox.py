"""The way out for letters: an SMTP server, or, where none is set, a page administrators read them on."""

from __future__ import annotations

import smtplib
import ssl
from email.message import EmailMessage
from email.utils import formataddr
from typing import Any
from urllib.parse import unquote, urlsplit

from flask import current_app, has_request_context
from flask_babel import get_locale
from sqlalchemy.orm import Session

from market.transaction import outside
from models.letters import Letter

PATIENCE = 20.0  # seconds a mail server may take


def post(session: Session, kind: str, address: str, **data: Any) -> None:
    """Put down a letter within the act it follows; `market/accounts/letters.py` has the text of each kind."""
    locale = str(get_locale()) if has_request_context() else current_app.config["BABEL_DEFAULT_LOCALE"]
    session.add(Letter(kind=kind, address=address, locale=locale, data=data))


def sends() -> bool:
    """Whether letters go out by mail."""
    return bool(current_app.config.get("MAIL"))


def send(address: str, subject: str, text: str) -> None:
    """Hand one letter to the mail server. Raises what smtplib raises if it is not taken."""
    outside("the mail server is asked")
    message = EmailMessage()
    message["From"] = formataddr(("公信", current_app.config["MAIL_FROM"]))
    message["To"], message["Subject"] = address, subject
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(text)
    with _server(current_app.config["MAIL"]) as server:
        server.send_message(message)


def _server(url: str) -> smtplib.SMTP:
    """A connection to `smtps://user:password@host:465`, `smtp+starttls://…:587`, or, in the clear, `smtp://…:25` beside the market."""
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
