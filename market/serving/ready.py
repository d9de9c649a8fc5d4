"""Whether this market may start, and how it stands once it runs.

`/health` says that a process answers, `/ready` that the market does its work.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, current_app, jsonify, request
from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError

from market import jobs, timekeeping
from market.demonstration import progress
from market.extensions import alembic, db
from market.identity import PLAYED, current_actor
from market.jobs import nightly
from models import clock
from models.accounts import User

probes = Blueprint("probes", __name__)
# From when on the market is not ready: docs/operating.md has these as a table. How long a lane may say
# nothing before it counts as stopped: it says so after each piece of its work, the longest of which is the
# index.
SILENT = {
    "deadlines": timedelta(seconds=30),
    "keeper": timedelta(minutes=1),
    "events": timedelta(minutes=3),
    "outside": timedelta(minutes=15),
    "long": timedelta(minutes=30),
}
AHEAD = timedelta(
    minutes=1
)  # of the clock: a later one was set by another clock, or before this one was put right
BEHIND, WAITING = (
    10_000,
    timedelta(minutes=15),
)  # events a consumer may be behind, and how long one of them may wait
UNTRIED, OVERDUE = (
    timedelta(minutes=1),
    timedelta(hours=1),
)  # a limit may have passed that nobody has tried to act on, or at all
FAILURES, BROKEN = 100, timedelta(minutes=15)  # how much may fail, and how long a part of the jobs as a whole
ROOM = 64 << 20  # bytes free wherever the market writes
NAMES = 1_000  # files that still fit there
PROBE = 4096  # bytes written to see that there can be
FORWARDED = (
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Proto",
    "X-Real-IP",
    "Forwarded",
    "Via",
)  # what a proxy adds
NIGHT = timedelta(hours=6)  # after its beginning every part of the night's work is done


@cache
def _heads() -> frozenset[str]:
    return frozenset(alembic.script_directory.get_heads())


def _revisions() -> set[str]:
    return set(db.session.execute(text("SELECT version_num FROM alembic_version")).scalars())


def refusals(app: Flask) -> list[str]:
    """Why this market may not start, a line each."""
    with app.app_context():
        try:
            if _revisions() != _heads():
                return ["  the database is not at this version: run `flask --app wsgi prepare` first"]
            known = db.session.scalars(
                select(User.email).where(User.email.endswith(PLAYED, autoescape=True)).limit(1)
            ).first()
            half_played = progress.under_way()
        except SQLAlchemyError as error:
            said = str(error).splitlines()[0]
            return [
                f"  the database does not answer or was not prepared (`flask --app wsgi prepare`): {said}"
            ]
        finally:
            db.session.close()
            db.engine.dispose()
    if known and not (app.config["DEMO"] or app.config["TRIAL"]):
        return [
            f"  {known} is an account of the demonstration, whose password everybody knows: "
            "begin with an empty database"
        ]
    if half_played and not app.config["DEMO"]:
        return [
            "  a demonstration was begun here and is not whole, and all jobs wait for it: "
            "`TRIAL=1 flask --app wsgi demo` plays it anew"
        ]
    return []


def _since(instant: str | None, most: timedelta) -> bool:
    """Whether something is longer ago than that; what never was is not."""
    return instant is not None and clock.now() - datetime.fromisoformat(instant) > most


def _is_silent(lane: str, last: str | None) -> bool:
    return last is None or _since(last, SILENT[lane]) or datetime.fromisoformat(last) - clock.now() > AHEAD


def _is_missed(done: str) -> bool:
    """Whether a part of the night's work was not done last night and should have been by now.

    `done` is when it was last done.
    """
    return nightly.is_missing(datetime.fromisoformat(done)) and clock.now() - nightly.last_night() > NIGHT


def _lacking(work: dict[str, Any]) -> list[str]:
    """What of the jobs is not as it should be, a line each."""
    found = [
        f"jobs: {name} is {count} events behind" for name, count in work["lag"].items() if count > BEHIND
    ]
    found += [
        f"jobs: an event waits for {name} since {since}"
        for name, since in work["waiting"].items()
        if _since(since, WAITING)
    ]
    if _since(work["untried"], UNTRIED):
        found.append(f"jobs: a limit passed at {work['untried']} and nothing was done")
    if _since(work["overdue"], OVERDUE):
        found.append(f"jobs: a limit passed at {work['overdue']} and its act is still to come")
    if work["failures"] > FAILURES:
        found.append(f"jobs: {work['failures']} failures")
    found += [
        f"jobs: {part} fails since {since}" for part, since in work["broken"].items() if _since(since, BROKEN)
    ]
    return found + [
        f"night: {part} was last done at {done}" for part, done in work["nights"].items() if _is_missed(done)
    ]


def _writable(folder: Path) -> str:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, path = tempfile.mkstemp(dir=folder, prefix=".probe-")
        try:
            os.write(
                handle, bytes(PROBE)
            )  # a disk that is full, or a quota that is used up, still makes empty files
            os.fsync(handle)
        finally:
            os.close(handle)
            os.unlink(path)
    except OSError as error:
        return error.strerror or "not writable"
    return "ok"


def _room(folder: Path) -> str | None:
    """What is lacking of the room a market needs where this folder lies; None for enough."""
    try:
        free, names = shutil.disk_usage(folder).free, os.statvfs(folder)
    except OSError:
        return None
    if free < ROOM:
        return f"disk: {free >> 20} MB free for {folder}"
    return (
        f"disk: {names.f_favail} more files fit on the disk of {folder}"
        if names.f_files and names.f_favail < NAMES
        else None
    )


def _folders() -> list[Path]:
    """Where the market writes, a folder a disk.

    The database and the queues, files, the index, the keeper's keys, what is made for a moment.
    """
    config = current_app.config
    found = [Path(config[name]) for name in ("HOME_FOLDER", "FILES_FOLDER", "INDEX_FOLDER", "KEEPER_FOLDER")]
    found += [Path(config["JOBS_FILE"]).parent, Path(tempfile.gettempdir())]
    if db.engine.url.get_backend_name() == "sqlite" and db.engine.url.database:
        found.append(Path(db.engine.url.database).parent)
    there = [_there(folder) for folder in reversed(found)]
    return list({folder.stat().st_dev: folder for folder in there}.values())


def _there(folder: Path) -> Path:
    """The folder, or where it will be made."""
    return folder if folder.exists() or folder == folder.parent else _there(folder.parent)


def standing() -> dict[str, Any]:
    """How the market stands: `ready`, and what each part says.

    `problems` names what keeps it from being ready.
    """
    files = _writable(Path(current_app.config["FILES_FOLDER"]))
    problems = [] if files == "ok" else [f"files: {files}"]
    problems += sorted({lacking for folder in _folders() if (lacking := _room(folder))})
    try:
        revisions = _revisions()
        work = jobs.job_status()
    except SQLAlchemyError as error:
        return {
            "ready": False,
            "problems": [*problems, f"database: {type(error.__cause__ or error).__name__}"],
            "files": files,
        }
    if revisions != _heads():
        problems.append(
            f"migrations: at {', '.join(sorted(revisions))}, not at {', '.join(sorted(_heads()))}"
        )
    problems += [f"clock: {timekeeping.said(machine, doubt)}" for machine, doubt in timekeeping.doubted()]
    played = progress.percent()
    if played is not None:
        problems.append(f"demonstration: {played} % of it is played, and the jobs wait for the rest")
    else:
        problems += _lacking(work)
        if current_app.config["JOBS"] == "queued":
            problems += [
                f"jobs: {lane} has not been heard of"
                for lane, last in work["lanes"].items()
                if _is_silent(lane, last)
            ]
    return {
        "ready": not problems,
        "problems": problems,
        "files": files,
        "migrations": sorted(revisions),
        "jobs": work,
    }


@probes.get("/health")
def health() -> Response:
    """This process answers."""
    return Response("ok\n", mimetype="text/plain")


@probes.get("/ready")
def ready() -> tuple[Response, int]:
    """The market does its work: 200, or 503 with which part does not.

    What exactly is wrong names machines and folders: that is for who asks on the machine itself, and for
    administrators.
    """
    try:
        found = standing()
        told = found if _on_the_machine() or _is_operator() else _outline(found)
    finally:
        db.session.close()
    return jsonify(told), 200 if found["ready"] else 503


def _outline(found: dict[str, Any]) -> dict[str, Any]:
    return {
        "ready": found["ready"],
        "problems": sorted({problem.partition(":")[0] for problem in found["problems"]}),
    }


def _on_the_machine() -> bool:
    """By the peer, whatever is said of whom it speaks for.

    Through a proxy here comes somebody from elsewhere.
    """
    if any(name in request.headers for name in FORWARDED):
        return False
    peer = request.environ.get("werkzeug.proxy_fix.orig", request.environ).get("REMOTE_ADDR")
    return peer in ("127.0.0.1", "::1")


def _is_operator() -> bool:
    try:
        return "admin" in current_actor().roles
    except SQLAlchemyError:  # which is what is wrong
        return False
