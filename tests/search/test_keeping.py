"""The index follows events, is made anew while it answers, and may break or be missing."""

from __future__ import annotations

import shutil
import threading
from contextlib import nullcontext
from contextvars import Context
from pathlib import Path
from typing import Any

import pytest
from flask import Flask, current_app
from sqlalchemy import select, text

from harness.agencies import documents
from harness.factories import World
from market.agencies.actions import entry
from market.extensions import db
from market.indexing import rebuild_index
from market.jobs import drain
from market.transaction import transaction
from models.events import Event
from search import Query
from search.embedded import Whoosh
from tests.search.writing import written
from tests.web import Visitor


def changed(index: Any, documents: dict[str, Any]) -> None:
    db.session.rollback()
    with transaction() if index.backend.in_database else nullcontext() as session:
        index.backend.update(session, documents)


def test_an_index_written_anew_is_read_anew(index: Any) -> None:
    made = documents(20)
    for count in (5, 20, 3):
        written(index, made[:count])
        assert index.search(db.session, Query()).total == count
    changed(index, {made[0]["key"]: None, made[19]["key"]: made[19]})
    assert index.search(db.session, Query()).total == 3
    assert made[0]["key"] not in index.search(db.session, Query()).keys
    written(index, [])
    assert index.search(db.session, Query(words="环境")).keys == []


def test_the_index_follows_events(index: Any, world: World) -> None:
    def grade_of(name: str) -> list[str]:
        return [
            g for g in "ABCDE" if world.identifiers[name] in index.search(db.session, Query(grade=g)).keys
        ]

    assert grade_of("agency") == []
    world.settled()
    assert grade_of("agency") == ["B"]
    entry.suspend(world.actor("regulator"), world.identifiers["agency"], reason="登记住所查无此机构")
    before = index.search(db.session, Query()).total
    drain()
    db.session.rollback()
    assert index.search(db.session, Query()).total == before - 1
    drain()
    assert index.search(db.session, Query()).total == before - 1


def lose(index: Any) -> None:
    """The index is gone, as after an accident."""
    if not index.backend.in_database:
        shutil.rmtree(index.backend.folder)
        return
    db.session.rollback()
    index.backend.forget()
    with transaction() as session:
        session.execute(text("DROP SCHEMA search CASCADE"))


def test_without_an_index_the_same_questions_go_to_sql(app: Flask, index: Any, world: World) -> None:
    asked = [
        Query(item="WAT-01"),
        Query(region="632800"),
        Query(grade="none"),
        Query(words="河湟"),
        Query(words="水土保持方案"),
        Query(),
    ]
    by_index = [set(index.search(db.session, query).keys) for query in asked]
    lose(index)
    hits = [index.search(db.session, query) for query in asked]
    assert {hit.backend for hit in hits} == {"sql"}
    assert [set(hit.keys) for hit in hits] == by_index
    assert "WAT-01" in index.search(db.session, Query(words="水保", kind="item")).keys
    assert Visitor(app).get("/agencies?q=水保").status == 200
    world.settled()
    assert not index.backend.exists(db.session), "an event makes no index; a command does"
    assert rebuild_index() > 45
    assert index.search(db.session, Query(item="WAT-01")).backend == index.backend.name


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_a_broken_index_degrades_too(app: Flask, index: Any) -> None:
    for path in index.backend.folder.glob("*.seg"):
        path.unlink()
    index.backend.forget()
    assert index.search(db.session, Query(item="WAT-01")).backend == "sql"
    assert Visitor(app).get("/agencies?q=水保").status == 200


def test_what_happens_while_the_index_is_made_anew_is_not_lost(
    index: Any, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The price changes once every document was read.

    The consumer puts it into the old index, and is done with it.
    """
    every = index._every

    def slowly(session: Any) -> Any:
        yield from every(session)
        Context().run(elsewhere)

    def elsewhere() -> None:
        with app.app_context():
            world.fees("third", 1_000_000)
            drain()
            assert index.search(db.session, Query(item="WAT-01", most=2_000_000)).keys == [
                world.identifiers["third"]
            ]

    app = current_app._get_current_object()
    monkeypatch.setattr(index, "_every", slowly)
    rebuild_index()
    monkeypatch.undo()
    assert index.search(db.session, Query(item="WAT-01", most=2_000_000)).keys == [world.identifiers["third"]]
    assert index.search(db.session, Query(item="WAT-01")).backend == index.backend.name


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_at_no_moment_is_there_no_index(app: Flask, index: Any) -> None:
    """Asked without a pause while it is made anew and swapped.

    By this process and, as another one would, from the files alone.
    """
    made, other, stop, seen = documents(60), Whoosh(index.backend.home), threading.Event(), set()

    def ask() -> None:
        while not stop.is_set():
            hits = other.search(None, Query(size=1))
            seen.add((other.exists(), hits.backend, hits.total))

    written(index, made)
    asking = threading.Thread(target=ask)
    asking.start()
    try:
        for _ in range(6):
            written(index, made)
    finally:
        stop.set()
        asking.join()
    assert seen == {(True, "whoosh", 60)}
    assert len([path for path in index.backend.home.iterdir() if path.is_dir()]) == 2, (
        "the last one, and the one before for who still reads it"
    )


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_an_index_kept_as_it_once_was_is_read_and_then_replaced(index: Any, tmp_path: Path) -> None:
    index.backend.write(None, documents(5))
    old = tmp_path / "old"
    shutil.copytree(index.backend.folder, old)
    backend = Whoosh(old)
    assert backend.search(None, Query()).total == 5
    for count in (7, 8):
        backend.write(None, documents(count))
        assert backend.search(None, Query()).total == count
    assert sorted(path.name for path in old.iterdir()) == ["current", "g1", "g2"]


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
@pytest.mark.parametrize(
    "asked",
    [
        Query(item="WAT-01", most=5_000_000),
        Query(item="WAT-01", order="price"),
        Query(words="环境", counts=True),
        Query(words="huan", typing=True),
    ],
)
def test_any_question_may_be_the_first_of_a_new_index(index: Any, asked: Query) -> None:
    """The reader's lock was taken twice where a price limit came before any other question.

    It, and everyone after it, hung for ever.
    """
    reader = Whoosh(index.backend.home)
    answered: list[int] = []
    asking = threading.Thread(target=lambda: answered.append(reader.search(None, asked).total), daemon=True)
    asking.start()
    asking.join(30)
    assert len(answered) == 1


def test_two_who_write_the_index_at_once_leave_the_newest_in_it(app: Flask, index: Any, world: World) -> None:
    """Whoever comes second reads what is there once it may write, and not what it saw before."""
    backend, order = index.backend, []
    happened = db.session.scalars(_of_agencies()).all()
    db.session.expunge_all()

    def follow() -> None:
        with app.app_context(), transaction() if backend.in_database else nullcontext(db.session) as session:
            session.scalars(_of_agencies()).all()
            started.set()
            index.follow(session, happened)
            order.append("followed")

    started = threading.Event()
    with transaction() if backend.in_database else nullcontext(db.session) as session, backend.alone(session):
        thread = threading.Thread(target=lambda: Context().run(follow))
        thread.start()
        assert started.wait(30)
        world.fees("third", 900_000)
        order.append("changed")
    thread.join()
    assert order == ["changed", "followed"]
    db.session.rollback()
    assert index.search(db.session, Query(item="WAT-01", most=1_000_000)).keys == [world.identifiers["third"]]


def _of_agencies() -> Any:
    return select(Event).where(Event.case_type == "organisation")
