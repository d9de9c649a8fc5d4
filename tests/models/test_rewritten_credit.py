"""What migrations make of what credit is made of: see test_rewrites.py."""

from __future__ import annotations

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
