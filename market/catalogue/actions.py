"""Keeping the catalogue.

Authorities revise, list and withdraw items, in versions, with a reason, for everyone to see.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from market import permissions
from market.transaction import action
from models import catalogue, clock, events
from models.actors import Actor
from models.catalogue import ApprovalMatter, ServiceItem, versions_of
from models.errors import NotAllowed, NotFound, RuleViolation
from models.i18n import N_
from models.workflow import check_reason


def may_edit(actor: Actor, department: str) -> bool:
    """The market's own regulator and administrators edit every item.

    A department at that level, and a regulator of one line of work, those of its line.
    """
    if not permissions.may_act("catalogue.revise_item", actor):
        return False
    return (
        "admin" in actor.roles
        or actor.department == department
        or ("regulator" in actor.roles and not actor.department)
    )


def _check(actor: Actor, *departments: str) -> None:
    if not all(may_edit(actor, department) for department in departments):
        raise NotAllowed(N_("只有本级监管部门和本行业主管部门可以修改事项清单。"))


def _matters(session: Session, department: str, codes: list[str], new: str) -> list[ApprovalMatter]:
    """The approval matters named, and those written down as new, a line each."""
    found = list(session.scalars(select(ApprovalMatter).where(ApprovalMatter.code.in_(codes))))
    names = {line.strip()[:200]: department for line in new.splitlines() if line.strip()}
    return list(
        {
            matter.name: matter for matter in [*found, *catalogue.matters_named(session, names).values()]
        }.values()
    )


def _lock(session: Session, code: str) -> ServiceItem:
    """The newest version of an item, its row locked so that two revisions follow one another."""
    query = select(ServiceItem).where(ServiceItem.code == code).order_by(ServiceItem.version.desc()).limit(1)
    found = session.scalars(query.with_for_update()).one_or_none()
    if found is None:
        raise NotFound(N_("没有找到 %(identifier)s。"), identifier=code)
    return found


@action
def revise_item(
    session: Session,
    actor: Actor,
    code: str,
    *,
    reason: str,
    effective_from: date | None,
    matters: list[str],
    new_matters: str,
    **values: Any,
) -> str:
    """The next version of an item, from a day on. Cases under way keep theirs."""
    before = _lock(session, code)
    _check(actor, before.department, values["department"])
    return _publish(session, actor, "revise", code, reason, effective_from, matters, new_matters, values)


@action
def list_item(
    session: Session,
    actor: Actor,
    *,
    code: str,
    reason: str,
    effective_from: date | None,
    matters: list[str],
    new_matters: str,
    **values: Any,
) -> str:
    """A new item. RuleViolation at `code` unless it is free and well-formed."""
    _check(actor, values["department"])
    if not re.fullmatch(r"[A-Z]{3}-[0-9]{2}", code):
        raise RuleViolation(N_("编号应为三个大写字母、短横和两位数字,例如 EIA-04。"), "code")
    if versions_of(session, code):
        raise RuleViolation(N_("这个编号已经用过。"), "code")
    return _publish(session, actor, "list", code, reason, effective_from, matters, new_matters, values)


def _publish(
    session: Session,
    actor: Actor,
    act: str,
    code: str,
    reason: str,
    effective_from: date | None,
    codes: list[str],
    new: str,
    values: dict[str, Any],
) -> str:
    said = check_reason(reason)
    before = next(iter(versions_of(session, code)), None)
    item = catalogue.revise(
        session,
        code,
        effective_from or clock.today(),
        _matters(session, values["department"], codes, new),
        values,
    )
    changed = [name for name, _old, _new in catalogue.changes(before, item)]
    if before is not None and not changed and not before.withdrawn:
        raise RuleViolation(N_("没有任何改动。"), "reason")
    events.record(
        session,
        actor,
        f"item.{act}",
        "item",
        code,
        audience="public",
        data={
            "item": item.name,
            "version": item.version,
            "day": item.effective_from.isoformat(),
            "fields": changed,
            "reason": said,
        },
    )
    return code


@action
def withdraw_item(
    session: Session, actor: Actor, code: str, *, reason: str, withdrawn_on: date | None
) -> str:
    """From a day on the item takes no new tender. What runs goes on under the version it began with."""
    _check(actor, _lock(session, code).department)
    said, day = check_reason(reason), withdrawn_on or clock.today()
    if day < clock.today():
        raise RuleViolation(N_("生效日期不能早于今天。"), "withdrawn_on")
    current = [item for item in versions_of(session, code) if item.withdrawn_on is None]
    if not current:
        raise RuleViolation(N_("这个事项已经退出清单。"), "withdrawn_on")
    for item in current:
        item.withdrawn_on = day
    events.record(
        session,
        actor,
        "item.withdraw",
        "item",
        code,
        audience="public",
        data={"item": current[0].name, "day": day.isoformat(), "reason": said},
    )
    return code
