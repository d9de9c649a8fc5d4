"""What makes an agency one that may be engaged for an item.

Asked again at every act by which it takes something on: is it stopped at that (credit/restrictions.py), has
it the certificates and the people, and a published fee.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from models import clock
from models.accounts import Organisation
from models.agencies.certificates import Practitioner, Qualification
from models.agencies.fees import FeeSchedule, fits, schedules_in_force
from models.catalogue import ServiceItem
from models.credit import restrictions
from models.credit.restrictions import ENGAGED, Found
from models.errors import RuleViolation
from models.i18n import N_


@dataclass(frozen=True)
class _Held:
    """What some agencies hold: certificates, the latest first; people with a valid certificate by kind.

    Fees in force by item; what they are stopped at.
    """

    stops: Found
    qualifications: list[Qualification]
    staff: dict[tuple[int, str], int]
    schedules: dict[tuple[int, str], FeeSchedule]


def check_eligible(
    session: Session, agency: Organisation, item: ServiceItem, *activities: str
) -> FeeSchedule:
    """The fee schedule under which this agency may offer this item now, by these activities.

    Otherwise RuleViolation, naming the rule that stops it: a restriction at one of them, no valid
    qualification, too few people with a valid certificate, no published fee, or none that prices a job of
    this item. Without an activity it is asked what it lacks alone, as of work that was taken on before.
    """
    return _examine(_held(session, [(agency, item)], activities), agency, item, activities)


def check_fit(session: Session, agency: Organisation, item: ServiceItem, *activities: str, own: bool) -> None:
    """RuleViolation, with the reason, unless the agency may take this item on now, by these activities.

    `own` if it is the agency that is told.
    """
    if activities:
        restrictions.check(session, agency, *activities, own=own)
    try:
        check_eligible(session, agency, item)
    except RuleViolation as unfit:
        if own:
            raise
        raise RuleViolation(
            N_("“%(agency)s”现在不能承接本事项。平台告知该机构:%(why)s"),
            unfit.field,
            agency=agency.name,
            why=unfit,
        ) from unfit


def unfit(
    session: Session, pairs: Iterable[tuple[Organisation, ServiceItem]], *activities: str
) -> list[RuleViolation | None]:
    """For each of these agencies and items what stops it, in as many statements as for one.

    At these activities: at being awarded and signing, if none is named.
    """
    pairs, asked = list(pairs), activities or ENGAGED
    held = _held(session, pairs, asked)
    return [_problem(held, agency, item, asked) for agency, item in pairs]


def lacking(session: Session, agency: Organisation, items: Iterable[ServiceItem]) -> dict[str, RuleViolation]:
    """What an agency lacks of certificates and people, by the item that requires it, however many there are.

    An agency that may not take anything on now lacks nothing here.
    """
    items, found = list(items), {}
    held = _held(session, [(agency, item) for item in items], ENGAGED)
    for item in items if not _stopped(held, agency, ENGAGED) else ():
        try:
            _check_required(held, agency, item)
        except RuleViolation as problem:
            found[item.code] = problem
    return found


def able(session: Session, item: ServiceItem, *activities: str, most: int) -> int:
    """How many agencies could answer a tender for this item today, counted up to `most`.

    Stopped at none of these activities, with the certificate and the people it requires, and a published fee
    in force.
    """
    today = clock.today()
    asked = select(Organisation.id).where(
        Organisation.kind == "agency",
        restrictions.free_for(*activities, *ENGAGED),
        exists().where(
            FeeSchedule.agency_id == Organisation.id,
            FeeSchedule.item_code == item.code,
            FeeSchedule.effective_from <= today,
        ),
    )
    if item.qualification_mandatory:
        asked = asked.where(
            exists().where(
                Qualification.agency_id == Organisation.id,
                Qualification.kind == item.required_qualification,
                Qualification.valid_on(today),
            )
        )
    if item.practitioners_least:
        staff = (
            select(func.count(func.distinct(Practitioner.number)))
            .where(
                Practitioner.agency_id == Organisation.id,
                Practitioner.kind == item.required_practitioner,
                Practitioner.at_work(today),
            )
            .scalar_subquery()
        )
        asked = asked.where(staff >= item.practitioners_least)
    return session.scalar(select(func.count()).select_from(asked.limit(most).subquery())) or 0


def _stopped(held: _Held, agency: Organisation, activities: Sequence[str]) -> RuleViolation | None:
    return restrictions.refusal(held.stops.get(agency.id, []), agency, activities)


def _problem(
    held: _Held, agency: Organisation, item: ServiceItem, activities: Sequence[str]
) -> RuleViolation | None:
    try:
        _examine(held, agency, item, activities)
    except RuleViolation as problem:
        return problem
    return None


def _held(
    session: Session, pairs: list[tuple[Organisation, ServiceItem]], activities: Sequence[str]
) -> _Held:
    stops = restrictions.of(session, [agency for agency, _item in pairs]) if activities else {}
    standing = [
        (agency.id, item)
        for agency, item in pairs
        if not restrictions.stopping(stops.get(agency.id, []), activities)
    ]
    keys = sorted({key for key, _item in standing})
    licensed = {item.required_qualification for _key, item in standing if item.qualification_mandatory}
    staffed = {item.required_practitioner for _key, item in standing if item.practitioners_least}
    held = select(Qualification).where(Qualification.agency_id.in_(keys), Qualification.kind.in_(licensed))
    people = (
        select(Practitioner.agency_id, Practitioner.kind, func.count(func.distinct(Practitioner.number)))
        .where(
            Practitioner.agency_id.in_(keys),
            Practitioner.kind.in_(staffed),
            Practitioner.at_work(clock.today()),
        )
        .group_by(Practitioner.agency_id, Practitioner.kind)
    )
    code = standing[0][1].code if len({item.code for _key, item in standing}) == 1 else None
    schedules = schedules_in_force(session, agency_ids=keys, item_code=code) if keys else []
    return _Held(
        stops,
        list(session.scalars(held.order_by(Qualification.valid_until.desc()))) if licensed else [],
        {(agency, kind): count for agency, kind, count in session.execute(people)} if staffed else {},
        {(schedule.agency_id, schedule.item_code): schedule for schedule in schedules},
    )


def _examine(held: _Held, agency: Organisation, item: ServiceItem, activities: Sequence[str]) -> FeeSchedule:
    if (problem := _stopped(held, agency, activities)) is not None:
        raise problem
    _check_required(held, agency, item)
    schedule = held.schedules.get((agency.id, item.code))
    if schedule is None:
        raise RuleViolation(N_("贵机构尚未公示本事项的收费。未公示收费的机构不能报价或投标。"))
    if not fits(item, schedule.terms):
        raise RuleViolation(
            N_(
                "贵机构公示的收费(第 %(version)s 版)算不出本事项的价格:本事项的计价依据与它的计价方式不符。"
                "请公示新的版本。"
            ),
            version=schedule.version,
        )
    return schedule


def _check_required(held: _Held, agency: Organisation, item: ServiceItem) -> None:
    """RuleViolation where the agency lacks the certificate or the people an item requires."""
    if item.qualification_mandatory:
        _check_qualified(
            [
                q
                for q in held.qualifications
                if (q.agency_id, q.kind) == (agency.id, item.required_qualification)
            ],
            item,
        )
    if item.practitioners_least:
        _check_staffed(held.staff.get((agency.id, item.required_practitioner), 0), item)


def _check_qualified(found: list[Qualification], item: ServiceItem) -> None:
    if any(q.status() in ("valid", "expiring") for q in found):
        return
    kind = item.required_qualification
    ended = next((q for q in found if q.status() == "expired"), None)
    if ended:
        raise RuleViolation(
            N_("本事项要求“%(kind)s”,贵机构的证书 %(number)s 已于 %(day)s 到期,登记新证书后即可恢复。"),
            kind=kind,
            number=ended.number,
            day=ended.valid_until.isoformat(),
        )
    raise RuleViolation(N_("本事项要求“%(kind)s”,贵机构没有登记在有效期内的该项资质。"), kind=kind)


def _check_staffed(at_work: int, item: ServiceItem) -> None:
    if at_work < item.practitioners_least:
        raise RuleViolation(
            N_("本事项要求至少 %(least)s 名证书在有效期内的%(kind)s,贵机构现有 %(count)s 名。"),
            least=item.practitioners_least,
            kind=item.required_practitioner,
            count=at_work,
        )
