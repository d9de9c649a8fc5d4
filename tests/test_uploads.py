"""What is uploaded is counted, and kept for its owner alone."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from harness.factories import PDF, World
from market import quotas
from market.config import ROOT, close_to_others
from market.extensions import db
from market.payments.actions import importing
from market.sourcing.actions import bids
from market.transaction import transaction
from models import uploads
from models.actors import SYSTEM
from models.documents import Document
from models.uploads import MEGABYTE, OverQuota, Quota
from tests.faults.keeping import SEALED
from tests.uploading import DAY, hand_in, tallies
from tests.web import sign_in


def another(number: int) -> bytes:
    """A PDF no other one is."""
    return PDF.replace(b"%PDF", b"%% %d\n%%PDF" % number, 1) if number else PDF


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
    tender = world.tender(**SEALED)
    statement = "交易日期,收入金额,支出金额\n2026-03-02,1.00,\n".encode()
    from market.agencies import imports
    from market.agencies.actions import registry

    ways = (
        lambda: bids.submit(world.actor("agency"), tender, price=300, days=9, file_name="x.pdf", content=PDF),
        lambda: importing.import_statement(world.actor("custodian"), file_name="s.csv", content=statement),
        lambda: importing.import_statement(
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
    quotas.count(SYSTEM, len(PDF))


def test_two_at_once_do_not_both_take_the_last_place(app: Flask, world: World, time: Any) -> None:
    """Each counts in a transaction of its own, and the row decides."""
    actor, took, lock = world.actor("agency"), list[bool](), threading.Lock()
    app.config["UPLOADS_PERSON_FILES"] = 3
    time.instant += DAY

    def one() -> None:
        with app.app_context():
            try:
                quotas.count(actor, len(PDF))
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
