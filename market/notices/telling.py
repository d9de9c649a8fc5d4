"""From notices to people: whoever wishes to hear of one at once gets a letter, the others a line of a digest.

Put down in the transaction that makes the notices, and sent after it like every other letter
(market/accounts/jobs.py).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from flask import current_app
from sqlalchemy import delete, insert, select
from sqlalchemy.orm import Session

from market.channels import channels
from market.chunks import chunk_size
from market.demonstration import progress
from market.extensions import db
from market.identity import known_to_all
from models import notifications
from models.accounts import Membership, User
from models.events import Event
from models.letters import Letter
from models.notice_settings import ContactAddress, DigestEntry, NoticeSettings, Wishes
from models.notifications import Notification

MOST_IN_A_DIGEST = 200  # notices; the page has all


def tell(session: Session, happened: list[Event]) -> None:
    """Event handler: notices for all whom the events name, and what people want to have sent of them."""
    put_down(session, notifications.notify(session, happened))


def put_down(session: Session, notices: list[Notification]) -> None:
    """Letters and lines of digests about these new notices, as each member of who was told wishes it.

    Not while a demonstration is being played: all of that is past. Whoever did it himself is not written to.
    """
    if not notices or progress.is_playing(session):
        return
    members, wishes, addresses = _people(session, {notice.organisation_id for notice in notices})
    lines = []
    for notice in notices:
        for user, email in members[notice.organisation_id]:
            if user == notice.event.actor_user_id:
                continue
            chosen, locale = wishes.get(user, _USUAL)
            for channel in channels().values():
                address = addresses.get((user, channel.name)) if channel.form else email
                when = chosen.when(channel.name, notice.kind)
                if address and when == "now":
                    session.add(
                        Letter(
                            kind="notice",
                            channel=channel.name,
                            address=address,
                            locale=locale or current_app.config["BABEL_DEFAULT_LOCALE"],
                            data={"notification": notice.id},
                            user_id=user,
                        )
                    )
                elif address and when == "daily":
                    lines.append({"user_id": user, "notification_id": notice.id})
    if lines:
        session.execute(insert(DigestEntry), lines)


_USUAL = (Wishes(), "")
People = tuple[
    defaultdict[int, list[tuple[int, str]]], dict[int, tuple[Wishes, str]], dict[tuple[int, str], str]
]


def _people(session: Session, organisations: set[int]) -> People:
    """The members of each who have shown a mail address, with it; what each wishes; their other addresses."""
    rows = session.execute(
        select(Membership.organisation_id, User.id, User.email)
        .join(User, User.id == Membership.user_id)
        .where(
            Membership.organisation_id.in_(organisations), User.email.is_not(None), User.blocked_at.is_(None)
        )
        .order_by(User.id)
    )
    members: defaultdict[int, list[tuple[int, str]]] = defaultdict(list)
    for organisation, user, email in rows:
        if not known_to_all(email or ""):
            members[organisation].append((user, email or ""))
    keys = {user for found in members.values() for user, _email in found}
    settings = session.scalars(select(NoticeSettings).where(NoticeSettings.user_id.in_(keys)))
    shown = select(ContactAddress).where(
        ContactAddress.user_id.in_(keys), ContactAddress.confirmed_at.is_not(None)
    )
    return (
        members,
        {each.user_id: (each.wishes, each.locale) for each in settings},
        {(each.user_id, each.channel): each.address for each in session.scalars(shown)},
    )


def send_digests() -> int:
    """The night's: a letter for everybody with notices that waited for it, some people at a time.

    Killed in between, each has it once: the letter and the end of the waiting are one transaction. Returns
    how many letters.
    """
    size, count, after = chunk_size("digests", most=100), 0, 0
    while True:
        waiting = select(DigestEntry.user_id).where(DigestEntry.user_id > after).distinct()
        people = list(db.session.scalars(waiting.order_by(DigestEntry.user_id).limit(size.size)))
        db.session.rollback()
        if not people:
            return count
        with size.piece() as session:
            made = list(_digests(session, people))
            session.add_all(made)
        count, after = count + len(made), people[-1]


def _digests(session: Session, people: list[int]) -> Iterator[Letter]:
    """Their digests, and nothing waits for them any more."""
    found: dict[int, list[int]] = defaultdict(list)
    taken = delete(DigestEntry).where(DigestEntry.user_id.in_(people))
    rows: Any = session.execute(taken.returning(DigestEntry.user_id, DigestEntry.notification_id))
    for user, notice in rows:
        found[user].append(notice)
    reached = (
        select(User.id, User.email, NoticeSettings.locale)
        .outerjoin(NoticeSettings, NoticeSettings.user_id == User.id)
        .where(User.id.in_(found), User.email.is_not(None), User.blocked_at.is_(None))
    )
    for user, email, locale in session.execute(reached):
        yield Letter(
            kind="digest",
            address=email,
            locale=locale or current_app.config["BABEL_DEFAULT_LOCALE"],
            data={"notifications": sorted(found[user])[-MOST_IN_A_DIGEST:]},
            user_id=user,
        )
