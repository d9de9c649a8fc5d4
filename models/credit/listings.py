"""An organisation of this market on a list kept elsewhere: counted, disputed and taken off.

What the sites say (external.py) becomes a case for each organisation it is about, so that it knows of it, may
say once that it is wrong, and is answered by the regulator of its area in the policy's working days. Of
some lists what one official brought in waits until a second one confirms it (`ExternalList.four_eyes`).
While it is disputed the entry is marked and not counted; it is counted again where the dispute was not right,
and stays uncounted where it was. When the sites take it off, or its term is over, nobody else sees it any
more.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import date, datetime, time
from typing import Any, ClassVar, Self

from sqlalchemy import ColumnElement, ForeignKey, Index, Select, String, and_, false, or_, select
from sqlalchemy.orm import Mapped, Session, lazyload, mapped_column, relationship

from models import clock, identifiers, workdays
from models.accounts import Organisation
from models.actors import SYSTEM, Actor
from models.base import Base, Code
from models.cases import Case
from models.clock import BEIJING
from models.credit import policy
from models.credit.external import ExternalEntry, over_on, said, verdict, whole
from models.credit.external_policy import ExternalList, Source
from models.credit.listing_workflow import COUNTING, EXTERNAL_LISTING, OVER, UNSEEN
from models.credit.policy import CreditPolicy
from models.errors import NotAllowed, RuleViolation
from models.i18n import N_
from models.lengths import LEAST, check_text
from models.workflow import perform, start
from models.workflow_table import Workflow

DISPUTE = N_("请写明哪里不对、依据是什么(%(least)s 到 %(most)s 个字)。")


class ExternalListing(Case, Base):
    """One organisation on one list, from when the market learned of it until it is off.

    `entry_id` is what counts of all that the sites say, `entered_on` the day it names. `known_at` is when the
    market learned of it, and stays; `listed_at` from when it counts: one that waited, from when it was
    confirmed, and one that never was, when it was off. `ends_at` is when its term is over, None where it has
    none. `rejected_at`: its dispute was not right.

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
    subject: Mapped[Organisation] = relationship(lazy="joined")
    entry: Mapped[ExternalEntry] = relationship(lazy="joined")

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
        return super().due_shown if self.state in ("waiting", "disputed") else None

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
        """Whoever brought an entry in is not the second to look at it.

        Where nobody knows who did (a command, or a site that fetched itself), nobody confirms it, for there
        may be no two: an official has to bring it in first. Only a national site's own answer is as good as
        a first official. Anybody of the office may decline it.
        """
        by = self.entry.brought_by
        if act in ("confirm", "decline") and by is not None and by == actor.user_id:
            return NotAllowed(N_("导入的人不能核对自己导入的记录,请由另一位工作人员核对。"))
        national = self.site.level == "national" and self.entry.last.way == "http"
        if act == "confirm" and by is None and not national:
            return NotAllowed(
                N_("不知道是谁导入的,不能核对计入:请先由一位工作人员在网页上导入,再由另一位核对。")
            )
        return None

    @classmethod
    def unhindered(cls, session: Session, actor: Actor, cases: Sequence[Self]) -> Sequence[Self]:
        return [each for each in cases if each.state != "waiting" or each.hindrance(actor, "decline") is None]

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


def follow(session: Session, organisations: Iterable[Organisation]) -> list[str]:
    """Bring the listings of these organisations in step with what the sites say now.

    Returns the identifiers of those that began, ended, or rest on another site's word now. A constant number
    of statements, and one for each that changes.
    """
    known = {each.uscc: each for each in organisations if each.kind != "authority"}
    rules, today = policy.current(), clock.today()
    words, kept_whole = said(session, list(known)), whole(session)
    listings = open_of(session, [each.id for each in known.values()])
    changed: list[str] = []
    for code, organisation in known.items():
        for name in rules.lists:
            found = verdict(rules, words.get((code, name), ()), kept_whole, today).entry
            listing = listings.get((organisation.id, name))
            if listing is not None and (found is None or _another(listing, found)):
                _end(session, listing)
                changed.append(listing.identifier)
                listing = None
            if found is not None and listing is None and not _is_over(rules, found):
                changed.append(_begin(session, rules, organisation, found).identifier)
            elif found is not None and listing is not None and _takes(rules, listing, found):
                _rest_on(rules, listing, found)
                changed.append(listing.identifier)
            if listing is not None and listing.state in UNSEEN and _vouched(found):
                confirm(session, listing, SYSTEM)
                changed.append(listing.identifier)
    return changed


def _takes(rules: CreditPolicy, listing: ExternalListing, found: ExternalEntry) -> bool:
    """Whether a listing is to rest on another entry from now on.

    One that a second official looked at stays as it was seen then: what one official says otherwise of a list
    of four eyes is not taken, what a national site says itself is.
    """
    if listing.entry_id == found.id:
        return False
    return listing.state in UNSEEN or not rules.lists[found.list].four_eyes or _vouched(found)


def _rest_on(rules: CreditPolicy, listing: ExternalListing, found: ExternalEntry) -> None:
    """Its site, day and term are those of another entry."""
    listing.entry_id, listing.entry, listing.source = found.id, found, found.source
    listing.entered_on, ends_at = found.entered_on, _term(rules, found)
    if listing.due_at is not None and listing.due_at == listing.ends_at:
        listing.due_at = ends_at
    listing.ends_at = ends_at


def _another(listing: ExternalListing, found: ExternalEntry) -> bool:
    """Whether the same site now names another, later entry than the one that counted: it was off between."""
    return found.source == listing.source and found.entered_on > listing.entered_on


def _vouched(found: ExternalEntry | None) -> bool:
    """Whether a national site said so itself, so that nobody need look at it again."""
    told = (found.since, found.seen) if found is not None else ()
    return any(each.vouched and each.taken_at is not None for each in told)


def confirm(session: Session, listing: ExternalListing, actor: Actor) -> None:
    """A second look found that it is so: it counts from now."""
    perform(session, listing, "confirm", actor)
    listing.listed_at = clock.now()


def _is_over(rules: CreditPolicy, found: ExternalEntry) -> bool:
    ends_at = _term(rules, found)
    return ends_at is not None and ends_at <= clock.now()


def _term(rules: CreditPolicy, found: ExternalEntry) -> datetime | None:
    """When the months of its list are over, at the midnight in Beijing that ends them; None: never."""
    months = rules.lists[found.list].months
    return datetime.combine(over_on(found.entered_on, months), time(), BEIJING) if months else None


def _begin(
    session: Session, rules: CreditPolicy, organisation: Organisation, found: ExternalEntry
) -> ExternalListing:
    listing = ExternalListing(
        identifier=identifiers.issue(session, ExternalListing),
        subject_id=organisation.id,
        subject=organisation,
        list=found.list,
        entry_id=found.id,
        entry=found,
        source=found.source,
        entered_on=found.entered_on,
        credit_policy=rules.name,
        known_at=found.since.taken_at or clock.now(),
        listed_at=clock.now(),
        ends_at=_term(rules, found),
    )
    listing.region_code = organisation.region_code
    waits = rules.lists[found.list].four_eyes and not _vouched(found)
    if waits:
        listing.state = "waiting"
    start(session, listing, SYSTEM, "list", notify=() if waits else ("subject",))
    if waits:
        listing.due_at = listing.answer_by
    return listing


def _end(session: Session, listing: ExternalListing) -> None:
    over = listing.ends_at is not None and listing.ends_at <= clock.now()
    never, listing.removed_at = listing.state in UNSEEN, clock.now()
    perform(session, listing, "expire" if over else "remove", SYSTEM)
    if never:
        listing.listed_at = listing.removed_at


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
