"""What letters of notices say. No more than their page: what happened, to what, and where to read it."""

from __future__ import annotations

from flask import current_app
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.event_text import notice_hint, notice_words
from market.mail import Words
from market.transaction import sealing_key
from models.letters import Letter
from models.notice_settings import CODE_MINUTES, ContactAddress
from models.notifications import KINDS, Notification

LINES = 40  # of a digest
TITLE = 120  # characters of a title in a subject


def notice(session: Session, letter: Letter) -> Words | None:
    """One notice, unless somebody has read it by now."""
    found = session.get(Notification, letter.data["notification"])
    if found is None or (found.read_at is not None and letter.done_at is None):
        return None
    said, title = notice_words(found.event, found.kind), str(found.event.data.get("title") or "")
    path, about, hint = f"/my/notices/{found.id}", found.event.case_identifier, notice_hint(found.event)
    return Words(
        f"{said} {title[:TITLE]}".strip(),
        "\n\n".join(filter(None, [f"{said} {title}({about})", hint, _where(path), _how()])),
        path,
    )


def _line(notice: Notification) -> str:
    title = notice.event.data.get("title") or ""
    return f"{notice_words(notice.event, notice.kind)} {title}({notice.event.case_identifier})"


def digest(session: Session, letter: Letter) -> Words | None:
    """The day's notices nobody has read, by what they are about."""
    wanted = select(Notification).where(Notification.id.in_(letter.data["notifications"]))
    found = [
        each
        for each in session.scalars(wanted.order_by(Notification.id.desc()))
        if each.read_at is None or letter.done_at is not None
    ]
    if not found:
        return None
    parts = []
    for kind, label in KINDS.items():
        lines = [f"· {_line(each)}" for each in found[:LINES] if each.kind == kind]
        if lines:
            parts.append("\n".join([f"{_(label)}:", *lines]))
    if len(found) > LINES:
        parts.append(_("还有 %(count)d 条,请在通知页查看。", count=len(found) - LINES))
    path = "/my/notices"
    return Words(
        _("您有 %(count)d 条新通知", count=len(found)),
        "\n\n".join([*parts, _where(path), _how()])[:4000],
        path,
    )


def code(session: Session, letter: Letter) -> Words | None:
    """The code that shows an address to be somebody's; the one before is not good any more."""
    wanted = select(ContactAddress).where(
        ContactAddress.user_id == letter.user_id, ContactAddress.channel == letter.channel
    )
    found = session.scalars(wanted).one_or_none()
    if found is None or found.address != letter.address or found.confirmed_at is not None:
        return None
    return Words(
        _("公信平台验证码"),
        _(
            "验证码 %(code)s,%(minutes)d 分钟内在“怎样收到通知”页填写。不是您本人操作的话不用理会。",
            code=found.new_code(sealing_key()),
            minutes=CODE_MINUTES,
        ),
    )


def _where(path: str) -> str:
    return f"{current_app.config['PUBLIC_URL']}{path}"


def _how() -> str:
    return _("怎样收到通知,可以在 %(link)s 更改。", link=_where("/my/notices/settings"))
