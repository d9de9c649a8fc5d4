"""The blueprint of the room."""

from flask import Blueprint

bp = Blueprint("oversight", __name__)
