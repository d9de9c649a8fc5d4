"""What an organisation is stopped at now, why, on what basis and until when (一处失信、处处受限).

A restriction is never stored: it follows from how the organisation's account stands, from the credit records
in force and the lists others keep that name the activity among their limits, and from what the policy lets
its grade limit. It is there as soon as its source is and gone with it. It stops new business alone: contracts
that are signed go on and are paid. This is the one place where that is asked, by pages, acts, lists and other
systems.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, String, and_, cast, or_, select
from sqlalchemy.orm import Session

from models import clock
from models.accounts import ORGANISATION, Organisation
from models.actors import ENTERING, IN_STANDING
from models.clock import BEIJING
from models.credit import policy
from models.credit.listings import ExternalListing, limiting, standing
from models.credit.policy import ACTIVITIES
from models.credit.records import CreditRecord, in_force, in_force_at
from models.errors import Problem, RuleViolation
from models.events import Event
from models.i18n import N_

SOURCES = {
    "account": N_("入驻状态"),
    "record": N_("信用记录"),
    "listing": N_("外部名录"),
    "grade": N_("信用等级"),
}
# What each state of the account stops; one that is not let in yet prepares, its published fees among it.
ALL = tuple(ACTIVITIES)
STATES = {
    **dict.fromkeys(ENTERING, ("quote", "bid", "award", "sign")),
    IN_STANDING: (),
    "suspended": ALL,
    "removed": ALL,
}
ENDED_BY = {"suspended": "organisation.suspend", "removed": "organisation.refuse"}
ACCOUNT_BASIS = {
    **dict.fromkeys(ENTERING, N_("入驻须经核验")),
    IN_STANDING: "",
    "suspended": N_("监管部门的暂停决定"),
    "removed": N_("不予入驻的决定"),
}
_BY_ACCOUNT = {
    **dict.fromkeys(ENTERING, RuleViolation(N_("通过核验即解除"))),
    IN_STANDING: RuleViolation(""),
    "suspended": RuleViolation(N_("监管部门恢复其业务即解除")),
    "removed": RuleViolation(N_("不能解除;可以重新申请入驻")),
}
_BY_GRADE = RuleViolation(N_("等级回升即解除"))
# What an agency is asked of that is to take work on: to be awarded, and to sign for it.
ENGAGED = ("award", "sign")


@dataclass(frozen=True)
class Restriction:
    """An organisation is stopped at an activity.

    `reason` in words; `basis` the law or the decision it rests on; `until` when it ends by itself, None for
    as long as its source stands; `lifted_by` what ends it before; `case` the record it comes from, empty for
    others. `public`: whether anybody may know reason and basis; else its subject and authorities do.
    """

    activity: str
    source: str
    reason: Problem
    basis: str
    until: datetime | None
    lifted_by: Problem
    case: str = ""
    public: bool = True


class Restricted(RuleViolation):
    """What was asked for is new business, and the organisation is stopped at it."""

    status = 403
    own = False  # whether it is the organisation itself that is told
    lasting = True  # whether more than its account stops it, of which every page says so already


Found = dict[int, list[Restriction]]


def restrictions(session: Session, organisation_ids: Iterable[int], at: datetime | None = None) -> Found:
    """What each of these organisations is stopped at, by key, in as many statements as for one.

    Records as they stood at an instant (now, if none is given); accounts and grades as they stand.
    """
    keys = list(organisation_ids)
    return of(session, session.scalars(select(Organisation).where(Organisation.id.in_(keys))), at)


def of(session: Session, organisations: Iterable[Organisation], at: datetime | None = None) -> Found:
    """The same for organisations that are at hand."""
    known = {each.id: each for each in organisations}
    found: Found = {key: [] for key in known}
    if not known:
        return found
    why = endings(session, known.values())
    for key, organisation in known.items():
        found[key] += _of_account(organisation, why.get(organisation.identifier))
    for key, records in in_force(session, list(known), at or clock.now()).items():
        for record in records:
            found[key] += _of_record(record, at or clock.now())
    for key, listings in standing(session, list(known), at or clock.now()).items():
        for listing in listings:
            found[key] += _of_listing(listing)
    for key, grade in _grades(session, list(known)).items():
        found[key] += _of_grade(grade)
    return found


def endings(session: Session, organisations: Iterable[Organisation]) -> dict[str, Event]:
    """The acts that put these out of standing, by identifier, in one statement.

    None for one that is in, or that an administrator put out past the table.
    """
    out = {each.identifier: ENDED_BY[each.state] for each in organisations if each.state in ENDED_BY}
    if not out:
        return {}
    acts = select(Event).where(Event.case_type == "organisation", Event.case_identifier.in_(out))
    acts = acts.where(Event.kind.in_(ENDED_BY.values())).order_by(Event.id)
    return {
        each.case_identifier: each for each in session.scalars(acts) if each.kind == out[each.case_identifier]
    }


def _of_account(organisation: Organisation, why: Event | None) -> list[Restriction]:
    state = organisation.state
    label = ORGANISATION.states[state].label
    said = str(why.data.get("reason") or "") if why is not None else ""
    reason = (
        RuleViolation(N_("目前的状态是“%(state)s”(%(why)s)"), state=label, why=said)
        if said
        else RuleViolation(N_("目前的状态是“%(state)s”"), state=label)
    )
    return [
        Restriction(
            activity,
            "account",
            reason,
            ACCOUNT_BASIS[state],
            None,
            _BY_ACCOUNT[state],
            public=state == "suspended",
        )
        for activity in STATES[state]
    ]


def _of_record(record: CreditRecord, at: datetime) -> list[Restriction]:
    published = record.published_until is not None and record.published_until > at
    reason = RuleViolation(N_("信用记录“%(kind)s”在生效期内"), kind=record.kind_names)
    lifted = RuleViolation(N_("完成“%(duty)s”并公开作出承诺后申请信用修复,修复即解除"), duty=record.rule.duty)
    return [
        Restriction(
            activity, "record", reason, record.basis, record.ends_at, lifted, record.identifier, published
        )
        for activity in record.limits
    ]


def _of_listing(listing: ExternalListing) -> list[Restriction]:
    of = listing.rule
    reason = RuleViolation(N_("列入%(list)s"), list=of.names)
    lifted = RuleViolation(N_("%(duty)s,移出名录即解除"), duty=of.duty)
    return [
        Restriction(activity, "listing", reason, of.basis, listing.ends_at, lifted, listing.identifier)
        for activity in listing.limits
    ]


def _grades(session: Session, keys: list[int]) -> dict[int, str]:
    """The grades of these, where the policy lets any grade limit anything."""
    if not policy.current().values["limits"]["grades"]:
        return {}
    from models.credit.kept import CreditScore  # which rests on contracts, and these on this

    found = select(CreditScore.agency_id, CreditScore.grade).where(
        CreditScore.agency_id.in_(keys), CreditScore.grade.is_not(None)
    )
    return {key: grade for key, grade in session.execute(found) if grade is not None}


def _of_grade(grade: str) -> list[Restriction]:
    rules = policy.current()
    reason = RuleViolation(N_("信用等级为 %(grade)s"), grade=grade)
    return [
        Restriction(activity, "grade", reason, rules.basis_of_grade(grade), None, _BY_GRADE)
        for activity in rules.limits_of_grade(grade)
    ]


def stopping(found: Iterable[Restriction], activities: Collection[str]) -> list[Restriction]:
    """Those of these that stop any of the activities: what lasts longest first."""
    stops = [each for each in found if each.activity in activities]
    return sorted(
        stops, key=lambda each: (each.until is not None, -each.until.timestamp() if each.until else 0)
    )


def check(session: Session, organisation: Organisation, *activities: str, own: bool = True) -> None:
    """Restricted, with the reason and until when, where it is stopped at any of these activities now.

    `own` if it is the organisation itself that is told: others read a reason only where it is public.
    """
    problem = refusal(of(session, [organisation])[organisation.id], organisation, activities, own=own)
    if problem is not None:
        raise problem


def refusal(
    found: Iterable[Restriction], organisation: Organisation, activities: Collection[str], *, own: bool = True
) -> Restricted | None:
    """How an organisation, or somebody else, is told that it is stopped at these; None where it is not."""
    stops = stopping(found, activities)
    if not stops:
        return None
    said = _said(stops[0], organisation, own=own)
    said.own, said.lasting = own, any(each.source != "account" for each in stops)
    return said


def _said(first: Restriction, organisation: Organisation, *, own: bool) -> Restricted:
    about: dict[str, Any] = {"name": organisation.name, "what": ACTIVITIES[first.activity]}
    until = day_of(first.until)
    if own:
        return _to_itself(first, about, until)
    if not first.public:
        if until:
            return Restricted(
                N_("“%(name)s”现在受到限制,不能%(what)s,到 %(until)s 为止。"), until=until, **about
            )
        return Restricted(N_("“%(name)s”现在不能%(what)s。"), **about)
    about |= {"reason": first.reason, "basis": first.basis}
    if until:
        return Restricted(
            N_("“%(name)s”现在不能%(what)s:%(reason)s。依据:%(basis)s。到 %(until)s 为止。"),
            until=until,
            **about,
        )
    return Restricted(
        N_("“%(name)s”现在不能%(what)s:%(reason)s。依据:%(basis)s。解除之前一直如此。"), **about
    )


def _to_itself(first: Restriction, about: dict[str, Any], until: str) -> Restricted:
    about = {**about, "reason": first.reason, "basis": first.basis}
    if until:
        return Restricted(
            N_(
                "贵单位现在不能%(what)s:%(reason)s。依据:%(basis)s。到 %(until)s 为止,"
                "提前修复或者撤销的随即恢复;已经签订的合同照常履行、照常收款。"
            ),
            until=until,
            **about,
        )
    return Restricted(
        N_(
            "贵单位现在不能%(what)s:%(reason)s。依据:%(basis)s。解除之前一直如此;"
            "已经签订的合同照常履行、照常收款。"
        ),
        **about,
    )


def day_of(instant: datetime | None) -> str:
    """The minute (Beijing) until which something lasts; empty for what has no end of its own."""
    return f"{instant.astimezone(BEIJING):%Y-%m-%d %H:%M}" if instant else ""


def in_brief(organisation: Organisation) -> RuleViolation:
    """That it is restricted, and no more.

    For what is kept: a fact that is repaired later leaves no trace.
    """
    return RuleViolation(N_("“%(name)s”现在受到限制,不能承接新的业务。"), name=organisation.name)


def free_for(*activities: str) -> ColumnElement[bool]:
    """The organisations that nothing stops at any of these activities now, in SQL: the twin of `check`."""
    states = [state for state, stops in STATES.items() if not set(stops) & set(activities)]
    free = and_(
        Organisation.state.in_(states), ~stopped_by_record(*activities), ~stopped_by_list(*activities)
    )
    rules = policy.current()
    grades = [grade for grade in policy.GRADES if set(rules.limits_of_grade(grade)) & set(activities)]
    if not grades:
        return free
    from models.credit.kept import CreditScore

    graded = select(CreditScore.id).where(
        CreditScore.agency_id == Organisation.id, CreditScore.grade.in_(grades)
    )
    return and_(free, ~graded.exists())


def stopped_by_record(*activities: str) -> ColumnElement[bool]:
    """The organisations that a record in force stops at any of these activities now, in SQL."""
    named = [cast(CreditRecord.limits, String).contains(f'"{activity}"') for activity in activities]
    found = select(CreditRecord.id).where(
        CreditRecord.subject_id == Organisation.id, in_force_at(clock.now()), or_(*named)
    )
    return found.exists()


def stopped_by_list(*activities: str) -> ColumnElement[bool]:
    """The organisations that a list others keep stops at any of these activities now, in SQL."""
    stops = limiting(policy.current(), activities, clock.now())
    found = select(ExternalListing.id).where(ExternalListing.subject_id == Organisation.id, stops)
    return found.exists()
