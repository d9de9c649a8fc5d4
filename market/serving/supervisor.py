"""The parent of every process of a machine.

It forks them from one that has imported everything, brings back whichever dies, and takes all of them with it
when it goes.

A child that dies is back at once; one that dies again and again, or cannot be forked, waits longer each time,
up to half a minute, and the log says so. A child learns that its parent is gone, however it went, from the
end of a pipe that only the parent writes to, and lets go at once of what the next parent needs.
"""

from __future__ import annotations

import gc
import logging
import os
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Thread
from typing import IO, Any

log = logging.getLogger(__name__)
STEADY = 10.0  # seconds after which a process counts as having started well
LONGEST = 30.0  # seconds between two attempts at one that keeps dying
GRACE = 15.0  # seconds all have to end when asked
TURN = 0.05  # seconds between two looks at the children
TOLD = (signal.SIGTERM, signal.SIGINT)


@dataclass
class Role:
    """What a child does: `run` until it is told to end by SIGTERM.

    One that is done `once` ends by itself and is not brought back; what is to come `after` it waits until it
    has ended well. When the parent is gone, one that can `let_go` of what the next parent needs does so and
    then finishes what is under way; any other ends where it stands.
    """

    name: str
    run: Callable[[], None]
    once: bool = False
    after: Role | None = None
    let_go: Callable[[], None] | None = None
    pid: int = 0
    started: float = 0.0
    deaths: int = 0
    not_before: float = 0.0
    done: bool = False


@dataclass
class Supervisor:
    """Keeps one child a role alive until told to stop. `own` are files no child is to have."""

    roles: list[Role]
    own: list[IO[Any]] = field(default_factory=list)
    _stopping: bool = False
    _pipe: tuple[int, int] = field(default_factory=os.pipe)

    def run(self) -> None:
        """Serve until SIGTERM or SIGINT; every child has ended when this returns."""
        for number in TOLD:
            signal.signal(number, self._stop)
        gc.collect()
        # what all have in common stays out of every child's garbage collection, and in shared memory
        gc.freeze()
        try:
            while not self._stopping:
                self._reap()
                for role in self.roles:
                    self._start_if_due(role)
                time.sleep(TURN)
        finally:
            self._end()

    def _stop(self, *_signal: object) -> None:
        self._stopping = True

    def _start_if_due(self, role: Role) -> None:
        waits = role.after is not None and not role.after.done
        if not role.pid and not role.done and not waits and time.monotonic() >= role.not_before:
            self._start(role)

    def _start(self, role: Role) -> None:
        """Fork it.

        A signal meanwhile waits until the child has its own way to hear it: the parent's would swallow it
        there.
        """
        role.started = time.monotonic()
        heard = signal.pthread_sigmask(signal.SIG_BLOCK, TOLD)
        try:
            role.pid = os.fork()
            if not role.pid:
                self._be(role, heard)
        except OSError as error:  # no process or no memory to be had just now
            self._put_off(role, f"could not be started ({error.strerror})", role.deaths + 1)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, heard)

    def _be(self, role: Role, heard: set[int | signal.Signals]) -> None:
        """In the child, and never back from here."""
        code = 1
        try:
            os.close(self._pipe[1])
            for file in self.own:
                file.close()
            signal.signal(
                signal.SIGINT, signal.SIG_IGN
            )  # of a terminal: the parent hears it too and asks everyone to end
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, heard)
            Thread(target=_follow_parent, args=(self._pipe[0], role.let_go), daemon=True).start()
            role.run()
            code = 0
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else int(left.code is not None)
        except BaseException:
            log.exception("%s broke", role.name)
        finally:
            logging.shutdown()
            os._exit(code)

    def _reap(self) -> None:
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not pid:
                return
            for role in self.roles:
                if role.pid == pid:
                    self._ended(role, os.waitstatus_to_exitcode(status))

    def _ended(self, role: Role, code: int) -> None:
        lived, role.pid = time.monotonic() - role.started, 0
        if role.once and code == 0:
            role.done = True
            return
        if self._stopping:
            return
        how = f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
        self._put_off(role, how, 0 if lived > STEADY else role.deaths + 1)

    def _put_off(self, role: Role, how: str, deaths: int) -> None:
        """It is not there: once more, and the later the more often that was so in a row."""
        lived, role.deaths = time.monotonic() - role.started, deaths
        wait = min(LONGEST, 0.1 * 2**deaths) if deaths > 1 else 0.0
        role.not_before = time.monotonic() + wait
        if role.deaths > 1:
            log.error(
                "%s %s for the %sth time in a row, %.1f s after its start; next try in %.1f s",
                role.name,
                how,
                role.deaths,
                lived,
                wait,
            )
        else:
            log.warning("%s %s; starting it again", role.name, how)

    def _end(self) -> None:
        """Ask every child to end; whoever has not after a while is killed."""
        self._signal(signal.SIGTERM)
        until = time.monotonic() + GRACE
        while any(role.pid for role in self.roles) and time.monotonic() < until:
            self._reap()
            time.sleep(TURN)
        self._signal(signal.SIGKILL)

    def _signal(self, number: int) -> None:
        for role in self.roles:
            if role.pid:
                os.kill(role.pid, number)


def _follow_parent(pipe: int, let_go: Callable[[], None] | None) -> None:
    """Wait for the pipe's other end to close, which is the parent's going."""
    os.read(pipe, 1)
    if let_go is None:
        os._exit(1)
    let_go()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(GRACE)
    os._exit(1)
