"""Names in every plane of Han, and in Tibetan, are found."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from harness.factories import World
from market.agencies.actions import entry
from market.extensions import db
from market.indexing import rebuild_index
from search import Query
from search.analysis import query_terms, sounds, terms

NAMES = {
    "𠮷野": ["𠮷野", "𠮷", "吉野"],
    "𫚉业测绘": ["𫚉", "𫚉业"],
    "བོད་ཡིག": ["བོད", "བོད་ཡིག"],
    "㐂来": ["㐂来"],
}


@pytest.mark.parametrize(
    ("name", "asked"), [(name, said) for name, every in NAMES.items() for said in every if said != "吉野"]
)
def test_a_name_outside_the_first_plane_is_found(app: Flask, world: World, name: str, asked: str) -> None:
    world.agency(name, 5_000_000, "EIA-02", verified=False)
    entry.verify(world.actor("regulator"), world.identifiers[name])
    db.session.rollback()
    rebuild_index()
    index: Any = app.extensions["search"]
    assert index.search(db.session, Query(words=asked)).keys[0] == world.identifiers[name]


def test_terms_of_other_planes_and_scripts() -> None:
    assert {"𠮷", "野家"} <= set(terms("𠮷野家"))
    assert "b:𠮷野" in sounds("𠮷野家")
    assert terms("བོད་ཡིག་ཚོགས་པ།") == ["བོད", "ཡིག", "ཚོགས", "པ"]
    assert {"b:𠮷野", "b:野家"} <= set(query_terms("𠮷野家"))
