"""Servers that are called and say nothing, or never come to an end."""

from __future__ import annotations

import contextlib
import socket
import threading


class Silent:
    """A server that takes every connection and never answers, until it is ended.

    `said` it says at once, and `trickle` then again and again, twenty times a second.
    """

    def __init__(self, said: bytes = b"", trickle: bytes = b"") -> None:
        self.said, self.trickle, self.ended = said, trickle, threading.Event()
        self.server = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self.server.getsockname()[1]}"
        self.called, self.calls = threading.Event(), []  # type: ignore[var-annotated]
        self.thread = threading.Thread(target=self._listen, daemon=True)
        self.thread.start()

    def _listen(self) -> None:
        while True:
            try:
                connection, _ = self.server.accept()
            except OSError:
                return
            self.calls.append(connection)
            self.called.set()
            if self.said or self.trickle:
                threading.Thread(target=self._say, args=(connection,), daemon=True).start()

    def _say(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            connection.recv(65536)
            connection.sendall(self.said)
            while self.trickle and not self.ended.wait(0.05):
                connection.sendall(self.trickle)

    def end(self) -> None:
        """Hang up on everybody."""
        self.ended.set()
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()
        self.thread.join()
        for connection in self.calls:
            connection.close()
