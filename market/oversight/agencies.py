"""The agencies of a regulator's area: a table with filters, and everything about one of them on one page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import Select, func, or_, select

from market.event_text import actor_words, event_details, event_sentence
from market.extensions import db
from market.formatting import region
from market.options import period_asked
from market.pagination import Order, ordered
from market.spreadsheets import Column, rate
from models import spelling, uscc
from models.accounts import Organisation
from models.actors import Actor
from models.agencies import history
from models.agencies.history import AgencyEvent
from models.cases import CASES, Case
from models.contracts.agreement import Contract
from models.credit.kept import CreditScore
from models.events import Event
from models.regions import within

PIECE, BATCH = 30, 1_000  # events of a story on one page, and read at once for an export
ORDERS = {
    "name": Order(Organisation.name),
    "score": Order(CreditScore.score, largest_first=True),
    "settled": Order(CreditScore.settled, largest_first=True),
    "first_pass": Order(CreditScore.first_pass, largest_first=True),
    "on_time": Order(CreditScore.on_time, largest_first=True),
    "entered": Order(Organisation.created_at, largest_first=True),
}  # what the table is sorted by


def agencies_of(actor: Actor, asked: Mapping[str, str] | None = None) -> Select[Any]:
    """Every agency of the actor's area with its score (or None).

    `asked` may name a `state`, a `grade` (`none` for those without), a `region` by its code, words of its
    name or its number or code (`q`), and an `order` (ORDERS).
    """
    asked = asked or {}
    pairs: Any = select(Organisation, CreditScore)
    query: Select[Any] = pairs.outerjoin(CreditScore, CreditScore.agency_id == Organisation.id).where(
        Organisation.kind == "agency", Organisation.visible_to(actor)
    )
    if asked.get("state"):
        query = query.where(Organisation.state == asked["state"])
    if asked.get("grade"):
        query = query.where(CreditScore.grade == (None if asked["grade"] == "none" else asked["grade"]))
    if asked.get("region"):
        query = query.where(within(Organisation.region_code, asked["region"]))
    words = asked.get("q")
    if words:
        query = query.where(
            or_(
                Organisation.name.icontains(words, autoescape=True),
                Organisation.identifier == spelling.code(words),
                Organisation.uscc == uscc.spelled(words),
            )
        )
    return ordered(query, ORDERS, asked.get("order", ""), Organisation.id)


def completed_here(actor: Actor, agencies: Iterable[int]) -> dict[int, int]:
    """How many contracts each of these agencies completed that the actor may see: those of its area."""
    counted = select(Contract.agency_id, func.count()).where(
        Contract.visible_to(actor), Contract.state == "completed", Contract.agency_id.in_(list(agencies))
    )
    return dict(db.session.execute(counted.group_by(Contract.agency_id)).all())  # type: ignore[arg-type]


def _graded(pair: Any) -> bool:
    return pair.CreditScore is not None and pair.CreditScore.grade is not None


AGENCIES = (
    Column[Any](_l("编号"), lambda pair: pair.Organisation.identifier),
    Column[Any](_l("机构"), lambda pair: pair.Organisation.name),
    Column[Any](_l("统一社会信用代码"), lambda pair: pair.Organisation.uscc),
    Column[Any](_l("地区"), lambda pair: region(pair.Organisation.region_code)),
    Column[Any](_l("状态"), lambda pair: _(pair.Organisation.state_label)),
    Column[Any](_l("等级"), lambda pair: pair.CreditScore.grade if _graded(pair) else _("未评")),
    Column[Any](_l("信用分"), lambda pair: pair.CreditScore.score / 10 if _graded(pair) else None),
    Column[Any](_l("完成合同"), lambda pair: pair.CreditScore.settled if pair.CreditScore else 0),
    Column[Any](_l("首过率"), lambda pair: rate(pair.CreditScore.first_pass) if pair.CreditScore else None),
    Column[Any](_l("按期率"), lambda pair: rate(pair.CreditScore.on_time) if pair.CreditScore else None),
    Column[Any](_l("入驻时间"), lambda pair: pair.Organisation.created_at),
)  # of what `agencies_of` finds

# The case types of which an agency's page gives the figures, each figure a link to its cases.
COUNTED = (
    "award",
    "contract",
    "deliverable",
    "payment",
    "payout",
    "dispute",
    "rating",
    "follow_up",
    "rating_appeal",
    "check",
    "credit_record",
    "external_listing",
)


def figures(agency: Organisation, actor: Actor) -> list[tuple[type[Case], list[tuple[str, str, int]]]]:
    """Per case type how many of the agency's cases stand in each state: (state, its label, number)."""
    found = []
    for kind in COUNTED:
        counts = history.count_by_state(db.session, agency.id, actor, kind)
        states = CASES[kind].workflow.states
        found.append(
            (CASES[kind], [(s.name, s.label, counts[s.name]) for s in states.values() if s.name in counts])
        )
    return [row for row in found if row[1]]


@dataclass(frozen=True)
class Told:
    """One line of a story: an event, and the case it happened to."""

    event: Event
    case: Case

    @property
    def amount(self) -> int:
        """What the case is worth, in fen; 0 where that says nothing."""
        return self.case.amount_at_stake


def _story(agency: Organisation, actor: Actor, asked: Mapping[str, str]) -> Select[Any]:
    """The rows of a story as far as it is asked for, newest first.

    `about` one of history.KINDS, `since` and `until` days of Beijing, `before` an event's number.
    """
    query = history.story(agency.id, actor, asked.get("about", ""))
    since, over = period_asked(asked)
    if since:
        query = query.where(Event.at >= since)
    if over:
        query = query.where(Event.at < over)
    before = asked.get("before", "")
    if before.isascii() and before.isdigit() and len(before) < 16:
        query = query.where(AgencyEvent.event_id < int(before))
    return query


def told(agency: Organisation, actor: Actor, asked: Mapping[str, str], most: int) -> list[Told]:
    """The next lines of a story, at most so many: what `_story` finds."""
    rows = db.session.scalars(_story(agency, actor, asked).limit(most)).unique()
    events = [row.event for row in rows]
    cases = history.cases_of(db.session, events)
    return [Told(event, cases[event.case_type, event.case_identifier]) for event in events]


def all_told(agency: Organisation, actor: Actor, asked: Mapping[str, str]) -> Iterator[Told]:
    """The whole story, read a batch at a time."""
    while lines := told(agency, actor, asked, BATCH):
        yield from lines
        asked = {**asked, "before": str(lines[-1].event.id)}


STORY = (
    Column[Told](_l("时间"), lambda line: line.event.at),
    Column[Told](_l("类别"), lambda line: _(line.case.workflow.label)),
    Column[Told](_l("编号"), lambda line: line.case.identifier),
    Column[Told](_l("项目"), lambda line: line.case.title),
    Column[Told](_l("经过"), lambda line: event_sentence(line.event)),
    Column[Told](_l("办理人"), lambda line: actor_words(line.event)),
    Column[Told](_l("内容"), lambda line: "; ".join(event_details(line.event))),
    Column[Told](_l("现在的状态"), lambda line: _(line.case.state_label)),
)  # of what `told` gives


def cases_listed(agency: Organisation, actor: Actor, kind: str, state: str) -> Select[Any]:
    """The agency's cases of one type the actor may see, newest first; those in one state, if it is named."""
    query = history.cases_about(agency.id, actor, kind)
    return query.where(CASES[kind].state == state) if state in CASES[kind].workflow.states else query
