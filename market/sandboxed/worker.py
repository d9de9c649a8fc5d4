"""The process in which functions are carried out for another one.

`worker.py <read fd> <write fd> [module ...]`.

It takes pickled `(module, function, arguments, seconds, megabytes)`, says `begun` once the function is there,
and then what became of it. It ends when its owner is gone, when a task ran out of memory, and when it has
grown.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import pickle
import queue
import resource
import sys
import threading
import traceback
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

FULL = pickle.dumps(("full", None))
GROWN = 192 << 20  # bytes above what it held at its first task


def held() -> int:
    """The private memory this process holds, in bytes; 0 where the system does not say."""
    try:
        with open("/proc/self/status") as said:
            return next((int(line.split()[1]) * 1024 for line in said if line.startswith("VmData:")), 0)
    except OSError:
        return 0


def _give_back() -> None:
    """What was freed goes back to the system, where the library knows how: it would count as held."""
    with contextlib.suppress(AttributeError, OSError):
        ctypes.CDLL(None).malloc_trim(0)


def _limit(seconds: float, megabytes: int) -> None:
    """No more memory than this on top of what is held already.

    The owner watches the time; if it no longer can, the system ends us by the seconds of work.
    """
    before = held()
    if before:
        _soft(resource.RLIMIT_DATA, before + (megabytes << 20))
    used = resource.getrusage(resource.RUSAGE_SELF)
    _soft(resource.RLIMIT_CPU, int(used.ru_utime + used.ru_stime + seconds * (os.cpu_count() or 1)) + 2)


def _soft(what: int, limit: int) -> None:
    _, most = resource.getrlimit(what)
    resource.setrlimit(what, (limit if most == resource.RLIM_INFINITY else min(limit, most), most))


def _unlimit() -> None:
    for what in (resource.RLIMIT_DATA, resource.RLIMIT_CPU):
        most = resource.getrlimit(what)[1]
        resource.setrlimit(what, (most, most))


def _carried_out(function: Any, arguments: tuple[Any, ...], seconds: float, megabytes: int) -> bytes:
    """What became of it, pickled.

    `done` and the result, `refused` and the words, `full`, or `broken` and where.
    """
    _limit(seconds, megabytes)
    try:
        return pickle.dumps(("done", function(*arguments)))
    except MemoryError:
        return FULL
    except Exception as error:
        if hasattr(error, "message") and hasattr(error, "params"):
            return pickle.dumps(("refused", (error.message, getattr(error, "field", None), error.params)))
        return pickle.dumps(("broken", traceback.format_exc(limit=-8)[-4000:]))
    finally:
        _unlimit()


def _receive(channel: Connection, tasks: queue.SimpleQueue[bytes]) -> None:
    """Take what comes in; when the owner is gone, go too, whatever is being done."""
    while True:
        try:
            tasks.put(channel.recv_bytes())
        except (EOFError, OSError):
            os._exit(0)


def main(reading: int, writing: int, modules: list[str]) -> None:
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    answers: Connection[Any, Any] = Connection(writing, readable=False)
    tasks: queue.SimpleQueue[bytes] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(Connection(reading, writable=False), tasks), daemon=True).start()
    for name in modules:
        import_module(name)
    first = 0
    while True:
        module, name, arguments, seconds, megabytes = pickle.loads(tasks.get())
        function = getattr(import_module(module), name)
        first = first or held()
        answers.send_bytes(b"begun")
        answer = _carried_out(function, arguments, seconds, megabytes)
        del arguments
        _give_back()
        answers.send_bytes(answer)
        if answer == FULL or held() > first + GROWN:
            os._exit(0)


if __name__ == "__main__":
    sys.path[0] = str(Path(__file__).parents[2])
    main(int(sys.argv[1]), int(sys.argv[2]), sys.argv[3:])
