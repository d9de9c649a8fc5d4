"""The contracts a reader has a part in: found by words, state and day, sorted, and taken away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import login_required
from sqlalchemy import Select, or_, select, union

from market import filters
from market.contracts.blueprint import bp
from market.extensions import db
from market.filters import Filter, Filters
from market.formatting import item_name, region
from market.identity import current_actor
from market.options import in_region, period_asked
from market.pagination import Order, order_asked, ordered, paged
from market.spreadsheets import Column, export, yuan
from models import spelling
from models.accounts import Organisation
from models.actors import Actor
from models.contracts.agreement import Contract
from models.contracts.deliverables import Deliverable
from models.contracts.materials import Materials
from models.i18n import N_
from models.payments.kept import KEPT, keeps, kept_in_all, kept_of, kept_sum
from models.payments.payment import Payment
from models.sourcing.tenders import Tender

MONEY = {
    "any": N_("有托管的款"),
    "escrow": N_("合同托管"),
    "retention": N_("质量保留金"),
    "hold": N_("争议冻结"),
}
ORDERS = {
    "newest": Order(Contract.id, largest_first=True),
    "price": Order(Contract.price, largest_first=True),
    "signed": Order(Contract.signed_at, largest_first=True),
    "due": Order(Contract.due_at),
}


def _kinds(asked: Mapping[str, str]) -> set[str]:
    """The accounts of a contract whose money is asked for; all of them where none is named."""
    return {asked.get("money", "")} & set(KEPT)


def contracts_of(actor: Actor, asked: Mapping[str, str]) -> Select[Any]:
    """The contracts this actor has a part in, as they are asked for.

    By words of the project or a party's name or a number (`q`), `state`, `region` (a code; `level`: of it
    alone), `agency` (its identifier), the days they were signed between (`since`, `until`; `day`: completed),
    those in which something is overdue (`late`), those of which money is kept (`money`: on which account of
    theirs, or `any`), in an `order`.
    """
    query = select(Contract).where(Contract.visible_to(actor))
    if asked.get("state"):
        query = query.where(Contract.state == asked["state"])
    if asked.get("region"):
        query = query.where(in_region(Contract.region_code, asked))
    if asked.get("agency"):
        query = query.where(Contract.agency.has(Organisation.identifier == asked["agency"]))
    since, before = period_asked(asked)
    day = Contract.completed_at if asked.get("day") == "completed" else Contract.signed_at
    if since:
        query = query.where(day >= since)
    if before:
        query = query.where(day < before)
    if asked.get("money"):
        query = query.where(keeps(*_kinds(asked)))
    if asked.get("late"):
        overdue = (
            select(kind.contract_id).where(kind.state == state)
            for kind, state in ((Deliverable, "late"), (Materials, "overdue"), (Payment, "overdue"))
        )
        query = query.where(Contract.id.in_(union(*overdue)))
    words = asked.get("q")
    if words:
        named = or_(
            Organisation.name.icontains(words, autoescape=True), Organisation.uscc == spelling.code(words)
        )
        query = query.where(
            or_(
                Contract.identifier == spelling.code(words),
                Contract.tender.has(Tender.project.icontains(words, autoescape=True)),
                Contract.buyer.has(named),
                Contract.agency.has(named),
            )
        )
    return ordered(query, ORDERS, asked.get("order", ""), Contract.id.desc())


Listed = tuple[Contract, int]  # a contract, and what is kept of it, in fen
CONTRACTS = (
    Column[Listed](_l("编号"), lambda row: row[0].identifier),
    Column[Listed](_l("项目"), lambda row: row[0].title),
    Column[Listed](_l("事项"), lambda row: item_name(row[0].tender.item)),
    Column[Listed](_l("业主"), lambda row: row[0].buyer.name),
    Column[Listed](_l("机构"), lambda row: row[0].agency.name),
    Column[Listed](_l("地区"), lambda row: region(row[0].region_code)),
    Column[Listed](_l("价款(元)"), lambda row: yuan(row[0].price)),
    Column[Listed](_l("在托管(元)"), lambda row: yuan(int(row[1]))),
    Column[Listed](_l("状态"), lambda row: _(row[0].state_label)),
    Column[Listed](_l("签订时间"), lambda row: row[0].signed_at),
    Column[Listed](_l("完成时间"), lambda row: row[0].completed_at),
)  # of what `contracts_of` finds, with what is kept of each as far as it was asked for


FILTERS = Filters(
    Filter("q", _l("项目、单位或编号")),
    filters.states(Contract.workflow),
    filters.region(),
    filters.level(),
    filters.labels("day", _l("日期按"), {"completed": N_("完成")}, nothing=_l("签订")),
    *filters.days(),
    filters.only("late", _l("只看有事项逾期的")),
    filters.labels("money", _l("托管"), MONEY),
    filters.agency(),
)


@bp.get("/contracts")
@login_required
def index() -> str | tuple[str, int]:
    asked = FILTERS.asked()
    found = contracts_of(current_actor(), asked | order_asked())
    page, kinds, of_money = paged(found), _kinds(asked), "money" in asked
    return filters.rendered(
        "contracts/index.html",
        page=page,
        kept=kept_of(db.session, [c.id for c in page.rows], *kinds) if of_money else None,
        in_all=kept_in_all(db.session, found, *kinds) if of_money else 0,
        asked=asked,
    )


@bp.get("/contracts.<any(csv, xlsx):kind>")
@login_required
def export_contracts(kind: str) -> Response:
    asked = FILTERS.asked(refuse=True)
    found = contracts_of(current_actor(), asked | order_asked()).add_columns(kept_sum(*_kinds(asked)))
    return export("contracts", _("合同列表"), kind, CONTRACTS, db.session.execute(found).unique())
