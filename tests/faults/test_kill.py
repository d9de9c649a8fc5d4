"""Killed in the middle: nothing acknowledged is lost, nothing is done twice."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import pytest
import requests
from sqlalchemy import create_engine, text

from harness.lifecycle import ITEM, START, people
from harness.person import Person, Refused
from harness.server import market


@pytest.mark.faults
def test_a_server_killed_among_quotes_loses_none_it_acknowledged(tmp_path: Path) -> None:
    with market(tmp_path, at=START) as server:
        who = people(server)
        paths = []
        for number in range(12):
            made = who["buyer"].draft(
                f"/requests/new?item={ITEM}", project=f"高标准农田项目 {number}", region_code="632801"
            )
            who["buyer"].submit(f"{made}/publish")
            paths.append(made)
        acknowledged: list[str] = []
        ready = threading.Event()

        def quote(agency: Person) -> None:
            for path in paths:
                try:
                    acknowledged.append(agency.submit(f"{path}/answer", price="40,000", days="20"))
                except (requests.RequestException, Refused, AssertionError):
                    return
                if len(acknowledged) > 8:
                    ready.set()

        threads = [threading.Thread(target=quote, args=(who[f"agency{n}"],)) for n in (1, 2, 3)]
        for thread in threads:
            thread.start()
        assert ready.wait(60)
        server.stop(signal.SIGKILL)
        for thread in threads:
            thread.join()
        server.start()
        server.command("tick")
        engine = create_engine(f"sqlite:///{tmp_path}/market.sqlite3")
        with engine.connect() as connection:

            def column(statement: str) -> list[str]:
                return list(connection.execute(text(statement)).scalars())

            quotes = column("SELECT identifier FROM quotes")
            told = column("SELECT case_identifier FROM events WHERE kind = 'quote.submit'")
            offers = column("SELECT quote_id FROM offers")
            notices = column(
                "SELECT n.event_id FROM notifications n JOIN events e ON e.id = n.event_id WHERE "
                "e.kind = 'quote.submit'"
            )
            whole = column("PRAGMA integrity_check")
        engine.dispose()
        assert {path.rsplit("/", 1)[-1] for path in acknowledged} <= set(quotes)
        assert sorted(told) == sorted(quotes)
        assert len(offers) == len(quotes) == len(set(quotes)) == len(notices) == len(set(notices))
        assert whole == ["ok"]
