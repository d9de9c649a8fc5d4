"""How a report of a violation (举报) goes: the table of its states and acts.

Accepted or refused, checked, and decided once the accused was told and could explain itself; what was found
is put right, and that is looked at. It goes its way whatever becomes of a quarrel (投诉) on the same facts.
Sources: 市场监督管理投诉举报处理暂行办法, the numbers in the policy's `complaint`.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from models import clock
from models.errors import RuleViolation
from models.i18n import N_
from models.referrals import REFERRAL_ACTS, referrals, up
from models.workflow_table import Limit, Move, State, Workflow

_ACCEPT = up("complaint.accept_days")
_DECIDE = up("complaint.decide_days")
_LONGER = Limit(attribute="longer_until", act="refer")
_MEND = Limit(attribute="mend_by", act="refer")
_LOOK = up("complaint.check_mended_days")
OPEN = ("filed", "checking")  # nothing was answered yet
FOUND = ("mending", "said_mended", "mended", "not_mended")  # a violation was found


def _heard(session: Session, report: Any) -> None:
    """Nothing is found against anybody who could not say its side (国办发〔2020〕49号)."""
    if report.told_at is None:
        raise RuleViolation(N_("认定之前请先告知被举报单位,听取它的说明。"))
    if report.explained_at is None and clock.now() <= report.explain_until:
        raise RuleViolation(N_("被举报单位的说明期限还没有届满,它也还没有说明。"))


def _untold(session: Session, report: Any) -> None:
    if report.told_at is not None:
        raise RuleViolation(N_("已经告知过被举报单位。"))


def _told(session: Session, report: Any) -> None:
    if report.told_at is None:
        raise RuleViolation(N_("还没有告知您单位需要说明什么。"))


def _not_extended(session: Session, report: Any) -> None:
    if report.extended_at is not None:
        raise RuleViolation(N_("办理期限只能延长一次。"))


_REGULATOR = {"regulator"}
VIOLATION_REPORT = Workflow(
    name="violation_report",
    label=N_("举报"),
    states=(
        State("filed", N_("待受理")),
        State("checking", N_("核查中")),
        State("refused", N_("不予受理"), tone="plain"),
        State("unfounded", N_("未发现违法"), tone="plain"),
        State("mending", N_("违法属实,待整改"), tone="bad"),
        State("said_mended", N_("已报整改,待核实")),
        State("mended", N_("已整改"), tone="good"),
        State("not_mended", N_("没有整改"), tone="bad"),
        State("merged", N_("已并入同一事项"), tone="plain", terminal=True),
    ),
    moves=(
        Move("filed", "accept", "checking", who=_REGULATOR, main=True, limit=_DECIDE),
        Move("filed", "refuse", "refused", who=_REGULATOR),
        *(Move(state, "transfer", state, who=_REGULATOR, needs_reason=True) for state in OPEN),
        *(Move(state, "recuse", state, who=_REGULATOR, needs_reason=True) for state in OPEN),
        Move(
            "checking",
            "tell",
            "checking",
            who=_REGULATOR,
            rules=(_untold,),
            notify=("subject",),
            main=True,
            offered=lambda report: report.told_at is None,
        ),
        Move(
            "checking",
            "explain",
            "checking",
            who={"subject"},
            rules=(_told,),
            offered=lambda report: report.told_at is not None,
        ),
        Move(
            "checking",
            "find",
            "mending",
            who=_REGULATOR,
            rules=(_heard,),
            limit=_MEND,
            notify=("subject",),
            main=True,
            offered=lambda report: report.told_at is not None,
        ),
        Move("checking", "clear", "unfounded", who=_REGULATOR, notify=("subject",)),
        Move("checking", "invite", "checking", who=_REGULATOR, needs_reason=True),
        Move("checking", "contribute", "checking", who={"helper"}),
        Move(
            "checking",
            "extend",
            "checking",
            who=_REGULATOR,
            rules=(_not_extended,),
            limit=_LONGER,
            needs_reason=True,
            offered=lambda report: report.extended_at is None,
        ),
        Move("checking", "note_abuse", "checking", who=_REGULATOR, needs_reason=True),
        Move("mending", "say_mended", "said_mended", who={"subject"}, main=True, limit=_LOOK),
        *(
            Move(state, "confirm_mended", "mended", who=_REGULATOR, notify=("subject",), main=said)
            for state, said in (("mending", False), ("said_mended", True))
        ),
        Move(
            "said_mended",
            "send_back",
            "mending",
            who=_REGULATOR,
            limit=_LOOK,
            needs_reason=True,
            notify=("subject",),
        ),
        Move("mending", "give_up", "not_mended", who=_REGULATOR, needs_reason=True, notify=("subject",)),
        *(
            Move(state, act, state, who=_REGULATOR)
            for act in ("publish_case", "withdraw_case")
            for state in FOUND
        ),
        *(
            Move(state, "reopen", "checking", who={"system"}, limit=_DECIDE)
            for state in ("refused", "unfounded", *FOUND)
        ),
        *referrals("filed", "checking", "said_mended", urged=False),
        *referrals("mending", notify=("subject",)),
    ),
    opening=_ACCEPT,
    openings={"file": N_("举报")},
    duties=("explain", "say_mended"),
    prepares=("explain", "say_mended"),
    decides={"checking": N_("作出处理")},
    buttons={
        "accept": N_("受理"),
        "refuse": N_("不予受理"),
        "transfer": N_("移送其他部门"),
        "tell": N_("告知被举报单位"),
        "find": N_("认定违法"),
        "clear": N_("认定不违法"),
        "invite": N_("请其他部门协办"),
        "contribute": N_("提交协办意见"),
        "extend": N_("延长办理期限"),
        "note_abuse": N_("记下恶意举报的情形"),
        "say_mended": N_("报告已整改"),
        "confirm_mended": N_("确认已整改"),
        "send_back": N_("退回继续整改"),
        "give_up": N_("认定没有整改"),
        "publish_case": N_("公布为典型案例"),
        "withdraw_case": N_("撤下典型案例"),
    },
    consequences={
        "transfer": N_("从此由接收的部门办理;移送的经过留痕。"),
        "tell": N_("被举报单位会看到要它说明什么;它看不到谁举报、举报怎么写。"),
        "find": N_("提出一条信用记录,按信用记录的程序告知、申辩、决定;举报人会看到答复。"),
        "clear": N_("举报人会看到答复,并可以评价。"),
        "publish_case": N_("任何人都看得到;信用记录修复后,写明单位名称的随即撤下。"),
        "note_abuse": N_("只是记下;核查照样办完。"),
    },
    acts={
        "accept": N_("受理举报"),
        "refuse": N_("不予受理举报"),
        "transfer": N_("移送"),
        "recuse": N_("回避"),
        "tell": N_("告知"),
        "explain": N_("说明情况"),
        "find": N_("认定违法属实"),
        "clear": N_("认定未发现违法"),
        "invite": N_("邀请协办"),
        "contribute": N_("协办意见"),
        "extend": N_("延长期限"),
        "note_abuse": N_("记下恶意举报"),
        "say_mended": N_("报告整改"),
        "confirm_mended": N_("核实已整改"),
        "send_back": N_("退回整改"),
        "give_up": N_("核实没有整改"),
        "publish_case": N_("公布典型案例"),
        "withdraw_case": N_("撤下典型案例"),
        "reopen": N_("上级要求重新核查"),
        **REFERRAL_ACTS,
    },
)
