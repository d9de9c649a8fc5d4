"""A machine whose clock jumps, stops and starts again."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

from flask import Flask

from market.extensions import db
from models.clock import Reading
from models.sourcing.tenders import Tender
from tests.web import Visitor

MONTH = timedelta(days=30)


class Machine:
    """A machine whose clock can be set, whose seconds go on by themselves, and which can be started again.

    And what it is meanwhile elsewhere.
    """

    def __init__(self, instant: datetime) -> None:
        self.reading, self.elsewhere = Reading("machine", "start 1", 1000.0, instant), instant

    def __call__(self) -> Reading:
        return self.reading

    def passes(self, time: timedelta) -> None:
        self.reading = replace(
            self.reading, up=self.reading.up + time.total_seconds(), wall=self.reading.wall + time
        )
        self.elsewhere += time

    def is_set(self, by: timedelta) -> None:
        self.reading = replace(self.reading, wall=self.reading.wall + by)

    def starts_again(self, after: timedelta, boot: str = "start 2") -> None:
        self.reading = replace(self.reading, boot=boot, up=5.0, wall=self.reading.wall + after)
        self.elsewhere += after


def state(tender: str) -> str:
    db.session.rollback()
    return Tender.load(db.session, tender).state


def problems(app: Flask) -> list[str]:
    return [
        line
        for line in Visitor(app).get("/ready").response.get_json()["problems"]
        if line.startswith("clock: ")
    ]
