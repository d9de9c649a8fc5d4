"""The contracts a reader has a part in: found by words, state and day, sorted, and taken away."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import login_required
from sqlalchemy import Select, or_, select, union

from market.contracts.blueprint import bp
from market.extensions import db
from market.formatting import item_name, region
from market.identity import current_actor
from market.options import in_region, period_asked, region_asked
from market.pagination import Order, ordered, paged
from market.spreadsheets import Column, export, yuan
from models import spelling
from models.accounts import Organisation
from models.actors import Actor
from models.contracts.agreement import Contract
from models.contracts.deliverables import Deliverable
from models.contracts.materials import Materials
from models.i18n import N_
from models.payments.kept import KEPT, keeps
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


def contracts_of(actor: Actor, asked: Mapping[str, str]) -> Select[Any]:
    """The contracts this actor has a part in, as they are asked for.

    By words of the project or a party's name or a number (`q`), `state`, `region` (a code; `level`: of it
    alone), `agency` (its identifier), the days they were signed between (`since`, `until`; `day`: completed),
    those in which something is overdue (`late`), those of which money is kept (`money`: on which account of
    theirs, or `any`), in an `order`.
    """
    query = select(Contract).where(Contract.visible_to(actor))
    if asked.get("state") in Contract.workflow.states:
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
    if asked.get("money") in MONEY:
        query = query.where(keeps(*({asked["money"]} & set(KEPT))))
    if asked.get("late"):
        overdue = (
            select(kind.contract_id).where(kind.state == state)
            for kind, state in ((Deliverable, "late"), (Materials, "overdue"), (Payment, "overdue"))
        )
        query = query.where(Contract.id.in_(union(*overdue)))
    words = asked.get("q", "").strip()[:60]
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


CONTRACTS = (
    Column[Contract](_l("编号"), lambda contract: contract.identifier),
    Column[Contract](_l("项目"), lambda contract: contract.title),
    Column[Contract](_l("事项"), lambda contract: item_name(contract.tender.item)),
    Column[Contract](_l("业主"), lambda contract: contract.buyer.name),
    Column[Contract](_l("机构"), lambda contract: contract.agency.name),
    Column[Contract](_l("地区"), lambda contract: region(contract.region_code)),
    Column[Contract](_l("价款(元)"), lambda contract: yuan(contract.price)),
    Column[Contract](_l("状态"), lambda contract: _(contract.state_label)),
    Column[Contract](_l("签订时间"), lambda contract: contract.signed_at),
    Column[Contract](_l("完成时间"), lambda contract: contract.completed_at),
)  # of what `contracts_of` finds


FILTERS = ("q", "state", "region", "agency", "since", "until", "late", "money")


def _asked() -> dict[str, str]:
    return {**request.args.to_dict(), "region": region_asked()}


@bp.get("/contracts")
@login_required
def index() -> str:
    return render_template(
        "contracts/index.html",
        page=paged(contracts_of(current_actor(), _asked())),
        filtered=any(request.args.get(name) for name in FILTERS),
        state_options=[(s.name, _(s.label)) for s in Contract.workflow.states.values()],
        money_options=[(key, _(label)) for key, label in MONEY.items()],
        region=region_asked(),
    )


@bp.get("/contracts.<any(csv, xlsx):kind>")
@login_required
def export_contracts(kind: str) -> Response:
    rows = db.session.scalars(contracts_of(current_actor(), _asked())).unique()
    return export("contracts", _("合同列表"), kind, CONTRACTS, rows)
