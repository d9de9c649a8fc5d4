"""A fetch that was broken off keeps nobody waiting and leaves nothing; one refused says where and why."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from harness.factories import World
from market.credit.actions import broken, external
from market.extensions import db
from market.transaction import transaction
from models.clock import BEIJING
from models.credit.external import ExternalEntry, ExternalFetch
from models.errors import Conflict
from tests.credit.external_lists import STRANGER, bring, listings, row, table
from tests.web import sign_in


@pytest.fixture
def killed(world: World, monkeypatch: Any) -> ExternalFetch:
    """A fetch whose process was killed when all its rows were down: nothing tidied up."""
    bring(world, row(STRANGER, number="先有的"), row(STRANGER, number="还在的"))
    with monkeypatch.context() as patch:
        patch.setattr(broken, "give_up", lambda *_: None)
        patch.setattr(external, "_finish", lambda *_, **__: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            bring(
                world,
                row(STRANGER, number="还在的"),
                *(row(STRANGER, number=f"第{n}号") for n in range(1200)),
                whole=["abnormal"],
                sure=True,
            )
    db.session.rollback()
    return db.session.query(ExternalFetch).filter_by(state="taking").one()


def test_one_whose_process_was_killed_keeps_nobody_waiting(
    app: Flask, world: World, time: Any, killed: ExternalFetch
) -> None:
    taken = bring(world, row(world.organisation("agency").uscc))
    assert taken.state == "taken"
    db.session.refresh(killed)
    assert (killed.state, killed.busy) == ("failed", None)
    assert len(listings("listed")) == 1


def test_what_it_put_down_is_thrown_away_in_pieces_and_what_it_said_taken_back(
    app: Flask, world: World, time: Any, killed: ExternalFetch
) -> None:
    first = db.session.query(ExternalEntry).filter_by(number="先有的").one()
    assert (first.until_id, db.session.query(ExternalEntry).count()) == (killed.id, 1202)
    broken.give_up_broken()
    db.session.rollback()
    assert db.session.get_one(ExternalFetch, killed.id).state == "failed"
    left = db.session.query(ExternalEntry).order_by(ExternalEntry.id).all()
    assert [(each.number, each.until_id) for each in left] == [("先有的", None), ("还在的", None)]
    assert all(each.seen_id == each.fetch_id for each in left)
    assert broken.clear_failed() == 0


HOLD = (
    "import fcntl, sys, time; f = open(sys.argv[1], 'a'); fcntl.flock(f, fcntl.LOCK_EX);"
    " print('held', flush=True); time.sleep(60)"
)


def test_one_under_way_in_another_process_is_let_go_on_until_that_is_gone(
    app: Flask, world: World, time: Any, killed: ExternalFetch
) -> None:
    path = Path(app.config["FILES_FOLDER"]).parent / "locks" / "external-gsxt"
    with subprocess.Popen([sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE) as other:
        try:
            assert other.stdout is not None
            assert other.stdout.readline() == b"held\n"
            broken.give_up_broken()
            db.session.refresh(killed)
            assert killed.state == "taking"
            since = f"{killed.began_at.astimezone(BEIJING):%Y-%m-%d %H:%M}"
            until = f"{killed.began_at.astimezone(BEIJING) + timedelta(hours=1):%Y-%m-%d %H:%M}"
            with pytest.raises(Conflict) as refused:
                bring(world, row(STRANGER))
            assert (refused.value.params["since"], refused.value.params["until"]) == (since, until)
            regulator = sign_in(app, world, "regulator")
            assert f"最迟到 {until}" in regulator.get("/credit/fetches").text
            file = (BytesIO(table(row(STRANGER))), "名录.csv")
            told = regulator.submit("/credit/external/new", source="gsxt", file=file)
            assert told.status == 409
            assert f"从 {since} 开始,最迟到 {until} 结束" in told.text
        finally:
            other.kill()
    broken.give_up_broken()
    db.session.refresh(killed)
    assert killed.state == "failed"


def test_what_cannot_be_read_is_a_list_of_places_once_and_a_line_among_the_fetches(
    app: Flask, world: World, time: Any
) -> None:
    regulator = sign_in(app, world, "regulator")
    file = (BytesIO(table(row("12345"), row(STRANGER, reason=""))), "坏的名录.csv")
    page = regulator.submit("/credit/external/new", source="gsxt", file=file)
    assert page.status == 422
    places = [each.get_text() for each in page.soup.select("main .card li")]
    assert [each for each in places if each.startswith("第 2 行“统一社会信用代码”") and "12345" in each]
    assert "第 3 行“列入事由”:没有填写" in places
    assert page.text.count("第 3 行“列入事由”") == 1
    assert "2 处问题" in page.error_at("file")
    fetches = regulator.get("/credit/fetches")
    assert "坏的名录.csv" in fetches.text
    assert "第 3 行“列入事由”:没有填写" in fetches.text
    assert "第 3 行" in regulator.get("/credit/fetches.csv").text
    with transaction() as session:
        assert session.query(ExternalEntry).count() == 0
    file = (BytesIO("名称\n某单位".encode()), "缺列.csv")
    assert regulator.submit("/credit/external/new", source="gsxt", file=file).status == 422
    assert "缺列.csv" in regulator.get("/credit/fetches?outcome=failed").text
