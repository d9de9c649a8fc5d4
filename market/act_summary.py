"""What an act binds to, said before it is done.

Who, what, how much, what follows and whether it can be undone: all of it comes from the case and its table,
so that every page of an act says it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup

from market.event_text import one_of, role_name
from market.extensions import db
from market.formatting import format_instant, working_days
from market.identity import current_actor
from models import clock, money, policy
from models.accounts import Organisation
from models.cases import Case
from models.workflow_table import Limit, Move

Fact = tuple[str, Any]
# What an act binds to, and whether it can be undone, said of the case as it stands: by case type and act.
_MEANINGS: dict[tuple[str, str], Callable[[Any], list[str]]] = {}
_UNDOINGS: dict[tuple[str, str], Callable[[Any], str]] = {}


def say_of(
    case_type: str,
    act: str,
    means: Callable[[Any], list[str]],
    undoing: Callable[[Any], str] | None = None,
) -> None:
    """Have an act's page say of each case what its table could say of all of them only."""
    _MEANINGS[case_type, act] = means
    if undoing is not None:
        _UNDOINGS[case_type, act] = undoing


def meaning_of(case: Case, act: str) -> list[str]:
    """What doing this binds to, in the reader's language, a thing a line."""
    own = _MEANINGS.get((case.workflow.name, act))
    said = case.workflow.consequences.get(act, "")
    return own(case) if own is not None else [_(said)] if said else []


def summary_of(case: Case, act: str) -> list[Fact]:
    """The facts of an act the reader may do now, each with its name; none of another act."""
    moves = case.workflow.offered_to(case, current_actor())
    move = next((each for each in moves if each.act == act), None)
    if move is None:
        return []
    undoing = _UNDOINGS.get((case.workflow.name, act))
    return _facts(case, move, meaning_of(case, act), undoing(case) if undoing else _undoing(case, move))


def consequence_of(case: Case, act: str, means: str) -> list[Fact]:
    """The same of what something else brings about for a case: the act that follows of itself.

    Its state stays where `act` is empty. `means` is what that binds to, in Chinese as in a table.
    """
    move = case.workflow.find(case.state, act) if act else None
    return _facts(case, move, [_(means)] if means else [], _undoing(case, move))


def _facts(case: Case, move: Move | None, means: list[str], undoing: str) -> list[Fact]:
    matter = f"{one_of(case)} {case.identifier} · {case.title}"
    return [
        (_("办理"), f"{_(case.part)} · {matter}" if case.part else matter),
        *_parties(case),
        *_amount(case),
        (_("办理后"), Markup("<br>").join(_follows(case, move))),
        (_("这意味着"), Markup("<br>").join(means)),
        (_("能否撤销"), undoing),
    ]


def _chain(case: Case | None) -> Iterator[Case]:
    """A case and those it belongs to."""
    while case is not None:
        yield case
        case = case.above


def _parties(case: Case) -> Iterator[Fact]:
    """Whom it concerns beside the reader, by the part each plays in the case or in those it belongs to."""
    known = {current_actor().organisation_id, None}
    for each in _chain(case):
        for role in each.parties:
            key = each.side_of(role)
            if key not in known:
                known.add(key)
                yield role_name(role, each.workflow.name), db.session.get_one(Organisation, key).name


def _amount(case: Case) -> Iterator[Fact]:
    """The sum at stake: its own, or that of the nearest case it belongs to which has one."""
    for each in _chain(case):
        if each.stake and 0 < each.amount_at_stake < money.MOST:
            yield _(each.stake), money.show(each.amount_at_stake)
            return


def _follows(case: Case, move: Move | None) -> Iterator[str]:
    """Where it leads, whose turn it is then and until when, and who hears of it."""
    if move is None:
        yield _("状态不变,仍为“%(state)s”。", state=_(case.workflow.states[case.state].label))
        return
    rows = case.rows_of(move.act)
    move, told = rows[-1], {role for row in rows for role in row.notify} - case.roles_of(current_actor())
    told = {role for role in told if role not in case.parties or case.side_of(role) is not None}
    state, waits_for = case.workflow.states[move.target], case.workflow.waits_for(move.target)
    if move.target == move.source:
        yield _("状态不变,仍为“%(state)s”。", state=_(state.label))
    elif state.terminal:
        yield _("状态变为“%(state)s”,到此结束。", state=_(state.label))
    else:
        yield _("状态变为“%(state)s”。", state=_(state.label))
    if waits_for:
        yield _("接下来由%(who)s办理。", who=_roles(case, waits_for))
    if move.limit and (waits_for or move.limit.policy):
        yield from _limit(case, move.limit)
    if told:
        yield _("会告知%(who)s。", who=_roles(case, told))
    if any(row.public for row in rows):
        yield _("会公开显示。")


def _limit(case: Case, limit: Limit) -> Iterator[str]:
    after = _(case.workflow.acts[limit.act])
    if limit.policy:
        days = policy.get(case.policy_version).number(limit.policy)
        yield _("期限 %(days)s;到期未办的,按“%(after)s”办理。", days=working_days(days), after=after)
    elif (ends := limit.ends(case)) is not None and ends > clock.now():
        yield _(
            "期限至 %(time)s;到期未办的,按“%(after)s”办理。",
            time=format_instant(case.told_until(ends)),
            after=after,
        )


def _undoing(case: Case, move: Move | None) -> str:
    if move is None:
        return _("不能撤销。")
    if back := case.workflow.undoing(move):
        return _("可以用“%(act)s”收回,经过中仍有记录。", act=_(case.workflow.asked(back)))
    if move.target == move.source and not move.once:
        return _("可以再次办理,每一次都有记录。")
    return _("不能撤销,并记入经过。")


def _roles(case: Case, roles: Iterable[str]) -> str:
    return _("、").join(sorted(role_name(role, case.workflow.name) for role in roles))
