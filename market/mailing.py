"""Letters by mail: kept with the act that sends them, sent by the jobs, and until a mail server is set shown on the outbox page.

A letter is a kind registered here by the room it belongs to: its subject, its words, and the link in it, which is made only when the letter
is sent or shown.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from email.message import EmailMessage
from email.policy import SMTP
from functools import partial
from urllib.parse import unquote, urlsplit

from flask import current_app, has_request_context
from flask_babel import force_locale, get_locale
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.extensions import db
from market.pieces import each
from market.transaction import outside, transaction
from models import clock
from models.accounts import User
from models.failures import Attempt
from models.mails import Mail, too_many
from models.text import N_, Problem

PATIENCE = 20  # seconds for a mail server to answer
AT_ONCE = 200
TOO_OLD = timedelta(days=7)  # a letter from a time without a mail server is nobody's news


class MailAway(Problem):
    """The mail server does not answer, or does not take a letter now."""

    status = 503


@dataclass(frozen=True)
class Letter:
    """A kind of letter. `link` makes the path it leads to of the letter; the words have `%(name)s` places for its data, `%(who)s` and
    `%(link)s`."""

    subject: str
    words: str
    link: Callable[[Mail], str] = lambda mail: "/my"


LETTERS: dict[str, Letter] = {}


@dataclass(frozen=True)
class Written:
    """A letter as it is read."""

    subject: str
    text: str
    link: str
    path: str


def post(session: Session, user: User, kind: str, to: str, /, *, always: bool = False, **data: str) -> bool:
    """Send a letter with this transaction, in the language of whoever acts. False where there is no address, or this person had too many of the
    kind today; `always` is for what nobody outside can bring about."""
    if not to or (not always and too_many(session, kind, user)):
        return False
    locale = str(get_locale()) if has_request_context() else current_app.config["BABEL_DEFAULT_LOCALE"]
    session.add(Mail(user_id=user.id, to=to, kind=kind, locale=locale, data=data))
    return True


def written(mail: Mail) -> Written:
    """The letter in its reader's language."""
    letter = LETTERS[mail.kind]
    path = letter.link(mail)
    link = current_app.config["PUBLIC_URL"] + path
    with force_locale(mail.locale):
        said = {name: _(value) if name == "what" else value for name, value in mail.data.items()}
        places = {**said, "who": mail.user.name, "link": link}
        return Written(_(letter.subject), _(letter.words, **places), link, path)


def shown_here() -> bool:
    """Whether letters stay on the outbox page: the demonstration and a trial send nothing to anybody."""
    return not current_app.config["MAIL"]


def work() -> int:
    """Send what waits. Returns how many letters went; one that fails is tried again by itself."""
    if shown_here():
        return 0
    db.session.rollback()
    unsent = select(Mail).where(Mail.sent_at.is_(None), Mail.created_at > clock.now() - TOO_OLD)
    waiting = list(db.session.scalars(unsent.order_by(Mail.id).limit(AT_ONCE)))
    letters = {Attempt("mails", "send", "mail", str(mail.id)): partial(_send, mail.id, _message(mail)) for mail in waiting}
    db.session.rollback()
    return each("mails", letters)


def _message(mail: Mail) -> EmailMessage:
    """The letter as it travels; it keeps its name, so that a server that was given it twice can tell."""
    said, message = written(mail), EmailMessage(policy=SMTP)
    sender = current_app.config["MAIL_FROM"]
    message["From"], message["To"], message["Subject"] = sender, mail.to, said.subject
    message["Date"] = mail.created_at
    message["Message-ID"] = f"<{mail.kind}-{mail.id}-{mail.created_at:%Y%m%d%H%M%S%f}@{sender.rpartition('@')[2]}>"
    message["Auto-Submitted"] = "auto-generated"
    message.set_content(said.text)
    return message


def _send(number: int, message: EmailMessage) -> None:
    """To the server, outside of any transaction, and then on the record: killed between the two it goes out once more."""
    outside("a letter is sent")
    parts = urlsplit(current_app.config["MAIL"])
    known = ssl.create_default_context()  # whom we hand letters and a password to has to show who it is
    kind = partial(smtplib.SMTP_SSL, context=known) if parts.scheme == "smtps" else smtplib.SMTP
    try:
        with kind(parts.hostname or "", parts.port or 0, timeout=PATIENCE) as server:
            if parts.scheme == "smtp+starttls":
                server.starttls(context=known)
            if parts.username:
                server.login(unquote(parts.username), unquote(parts.password or ""))
            server.send_message(message)
    except (OSError, smtplib.SMTPException) as error:
        raise MailAway(N_("邮件服务器没有收下这封信,稍后会再试。")) from error
    with transaction() as session:
        session.get_one(Mail, number).sent_at = clock.now()
