"""The blueprint of the room."""

from __future__ import annotations

from typing import Any

from flask import Blueprint

from models.contracts.clauses import SEVERITIES
from models.contracts.signatures import METHODS

bp = Blueprint("contracts", __name__)


@bp.context_processor
def _labels() -> dict[str, Any]:
    return {"severities": SEVERITIES, "methods": METHODS}
