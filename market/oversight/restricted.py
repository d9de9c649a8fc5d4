"""The organisations of a regulator's area that are stopped at something, and at what."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from sqlalchemy import ColumnElement, Select, and_, func, not_, or_, select

from market.charts import rows
from market.extensions import db
from market.formatting import problem_text, region
from market.restricted import activity_names, basis_words, by_source
from market.spreadsheets import Column
from models import spelling, uscc
from models.accounts import KINDS, Organisation
from models.actors import Actor
from models.credit import restrictions
from models.credit.policy import ACTIVITIES
from models.credit.restrictions import SOURCES, Restriction, free_for
from models.regions import within

BATCH = 500  # organisations read at once for an export


def _stopped(*activities: str) -> ColumnElement[bool]:
    return not_(free_for(*activities))


def _area(actor: Actor) -> ColumnElement[bool]:
    """Whoever was let in, or is out again: the others are not restricted, they have not begun."""
    return and_(
        Organisation.kind.in_(("agency", "enterprise")),
        Organisation.state.in_(("verified", "suspended", "removed")),
        Organisation.visible_to(actor),
    )


def restricted_of(actor: Actor, asked: Mapping[str, str]) -> Select[Any]:
    """The restricted organisations of the actor's area.

    `asked` may name an `activity`, a `source` (account, record, listing, grade), a kind (`who`), a
    `region` and words of the name, or the number or code (`q`).
    """
    activity, source = asked.get("activity"), asked.get("source")
    query = select(Organisation).where(_area(actor), _stopped(*([activity] if activity else ACTIVITIES)))
    if source == "account":
        query = query.where(Organisation.state != "verified")
    elif source:
        query = query.where(Organisation.state == "verified")
    recorded, listed = restrictions.stopped_by_record(*ACTIVITIES), restrictions.stopped_by_list(*ACTIVITIES)
    by = {"record": recorded, "listing": listed, "grade": and_(not_(recorded), not_(listed))}
    if source in by:
        query = query.where(by[source])
    if asked.get("who"):
        query = query.where(Organisation.kind == asked["who"])
    if asked.get("region"):
        query = query.where(within(Organisation.region_code, asked["region"]))
    if words := asked.get("q"):
        query = query.where(
            or_(
                Organisation.name.icontains(words, autoescape=True),
                Organisation.identifier == spelling.code(words),
                Organisation.uscc == uscc.spelled(words),
            )
        )
    return query.order_by(Organisation.id.desc())


def chart(actor: Actor) -> Markup:
    """How many organisations of the area are stopped at each activity."""
    counts = {activity: func.count().filter(_stopped(activity)).label(activity) for activity in ACTIVITIES}
    found = db.session.execute(select(*counts.values()).select_from(Organisation).where(_area(actor))).one()
    return rows(
        [(_(label), found[index]) for index, label in enumerate(ACTIVITIES.values())],
        _("各项活动受限制的单位数"),
        [url_for("oversight.restricted", activity=activity) for activity in ACTIVITIES],
    )


@dataclass(frozen=True)
class Row:
    """An organisation and one reason by which it is stopped."""

    organisation: Organisation
    stops: Sequence[Restriction]

    @property
    def first(self) -> Restriction:
        return self.stops[0]


def by_reason(organisation: Organisation, found: Iterable[Restriction]) -> list[Row]:
    """A row for each source of an organisation's restrictions."""
    return [Row(organisation, group) for group in by_source(found)]


def exported(actor: Actor, asked: Mapping[str, str]) -> Iterator[Row]:
    """Every reason of every restricted organisation, read a batch at a time."""
    query, below = restricted_of(actor, asked), None
    while True:
        piece = query if below is None else query.where(Organisation.id < below)
        organisations = db.session.scalars(piece.limit(BATCH)).all()
        if not organisations:
            return
        found = restrictions.of(db.session, organisations)
        for organisation in organisations:
            yield from by_reason(organisation, found[organisation.id])
        below = organisations[-1].id


RESTRICTED = (
    Column[Row](_l("编号"), lambda row: row.organisation.identifier),
    Column[Row](_l("单位"), lambda row: row.organisation.name),
    Column[Row](_l("统一社会信用代码"), lambda row: row.organisation.uscc),
    Column[Row](_l("单位类型"), lambda row: _(KINDS[row.organisation.kind])),
    Column[Row](_l("地区"), lambda row: region(row.organisation.region_code)),
    Column[Row](_l("不能"), lambda row: activity_names([each.activity for each in row.stops])),
    Column[Row](_l("来源"), lambda row: _(SOURCES[row.first.source])),
    Column[Row](_l("原因"), lambda row: problem_text(row.first.reason)),
    Column[Row](_l("依据"), lambda row: basis_words(row.first)),
    Column[Row](_l("记录编号"), lambda row: row.first.case),
    Column[Row](_l("到期"), lambda row: row.first.until),
)
