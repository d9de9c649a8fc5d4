"""The blueprint of the room."""

from flask import Blueprint

bp = Blueprint("opendata", __name__)
