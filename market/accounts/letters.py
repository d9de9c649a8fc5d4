"""What letters about accounts say, and the job that writes and sends them. Whether an address is anybody's is looked up here, where nobody waits."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from datetime import timedelta
from functools import partial

from flask import current_app
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from market import letterbox
from market.accounts.identity import known_to_all
from market.demo import people
from market.extensions import db
from market.pieces import each
from market.transaction import transaction
from models import clock, letters, sessions
from models.accounts import User
from models.failures import Attempt
from models.holders import with_address
from models.letters import Letter, Reset
from models.sessions import token_hash

RESET_MINUTES = 30
Text = tuple[str, str] | None  # subject and words, or nothing to send


def _forgotten(session: Session, letter: Letter) -> Text:
    """A way to another password, for whoever has this address; the demonstration's passwords are everybody's and stay."""
    user = next((each for each in session.scalars(with_address(letter.address)) if not each.awaited), None)
    if user is None or letter.address in {email for _role, email in people.ACCOUNTS} or known_to_all(letter.address):
        return None
    token = secrets.token_urlsafe(32)
    session.add(Reset(token_hash=token_hash(token), user_id=user.id, until=clock.now() + timedelta(minutes=RESET_MINUTES)))
    link = f"{current_app.config['PUBLIC_URL']}/forgotten/{token}"
    return _("设置新密码"), _(
        "有人(多半是您)在平台上说忘记了密码。请在 %(minutes)d 分钟内打开下面的链接设置新密码,只能用一次:\n\n%(link)s\n\n不是您的话不用理会,密码不会变。",
        minutes=RESET_MINUTES, link=link,
    )  # fmt: skip


def _known(session: Session, letter: Letter) -> Text:
    return _("您已经有账号"), _("有人用您的邮箱在平台上注册。您的邮箱已经有账号:如果是您本人,请用原来的密码登录,忘记了就在登录页点“忘记密码”。不是您的话不用理会,您的账号没有变化。")


def _delegated(session: Session, letter: Letter) -> Text:
    return _("委托采购"), _("“%(buyer)s”委托您在平台上代为采购。用这个邮箱登录或注册并确认邮箱后即可办理。", buyer=letter.data["buyer"])


def _appointed(session: Session, letter: Letter) -> Text:
    return _("请您评审"), _("“%(buyer)s”请您评审“%(project)s”。用这个邮箱登录或注册并确认邮箱后即可办理。", buyer=letter.data["buyer"], project=letter.data["project"])


def _password_changed(session: Session, letter: Letter) -> Text:
    return _("密码已修改"), _("您在平台上的密码刚刚改了,其他登录都已退出。不是您改的话,请马上在登录页点“忘记密码”重设,并联系平台。")


def _factor_changed(session: Session, letter: Letter) -> Text:
    return _("第二重验证有变动"), _("您账号的第二重验证(验证器、通行密钥或恢复码)刚刚有变动。不是您操作的话,请马上修改密码,并联系平台。")


def _factor_tried(session: Session, letter: Letter) -> Text:
    return _("有人知道您的密码"), _("有人用正确的密码登录您的账号,但多次填错验证码。不是您的话,请马上修改密码。")


TEXTS: dict[str, Callable[[Session, Letter], Text]] = {
    "forgotten": _forgotten,
    "known": _known,
    "delegated": _delegated,
    "appointed": _appointed,
    "password_changed": _password_changed,
    "factor_changed": _factor_changed,
    "factor_tried": _factor_tried,
}


def work() -> int:
    """Write and send every letter that waits. Returns how many were dealt with."""
    db.session.rollback()
    waiting = letters.waiting(db.session)
    db.session.rollback()
    return each("letters", {Attempt("letters", "send", "letter", str(key)): partial(_deal_with, key) for key in waiting})


def _deal_with(key: int) -> None:
    """Write it, send it outside of any transaction, and note that it is done: killed in between, it is sent once more with another token."""
    with transaction() as session:
        letter = session.get_one(Letter, key)
        with force_locale(letter.locale):
            text = None if letters.too_many(session, letter) else TEXTS[letter.kind](session, letter)
        if text is None or not letterbox.sends():
            letter.done_at, (letter.subject, letter.text) = clock.now(), text or (None, None)
            return
    letterbox.send(letter.address, *text)
    with transaction() as session:
        session.get_one(Letter, key).done_at = clock.now()


def tidy() -> None:
    """The night's: drop letters, ways to another password and sessions that are over."""
    with transaction() as session:
        letters.forget_old(session)
        sessions.end_old(session)


def user_of(session: Session, token: str, *, lock: bool = False) -> User | None:
    """Whoever this way to another password is for, as long as it is open; with `lock` nobody else goes it meanwhile."""
    query = select(Reset).where(Reset.token_hash == token_hash(token), Reset.until > clock.now())
    found = session.scalars(query.with_for_update() if lock else query).one_or_none()
    return session.get(User, found.user_id) if found else None
