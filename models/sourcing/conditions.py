"""What must hold for an act on a tender: the rules its table names (tender_workflow.py)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import clock, policy, workdays
from models.clock import BEIJING
from models.errors import RuleViolation
from models.i18n import N_
from models.sourcing.steps import STEPS, UNTOLD, untold

if TYPE_CHECKING:
    from models.sourcing.tenders import Tender


def is_told(session: Session, tender: Tender) -> None:
    """Every step of its draft was told."""
    if left := untold(tender):
        step = list(STEPS).index(left[0]) + 1
        raise RuleViolation(N_("草稿还没有填完,还差第 %(step)s 步。"), UNTOLD, step=step)


def is_sized(session: Session, tender: Tender) -> None:
    """The size of the job is one the item is priced by, as the item is now."""
    tender.item.check_quantity(tender.quantity)


def wanted_after(session: Session, tender: Tender) -> None:
    """The result is not wanted before anybody could have been chosen."""
    if tender.wanted_on is not None and tender.wanted_on <= tender.deadline.astimezone(BEIJING).date():
        raise RuleViolation(N_("希望交付的日期要在截止时间之后。"), "wanted_on")


def sane_deadline(session: Session, tender: Tender) -> None:
    """The notice period of the tender's policy, or what an amendment must leave.

    And no further off than allowed.
    """
    rules, now = policy.get(tender.policy_version), clock.now()
    notice = tender.rules.notice_days if tender.state == "draft" else rules.number("tender.amend_days")
    if tender.deadline <= now:
        raise RuleViolation(N_("截止时间已经过去。"), "deadline")
    if workdays.between(now, tender.deadline) < notice:
        raise RuleViolation(
            N_("公告期至少 %(days)s 个工作日:截止时间不能早于 %(date)s。"),
            "deadline",
            days=notice,
            date=f"{workdays.add(now, notice).date():%Y-%m-%d}",
        )
    if workdays.between(now, tender.deadline) > rules.number("tender.longest_days"):
        raise RuleViolation(
            N_("截止时间太远:公告期最长 %(days)s 个工作日。"),
            "deadline",
            days=rules.number("tender.longest_days"),
        )


def sane_choice(session: Session, tender: Tender) -> None:
    """What the way to choose asks for beyond a deadline."""
    tender.way.check(tender)


def is_scored(session: Session, tender: Tender) -> None:
    if not tender.way.scored:
        raise RuleViolation(N_("只有择优选取需要评审人。"))


def has_department(session: Session, tender: Tender) -> None:
    if tender.department_id is None:
        raise RuleViolation(
            N_("该地区还没有接入“%(department)s”审批部门,成果无人评审,暂不能发布。"),
            "region_code",
            department=tender.item.department,
        )


def is_listed(session: Session, tender: Tender) -> None:
    if tender.item.withdrawn:
        raise RuleViolation(N_("这个事项已退出清单,不能再发布新的需求。"), "item_code")


def invites_enough(session: Session, tender: Tender) -> None:
    if tender.openness == "invited" and len(tender.invitations) < tender.rules.least:
        raise RuleViolation(N_("按规则至少要邀请 %(count)s 家机构。"), "invited", count=tender.rules.least)


def may_close_early(session: Session, tender: Tender) -> None:
    if tender.closes_at <= clock.now():
        return
    if not tender.way.closes_early or tender.rules.notice_days or tender.rules.hidden:
        raise RuleViolation(N_("只有没有公告期要求的询价和直接选取可以提前截止。"))


def deadline_passed(session: Session, tender: Tender) -> None:
    if tender.closes_at > clock.now():
        raise RuleViolation(N_("截止时间未到,任何人都不能开启投标。"))


def free_to_cancel(session: Session, tender: Tender) -> None:
    if tender.cancels_with_consent:
        raise RuleViolation(N_("报价已经公开,只能按规则列明的情形申请取消,由监管部门同意。"))


def cancels_with_consent(session: Session, tender: Tender) -> None:
    if not tender.cancels_with_consent:
        raise RuleViolation(N_("报价没有公开过,可以直接取消。"))


def unsigned(session: Session, tender: Tender) -> None:
    """Its contract has not been signed by both: what is signed ends as a contract does."""
    from models.contracts.agreement import Contract

    signed = select(Contract.id).where(
        Contract.tender_id == tender.id, Contract.signed_at.is_not(None), Contract.state != "terminated"
    )
    if session.scalar(signed) is not None:
        raise RuleViolation(N_("合同已由双方签署,不能再取消采购。"))


def earlier_decided(session: Session, tender: Tender) -> None:
    from models.sourcing.cancelling import check_decided

    check_decided(session, tender)
