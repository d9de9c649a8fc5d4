"""What migrations make of what credit is made of: see test_rewrites.py."""

from __future__ import annotations

from datetime import UTC, datetime

from tests.models.snapshot import Snapshot


def test_0043_a_rating_keeps_the_weight_that_it_was_counted_with(market: Snapshot) -> None:
    wanted = {(True, 60_000_000): (1.0, 1.4), (True, 5_000_000): (1.0, 1.2), (False, 60_000_000): (0.0, 1.0)}
    for number, (seen, value) in enumerate(wanted):
        contract = market.add("contracts", price=value)
        rating = market.add("ratings", contract_id=contract, by=f"buyer{number}")
        market.add("rating_facts", rating_id=rating, seen=seen, value=value)
    score = market.add("credit_scores", policy_version="standard/2026-12")
    market.upgrade()
    assert market.rows("rating_facts", "seen_share", "weight") == [*wanted.values()]
    assert market.row("credit_scores", score)["policy_version"] == "", "to be reckoned anew"
    market.downgrade()
    assert market.rows("rating_facts", "seen", "value") == [*wanted]


def test_0044_each_suspension_and_each_end_has_its_time(market: Snapshot) -> None:
    at, later = datetime(2026, 2, 1, 1, tzinfo=UTC), datetime(2026, 2, 5, 1, tzinfo=UTC)
    over = market.add("credit_records", suspended_at=at, resumed_at=later)
    still = market.add("credit_records", suspended_at=at, resumed_at=None)
    contract = market.add("contracts", ended_through="agency", identifier="C-2026-000001")
    missed = market.add(
        "deliverables", state="cancelled", identifier="V-2026-000001", missed_at=later, deliver_by=at
    )
    called_off = market.add("deliverables", state="cancelled", identifier="V-2026-000002", deliver_by=later)
    for case_type, number, act in (
        ("deliverable", "V-2026-000002", "deliverable.cancel"),
        ("contract", "C-2026-000001", "contract.end"),
    ):
        market.add("events", case_type=case_type, case_identifier=number, kind=act, at=later)
    market.upgrade()
    kept = market.rows("credit_record_suspensions", "record_id", "since", "until")
    assert kept == [(over, at, later), (still, at, None)]
    assert market.row("contracts", contract)["ended_at"] == later
    assert [market.row("deliverables", key)["cancelled_at"] for key in (missed, called_off)] == [later, later]
    market.add("credit_record_suspensions", record_id=over, since=later)
    market.downgrade()
    assert market.row("credit_records", over)["suspended_at"] == later, "the last is left"
    assert market.row("credit_records", still)["suspended_at"] == at
