"""Where a browser sends a large file piece by piece (market/static/upload.js), before the form it is for.

Answers are JSON; what went wrong comes as `problem`, in the reader's language.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue

from market import uploading
from market.formatting import problem_text
from market.identity import current_actor
from models.errors import Problem, RuleViolation
from models.i18n import N_
from models.uploads import Upload

bp = Blueprint("uploads", __name__)
MOST_PIECE = 8 << 20  # bytes; what the browser sends at once is half of it


@bp.errorhandler(Problem)
def _problem(error: Problem) -> tuple[dict[str, Any], int]:
    return {"problem": problem_text(error)}, error.status


@bp.post("/uploads")
def begin() -> ResponseReturnValue:
    """A file is to come: its name, its size and, where it can be told, its SHA-256."""
    size = request.form.get("size", 0, type=int)
    name, said = request.form.get("name", ""), request.form.get("sha256", "")
    return _state(uploading.begin(current_actor(), name, size, said)), 201


@bp.get("/uploads/<identifier>")
def show(identifier: str) -> ResponseReturnValue:
    """How far it is."""
    return _state(uploading.find(current_actor(), identifier))


@bp.put("/uploads/<identifier>")
def take(identifier: str) -> ResponseReturnValue:
    """The bytes from `start` on."""
    start = request.args.get("start", -1, type=int)
    if start < 0 or not 0 < (request.content_length or 0) <= MOST_PIECE:
        raise RuleViolation(N_("这一部分的大小或位置不对。"))
    return {"received": uploading.take(current_actor(), identifier, start, request.stream)}


@bp.post("/uploads/<identifier>/finish")
def finish(identifier: str) -> ResponseReturnValue:
    """All has been sent; how the form says so, for the field called `field`."""
    upload = uploading.finish(current_actor(), identifier)
    name = request.form.get("field", "file")
    html = render_template("layout/waiting_file.html", each=uploading.waiting(upload), name=name)
    return {"html": html}


def _state(upload: Upload) -> dict[str, Any]:
    return {"identifier": upload.identifier, "size": upload.size, "received": uploading.received(upload)}
