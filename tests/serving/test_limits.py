"""Tries are counted over all processes of a machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from limits import parse
from limits.storage import storage_from_string
from limits.strategies import FixedWindowRateLimiter

from market import attempts, create_app
from market.extensions import db, limiter
from market.serving import limits as ours
from tests.conftest import settings
from tests.web import Visitor


@pytest.fixture(autouse=True)
def _counting() -> Iterator[None]:
    """The limiter is one in a process, and that its file could not be written is remembered.

    A test that breaks it is over with it.
    """
    limiter._storage_dead = False
    attempts._own.cache_clear()
    yield
    limiter._storage_dead = False
    attempts._own.cache_clear()


def test_two_processes_count_together_and_a_window_ends(tmp_path: Path, monkeypatch: Any) -> None:
    now = [1000.0]
    monkeypatch.setattr(ours.time, "time", lambda: now[0])
    monkeypatch.setattr("limits.strategies.time.time", lambda: now[0])
    one, other = (
        FixedWindowRateLimiter(storage_from_string(f"limits+sqlite:///{tmp_path}/limits.sqlite3"))
        for _ in range(2)
    )
    three = parse("3 per minute")
    assert [each.hit(three, "a") for each in (one, other, one, other)] == [True, True, True, False]
    assert one.hit(three, "b"), "another's tries are another's"
    assert one.get_window_stats(three, "a").remaining == 0
    now[0] += 61
    assert other.hit(three, "a")
    one.storage.clear(f"LIMITER/a/{three.amount}")
    one.storage.reset()
    assert one.get_window_stats(three, "a").remaining == 3


def _without(path: Path) -> None:
    path.unlink()


def _broken(path: Path) -> None:
    path.write_bytes(b"what a power cut left" * 400)


@pytest.mark.parametrize("lose", [_without, _broken])
def test_a_file_that_is_lost_while_it_is_used_only_forgets_tries(
    tmp_path: Path, lose: Callable[[Path], None]
) -> None:
    path = tmp_path / "limits of ours #1" / "limits.sqlite3"
    path.parent.mkdir()
    one, other = (
        FixedWindowRateLimiter(storage_from_string(f"limits+sqlite:///{quote(str(path))}")) for _ in range(2)
    )
    twice = parse("2 per minute")
    assert [each.hit(twice, "a") for each in (one, other, one)] == [True, True, False]
    lose(path)
    assert [each.hit(twice, "a") for each in (other, one, other, one)] == [True, True, False, False]
    assert path.exists()


def test_guesses_of_a_password_are_limited_whichever_process_hears_them(app: Any, tmp_path: Path) -> None:
    from market import create_app

    url = app.config["SQLALCHEMY_ENGINES"]["default"]["url"]
    limited = {
        **settings(url, tmp_path),
        "RATELIMIT_ENABLED": True,
        "RATELIMIT_STORAGE_URI": f"limits+sqlite:///{tmp_path}/limits.sqlite3",
    }
    db.session.rollback()
    apps = [create_app(limited) for _ in range(2)]
    visitors = [Visitor(each) for each in apps]
    answers = [
        visitors[number % 2].submit("/sign-in", email="a@example.cn", password="wrong guess").status
        for number in range(11)
    ]
    assert answers == [401] * 10 + [429]
    for each in apps:
        with each.app_context():
            db.engine.dispose()


def test_where_nothing_can_be_counted_on_disk_people_still_come_in(tmp_path: Path, database: str) -> None:
    """A full disk, or a folder that is gone: every process counts for itself meanwhile."""
    app = create_app(
        {
            **settings(database, tmp_path),
            "RATELIMIT_ENABLED": True,
            "RATELIMIT_STORAGE_URI": f"limits+sqlite:///{tmp_path}/nowhere/limits.sqlite3",
        }
    )
    with app.app_context():
        visitor = Visitor(app)
        answers = [
            visitor.submit("/sign-in", email="nobody@example.cn", password="wrong password").status
            for _ in range(12)
        ]
        db.session.close()
        db.engine.dispose()
    assert (set(answers[:10]), set(answers[10:])) == ({401}, {429}), "and counted it is"
