"""What stops an organisation, put there and taken away: its account, a record in force, its grade."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from harness.factories import World
from market.agencies.actions import entry
from market.transaction import transaction
from models import clock
from models.accounts import Organisation
from models.actors import SYSTEM
from models.credit import policy, records
from models.credit.kept import CreditScore
from models.credit.records import CreditRecord

WHY = "登记住所查无此机构"
LASTS = timedelta(hours=2)
Ending = Callable[[], None]


def limited(
    world: World, *activities: str, name: str = "agency", published: bool = True, kind: str = "false_report"
) -> str:
    """A record in force for two hours that stops this organisation at these activities."""
    with transaction() as session:
        subject = Organisation.load(session, world.identifiers[name])
        record = records.propose(session, SYSTEM, subject, kind, "检查发现的事实如下。", "应急罚字第1号")
        record.state, record.limits = "in_force", list(activities)
        record.notified_at = record.decided_at = record.in_force_from = clock.now()
        record.ends_at = clock.now() + LASTS
        record.due_at = record.ends_at
        record.published_until = record.ends_at if published else None
        identifier: str = record.identifier
    return identifier


def _account(world: World, activity: str, time: Any, patch: pytest.MonkeyPatch, name: str) -> Ending:
    entry.suspend(world.actor("regulator"), world.identifiers[name], reason=WHY)
    return lambda: (
        entry.restore(world.actor("regulator"), world.identifiers[name], reason="已经核实,恢复承接") and None
    )


def _record(world: World, activity: str, time: Any, patch: pytest.MonkeyPatch, name: str) -> Ending:
    limited(world, activity, name=name)

    def end() -> None:
        time.instant += LASTS

    return end


def _grade(world: World, activity: str, time: Any, patch: pytest.MonkeyPatch, name: str) -> Ending:
    limits = policy.current().values["limits"]["grades"]
    patch.setitem(limits, "E", {"limits": [activity], "basis": "某法第一条", "list": "清单:某项"})
    graded(world, name, "E")
    return lambda: graded(world, name, "B")


def graded(world: World, name: str, grade: str) -> None:
    with transaction() as session:
        key = world.organisation(name).id
        found = session.query(CreditScore).filter_by(agency_id=key).one_or_none()
        if found is None:
            found = CreditScore(
                agency_id=key,
                score=300,
                half_width=0,
                settled=1,
                policy_version=policy.current().version,
                computed_at=clock.now(),
            )
            session.add(found)
        found.grade = grade


IMPOSED = {"account": _account, "record": _record, "grade": _grade}


def ended(record: str) -> None:
    """A record is revoked, past its table."""
    with transaction() as session:
        found = CreditRecord.lock(session, record)
        found.state, found.revoked_at = "revoked", clock.now()
