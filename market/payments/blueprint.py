"""The blueprint of the room."""

from flask import Blueprint

bp = Blueprint("payments", __name__)
