"""What the steps of a tender's draft tell, as they are taken into it.

A step is a few of its values together; what no step has told yet stands in its columns as what is usual, and
is shown nowhere (`Tender.told`).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import contacts, policy
from models.accounts import Organisation, authority_for
from models.actors import Actor
from models.base import Json
from models.catalogue import ServiceItem, item_by_code
from models.errors import RuleViolation
from models.i18n import N_
from models.lengths import check_text
from models.regions import Region, current
from models.sourcing.modes import FUNDS, MODES, OPENNESS
from models.sourcing.modes.mode import Need
from models.sourcing.scoring import Criteria
from models.sourcing.steps import STEPS
from models.sourcing.tenders import Invitation, Tender


def fill(session: Session, actor: Actor, tender: Tender, values: dict[str, Any]) -> None:
    """Take the values of some steps into a draft the actor may act on.

    RuleViolation at the field that is wrong.
    """
    for step, (take, names) in _STEPS.items():
        given = {name: values.pop(name) for name in names if name in values}
        if given:
            take(session, tender, **given)
            _tell(tender, step)
    if values:
        raise TypeError(f"no step takes {sorted(values)}")
    _check_mandate(actor, tender)


def _check_mandate(actor: Actor, tender: Tender) -> None:
    """RuleViolation where a draft is no longer one its delegate may act on."""
    if "buyer" not in tender.roles_of(actor):
        raise RuleViolation(N_("受托采购须设预算上限,且不超过委托的金额。"), "budget")


def _tell(tender: Tender, *told: str) -> None:
    if tender.told is not None:
        tender.told = [*tender.told, *(each for each in told if each not in tender.told)]


def _untell(tender: Tender, step: str) -> None:
    tender.told = [each for each in (STEPS if tender.told is None else tender.told) if each != step]


def hear_way(session: Session, tender: Tender, *, mode: str, funds: str) -> None:
    """By which way to choose was said before the first step, and whose money it is in that step, if it was.

    Where the way suits such money no more is asked of it; else both stand at the step that asks. What was
    told otherwise since stays.
    """
    if tender.knows("choice") and (tender.mode != mode or not funds):
        return
    _take_choice(session, tender, mode=mode, funds=funds or tender.funds, budget=tender.budget)
    _tell(tender, "mode", *(["funds"] if funds else []))
    if funds and tender.way.suits(Need(tender.item, funds, tender.budget, policy.current())):
        _tell(tender, "choice")
    else:
        _untell(tender, "choice")


def _take_what(
    session: Session, tender: Tender, *, item_code: str, region_code: str, project: str, description: str
) -> None:
    """What is to be done, and where.

    A project without a name is called by what it is, and where. What an item without a size is worth was said
    by that; of another item than before nothing was.
    """
    region = session.scalars(select(Region).where(Region.code == current(region_code))).one_or_none()
    if region is None:
        raise RuleViolation(N_("请选择项目所在地区。"), "region_code")
    item = _take_item(session, tender, item_code)
    tender.project = check_text(
        Tender.project,
        project.strip() or f"{region.name}{item.name}",
        N_("项目名称应为 %(least)s 到 %(most)s 个字。"),
    )
    tender.region_code, tender.description = region.code, description.strip()
    department = authority_for(session, "department", item.department, region.code)
    tender.department_id = department.id if department else None


def _take_item(session: Session, tender: Tender, code: str) -> ServiceItem:
    item = item_by_code(session, code)
    if item is None or item.withdrawn:
        raise RuleViolation(N_("清单里没有这个服务事项。"), "item_code")
    if tender.item_id is not None and tender.item.code != item.code:
        tender.quantity = {}
        _untell(tender, "size")
    tender.item_id, tender.item = item.id, item
    if item.measure == "none":
        _tell(tender, "size")
    return item


def _take_size(_session: Session, tender: Tender, *, quantity: Json) -> None:
    tender.item.check_quantity(quantity)
    tender.quantity = quantity


def _take_choice(
    _session: Session,
    tender: Tender,
    *,
    budget: int | None,
    mode: str,
    funds: str,
    criteria: Json | None = None,
) -> None:
    for value, known, field in ((mode, MODES, "mode"), (funds, FUNDS, "funds")):
        if value not in known:
            raise RuleViolation(N_("请选择一项。"), field)
    check_budget(budget)
    tender.mode, tender.funds, tender.budget = mode, funds, budget
    tender.criteria = Criteria.from_json(criteria) if criteria and MODES[mode].scored else None


def _take_whom(
    session: Session,
    tender: Tender,
    *,
    openness: str,
    deadline: datetime,
    invited: Sequence[str],
    wanted_on: date | None = None,
    contact: int | None = None,
) -> None:
    if openness not in OPENNESS:
        raise RuleViolation(N_("请选择一项。"), "openness")
    tender.openness, tender.deadline, tender.wanted_on = openness, deadline, wanted_on
    invite(session, tender, invited)
    if contact is not None:
        contacts.name_for(session, tender.id, tender.buyer_id, contact)


def invite(session: Session, tender: Tender, invited: Sequence[str]) -> None:
    """Ask these agencies (identifiers) and no others; who was asked before and stays, stays as it is.

    RuleViolation unless each of them is an agency in the market: one that is none, and one that is not yet or
    no more, are told apart by nothing.
    """
    asked = set(invited)
    named = set(session.scalars(select(Organisation.id).where(Invitation.open_to(asked))))
    if len(named) < len(asked):
        raise RuleViolation(N_("选中的里面有的不是已入驻的机构,不能邀请,请重新选。"), "invited")
    kept = [each for each in tender.invitations if each.agency_id in named]
    new = sorted(named - {each.agency_id for each in kept})
    tender.invitations = [*kept, *(Invitation(agency_id=agency) for agency in new)]


WHAT = ("item_code", "region_code", "project", "description")
_STEPS: dict[str, tuple[Callable[..., None], tuple[str, ...]]] = {
    "what": (_take_what, WHAT),
    "size": (_take_size, ("quantity",)),
    "choice": (_take_choice, ("budget", "mode", "funds", "criteria")),
    "whom": (_take_whom, ("openness", "deadline", "invited", "wanted_on", "contact")),
}


def ask_for(tender: Tender, description: str, quantity: Json, budget: int | None) -> None:
    """What is asked for, and for how much at the most."""
    check_budget(budget)
    tender.item.check_quantity(quantity)
    tender.description, tender.quantity, tender.budget = description.strip(), quantity, budget


def check_budget(budget: int | None) -> None:
    """RuleViolation for one of nothing."""
    if budget is not None and not budget > 0:
        raise RuleViolation(N_("金额应大于 0,且不超过 100 亿元。"), "budget")


def set_aside(
    session: Session, actor: Actor, tender: Tender, step: str, values: dict[str, Any], *, whole: bool
) -> None:
    """Keep what was typed at a step so far.

    It is told by that if it is `whole` and breaks no rule. RuleViolation at the field for what cannot be
    kept at all.
    """
    if step == "what":
        before = {
            "item_code": tender.item.code if tender.item else "",
            "region_code": tender.region_code or "",
        }
        values = values | {name: values[name] or before[name] for name in before}
        whole = True
    budget = tender.budget
    if whole:
        with suppress(RuleViolation):
            fill(session, actor, tender, dict(values))
            return
    if step == "what":
        _keep_what(session, tender, **values)
    elif step == "size":
        tender.quantity = values["quantity"]
    elif step == "choice":
        _keep_choice(tender, **values)
        if tender.budget is None and "buyer" not in tender.roles_of(actor):
            tender.budget = budget  # a delegate's draft without one would not be his to go on with
    else:
        _take_whom(session, tender, **{**values, "deadline": values["deadline"] or tender.deadline})
        _tell(tender, "openness")
    _untell(tender, step)
    _check_mandate(actor, tender)


def _keep_what(
    session: Session, tender: Tender, *, item_code: str, region_code: str, project: str, description: str
) -> None:
    """An item is the least a draft needs."""
    if not item_code:
        raise RuleViolation(N_("留成草稿至少要选一个服务事项。"), "item_code")
    _take_item(session, tender, item_code)
    tender.region_code = current(region_code)
    tender.project, tender.description = project.strip() or tender.item.name, description.strip()


def _keep_choice(tender: Tender, *, budget: int | None, criteria: Json, **said: str | None) -> None:
    """`said` are the mode and the funds, as far as they were chosen."""
    check_budget(budget)
    tender.budget = budget
    for name, value in said.items():
        _untell(tender, name)
        if value in (MODES if name == "mode" else FUNDS):
            setattr(tender, name, value)
            _tell(tender, name)
    tender.criteria = Criteria.from_json(criteria)  # whether they count is seen when the step is told
