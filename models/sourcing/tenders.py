"""A buyer's tender: what it asks for, how it chooses, and from whom it takes answers."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import ClassVar

from sqlalchemy import (
    JSON,
    ColumnElement,
    ForeignKey,
    Index,
    LargeBinary,
    String,
    UniqueConstraint,
    func,
    select,
)
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship, validates

from models import clock, money, policy, workdays
from models.accounts import Organisation
from models.actors import Actor
from models.base import Base, Json, JsonOf, Name, OptionalFen
from models.cases import Case
from models.catalogue import ServiceItem
from models.clock import BEIJING
from models.credit import restrictions
from models.errors import RuleViolation
from models.i18n import N_
from models.lengths import LEAST
from models.sourcing.modes import MODES, Mode, Rules, rules_of
from models.sourcing.outcomes import Outcome
from models.sourcing.projects import core
from models.sourcing.scoring import Criteria
from models.sourcing.tender_workflow import TENDER
from models.workflow_table import Workflow


class Tender(Case, Base):
    """A buyer's need for one service item in one place.

    Bids are sealed to `public_key`, whose private half is here under the platform's own key, and over it to
    `keeper_key`, whose private half the keeper has under `keeper_handle` and keeps until `keeper_until`, as
    far as we know: a deadline that moved is told it afterwards. Once closed and due to be opened, the
    keeper's half is fetched and kept here (`keeper_half`, under the platform's own key) until the opening.
    `criteria` is how merit is scored (scoring.py), `outcome` what the opening, the draws and the scores came
    to (outcomes.py). `again_of` is the tender of the same buyer that it repeats, `again_said` what the buyer
    said of that (an identifier, or NOT_AGAIN), `again_not` which ones it denied repeating, `cancel_ground`
    the policy's ground on which it was cancelled: see cancelling.py. `told` are the steps a draft was told by
    now (steps.py), None for all; until then its columns hold what nobody said and no page shows, but for the
    `mode` and the `funds` where they are among them. `wanted_on`
    is the day the buyer wants the result, `template_name` what it is kept under to begin others from, and
    `begun_with` who began it by which key, so that nobody begins it twice.
    """

    __tablename__ = "tenders"
    __table_args__ = (
        Index("ix_tenders_project", "buyer_id", "project_key"),
        Index("ix_tenders_ended", "buyer_id", "state"),
        Index("ix_tenders_template", "buyer_id", "template_name"),
    )
    workflow: ClassVar[Workflow] = TENDER
    prefix: ClassVar[str] = "Q"
    stake: ClassVar[str] = N_("预算上限")
    parties: ClassVar[dict[str, str]] = {"buyer": "buyer_id"}

    buyer_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("service_items.id"), index=True)
    department_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    project: Mapped[Name] = mapped_column(info={LEAST: 4})
    project_key: Mapped[str] = mapped_column(
        String(200), default=""
    )  # by which projects are compared: see projects.py
    description: Mapped[str] = mapped_column(String(4000))
    quantity: Mapped[Json]
    budget: Mapped[OptionalFen]
    mode: Mapped[str] = mapped_column(String(20))
    funds: Mapped[str] = mapped_column(String(10))
    openness: Mapped[str] = mapped_column(String(10))
    deadline: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    published_at: Mapped[datetime | None]
    public_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    wrapped_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    keeper_handle: Mapped[str | None] = mapped_column(String(80))
    keeper_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    keeper_until: Mapped[datetime | None]
    keeper_half: Mapped[bytes | None] = mapped_column(LargeBinary)
    criteria: Mapped[Criteria | None] = mapped_column(JsonOf(Criteria))
    outcome: Mapped[Outcome | None] = mapped_column(JsonOf(Outcome))
    again_of: Mapped[str | None] = mapped_column(String(40), index=True)
    again_said: Mapped[str | None] = mapped_column(String(40), index=True)
    again_not: Mapped[list[str] | None] = mapped_column(JSON)
    cancel_ground: Mapped[str | None] = mapped_column(String(20))
    told: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
    wanted_on: Mapped[date | None]
    template_name: Mapped[str | None] = mapped_column(String(80))
    begun_with: Mapped[str | None] = mapped_column(String(60), unique=True, index=True)
    extended: Mapped[bool] = mapped_column(default=False)
    revision: Mapped[int] = mapped_column(default=1)
    opened_at: Mapped[datetime | None]
    auction_started_at: Mapped[datetime | None]
    auction_ends_at: Mapped[datetime | None]
    buyer: Mapped[Organisation] = relationship(foreign_keys=[buyer_id], lazy="joined")
    item: Mapped[ServiceItem] = relationship(lazy="joined")
    department: Mapped[Organisation | None] = relationship(foreign_keys=[department_id])
    invitations: Mapped[list[Invitation]] = relationship(
        back_populates="tender", cascade="all, delete-orphan"
    )

    @validates("project")
    def _compare(self, _name: str, project: str) -> str:
        self.project_key = core(project)[:200]
        return project

    @property
    def title(self) -> str:
        return self.project

    @property
    def line(self) -> str | None:
        return self.item.department

    @classmethod
    def of_line(cls, department: str) -> ColumnElement[bool]:
        return cls.item.has(ServiceItem.department == department)

    @hybrid_property
    def amount_at_stake(self) -> int:
        """The budget; without one anything may be at stake, so only a delegation of any sum reaches it."""
        return self.budget or money.MOST

    @amount_at_stake.inplace.expression
    @classmethod
    def _amount_at_stake(cls) -> ColumnElement[int]:
        return func.coalesce(func.nullif(cls.budget, 0), money.MOST)

    @classmethod
    def public(cls) -> ColumnElement[bool]:
        """The tenders anyone may read: published openly."""
        return (cls.state != "draft") & cls.published_at.is_not(None) & (cls.openness == "open")

    @property
    def opened(self) -> bool:
        """Whether what was sealed is open to all: in a live auction not before its end."""
        return self.opened_at is not None and self.state != "auction"

    @classmethod
    def opened_to_all(cls) -> ColumnElement[bool]:
        """The SQL twin of `opened`."""
        return cls.opened_at.is_not(None) & (cls.state != "auction")

    def check_override(self, target: str) -> None:
        """A rule: nobody opens what an auction keeps sealed before its end.

        By moving it on; nor seals again what everybody has read.
        """
        running = (
            self.state == "auction"
            and self.auction_ends_at is not None
            and clock.now() <= self.auction_ends_at
        )
        if running or target == "auction":
            raise RuleViolation(
                N_("网上竞价到点才结束、才公开,结束后也不能重开:不能越过流程改动。"), "target"
            )

    @property
    def cancels_with_consent(self) -> bool:
        """Whether what agencies offered can be read by now, so that the buyer no longer cancels alone."""
        since = policy.get(self.policy_version).text(f"cancelling.consent.{self.funds}")
        return since == "closed" or (since == "opened" and self.opened_at is not None)

    @property
    def way(self) -> Mode:
        return MODES[self.mode]

    def knows(self, step: str) -> bool:
        """Whether this step of its draft was told, or a value that was said before its step."""
        return self.told is None or step in self.told

    @property
    def scored_by(self) -> Criteria:
        """The criteria of a tender that is scored; LookupError for one without."""
        if self.criteria is None:
            raise LookupError(f"{self.identifier} has no criteria")
        return self.criteria

    @property
    def rules(self) -> Rules:
        return rules_of(self.mode, self.funds, self.policy_version)

    def at_once_after(self, act: str) -> str:
        """Quotes need no opening, and what has no publicity period is a contract's at once."""
        if act == "close" and not self.way.sealed:
            return "evaluate"
        return "contract" if act == "award" and not self.rules.publicity_days else ""

    @property
    def questions_until(self) -> datetime:
        """When questions end.

        So many working days before the deadline that there is time to answer them and to heed the answer.
        """
        return workdays.back(self.deadline, self.questions_days)

    @property
    def questions_days(self) -> int:
        return policy.get(self.policy_version).number(f"tender.ask_until_days.{self.funds}")

    def takes_questions(self, arrived: datetime) -> None:
        """RuleViolation unless a question that arrived at this instant may be asked."""
        self.check_accepts_offers(arrived)
        if arrived > self.questions_until:
            raise RuleViolation(
                N_("提问已于 %(time)s 截止:问题要在征集截止前 %(days)s 个工作日提出,才来得及答复。"),
                "question",
                time=f"{self.questions_until.astimezone(BEIJING):%Y-%m-%d %H:%M}",
                days=self.questions_days,
            )

    def leaves(self, days: int) -> datetime:
        """The deadline that leaves at least so many working days from now: the present one, where it does."""
        return max(self.deadline, self.way.deadline_on(workdays.add(clock.now(), days)))

    @property
    def closes_at(self) -> datetime:
        """When it is closed: a little after the deadline, so that what arrived in time is stored."""
        return self.deadline + self._settling

    @property
    def auction_closes_at(self) -> datetime | None:
        return self.auction_ends_at + self._settling if self.auction_ends_at else None

    def told_until(self, instant: datetime) -> datetime:
        """Whoever answers is told the deadline, not that it is closed a little later."""
        return instant - self._settling if instant in (self.closes_at, self.auction_closes_at) else instant

    @property
    def _settling(self) -> timedelta:
        return timedelta(seconds=policy.get(self.policy_version).number("tender.settling_seconds"))

    def readable_by(self, session: Session, actor: Actor) -> bool:
        """Whether an actor may see it: its parties and overseers; anyone, once published openly.

        Whoever is invited.
        """
        if self.roles_of(actor) or (self.published_at and self.openness == "open"):
            return True
        asked = select(Invitation.id).where(
            Invitation.tender_id == self.id, Invitation.agency_id == actor.organisation_id
        )
        return self.published_at is not None and session.scalar(asked) is not None

    def involved(self, session: Session, known: frozenset[int]) -> set[int]:
        """The buyer, whom it invites, and whoever answered it.

        Before the answers are open to the buyer, only of themselves.
        """
        from models.sourcing.answers import answered

        return super().involved(session, known) | answered(
            session, self.id, known, shown=self.way.answers_known(self)
        )

    def check_accepts_offers(self, arrived: datetime) -> None:
        """RuleViolation unless an offer that arrived at this instant may come in.

        One at the deadline itself counts.
        """
        if self.state != "published":
            raise RuleViolation(N_("这项需求现在不接收报价(状态:%(state)s)。"), state=self.state_label)
        if arrived > self.deadline:
            raise RuleViolation(N_("已过截止时间,不再接收报价。"))

    def seals(self, arrived: datetime) -> None:
        """RuleViolation for a bid after the instant until which its key is known to be kept.

        Somebody might have it by then.
        """
        if self.keeper_until is not None and arrived > self.keeper_until:
            raise RuleViolation(N_("截止时间已顺延,但密钥保管方还没有确认,现在不能投标;请稍后再试。"))

    @classmethod
    def sealed(cls) -> ColumnElement[bool]:
        """The tenders answered by sealed bids."""
        return cls.mode.in_([name for name, mode in MODES.items() if mode.sealed])

    @classmethod
    def untold(cls) -> ColumnElement[bool]:
        """The sealed tenders whose deadline moved and whose keeper is not known to have heard of it."""
        return (cls.state == "published") & cls.sealed() & (cls.deadline > cls.keeper_until)

    @classmethod
    def locked(cls) -> ColumnElement[bool]:
        """The closed tenders whose bids are still to be opened and whose key is still with the keeper."""
        return (cls.state == "closed") & cls.keeper_half.is_(None)


class Invitation(Base):
    """An agency asked by name."""

    __tablename__ = "invitations"
    __table_args__ = (UniqueConstraint("tender_id", "agency_id"),)

    tender_id: Mapped[int] = mapped_column(ForeignKey("tenders.id"))
    agency_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    tender: Mapped[Tender] = relationship(back_populates="invitations")
    agency: Mapped[Organisation] = relationship(lazy="joined")

    @staticmethod
    def open_to(identifiers: Iterable[str]) -> ColumnElement[bool]:
        """Which organisations of these (identifiers) may be invited, in SQL.

        Agencies in the market that are not stopped at being awarded or at signing.
        """
        return (
            Organisation.identifier.in_(list(identifiers))
            & (Organisation.kind == "agency")
            & restrictions.free_for(*restrictions.ENGAGED)
        )
