"""Workflow: one declarative table a case type, and the only way a case changes state.

A table row (`Move`) says: in this state, this act, by these roles, under these rules, leads to
that state, starts that time limit and tells these parties. Permission checks, the buttons on the
page, the worklists, the deadline jobs and the diagrams in docs/ all read the same table. A move that
is not in it raises.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from sqlalchemy import ColumnElement, Index, String, and_, false, literal, or_, select, true
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, Session, mapped_column

from models import clock, conflicts, events, permission, policy
from models.actors import Actor
from models.base import Code
from models.cases import CASES
from models.errors import NotAllowed, Problem, RuleViolation
from models.i18n import N_
from models.identifiers import Numbered
from models.lengths import REASON_LEAST, REASON_MOST, TOO_LONG
from models.locking import Locked
from models.regions import covers, within
from models.workflow_table import Limit, Move, Rule, State, Workflow

__all__ = [
    "ASKED",
    "Case",
    "Limit",
    "Move",
    "Permit",
    "Rule",
    "State",
    "Workflow",
    "check_reason",
    "check_role",
    "may",
    "override",
    "perform",
    "permit",
    "start",
]

ASKED = "asked who may"  # in a session's notes, once a case's table was asked


class Case(Locked, Numbered):
    """Mixed into every table that has a workflow; declaring one puts it among the `CASES`.

    `parties` maps a role to the column that holds the organisation playing it, `persons` to the column of a
    person who plays it alone, who is on the side of the role `allied` names, if any; `office_roles` have a
    part in every case of the type. `beneath` is the relationship to the case it belongs to, which knows the
    matter, the area and the policy. A delegation of the case type `delegated_with` covers this one too; of
    its own if empty.
    """

    workflow: ClassVar[Workflow]
    parties: ClassVar[dict[str, str]]
    persons: ClassVar[dict[str, str]] = {}
    allied: ClassVar[dict[str, str]] = {}
    office_roles: ClassVar[frozenset[str]] = frozenset()
    beneath: ClassVar[str] = ""
    delegated_with: ClassVar[str] = ""

    state: Mapped[Code] = mapped_column(index=True)
    due_at: Mapped[datetime | None] = mapped_column(index=True)
    referred_to: Mapped[str | None] = mapped_column(
        String(6)
    )  # the area of the authority its overdue state was referred to
    region_code: Mapped[str] = mapped_column(String(6), index=True)
    policy_version: Mapped[str] = mapped_column(String(12))

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "workflow" in vars(cls):
            CASES[cls.workflow.name] = cls
            # what is due is looked for every second, by the state its limit runs in
            Index(None, cls.state, cls.due_at)

    @property
    def title(self) -> str:
        raise NotImplementedError

    @property
    def above(self) -> Case | None:
        """The case it belongs to."""
        return getattr(self, self.beneath) if self.beneath else None

    @hybrid_property
    def amount_at_stake(self) -> int:
        """The sum at stake (fen), by which the limit of a delegation goes; in SQL the same.

        That of the case it belongs to, or 0, unless a case type says more.
        """
        return self.above.amount_at_stake if self.above is not None else 0

    @amount_at_stake.inplace.expression
    @classmethod
    def _amount_at_stake(cls) -> ColumnElement[int]:
        if not cls.beneath:
            return literal(0)
        relation = getattr(cls, cls.beneath).property
        above, ((own, key),) = relation.mapper.class_, relation.local_remote_pairs
        found: ColumnElement[int] = (
            select(above.amount_at_stake).where(key == own).correlate(cls).scalar_subquery()
        )
        return found

    @property
    def state_label(self) -> str:
        return self.workflow.states[self.state].label

    @property
    def tone(self) -> str:
        return self.workflow.states[self.state].tone

    def roles_of(self, actor: Actor) -> frozenset[str]:
        """What this actor is to this case: a party, the regulator of its area, or neither."""
        roles = set(actor.roles & ({"admin", "system"} | self.office_roles))
        for role, column in self.parties.items():
            if actor.organisation_id is not None and getattr(self, column) == actor.organisation_id:
                roles.add(role)
        roles |= {
            role
            for role, column in self.persons.items()
            if actor.user_id and getattr(self, column) == actor.user_id
        }
        if "buyer" in self.parties:
            buyer = getattr(self, self.parties["buyer"])
            if any(
                m.buyer_id == buyer
                and self.delegated_as() in m.scope
                and self.amount_at_stake <= m.most
                and m.until > clock.now()
                for m in actor.mandates
            ):
                roles.add("buyer")
        in_area = (
            self.overseen
            and "regulator" in actor.roles
            and actor.region_code
            and covers(actor.region_code, self.region_code)
        )
        if in_area and (not actor.department or self.line in (None, actor.department)):
            roles.add("regulator")
        return frozenset(roles)

    @property
    def overseen(self) -> bool:
        """Whether the regulator of its area has a part in it; `scope` says the same."""
        return True

    @property
    def line(self) -> str | None:
        """The line of work its matter belongs to, for which a department answers.

        None for what is of no line, such as an agency. A regulator of one line oversees no other.
        """
        return self.above.line if self.above is not None else None

    @classmethod
    def of_line(cls, department: str) -> ColumnElement[bool]:
        """The SQL twin of `line`: the cases of this one, or of none."""
        if not cls.beneath:
            return true()
        relation = getattr(cls, cls.beneath)
        found: ColumnElement[bool] = relation.has(relation.property.mapper.class_.of_line(department))
        return found

    def side_of(self, role: str) -> int | None:
        """The organisation whoever plays this role stands for; None for an office or a person alone."""
        column = self.parties.get(self.allied.get(role, role))
        return getattr(self, column) if column else None

    def parties_told(self, roles: Iterable[str]) -> list[int]:
        """The organisations that play these roles, for an act that tells them."""
        sides = [self.side_of(role) for role in roles if role in self.parties]
        return [key for key in sides if key is not None]

    def in_standing(self, actor: Actor, played: Iterable[str], act: str) -> frozenset[str]:
        """Those of these roles whose organisation may do this act as it stands.

        None where the account is blocked.
        """
        asks = self.workflow.asks(act)
        return frozenset(
            role
            for role in played
            if not actor.blocked and permission.stands(actor, self.side_of(role), **asks)
        )

    def involved(self, session: Session, known: frozenset[int]) -> set[int]:
        """Every organisation whose matter this is.

        What is still hidden counts for those in `known` alone, who know it of themselves: a refusal would
        betray it to the others.
        """
        return {key for column in self.parties.values() if (key := getattr(self, column)) is not None}

    def check_fit(self, session: Session, played: frozenset[str]) -> None:
        """RuleViolation where the agency of the case may not take on what an act that binds it brings.

        `played` is who acts.
        """
        raise NotImplementedError

    def check_override(self, target: str) -> None:
        """RuleViolation where not even an operator may move the case there.

        What is sealed would be open before its time.
        """

    def readable_by(self, session: Session, actor: Actor) -> bool:
        """Whether an actor may see its page: whoever has a part in it, unless a case type says more."""
        return bool(self.roles_of(actor))

    @classmethod
    def delegated_as(cls) -> str:
        return cls.delegated_with or cls.workflow.name

    @classmethod
    def scope(cls, role: str, actor: Actor) -> ColumnElement[bool]:
        """The SQL twin of `roles_of`: the cases to which this actor is `role`."""
        if role in ("admin", "system") or role in cls.office_roles:
            return true() if role in actor.roles else false()
        if role == "regulator":
            seen = "regulator" in actor.roles and actor.region_code
            if not seen or not actor.region_code:
                return false()
            area = within(cls.region_code, actor.region_code)  # type: ignore[arg-type]
            return and_(area, cls.of_line(actor.department)) if actor.department else area
        if role in cls.persons:
            return getattr(cls, cls.persons[role]) == actor.user_id if actor.user_id else false()
        if role not in cls.parties:
            return false()
        column = getattr(cls, cls.parties[role])
        own: ColumnElement[bool] = column == actor.organisation_id if actor.organisation_id else false()
        if role == "buyer":
            lent = [
                and_(column == m.buyer_id, cls.amount_at_stake <= m.most)
                for m in actor.mandates
                if cls.delegated_as() in m.scope and m.until > clock.now()
            ]
            return or_(own, *lent)
        return own

    @classmethod
    def visible_to(cls, actor: Actor) -> ColumnElement[bool]:
        """The cases this actor has any part in."""
        return or_(
            *(
                cls.scope(role, actor)
                for role in [*cls.parties, *cls.persons, *cls.office_roles, "regulator", "admin"]
            )
        )


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
    if needed and len(reason.strip()) < REASON_LEAST:
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
        permission.check_standing(actor, case.side_of(min(among)), **case.workflow.asks(act))
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
    if move.above and not case.referred_to:
        raise RuleViolation(N_("期限未到,还没有报请上级处理。"))
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
