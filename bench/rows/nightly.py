"""What the night's work costs a person.

How long an act takes while each part of it runs, against the same market when it is quiet.
"""

from __future__ import annotations

import os
import time
import traceback
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from flask import current_app

from bench.measure import Row
from bench.rows.markets import market
from harness.factories import small_market
from harness.large_market import furnish, register_export
from market import batches
from market.extensions import db
from market.indexing import rebuild_index
from market.jobs.nightly import PARTS
from models import clock


def beside(work: Callable[[], object]) -> int:
    """Do something in a process of its own, as the lane for long work does. Returns the process."""
    db.session.rollback()
    child = os.fork()
    if child == 0:
        code = 1
        try:
            os.nice(10)
            current_app.extensions["jobs"].rest = time.sleep
            db.engine.dispose(close=False)  # the connections are the parent's
            work()
            code = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(code)
    return child


def _acts(act: Callable[[], object], going: Callable[[], bool], least: int) -> float:
    """The 99th percentile of an act, in milliseconds, as long as something goes on.

    It is done so many times at the least.
    """
    times: list[float] = []
    while going() or len(times) < least:
        start = time.perf_counter()
        act()
        times.append(time.perf_counter() - start)
    return sorted(times)[int(len(times) * 0.99)] * 1000


def nightly(folder: Path, agencies: int, acts: int) -> Iterator[Row]:
    """Per part of the night's work.

    The 99th percentile of publishing a tender while it runs, against the quiet market's; `acts` of each at
    the least.
    """
    with market(folder) as app:
        world = small_market()
        world.settled()
        furnish(agencies)
        register_export(folder / "register.csv")
        app.config["REGISTER"] = str(folder / "register.csv")
        rebuild_index()
        clock.use(
            lambda: clock._system() + timedelta(days=1)
        )  # there is a day to close, and every rating is a day older
        try:
            quiet = _acts(world.tender, lambda: False, acts)
            for name, part in PARTS.items():
                if name != "reconcile":  # nobody to ask
                    yield Row(f"nightly-{name}", agencies, _during(part, world.tender, acts), quiet)
        finally:
            clock.use_system()


def _during(part: Any, act: Callable[[], object], acts: int) -> float:
    """The 99th percentile of an act while a part of the night is done beside it."""
    child = beside(lambda: (part.do(), batches.run()))
    ended: list[int] = []

    def going() -> bool:
        if not ended:
            found, status = os.waitpid(child, os.WNOHANG)
            ended.extend([os.waitstatus_to_exitcode(status)] if found else [])
        return not ended

    busy = _acts(act, going, acts)
    assert ended == [0], "a part of the night broke"
    return busy
