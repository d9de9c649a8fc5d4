"""A web worker: waitress on a socket it was handed.

Requests are received whole before a thread deals with them, so slow senders hold no thread; one that takes
too long to send a request is cut off; on SIGTERM what is under way is finished.
"""

from __future__ import annotations

import contextlib
import logging
import signal
import socket
import time
from typing import Any

from waitress.adjustments import Adjustments
from waitress.channel import HTTPChannel
from waitress.receiver import ChunkedReceiver
from waitress.server import TcpWSGIServer

log = logging.getLogger(__name__)
MOST_BODY = 80 * 1024 * 1024  # over MAX_CONTENT_LENGTH, so that a form can say at its field what is too large
MOST_CONNECTIONS = 1000
MOST_ASIDE = (
    16 * 1024
    # bytes of a chunk's head, or of what follows the last: nobody asks for them, and to look for their end
    # costs
)
HEADERS_WITHIN = 20.0  # seconds from a request's first byte to the end of its headers
SLOWEST = 16 * 1024  # bytes a second a body must arrive at, on the average
IDLE = 60  # seconds a connection may stay open without a request
CROWDED, IDLE_THEN = MOST_CONNECTIONS // 2, 5  # with so many of them, so many seconds
GRACE = 12.0  # seconds what is under way may still take when told to end; a stream of a live auction lasts 10


class _Channel(HTTPChannel):
    """A connection that remembers when the request it is receiving began."""

    began = 0.0

    def received(self, data: bytes) -> bool:
        before = self.request
        taken: bool = super().received(data)
        if self.request is not before:
            self.began = time.monotonic()
        body = self.request.body_rcv if self.request is not None else None
        if isinstance(body, ChunkedReceiver) and max(len(body.control_line), len(body.trailer)) > MOST_ASIDE:
            self.will_close = True
        return taken

    def too_slow(self, now: float) -> bool:
        """Whether the request being received should have been here by now."""
        partial = self.request
        if partial is None:
            return False
        body = partial.body_rcv if partial.headers_finished and partial.body_rcv is not None else None
        arrived = len(body) if body is not None else 0
        return now - self.began > HEADERS_WITHIN + arrived / SLOWEST

    @property
    def busy(self) -> bool:
        """Whether a request is being received or dealt with here, or its answer is still to be sent."""
        return bool(self.requests or self.total_outbufs_len or self.request is not None)


class Server(TcpWSGIServer):
    """The loop that receives and sends; threads deal with what has come in."""

    channel_class = _Channel
    stopping = False

    def __init__(self, app: Any, listener: socket.socket, threads: int) -> None:
        settings = Adjustments(
            sockets=[listener],
            threads=threads,
            ident=None,
            connection_limit=MOST_CONNECTIONS,
            channel_timeout=IDLE,
            cleanup_interval=2,
            max_request_body_size=MOST_BODY,
            max_request_header_size=64 * 1024,
            asyncore_use_poll=True,
            log_socket_errors=False,
            clear_untrusted_proxy_headers=False,
            channel_request_lookahead=1,
        )
        logging.getLogger("waitress.queue").setLevel(logging.ERROR)
        sockinfo = (listener.family, listener.type, listener.proto, listener.getsockname())
        super().__init__(app, _sock=listener, adj=settings, sockinfo=sockinfo, bind_socket=False)

    def maintenance(self, now: float) -> None:
        super().maintenance(now)
        clock = time.monotonic()
        crowded = len(self.active_channels) > CROWDED
        for channel in self.active_channels.values():
            if channel.too_slow(clock) or (
                crowded and not channel.busy and now - channel.last_activity > IDLE_THEN
            ):
                channel.will_close = True

    def stop(self, *_signal: Any) -> None:
        self.stopping = True
        self.pull_trigger()

    def handle_close(self) -> None:
        """The listening socket was shut by another process of ours: the parent is gone."""
        self.stop()

    def serve(self) -> None:
        """Serve until told to stop; then take nothing new, and finish what is under way."""
        while not self.stopping:
            self._turn(1.0)
        self.accepting = False
        # the socket itself stays with the parent: the other workers, or the next one, listen on
        self.del_channel()
        until = time.monotonic() + GRACE
        while time.monotonic() < until and any(channel.busy for channel in self.active_channels.values()):
            self._turn(0.1)
        self.task_dispatcher.shutdown(timeout=0.2)
        for channel in list(self.active_channels.values()):
            channel.handle_close()
        self.trigger.close()

    def _turn(self, timeout: float) -> None:
        self.asyncore.loop(timeout=timeout, use_poll=True, map=self._map, count=1)


def let_go(listener: socket.socket) -> None:
    """Nobody is taken in here any more, whatever the loops of those who hold this socket are doing.

    The port is free for the next.
    """
    with contextlib.suppress(OSError):  # another child was first
        listener.shutdown(socket.SHUT_RDWR)


def work(app: Any, listener: socket.socket, threads: int) -> None:
    """Be a web worker until SIGTERM."""
    server = Server(app, listener, threads)
    signal.signal(signal.SIGTERM, server.stop)
    server.serve()
