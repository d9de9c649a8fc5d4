"""Entering the market: the steps of an application, the commitment, the regulator's check of it."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from market.agencies.actions.accounts import GUARDED
from market.agencies.actions.common import own
from market.case_actions import case_action
from market.files import hand_in, with_file
from market.signing import prepare_key
from market.transaction import action
from models import clock, events
from models.accounts import Organisation
from models.actors import SYSTEM, Actor
from models.agencies import entry as entering
from models.agencies.certificates import Practitioner, certified, check_dates
from models.agencies.checks import open_check
from models.agencies.entry import (
    MATERIALS,
    STEPS,
    EntryMaterial,
    fill_step,
    materials_of,
    profile_of,
    wanted,
)
from models.errors import NotAllowed, NotFound, RuleViolation, WrongState
from models.i18n import N_


def _filling(session: Session, actor: Actor) -> Organisation:
    """The actor's agency, where it may change what it tells of itself: not while that is being checked."""
    agency = own(session, actor)
    if agency.state == "applied":
        raise WrongState(N_("正在核验,暂不能修改;需要修改时请监管部门退回。"))
    return agency


@action
def fill(session: Session, actor: Actor, step: str, **values: Any) -> str:
    """Tell one step, or bring it up to date later. Once an agency is in, what changed is public."""
    if step not in STEPS:
        raise NotFound(N_("没有找到 %(identifier)s。"), identifier=step)
    agency = _filling(session, actor)
    if step in GUARDED and agency.state != "draft":
        raise NotAllowed(N_("已入驻的机构更改这一项,要由管理员再次输入密码办理。"))
    changed = fill_step(session, agency, step, values)
    entered = agency.state != "draft"
    if changed or not entered:
        events.record(
            session,
            actor,
            "organisation.change" if entered else "organisation.fill",
            "organisation",
            agency.identifier,
            audience="public" if entered else "parties",
            data={"step": step, "changes": changed if entered else {}},
        )
    return agency.identifier


@with_file
@action
def add_practitioner(
    session: Session,
    actor: Actor,
    *,
    name: str,
    kind: str,
    number: str,
    valid_from: date,
    valid_until: date,
    file_name: str = "",
    content: bytes = b"",
) -> str:
    """Somebody works here with this certificate.

    RuleViolation if it has ended, or counts for another agency.
    """
    agency = _filling(session, actor)
    if not name.strip():
        raise RuleViolation(N_("请填写这一项。"), "name")
    kind, number = certified(kind, number)
    check_dates(valid_from, valid_until)
    held = select(Practitioner).where(
        Practitioner.kind == kind, Practitioner.number == number, Practitioner.left_on.is_(None)
    )
    for other in session.scalars(held):
        if other.agency_id != agency.id:
            raise RuleViolation(N_("这个证书登记在另一家机构名下;一个证书只能在一家机构执业。"), "number")
        if other.status() in ("valid", "expiring"):
            raise RuleViolation(N_("这个证书编号已经登记过。"), "number")
        other.left_on = clock.today()
        session.flush()
    person = Practitioner(
        agency_id=agency.id,
        name=name.strip(),
        kind=kind,
        number=number,
        valid_from=valid_from,
        valid_until=valid_until,
    )
    if content:
        person.document_identifier = hand_in(session, actor, agency, file_name, content, scan=True).identifier
    session.add(person)
    _tell(session, actor, agency, "employ", {"certificate": person.kind, "name": person.name})
    return agency.identifier


@action
def remove_practitioner(session: Session, actor: Actor, number: int) -> str:
    """Somebody has left. What was certified stays on record."""
    agency = _filling(session, actor)
    person = session.get(Practitioner, number)
    if person is None or person.agency_id != agency.id or person.left_on is not None:
        raise NotFound(N_("没有找到这位从业人员。"))
    person.left_on = clock.today()
    _tell(session, actor, agency, "part", {"certificate": person.kind, "name": person.name})
    return agency.identifier


@with_file
@action
def hand_in_material(session: Session, actor: Actor, *, kind: str, file_name: str, content: bytes) -> str:
    """Hand in a paper of the entry's list; a newer one takes the place of the one before."""
    agency = _filling(session, actor)
    if kind not in wanted(profile_of(session, agency).legal_form):
        raise RuleViolation(N_("请先填写证照信息,再按组织类型提交材料。"), "kind")
    document = hand_in(session, actor, agency, file_name, content)
    found = session.scalars(
        select(EntryMaterial).where(EntryMaterial.agency_id == agency.id, EntryMaterial.kind == kind)
    ).one_or_none()
    if found is None:
        found = EntryMaterial(agency_id=agency.id, kind=kind)
        session.add(found)
    found.document_identifier = document.identifier
    _tell(session, actor, agency, "material", {"material": MATERIALS[kind]["zh"]})
    return agency.identifier


def _tell(session: Session, actor: Actor, agency: Organisation, act: str, data: dict[str, str]) -> None:
    events.record(session, actor, f"organisation.{act}", "organisation", agency.identifier, data=data)


def _enter(session: Session, actor: Actor, act: str, committed: bool) -> Organisation:
    if not committed:
        raise RuleViolation(N_("入驻须作出承诺:所填内容真实,并公示收费、守信执业。"), "committed")
    agency = own(session, actor)
    entering.submit(session, agency, act, actor)
    if agency.state == "verified":
        prepare_key(session, agency)
    return agency


@action
def submit(session: Session, actor: Actor, *, committed: bool) -> str:
    """Ask to be checked and let in."""
    return _enter(session, actor, "submit", committed).identifier


@action
def commit(session: Session, actor: Actor, *, committed: bool) -> str:
    """Be let in on the commitment (告知承诺): the check comes after, and finds out whether it was true."""
    agency = _enter(session, actor, "commit", committed)
    papers, handed = wanted(profile_of(session, agency).legal_form), materials_of(session, agency)
    evidence = [
        {"field": "material", "ours": paper["zh"], "theirs": ""}
        for kind, paper in papers.items()
        if kind not in handed
    ]
    open_check(session, SYSTEM, agency, "commitment", evidence)
    return agency.identifier


verify = case_action(__name__, Organisation, "verify", then=prepare_key)
restore = case_action(__name__, Organisation, "restore", then=prepare_key)
return_entry = case_action(__name__, Organisation, "return", name="return_entry")
refuse = case_action(__name__, Organisation, "refuse")
suspend = case_action(__name__, Organisation, "suspend")
