"""Rating: every dimension, and sealed until both have rated."""

from __future__ import annotations

from flask import Flask

from harness.factories import World
from models.ratings.rating import DIMENSIONS, Rating
from tests.web import sign_in


def test_ratings_need_every_dimension(app: Flask, world: World) -> None:
    contract = world.settled_unrated()
    rating = world.one(Rating, contract, by="buyer").identifier
    buyer = sign_in(app, world, "buyer")
    four = dict.fromkeys(list(DIMENSIONS["buyer"])[:4], "5")
    answer = buyer.submit(f"/ratings/{rating}/rate", **four, comment="好的")
    assert answer.status == 422
    assert "满意程度" in answer.error_at("integrity")
    assert answer.value_of("comment") == "好的"
    assert answer.value_of("quality") == "5"
    odd = buyer.submit(f"/ratings/{rating}/rate", **{**four, "integrity": "9"})
    assert odd.status == 422
    assert buyer.submit(f"/ratings/{rating}/rate", **four, integrity="4", comment="好的").status == 303
    shown = sign_in(app, world, "agency").get(f"/contracts/{contract}").text
    assert "好的" not in shown, "sealed with its words until both have rated"
