"""The room's door: the pages of `views`, `signing_in` and `security` stand behind it."""

from flask import Blueprint

bp = Blueprint("accounts", __name__)
