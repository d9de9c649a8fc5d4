"""What the state machines of the tests share.

How long they play, how the market is put back before each example, and what was tried with which outcome.
"""

from __future__ import annotations

import copy
import shutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from inspect import getmembers
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test
from sqlalchemy import create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from market.extensions import db
from market.jobs import run_deadlines
from models import draws, sealing
from models.errors import Conflict, NotAllowed, Problem, RuleViolation, WrongState

if TYPE_CHECKING:
    from harness.factories import World

FATES = ("", "", "", "", "before", "after")
REFUSALS = (WrongState, RuleViolation, Conflict)  # NotFound would be a mistake of the machine's own
NIGHTLY = "nightly"  # the profile of hypothesis that conftest.py registers for hundreds of examples


_chance = Random()


class Nothing(Exception):
    """There is nothing to do this act on: it is not tried."""


class Tally:
    """What was tried, how often it was carried out, and why it was refused."""

    def __init__(self) -> None:
        self.done: Counter[str] = Counter()
        self.idle: Counter[str] = Counter()
        self.killed: Counter[str] = Counter()
        self.refused: Counter[tuple[str, str]] = Counter()
        self.ended: Counter[str] = Counter()  # how the examples ended

    def attempt(self, name: str, act: Callable[[], Any], expected: tuple[type[Problem], ...]) -> bool:
        """Whether the act was carried out. A refusal of another kind than these is not caught."""
        try:
            act()
        except Nothing:
            self.idle[name] += 1
        except expected as problem:
            self.refused[name, f"{type(problem).__name__} {problem.message}"] += 1
        else:
            self.done[name] += 1
            return True
        db.session.rollback()
        return False

    def check(self, acts: Iterable[str], surely: Iterable[str]) -> None:
        """Enough was carried out for what holds to mean something.

        At night nine acts in ten, otherwise half; and `surely` these acts, or examples that ended so.
        """
        every = set(acts)
        never = every - self.done.keys()
        assert len(never) <= len(every) * (0.1 if at_night() else 0.5), (never, str(self))
        assert set(surely) <= {*+self.done, *self.ended}, str(self)

    def __str__(self) -> str:
        names = sorted({*self.done, *self.idle, *(name for name, _ in self.refused)})
        lines = [f"{sum(self.ended.values())} examples ended so: {dict(self.ended)}"]
        for name in names:
            lines.append(
                f"{name}: carried out {self.done[name]}, killed {self.killed[name]}, nothing to do "
                f"{self.idle[name]}"
            )
            lines += [
                f"    refused {count}: {reason}"
                for (act, reason), count in self.refused.most_common()
                if act == name
            ]
        return "\n".join(lines)


class Rewind:
    """A test's database as it was when this was made, put back as often as it is called for.

    Examples do not depend on those before them, and take no longer.
    """

    def __init__(self, url: str, folder: Path, world: Any, time: Any) -> None:
        self.url, self.time = make_url(url), time
        self._world, self._instant = copy.deepcopy(world), time.instant
        self._file = folder / "kept.sqlite3"
        self._let_go()
        if self._on_sqlite:
            shutil.copy(str(self.url.database), self._file)
        else:
            self._administer(f"CREATE DATABASE {self._kept} TEMPLATE {self.url.database}")

    @property
    def _on_sqlite(self) -> bool:
        return self.url.get_backend_name() == "sqlite"

    @property
    def _kept(self) -> str:
        return f"{self.url.database}_kept"

    def __call__(self) -> Any:
        """Put it back, and the time; the people as they were then."""
        self._let_go()
        if self._on_sqlite:
            shutil.copy(self._file, str(self.url.database))
        else:
            self._administer(
                f"DROP DATABASE {self.url.database} WITH (FORCE)",
                f"CREATE DATABASE {self.url.database} TEMPLATE {self._kept}",
            )
        self.time.instant = self._instant
        return copy.deepcopy(self._world)

    def close(self) -> None:
        self._let_go()
        if not self._on_sqlite:
            self._administer(f"DROP DATABASE {self._kept}")

    def _let_go(self) -> None:
        """No connection is left; the last to close leaves no write-ahead log of SQLite's."""
        db.session.rollback()
        db.session.close()
        db.engine.dispose()

    def _administer(self, *statements: str) -> None:
        engine = create_engine(self.url.set(database="postgres"), isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))
        engine.dispose()


class Killed(BaseException):
    """The process is gone: nothing catches it but the test."""


@contextmanager
def struck(fate: str) -> Iterator[None]:
    """The next commit is the last thing that happens, or does not happen any more."""
    commit, armed = Session.commit, [bool(fate)]

    def dying(session: Session) -> None:
        killed, armed[0] = armed[0], False
        if not killed or fate == "after":
            commit(session)
        if killed:
            raise Killed

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(Session, "commit", dying)
        yield


def act(
    at: str, *, unless: str = "", by_either: bool = False, by_any: bool = False, **strategies: Any
) -> Callable[[Callable[..., None]], Any]:
    """A rule of the machine, tried while a case stands as `at` says and none as `unless` does.

    Both name a kind and its states. The act may be struck down at its commit, or refused. One `by_either`
    side is drawn for, and may have no part in that case; nor may `by_any`, whom the strategies draw.
    """

    def decorate(do: Callable[..., None]) -> Any:
        expected = (*REFUSALS, NotAllowed) if by_either or by_any else REFUSALS

        def tried(self: Machine, fate: str, **values: Any) -> None:
            self.turn(do.__name__, partial(do, self, **values), fate, expected)

        def stands(self: Machine) -> bool:
            return bool(_cases(at) & self.standing) and not _cases(unless) & self.standing

        tried.__name__ = do.__name__
        sides = {"side": st.sampled_from(("buyer", "agency"))} if by_either else {}
        made = precondition(stands)(rule(fate=st.sampled_from(FATES), **sides, **strategies)(tried))
        made.do, made.stands = do, stands
        return made

    return decorate


def _cases(named: str) -> set[tuple[str, str]]:
    kind, *states = named.split() or [""]
    return {(kind, state) for state in states}


def acts(machine: type[Machine]) -> dict[str, Any]:
    """The acts a machine tries, by name."""
    return {name: made for name, made in getmembers(machine) if hasattr(made, "stands")}


class Machine(RuleBasedStateMachine):
    """A market that is put back before each example, and what is tried in it."""

    def __init__(self, rewind: Rewind, tally: Tally) -> None:
        super().__init__()
        self.time, self.tally, self.made = rewind.time, tally, 0
        self.world: World = rewind()
        _chance.seed(0)
        self.standing: set[tuple[str, str]] = set()  # the kinds and states of the cases there are

    def holds(self) -> None:
        """What no act may break."""
        raise NotImplementedError

    def turn(self, name: str, do: Callable[[], None], fate: str, expected: Any = REFUSALS) -> None:
        """An act, refused or not, and what the clock does.

        Or the process is struck down just before or after the commit; everything holds then too, and whoever
        did not see an answer tries again.
        """
        self.made += 1
        try:
            with struck(fate):
                self.tally.attempt(name, do, expected)
        except Killed:
            db.session.rollback()
            self.tally.killed[name] += 1
            self.tally.done[name] += fate == "after"
            self.holds()
            self.tally.attempt(name, do, expected)
        run_deadlines()

    def daily(self, name: str) -> Callable[[], None]:
        return partial(getattr(type(self), name).do, self)

    def is_due(self, name: str) -> bool:
        return bool(getattr(type(self), name).stands(self))


def examples(number: int) -> settings:
    """So many examples of a property that works on a market; twenty times as many at night."""
    return settings(
        max_examples=number * (20 if at_night() else 1),
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


def at_night() -> bool:
    return settings.get_current_profile_name() == NIGHTLY


def run(machine: Callable[[], RuleBasedStateMachine], *, steps: int, ci: int, nightly: int) -> None:
    """Play as many examples as the profile asks for: the same ones every time, or others every night.

    What is drawn by lot falls the same way whenever an example is played again.
    """
    night = at_night()
    chosen = settings(
        max_examples=nightly if night else ci,
        stateful_step_count=steps,
        deadline=None,
        derandomize=not night,
        database=None,
        phases=[Phase.generate, Phase.shrink] if night else [Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(draws, "token_bytes", _chance.randbytes)
        patched.setattr(sealing, "token_hex", lambda size: _chance.randbytes(size).hex())
        run_state_machine_as_test(machine, settings=chosen)
