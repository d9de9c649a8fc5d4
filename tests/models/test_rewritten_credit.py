"""What migrations make of what credit is made of: see test_rewrites.py."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from models import clock
from tests.models.snapshot import LONG_AGO, Snapshot

LATER = LONG_AGO + timedelta(days=30)


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


def test_0046_a_contract_knows_its_prices_and_a_rating_what_was_seen_of_it(
    market: Snapshot,
) -> None:
    contract = market.add("contracts", price=4_500_000, award_id=market.add("awards", price=4_000_000))
    for number, (met_at, amount) in enumerate(((LONG_AGO, 1_000_000), (LATER, 500_000), (None, 3_000_000))):
        market.add("milestones", contract_id=contract, number=number, amount=amount, met_at=met_at)
    for days, kind, state, amounts in (
        (10, "variation", "agreed", [500_000, 2_600_000]),
        (15, "variation", "refused", [9_000_000]),
        (40, "variation", "agreed", [3_000_000]),
    ):
        terms = {"milestones": [{"amount": amount} for amount in amounts]}
        name = f"U-2026-0000{days}"
        market.add(
            "contract_changes", contract_id=contract, identifier=name, kind=kind, state=state, terms=terms
        )
        act = {"agreed": "change.agree", "refused": "change.refuse"}[state]
        at = LONG_AGO + timedelta(days=days)
        market.add("events", case_type="change", case_identifier=name, kind=act, at=at)
    rating = market.add("rating_facts", weight=1.2, seen_share=0.5)
    other, score = market.add("contracts"), market.add("credit_scores", holds_until=None)
    market.upgrade()
    until = [(LONG_AGO + timedelta(days=days)).isoformat() for days in (10, 40)]
    assert market.row("contracts", contract)["earlier_prices"] == [
        {"until": until[0], "price": 4_000_000},
        {"until": until[1], "price": 4_100_000},
    ]
    assert market.row("rating_facts", rating)["seen_weight"] == 0.6, "as past scores have it"
    assert market.row("contracts", other)["earlier_prices"] is None
    assert market.row("credit_scores", score)["holds_until"] is not None, "to be reckoned anew"
    market.downgrade()


def test_0048_a_listing_whose_dispute_was_rejected_is_called_so_and_knows_since_when_it_is_known(
    market: Snapshot,
) -> None:
    rejected = market.add(
        "external_listings", identifier="XL-1", state="confirmed", confirmed_at=LATER, listed_at=LATER
    )
    listed = market.add("external_listings", identifier="XL-2", state="listed", listed_at=LATER)
    told = {
        act: market.add(
            "events",
            case_type="external_listing",
            case_identifier="XL-1",
            kind=f"external_listing.{act}",
            at=LONG_AGO,
            data={"state": state, "title": "“甲”"},
        )
        for act, state in (("list", "listed"), ("reject", "confirmed"))
    }
    other = market.add("events", case_type="check", kind="check.confirm", data={"state": "confirmed"})
    market.upgrade()
    columns = ("state", "rejected_at", "known_at")
    assert market.rows("external_listings", *columns, id=rejected) == [("dispute_rejected", LATER, LONG_AGO)]
    assert market.rows("external_listings", "state", "known_at", id=listed) == [("listed", LATER)]
    said = {act: market.row("events", key)["data"] for act, key in told.items()}
    assert said["reject"] == {"state": "dispute_rejected", "title": "“甲”"}
    assert said["list"]["state"] == "listed"
    assert market.row("events", other)["data"] == {"state": "confirmed"}
    market.downgrade()
    assert market.rows("external_listings", "state", "confirmed_at", id=rejected) == [("confirmed", LATER)]
    assert market.row("events", told["reject"])["data"]["state"] == "confirmed"


def test_0050_each_part_of_a_statement_keeps_its_time_its_files_and_who_gave_it(market: Snapshot) -> None:
    user, told = market.add("users", name="张三"), {"stated_at": LONG_AGO}
    joined = market.add("credit_records", identifier="X-1", statement="先说这些。\n\n再补充。", **told)
    blurred = market.add("credit_records", identifier="X-2", statement="一。\n\n二。", **told)
    silent = market.add("credit_records", identifier="X-3", statement=None, stated_at=None)
    for record, act, at, data in (
        ("X-1", "defend_partly", LONG_AGO, {"sha256": "a", "attachments": ["b"]}),
        ("X-1", "defend", LATER, {}),
        ("X-2", "defend", LONG_AGO, {"sha256": "c"}),
    ):
        case, kind = {"case_type": "credit_record", "case_identifier": record}, f"credit_record.{act}"
        market.add("events", **case, kind=kind, at=at, data=data, actor_user_id=user)
    for name, record in (("a", "X-1"), ("b", "X-1"), ("c", "X-2"), ("d", "X-1")):
        market.add("documents", identifier=f"F-{name}", sha256=name, case_identifier=record)
    market.upgrade()
    columns = ("statement", "files", "stated_at", "stated_by_id", "stated_by")
    assert market.rows("credit_record_statements", *columns, record_id=joined) == [
        ("先说这些。", ["F-a", "F-b"], LONG_AGO, user, "张三"),
        ("再补充。", [], LATER, user, "张三"),
    ]
    assert market.rows("credit_record_statements", *columns, record_id=blurred) == [
        ("一。\n\n二。", ["F-c"], LONG_AGO, user, "张三")
    ]
    assert market.rows("credit_record_statements", *columns, record_id=silent) == []
    market.downgrade()
    assert market.row("credit_records", joined)["statement"] == "先说这些。\n\n再补充。"
    assert market.row("credit_records", joined)["stated_at"] == LONG_AGO
    assert market.row("credit_records", silent)["statement"] is None


def test_0047_a_rating_counts_since_it_was_published_and_who_has_more_to_say_has_the_turn(
    market: Snapshot,
) -> None:
    until = clock.now() + timedelta(days=3)
    fact = market.add("rating_facts", at=LATER)
    waits = {"state": "heard", "answer_until": until, "due_at": LATER, "waived_at": None}
    more = market.add("credit_records", more_to_come=True, **waits)
    over = market.add("credit_records", more_to_come=True, **{**waits, "answer_until": LATER})
    said = market.add("credit_records", more_to_come=False, **waits)
    market.upgrade()
    assert market.row("rating_facts", fact)["counts_from"] == LATER
    assert market.rows("credit_records", "state", "due_at", id=more) == [("notified", until)]
    for record in (over, said):
        assert market.rows("credit_records", "state", "due_at", id=record) == [("heard", LATER)]
    market.downgrade()


def test_0049_what_waited_for_a_second_official_stands_as_it_was_confirmed_before(market: Snapshot) -> None:
    listing = market.add("external_listings", identifier="XL-1", state="listed", ends_at=LATER, due_at=LATER)
    market.upgrade()
    columns = ("state", "change_fetch_id", "earlier")
    assert market.rows("external_listings", *columns, id=listing) == [("listed", None, None)]
    waits = market.add(
        "external_listings", identifier="XL-2", state="rejected_changing", ends_at=LATER, due_at=LONG_AGO
    )
    market.downgrade()
    assert market.rows("external_listings", "state", "due_at", id=waits) == [("dispute_rejected", LATER)]
