"""Lists of credit records: what is published, good and bad (红黑榜), and a reader's own or of its area."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import login_required
from sqlalchemy import Select, and_, func, or_, select

from market import filters
from market.charts import rows
from market.credit.blueprint import bp
from market.credit.views.records import weight_name
from market.extensions import db
from market.filters import Choice, Filter, Filters
from market.formatting import bilingual, catalogued, region
from market.identity import current_actor
from market.pagination import paged
from market.spreadsheets import Column, export
from models import spelling
from models.accounts import Organisation
from models.actors import OFFICES, Actor
from models.credit import policy
from models.credit.listings import ExternalListing, own_listings
from models.credit.records import CreditRecord
from models.i18n import N_
from models.regions import within

SIDES = {"bad": N_("黑榜(失信)"), "good": N_("红榜(守信)")}


def _kinds() -> list[tuple[str, str]]:
    return [(kind.key, bilingual({"zh": kind.zh, "en": kind.en})) for kind in policy.current().kinds.values()]


WHOM = Filter("q", _l("名称、编号或信用代码"))
PUBLIC = Filters(
    WHOM, filters.labels("list", _l("榜单"), SIDES), Choice("kind", _l("类别"), _kinds), filters.region()
)
OWN = Filters(
    WHOM, Choice("kind", _l("类别"), _kinds), filters.states(CreditRecord.workflow), filters.region()
)


def _narrowed(query: Select[Any], asked: Mapping[str, str]) -> Select[Any]:
    """As the reader asked for, newest decision first, then newest proposal."""
    query = query.join(Organisation, Organisation.id == CreditRecord.subject_id)
    if words := asked.get("q"):
        code = spelling.code(words)
        query = query.where(
            or_(
                Organisation.name.icontains(words, autoescape=True),
                Organisation.uscc == code,
                Organisation.identifier == code,
                CreditRecord.identifier == code,
            )
        )
    if side := asked.get("list"):
        query = query.where(
            CreditRecord.weight == "good" if side == "good" else CreditRecord.weight != "good"
        )
    if kind := asked.get("kind"):
        query = query.where(CreditRecord.kind == kind)
    if state := asked.get("state"):
        query = query.where(CreditRecord.state == state)
    if place := asked.get("region"):
        query = query.where(within(CreditRecord.region_code, place))
    return query.order_by(CreditRecord.decided_at.desc(), CreditRecord.id.desc())


def _published(actor: Actor) -> Any:
    """What this reader may see of the records in force: an authority the minor ones as well."""
    return CreditRecord.is_counting() if actor.roles & OFFICES else CreditRecord.is_published()


def _counted(where: Any, column: Any) -> dict[str, int]:
    query = select(column, func.count()).where(where).group_by(column)
    return {key: number for key, number in db.session.execute(query)}


@bp.get("/credit/records")
def records() -> str | tuple[str, int]:
    """The red and the black list."""
    asked, shown = PUBLIC.asked(), _published(current_actor())
    counted = _counted(shown, CreditRecord.kind)
    kinds = [(key, name) for key, name in _kinds() if key in counted]
    return filters.rendered(
        "credit/records.html",
        page=paged(_narrowed(select(CreditRecord).where(shown), asked)),
        asked=asked,
        weight_name=weight_name,
        listed=db.session.scalar(
            select(func.count()).select_from(ExternalListing).where(ExternalListing.is_counting())
        ),
        chart=rows(
            [(name, counted[key]) for key, name in kinds],
            _("各类记录"),
            [url_for("credit.records", kind=key) for key, _name in kinds],
        ),
    )


COLUMNS = (
    Column[CreditRecord](_l("编号"), lambda record: record.identifier),
    Column[CreditRecord](_l("当事人"), lambda record: record.subject.name),
    Column[CreditRecord](_l("统一社会信用代码"), lambda record: record.subject.uscc),
    Column[CreditRecord](_l("地区"), lambda record: region(record.region_code)),
    Column[CreditRecord](_l("类别"), lambda record: bilingual(record.kind_names)),
    Column[CreditRecord](_l("轻重"), weight_name),
    Column[CreditRecord](_l("依据"), lambda record: catalogued(record.basis)),
    Column[CreditRecord](_l("所在清单"), lambda record: catalogued(record.rule.listed)),
    Column[CreditRecord](_l("决定时间"), lambda record: record.decided_at),
    Column[CreditRecord](_l("公示到期"), lambda record: record.published_until),
)


@bp.get("/credit/records.<any(csv, xlsx):suffix>")
def export_records(suffix: str) -> Response:
    asked = PUBLIC.asked(refuse=True)
    found = db.session.scalars(_narrowed(select(CreditRecord).where(_published(current_actor())), asked))
    return export("credit-records", _("红黑榜"), suffix, COLUMNS, found)


def _mine(actor: Actor, asked: Mapping[str, str]) -> Select[Any]:
    return _narrowed(select(CreditRecord).where(CreditRecord.visible_to(actor)), asked)


@bp.get("/my/records")
@login_required
def own_records() -> str | tuple[str, int]:
    """Of a regulator all of its area, of anybody else those about its own organisation, in every state."""
    actor, asked = current_actor(), OWN.asked()
    counted = _counted(and_(CreditRecord.visible_to(actor)), CreditRecord.state)
    states = [(name, state) for name, state in CreditRecord.workflow.states.items() if name in counted]
    return filters.rendered(
        "credit/own_records.html",
        page=paged(_mine(actor, asked)),
        asked=asked,
        overseeing=bool(actor.roles & {"regulator", "admin"}),
        listings=own_listings(db.session, actor.organisation_id),
        chart=rows(
            [(_(state.label), counted[name]) for name, state in states],
            _("各状态的记录"),
            [url_for("credit.own_records", state=name) for name, _state in states],
        ),
    )


OWN_COLUMNS = (
    *COLUMNS[:6],
    Column[CreditRecord](_l("状态"), lambda record: _(record.state_label)),
    *COLUMNS[6:],
    Column[CreditRecord](_l("提出时间"), lambda record: record.proposed_at),
    Column[CreditRecord](_l("告知时间"), lambda record: record.notified_at),
    Column[CreditRecord](_l("期限至"), lambda record: record.ends_at),
)


@bp.get("/my/records.<any(csv, xlsx):suffix>")
@login_required
def export_own(suffix: str) -> Response:
    found = db.session.scalars(_mine(current_actor(), OWN.asked(refuse=True)))
    return export("records", _("信用记录"), suffix, OWN_COLUMNS, found)
