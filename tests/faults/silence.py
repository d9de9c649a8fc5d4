"""A server that is called and says nothing."""

from __future__ import annotations

import socket
import threading


class Silent:
    """A server that takes every connection and never answers, until it is ended."""

    def __init__(self) -> None:
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

    def end(self) -> None:
        """Hang up on everybody."""
        self.server.shutdown(socket.SHUT_RDWR)
        self.server.close()
        self.thread.join()
        for connection in self.calls:
            connection.close()
