"""The blueprint of the room."""

from flask import Blueprint

rooms = Blueprint("payments", __name__)
