"""The blueprint of the room."""

from flask import Blueprint

bp = Blueprint("agencies", __name__)
