"""The keeper goes by its own clock, doubts that as well, and takes nobody's word for the time."""

from __future__ import annotations

import inspect
import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from harness.factories import World
from market.extensions import db
from market.jobs import run_deadlines, tick
from market.keeper import FolderKeeper, KeeperUnavailable, create_keeper, main
from models import clock, sealing
from models.errors import NotFound, WrongState
from models.sourcing.tenders import Tender
from models.timekeeping import BOUND, OUTAGE
from tests.conftest import START
from tests.faults.keeping import SEALED
from tests.machine import Machine

WEEK = timedelta(days=7)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Machine]:
    found = Machine(START)
    monkeypatch.setattr(clock, "synchronised", lambda: False)
    clock.use_machine(found)
    yield found
    clock.use_system()


@pytest.fixture
def keeper(tmp_path: Path) -> FolderKeeper:
    return FolderKeeper(tmp_path / "keeper", "secret")


def test_a_half_stays_until_the_time_told_when_the_key_was_laid_down(
    keeper: FolderKeeper, machine: Machine
) -> None:
    public = keeper.make("R-1", START + WEEK)
    machine.passes(WEEK - timedelta(seconds=1))
    with pytest.raises(WrongState):
        keeper.release("R-1")
    with pytest.raises(WrongState):
        keeper.postpone("R-1", START)
    machine.passes(timedelta(seconds=1))
    assert sealing.belong_together(public, keeper.release("R-1"))


@pytest.mark.parametrize(
    "by", [WEEK * 5, timedelta(hours=1), BOUND + timedelta(seconds=30), -timedelta(days=1)]
)
def test_a_clock_that_was_set_gives_out_nothing(
    keeper: FolderKeeper, machine: Machine, by: timedelta
) -> None:
    keeper.make("R-1", START + timedelta(seconds=10))
    machine.passes(timedelta(minutes=1))
    machine.is_set(by)
    with pytest.raises(KeeperUnavailable):
        keeper.release("R-1")
    assert keeper.journal()[0]["released"] is None
    machine.is_set(-by)
    keeper.release("R-1")


def test_over_a_restart_it_holds_its_clock_against_what_it_saw_last(
    tmp_path: Path, keeper: FolderKeeper, machine: Machine
) -> None:
    keeper.make("R-1", START + WEEK)
    machine.passes(timedelta(hours=1))
    keeper.time()
    machine.starts_again(WEEK)
    again = FolderKeeper(tmp_path / "keeper", "secret")
    for _ in range(2):
        with pytest.raises(KeeperUnavailable):
            again.release("R-1")
        machine.passes(timedelta(hours=5))
    again.confirm(machine())
    again.release("R-1")


def test_a_short_outage_needs_nobody(tmp_path: Path, keeper: FolderKeeper, machine: Machine) -> None:
    keeper.make("R-1", START + OUTAGE)
    machine.starts_again(OUTAGE)
    FolderKeeper(tmp_path / "keeper", "secret").release("R-1")


def test_a_keeper_from_before_goes_by_what_it_noted_with_its_keys(tmp_path: Path, machine: Machine) -> None:
    with clock.at(START):
        FolderKeeper(tmp_path, "secret").make("R-1", START + timedelta(hours=1))
    assert not (tmp_path / ".clock").exists()
    machine.is_set(WEEK)
    with pytest.raises(KeeperUnavailable):
        FolderKeeper(tmp_path, "secret").release("R-1")


def test_a_market_whose_clock_is_ahead_gets_nothing_out_of_a_keeper_whose_clock_is_not(
    app: Flask, world: World, time: Any
) -> None:
    """The keeper is on another machine.

    The market's clock jumped, and even its own guard was not there to notice.
    """
    tender = world.tender(**SEALED)
    world.bids(tender, agency=300, second=400, third=500)
    kept, market_s, own_time = app.extensions["keeper"], time.instant, FolderKeeper.time

    class Elsewhere(FolderKeeper):
        at_hand = False

        def time(self) -> Any:
            with clock.at(market_s):
                return own_time(self)

    app.extensions["keeper"] = Elsewhere(kept.folder, app.config["KEEPER_SECRET"])
    time.instant += timedelta(days=30)
    tick()
    db.session.rollback()
    found = Tender.load(db.session, tender)
    assert (found.state, found.opened_at, found.keeper_half) == ("closed", None, None)
    run_deadlines()
    db.session.rollback()
    assert Tender.load(db.session, tender).opened_at is None


def test_the_service_says_its_time_and_refuses_while_it_is_in_doubt(
    tmp_path: Path, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "KEEPER_HOME": str(tmp_path / "kept"),
        "KEEPER_SECRET": "its own",
        "KEEPER_TOKEN": "token",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("CLOCK_FILE", raising=False)
    before = os.umask(0o022)
    service = create_keeper().test_client()
    os.umask(before)
    asked: dict[str, Any] = {"headers": {"Authorization": "Bearer token"}}
    assert service.get("/time").status_code == 401
    assert service.get("/time", **asked).get_json() == {"now": START.isoformat()}
    assert (
        service.post("/keys/R-1", json={"not_before": (START + WEEK).isoformat()}, **asked).status_code == 200
    )
    assert (
        service.post(
            "/keys/R-1/release",
            json={"now": "2030-01-01T00:00:00Z", "not_before": "2020-01-01T00:00:00Z"},
            **asked,
        ).status_code
        == 409
    )
    machine.is_set(WEEK * 2)
    assert service.post("/keys/R-1/release", **asked).status_code == 503
    assert service.get("/time", **asked).status_code == 503
    assert "confirmed" in main(["confirm"]), "whoever looks after it may; the platform has no way to"
    assert service.post("/keys/R-1/release", **asked).status_code == 200
    assert not [rule for rule in service.application.url_map.iter_rules() if "confirm" in rule.rule]


def test_the_keeper_asks_nothing_of_the_market() -> None:
    """It takes handles and times before which it keeps a key, no present time."""
    for name in ("make", "postpone", "release", "destroy", "time"):
        assert not {"now", "at", "instant"} & set(inspect.signature(getattr(FolderKeeper, name)).parameters)


def test_one_that_is_not_there_is_not_made_by_asking(keeper: FolderKeeper, machine: Machine) -> None:
    with pytest.raises(NotFound):
        keeper.release("R-9")
    keeper.destroy("R-9")
