"""The tables of workflows: which state, which act, by whom, under which rules, leads where.

What carries them out is workflow.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy.orm import Session

from models import clock, permission, policy, workdays
from models.actors import Actor
from models.errors import NotAllowed, WrongState
from models.i18n import N_

if TYPE_CHECKING:
    from models.cases import Case

Rule = Callable[[Session, Any], None]


@dataclass(frozen=True, slots=True)
class Limit:
    """A time limit, and the act with which it ends.

    `policy` names a number of working days in the case's policy, or `attribute` an instant on the case. When
    it passes the system performs `act`, and every limit has one: it ends the waiting, or refers it to the
    level above (referrals.py). `remind` names numbers of working days in the policy: so long before it ends
    whoever the case waits for is told.
    """

    policy: str = ""
    attribute: str = ""
    act: str = ""
    remind: str = ""

    def ends(self, case: Case) -> datetime | None:
        if self.attribute:
            instant: datetime | None = getattr(case, self.attribute)
            return instant
        days = policy.get(case.policy_version).number(self.policy)
        return workdays.add(clock.now(), days)


@dataclass(frozen=True, slots=True)
class State:
    """A place a case can stand. `tone` colours its badge: good, wait, bad or plain."""

    name: str
    label: str
    tone: str = "wait"
    terminal: bool = False


@dataclass(frozen=True)
class Move:
    """A row of the table.

    `main` marks the act the case waits for; the others stand aside. By one that `leaves` somebody steps out
    of a case, so that it is open to whoever stands on both its sides; by one that `binds` an agency takes
    something on, so that it is asked again whether it may. `above`: only once the case was referred to the
    level above. `offered` says of a case whether there is anything to do by it now: where there is not, no
    page has its button, and its rules say why to whoever comes all the same. `once`: it leaves the case where
    it is, and its rules let nobody do it again.
    """

    source: str
    act: str
    target: str
    who: Iterable[str]
    rules: tuple[Rule, ...] = ()
    limit: Limit | None = None
    notify: tuple[str, ...] = ()
    main: bool = False
    public: bool = False
    needs_reason: bool = False
    leaves: bool = False
    binds: bool = False
    above: bool = False
    once: bool = False
    offered: Callable[[Any], bool] = lambda case: True

    def __post_init__(self) -> None:
        object.__setattr__(self, "who", frozenset(self.who))


class Workflow:
    """The table of one case type. Refuses, when built, a table that contradicts itself."""

    def __init__(
        self,
        name: str,
        label: str,
        states: tuple[State, ...],
        moves: tuple[Move, ...],
        acts: dict[str, str],
        openings: dict[str, str] | None = None,
        opening: Limit | None = None,
        duties: Iterable[str] = (),
        prepares: Iterable[str] = (),
        unhurried: dict[str, str] | None = None,
        consequences: dict[str, str] | None = None,
        buttons: dict[str, str] | None = None,
        undone_by: dict[str, str] | None = None,
        powers: dict[str, str] | None = None,
        before_confirming: Iterable[str] = (),
        decides: dict[str, str] | None = None,
    ) -> None:
        """Build the table; see permission.py for `duties` and `prepares`.

        `acts` are what the acts are called, `openings` what those are that open a case and stand in no row.
        `duties` are the acts, one that opens a case among them, that are open to a party out of standing too,
        `prepares` those that are to one nobody has let in yet. `unhurried` are the states that wait for
        somebody without a limit, each with the reason. `buttons` is what stands on an act's button where
        that is a verb and not what was decided; `consequences` says what an act binds to, by law or in money;
        `undone_by` names the act with which whoever did one goes back. `powers` are the acts by which a party
        binds itself, each with what of authorisations.py whoever does it for the party needs.
        `before_confirming` are the acts open to whoever has not confirmed its mail address. `decides` says
        what is to be decided in a state that waits for a verdict: none of its acts is suggested.
        """
        self.name, self.label, self.acts, self.opening = name, label, acts, opening
        self.openings = openings or {}
        self.duties, self.prepares = frozenset(duties), frozenset(prepares)
        self.buttons, self.consequences = buttons or {}, consequences or {}
        self.undone_by, self.powers = undone_by or {}, powers or {}
        self.before_confirming, self.decides = frozenset(before_confirming), decides or {}
        self.states = {state.name: state for state in states}
        self.initial = states[0].name
        self.moves = moves
        self._table = {(move.source, move.act): move for move in moves}
        if len(self._table) != len(moves):
            raise ValueError(f"{name}: two rows for one state and act")
        for move in moves:
            if move.source not in self.states or move.target not in self.states or move.act not in acts:
                raise ValueError(f"{name}: {move.source} -{move.act}-> {move.target} names something unknown")
            if self.states[move.source].terminal:
                raise ValueError(f"{name}: {move.source} is terminal and has a move")
        self._check_words()
        if both := self.openings.keys() & acts.keys():
            raise ValueError(f"{name}: {sorted(both)} open a case and stand in a row")
        for state, limit in self._limits():
            if (
                not limit.act
                or (state, limit.act) not in self._table
                or "system" not in self._table[state, limit.act].who
            ):
                raise ValueError(f"{name}: a limit in {state} ends in nothing the clock can do there")

        found = self._without_limit()
        if differing := found ^ set(unhurried or {}):
            raise ValueError(
                f"{name}: waits for somebody without a limit, or is said to and does not: {sorted(differing)}"
            )

    def _check_words(self) -> None:
        """ValueError where something is said of an act that is none, or that is undone by what never can."""
        said = self.buttons.keys() | self.consequences.keys() | self.undone_by.keys() | self.powers.keys()
        possible = {move.act for move in self.moves if self.undoing(move)}
        unknown = (said - self.acts.keys()) | (self.undone_by.keys() - possible)
        if unknown := unknown | (self.decides.keys() - self.states.keys()):
            raise ValueError(f"{self.name}: what is said of {sorted(unknown)} fits no row")

    def undoing(self, move: Move) -> str:
        """The act with which whoever made this move goes back from where it leads; empty if none."""
        back = self.undone_by.get(move.act, "")
        return back if (move.target, back) in self._table else ""

    def _without_limit(self) -> set[str]:
        """The states that wait for somebody and can be come to without a limit."""
        came = {move.target for move in self.moves if move.limit is None and move.source != move.target}
        came |= set() if self.opening else {self.initial}
        return {state for state in came if not self.states[state].terminal and self.waits_for(state)}

    def asked(self, act: str) -> str:
        """What an act is called before it is done."""
        return self.buttons.get(act) or self.acts.get(act, act)

    def called(self, act: str) -> str | None:
        """What an act is called once it was done; None for what is no act of the table."""
        return self.openings.get(act) or self.acts.get(act)

    def asks(self, act: str) -> dict[str, bool]:
        """What an act asks of how a party stands, as permission.py has it."""
        return {"duty": act in self.duties, "entering": act in self.prepares}

    def _limits(self) -> list[tuple[str, Limit]]:
        """Every limit with the state it runs in."""
        opening = [(self.initial, self.opening)] if self.opening else []
        return [(move.target, move.limit) for move in self.moves if move.limit] + opening

    def find(self, state: str, act: str) -> Move:
        """The row for this state and act; WrongState if the table has none."""
        try:
            return self._table[state, act]
        except KeyError:
            raise WrongState(
                N_("现在的状态是“%(state)s”,不能办理“%(act)s”这一步。"),
                state=self.states[state].label,
                act=self.acts.get(act, act),
            ) from None

    def open_to(self, case: Case, actor: Actor) -> list[Move]:
        """The rows this actor may use now: the main one first, then what urges whoever lets the case wait.

        Rules are not asked: they explain themselves when the act is tried.
        """
        roles = case.roles_of(actor)
        rows = [
            m
            for m in self.moves
            if m.source == case.state
            and case.in_standing(actor, roles & frozenset(m.who), m.act)
            and (case.referred_to or not m.above)
            and (actor.confirmed or m.act in self.before_confirming)
        ]
        return sorted(rows, key=lambda move: (not move.main, not (move.above and move.target == move.source)))

    def lacking(self, case: Case, actor: Actor) -> NotAllowed | None:
        """Why an act is not open to this actor that would be.

        Its address is not confirmed, or its organisation waits for the act and has not authorised it.
        """
        if not actor.confirmed and self.open_to(case, _confirmed(actor)) != self.open_to(case, actor):
            return permission.unconfirmed()
        for move in self.moves:
            if move.source != case.state or not self.powers.get(move.act):
                continue
            for role in sorted(case.roles_of(actor) & frozenset(move.who)):
                found = permission.unauthorised(actor, case.side_of(role), self.powers[move.act])
                if found is not None and permission.stands(actor, case.side_of(role), **self.asks(move.act)):
                    return found
        return None

    def offered_to(self, case: Case, actor: Actor) -> list[Move]:
        """Those of the rows open to this actor that a page has a button for as the case stands."""
        return [
            move
            for move in self.open_to(case, actor)
            if move.offered(case) and case.hindrance(actor, move.act) is None
        ]

    def next_act(self, case: Case, actor: Actor) -> Move | None:
        """What this actor is to do first, also where he is not authorised to it, or not confirmed, yet."""
        actor = _confirmed(actor)
        offered = self.offered_to(case, actor)
        if not (offered and offered[0].main) and self.lacking(case, actor) is not None:
            here = [row for row in self.moves if row.source == case.state and self.powers.get(row.act)]
            return next(row for row in here if case.roles_of(actor) & set(row.who))
        return offered[0] if offered else None

    def waits_for(self, state: str) -> frozenset[str]:
        """The roles whose act the case waits for in this state."""
        found: frozenset[str] = frozenset()
        for move in self.moves:
            if move.source == state and move.main:
                found |= frozenset(move.who) - {"system"}
        return found

    def states_waiting_for(self, role: str) -> list[str]:
        return [state for state in self.states if role in self.waits_for(state)]

    def reminders(self) -> dict[str, str]:
        """The states whose limit is announced before it ends.

        Each with the policy's key for how long before.
        """
        return {state: limit.remind for state, limit in self._limits() if limit.remind}

    def begins(self, state: str) -> set[str]:
        """The acts with which the limit of a state begins to run."""
        opening = set(self.openings) if state == self.initial and self.opening else set()
        return opening | {move.act for move in self.moves if move.target == state and move.limit}

    def timed_acts(self) -> list[tuple[str, str]]:
        """The (state, act) pairs the clock performs when a limit passes.

        In the order of the states, so that one pass may carry a case through several.
        """
        pairs = {(state, limit.act) for state, limit in self._limits()}
        return sorted(pairs, key=lambda pair: (list(self.states).index(pair[0]), pair[1]))


def _confirmed(actor: Actor) -> Actor:
    """The same person once its mail address is confirmed."""
    return replace(actor, confirmed=True)
