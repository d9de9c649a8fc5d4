"""Whether this market may start, and how it stands once it runs: `/health` says that a process answers, `/ready` that the market
does its work."""

from __future__ import annotations

import os
import tempfile
from datetime import datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, current_app, jsonify
from sqlalchemy import select, text
from sqlalchemy.exc import SQLAlchemyError

from market import jobs
from market.accounts.identity import PLAYED
from market.demo import mark
from market.extensions import alembic, db
from models import clock
from models.accounts import User

probes = Blueprint("probes", __name__)
# How long a lane may say nothing before it counts as stopped: it does so at the end of each pass, which takes as long as its work.
SILENT = {"deadlines": timedelta(seconds=30), "events": timedelta(minutes=3), "outside": timedelta(minutes=15), "long": timedelta(hours=1)}


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
            known = db.session.scalars(select(User.email).where(User.email.endswith(PLAYED, autoescape=True)).limit(1)).first()
            half_played = mark.under_way()
        except SQLAlchemyError as error:
            return [f"  the database does not answer or was not prepared (`flask --app wsgi prepare`): {str(error).splitlines()[0]}"]
        finally:
            db.session.close()
            db.engine.dispose()
    if known and not (app.config["DEMO"] or app.config["TRIAL"]):
        return [f"  {known} is an account of the demonstration, whose password everybody knows: begin with an empty database"]
    if half_played and not app.config["DEMO"]:
        return ["  a demonstration was begun here and is not whole, and all jobs wait for it: `TRIAL=1 flask --app wsgi demo` plays it anew"]
    return []


def _is_silent(lane: str, last: str | None) -> bool:
    return last is None or clock.now() - datetime.fromisoformat(last) > SILENT[lane]


def _writable(folder: Path) -> str:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        handle, path = tempfile.mkstemp(dir=folder, prefix=".probe-")
        os.close(handle)
        os.unlink(path)
    except OSError as error:
        return error.strerror or "not writable"
    return "ok"


def standing() -> dict[str, Any]:
    """How the market stands: `ready`, and what each part says; `problems` names what keeps it from being ready."""
    files = _writable(Path(current_app.config["FILES_FOLDER"]))
    problems = [] if files == "ok" else [f"files: {files}"]
    try:
        revisions = _revisions()
        work = jobs.standing()
    except SQLAlchemyError as error:
        return {"ready": False, "problems": [*problems, f"database: {type(error.__cause__ or error).__name__}"], "files": files}
    if revisions != _heads():
        problems.append(f"migrations: at {', '.join(sorted(revisions))}, not at {', '.join(sorted(_heads()))}")
    if current_app.config["JOBS"] == "queued":
        problems += [f"jobs: {lane} has not been heard of" for lane, last in work["lanes"].items() if _is_silent(lane, last)]
    return {"ready": not problems, "problems": problems, "files": files, "migrations": sorted(revisions), "jobs": work}


@probes.get("/health")
def health() -> Response:
    """This process answers."""
    return Response("ok\n", mimetype="text/plain")


@probes.get("/ready")
def ready() -> tuple[Response, int]:
    """The market does its work: 200, or 503 with what is wrong."""
    try:
        found = standing()
    finally:
        db.session.close()
    return jsonify(found), 200 if found["ready"] else 503
