"""A case type is declared once: a toy one of three files does all, and one that lacks a part is refused."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from market import case_registry, create_app, permissions
from market.case_registry import OWN_ROUTE, ActPage, Registration, register_case
from market.sourcing.actions import awards, drafting
from market.sourcing.blueprint import bp
from market.transaction import name_of
from models.cases import CASES
from models.sourcing.awards import Award
from models.workflow_table import Workflow
from tests.conftest import settings

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_a_toy_case_type_needs_nothing_but_its_three_files(database: str, tmp_path: Path) -> None:
    done = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-q", "-n", "0", "-p", "no:cacheprovider"),
            *(
                f"--basetemp={tmp_path / 'toy'}",
                "tests/toy_case/whole.py",
                "-k",
                f"{database} or three_files",
            ),
        ],
        cwd=ROOT,
        env={name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout


def without(part: str, name: str) -> Callable[[Registration], Registration]:
    return lambda here: replace(
        here, **{part: {key: each for key, each in getattr(here, part).items() if key != name}}
    )


def also(part: str, name: str, each: Any) -> Callable[[Registration], Registration]:
    return lambda here: replace(here, **{part: {**getattr(here, part), name: each}})


@pytest.mark.parametrize(
    ("lacking", "said"),
    [
        (lambda here: None, "award: no room has registered it"),
        (lambda here: replace(here, page="sourcing.nothing"), "award: no page sourcing.nothing at /awards/"),
        (lambda here: replace(here, url="/nothing"), "award: no page sourcing.show_award at /nothing/"),
        (without("acts", "annul"), "award: no page for the act annul"),
        (also("acts", "annul", OWN_ROUTE), "award: no view for the act annul at /awards/<identifier>/annul"),
        (also("acts", "praise", ActPage(awards.annul)), "award: a page for praise, which nobody does"),
        (without("timed", "finalise"), "award: no action with which the clock does finalise"),
        (also("timed", "praise", awards.finalise), "award: an action for praise, with which no limit ends"),
    ],
)
def test_the_application_does_not_start_while_a_part_is_missing(
    lacking: Callable[[Registration], Registration | None],
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    market = settings(f"sqlite:///{tmp_path / 'market.sqlite3'}", tmp_path)
    create_app(market)
    here = lacking(case_registry._REGISTERED["award"])
    if here is None:
        monkeypatch.delitem(case_registry._REGISTERED, "award")
    else:
        monkeypatch.setitem(case_registry._REGISTERED, "award", here)
    with pytest.raises(ValueError, match="award") as refused:
        create_app(market)
    assert said in str(refused.value)
    assert "; " not in str(refused.value)


def test_nor_while_nothing_says_how_a_case_is_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Award.workflow, "openings", {})
    with pytest.raises(ValueError, match="award: no words for the act that opens one"):
        create_app(settings(f"sqlite:///{tmp_path / 'market.sqlite3'}", tmp_path))


def test_a_case_type_is_registered_once(tmp_path: Path) -> None:
    create_app(settings(f"sqlite:///{tmp_path / 'market.sqlite3'}", tmp_path))
    with pytest.raises(ValueError, match="award is registered twice"):
        register_case(bp, Award, url="/awards", page=lambda identifier: "", acts={})


def test_what_is_open_before_an_address_is_confirmed_is_said_alike_of_acts_and_rows(app: Flask) -> None:
    """Of each act as it is begun (market/permissions.py), and of each row it goes through (the tables)."""
    by_table = {(name, act) for name, kind in CASES.items() for act in kind.workflow.before_confirming}
    done = {
        (name, act): name_of(page.action)
        for name, here in case_registry._REGISTERED.items()
        for act, page in here.acts.items()
        if isinstance(page, ActPage)
    }
    assert len(done) > 50
    done["tender", "edit"] = name_of(drafting.edit)  # it has pages of its own
    assert by_table == {key for key, name in done.items() if name in permissions.BEFORE_CONFIRMING}


def test_an_act_that_opens_a_case_is_none_of_its_rows() -> None:
    table = Award.workflow
    with pytest.raises(ValueError, match="annul"):
        Workflow(
            "odd",
            "odd",
            tuple(table.states.values()),
            table.moves,
            table.acts,
            openings={"annul": "annul"},
            opening=table.opening,
        )
