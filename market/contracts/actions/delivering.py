"""Handing over: materials, deliverables, the answer to them and the department's outcome.

The buyer hands over materials, the agency deliverables; the buyer answers, the department says how its review
ended.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.contracts.actions.common import suspend_if_owing
from market.files import File, check_any, hand_in_all, hashes_of, with_files
from market.settlement.lifecycle import end, meet, proceed
from market.transaction import action
from models import clock, policy, referrals
from models.actors import SYSTEM, Actor
from models.contracts.deliverables import (
    Deliverable,
    DeliverableVersion,
    check_answers,
    check_list,
    record_outcome,
)
from models.contracts.materials import Materials, hand_over
from models.contracts.referring import refer_review
from models.errors import RuleViolation
from models.i18n import N_
from models.payments import settlement
from models.workflow import perform, permit


@with_files
@action
def supply(
    session: Session,
    actor: Actor,
    identifier: str,
    *,
    ticked: list[str],
    files: Sequence[File] = (),
) -> str:
    """The buyer hands over what the agency needs, every point, with files where there are any."""
    materials = Materials.lock(session, identifier)
    permit(session, materials, "supply", actor)
    hand_over(materials, ticked)
    perform(session, materials, "supply", actor)
    materials.supplied_at = clock.now()
    hand_in_all(session, actor, materials, files)
    return identifier


@action
def confirm_materials(session: Session, actor: Actor, identifier: str) -> str:
    """All there, says the agency, or its silence.

    A contract suspended for them goes on: the days until they were handed over do not count.
    """
    materials = Materials.lock(session, identifier)
    _complete(session, materials, "confirm", actor)
    return identifier


@action
def waive_materials(session: Session, actor: Actor, identifier: str) -> str:
    """The agency has what it needs already."""
    _complete(session, Materials.lock(session, identifier), "waive", actor)
    return identifier


def _complete(session: Session, materials: Materials, act: str, actor: Actor) -> None:
    perform(session, materials, act, actor)
    contract = materials.contract
    if contract.state == "suspended" and contract.suspended_until is None:
        perform(session, contract, "resume", SYSTEM)
        proceed(session, contract, materials.supplied_at or clock.now())


@action
def miss_materials(session: Session, actor: Actor, identifier: str, *, reason: str = "") -> str:
    """Something is missing: the buyer is to complete it, by the day it had from the beginning."""
    materials = Materials.lock(session, identifier)
    perform(session, materials, "miss", actor, reason=reason)
    materials.supplied_at = None
    return identifier


@action
def lapse_materials(session: Session, actor: Actor, identifier: str) -> str:
    """Not there in time: the contract is suspended, so that nobody is blamed for the other's delay."""
    materials = Materials.lock(session, identifier)
    perform(session, materials, "lapse", actor)
    suspend_if_owing(session, materials.contract)
    return identifier


@with_files
@action
def submit(
    session: Session,
    actor: Actor,
    identifier: str,
    *,
    files: Sequence[File],
    ticked: list[str],
    note: str = "",
) -> str:
    """The agency hands over a version, the report first, every point of the checklist answered."""
    deliverable = Deliverable.lock(session, identifier)
    permit(session, deliverable, "submit", actor)
    checklist = check_list(deliverable.contract.tender.item.checklist, ticked)
    check_any(files)
    earlier = [{each.sha256 for each in version.files} for version in deliverable.versions]
    documents = hand_in_all(session, actor, deliverable, files)
    number = 1 + len(deliverable.versions)
    if {each.sha256 for each in documents} in earlier:
        raise RuleViolation(N_("这份文件与之前提交的一稿完全相同。"), "file")
    told = {"version": number, **hashes_of(documents)}
    perform(session, deliverable, "submit", actor, data=told)
    for materials in session.scalars(
        select(Materials).where(Materials.contract_id == deliverable.contract_id, Materials.state == "due")
    ):
        _complete(session, materials, "waive", SYSTEM)  # it could do without
    deliverable.submitted_at = deliverable.submitted_at or clock.arrival(session)
    deliverable.versions.append(
        DeliverableVersion(
            number=number,
            document_id=documents[0].id,
            attachments=documents[1:],
            note=note.strip()[:200],
            checklist=checklist,
        )
    )
    return identifier


@action
def lapse(session: Session, actor: Actor, identifier: str) -> str:
    """The deadline has passed and nothing was handed over."""
    deliverable = Deliverable.lock(session, identifier)
    perform(session, deliverable, "lapse", actor)
    deliverable.missed_at = clock.now()
    return identifier


@action
def refer(session: Session, actor: Actor, identifier: str) -> str:
    """A deliverable, its correction or its review is overdue: the level above is told.

    Where no department reviewed what the buyer accepted, and all above let it pass too, the money does not
    wait for ever: it is paid, or the contract ends, as the policy says.
    """
    deliverable = Deliverable.lock(session, identifier)
    deliverable.workflow.find(deliverable.state, "refer")
    if deliverable.state != "accepted":
        referrals.refer(session, deliverable)
    elif not refer_review(session, deliverable):
        _go_on_unreviewed(session, deliverable)
    return identifier


def _go_on_unreviewed(session: Session, deliverable: Deliverable) -> None:
    contract = deliverable.contract
    if policy.get(contract.policy_version).text(f"contract.unreviewed.{contract.tender.funds}") == "pay":
        _waive(session, deliverable, SYSTEM, N_("各级审批部门都逾期未评审,按业主验收结清。"))
    else:
        earned = settlement.fair_share(session, contract, "none") + deliverable.milestone.amount
        end(
            session,
            contract,
            "dissolve",
            to_agency=min(settlement.funds_held(session, contract), earned),
            fault="none",
        )


@action
def waive_review(session: Session, actor: Actor, identifier: str, *, reason: str = "") -> str:
    """The regulator, asked since no department reviews it: what the buyer accepted is paid for without."""
    _waive(session, Deliverable.lock(session, identifier), actor, reason)
    return identifier


def _waive(session: Session, deliverable: Deliverable, actor: Actor, reason: str) -> None:
    perform(session, deliverable, "waive", actor, reason=reason)
    meet(session, deliverable)


@action
def accept(session: Session, actor: Actor, identifier: str, *, ticked: list[str] | None = None) -> str:
    """The buyer accepts, every point met, or the clock does after its silence.

    What needs no review is then done.
    """
    deliverable = Deliverable.lock(session, identifier)
    silent = "system" in actor.roles
    permit(session, deliverable, "accept", actor)
    if not silent:
        points = check_list(deliverable.contract.tender.item.checklist, ticked or [])
        deliverable.versions[-1].answers = dict.fromkeys(points, "")
    perform(session, deliverable, "accept", actor, data={"silent": silent})
    deliverable.superior = None  # it is the department's own again
    if not deliverable.milestone.reviewed:
        perform(session, deliverable, "finish", SYSTEM)
        meet(session, deliverable)
    return identifier


@action
def send_for_correction(
    session: Session, actor: Actor, identifier: str, *, answers: dict[str, str], reason: str = ""
) -> str:
    """The buyer returns a version, saying which points are not met and how; so many times and no more."""
    deliverable = Deliverable.lock(session, identifier)
    permit(session, deliverable, "return", actor)
    deliverable.versions[-1].answers = check_answers(deliverable.contract.tender.item.checklist, answers)
    perform(session, deliverable, "return", actor, reason=reason)
    deliverable.returns += 1
    return identifier


@action
def pass_review(session: Session, actor: Actor, identifier: str, *, note: str = "") -> str:
    """The approving department: the report passed. The milestone is met and its price falls due."""
    deliverable = Deliverable.lock(session, identifier)
    permit(session, deliverable, "pass", actor)
    record_outcome(deliverable, passed=True, reasons=[], fault=None, note=note)
    perform(session, deliverable, "pass", actor)
    meet(session, deliverable)
    return identifier


@action
def send_back(
    session: Session, actor: Actor, identifier: str, *, codes: list[str], fault: str = "", reason: str = ""
) -> str:
    """The approving department: not passed, why by code and in words, and whose fault.

    The agency's own is corrected free.
    """
    deliverable = Deliverable.lock(session, identifier)
    permit(session, deliverable, "send_back", actor)
    record_outcome(deliverable, passed=False, reasons=codes, fault=fault, note=reason)
    perform(session, deliverable, "send_back", actor, reason=reason, data={"fault": fault, "codes": codes})
    return identifier
