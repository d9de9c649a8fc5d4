"""How an organisation's standing on a list kept elsewhere begins, is disputed and ends: the table.

Of the lists of which the policy asks it, what one official brought in waits for a second, who compares it
with the site, before it counts, limits or shows; what a national site told us itself needs nobody.
"""

from __future__ import annotations

from models.i18n import N_
from models.referrals import REFERRAL_ACTS, referrals
from models.workflow_table import Limit, Move, State, Workflow

TERM = Limit(attribute="ends_at", act="expire")
COUNTING = ("listed", "dispute_rejected")
UNSEEN = ("waiting", "declined")  # nobody has confirmed what one official brought in
KNOWN = ("listed", "disputed", "dispute_rejected", "not_counted")
OVER = ("removed", "expired")
ENDS = {"remove": "removed", "expire": "expired"}

EXTERNAL_LISTING = Workflow(
    name="external_listing",
    label=N_("外部名录记录"),
    states=(
        State("listed", N_("列入"), tone="bad"),
        State("waiting", N_("待第二人核对")),
        State("declined", N_("核对不符,不计入"), tone="plain"),
        State("disputed", N_("有异议,待答复")),
        State("dispute_rejected", N_("列入,异议不成立"), tone="bad"),
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
        Move(
            "listed",
            "dispute",
            "disputed",
            who={"subject"},
            limit=Limit(attribute="answer_by", act="refer"),
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
    },
    consequences={
        "confirm": N_("这条记录随即计分、限制和公开,并告知当事人。"),
        "decline": N_("这条记录不计分、不限制、不公开;网站上的记录由列入机关更正。"),
        "dispute": N_("只能提一次。答复之前这条记录标明有异议,不计分、不限制、不公开。"),
        "uphold": N_("这条记录在本平台不再计分、不限制、不公开;网站上的记录由列入机关更正。"),
        "reject": N_("这条记录随即恢复计分、限制和公开,不能再提异议。"),
    },
    buttons={
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
        "remove": N_("移出名录"),
        "expire": N_("期限届满"),
        "refer": REFERRAL_ACTS["refer"],
    },
)
