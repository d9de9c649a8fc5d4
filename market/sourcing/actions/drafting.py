"""A tender's draft: for whom it is made, what it asks for, and what it repeats."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.transaction import action
from models import identifiers
from models.accounts import Organisation, authority_for
from models.actors import Actor
from models.base import Json
from models.catalogue import item_by_code
from models.conflicts import check_delegate
from models.errors import NotAllowed, RuleViolation
from models.i18n import N_
from models.lengths import check_text
from models.permission import check_standing
from models.regions import Region, current
from models.sourcing.cancelling import NOT_AGAIN
from models.sourcing.modes import FUNDS, MODES, OPENNESS
from models.sourcing.scoring import Criteria
from models.sourcing.tenders import Invitation, Tender
from models.workflow import perform, permit, start


def _buyer(session: Session, actor: Actor, on_behalf_of: int | None) -> int:
    """Whom a new tender is for: the actor's own enterprise, or one that delegated this to it."""
    wanted = actor.organisation_id if on_behalf_of is None else on_behalf_of
    if wanted in actor.buyers() and wanted is not None:
        return wanted
    check_standing(actor, wanted, entering=True)
    check_delegate(actor, on_behalf_of)
    if on_behalf_of is not None and on_behalf_of != actor.organisation_id:
        raise NotAllowed(N_("您没有得到这家单位的采购委托。"))
    raise NotAllowed(N_("只有项目业主或其受托人可以发布采购需求。"))


def _fill(
    session: Session,
    actor: Actor,
    tender: Tender,
    *,
    item_code: str,
    region_code: str,
    project: str,
    description: str,
    quantity: Json,
    budget: int | None,
    mode: str,
    funds: str,
    openness: str,
    deadline: datetime,
    invited: list[str],
    criteria: Json | None = None,
) -> None:
    """Take a form's values into a draft the actor may act on; RuleViolation at the field that is wrong."""
    item = item_by_code(session, item_code)
    if item is None or item.withdrawn:
        raise RuleViolation(N_("清单里没有这个服务事项。"), "item_code")
    region_code = current(region_code)
    if session.scalar(select(Region.id).where(Region.code == region_code)) is None:
        raise RuleViolation(N_("请选择项目所在地区。"), "region_code")
    project = check_text(Tender.project, project, N_("项目名称应为 %(least)s 到 %(most)s 个字。"))
    for value, known, field in (
        (mode, MODES, "mode"),
        (funds, FUNDS, "funds"),
        (openness, OPENNESS, "openness"),
    ):
        if value not in known:
            raise RuleViolation(N_("请选择一项。"), field)
    tender.item_id, tender.item = item.id, item
    tender.region_code, tender.project = region_code, project
    tender.mode, tender.funds, tender.openness, tender.deadline = mode, funds, openness, deadline
    tender.criteria = Criteria.from_json(criteria) if criteria and MODES[mode].scored else None
    ask_for(tender, description, quantity, budget)
    department = authority_for(session, "department", item.department, region_code)
    tender.department_id = department.id if department else None
    named = session.scalars(
        select(Organisation).where(Organisation.identifier.in_(invited), Organisation.kind == "agency")
    )
    tender.invitations = [Invitation(agency_id=agency.id) for agency in named]
    if "buyer" not in tender.roles_of(actor):
        raise RuleViolation(N_("受托采购须设预算上限,且不超过委托的金额。"), "budget")


def ask_for(tender: Tender, description: str, quantity: Json, budget: int | None) -> None:
    """What is asked for, and for how much at the most."""
    if budget is not None and not budget > 0:
        raise RuleViolation(N_("金额应大于 0,且不超过 100 亿元。"), "budget")
    tender.item.check_quantity(quantity)
    tender.description, tender.quantity, tender.budget = description.strip(), quantity, budget


def _say(session: Session, tender: Tender, said: str | None) -> None:
    """Keep what the buyer says of whether this repeats one of its own.

    Which, or that it does not (NOT_AGAIN).
    """
    if said and said != NOT_AGAIN:
        before = session.scalars(
            select(Tender).where(Tender.identifier == said, Tender.buyer_id == tender.buyer_id)
        ).one_or_none()
        if before is None:
            raise RuleViolation(N_("请选择一项。"), "again_of")
        if before.published_at is None:  # a draft is named nowhere: what it repeats is
            said = before.again_said
    tender.again_said = said or None
    tender.again_of = (
        None if said == NOT_AGAIN else tender.again_said
    )  # until it is published: then what is found outranks it


@action
def create(
    session: Session,
    actor: Actor,
    *,
    on_behalf_of: int | None = None,
    again_of: str | None = None,
    **values: object,
) -> str:
    """Start a draft, which may repeat one of the buyer's that came to nothing, or be said not to.

    Returns its identifier.
    """
    tender = Tender(
        identifier=identifiers.issue(session, Tender), buyer_id=_buyer(session, actor, on_behalf_of)
    )
    _say(session, tender, again_of)
    with session.no_autoflush:
        _fill(session, actor, tender, **values)  # type: ignore[arg-type]
    start(session, tender, actor, "create")
    return tender.identifier


@action
def edit(
    session: Session, actor: Actor, identifier: str, *, again_of: str | None = None, **values: object
) -> str:
    tender = Tender.lock(session, identifier)
    permit(session, tender, "edit", actor)
    _say(session, tender, again_of or tender.again_said)
    with session.no_autoflush:
        _fill(session, actor, tender, **values)  # type: ignore[arg-type]
    perform(session, tender, "edit", actor)
    return identifier
