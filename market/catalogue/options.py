"""The items to choose from in filters."""

from __future__ import annotations

from market.extensions import db
from market.words import item_name
from models.catalogue import current_items


def item_options() -> list[tuple[str, str]]:
    return [(item.code, item_name(item)) for item in current_items(db.session)]
