"""What is uploaded is counted, kept for its owner alone, and thrown away where no row names it."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from market import quotas, sweeping
from market.agencies import actions as agencies
from market.config import ROOT, close_to_others
from market.extensions import db
from market.files import put
from market.payments import actions as payments
from market.transaction import transaction
from models import Base, clock, disk, uploads
from models.actors import SYSTEM
from models.documents import Document, FolderStore
from models.payments import WaitingStatement
from models.sourcing import Bid
from models.submissions import Submission
from models.text import Problem
from models.uploads import MEGABYTE, OverQuota, Quota, UploadTally
from tests.factories import PDF, World
from tests.faults.keeping import SEALED
from tests.web import sign_in

DAY = timedelta(days=1)


def another(number: int) -> bytes:
    """A PDF no other one is."""
    return PDF.replace(b"%PDF", b"%% %d\n%%PDF" % number, 1) if number else PDF


def hand_in(world: World, who: str = "agency", content: bytes = PDF, number: str = "SB-1") -> str:
    return agencies.add_qualification(
        world.actor(who),
        kind="水土保持方案编制单位水平评价证书",
        level="1 星",
        number=number,
        issuer="中国水土保持学会",
        valid_from=clock.today() - DAY,
        valid_until=clock.today() + 400 * DAY,
        file_name="证书.pdf",
        content=content,
    )


def tallies() -> dict[str, tuple[int, int]]:
    db.session.rollback()
    return {
        row.whose.split()[0]: (row.files, row.size)
        for row in db.session.scalars(select(UploadTally).where(UploadTally.day == clock.today()))
    }


def test_an_upload_counts_for_the_person_and_the_organisation(app: Flask, world: World, time: Any) -> None:
    time.instant += DAY
    hand_in(world)
    assert tallies() == {"person": (1, len(PDF)), "organisation": (1, len(PDF))}
    hand_in(world, content=another(1), number="SB-2")
    assert tallies()["person"] == (2, len(PDF) + len(another(1)))


@pytest.mark.parametrize(
    ("setting", "most"),
    [
        ("UPLOADS_PERSON_FILES", 1),
        ("UPLOADS_ORGANISATION_FILES", 1),
        ("UPLOADS_PERSON_MB", 0),
        ("UPLOADS_ORGANISATION_MB", 0),
    ],
)
def test_what_is_over_the_quota_is_said_at_the_field_and_nothing_is_kept(
    app: Flask, world: World, time: Any, setting: str, most: int
) -> None:
    time.instant += DAY
    app.config[setting] = most
    agency = sign_in(app, world, "agency")
    fields = {
        "level": "1 星",
        "number": "SB-1",
        "issuer": "学会",
        "valid_from": "2026-01-01",
        "valid_until": "2027-12-31",
    }
    if most:
        assert agency.submit("/my/qualifications/new", **fields, file=PDF).status == 303
    count = db.session.scalar(select(func.count(Document.id)))
    answer = agency.submit("/my/qualifications/new", **{**fields, "number": "SB-2"}, file=another(7))
    assert answer.status == 413
    assert "今天上传的文件已到上限" in answer.error_at("file")
    assert answer.value_of("number") == "SB-2", "nothing that was typed is lost"
    db.session.rollback()
    assert db.session.scalar(select(func.count(Document.id))) == count
    time.instant += DAY
    app.config[setting] = 5
    assert (
        agency.submit("/my/qualifications/new", **{**fields, "number": "SB-3"}, file=another(7)).status == 303
    ), "tomorrow is another day"


def test_every_way_in_counts(app: Flask, world: World, time: Any) -> None:
    """A sealed file, a statement, a register's export; what the platform makes itself does not."""
    time.instant += DAY
    app.config["UPLOADS_PERSON_FILES"] = 0
    request = world.request(**SEALED)
    statement = "交易日期,收入金额,支出金额\n2026-03-02,1.00,\n".encode()
    from market.agencies import imports, registry
    from market.sourcing import actions as sourcing

    ways = (
        lambda: sourcing.submit_bid(
            world.actor("agency"), request, price=300, days=9, file_name="x.pdf", content=PDF
        ),
        lambda: payments.import_statement(world.actor("custodian"), file_name="s.csv", content=statement),
        lambda: payments.import_statement(
            world.actor("custodian"), file_name="s.csv", content=b"a,b\n1,2\n3,4\n"
        ),
        lambda: registry.compare_with_register(
            world.actor("regulator"),
            file_name="r.csv",
            content="统一社会信用代码,名称,登记状态\nx,y,存续\n".encode(),
        ),
        lambda: imports.upload_table(
            world.actor("regulator"),
            kind="agencies",
            file_name="a.csv",
            content="统一社会信用代码,机构名称,地区\nx,y,z\n".encode(),
        ),
        lambda: hand_in(world),
    )
    for way in ways:
        with pytest.raises(OverQuota) as refused:
            way()
        assert (refused.value.status, refused.value.field) == (413, "file")
    quotas.count(SYSTEM, PDF)


def test_two_at_once_do_not_both_take_the_last_place(app: Flask, world: World, time: Any) -> None:
    """Each counts in a transaction of its own, and the row decides."""
    actor, took, lock = world.actor("agency"), list[bool](), threading.Lock()
    app.config["UPLOADS_PERSON_FILES"] = 3
    time.instant += DAY

    def one() -> None:
        with app.app_context():
            try:
                quotas.count(actor, PDF)
                done = True
            except OverQuota:
                done = False
            finally:
                db.session.close()
        with lock:
            took.append(done)

    threads = [threading.Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (sum(took), len(took)) == (3, 8)
    assert tallies()["person"][0] == 3


def test_a_megabyte_is_counted_to_the_byte(app: Flask, time: Any) -> None:
    owners = {uploads.PERSON: (1, Quota(10, 1))}
    with transaction() as session:
        uploads.count(session, MEGABYTE, owners)
    with pytest.raises(OverQuota), transaction() as session:
        uploads.count(session, 1, owners)
    assert tallies() == {"person": (1, MEGABYTE)}


def stored(app: Flask) -> set[str]:
    return {path.name for path in Path(app.config["FILES_FOLDER"]).glob("??/*")}


def test_what_no_row_names_is_swept_after_a_day_and_nothing_else(app: Flask, world: World, time: Any) -> None:
    hand_in(world)
    orphan = put(b"nobody's")
    named = stored(app) - {orphan}
    time.instant += DAY - timedelta(seconds=1)
    assert sweeping.sweep_files() == 0
    time.instant += timedelta(seconds=2)
    assert sweeping.sweep_files() == 1
    assert stored(app) == named
    time.instant += 400 * DAY
    assert sweeping.sweep_files() == 0
    assert stored(app) == named
    assert named


def test_every_kind_of_row_that_names_a_file_keeps_it(app: Flask, world: World, time: Any) -> None:
    from market.agencies import registry
    from market.sourcing import actions as sourcing

    request = world.request(**SEALED)
    sourcing.submit_bid(world.actor("agency"), request, price=300, days=9, file_name="x.pdf", content=PDF)
    payments.import_statement(
        world.actor("custodian"),
        file_name="s.csv",
        content="交易日期,收入金额,支出金额\n2026-03-02,1.00,\n".encode(),
    )
    with pytest.raises(Problem):
        payments.import_statement(world.actor("custodian"), file_name="s.csv", content=b"a,b\n1,2\n3,4\n")
    registry.compare_with_register(
        world.actor("regulator"),
        file_name="r.csv",
        content="统一社会信用代码,名称,登记状态\nx,y,存续\n".encode(),
    )
    hand_in(world)
    world.bids(request, second=400, third=500)
    before = stored(app)
    time.instant += 2 * DAY
    assert sweeping.sweep_files() == 0
    assert stored(app) == before
    world.bids(request, agency=299)  # replaced, without the file
    assert sweeping.sweep_files() == 1, "the sealed file of the bid that was replaced"


def test_a_sealed_file_is_there_when_its_bid_is_opened(app: Flask, world: World, time: Any) -> None:
    from market.sourcing import actions as sourcing

    request = world.request(**SEALED)
    mine = sourcing.submit_bid(
        world.actor("agency"), request, price=300, days=9, file_name="方案.pdf", content=PDF
    )
    world.bids(request, second=400, third=500)
    time.instant += 2 * DAY
    sweeping.sweep_files()
    time.closing(request)
    db.session.rollback()
    (document,) = db.session.scalars(select(Document).where(Document.case_identifier == mine))
    assert app.extensions["files"].get(document.sha256) == PDF
    sweeping.sweep_files()
    assert app.extensions["files"].get(document.sha256) == PDF


def test_nothing_is_swept_while_a_bid_from_before_may_name_a_file_nobody_knows(
    app: Flask, world: World, time: Any
) -> None:
    request = world.request(**SEALED)
    world.bids(request, agency=300, second=400, third=500)
    orphan = put(b"of a bid from before")
    with transaction() as session:
        session.execute(update(Bid).values(sealed_file=None))
    time.instant += 2 * DAY
    assert sweeping.sweep_files() == 0
    assert orphan in stored(app)
    time.closing(request)
    assert sweeping.sweep_files() == 1


def test_whatever_names_bytes_is_known_to_the_sweep() -> None:
    """A column that holds a hash of bytes in the store and is not asked about would lose them."""
    named = {(column.class_.__tablename__, column.key) for column in sweeping.NAMING}
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
            sweeping.sweep_files()
    assert len(orphans & stored(app)) == 7
    assert sweeping.sweep_files() == 7
    assert sweeping.sweep_files() == 0


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
        select(func.count(Submission.id)).where(Submission.at >= time.instant - sweeping.SENT)
    )
    db.session.rollback()
    assert sweeping.clear_submissions() == 29
    assert db.session.scalar(select(func.count(Submission.id))) == kept
    db.session.rollback()
    assert sweeping.clear_submissions() == 0
    with transaction() as session:
        uploads.count(session, 1, {uploads.PERSON: (1, Quota(9, 9))})
        session.add(
            WaitingStatement(
                sha256="0" * 64, source="回单.csv", brought_by_id=world.actor("custodian").user_id
            )
        )
    time.instant += 31 * DAY
    assert sweeping.clear_tallies() >= 1
    assert tallies() == {}
    assert sweeping.clear_waiting() == 0
    time.instant += 60 * DAY
    assert sweeping.clear_waiting() == 1


def opened(folder: Path) -> list[str]:
    """What others than the owner may do anything with."""
    return [
        str(path)
        for path in (folder, *folder.rglob("*"))
        if not path.is_symlink() and stat.S_IMODE(path.stat().st_mode) & 0o077
    ]


def test_whatever_the_market_writes_is_its_own_alone(tmp_path: Path) -> None:
    """The real commands, under the mask most machines have; and what lay open from before."""
    home = tmp_path / "market"
    home.mkdir(mode=0o755)
    environment = {
        "PATH": os.environ["PATH"],
        "GONGXIN_HOME": str(home),
        "TRIAL": "1",
        "PYTHONPATH": os.pathsep.join(sys.path),
        "PROCESSES": "1",
    }

    def run(*command: str) -> None:
        subprocess.run(
            [sys.executable, "-m", "flask", "--app", "wsgi", *command],
            cwd=ROOT,
            env=environment,
            check=True,
            capture_output=True,
            umask=0o022,
        )

    run("prepare")
    assert {"market.sqlite3", "jobs.sqlite3", "secret-key", "index"} <= {path.name for path in home.iterdir()}
    assert opened(home) == []
    beside = home / "somebody else's"
    beside.write_text("not ours")
    for path in (beside, home / "market.sqlite3", home / "secret-key", home / "index"):
        path.chmod(0o755)
    run("prepare")
    assert opened(home) == [str(beside)]


def test_what_lay_open_is_closed_and_links_are_not_followed(tmp_path: Path, app: Flask) -> None:
    outside = tmp_path / "elsewhere"
    outside.mkdir()
    (outside / "file").touch()
    (outside / "file").chmod(0o644)  # whatever another test left as the mask of new files
    files = Path(app.config["FILES_FOLDER"])
    app.extensions["files"].put(b"x")
    (files / "link").symlink_to(outside)
    for path in files.rglob("*"):
        if not path.is_symlink():
            path.chmod(0o755)
    assert close_to_others(app.config) >= 2
    assert opened(files) == []
    assert stat.S_IMODE((outside / "file").stat().st_mode) == 0o644
    assert close_to_others(app.config) == 0
