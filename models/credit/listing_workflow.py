"""How an organisation's standing on a list kept elsewhere begins, is disputed and ends: the table.

Of the lists of which the policy asks it, what one official brought in waits for a second, who compares it
with the site, before it counts, limits or shows; what a national site told us itself needs nobody. So does
what one says otherwise of an entry that was confirmed, a correction as much as a removal: until then it
counts as it was. Every change of what a listing rests on is an act of it.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from models.errors import RuleViolation
from models.i18n import N_
from models.referrals import REFERRAL_ACTS, referrals
from models.workflow_table import Limit, Move, State, Workflow

TERM = Limit(attribute="ends_at", act="expire")
# Where what one official says otherwise waits for a second, by where it goes on if that is not so.
CHANGING = {"listed": "listed_changing", "dispute_rejected": "rejected_changing"}
COUNTING = (*CHANGING, *CHANGING.values())
UNSEEN = ("waiting", "declined")  # nobody has confirmed what one official brought in
CONFIRMED = (*COUNTING, "disputed")  # what one official says otherwise of these waits for a second
KNOWN = (*CONFIRMED, "not_counted")
RESTING = ("listed", "disputed", "dispute_rejected", "not_counted")  # what they rest on may be another
OVER = ("removed", "expired")
ENDS = {"remove": "removed", "expire": "expired"}

SECOND = Limit(attribute="answer_by", act="refer")  # for the second official
PROPOSED = (
    *((state, changing, SECOND) for state, changing in CHANGING.items()),
    *((state, state, None) for state in (*CHANGING.values(), "disputed")),
)


def _corrected(listing: Any) -> bool:
    return listing.change_waits and not listing.change_removes


def _removed(listing: Any) -> bool:
    return bool(listing.change_waits and listing.change_removes)


def _check_corrected(session: Session, listing: Any) -> None:
    if not _corrected(listing):
        raise RuleViolation(N_("没有待核对的更正。"))


def _check_removed(session: Session, listing: Any) -> None:
    if not _removed(listing):
        raise RuleViolation(N_("没有待核对的移出。"))


def _check_changed(session: Session, listing: Any) -> None:
    if not listing.change_waits:
        raise RuleViolation(N_("没有待核对的更正或者移出。"))


def _changes(state: str, back: str, limit: Limit | None, *, main: bool) -> tuple[Move, ...]:
    """The rows by which a second official looks at a change in this state, which leads `back`."""
    regulator, told = {"regulator"}, ("subject",)
    return (
        Move(
            state,
            "confirm_correction",
            back,
            who=regulator,
            rules=(_check_corrected,),
            offered=_corrected,
            limit=limit,
            notify=told,
            main=main,
        ),
        Move(
            state,
            "confirm_removal",
            "removed",
            who=regulator,
            rules=(_check_removed,),
            offered=_removed,
            notify=told,
            main=main,
        ),
        Move(
            state,
            "decline_change",
            back,
            who=regulator,
            rules=(_check_changed,),
            offered=lambda listing: listing.change_waits,
            limit=limit,
            notify=told,
            needs_reason=True,
        ),
        Move(state, "withdraw_change", back, who={"system"}, limit=limit, notify=told),
    )


EXTERNAL_LISTING = Workflow(
    name="external_listing",
    label=N_("外部名录记录"),
    states=(
        State("listed", N_("列入"), tone="bad"),
        State("waiting", N_("待第二人核对")),
        State("declined", N_("核对不符,不计入"), tone="plain"),
        State("listed_changing", N_("列入,变更待核对"), tone="bad"),
        State("disputed", N_("有异议,待答复")),
        State("dispute_rejected", N_("列入,异议不成立"), tone="bad"),
        State("rejected_changing", N_("列入,异议不成立,变更待核对"), tone="bad"),
        State("not_counted", N_("异议成立,不计入"), tone="plain"),
        State("removed", N_("已移出"), tone="plain", terminal=True),
        State("expired", N_("期满"), tone="plain", terminal=True),
    ),
    moves=(
        Move(
            "waiting",
            "confirm",
            "listed",
            who={"regulator", "system"},
            limit=TERM,
            notify=("subject",),
            main=True,
        ),
        Move("waiting", "decline", "declined", who={"regulator"}, needs_reason=True),
        Move(
            "declined",
            "confirm",
            "listed",
            who={"regulator", "system"},
            limit=TERM,
            notify=("subject",),
        ),
        *referrals("waiting", urged=False),
        *(
            Move(state, "dispute", "disputed", who={"subject"}, limit=SECOND)
            for state in ("listed", "listed_changing")
        ),
        Move(
            "disputed",
            "uphold",
            "not_counted",
            who={"regulator"},
            notify=("subject",),
            needs_reason=True,
            main=True,
        ),
        Move(
            "disputed",
            "reject",
            "dispute_rejected",
            who={"regulator"},
            limit=TERM,
            notify=("subject",),
            needs_reason=True,
        ),
        *referrals("disputed", notify=("subject",), urged=False),
        Move("waiting", "amend", "waiting", who={"system"}),
        Move("declined", "amend", "waiting", who={"system"}, limit=SECOND),
        *(Move(state, "amend", state, who={"system"}, notify=("subject",)) for state in RESTING),
        *(
            Move(state, "amend", back, who={"system"}, limit=TERM, notify=("subject",))
            for back, state in CHANGING.items()
        ),
        *(
            Move(state, act, target, who={"system"}, limit=limit, notify=("subject",))
            for act in ("propose_correction", "propose_removal")
            for state, target, limit in PROPOSED
        ),
        *(row for back, state in CHANGING.items() for row in _changes(state, back, TERM, main=True)),
        *_changes("disputed", "disputed", None, main=False),
        *referrals(*CHANGING.values(), notify=("subject",), urged=False),
        *(Move(state, act, over, who={"system"}) for state in UNSEEN for act, over in ENDS.items()),
        *(Move(state, "remove", "removed", who={"system"}, notify=("subject",)) for state in KNOWN),
        *(Move(state, "expire", "expired", who={"system"}, notify=("subject",)) for state in KNOWN),
    ),
    opening=TERM,
    openings={"list": N_("列入外部名录")},
    duties=("dispute",),
    prepares=("dispute",),
    decides={
        "waiting": N_("核对外部名录记录"),
        "disputed": N_("答复对名录记录的异议"),
        **dict.fromkeys(CHANGING.values(), N_("核对网站上的变更")),
    },
    consequences={
        "confirm": N_("这条记录随即计分、限制和公开,并告知当事人。"),
        "decline": N_("这条记录不计分、不限制、不公开;网站上的记录由列入机关更正。"),
        "confirm_correction": N_("这条记录从此按更正后的内容计入,并告知当事人。"),
        "confirm_removal": N_(
            "这条记录随即不再计分、限制和公开,并告知当事人;网站另有新记录的,随即按新记录计入。"
        ),
        "decline_change": N_("这条记录维持原来的内容,理由告知当事人;网站上的记录由列入机关更正。"),
        "dispute": N_("只能提一次。答复之前这条记录标明有异议,不计分、不限制、不公开。"),
        "uphold": N_("这条记录在本平台不再计分、不限制、不公开;网站上的记录由列入机关更正。"),
        "reject": N_("这条记录随即恢复计分、限制和公开,不能再提异议。"),
    },
    buttons={
        "confirm_correction": N_("核对无误,改按更正后的记录计入"),
        "confirm_removal": N_("核对无误,移出"),
        "decline_change": N_("核对不符,维持原记录"),
        "confirm": N_("核对无误,计入"),
        "decline": N_("核对不符,不计入"),
        "uphold": N_("采纳异议,不计入"),
        "reject": N_("驳回异议,恢复计入"),
    },
    acts={
        "confirm": N_("核对无误"),
        "decline": N_("核对不符"),
        "dispute": N_("提出异议"),
        "uphold": N_("异议成立,不计入"),
        "reject": N_("异议不成立"),
        "amend": N_("网站更正了记录"),
        "propose_correction": N_("网站有更正,待第二人核对"),
        "propose_removal": N_("网站上已移出,待第二人核对"),
        "withdraw_change": N_("网站恢复原来的记录,不再核对"),
        "confirm_correction": N_("更正核对无误"),
        "confirm_removal": N_("移出核对无误"),
        "decline_change": N_("变更核对不符,维持原记录"),
        "remove": N_("移出名录"),
        "expire": N_("期限届满"),
        "refer": REFERRAL_ACTS["refer"],
    },
)
