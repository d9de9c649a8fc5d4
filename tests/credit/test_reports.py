"""The credit report, printed outside of the act that issues it."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from harness.factories import World
from market.access_codes import code_of
from market.credit.actions import records, reports
from market.extensions import db
from models import documents
from models.credit.records import months_later
from tests.credit.record_cases import COMMITMENT, files, found, in_force
from tests.web import Visitor, sign_in


def test_a_report_asked_for_twice_at_once_is_issued_once(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner, other = reports.letter, []  # type: ignore[var-annotated]

    def another_meanwhile(*arguments: Any, **about: Any) -> bytes:
        if not other:
            other.append(None)
            other[0] = reports.issue(world.actor("agency"))
        return inner(*arguments, **about)

    monkeypatch.setattr(reports, "letter", another_meanwhile)
    assert reports.issue(world.actor("agency")) == other[0]
    assert len(documents.papers_of(db.session, "organisation", world.identifiers["agency"])) == 1


def test_a_report_names_the_records_in_force_and_closes_with_them(
    app: Flask, world: World, time: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a repaired record leaves is nothing: a report that names it is said to be genuine, and no more."""
    printed: list[list[list[str]]] = []
    inner = reports.letter

    def noting(*arguments: Any, **about: Any) -> bytes:
        printed.append(about["rows"])
        return inner(*arguments, **about)

    monkeypatch.setattr(reports, "letter", noting)
    record = in_force(world)
    number = reports.issue(world.actor("agency"))
    told = dict(printed[0])
    assert told[f"信用记录 {record}"].startswith(f"{found(record).kind_names['zh']};依据:")
    assert told["得分 · 业主评价"].endswith(" 条记录)")
    assert "投标" in told["受到的限制"]
    public = Visitor(app).get(f"/check/{number}")
    assert "规则版本" in public.text
    for words in ("0 completed, 0 under way", "Verified", "not rated", "1 person"):
        assert words in Visitor(app, language="en").get(f"/check/{number}").text, words
    assert record not in public.text
    assert Visitor(app).get(f"/papers/{number}.pdf").status == 200
    case = found(record)
    time.instant = months_later(case.decided_at, case.term.least_months)
    records.ask_repair(world.actor("agency"), record, commitment=COMMITMENT, files=files())
    records.repair(world.actor("regulator"), record, reason="整改已经完成,同意修复。")
    assert Visitor(app).get(f"/papers/{number}.pdf").status == 404
    assert Visitor(app).get(f"/check/{number}").status == 404
    held = Visitor(app).get(f"/check/{number}/{code_of(number)}")
    assert "它的内容现在不对外提供" in held.text
    assert "规则版本" not in held.text
    assert sign_in(app, world, "agency").get(f"/papers/{number}.pdf").status == 200
    assert reports.issue(world.actor("agency")) != number


def test_a_record_that_is_not_published_counts_in_a_report_and_closes_it_when_it_ends(
    app: Flask, world: World
) -> None:
    record = in_force(world, kind="fees_unpublished", months=3)
    number = reports.issue(world.actor("agency"))
    assert Visitor(app).get(f"/papers/{number}.pdf").status == 200
    records.ask_repair(world.actor("agency"), record, commitment=COMMITMENT, files=files())
    records.repair(world.actor("decider"), record, reason="已经公示收费,同意修复。")
    assert Visitor(app).get(f"/papers/{number}.pdf").status == 404
