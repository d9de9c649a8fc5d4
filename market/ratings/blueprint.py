"""The blueprint of the room."""

from flask import Blueprint

bp = Blueprint("ratings", __name__)
