"""An organisation of this market on a list kept elsewhere: counted, disputed and taken off.

What the sites say (external.py) becomes a case for each organisation it is about, so that it knows of it, may
say once that it is wrong, and is answered by the regulator of its area in the policy's working days. How it
is kept in step with what they say is in listing_changes.py. While it is disputed the entry is marked and not
counted; it is counted again where the dispute was not right, and stays uncounted where it was. When the sites
take it off, or its term is over, nobody else sees it any more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from datetime import date, datetime
from typing import Any, ClassVar, Self

from sqlalchemy import JSON, ColumnElement, ForeignKey, Index, Select, String, and_, false, or_, select
from sqlalchemy.orm import Mapped, Session, lazyload, mapped_column, relationship

from models import clock, workdays
from models.accounts import Organisation
from models.actors import Actor
from models.base import Base, Code, Json
from models.cases import Case
from models.credit import policy
from models.credit.external import ExternalEntry, ExternalFetch
from models.credit.external_policy import ExternalList, Source
from models.credit.listing_workflow import CHANGING, COUNTING, EXTERNAL_LISTING, OVER, UNSEEN
from models.credit.policy import CreditPolicy
from models.errors import NotAllowed, RuleViolation
from models.i18n import N_
from models.lengths import LEAST, check_text
from models.workflow_table import Workflow

OF_CHANGES = ("confirm_correction", "confirm_removal", "decline_change")
DISPUTE = N_("请写明哪里不对、依据是什么(%(least)s 到 %(most)s 个字)。")


class ExternalListing(Case, Base):
    """One organisation on one list, from when the market learned of it until it is off.

    `entry_id` is what counts of all that the sites say, `entered_on` the day it names. `known_at` is when the
    market learned of it, and stays; `listed_at` from when it counts: one that waited, from when it was
    confirmed, and one that never was, when it was off. `ends_at` is when its term is over, None where it has
    none. `rejected_at`: its dispute was not right.

    Where the sites say otherwise now and that waits for a second official, `change_fetch` brought it in;
    `change` is the entry they have instead, None where they have none, and `change_removes` that this one was
    off before. `change_declined_at`: that was found not to be so. `earlier` are the days it rested on before,
    oldest first, as `entered_on`, `ends_at` and `until` (ISO 8601).

    Its list, site, limits and the time to answer are as the policy in effect has them, for what a listing
    weighs and stops is reckoned by that; `credit_policy`, the version it was found under, says what that has
    no more.
    """

    __tablename__ = "external_listings"
    __table_args__ = (Index("ix_external_listings_of", "subject_id", "list"),)
    workflow: ClassVar[Workflow] = EXTERNAL_LISTING
    prefix: ClassVar[str] = "XL"
    lock_after: ClassVar[str] = "subject"  # as whoever follows the sites locks them
    parties: ClassVar[dict[str, str]] = {"subject": "subject_id"}

    subject_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"))
    list: Mapped[str] = mapped_column(String(20))
    entry_id: Mapped[int] = mapped_column(ForeignKey("external_entries.id"))
    source: Mapped[str] = mapped_column(String(20))
    entered_on: Mapped[date]
    credit_policy: Mapped[Code]
    known_at: Mapped[datetime]
    listed_at: Mapped[datetime]
    ends_at: Mapped[datetime | None]
    dispute: Mapped[str | None] = mapped_column(String(2000), info={LEAST: 10})
    disputed_at: Mapped[datetime | None]
    decision: Mapped[str | None] = mapped_column(String(1000))
    answered_at: Mapped[datetime | None]
    rejected_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]
    change_id: Mapped[int | None] = mapped_column(ForeignKey("external_entries.id"))
    change_fetch_id: Mapped[int | None] = mapped_column(ForeignKey("external_fetches.id"))
    change_removes: Mapped[bool | None]
    change_declined_at: Mapped[datetime | None]
    earlier: Mapped[Sequence[Json] | None] = mapped_column(JSON)
    subject: Mapped[Organisation] = relationship(lazy="joined")
    entry: Mapped[ExternalEntry] = relationship(foreign_keys=[entry_id], lazy="joined")
    change: Mapped[ExternalEntry | None] = relationship(foreign_keys=[change_id], lazy="selectin")
    change_fetch: Mapped[ExternalFetch | None] = relationship(foreign_keys=[change_fetch_id], lazy="selectin")

    @property
    def title(self) -> str:
        return self.subject.name

    @property
    def rule(self) -> ExternalList:
        """Its list, by the policy in effect or, where that has it no more, by the one it was found under."""
        return policy.current().lists.get(self.list) or policy.get(self.credit_policy).lists[self.list]

    @property
    def limits(self) -> tuple[str, ...]:
        """What it stops its subject at: nothing where the policy in effect has no such list."""
        of = policy.current().lists.get(self.list)
        return of.limits if of is not None else ()

    @property
    def names(self) -> dict[str, str]:
        return self.rule.names

    @property
    def site(self) -> Source:
        """The source that counts, by the same rule."""
        found = policy.current().sources.get(self.source)
        return found or policy.get(self.credit_policy).sources[self.source]

    @property
    def answer_by(self) -> datetime:
        days = policy.current().number("external.answer_days")
        return workdays.add(clock.now(), days)

    @property
    def due_shown(self) -> datetime | None:
        """What is to be done by somebody, not the term that runs."""
        urgent = self.state in ("waiting", "disputed", *CHANGING.values())
        return super().due_shown if urgent else None

    @property
    def change_waits(self) -> bool:
        """Whether what the sites say otherwise waits for a second official."""
        return self.change_fetch_id is not None and self.change_declined_at is None

    def days_at(self, at: datetime) -> tuple[date, datetime | None]:
        """The day of entry it rested on at an instant, and when its term was to end."""
        for kept in self.earlier or ():
            if datetime.fromisoformat(kept["until"]) > at:
                ends_at = kept["ends_at"]
                return (
                    date.fromisoformat(kept["entered_on"]),
                    datetime.fromisoformat(ends_at) if ends_at else None,
                )
        return self.entered_on, self.ends_at

    @property
    def counts(self) -> bool:
        """Whether it counts, limits and is public now."""
        return self.state in COUNTING and (self.ends_at is None or self.ends_at > clock.now())

    @classmethod
    def is_counting(cls) -> ColumnElement[bool]:
        """The SQL twin of `counts`."""
        return and_(cls.state.in_(COUNTING), or_(cls.ends_at.is_(None), cls.ends_at > clock.now()))

    def readable_by(self, session: Session, actor: Actor) -> bool:
        """Whoever has a part in it; while it counts anybody."""
        return bool(self.roles_of(actor)) or self.counts

    @classmethod
    def shown_to(cls, actor: Actor) -> ColumnElement[bool]:
        """The SQL twin of `readable_by`."""
        return or_(cls.visible_to(actor), cls.is_counting())

    def hindrance(self, actor: Actor, act: str) -> NotAllowed | None:
        """Whoever brought in an entry, or a change of it, is not the second to look at it.

        Where nobody knows who did (a command, or a site that fetched itself), nobody confirms it, for there
        may be no two: an official has to bring it in first. Only a national site's own answer is as good as
        a first official, and any site's that somebody was taken off, so that nobody stays listed for want of
        two. Anybody of the office may decline it.
        """
        confirms = act.startswith("confirm")
        if act in OF_CHANGES:
            if (fetch := self.change_fetch) is None:
                return None
            by, itself = fetch.by_id, fetch.way == "http"
            itself = itself and (bool(self.change_removes) or self._is_national(fetch.source))
        elif act in ("confirm", "decline"):
            by = self.entry.brought_by
            itself = self.entry.last.way == "http" and self._is_national(self.source)
        else:
            return None
        if by is not None and by == actor.user_id:
            return NotAllowed(N_("导入的人不能核对自己导入的记录,请由另一位工作人员核对。"))
        if confirms and by is None and not itself:
            return NotAllowed(
                N_("不知道是谁导入的,不能核对计入:请先由一位工作人员在网页上导入,再由另一位核对。")
            )
        return None

    def _is_national(self, source: str) -> bool:
        found = policy.current().sources.get(source) or policy.get(self.credit_policy).sources.get(source)
        return found is not None and found.level == "national"

    @classmethod
    def unhindered(cls, session: Session, actor: Actor, cases: Sequence[Self]) -> Sequence[Self]:
        declined = {"waiting": "decline", **dict.fromkeys(CHANGING.values(), "decline_change")}
        return [each for each in cases if each.hindrance(actor, declined.get(each.state, "")) is None]

    def check_override(self, target: str) -> None:
        """Who is on a list is what the sites say: no operator puts anybody on it, or off."""
        raise RuleViolation(N_("外部名录记录跟随公布它的网站,不能直接改状态。"), "target")

    def involved(self, session: Session, known: frozenset[int]) -> set[int]:
        """Whom it is about."""
        return {self.subject_id}


def shown_of(organisation_id: int, actor: Actor) -> Select[Any]:
    """The lists an organisation is on, as this actor may see them, the newest first.

    Its own and its overseers' with those that are disputed or not counted, everybody else's those that count.
    """
    return (
        select(ExternalListing)
        .where(
            ExternalListing.subject_id == organisation_id,
            ExternalListing.state.not_in(OVER),
            ExternalListing.shown_to(actor),
        )
        .order_by(ExternalListing.id.desc())
    )


def own_listings(session: Session, organisation_id: int | None) -> Sequence[ExternalListing]:
    """The lists an organisation is on, as its own people see to them, the newest first."""
    query = select(ExternalListing).where(
        ExternalListing.subject_id == organisation_id, ExternalListing.state.not_in((*OVER, *UNSEEN))
    )
    return session.scalars(query.order_by(ExternalListing.id.desc())).all()


def open_of(session: Session, subjects: Collection[int]) -> dict[tuple[int, str], ExternalListing]:
    """The listings of these organisations that are not over, locked, by organisation and list.

    After the organisations, as every act on a listing locks them (`lock_after`).
    """
    query = (
        select(ExternalListing)
        .where(ExternalListing.subject_id.in_(subjects), ExternalListing.state.not_in(OVER))
        .order_by(ExternalListing.id)
        .with_for_update(of=ExternalListing)
        .execution_options(populate_existing=True)
    )
    return {(each.subject_id, each.list): each for each in session.scalars(query)}


def say_wrong(listing: ExternalListing, words: str) -> None:
    """Keep why its subject says that an entry is wrong. RuleViolation at `dispute` for too few words."""
    listing.dispute, listing.disputed_at = (
        check_text(ExternalListing.dispute, words, DISPUTE),
        clock.now(),
    )


def standing(
    session: Session, subject_ids: Collection[int], at: datetime
) -> dict[int, list[ExternalListing]]:
    """The listings that counted about each of these organisations at an instant, in one statement.

    Not before it was listed, nor after it was taken off; nor while it was disputed, which ends only with an
    answer that the dispute was not right.
    """
    found: dict[int, list[ExternalListing]] = defaultdict(list)
    query = select(ExternalListing).where(ExternalListing.subject_id.in_(subject_ids), counted_at(at))
    for listing in session.scalars(query.order_by(ExternalListing.id).options(lazyload("*"))):
        found[listing.subject_id].append(listing)
    return found


def counted_at(at: datetime) -> ColumnElement[bool]:
    """The listings that counted at an instant, in SQL."""
    disputed = and_(
        ExternalListing.disputed_at.is_not(None),
        ExternalListing.disputed_at <= at,
        or_(ExternalListing.rejected_at.is_(None), ExternalListing.rejected_at > at),
    )
    return and_(
        ExternalListing.listed_at <= at,
        ExternalListing.state.not_in(UNSEEN),
        or_(ExternalListing.ends_at.is_(None), ExternalListing.ends_at > at),
        or_(ExternalListing.removed_at.is_(None), ExternalListing.removed_at > at),
        ~disputed,
    )


def limiting(rules: CreditPolicy, activities: Collection[str], at: datetime) -> ColumnElement[bool]:
    """The listings that stop any of these activities at an instant, in SQL."""
    keys = [key for key, each in rules.lists.items() if set(each.limits) & set(activities)]
    return and_(ExternalListing.list.in_(keys), counted_at(at)) if keys else false()
