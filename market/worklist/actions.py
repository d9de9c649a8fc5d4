"""Reading what one was told, and choosing how one hears of it."""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from market import mail
from market.channels import channels
from market.config import LOCALES
from market.transaction import action, sealing_key
from models import letters, notice_settings, notifications
from models.accounts import User
from models.actors import Actor
from models.errors import NotFound, RuleViolation
from models.i18n import N_
from models.notice_settings import ContactAddress, NoticeSettings, Wishes


def _me(session: Session, actor: Actor) -> User:
    assert actor.user_id is not None
    return session.get_one(User, actor.user_id)


@action
def read_all(session: Session, actor: Actor) -> str:
    """All that the actor's organisation was told of so far is read."""
    if actor.organisation_id is not None:
        notifications.read_all(session, actor.organisation_id)
    return ""


@action
def choose(session: Session, actor: Actor, *, locale: str, wishes: dict[str, dict[str, str]]) -> str:
    """How the actor hears of each kind of notice by each channel, and in which language."""
    notice_settings.check_wishes(wishes, {each.name: each.digests for each in channels().values()})
    if locale not in LOCALES:
        raise RuleViolation(N_("请选择一种语言。"), "locale")
    me = _me(session, actor)
    mine = notice_settings.settings_of(session, me)
    if mine is None:
        session.add(NoticeSettings(user_id=me.id, locale=locale, wishes=Wishes(wishes)))
    else:  # what was chosen for a channel that is out of use is kept
        mine.locale, mine.wishes = locale, Wishes({**mine.wishes.chosen, **wishes})
    return me.handle


def _contact(session: Session, actor: Actor, channel: str) -> ContactAddress | None:
    wanted = select(ContactAddress).where(
        ContactAddress.user_id == actor.user_id, ContactAddress.channel == channel
    )
    return session.scalars(wanted.with_for_update()).one_or_none()


@action
def ask_address(session: Session, actor: Actor, channel: str, *, address: str) -> str:
    """Name an address of a channel; a code is sent there, and nothing else before it comes back."""
    way = channels().get(channel)
    if way is None or not way.form:
        raise NotFound(N_("没有这样的通知方式。"))
    address, me = way.address(address), _me(session, actor)
    if letters.had_enough(session, "code", me):
        raise RuleViolation(N_("今天发送的验证码太多了,请明天再试。"), "address")
    mine = _contact(session, actor, channel)
    if mine is None:
        mine = ContactAddress(user_id=me.id, channel=channel, address=address, tries=0)
        session.add(mine)
    mine.address, mine.confirmed_at, mine.code_hash, mine.code_until = address, None, None, None
    mail.post(session, "code", address, me, channel=channel)
    return channel


@action
def confirm_address(session: Session, actor: Actor, channel: str, *, code: str) -> str:
    """Bring back the code that was sent; a wrong one counts, and is said by `wrong`."""
    mine = _contact(session, actor, channel)
    if mine is None:
        raise NotFound(N_("没有这样的通知方式。"))
    return channel if mine.confirmed_at is not None or mine.try_code(code, sealing_key()) else ""


@action
def forget_address(session: Session, actor: Actor, channel: str) -> str:
    """Nothing is sent there any more."""
    mine = _contact(session, actor, channel)
    if mine is not None:
        session.delete(mine)
    return channel
