"""Blocking a single account: who may block whom, and lift it again.

An administrator may block anybody else; the regulator of an area whoever belongs to organisations it is over,
all of them, but no official of its own level; the owner of an organisation its staff, as long as they belong
to no other. What somebody of a higher rank has blocked nobody of a lower one lifts. Nobody blocks himself, so
that the last administrator, and the last owner by his own hand, stay.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Select, and_, exists, not_, select
from sqlalchemy.orm import Session

from models import clock, events, sessions
from models.accounts import Membership, Organisation, User, named
from models.actors import Actor
from models.errors import NotAllowed, NotFound, WrongState
from models.i18n import N_
from models.permission import check_account, fresh
from models.workflow import check_reason

_LIFTED_BY = {"owner": N_("本单位管理员"), "regulator": N_("监管部门"), "admin": N_("平台管理员")}
RANKS = ("owner", "regulator", "admin")  # from the lowest


def rank_over(actor: Actor, person: User) -> str:
    """The highest rank in which this actor stands over a person's account; empty if in none."""
    if actor.user_id is not None and actor.user_id == person.id:
        return ""
    if "admin" in actor.roles:
        return "admin"
    if person.is_admin:
        return ""
    belongs = person.memberships
    if belongs and all("regulator" in each.organisation.roles_of(actor) for each in belongs):
        return "regulator"
    if actor.owner and [(each.organisation_id, each.role) for each in belongs] == [
        (actor.organisation_id, "staff")
    ]:
        return "owner"
    return ""


def people_of(actor: Actor) -> Select[User]:
    """The accounts an office is over, the SQL twin of `rank_over` for an administrator or regulator.

    By name.
    """
    query = select(User).order_by(User.name, User.id)
    if "admin" in actor.roles:
        return query.where(User.id != (actor.user_id or 0))
    return query.where(
        not_(User.is_admin),
        _belongs(Organisation.scope("regulator", actor)),
        not_(_belongs(not_(Organisation.scope("regulator", actor)))),
    )


def _belongs(which: ColumnElement[bool]) -> ColumnElement[bool]:
    return exists().where(
        and_(Membership.user_id == User.id, Membership.organisation_id == Organisation.id, which)
    )


def may_lift(actor: Actor, person: User) -> bool:
    """Whether this actor may unblock a person who is blocked."""
    rank = rank_over(actor, person)
    return bool(rank) and RANKS.index(rank) >= RANKS.index(person.blocked_as or RANKS[0])


def lifted_by(person: User) -> str:
    """Whom a blocked person turns to, in the rank of whoever did it."""
    return _LIFTED_BY[person.blocked_as or "admin"]


def _locked(session: Session, actor: Actor, which: str) -> tuple[User, str]:
    """The account of this handle or address, and the actor's rank over him.

    NotFound, which does not say whether there is such an account, for whoever has none. Both accounts are
    locked, in one order: of two who block one another, one comes first.
    """
    found = session.scalar(named(which).with_only_columns(User.id))
    keys = sorted({key for key in (found, actor.user_id) if key is not None})
    locked = {
        each.id: each
        for each in session.scalars(
            select(User)
            .where(User.id.in_(keys))
            .order_by(User.id)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    }
    check_account(fresh(session, actor))
    person = locked.get(found) if found is not None else None
    if person is not None and person.id == actor.user_id:
        raise NotAllowed(N_("不能停用或恢复自己的账号,请由他人办理。"))
    rank = rank_over(actor, person) if person is not None else ""
    if person is None or not rank:
        raise NotFound(N_("没有找到您可以管理的这个账号。"))
    return person, rank


def block(session: Session, actor: Actor, which: str, reason: str) -> str:
    """Take an account out of force, at once.

    Its open sessions are nobody's, and whatever it was about to do is refused.
    """
    person, rank = _locked(session, actor, which)
    said = check_reason(reason)
    if person.blocked_at is not None:
        raise WrongState(N_("这个账号已经停用。"))
    sessions.end_all(session, person.id)
    person.blocked_at, person.blocked_reason, person.blocked_as = clock.now(), said[:1000], rank
    _tell(session, actor, person, "block", rank, said)
    return person.address


def unblock(session: Session, actor: Actor, which: str, reason: str) -> str:
    """Put a blocked account into force again. NotAllowed where somebody of a higher rank has blocked it."""
    person, rank = _locked(session, actor, which)
    said = check_reason(reason)
    if person.blocked_at is None:
        raise WrongState(N_("这个账号没有停用。"))
    if not may_lift(actor, person):
        raise NotAllowed(N_("这个账号由上级停用,只能由停用它的一级或更高一级恢复。"))
    person.blocked_at = person.blocked_reason = person.blocked_as = None
    _tell(session, actor, person, "unblock", rank, said)
    return person.address


def _tell(session: Session, actor: Actor, person: User, act: str, rank: str, reason: str) -> None:
    """On the record of every organisation the person belongs to, which is told.

    Of one that belongs to none, for the operators alone.
    """
    about = {"name": person.name, "reason": reason}
    for each in person.memberships:
        case = each.organisation
        events.record(
            session,
            actor,
            f"organisation.{act}",
            "organisation",
            case.identifier,
            role=rank,
            data={"title": case.name, **about},
            notify=[case.id],
        )
    if not person.memberships:
        events.record(
            session,
            actor,
            f"account.{act}",
            "account",
            f"U-{person.id}",
            role=rank,
            audience="internal",
            data=about,
        )
