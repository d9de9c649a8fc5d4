"""What every case is: its state, its parties, who may see it; and every case type there is."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, ClassVar, Self

from sqlalchemy import ColumnElement, Index, String, and_, false, literal, or_, select, true
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, Session, mapped_column

from models import clock, permission
from models.actors import Actor
from models.base import Code
from models.errors import Problem
from models.identifiers import Numbered, kinds_of
from models.locking import Locked
from models.regions import covers, within
from models.workflow_table import Move, Workflow

CASES: dict[str, type[Case]] = {}  # by the workflow's name; a case type that is declared puts itself here


class Case(Locked, Numbered):
    """Mixed into every table that has a workflow; declaring one puts it among the `CASES`.

    `parties` maps a role to the column that holds the organisation playing it, `persons` to the column of a
    person who plays it alone, who is on the side of the role `allied` names, if any; `office_roles` have a
    part in every case of the type. `beneath` is the relationship to the case it belongs to, which knows the
    matter, the area and the policy. A delegation of the case type `delegated_with` covers this one too; of
    its own if empty. `stake` is what `amount_at_stake` is called, empty where it is that of the case above.
    """

    workflow: ClassVar[Workflow]
    parties: ClassVar[dict[str, str]]
    persons: ClassVar[dict[str, str]] = {}
    allied: ClassVar[dict[str, str]] = {}
    office_roles: ClassVar[frozenset[str]] = frozenset()
    beneath: ClassVar[str] = ""
    delegated_with: ClassVar[str] = ""
    stake: ClassVar[str] = ""

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
    def part(self) -> str:
        """What of its matter it is about, such as the kind of a payment; empty for all of it."""
        return ""

    def told_until(self, instant: datetime) -> datetime:
        """A limit's end as people are told it."""
        return instant

    @property
    def due_shown(self) -> datetime | None:
        return self.told_until(self.due_at) if self.due_at else None

    def at_once_after(self, act: str) -> str:
        """The act by which the clock carries on at once after this one; empty where it does not."""
        return ""

    def rows_of(self, act: str) -> list[Move]:
        """The rows it goes through when this is done: the act's, and those the clock adds at once."""
        rows = [self.workflow.find(self.state, act)]
        while following := self.at_once_after(rows[-1].act):
            rows.append(self.workflow.find(rows[-1].target, following))
        return rows

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
        """Those of these roles whose organisation may do this act as it stands, and has authorised the actor.

        None where the account is blocked.
        """
        asks, power = self.workflow.asks(act), self.workflow.powers.get(act, "")
        return frozenset(
            role
            for role in played
            if not actor.blocked
            and permission.stands(actor, self.side_of(role), **asks)
            and permission.authorised(actor, self.side_of(role), power)
        )

    def hindrance(self, actor: Actor, act: str) -> Problem | None:
        """Why this actor, who plays a part in an act, may not do it himself, and somebody else may.

        No page has its button for him; None as a rule.
        """
        return None

    @classmethod
    def unhindered(cls, session: Session, actor: Actor, cases: Sequence[Self]) -> Sequence[Self]:
        """Those of these cases that wait for what this actor may do himself."""
        return cases

    def involved(self, session: Session, known: frozenset[int]) -> set[int]:
        """Every organisation whose matter this is.

        What is still hidden counts for those in `known` alone, who know it of themselves: a refusal would
        betray it to the others.
        """
        return {key for column in self.parties.values() if (key := getattr(self, column)) is not None}

    def file_open_to(self, file: Any, actor: Actor) -> bool:
        """Whether this actor may have a file of the case: whoever has a part in it, or less."""
        return bool(self.roles_of(actor))

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
    def shown_to(cls, actor: Actor) -> ColumnElement[bool]:
        """The SQL twin of `readable_by`, or less where that asks more than a statement can."""
        return cls.visible_to(actor)

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


def case_types_of(identifier: str) -> list[type[Case]]:
    """The case types of which one of this identifier may be, by its letters: as a rule one, or none."""
    return [kind for kind in CASES.values() if kind in kinds_of(identifier)]


def find_case(session: Session, identifier: str) -> Case | None:
    """The case of this identifier; None if there is none."""
    for kind in case_types_of(identifier):
        found = session.scalars(select(kind).where(kind.identifier == identifier)).one_or_none()
        if found is not None:
            return found
    return None
