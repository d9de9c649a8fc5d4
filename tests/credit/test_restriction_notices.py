"""Who is stopped is told so, and when it is over; pages show no more than each reader may know."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select

from harness.factories import World
from market.agencies.actions import entry
from market.credit.actions import records
from market.event_text import event_details, event_sentence
from market.extensions import db
from market.jobs import drain, run_deadlines
from models.events import Event
from models.notifications import Notification
from tests.credit import record_cases as cases
from tests.credit.restricted import ended, limited
from tests.web import Visitor, sign_in


def _told(world: World, name: str = "agency") -> list[Event]:
    drain()
    db.session.rollback()
    mine = (
        select(Event)
        .join(Notification, Notification.event_id == Event.id)
        .where(
            Event.kind.in_(("credit_record.stop", "credit_record.open")),
            Notification.organisation_id == world.organisation(name).id,
        )
    )
    return list(db.session.scalars(mine.order_by(Event.id)))


def test_it_is_told_what_is_stopped_why_until_when_and_what_lifts_it(app: Flask, world: World) -> None:
    record = cases.in_force(world, kind="false_report")
    (stop,) = _told(world)
    with app.test_request_context():
        assert event_sentence(stop) == "限制措施开始"
        said = ";".join(event_details(stop))
    assert all(words in said for words in ("参与报价、参加投标、接受中选", "至 ", "改正并消除影响"))
    assert not _told(world, "second")
    agency = sign_in(app, world, "agency")
    assert "限制措施开始" in agency.get("/my/notices").text
    for path in ("/my", f"/agencies/{world.identifiers['agency']}"):
        page = agency.get(path).soup.select_one("#stops")
        assert page is not None, path
        text = page.get_text(" ", strip=True)
        assert all(
            words in text
            for words in ("参与报价、参加投标、接受中选", "出具虚假", "依据", "怎样解除", record)
        ), path


@pytest.mark.parametrize("end", ["expire", "repair", "revoke", "suspend"])
def test_it_is_told_what_is_open_again_when_its_source_ends(
    app: Flask, world: World, time: Any, end: str
) -> None:
    limited(world, "sign", "bid")  # over after two hours, as a record of its own
    record = cases.in_force(world, kind="false_report")
    drain()
    regulator = world.actor("regulator")
    if end == "expire":
        time.instant = cases.found(record).ends_at
        run_deadlines()
    elif end == "repair":
        time.instant = cases.months_later(cases.found(record).in_force_from, 12)  # type: ignore[arg-type]
        run_deadlines()
        records.ask_repair(
            world.actor("agency"), record, commitment=cases.COMMITMENT, files=cases.files("整改报告.pdf")
        )
        records.repair(world.actor("regulator"), record, reason="整改已经完成,同意修复。")
    elif end == "revoke":
        records.revoke(regulator, record, reason="复议撤销了原决定")
    else:
        records.suspend(regulator, record, reason="法院裁定重整", files=cases.files("裁定书.pdf"))
    last = [each for each in _told(world) if each.case_identifier == record][-1]
    assert last.kind == "credit_record.open"
    open_again = ["quote", "bid", "award"] if end in ("expire", "repair") else ["quote", "award"]
    assert last.data["opens"] == open_again
    assert last.data["still"] == ([] if end in ("expire", "repair") else ["bid"])
    page = sign_in(app, world, "agency").get("/my")
    assert (page.soup.select_one("#stops") is None) is (end in ("expire", "repair"))


def test_a_record_without_limits_tells_nothing(world: World) -> None:
    cases.in_force(world, kind="unfair_terms")
    assert not _told(world)


def test_others_read_the_reason_only_where_it_is_published(app: Flask, world: World) -> None:
    record, page = limited(world, "bid", published=False), f"/agencies/{world.identifiers['agency']}"
    for name in ("", "buyer"):
        visitor = sign_in(app, world, name) if name else Visitor(app)
        text = visitor.get(page).soup.select_one("#stops").get_text(" ", strip=True)  # type: ignore[union-attr]
        assert "投标" in text
        assert "不公开" in text
        assert not any(words in text for words in (record, "虚假", "依据"))
    for name in ("agency", "regulator", "department"):
        text = sign_in(app, world, name).get(page).text
        assert all(words in text for words in (record, "出具虚假"))
    ended(record)
    assert Visitor(app).get(page).soup.select_one("#stops") is None
    limited(world, "bid")
    assert "出具虚假" in Visitor(app).get(page).text


def test_a_regulator_has_them_all_in_a_list_that_asks_as_much_for_many_as_for_few(
    app: Flask, world: World
) -> None:
    world.authority("far", "regulator", region="540000")
    regulator, path = sign_in(app, world, "regulator"), "/oversight/restricted"
    assert "没有受限制的单位" in regulator.get(path).text
    counts = []
    for names in (("agency",), ("second", "third")):
        for name in names:
            limited(world, "sign", "award", name=name)
        statements: list[str] = []

        def note(*given: Any, kept: list[str] = statements) -> None:
            kept.append(given[2])

        event.listen(db.engine, "before_cursor_execute", note)
        regulator.get(path)
        event.remove(db.engine, "before_cursor_execute", note)
        counts.append(len(statements))
    assert counts[0] == counts[1]
    entry.suspend(world.actor("regulator"), world.identifiers["buyer"], reason="登记住所查无此机构")

    def names(query: str) -> set[str]:
        text = regulator.get(f"{path}?{query}").soup.select_one("table.list").get_text()  # type: ignore[union-attr]
        return {name for name in ("buyer", "agency", "second", "third") if f"{name}单位" in text}

    assert names("") == {"buyer", "agency", "second", "third"}
    assert names("activity=fees") == names("source=account") == names("who=enterprise") == {"buyer"}
    assert names("activity=sign&source=record") == {"agency", "second", "third"}
    assert names("q=second") == {"second"}
    assert names("source=grade") == set()
    assert regulator.get(f"{path}?activity=fly").status == 422
    table = regulator.get(f"{path}.csv?source=record").text
    assert table.count("出具虚假") == 3
    assert "agency单位" not in sign_in(app, world, "far").get(path).text
    chart = regulator.get(path).soup.select_one("ul.chart-rows")
    assert chart is not None
    assert "签订新合同" in chart.get_text()
