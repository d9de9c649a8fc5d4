"""Who may serve: what is said to whoever comes second, or may not at all.

Processes really killed are in tests/faults.
"""

from __future__ import annotations

import errno
import os
import signal
import socket
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from market.serving import lock
from market.serving.lock import Taken, hold, listen


def _holder(folder: Path) -> int:
    """A process that holds the lock until it is killed."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            kept = hold(folder)
            os.write(writing, b"!")
            signal.pause()
            kept.close()
        finally:
            os._exit(1)
    os.read(reading, 1)
    return child


@pytest.mark.parametrize("database", ["sqlite"], indirect=True)
def test_nothing_is_prepared_beside_a_server(app: Flask) -> None:
    """A newer version's `prepare` must not migrate what an older one serves."""
    holder = _holder(app.config["HOME_FOLDER"])
    try:
        refused = app.test_cli_runner().invoke(args=["prepare"])
        assert (refused.exit_code, f"process {holder} " in refused.output) == (1, True), refused.output
    finally:
        os.kill(holder, signal.SIGKILL)


def test_whoever_holds_it_is_named_and_once_dead_holds_nothing(tmp_path: Path) -> None:
    holder = _holder(tmp_path)
    try:
        with pytest.raises(Taken, match=f"^process {holder} .*already works in {tmp_path}"):
            hold(tmp_path)
    finally:
        os.kill(holder, signal.SIGKILL)
    hold(tmp_path).close()  # dead, if not yet buried
    os.waitpid(holder, 0)


def test_of_a_dead_process_nobody_says_that_it_works(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.setattr(lock, "PATIENCE", 0.1)
    with hold(tmp_path) as held:
        dead = os.fork() or os._exit(0)
        os.waitpid(dead, 0)
        held.truncate(0)
        held.write(str(dead))
        held.flush()
        with pytest.raises(Taken, match=f"process {dead} is gone, but one it left behind"):
            hold(tmp_path)


def test_a_port_that_is_not_to_be_had_is_not_said_to_be_taken(monkeypatch: Any) -> None:
    with (
        listen("127.0.0.1", 0) as there,
        pytest.raises(Taken, match=f"process {os.getpid()} .*already listens on port "),
    ):
        listen("127.0.0.1", there.getsockname()[1])

    class Guarded(socket.socket):
        def bind(self, address: Any) -> None:
            raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(lock.socket, "socket", Guarded)
    with pytest.raises(Taken, match=r"^port 80 of 127\.0\.0\.1 is not to be had: Permission denied$"):
        listen("127.0.0.1", 80)


def test_a_folder_nobody_can_write_to_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(Taken, match="cannot be worked in: Not a directory"):
        hold(tmp_path / "file" / "home")
