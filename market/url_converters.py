"""What may stand in the address of a page: what the database could not hold is no page."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from flask import Flask
from werkzeug.routing import BaseConverter, IntegerConverter, Map, UnicodeConverter, ValidationError

from market.forms import MOST_NUMBER
from models.spelling import UNKEEPABLE


class Number(IntegerConverter):
    """A whole number; one no column can hold names nothing."""

    regex = "[0-9]{1,10}"

    def __init__(self, map: Map, *args: Any, **kwargs: Any) -> None:
        super().__init__(map, *args, **{"max": MOST_NUMBER, **kwargs})


def _keepable(value: str) -> str:
    if UNKEEPABLE.search(value):
        raise ValidationError
    return value


class Text(UnicodeConverter):
    """An identifier, or another word."""

    def to_python(self, value: str) -> str:
        return _keepable(value)


class Anything(BaseConverter):
    """A text that may have slashes in it, like an e-mail address."""

    regex = ".+"
    part_isolating = False

    def to_python(self, value: str) -> str:
        return _keepable(value)

    def to_url(self, value: str) -> str:
        return quote(value, safe="")


def register(app: Flask) -> None:
    """Read every address so; before any page is declared."""
    app.url_map.converters |= {"int": Number, "default": Text, "string": Text, "anything": Anything}
