"""Credit records: what is held against an agency or a buyer, or for it, decided with due process.

Until the decision a record counts for nothing and is seen by the regulator alone and, once it was told, by
its subject (国办发〔2020〕49号). What it weighs, limits and lasts is kept on it as the credit policy had it
when it was proposed. When it is repaired, revoked or over, nobody else sees or counts it any more
(信用修复管理办法).
"""

from __future__ import annotations

import calendar
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import ClassVar, Self

from sqlalchemy import JSON, ColumnElement, ForeignKey, String, and_, exists, false, or_, select, true, update
from sqlalchemy.orm import Mapped, Session, lazyload, mapped_column, object_session, relationship

from models import clock, identifiers, workdays
from models.accounts import Membership, Organisation, User
from models.actors import OFFICES, Actor
from models.base import Base, Code, Json, Name
from models.cases import Case
from models.clock import BEIJING
from models.credit import policy
from models.credit.policy import Kind, Weight
from models.credit.record_workflow import CREDIT_RECORD
from models.credit.statements import StatementPart
from models.errors import NotAllowed, RuleViolation
from models.i18n import N_
from models.lengths import LEAST
from models.workflow import start
from models.workflow_table import Workflow

# The papers by which it came into force: public as long as it is.
DECISIONS = ("信用记录认定决定书", "守信记录认定书")
STEPPED_BACK = N_("您已经在这件信用记录中回避,请由他人办理。")
COUNTING = ("in_force", "repairing")  # the states in which a record counts, limits and is shown


def months_later(instant: datetime, months: int) -> datetime:
    """The same time of day (Beijing) so many calendar months later, at most the month's last day."""
    local = instant.astimezone(BEIJING)
    year, month = divmod(local.year * 12 + local.month - 1 + months, 12)
    day = min(local.day, calendar.monthrange(year, month + 1)[1])
    return local.replace(year=year, month=month + 1, day=day).astimezone(instant.tzinfo)


class CreditRecord(Case, Base):
    """A fact about an agency, or a buyer, with its basis and where it was found.

    `source_identifier` is that of a check, a payment or a contract, empty where a regulator found it
    elsewhere. `credit_policy`, `weight`, `points` and `limits` (activities it stops) are as the credit
    policy had them at the proposal. `months` is how long it was decided to last: from `in_force_from` until
    `ends_at`; it is published until `published_until`, or not at all where that is None. `reply` is what
    the decision says to its subject's `statements`; at `waived_at` its subject did without what is left of
    its time; `served` how each paper was brought to it (serving.py). `recused`: users who stepped back.
    """

    __tablename__ = "credit_records"
    workflow: ClassVar[Workflow] = CREDIT_RECORD
    prefix: ClassVar[str] = "X"
    parties: ClassVar[dict[str, str]] = {"subject": "subject_id"}

    subject_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    kind: Mapped[str] = mapped_column(String(20))
    facts: Mapped[str] = mapped_column(String(1000), info={LEAST: 10})
    basis: Mapped[Name]
    source_identifier: Mapped[Code]
    credit_policy: Mapped[Code]
    weight: Mapped[str] = mapped_column(String(10))
    points: Mapped[int]
    limits: Mapped[list[str]]
    proposed_at: Mapped[datetime] = mapped_column(default=clock.now)
    proposed_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    notified_at: Mapped[datetime | None]
    answer_until: Mapped[datetime | None]
    served: Mapped[list[Json]] = mapped_column(default=list)
    waived_at: Mapped[datetime | None]
    reply: Mapped[str | None] = mapped_column(String(1000), info={LEAST: 5})
    decision: Mapped[str | None] = mapped_column(String(1000), info={LEAST: 5})
    decided_at: Mapped[datetime | None]
    decided_by_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    months: Mapped[int | None]
    in_force_from: Mapped[datetime | None]
    ends_at: Mapped[datetime | None] = mapped_column(index=True)
    published_until: Mapped[datetime | None] = mapped_column(index=True)
    commitment: Mapped[str | None] = mapped_column(String(1000), info={LEAST: 10})
    repair_asked_at: Mapped[datetime | None]
    repaired_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    recused: Mapped[list[int]] = mapped_column(JSON, default=list)
    subject: Mapped[Organisation] = relationship(lazy="joined")
    statements: Mapped[list[StatementPart]] = relationship(order_by=StatementPart.id)

    @property
    def title(self) -> str:
        return self.subject.name

    @property
    def rule(self) -> Kind:
        """Its kind, in the version of the policy it was proposed under."""
        return policy.get(self.credit_policy).kinds[self.kind]

    @property
    def over(self) -> bool:
        """Whether nothing is done with it any more."""
        return self.workflow.states[self.state].terminal

    @property
    def time_over(self) -> bool:
        """Whether its subject's time has ended, and the clock has not turned yet: nobody can act."""
        return self.state == "notified" and self.answer_until is not None and clock.now() > self.answer_until

    @property
    def due_shown(self) -> datetime | None:
        """What is to be done by somebody, not the term that runs."""
        return None if self.state in ("in_force", "suspended") or self.time_over else super().due_shown

    @property
    def kind_names(self) -> dict[str, str]:
        """What its kind is called, as `zh` and `en`."""
        return {"zh": self.rule.zh, "en": self.rule.en}

    @property
    def term(self) -> Weight:
        """The terms of its weight, in that version."""
        return policy.get(self.credit_policy).weights[self.weight]

    def _days(self, key: str) -> datetime:
        """So many working days of that version from now."""
        return workdays.add(clock.now(), policy.get(self.credit_policy).number(f"process.{key}"))

    @property
    def notify_by(self) -> datetime:
        return self._days("notify_days")

    @property
    def answer_by(self) -> datetime:
        """Until when its subject may answer: what it was told, or would be now."""
        return self.answer_until or self._days("state_days")

    @property
    def decide_by(self) -> datetime:
        return self._days("decide_days")

    @property
    def repair_by(self) -> datetime | None:
        """When a repair asked for now is to be decided, at the latest when the record ends anyway."""
        decided = self._days("repair_days")
        return min(decided, self.ends_at) if self.ends_at else decided

    @property
    def repairable_from(self) -> datetime:
        """When the least its weight is published for has passed, from the decision on."""
        return months_later(self.in_force_from or clock.now(), self.term.least_months)

    @property
    def counts(self) -> bool:
        """Whether it is in force now."""
        return self.state in COUNTING and self.ends_at is not None and self.ends_at > clock.now()

    @property
    def published(self) -> bool:
        """Whether anybody may read of it now."""
        return self.counts and self.published_until is not None and self.published_until > clock.now()

    @classmethod
    def is_counting(cls) -> ColumnElement[bool]:
        """The SQL twin of `counts`."""
        return and_(cls.state.in_(COUNTING), cls.ends_at > clock.now())

    @classmethod
    def is_published(cls) -> ColumnElement[bool]:
        """The SQL twin of `published`."""
        return and_(cls.is_counting(), cls.published_until > clock.now())

    def roles_of(self, actor: Actor) -> frozenset[str]:
        """Its subject has no part in it before it was told."""
        found = super().roles_of(actor)
        return found if self.notified_at is not None else found - {"subject"}

    @classmethod
    def scope(cls, role: str, actor: Actor) -> ColumnElement[bool]:
        found = super().scope(role, actor)
        return and_(found, cls.notified_at.is_not(None)) if role == "subject" else found

    def readable_by(self, session: Session, actor: Actor) -> bool:
        """Whoever has a part in it; while it is in force authorities; while it is published, anybody."""
        office = bool(actor.roles & OFFICES)
        return bool(self.roles_of(actor)) or self.published or (office and self.counts)

    def paper_open_to(self, issued: Json | None, actor: Actor) -> bool:
        """Whether what a paper states is this actor's to see: of others a decision while published."""
        decided = issued is not None and issued["title"] in DECISIONS
        return bool(self.roles_of(actor)) or (self.published and decided)

    @classmethod
    def shown_to(cls, actor: Actor) -> ColumnElement[bool]:
        """The SQL twin of `readable_by`."""
        office = true() if actor.roles & OFFICES else false()
        return or_(cls.visible_to(actor), cls.is_published(), and_(office, cls.is_counting()))

    def parties_told(self, roles: Iterable[str]) -> list[int]:
        """Its subject hears of nothing before it was told."""
        return super().parties_told(roles) if self.notified_at is not None else []

    def check_override(self, target: str) -> None:
        """Nobody puts a record in force, or ends one that is, past its procedure: not even an operator."""
        if target != "dropped" or self.in_force_from is not None:
            raise RuleViolation(
                N_("信用记录只能按告知、陈述申辩、认定、修复的程序办理,不能直接改状态。"), "target"
            )

    def hindrance(self, actor: Actor, act: str) -> NotAllowed | None:
        """Whoever stepped back does no more in it; who proposed it does not decide where a colleague can.

        行政处罚法第四十三条: whoever has an interest steps back. The second is the rule here.
        """
        session = object_session(self)
        return self._hindrance(actor, act, lambda: _colleagues(session, actor) if session else set())

    def _hindrance(self, actor: Actor, act: str, colleagues: Callable[[], set[int]]) -> NotAllowed | None:
        decided = act in ("uphold", "commend") or (act == "drop" and self.notified_at is not None)
        others = ("notify", "repair", "refuse_repair", "revoke", "suspend", "resume", "recuse")
        if not decided and act not in others:
            return None
        if actor.user_id in self.recused:
            return NotAllowed(STEPPED_BACK)
        own = self.proposed_by_id is not None and self.proposed_by_id == actor.user_id
        if own and decided and colleagues() - set(self.recused):
            return NotAllowed(N_("提出人不能认定自己提出的信用记录,请由本单位另一位工作人员办理。"))
        return None

    def left_by_all(self, actor: Actor) -> bool:
        """Whether nobody else of the actor's office could decide on it: all of them stepped back."""
        session = object_session(self)
        return session is not None and not _colleagues(session, actor) - set(self.recused)

    @classmethod
    def unhindered(cls, session: Session, actor: Actor, cases: Sequence[Self]) -> Sequence[Self]:
        cases = [each for each in cases if not each.time_over]
        if "regulator" not in actor.roles:
            return cases
        others = cache(lambda: _colleagues(session, actor))
        return [each for each in cases if each._hindrance(actor, each._turn, others) is None]

    @property
    def _turn(self) -> str:
        """The act it waits for."""
        first = "commend" if self.weight == "good" else "notify"
        return {"proposed": first, "heard": "uphold", "repairing": "repair"}.get(self.state, "")

    def involved(self, session: Session, known: frozenset[int]) -> set[int]:
        """Whom it is about."""
        return {self.subject_id}


def _colleagues(session: Session, actor: Actor) -> set[int]:
    """The others of the actor's office who can act."""
    found = (
        select(Membership.user_id)
        .join(User, User.id == Membership.user_id)
        .where(
            Membership.organisation_id == actor.organisation_id,
            Membership.user_id != actor.user_id,
            User.blocked_at.is_(None),
        )
    )
    return set(session.scalars(found))


class Suspension(Base):
    """A time in which a record stood still in its subject's reorganisation; `until` None while it does."""

    __tablename__ = "credit_record_suspensions"

    record_id: Mapped[int] = mapped_column(ForeignKey("credit_records.id"), index=True)
    since: Mapped[datetime] = mapped_column(default=clock.now)
    until: Mapped[datetime | None]


def end_suspension(session: Session, record: CreditRecord) -> None:
    """It stands still no more from now on."""
    still = update(Suspension).where(Suspension.record_id == record.id, Suspension.until.is_(None))
    session.execute(still.values(until=clock.now()))


def recorded(session: Session, source: str, about: int | None = None) -> bool:
    """Whether a record was put forward from this source, about this organisation if one is given."""
    found = select(CreditRecord.id).where(CreditRecord.source_identifier == source)
    return (
        session.scalars(found if about is None else found.where(CreditRecord.subject_id == about)).first()
        is not None
    )


def propose(
    session: Session, actor: Actor, subject: Organisation, kind: str, facts: str, source: str
) -> CreditRecord:
    """Put a record of a kind of the policy forward for the regulator of its subject's area to take up."""
    rules = policy.current()
    body = rules.kinds[kind]
    record = CreditRecord(
        identifier=identifiers.issue(session, CreditRecord),
        subject_id=subject.id,
        subject=subject,
        kind=kind,
        facts=facts,
        basis=body.basis,
        source_identifier=source,
        credit_policy=rules.name,
        weight=body.weight,
        points=body.points,
        limits=list(body.limits),
        proposed_by_id=actor.user_id,
        recused=[],
    )
    record.region_code = subject.region_code
    start(session, record, actor, "propose", data={"reason": facts, "source": source})
    return record


def in_force_at(at: datetime) -> ColumnElement[bool]:
    """The records in force at an instant, in SQL.

    One that was repaired or revoked by then, had ended, or stood still in a reorganisation is not; one that
    was repaired later was in force then.
    """
    standing_still = exists().where(
        Suspension.record_id == CreditRecord.id,
        Suspension.since <= at,
        or_(Suspension.until.is_(None), Suspension.until > at),
    )
    return and_(
        CreditRecord.in_force_from <= at,
        CreditRecord.ends_at > at,
        or_(CreditRecord.repaired_at.is_(None), CreditRecord.repaired_at > at),
        or_(CreditRecord.revoked_at.is_(None), CreditRecord.revoked_at > at),
        ~standing_still,
    )


def in_force(session: Session, subject_ids: list[int], at: datetime) -> dict[int, list[CreditRecord]]:
    """The records in force about each of these organisations at an instant, by key, in one statement.

    Each list in the order of the records' numbers.
    """
    found: dict[int, list[CreditRecord]] = defaultdict(list)
    query = select(CreditRecord).where(CreditRecord.subject_id.in_(subject_ids), in_force_at(at))
    for record in session.scalars(query.order_by(CreditRecord.id).options(lazyload("*"))):
        found[record.subject_id].append(record)
    return {key: found[key] for key in subject_ids}
