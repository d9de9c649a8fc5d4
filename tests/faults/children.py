"""A process of its own for what is to be killed."""

from __future__ import annotations

import os
import signal
import sys
import traceback
from collections.abc import Callable
from typing import Any

from market.extensions import db


def in_a_child(act: Callable[[], Any]) -> tuple[int, str]:
    """Carry out an act on this test's database in a child of this process, which has everything imported.

    Its exit code (-9 where SIGKILL ended it), and what it printed. It is ended after a minute.
    """
    db.session.rollback()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            signal.alarm(60)
            os.close(reading)
            os.dup2(writing, 1)
            os.dup2(writing, 2)
            sys.stdout = sys.stderr = os.fdopen(writing, "w", buffering=1)
            db.engine.dispose(close=False)  # the connections are the parent's
            act()
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading, errors="replace") as said:
        printed = said.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), printed
