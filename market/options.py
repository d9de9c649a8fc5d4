"""What filters and forms of several rooms let people choose from."""

from __future__ import annotations

from flask import current_app

from market.extensions import db
from market.words import item_name
from models.catalogue import current_items
from models.regions import covers, published


def region_choices() -> list[tuple[str, str]]:
    """The regions this market serves, by full name."""
    area = current_app.config["AREA"]
    return [(row["code"], row["full_name"]) for row in published() if covers(area, row["code"])]


def item_options() -> list[tuple[str, str]]:
    """The current service items, by code."""
    return [(item.code, item_name(item)) for item in current_items(db.session)]
