"""A large file comes in pieces, whatever becomes of the connection, and is its sender's until handed in."""

from __future__ import annotations

import hashlib
import io
import os
import re
import signal
import zipfile
from copy import copy
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import func, select
from sqlalchemy.orm import make_transient

from harness.factories import PDF, World
from harness.person import current_values
from market import purging, uploading
from market.extensions import db
from models.contracts.deliverables import Deliverable
from models.documents import Document, of_case
from models.errors import Conflict, Problem
from models.uploads import MEGABYTE, Pieces, Upload
from tests.faults.children import in_a_child
from tests.test_files import packed
from tests.uploading import DAY, Sender, tallies
from tests.web import sign_in

DRAWINGS = packed(method=zipfile.ZIP_STORED, plan="<plan/>" * 1_000, section="<s/>" * 1_000)
QUALIFIED = {
    "level": "1 星",
    "number": "SB-1",
    "issuer": "学会",
    "valid_from": "2026-01-01",
    "valid_until": "2027-12-31",
}


@pytest.fixture
def sender(app: Flask, world: World) -> Sender:
    return Sender(sign_in(app, world, "agency"))


def arriving(app: Flask) -> list[str]:
    return [path.name for path in (Path(app.config["FILES_FOLDER"]) / "arriving").glob("*")]


def test_it_goes_on_where_the_connection_broke_and_a_piece_sent_twice_is_one(sender: Sender) -> None:
    _, begun = sender.begin(DRAWINGS)
    name = begun["identifier"]
    assert begun["received"] == 0
    assert sender.piece(name, 0, DRAWINGS[:5_000]) == (200, {"received": 5_000})
    assert sender.piece(name, 0, DRAWINGS[:5_000]) == (200, {"received": 5_000}), "its answer was lost"
    assert sender.piece(name, 3_000, DRAWINGS[3_000:6_000]) == (200, {"received": 6_000}), "they overlap"
    again = sender.begin(DRAWINGS)[1]
    assert (again["identifier"], again["received"]) == (name, 6_000), "the page was opened anew"
    assert sender.how_far(name)[1]["received"] == 6_000
    assert sender.piece(name, 6_000, DRAWINGS[6_000:]) == (200, {"received": len(DRAWINGS)})
    status, told = sender.finish(name)
    assert status == 200
    assert "ZIP 压缩包" in told["html"]
    assert sender.finish(name) == (status, told)
    assert sender.piece(name, 0, DRAWINGS[:9]) == (200, {"received": len(DRAWINGS)})
    db.session.rollback()
    assert db.session.scalars(select(Upload.sha256)).one() == hashlib.sha256(DRAWINGS).hexdigest()


@pytest.mark.parametrize(
    ("start", "piece", "status", "said"),
    [
        (1, b"x", 409, "来得太早"),
        (0, b"x" * 100_000, 422, "比文件本身长"),
        (-1, b"x", 422, "大小或位置"),
        (0, b"", 422, "大小或位置"),
        (0, b"x" * (8 * MEGABYTE + 1), 422, "大小或位置"),
    ],
)
def test_a_piece_that_does_not_fit_is_refused_and_nothing_is_written(
    sender: Sender, start: int, piece: bytes, status: int, said: str
) -> None:
    name = sender.begin(DRAWINGS)[1]["identifier"]
    answer = sender.piece(name, start, piece)
    assert answer[0] == status
    assert said in answer[1]["problem"]
    assert sender.how_far(name)[1]["received"] == 0


def test_what_differs_from_what_is_here_or_from_what_was_said_is_refused(app: Flask, sender: Sender) -> None:
    name = sender.begin(DRAWINGS)[1]["identifier"]
    sender.piece(name, 0, DRAWINGS[:100])
    assert sender.piece(name, 50, b"x" * 100)[0] == 422
    assert sender.finish(name)[0] == 409, "it is not whole"
    sender.piece(name, 100, bytes(len(DRAWINGS) - 100))
    status, told = sender.finish(name)
    assert status == 422
    assert "不一致" in told["problem"]
    assert sender.how_far(name)[1]["received"] == 0, "and begins anew"
    assert arriving(app) == []


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"MZ" + b"\0" * 3_000, "DWG"), (b"<svg/>" * 100, "DWG"), (packed(a="x")[:-9], "DWG")],
)
def test_what_is_of_no_kind_we_take_is_refused_once_it_is_here(
    app: Flask, sender: Sender, content: bytes, said: str
) -> None:
    name = sender.begin(content, "图.zip")[1]["identifier"]
    sender.piece(name, 0, content)
    status, told = sender.finish(name)
    assert status == 422
    assert said in told["problem"]
    assert arriving(app) == []


def test_how_much_may_come_is_said_before_it_comes(app: Flask, world: World, time: Any) -> None:
    time.instant += DAY
    sender = Sender(sign_in(app, world, "agency"))
    assert sender.begin(b"x", size=200 * MEGABYTE)[0] == 201
    status, told = sender.begin(b"x", size=200 * MEGABYTE + 1)
    assert (status, "200 MB" in told["problem"]) == (422, True)
    for size in ("0", "-1", "x", ""):
        assert sender.begin(b"x", size=size)[0] == 422
    assert tallies()["person"] == (1, 200 * MEGABYTE), "what is to come counts at once"
    app.config["UPLOADS_PERSON_FILES"] = 1
    assert sender.begin(b"y")[0] == 413
    assert sender.begin(b"x", size=200 * MEGABYTE)[0] == 201, "the one that was begun goes on"


def test_anybody_elses_file_is_not_there(app: Flask, world: World, sender: Sender) -> None:
    name = sender.begin(DRAWINGS)[1]["identifier"]
    other = Sender(sign_in(app, world, "second"))
    assert other.piece(name, 0, DRAWINGS)[0] == 404
    assert other.how_far(name)[0] == 404
    assert other.finish(name)[0] == 404
    assert other.begin(DRAWINGS)[1]["identifier"] != name
    done = sender.send(DRAWINGS)
    answer = other.visitor.submit("/my/qualifications/new", **QUALIFIED, file=done)
    assert (answer.status, "已经过期" in answer.error_at("file")) == (422, True)
    sender.headers = {}
    assert sender.piece(name, 0, DRAWINGS)[0] == 400, "without the session's own token"
    stranger = sign_in(app, world, "visitor")
    assert stranger.get(f"/uploads/{name}").status == 401


def test_the_form_names_it_and_it_is_not_counted_again(app: Flask, world: World, time: Any) -> None:
    time.instant += DAY
    sender = Sender(sign_in(app, world, "agency"))
    done = sender.send(PDF, "证书.pdf")
    answer = sender.visitor.submit("/my/qualifications/new", **{**QUALIFIED, "number": ""}, file=done)
    assert answer.status == 422
    assert answer.value_of("file") == done, "another field was wrong: the file is still there"
    assert "文件要重新选择" not in answer.text
    assert sender.visitor.submit("/my/qualifications/new", **QUALIFIED, file=done).status == 303
    assert tallies()["person"] == (1, len(PDF))


def test_without_script_a_file_need_not_be_chosen_again_either(app: Flask, world: World, time: Any) -> None:
    time.instant += DAY
    agency = sign_in(app, world, "agency")
    answer = agency.submit("/my/qualifications/new", **{**QUALIFIED, "number": ""}, file=PDF)
    assert answer.status == 422
    kept = answer.value_of("file")
    assert kept
    assert agency.submit("/my/qualifications/new", **QUALIFIED, file=kept).status == 303
    assert tallies()["person"] == (1, len(PDF))
    bad = agency.submit("/my/qualifications/new", **{**QUALIFIED, "number": ""}, file=b"MZ")
    assert not bad.value_of("file")
    assert "DWG" in bad.error_at("file")


def test_several_are_handed_in_at_one_step_the_report_first(app: Flask, world: World) -> None:
    contract = world.started()
    name = world.one(Deliverable, contract).identifier
    sender = Sender(sign_in(app, world, "agency"))
    drawings = sender.send(DRAWINGS, "图纸.zip")
    page = f"/deliverables/{name}/submit"
    form = sender.visitor.get(page).soup.select_one("main form[method=post]")
    assert form is not None
    sent = current_values(form)
    sent["ticked"] = [str(box["value"]) for box in form.select("input[name=ticked]")]

    def files(*more: bytes) -> list[Any]:
        return [drawings, *((io.BytesIO(each), "报告.pdf") for each in more)]

    refused = sender.visitor.post(page, {**sent, "ticked": [], "file": files(PDF)})
    assert refused.status == 422
    kept = [str(box["value"]) for box in refused.soup.select("#file-files input[checked]")]
    assert len(kept) == 2, "both are there still"
    torn = sender.visitor.post(page, {**sent, "file": files(b"MZ")})
    assert "报告.pdf" in torn.error_at("file"), "which of them is not taken"
    assert sender.visitor.post(page, {**sent, "file": kept}).status == 303
    (version,) = world.one(Deliverable, contract).versions
    assert [each.name for each in version.files] == ["图纸.zip", "报告.pdf"]
    assert len(of_case(db.session, "deliverable", name)) == 2
    buyer = sign_in(app, world, "buyer")
    shown = buyer.get(f"/deliverables/{name}").text
    assert "图纸.zip" in shown
    assert "ZIP 压缩包" in shown
    answer = buyer.get(f"/documents/{version.files[0].identifier}").response
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.content_length == len(DRAWINGS)


def test_what_nobody_handed_in_is_forgotten(app: Flask, world: World, time: Any) -> None:
    sender = Sender(sign_in(app, world, "agency"))
    own = PDF + b"%%another one than anybody else has handed in"
    done, begun = sender.send(own, "证书.pdf"), sender.begin(DRAWINGS)[1]["identifier"]
    sender.piece(begun, 0, DRAWINGS[:100])
    time.instant += DAY + timedelta(minutes=1)
    purging.clear_uploads()
    assert purging.sweep_files() == 0, "nobody takes what is swept at that moment"
    sender = Sender(sign_in(app, world, "agency"))
    assert sender.piece(begun, 100, DRAWINGS[100:])[0] == 404
    answer = sender.visitor.submit("/my/qualifications/new", **QUALIFIED, file=done)
    assert (answer.status, "已经过期" in answer.error_at("file")) == (422, True)
    time.instant += DAY
    assert purging.clear_uploads() == 2
    assert arriving(app) == []
    assert purging.sweep_files() == 1
    assert db.session.scalar(select(func.count(Upload.id))) == 0


def test_what_was_handed_in_stays_when_the_upload_is_forgotten(app: Flask, world: World, time: Any) -> None:
    sender = Sender(sign_in(app, world, "agency"))
    done = sender.send(PDF, "证书.pdf")
    assert sender.visitor.submit("/my/qualifications/new", **QUALIFIED, file=done).status == 303
    time.instant += 3 * DAY
    purging.clear_uploads()
    purging.sweep_files()
    document = db.session.scalars(select(Document).order_by(Document.id.desc())).first()
    assert document is not None
    assert app.extensions["files"].get(document.sha256) == PDF


def test_two_at_one_file_do_not_mix(tmp_path: Path) -> None:
    pieces = Pieces(tmp_path)
    with pieces.held("a" * 24, begin=True), pytest.raises(Conflict):
        pieces.add("a" * 24, 0, io.BytesIO(b"x"), 1)
    for wrong in ("../x", "a/b", "", "a" * 80):
        with pytest.raises(ValueError, match=f"^{re.escape(wrong)}$"):
            pieces.length(wrong)


class Struck(io.BytesIO):
    """A piece whose reader is killed after its first bytes."""

    def read(self, size: int | None = -1) -> bytes:
        if self.tell():
            os.kill(os.getpid(), signal.SIGKILL)
        return super().read(10)


def test_killed_in_the_middle_of_a_piece_it_goes_on_from_what_is_here(app: Flask, tmp_path: Path) -> None:
    pieces, name, content = Pieces(tmp_path), "k" * 24, bytes(range(100))
    pieces.add(name, 0, io.BytesIO(content[:20]), len(content))
    ended, printed = in_a_child(lambda: pieces.add(name, 20, Struck(content[20:]), len(content)))
    assert ended == -signal.SIGKILL, printed
    here = pieces.length(name)
    assert here in (20, 30)
    assert pieces.add(name, here, io.BytesIO(content[here:]), len(content)) == len(content)
    assert pieces.path(name).read_bytes() == content


def test_stopped_before_it_is_written_down_that_it_is_whole_it_is_sent_once_more(
    app: Flask, sender: Sender, monkeypatch: Any
) -> None:
    name = sender.begin(DRAWINGS)[1]["identifier"]
    sender.piece(name, 0, DRAWINGS)
    with monkeypatch.context() as patched:
        patched.setattr(uploading, "_mark", lambda *_: (_ for _ in ()).throw(Conflict("stopped here")))
        assert sender.finish(name)[0] == 409
    assert sender.how_far(name)[1]["received"] == 0
    assert sender.send(DRAWINGS) == name
    assert arriving(app) == []


def test_whoever_was_signed_out_is_told_so_and_goes_on_once_he_is_in_again(
    app: Flask, world: World, time: Any
) -> None:
    """The page it is sent from keeps its token, which was of the session before."""
    visitor = sign_in(app, world, "agency")
    sender = Sender(visitor)
    sender.headers["Origin"] = "http://localhost"
    name = sender.begin(DRAWINGS)[1]["identifier"]
    assert sender.piece(name, 0, DRAWINGS[:50])[0] == 200
    token = visitor.get("/my").soup.select_one("form[action='/sign-out'] [name=csrf_token]")
    assert token is not None
    visitor.post("/sign-out", {"csrf_token": token["value"]})
    for status, told in (
        sender.piece(name, 50, DRAWINGS[50:]),
        sender.how_far(name),
        sender.finish(name),
        sender.begin(DRAWINGS),
    ):
        assert status == 401
        assert "登录已经结束" in told["problem"]
    again = sign_in(app, world, "agency")
    old, sender.visitor = sender.headers, again
    assert sender.headers is old
    assert sender.piece(name, 50, DRAWINGS[50:])[0] == 200
    assert sender.finish(name)[0] == 200
    for origin in ("https://elsewhere.example", None):
        sender.headers = {"X-CSRFToken": "x"} | ({"Origin": origin} if origin else {})
        assert sender.begin(b"x" * 9)[0] == 400, "another site has neither the token nor our address"


def test_what_is_whole_is_finished_once_however_often_it_is_said(
    app: Flask, sender: Sender, monkeypatch: Any
) -> None:
    name = sender.send(DRAWINGS)
    kept, find = [], uploading.find

    def before(*asked: Any) -> Any:
        """As it was a moment before another one was done."""
        found = find(*asked)
        if not kept:
            kept.append(found)
            found = copy(found)
            make_transient(found)
            found.sha256 = None
        return found

    monkeypatch.setattr(uploading, "find", before)
    assert sender.finish(name)[0] == 200
    assert kept
    assert arriving(app) == []


SPANS = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 30), st.booleans()), max_size=25)


@given(st.binary(min_size=1, max_size=60), SPANS)
def test_pieces_in_any_order_and_twice_make_the_same_file_or_are_refused(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, spans: list[tuple[int, int, bool]]
) -> None:
    """What is here is always a beginning of the file; a piece adds to it, or is refused and adds nothing."""
    pieces, name = Pieces(tmp_path_factory.mktemp("pieces")), "f" * 24
    here = 0
    for start, length, torn in spans:
        piece = content[start : start + length]
        wrong = torn and bool(piece)
        sent = bytes([piece[0] ^ 1]) + piece[1:] if wrong else piece
        try:
            came = pieces.add(name, start, io.BytesIO(sent), len(content))
        except Problem:
            assert start > here or (wrong and start < here)
        else:
            if wrong and start == here:  # nobody can tell yet: the hash of the whole will
                return
            assert came == max(here, start + len(sent))
        here = pieces.length(name)
        assert pieces.path(name).read_bytes() == content[:here] if here else True
    pieces.add(name, here, io.BytesIO(content[here:]), len(content))
    assert pieces.path(name).read_bytes() == content
