"""One market a folder: whoever serves it holds its lock, and whoever comes second is told who that is."""

from __future__ import annotations

import fcntl
import socket
import time
from pathlib import Path
from typing import IO

import psutil

PATIENCE = 5.0  # seconds: what a killed server's last processes may take to go


class Taken(Exception):
    """Somebody else serves this folder, or listens on this port."""


def _named(pid: int) -> str:
    try:
        return f"process {pid} ({' '.join(psutil.Process(pid).cmdline())[:120]})"
    except psutil.Error:
        return f"process {pid}"


def hold(folder: Path) -> IO[str]:
    """The lock of this folder, held as long as the file returned, or a child's copy of it, is open. Taken while another
    process serves it."""
    folder.mkdir(parents=True, exist_ok=True)
    file = (folder / "server.lock").open("a+")
    until = time.monotonic() + PATIENCE
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            break
        except BlockingIOError:
            file.seek(0)
            holder = int(file.read().strip() or 0)
            if psutil.pid_exists(holder) or time.monotonic() > until:
                file.close()
                raise Taken(f"{_named(holder)} already serves {folder}") from None
            time.sleep(0.05)
    file.truncate(0)
    file.write(str(psutil.Process().pid))
    file.flush()
    return file


def _listener(port: int) -> str:
    """Who listens there, as far as this user may know."""
    try:
        found = [each.pid for each in psutil.net_connections("tcp") if each.status == psutil.CONN_LISTEN and each.laddr.port == port]
    except psutil.Error:
        found = []
    return _named(found[0]) if found and found[0] else "another process"


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens on this port and nobody else does. Taken, with the name of the process, where one is there."""
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise Taken(f"{_listener(port)} already listens on port {port}") from error
    listener.listen(1024)
    listener.set_inheritable(True)
    return listener
