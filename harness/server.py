"""A market of its own in a process of its own: a folder, a port, a clock that is passed in."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import psutil
import requests

from market import create_app
from market.jobs import LANES

ROOT = Path(__file__).parent.parent
# Commands run in children of a process that has everything imported and no threads: a twentieth of what a new
# interpreter costs.
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["harness.server"])
ADMIN = ("admin@example.cn", "correct horse battery")


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        port: int = taken.getsockname()[1]
        return port


class Server:
    """`home` holds the database, the files and the clock; nothing of it is shared with another market.

    `python` runs it, where that is another one than ours.
    """

    def __init__(
        self,
        home: Path,
        *,
        demo: bool = False,
        database: str = "",
        environment: dict[str, str] | None = None,
        python: str = sys.executable,
    ) -> None:
        self.home, self.port, self.python = home, free_port(), python
        self.url = f"http://127.0.0.1:{self.port}"
        self._clock = home / "clock"
        self.environment = {
            **{k: v for k, v in os.environ.items() if not k.startswith("COVERAGE")},
            "GONGXIN_HOME": str(home),
            "DATABASE_URL": database,
            "PORT": str(self.port),
            "PROCESSES": "2",
            "DEMO": "1" if demo else "0",
            "TRIAL": "1",
            "CLOCK_FILE": str(self._clock),
            **(environment or {}),
        }
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """The parent of all its processes."""
        assert self._process is not None
        return self._process.pid

    @property
    def processes(self) -> int:
        """How many the parent keeps: web workers, and a worker for each lane of jobs."""
        return int(self.environment["PROCESSES"]) + len(LANES)

    def children(self) -> list[psutil.Process]:
        """All of them, once all have been forked."""
        parent = psutil.Process(self.pid)
        for _ in range(600):
            if len(parent.children()) == self.processes:
                return parent.children()
            time.sleep(0.05)
        raise RuntimeError(self.log())

    def log(self) -> str:
        """What its processes have printed."""
        return (self.home / "server.log").read_text()

    def set_clock(self, instant: datetime) -> None:
        """From now on the market's clock stands at `instant`."""
        fresh = self._clock.with_suffix(".new")
        fresh.write_text(instant.isoformat())
        fresh.replace(self._clock)

    def command(self, *arguments: str) -> str:
        """Run a `flask` command of this market; raises with its output if it fails."""
        said = self.home / "command.log"
        process = _FORKS.Process(target=_command, args=(self.environment, arguments, said))
        process.start()
        process.join()
        if process.exitcode:
            raise RuntimeError(said.read_text())
        return said.read_text()

    def start(self) -> None:
        log = (self.home / "server.log").open("ab")
        self._process = subprocess.Popen(
            [self.python, "wsgi.py"],
            cwd=ROOT,
            env=self.environment,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        log.close()
        for _ in range(600):
            with contextlib.suppress(requests.ConnectionError):
                if requests.get(f"{self.url}/health", timeout=10).ok:
                    return
            if self._process.poll() is not None:
                break
            time.sleep(0.05)
        raise RuntimeError((self.home / "server.log").read_text())

    def __enter__(self) -> Server:
        self.start()
        return self

    def __exit__(self, *_raised: object) -> None:
        self.stop()

    def stop(self, how: int = signal.SIGTERM) -> None:
        """End the server and its workers; SIGKILL ends all of them in the middle of whatever they do."""
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                (os.killpg if how == signal.SIGKILL else os.kill)(self._process.pid, how)
            self._process.wait(timeout=30)
            self._process = None


def _command(environment: dict[str, str], arguments: tuple[str, ...], said: Path) -> None:
    os.environ.clear()
    os.environ.update(environment)
    with said.open("w", buffering=1) as out:
        sys.stdout = sys.stderr = out
        os.dup2(out.fileno(), 1)
        os.dup2(out.fileno(), 2)
        app = create_app()
        with app.app_context():
            app.cli.main(arguments, prog_name="flask")


@contextlib.contextmanager
def market(
    home: Path,
    *,
    demo: bool = False,
    database: str = "",
    at: datetime | None = None,
    environment: dict[str, str] | None = None,
) -> Iterator[Server]:
    """A prepared, running market with an administrator; stopped at the end.

    `environment` adds to its settings.
    """
    server = Server(home, demo=demo, database=database, environment=environment)
    if at is not None:
        server.set_clock(at)
    server.command("prepare")
    if not demo:
        server.command("admin", ADMIN[0], "--name", "管理员", "--password", ADMIN[1])
    with server:
        yield server
