"""Files no row names, and keys that are too old, are thrown away; nothing else is."""

from __future__ import annotations

import os
import threading
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from harness.factories import PDF, World
from market import purging
from market.extensions import db
from market.files import put
from market.payments.actions import importing
from market.sourcing.actions import bids
from market.transaction import transaction
from models import Base, clock, disk, uploads
from models.documents import Document, FolderStore
from models.errors import Problem
from models.payments.layouts import UnreadBankStatement
from models.sourcing.bids import Bid
from models.submissions import Submission
from models.uploads import Quota
from tests.faults.keeping import SEALED
from tests.uploading import DAY, hand_in, tallies


def stored(app: Flask) -> set[str]:
    return {path.name for path in Path(app.config["FILES_FOLDER"]).glob("??/*")}


def test_what_no_row_names_is_swept_after_a_day_and_nothing_else(app: Flask, world: World, time: Any) -> None:
    hand_in(world)
    orphan = put(b"nobody's")
    named = stored(app) - {orphan}
    time.instant += DAY - timedelta(seconds=1)
    assert purging.sweep_files() == 0
    time.instant += timedelta(seconds=2)
    assert purging.sweep_files() == 1
    assert stored(app) == named
    time.instant += 400 * DAY
    assert purging.sweep_files() == 0
    assert stored(app) == named
    assert named


def test_every_kind_of_row_that_names_a_file_keeps_it(app: Flask, world: World, time: Any) -> None:
    from market.agencies.actions import registry

    tender = world.tender(**SEALED)
    bids.submit(world.actor("agency"), tender, price=300, days=9, file_name="x.pdf", content=PDF)
    importing.import_statement(
        world.actor("custodian"),
        file_name="s.csv",
        content="交易日期,收入金额,支出金额\n2026-03-02,1.00,\n".encode(),
    )
    with pytest.raises(Problem):
        importing.import_statement(world.actor("custodian"), file_name="s.csv", content=b"a,b\n1,2\n3,4\n")
    registry.compare_with_register(
        world.actor("regulator"),
        file_name="r.csv",
        content="统一社会信用代码,名称,登记状态\nx,y,存续\n".encode(),
    )
    hand_in(world)
    world.bids(tender, second=400, third=500)
    before = stored(app)
    time.instant += 2 * DAY
    assert purging.sweep_files() == 0
    assert stored(app) == before
    world.bids(tender, agency=299)  # replaced, without the file
    assert purging.sweep_files() == 1, "the sealed file of the bid that was replaced"


def test_a_sealed_file_is_there_when_its_bid_is_opened(app: Flask, world: World, time: Any) -> None:

    tender = world.tender(**SEALED)
    mine = bids.submit(world.actor("agency"), tender, price=300, days=9, file_name="方案.pdf", content=PDF)
    world.bids(tender, second=400, third=500)
    time.instant += 2 * DAY
    purging.sweep_files()
    time.closing(tender)
    db.session.rollback()
    (document,) = db.session.scalars(select(Document).where(Document.case_identifier == mine))
    assert app.extensions["files"].get(document.sha256) == PDF
    purging.sweep_files()
    assert app.extensions["files"].get(document.sha256) == PDF


def test_nothing_is_swept_while_a_bid_from_before_may_name_a_file_nobody_knows(
    app: Flask, world: World, time: Any
) -> None:
    tender = world.tender(**SEALED)
    world.bids(tender, agency=300, second=400, third=500)
    orphan = put(b"of a bid from before")
    with transaction() as session:
        session.execute(update(Bid).values(sealed_file=None))
    time.instant += 2 * DAY
    assert purging.sweep_files() == 0
    assert orphan in stored(app)
    time.closing(tender)
    assert purging.sweep_files() == 1


def test_whatever_names_bytes_is_known_to_the_sweep() -> None:
    """A column that holds a hash of bytes in the store and is not asked about would lose them."""
    named = {(column.class_.__tablename__, column.key) for column in purging.NAMING}
    found = {
        (table.name, column.name)
        for table in Base.metadata.tables.values()
        for column in table.columns
        if "sha256" in column.name or column.name == "sealed_file"
    }
    assert named == found


def test_what_is_put_again_at_the_moment_it_is_swept_stays(tmp_path: Path, time: Any) -> None:
    """Bytes are kept by their hash: somebody may hand in the very file nobody named for a day."""
    store = FolderStore(tmp_path)
    sha256 = store.put(b"again")
    time.instant += 2 * DAY

    def asked(names: list[str]) -> set[str]:
        assert names == [sha256]
        store.put(b"again")  # after nobody named it, before it goes
        return set()

    assert store.sweep(store.folders()[0], time.instant - DAY, asked) == 0
    assert store.get(sha256) == b"again"


def test_who_puts_waits_for_who_sweeps_and_writes_anew(
    tmp_path: Path, time: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The other order: the file goes while it is being put. Either way it is there when `put` returns."""
    store = FolderStore(tmp_path)
    sha256 = store.put(b"again")
    folder = store.folders()[0]
    with disk.held(folder, alone=True):
        putting = threading.Thread(target=store.put, args=(b"again",))
        putting.start()
        putting.join(0.2)
        assert putting.is_alive(), "it waits"
        (folder / sha256).unlink()
    putting.join()
    assert store.get(sha256) == b"again"


def test_many_put_what_is_being_swept_and_lose_nothing(tmp_path: Path) -> None:
    store, stop = FolderStore(tmp_path), threading.Event()
    future = datetime.now(clock.UTC) + timedelta(days=365)

    def sweep() -> None:
        while not stop.is_set():
            for folder in store.folders():
                store.sweep(folder, past(folder), lambda names: set())

    def past(folder: Path) -> datetime:
        """Everything but what was put within this very moment counts as old."""
        return min(future, datetime.now(clock.UTC) - timedelta(seconds=1))

    sweeper = threading.Thread(target=sweep)
    sweeper.start()
    try:
        for number in range(200):
            content = b"%d" % (number % 5)
            sha256 = store.put(content)
            os.utime(tmp_path / sha256[:2] / sha256, (0, 0))  # it grew old
            sha256 = store.put(content)
            assert store.get(sha256) == content
    finally:
        stop.set()
        sweeper.join()


def test_killed_in_the_middle_it_does_the_rest_the_next_time(
    app: Flask, world: World, time: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    orphans = {put(b"%d" % number) for number in range(12)}
    time.instant += 2 * DAY
    real, left = Path.unlink, [5]

    def unlink(path: Path, missing_ok: bool = False) -> None:
        if path.name in orphans:
            if not left[0]:
                raise KeyboardInterrupt
            left[0] -= 1
        real(path, missing_ok=missing_ok)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "unlink", unlink)
        with pytest.raises(KeyboardInterrupt):
            purging.sweep_files()
    assert len(orphans & stored(app)) == 7
    assert purging.sweep_files() == 7
    assert purging.sweep_files() == 0


def test_what_a_killed_write_left_is_swept_too(tmp_path: Path, time: Any) -> None:
    store = FolderStore(tmp_path)
    folder = tmp_path / store.put(b"x")[:2]
    for name in (".new-abc", "README"):
        (folder / name).write_bytes(b"half")
        os.utime(folder / name, (0, 0))
    assert store.sweep(folder, time.instant - DAY, set) == 1
    assert {path.name[:7] for path in folder.iterdir()} == {"README", store.put(b"x")[:7]}


def test_one_time_keys_are_forgotten_after_a_month(app: Flask, world: World, time: Any) -> None:
    with transaction() as session:
        session.add_all(
            [
                Submission(
                    key=f"k{n}", action="x", fingerprint="f", result="r", at=time.instant - timedelta(days=n)
                )
                for n in range(60)
            ]
        )
    kept = db.session.scalar(
        select(func.count(Submission.id)).where(Submission.at >= time.instant - purging.SENT)
    )
    db.session.rollback()
    assert purging.clear_submissions() == 29
    assert db.session.scalar(select(func.count(Submission.id))) == kept
    db.session.rollback()
    assert purging.clear_submissions() == 0
    with transaction() as session:
        uploads.count(session, 1, {uploads.PERSON: (1, Quota(9, 9))})
        session.add(
            UnreadBankStatement(
                sha256="0" * 64, source="回单.csv", brought_by_id=world.actor("custodian").user_id
            )
        )
    time.instant += 31 * DAY
    assert purging.clear_tallies() >= 1
    assert tallies() == {}
    assert purging.clear_waiting() == 0
    time.instant += 60 * DAY
    assert purging.clear_waiting() == 1
