"""What makes an agency one that may be engaged for an item."""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from models import clock
from models.accounts import Organisation
from models.agencies.certificates import Practitioner, Qualification
from models.agencies.fees import FeeSchedule, schedules_in_force
from models.catalogue import ServiceItem
from models.text import N_, RuleBroken


def check_eligible(session: Session, agency: Organisation, item: ServiceItem) -> FeeSchedule:
    """The fee schedule under which this agency may offer this item now.

    Otherwise RuleBroken, naming the rule that stops it: not verified or suspended, no valid qualification, too few
    people with a valid certificate, no published fee.
    """
    if agency.state != "verified":
        raise RuleBroken(N_("贵机构目前的状态是“%(state)s”,只有已入驻的机构可以承接业务。"), state=agency.state_label)
    if item.qualification_mandatory:
        _check_qualified(session, agency, item.required_qualification)
    if item.practitioners_least:
        _check_staffed(session, agency, item)
    schedules = schedules_in_force(session, agency_id=agency.id, item_code=item.code)
    if not schedules:
        raise RuleBroken(N_("贵机构尚未公示本事项的收费。未公示收费的机构不能报价或投标。"))
    return schedules[0]


def _check_qualified(session: Session, agency: Organisation, kind: str) -> None:
    held = select(Qualification).where(Qualification.agency_id == agency.id, Qualification.kind == kind)
    found = list(session.scalars(held.order_by(Qualification.valid_until.desc())))
    if any(q.status() in ("valid", "expiring") for q in found):
        return
    ended = next((q for q in found if q.status() == "expired"), None)
    if ended:
        raise RuleBroken(
            N_("本事项要求“%(kind)s”,贵机构的证书 %(number)s 已于 %(day)s 到期,登记新证书后即可恢复。"),
            kind=kind, number=ended.number, day=ended.valid_until.isoformat(),
        )  # fmt: skip
    raise RuleBroken(N_("本事项要求“%(kind)s”,贵机构没有登记在有效期内的该项资质。"), kind=kind)


def _check_staffed(session: Session, agency: Organisation, item: ServiceItem) -> None:
    at_work = session.scalar(
        select(func.count(func.distinct(Practitioner.number))).where(
            Practitioner.agency_id == agency.id, Practitioner.kind == item.required_practitioner, Practitioner.at_work(clock.today())
        )
    )
    if (at_work or 0) < item.practitioners_least:
        raise RuleBroken(
            N_("本事项要求至少 %(least)s 名证书在有效期内的%(kind)s,贵机构现有 %(count)s 名。"),
            least=item.practitioners_least, kind=item.required_practitioner, count=at_work or 0,
        )  # fmt: skip
