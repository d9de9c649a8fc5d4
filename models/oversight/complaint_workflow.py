"""How a complaint (投诉) goes: the table of its states and acts.

A party of a contract or an award wants its quarrel settled. The regulator of the area mediates; mediation
ends with an agreement both sides agree to, on a listed ground, or when its days are over.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from models.errors import RuleViolation
from models.i18n import N_
from models.referrals import REFERRAL_ACTS, referrals, up
from models.workflow_table import Limit, Move, State, Workflow

_ANSWER = Limit(policy="complaint.respond_days", act="lapse")
_MEDIATE = Limit(attribute="mediate_until", act="time_out")
BOTH = ("claimant", "respondent")
RUNNING = ("filed", "answering", "mediating", "agreeing")


def _both_agreed(session: Session, complaint: Any) -> None:
    if complaint.claimant_agreed_at is None or complaint.respondent_agreed_at is None:
        raise RuleViolation(N_("双方都同意之后,调解协议才算达成。"))


_REGULATOR = {"regulator"}
COMPLAINT = Workflow(
    name="complaint",
    label=N_("投诉"),
    states=(
        State("filed", N_("待受理")),
        State("answering", N_("待被投诉方答复")),
        State("mediating", N_("调解中")),
        State("agreeing", N_("待双方确认协议")),
        State("refused", N_("不予受理"), tone="plain"),
        State("settled", N_("调解成功"), tone="good", terminal=True),
        State("ended", N_("终止调解"), tone="plain"),
        State("withdrawn", N_("已撤回"), tone="plain", terminal=True),
    ),
    moves=(
        Move("filed", "accept", "answering", who=_REGULATOR, main=True, limit=_ANSWER, notify=BOTH),
        Move("filed", "refuse", "refused", who=_REGULATOR, notify=("claimant",)),
        *(
            Move(state, "recuse", state, who=_REGULATOR, needs_reason=True)
            for state in ("filed", "mediating")
        ),
        Move("filed", "transfer", "filed", who=_REGULATOR, needs_reason=True, notify=("claimant",)),
        Move(
            "answering",
            "respond",
            "mediating",
            who={"respondent"},
            main=True,
            limit=_MEDIATE,
            notify=("claimant",),
        ),
        Move("answering", "lapse", "mediating", who={"system"}, limit=_MEDIATE, notify=BOTH),
        Move(
            "mediating",
            "propose",
            "agreeing",
            who=_REGULATOR,
            main=True,
            limit=_MEDIATE,
            notify=BOTH,
        ),
        Move(
            "agreeing",
            "agree",
            "agreeing",
            who=set(BOTH),
            main=True,
            notify=BOTH,
        ),
        Move(
            "agreeing", "decline", "mediating", who=set(BOTH), limit=_MEDIATE, notify=BOTH, needs_reason=True
        ),
        Move("agreeing", "settle", "settled", who={"system"}, rules=(_both_agreed,), notify=BOTH),
        *(
            Move(state, "end", "ended", who=_REGULATOR, notify=BOTH)
            for state in ("answering", "mediating", "agreeing")
        ),
        *(
            Move(state, "time_out", "ended", who={"system"}, notify=BOTH)
            for state in ("mediating", "agreeing")
        ),
        *(
            Move(state, "take_back", "withdrawn", who={"claimant"}, notify=("respondent",))
            for state in RUNNING
        ),
        *(
            Move(state, "reopen", "filed", who={"system"}, limit=up("complaint.accept_days"), notify=BOTH)
            for state in ("refused", "ended")
        ),
        *referrals("filed", notify=("claimant",), urged=False),
    ),
    opening=up("complaint.accept_days"),
    openings={"file": N_("投诉")},
    duties=("file", "respond", "agree", "decline", "take_back"),
    prepares=("file", "respond", "agree", "decline", "take_back"),
    decides={"agreeing": N_("确认调解协议")},
    buttons={
        "accept": N_("受理"),
        "refuse": N_("不予受理"),
        "transfer": N_("移送其他部门"),
        "respond": N_("答复投诉"),
        "propose": N_("提出调解协议"),
        "agree": N_("同意协议"),
        "decline": N_("不同意协议"),
        "end": N_("终止调解"),
        "take_back": N_("撤回投诉"),
    },
    consequences={
        "accept": N_("被投诉方会看到投诉的内容,并在期限内答复。"),
        "agree": N_("双方都同意后协议达成,对双方有约束力。"),
        "end": N_("可以依法申请仲裁、提起诉讼,或者在平台上就合同提出争议。"),
        "take_back": N_("投诉就此了结;同时提出的举报不受影响,照样核查。"),
    },
    acts={
        "accept": N_("受理投诉"),
        "refuse": N_("不予受理投诉"),
        "transfer": N_("移送"),
        "recuse": N_("回避"),
        "respond": N_("答复"),
        "lapse": N_("逾期未答复"),
        "propose": N_("提出协议"),
        "agree": N_("同意"),
        "decline": N_("不同意"),
        "settle": N_("达成协议"),
        "end": N_("终止调解"),
        "time_out": N_("调解期限届满"),
        "take_back": N_("撤回"),
        "reopen": N_("上级要求重新办理"),
        "refer": REFERRAL_ACTS["refer"],
    },
)
