"""What runs on one machine.

As many web workers as cores, a worker for each lane of jobs, and at the very first start of a demonstration
the one who plays it, before any job looks at the clock.
"""

from __future__ import annotations

import logging
import resource
import sys
from functools import partial
from socket import socket

from flask import Flask

from market.config import close_to_others
from market.jobs import LANES
from market.serving import http
from market.serving.lock import Taken, hold, listen
from market.serving.ready import refusals
from market.serving.supervisor import Role, Supervisor

HOST = "127.0.0.1"
log = logging.getLogger(__name__)


def serve(app: Flask) -> int:
    """Serve until told to stop. Returns the code to leave with: 0, or 1 where the market may not start."""
    logging.basicConfig(
        level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s: %(message)s", stream=sys.stderr
    )
    for quiet in ("huey", "alembic", "fontTools"):
        logging.getLogger(quiet).setLevel(logging.WARNING)
    _allow_files()
    try:
        lock = hold(app.config["HOME_FOLDER"])
        listener = listen(HOST, app.config["PORT"])
    except Taken as taken:
        print(taken, file=sys.stderr)
        return 1
    with lock, listener:
        problems = refusals(app)
        if problems:
            print("\n".join(["This market does not start:", *problems]), file=sys.stderr)
            return 1
        if found := close_to_others(app.config):
            log.warning(
                "%s files and folders of this market were open to others; they are not any more", found
            )
        print(f"http://{HOST}:{app.config['PORT']}", flush=True)
        Supervisor(roles(app, listener), own=[lock]).run()
    return 0


def roles(app: Flask, listener: socket) -> list[Role]:
    """Who is forked. Jobs wait for the demonstration: its cases are long overdue while it is being played."""
    work, let_go = partial(http.work, app, listener, app.config["THREADS"]), partial(http.let_go, listener)
    found = [
        Role(f"web worker {number}", work, let_go=let_go) for number in range(1, app.config["PROCESSES"] + 1)
    ]
    played = _demonstration(app)
    if played is not None:
        found.append(played)
    return found + (lanes(app, played) if app.config["JOBS"] == "queued" else [])


def lanes(app: Flask, after: Role | None = None) -> list[Role]:
    """A process for each lane of the jobs."""
    return [
        Role(f"jobs worker {lane}", partial(app.extensions["jobs"].work, lane), after=after) for lane in LANES
    ]


def _demonstration(app: Flask) -> Role | None:
    """The player of the demonstration, where one is wanted and not all there yet."""
    from market.demo import loading

    with app.app_context():
        wanted = app.config["DEMO"] and (loading.is_empty() or loading.unfinished())
        _let_go()
    return Role("demonstration", partial(_play, app), once=True) if wanted else None


def _play(app: Flask) -> None:
    """Play the demonstration, from its beginning if it was broken off before.

    A line is printed for each tenth of it.
    """
    from market.demo.playing import play

    def progress(share: float) -> None:
        if int(share * 100) % 10 == 0:
            print(f"demonstration: {share:.0%}", flush=True)

    with app.app_context():
        play(progress)


def _let_go() -> None:
    """Connections are nobody's to inherit."""
    from market.extensions import db

    db.session.close()
    db.engine.dispose()


def _allow_files() -> None:
    """A connection is an open file; as many as the system lets us have."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 65_536), hard))
