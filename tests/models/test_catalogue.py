"""The catalogue that is loaded: whole, and once."""

from __future__ import annotations

from typing import Any

from models import catalogue


def test_the_catalogue_is_whole_and_loading_it_again_adds_nothing(session: Any) -> None:
    items = catalogue.current_items(session)
    assert len(items) == 45
    assert {item.department for item in items} == set(catalogue.DEPARTMENTS)
    for item in items:
        for language in ("zh", "en"):
            assert all(item.notice[language][part] for part in ("materials", "outputs", "checklist"))
    assert catalogue.seed(session) == (0, 0)
