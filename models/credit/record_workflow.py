"""How a credit record comes about and ends: the table of its states and acts.

Proposed, told to its subject, answered, decided, in force; then repaired, expired or revoked. Nothing
counts or shows before the decision (国办发〔2020〕49号); what the limits are comes from the version of the
credit policy the record was proposed under. The regulator of the subject's area decides.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from models import clock
from models.clock import BEIJING
from models.errors import RuleViolation
from models.i18n import N_
from models.referrals import REFERRAL_ACTS, referrals
from models.workflow_table import Limit, Move, State, Workflow

TO_NOTIFY = Limit(attribute="notify_by", act="refer")
TO_ANSWER = Limit(attribute="answer_by", act="lapse")
TO_DECIDE = Limit(attribute="decide_by", act="refer")
TO_REPAIR = Limit(attribute="repair_by", act="refer")
TERM = Limit(attribute="ends_at", act="expire")


def _no_commendation(session: Session, record: Any) -> None:
    if record.weight == "good":
        raise RuleViolation(N_("守信记录不需要告知和申辩,请直接认定。"))


def _commendation(session: Session, record: Any) -> None:
    if record.weight != "good":
        raise RuleViolation(N_("认定之前必须先告知当事人,听取陈述申辩。"))


def _in_time(session: Session, record: Any) -> None:
    """By when it reached us, however long it waited here."""
    if record.answer_until is None or clock.arrival(session) > record.answer_until:
        raise RuleViolation(N_("陈述申辩的期限已经届满,不能再提交;对认定不服的,可以依法申请复议。"))


def _still_time(record: Any) -> bool:
    return record.answer_until is not None and clock.now() <= record.answer_until


def _repairable(session: Session, record: Any) -> None:
    if record.weight == "good":
        raise RuleViolation(N_("守信记录不需要修复。"))
    if clock.now() < record.repairable_from:
        raise RuleViolation(
            N_("最短公示期还没有届满,%(day)s 起才能申请修复。"),
            day=record.repairable_from.astimezone(BEIJING).date().isoformat(),
        )


CREDIT_RECORD = Workflow(
    name="credit_record",
    label=N_("信用记录"),
    states=(
        State("proposed", N_("拟认定")),
        State("notified", N_("已告知,待陈述申辩")),
        State("heard", N_("待认定")),
        State("in_force", N_("生效"), tone="bad"),
        State("repairing", N_("待修复决定"), tone="bad"),
        State("suspended", N_("中止公示"), tone="plain"),
        State("dropped", N_("未予认定"), tone="plain", terminal=True),
        State("repaired", N_("已修复"), tone="good", terminal=True),
        State("expired", N_("期满"), tone="plain", terminal=True),
        State("revoked", N_("已撤销"), tone="plain", terminal=True),
    ),
    moves=(
        Move(
            "proposed",
            "notify",
            "notified",
            who={"regulator"},
            rules=(_no_commendation,),
            limit=TO_ANSWER,
            notify=("subject",),
            main=True,
            offered=lambda record: record.weight != "good",
        ),
        Move(
            "proposed",
            "commend",
            "in_force",
            who={"regulator"},
            rules=(_commendation,),
            limit=TERM,
            notify=("subject",),
            needs_reason=True,
            main=True,
            offered=lambda record: record.weight == "good",
        ),
        Move("proposed", "drop", "dropped", who={"regulator"}, needs_reason=True),
        Move(
            "notified",
            "defend",
            "heard",
            who={"subject"},
            rules=(_in_time,),
            limit=TO_DECIDE,
            main=True,
            offered=_still_time,
        ),
        Move(
            "notified",
            "defend_partly",
            "notified",
            who={"subject"},
            rules=(_in_time,),
            offered=_still_time,
        ),
        Move(
            "notified",
            "waive",
            "heard",
            who={"subject"},
            rules=(_in_time,),
            limit=TO_DECIDE,
            offered=_still_time,
        ),
        Move("notified", "lapse", "heard", who={"system"}, limit=TO_DECIDE, notify=("subject",)),
        Move("notified", "recuse", "notified", who={"regulator"}, needs_reason=True),
        Move(
            "heard",
            "defend",
            "heard",
            who={"subject"},
            rules=(_in_time,),
            offered=_still_time,
        ),
        Move(
            "heard",
            "uphold",
            "in_force",
            who={"regulator"},
            limit=TERM,
            notify=("subject",),
            needs_reason=True,
            main=True,
        ),
        Move("heard", "drop", "dropped", who={"regulator"}, notify=("subject",), needs_reason=True),
        Move("heard", "recuse", "heard", who={"regulator"}, needs_reason=True),
        Move(
            "in_force",
            "ask_repair",
            "repairing",
            who={"subject"},
            rules=(_repairable,),
            limit=TO_REPAIR,
            offered=lambda record: record.weight != "good" and clock.now() >= record.repairable_from,
        ),
        Move("in_force", "expire", "expired", who={"system"}, notify=("subject",)),
        Move(
            "repairing",
            "repair",
            "repaired",
            who={"regulator"},
            notify=("subject",),
            needs_reason=True,
            main=True,
        ),
        Move(
            "repairing",
            "refuse_repair",
            "in_force",
            who={"regulator"},
            limit=TERM,
            notify=("subject",),
            needs_reason=True,
        ),
        Move("repairing", "withdraw", "in_force", who={"subject"}, limit=TERM),
        Move("repairing", "expire", "expired", who={"system"}, notify=("subject",)),
        Move("repairing", "recuse", "repairing", who={"regulator"}, needs_reason=True),
        *(
            Move(state, "revoke", "revoked", who={"regulator"}, notify=("subject",), needs_reason=True)
            for state in ("in_force", "repairing", "suspended")
        ),
        *(
            Move(
                state,
                "suspend",
                "suspended",
                who={"regulator"},
                limit=TERM,
                notify=("subject",),
                needs_reason=True,
            )
            for state in ("in_force", "repairing")
        ),
        Move(
            "suspended",
            "resume",
            "in_force",
            who={"regulator"},
            limit=TERM,
            notify=("subject",),
            needs_reason=True,
        ),
        Move("suspended", "expire", "expired", who={"system"}, notify=("subject",)),
        *referrals("proposed", "heard", "repairing", urged=False),
    ),
    opening=TO_NOTIFY,
    openings={"propose": N_("提出信用记录")},
    duties=("defend", "defend_partly", "waive", "ask_repair", "withdraw"),
    prepares=("defend", "defend_partly", "waive", "ask_repair", "withdraw"),
    undone_by={"ask_repair": "withdraw"},
    decides={"heard": N_("认定信用记录"), "repairing": N_("决定是否同意修复")},
    consequences={
        "notify": N_("当事人会看到拟认定的事实、依据和权利,并收到告知书;期限内可以陈述申辩。"),
        "defend_partly": N_("期限届满之前可以继续补充;届满之前、您表示不再补充之前,不能认定。"),
        "repair": N_("公示、共享和使用立即终止,限制措施同时解除。"),
        "revoke": N_("公示、共享和使用立即终止,限制措施同时解除。"),
        "suspend": N_("破产重整期间不再公示和使用;期限照常计算。"),
        "resume": N_("在剩余期限内恢复公示和使用。"),
        "ask_repair": N_("公开作出的信用承诺;不履行承诺的,会作为新的失信事实处理。"),
    },
    buttons={
        "notify": N_("告知当事人"),
        "commend": N_("认定"),
        "uphold": N_("认定"),
        "drop": N_("不予认定"),
        "defend_partly": N_("先提交一部分"),
        "waive": N_("不再补充"),
        "repair": N_("同意修复"),
        "suspend": N_("因破产重整中止公示"),
    },
    acts={
        "notify": N_("告知"),
        "commend": N_("认定守信记录"),
        "drop": N_("不予认定"),
        "defend": N_("陈述申辩"),
        "defend_partly": N_("先行陈述一部分"),
        "waive": N_("表示不再补充"),
        "lapse": N_("陈述申辩期限届满"),
        "recuse": N_("回避"),
        "uphold": N_("认定"),
        "ask_repair": N_("申请信用修复"),
        "withdraw": N_("撤回修复申请"),
        "repair": N_("同意信用修复"),
        "refuse_repair": N_("不予修复"),
        "expire": N_("期限届满"),
        "revoke": N_("撤销认定"),
        "suspend": N_("中止公示"),
        "resume": N_("恢复公示"),
        "refer": REFERRAL_ACTS["refer"],
    },
)
