"""To whoever has no part in a case its number is like one that nobody has."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from harness.factories import World
from tests.every_case import name_the_cases
from tests.test_secrets import GOES, Scene, _numbered, _walkers, scene
from tests.walking import addresses, alike
from tests.web import Visitor, sign_in

__all__ = ["scene"]


@pytest.mark.walks
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_strangers_number_is_like_one_nobody_has(
    app: Flask, world: World, scene: Scene, method: str
) -> None:
    """The same status, the same words, the same way on, whether a case is hidden or is not.

    For every address with a number, asked or sent to.
    """
    hidden = {number: scene.numbers[number] for number in [*scene.invited, *scene.bids]}
    assert _told_apart(app, world, method, hidden, ("visitor", "other", "far")) == []
    bids = {number: kind for number, kind in scene.numbers.items() if kind == "bid"}
    assert (
        _told_apart(app, world, method, bids, ("buyer", "regulator", "admin", "department"), least=10) == []
    ), "nor who bids, by whoever oversees it"


# Every kind of case there is that strangers have no part in, by its name in tests/every_case.py.
HIDDEN = (
    "draft",
    "invited",
    "quote",
    "hidden",
    "bid",
    "objection",
    "contract",
    "drafted",
    "deliverable",
    "materials",
    "change",
    "dispute",
    "payment",
    "due",
    "payout",
    "invoice",
    "unrated",
    "followed",
    "appeal",
    "check",
    "record",
    "evaluation",
    "question",
    "report",
    "voucher",
    "batch",
    "applicant",
    "buyer",
)


@pytest.mark.walks
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_nor_is_any_other_kind_of_case_told_apart(app: Flask, world: World, time: Any, method: str) -> None:
    names = name_the_cases(world, time)
    scene = Scene()
    _numbered(scene, *(names[name] for name in HIDDEN))
    hidden = {number: scene.numbers.get(number, "") for number in (names[name] for name in HIDDEN)}
    assert _told_apart(app, world, method, hidden, ("visitor", "far")) == []


def _told_apart(
    app: Flask, world: World, method: str, hidden: dict[str, str], roles: tuple[str, ...], least: int = 60
) -> list[str]:
    """Where these answer otherwise to a hidden number than to one of its series that nobody has."""
    walked = [(address, number) for address, number in addresses(app, method, hidden, without=GOES) if number]
    assert len(walked) > least
    different = []
    for role in _walkers(roles):
        visitor = sign_in(app, world, role)
        token = visitor.get("/check").value_of("csrf_token")
        unknown: dict[str, Any] = {}
        for address, number in walked:
            nobody = f"{number[0]}-2026-999999"
            elsewhere = address.replace(number, nobody)
            if elsewhere not in unknown:
                unknown[elsewhere] = alike(_ask(visitor, method, elsewhere, token), nobody)
            answer = alike(_ask(visitor, method, address, token), number)
            if answer != unknown[elsewhere]:
                different.append(
                    f"{method} {address} as {role}: {answer[0]} {answer[2]} and not {unknown[elsewhere][0]}"
                )
    return different


def _ask(visitor: Visitor, method: str, address: str, token: str) -> Any:
    return visitor.get(address) if method == "GET" else visitor.post(address, {"csrf_token": token})
