"""One market a folder: whoever serves it holds its lock, and whoever comes second is told who that is."""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import time
from pathlib import Path
from typing import IO

import psutil

PATIENCE = 1.5  # seconds: what a server that was killed just now may take to be gone


class Taken(Exception):
    """Somebody else works in this folder or listens on this port, or it is not to be had."""


def _named(pid: int) -> str:
    try:
        return f"process {pid} ({' '.join(psutil.Process(pid).cmdline())[:120]})"
    except psutil.Error:
        return f"process {pid}"


def _lives(pid: int) -> bool:
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def hold(folder: Path) -> IO[str]:
    """The lock of this folder, held as long as the file returned is open here or in a fork.

    Taken while another process works in it, or where nothing can be written there.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        file = (folder / "server.lock").open("a+")
    except OSError as error:
        raise Taken(f"{folder} cannot be worked in: {error.strerror}") from error
    until = time.monotonic() + PATIENCE
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            file.seek(0)
            holder = int(file.read().strip() or 0)
            if time.monotonic() > until:
                file.close()
                raise Taken(
                    f"{_named(holder)} already works in {folder}"
                    if _lives(holder)
                    else _left_behind(folder, holder)
                ) from None
            time.sleep(0.05)
    file.truncate(0)
    file.write(str(os.getpid()))
    file.flush()
    return file


def _left_behind(folder: Path, holder: int) -> str:
    return f"process {holder} is gone, but one it left behind still holds {folder / 'server.lock'}"


def _listener(port: int) -> str:
    """Who listens there, as far as this user may know."""
    try:
        holding = {
            each.pid
            for each in psutil.net_connections("tcp")
            if each.status == psutil.CONN_LISTEN and each.laddr.port == port and each.pid
        }
        found = [
            pid for pid in sorted(holding) if psutil.Process(pid).ppid() not in holding
        ]  # children have it of their parent
    except psutil.Error:
        found = []
    return _named(found[0]) if found else "another process"


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on this port and nobody else does.

    Taken, with the name of the process, where one is there, or with what else the system says.
    """
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(1024)
    except OSError as error:
        listener.close()
        why = (
            f"{_listener(port)} already listens on port {port}"
            if error.errno == errno.EADDRINUSE
            else f"port {port} of {host} is not to be had: {error.strerror}"
        )
        raise Taken(why) from error
    return listener
