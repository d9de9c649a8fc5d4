"""Workflow: one declarative table a case type, and the only way a case changes state.

A table row (`Move`) says: in this state, this act, by these roles, under these rules, leads to
that state, starts that time limit and tells these parties. Permission checks, the buttons on the
page, the worklists, the deadline jobs and the diagrams in docs/ all read the same table. A move that
is not in it raises.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy.orm import Session

from models import conflicts, events, permission, policy
from models.actors import Actor
from models.cases import Case
from models.errors import NotAllowed, Problem, RuleViolation
from models.i18n import N_
from models.lengths import REASON_LEAST, REASON_MOST, TOO_LONG, says_something
from models.reading import READ, check_read
from models.workflow_table import Move

ASKED = "asked who may"  # in a session's notes, once a case's table was asked


@dataclass(frozen=True, slots=True)
class Permit:
    """Leave to do one act as things stand: its row of the table, and the roles the actor plays in it."""

    move: Move
    played: frozenset[str]


def start(
    session: Session,
    case: Case,
    actor: Actor,
    act: str,
    *,
    data: dict[str, Any] | None = None,
    public: bool = False,
    notify: tuple[str, ...] = (),
    also_notify: Iterable[int] = (),
) -> events.Event:
    """Put a new case into its first state, start its first limit and record the act that opened it.

    A case that belongs to another one is in its place and under its version of the policy. `data`, `public`,
    `notify` (roles) and `also_notify` (organisations) are the event's: see `perform`. ValueError for an act
    that opens none of its type.
    """
    if act not in case.workflow.openings:
        raise ValueError(f"{act} opens no {case.workflow.name}")
    if case.above is not None:
        case.region_code, case.policy_version = case.above.region_code, case.above.policy_version
    case.state = case.state or case.workflow.initial
    case.policy_version = case.policy_version or policy.current().version
    if case.workflow.opening:
        case.due_at = case.workflow.opening.ends(case)
    session.add(case)
    session.flush()
    roles = case.roles_of(actor)
    permission.check_account(actor)
    for role in sorted(roles):
        permission.check_standing(actor, case.side_of(role), **case.workflow.asks(act))
    conflicts.check(session, case, actor, roles)
    return _record(
        session,
        case,
        actor,
        act,
        role="",
        public=public,
        notify=notify,
        also_notify=also_notify,
        data=data or {},
    )


def check_reason(reason: str, *, needed: bool = True) -> str:
    """A reason others will read, without blanks around it.

    RuleViolation at `reason` for one that is too long, or, where it is `needed`, too short.
    """
    if needed and (len(reason.strip()) < REASON_LEAST or not says_something(reason)):
        raise RuleViolation(N_("请写明理由(至少 5 个字),它会告知对方并留痕。"), "reason")
    if len(reason.strip()) > REASON_MOST:
        raise RuleViolation(TOO_LONG, "reason", most=REASON_MOST)
    return reason.strip()


def check_role(
    session: Session, case: Case, act: str, actor: Actor, who: Iterable[str], *, leaving: bool = False
) -> frozenset[str]:
    """The roles among `who` in which the actor may do this act on a case.

    NotAllowed if there is none, if none of them is in standing for it, or if it stands on both sides of the
    case (unless it is `leaving` it).
    """
    session.info[ASKED] = True
    permission.check_account(actor)
    among = case.roles_of(actor) & frozenset(who)
    played = case.in_standing(actor, among, act)
    if not among:
        conflicts.check_delegate(actor, case.side_of("buyer") if "buyer" in frozenset(who) else None)
        raise NotAllowed(permission.NO_PART)
    if not played:
        side, power = case.side_of(min(among)), case.workflow.powers.get(act, "")
        permission.check_standing(actor, side, **case.workflow.asks(act))
        if (problem := permission.unauthorised(actor, side, power)) is not None:
            raise problem
        raise NotAllowed(N_("只有本单位的管理员可以这样做。"))  # all else `in_standing` asks
    if not leaving:
        conflicts.check(session, case, actor, played)
    return played


def permit(session: Session, case: Case, act: str, actor: Actor) -> Permit:
    """Leave to do this act now, before what it brings is looked at; its reason is not asked yet.

    WrongState if the table has no such move, NotAllowed if the actor is none of its roles, RuleViolation if a
    rule of the move does not hold. An act asks this first, then its own rules, and then performs, with all
    there is to tell: an event that was recorded is never changed.
    """
    found = _permit_role(session, case, act, actor)
    _check_rules(session, case, found)
    return found


def _permit_role(session: Session, case: Case, act: str, actor: Actor) -> Permit:
    move = case.workflow.find(case.state, act)
    played = check_role(session, case, act, actor, move.who, leaving=move.leaves)
    if not actor.confirmed and act not in case.workflow.before_confirming:
        raise permission.unconfirmed()
    if move.above and not case.referred_to:
        raise RuleViolation(N_("期限未到,还没有报请上级处理。"))
    check_read(session, case, actor, session.info.get(READ, ""))
    return Permit(move, played)


def _check_rules(session: Session, case: Case, found: Permit) -> None:
    for rule in found.move.rules:
        rule(session, case)
    if found.move.binds and "system" not in found.played:
        case.check_fit(session, found.played)


def may(session: Session, case: Case, act: str, actor: Actor) -> bool:
    """Whether `perform` would carry out this act now.

    For whoever has to know before it asks somebody else.
    """
    try:
        permit(session, case, act, permission.fresh(session, actor))
    except Problem:
        return False
    return True


def perform(
    session: Session,
    case: Case,
    act: str,
    actor: Actor,
    *,
    reason: str = "",
    data: dict[str, Any] | None = None,
    also_notify: Iterable[int] = (),
) -> events.Event:
    """Carry out one act on a case the caller has locked. Raises as `permit` does; the case is then as it was.

    `data` is all the event tells beside the state, the title and the reason, `also_notify` who is told beside
    the roles its row names, by the organisations' keys.
    """
    found = _permit_role(session, case, act, actor)
    move = found.move
    reason = check_reason(reason, needed=move.needs_reason)
    _check_rules(session, case, found)
    if move.limit:
        case.due_at = move.limit.ends(case)
    elif move.target != move.source:
        case.due_at = None
    if move.target != move.source:
        case.referred_to = None
    case.state = move.target
    return _record(
        session,
        case,
        actor,
        act,
        role=min(found.played),
        public=move.public,
        notify=move.notify,
        also_notify=also_notify,
        data={**({"reason": reason} if reason else {}), **(data or {})},
    )


def override(session: Session, case: Case, target: str, actor: Actor, reason: str) -> events.Event:
    """An operator moves a case outside its table.

    Only an administrator, never without a reason, and on the record for all parties.
    """
    if "admin" not in actor.roles:
        raise NotAllowed(permission.NO_PART)
    session.info[ASKED] = True
    if target not in case.workflow.states:
        raise RuleViolation(N_("没有这个状态。"), "target")
    conflicts.check(session, case, actor, frozenset({"admin"}))
    case.check_override(target)
    said = check_reason(reason)
    before, case.state, case.due_at, case.referred_to = case.state, target, None, None
    return _record(
        session,
        case,
        actor,
        "override",
        role="admin",
        notify=tuple(case.parties),
        data={"from": before, "to": target, "reason": said},
    )


def _record(
    session: Session,
    case: Case,
    actor: Actor,
    act: str,
    *,
    role: str,
    data: dict[str, Any],
    public: bool = False,
    notify: tuple[str, ...] = (),
    also_notify: Iterable[int] = (),
) -> events.Event:
    return events.record(
        session,
        actor,
        f"{case.workflow.name}.{act}",
        case.workflow.name,
        case.identifier,
        role=role,
        audience="public" if public else "parties",
        data={"state": case.state, "title": case.title, **data},
        notify=[*(key for key in case.parties_told(notify) if key != actor.organisation_id), *also_notify],
    )
