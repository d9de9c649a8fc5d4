"""What becomes of a limit that ran out and that no act of the clock may end.

It is referred to the level above (报请上级), which is told and may act; while that does nothing either, to
the next, up to the province. The rows of the tables, and the act itself.
"""

from __future__ import annotations

from sqlalchemy.orm import Session

from models.actors import SYSTEM
from models.cases import Case
from models.i18n import N_
from models.workflow import perform
from models.workflow_table import Limit, Move

REFERRAL_ACTS = {"refer": N_("逾期未办,报请上级"), "urge": N_("督促办理")}
_AGAIN = Limit(policy="referral.days", act="refer")


def up(key: str, *, remind: str = "") -> Limit:
    """A limit of the policy's working days that ends in a referral."""
    return Limit(policy=key, act="refer", remind=remind)


def referrals(*states: str, notify: tuple[str, ...] = (), urged: bool = True) -> tuple[Move, ...]:
    """The rows by which these states are referred.

    `urged`: whoever it was referred to sets a new limit for whom the case waits for; where it waits for an
    authority, the one above acts itself.
    """
    rows = [Move(state, "refer", state, who={"system"}, notify=notify, limit=_AGAIN) for state in states]
    rows += [
        Move(
            state,
            "urge",
            state,
            who={"regulator"},
            above=True,
            needs_reason=True,
            notify=notify,
            limit=_AGAIN,
        )
        for state in states
        if urged
    ]
    return tuple(rows)


def refer(
    session: Session,
    case: Case,
    actor_role: str = "regulator",
    department: str | None = None,
    start: str | None = None,
) -> bool:
    """Refer a case the caller has locked to the next authority above.

    `start` is the area of the authority that let it pass, if it was one. Returns whether there is a level
    above that one still; where there is none, the highest is told and nothing falls due any more.
    """
    from models.accounts import authority_for
    from models.regions import above

    if not case.overseen:
        perform(session, case, "refer", SYSTEM, data={"authority": ""})
        case.due_at = None
        return False
    areas = above(case.region_code)
    if "regulator" in case.workflow.waits_for(case.state) and start is None:
        nearest = authority_for(session, "regulator", case.line, case.region_code)
        start = nearest.region_code if nearest else None
    department = department if department is not None else case.line
    passed = case.referred_to or start
    wider = areas[areas.index(passed) + 1 :] if passed in areas else areas
    higher = authority_for(session, actor_role, department, case.region_code, among=wider)
    told = higher or authority_for(
        session, actor_role, department, case.region_code, among=[passed] if passed else areas
    )
    perform(
        session,
        case,
        "refer",
        SYSTEM,
        data={"authority": told.name if told else ""},
        also_notify=[told.id] if told else [],
    )
    if told is not None:
        case.referred_to = told.region_code
    if higher is None:
        case.due_at = None
    return higher is not None
