"""What migrations make of the rows that were there.

They are inserted at the version before, looked at after, and after the way back. Every snapshot then goes on
to the newest version.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from tests.models.snapshot import LONG_AGO, Snapshot

LATER = LONG_AGO + timedelta(days=30)


def test_0002_draws_of_before_were_frozen_when_promised_and_bids_opened_at_their_deadline(
    market: Snapshot,
) -> None:
    draw = market.add("draws", candidates=["A-1", "A-2"], committed_at=LATER)
    opened = market.add("requests", mode="sealed_bid", state="awarded", deadline=LATER)
    others = [
        market.add("requests", mode=mode, state=state, deadline=LATER)
        for mode, state in (("sealed_bid", "published"), ("inquiry", "awarded"))
    ]
    market.upgrade()
    assert market.rows("draws", "participants", "frozen_at", id=draw) == [(["A-1", "A-2"], LATER)]
    assert market.row("requests", opened)["opened_at"] == LATER
    assert [market.row("requests", other)["opened_at"] for other in others] == [None, None]
    market.downgrade()
    assert market.rows("draws", "candidates", id=draw) == [(["A-1", "A-2"],)]


def test_0003_every_text_becomes_one_matter_which_its_items_share(market: Snapshot) -> None:
    first, second, other = (
        market.add("service_items", code=code, approval_matter=name, department="水利")
        for code, name in (("ODD-1", "试验许可审批"), ("ODD-2", "试验许可审批"), ("ODD-3", "试验工程审批"))
    )
    before = market.rows("service_items", "id", "approval_matter")
    market.upgrade()
    (matter,) = market.rows("approval_matters", "id", "department", name="试验许可审批")
    assert matter[1] == "水利"
    assert market.rows("item_matters", "item_id", matter_id=matter[0]) == [(first,), (second,)]
    assert len(market.rows("approval_matters", "code")) == len({name for _, name in before})
    market.downgrade()
    assert market.rows("service_items", "id", "approval_matter") == before
    assert market.row("service_items", other)["approval_matter"] == "试验工程审批"


def test_0003_notices_of_before_state_what_was_awarded(market: Snapshot) -> None:
    buyer, agency = (market.add("organisations", name=name) for name in ("业主单位", "中介机构"))
    request = market.add("requests", project="灌区改造", buyer_id=buyer)
    market.add(
        "awards", identifier="W-1", request_id=request, buyer_id=buyer, agency_id=agency, price=123_456_705
    )
    notice, brought = (
        market.add("documents", case_type="award", case_identifier="W-1", organisation_id=whose)
        for whose in (None, buyer)
    )
    market.upgrade()
    facts = [
        ["项目", "灌区改造"],
        ["业主", "业主单位"],
        ["中选机构", "中介机构"],
        ["中选价", "¥ 1,234,567.05"],
    ]
    assert market.row("documents", notice)["issued"] == {"title": "中选通知书", "facts": facts}
    assert market.row("documents", brought)["issued"] is None, "what a party brought was not issued by us"


def test_0004_a_contract_of_before_has_one_milestone(market: Snapshot) -> None:
    clauses = [{"title": "工期", "text": "二十个工作日"}]
    done, agreed, new = (
        market.add("contracts", state=state, days=20, price=500_000, clauses=clauses, completed_at=ended)
        for state, ended in (("completed", LATER), ("buyer_agreed", None), ("agency_agreed", None))
    )
    report = market.add("deliverables", contract_id=done, state="passed", decided_at=LONG_AGO)
    deposit, settlement = (
        market.add("payments", contract_id=done, kind=kind) for kind in ("deposit", "settlement")
    )
    market.upgrade()
    assert market.rows(
        "milestones", "number", "name", "days", "amount", "reviewed", "met_at", "paid_at", contract_id=done
    ) == [(1, "报批稿", 20, 500_000, True, LONG_AGO, LATER)]
    (milestone,) = market.rows("milestones", "id", contract_id=done)
    assert market.row("deliverables", report)["milestone_id"] == milestone[0]
    assert market.rows("milestones", "met_at", "paid_at", contract_id=agreed) == [(None, None)]
    numbers = [market.row("payments", payment)["milestone_number"] for payment in (deposit, settlement)]
    assert numbers == [0, 1]
    states = [market.row("contracts", contract)["state"] for contract in (done, agreed, new)]
    assert states == ["completed", "drafted", "drafted"], "who agreed without a signature signs anew"
    kept = market.row("contracts", done)["clauses"]
    assert kept == [{"title": "工期", "text": "二十个工作日", "standard": "二十个工作日"}]
    market.downgrade()
    assert market.rows("deliverables", "contract_id", "state", id=report) == [(done, "passed")]
    assert market.rows("payments", "kind", contract_id=done) == [("deposit",), ("settlement",)]


def test_0004_items_say_of_which_kind_they_are(market: Snapshot) -> None:
    market.add("service_items", code="ODD-1")
    market.upgrade()
    kinds = dict(market.rows("service_items", "code", "kind"))
    found = {code: kinds[code] for code in ("ODD-1", "EIA-02", "SUR-01", "CON-02", "FIN-03", "LEG-01")}
    assert found == {
        "ODD-1": "report",
        "EIA-02": "testing",
        "SUR-01": "survey",
        "CON-02": "supervision",
        "FIN-03": "audit",
        "LEG-01": "legal",
    }


def test_0005_two_lines_become_one_and_money_that_was_in_was_seen(market: Snapshot) -> None:
    bank, escrow, payable = (
        market.add("ledger_accounts", code=kind, kind=kind, balance=balance)
        for kind, balance in (("bank", -900), ("escrow", 600), ("payable", 300))
    )
    entries = [
        market.add("ledger_entries", key=key, at=at)
        for key, at in (("P-1:received", LONG_AGO), ("P-1:released", LATER))
    ]
    before = [
        (entries[0], bank, -900),
        (entries[0], escrow, 900),
        (entries[1], escrow, -300),
        (entries[1], payable, 300),
    ]
    for entry, account, amount in before:
        market.add("ledger_lines", entry_id=entry, account_id=account, amount=amount)
    received, waiting = (
        market.add("payments", identifier=name, state=state)
        for name, state in (("P-1", "confirmed"), ("P-2", "paid"))
    )
    market.upgrade()
    lines = market.rows("ledger_lines", "entry_id", "debit_id", "credit_id", "amount")
    assert lines == [(entries[0], bank, escrow, 900), (entries[1], escrow, payable, 300)]
    assert market.rows("ledger_accounts", "balance") == [(-900,), (600,), (300,)], "nothing is moved twice"
    assert market.rows("payments", "state", "paid_at", "gateway", id=received) == [
        ("cleared", LONG_AGO, "bank")
    ]
    assert market.rows("payments", "state", "paid_at", id=waiting) == [("paid", None)]
    market.downgrade()
    assert sorted(market.rows("ledger_lines", "entry_id", "account_id", "amount")) == sorted(before)
    assert market.rows("ledger_accounts", "balance") == [(-900,), (600,), (300,)]
    assert [market.row("payments", payment)["state"] for payment in (received, waiting)] == [
        "confirmed",
        "paid",
    ]


def test_0006_what_was_done_was_carried_out_whole(market: Snapshot) -> None:
    done, half = (market.add("batches", state=state, total=7) for state in ("done", "running"))
    market.upgrade()
    assert [market.row("batches", batch)["loaded"] for batch in (done, half)] == [7, 0]
    market.downgrade()
    assert market.rows("batches", "total", "state") == [(7, "done"), (7, "running")]


def test_0007_the_keeper_knew_every_deadline_and_the_last_paper_counts(market: Snapshot) -> None:
    kept, plain = (
        market.add("requests", deadline=LATER, keeper_handle=handle) for handle in ("handle", None)
    )
    printed, never = (market.add("contracts", identifier=name) for name in ("C-1", "C-2"))
    for name, issued in (("D-1", {"title": "一"}), ("D-2", {"title": "二"}), ("D-3", None)):
        market.add(
            "documents", identifier=name, case_type="contract", case_identifier="C-1", **_issued(issued)
        )
    market.upgrade()
    assert [market.row("requests", request)["keeper_until"] for request in (kept, plain)] == [LATER, None]
    assert [market.row("contracts", contract)["paper"] for contract in (printed, never)] == ["D-2", None]


def _issued(stated: dict[str, str] | None) -> dict[str, Any]:
    """NULL, and not JSON's own null, where nothing was issued."""
    return {"issued": stated} if stated else {}


def test_0008_keys_that_say_not_whose_they_are_answer_nothing_any_more(market: Snapshot) -> None:
    market.add("submissions")
    market.upgrade()
    assert market.rows("submissions", "key") == []
    market.add("submissions", fingerprint="f")
    market.downgrade()
    assert market.rows("submissions", "key") == []


def test_0011_of_two_spellings_of_one_number_the_older_row_gets_the_better(market: Snapshot) -> None:
    numbers = ("ｚ－1 a", "Z-1A", "ｚ－2")
    older = [market.add("qualifications", kind="水利", number=number) for number in numbers]
    elsewhere = market.add("qualifications", kind="环境", number="ｚ－1 a")
    invoice = market.add("invoices", number="１２-３４")
    emails = ("Ｒene\u0301@Example.cn", "no address", "buyer@example.cn", "ＢＵＹＥＲ@example.cn")
    addresses = [market.add("users", email=email) for email in emails]
    market.upgrade()
    kept = [market.row("qualifications", number)["number"] for number in older]
    assert kept == ["ｚ－1 a", "Z-1A", "Z-2"], "what has the better spelling already keeps it alone"
    assert market.row("qualifications", elsewhere)["number"] == "Z-1A", "unique within its kind"
    assert market.row("invoices", invoice)["number"] == "1234"
    kept = [market.row("users", user)["email"] for user in addresses]
    assert kept == ["ren\u00e9@example.cn", "no address", "buyer@example.cn", "ＢＵＹＥＲ@example.cn"]


def test_0012_what_had_not_come_counts_as_missed(market: Snapshot) -> None:
    failed, other = (market.add("contracts", ended_through=whose) for whose in ("agency", "buyer"))
    cases = (
        ("late", other, None, LATER),
        ("cancelled", failed, None, LATER),
        ("cancelled", other, None, None),
        ("late", failed, LONG_AGO, None),
        ("passed", failed, None, None),
    )
    reports = [
        market.add("deliverables", state=state, contract_id=contract, submitted_at=came, deliver_by=LATER)
        for state, contract, came, _missed in cases
    ]
    market.upgrade()
    found = [market.row("deliverables", report)["missed_at"] for report in reports]
    assert found == [missed for *_, missed in cases]


def test_0013_quotes_keep_their_price_and_a_sealed_one_is_withdrawn_on_the_way_back(
    market: Snapshot,
) -> None:
    quote = market.add("quotes", price=100, days=20, published_price=120, state="open")
    offer = market.add("offers", quote_id=quote, price=100, days=20)
    market.upgrade()
    columns = ("price", "days", "published_price", "state")
    assert market.rows("quotes", *columns, "sealed") == [(100, 20, 120, "open", None)]
    sealed = market.add("quotes", state="open", sealed=b"sealed", due_at=LATER)
    assert market.rows("quotes", *columns, id=sealed) == [(None, None, None, "open")]
    market.downgrade()
    assert market.rows("quotes", *columns, "due_at") == [
        (100, 20, 120, "open", None),
        (0, 0, 0, "declined", None),
    ]
    assert market.rows("offers", "id", "quote_id") == [(offer, quote)]


def test_0015_who_was_here_has_shown_his_address_and_who_has_none_keeps_none(market: Snapshot) -> None:
    old = market.add("users", email="old@example.cn", created_at=LATER)
    member = market.add("memberships", user_id=old)
    market.upgrade()
    assert market.rows("users", "email", "email_confirmed_at", id=old) == [("old@example.cn", LATER)]
    new = market.add("users", email=None, email_asked="new@example.cn")
    market.downgrade()
    assert market.row("users", new)["email"] == f"unconfirmed {new}"
    assert market.row("users", old)["email"] == "old@example.cn"
    assert market.row("memberships", member)["user_id"] == old, "the table was made anew under its members"


def test_0018_delegations_that_gave_power_count_and_no_others(market: Snapshot) -> None:
    enterprise, agency = (market.add("organisations", kind=kind) for kind in ("enterprise", "agency"))
    people = {
        "free": market.add("users", email="free@example.cn"),
        "staff": market.add("users", email="staff@example.cn"),
        "agent": market.add("users", email="agent@example.cn"),
        "unconfirmed": market.add("users", email=None),
        "unclaimed": market.add("users", email="x@example.cn", password_hash=""),
    }
    market.add("memberships", user_id=people["staff"], organisation_id=enterprise)
    market.add("memberships", user_id=people["agent"], organisation_id=agency)
    given = {name: market.add("delegations", user_id=person) for name, person in people.items()}
    market.upgrade()
    accepted = {
        name for name, number in given.items() if market.row("delegations", number)["accepted_at"] is not None
    }
    assert accepted == {"free", "staff"}
    laid_down = market.add("delegations", accepted_at=LONG_AGO, laid_down_at=LATER)
    market.downgrade()
    standing = market.rows("delegations", "id", revoked_at=None)
    assert {number for (number,) in standing} == {given["free"], given["staff"]}
    assert market.row("delegations", laid_down)["revoked_at"] is not None


def test_0019_a_request_whose_contract_was_never_signed_came_to_nothing(market: Snapshot) -> None:
    contracts = {
        "never signed": [("terminated", None)],
        "signed": [("terminated", LONG_AGO)],
        "running": [("active", LONG_AGO)],
        "second try": [("terminated", None), ("active", LONG_AGO)],
        "none": [],
    }
    requests = {name: market.add("requests", state="contracted", due_at=LATER) for name in contracts}
    for name, rows in contracts.items():
        for state, signed in rows:
            market.add("contracts", request_id=requests[name], state=state, signed_at=signed)
    market.upgrade()
    found = {name: market.row("requests", number)["state"] for name, number in requests.items()}
    assert found == {**dict.fromkeys(contracts, "contracted"), "never signed": "failed"}
    assert market.row("requests", requests["never signed"])["due_at"] is None
    revoking = market.add("requests", state="revoking", due_at=LATER)
    market.downgrade()
    assert market.rows("requests", "state", "due_at", id=revoking) == [("contracted", None)]


def test_0020_every_account_has_a_name_of_its_own_and_every_draft_a_limit(market: Snapshot) -> None:
    for _ in range(3):
        market.add("users")
    draft, filed = (market.add("claims", state=state) for state in ("draft", "filed"))
    market.upgrade()
    handles = [handle for (handle,) in market.rows("users", "handle")]
    assert len(set(handles)) == len(handles) >= 3
    assert all(len(handle) == 12 for handle in handles)
    assert market.row("claims", draft)["due_at"] > LATER
    assert market.row("claims", filed)["due_at"] is None
    market.downgrade()
    assert market.row("claims", draft)["due_at"] is None


def test_0021_a_payout_booked_by_its_number_keeps_it(market: Snapshot) -> None:
    cases = {"F-1": ("begin", "send"), "F-2": ("send",), "F-3": ("begin", "send")}
    payouts = {name: market.add("payouts", identifier=name, gateway="bank", tries=2) for name in cases}
    for name, acts in cases.items():
        for act in acts:
            role = "custodian" if act == "send" else "system"
            market.add(
                "events",
                case_type="payout",
                case_identifier=name,
                kind=f"payout.{act}",
                actor_role=role,
                actor_user_id=None,
            )
    market.add("ledger_entries", key="F-3:bank:2")
    market.upgrade()
    assert {name: market.row("payouts", number)["tries"] for name, number in payouts.items()} == {
        "F-1": 1,
        "F-2": 2,
        "F-3": 2,
    }


def test_0023_projects_are_kept_as_they_are_compared(market: Snapshot) -> None:
    names = ("灌区改造(第二次采购)", "灌区改造", "灌区改造" * 50)
    requests = [market.add("requests", project=name) for name in names]
    market.upgrade()
    keys = [market.row("requests", request)["project_key"] for request in requests]
    assert keys == ["灌区改造", "灌区改造", "灌区改造" * 50]
    market.downgrade()
    assert [market.row("requests", request)["project"] for request in requests] == list(names)


def test_0024_what_was_kept_of_requests_is_of_tenders(market: Snapshot) -> None:
    buyer = market.add("organisations", name="业主单位")
    request = market.add("requests", project="灌区改造", buyer_id=buyer)
    bid = market.add("bids", request_id=request)
    record = market.add("credit_records", agency_id=buyer)
    told = market.add("events", case_type="request", kind="request.publish", tells={"organisations": [buyer]})
    other = market.add("events", case_type="award", kind="award.request", tells={"organisations": []})
    lent = market.add("delegations", scope=["request", "contract"])
    paper = market.add("documents", case_type="request", case_identifier="Q-1")
    failed = market.add("failures", what="notices", act="request.publish", case_type="request")
    whole = market.add("failures", what="consumers", act="notices again")
    again = market.add("events", case_type="request", kind="failure.retry", tells={"organisations": []})
    market.add("cursors", consumer="notices", position=7)
    market.upgrade()
    assert market.row("bids", bid)["tender_id"] == request
    assert market.row("tenders", request)["project"] == "灌区改造"
    assert market.row("credit_records", record)["subject_id"] == buyer
    assert market.rows("events", "case_type", "kind", "notify", id=told) == [
        ("tender", "tender.publish", {"organisations": [buyer]})
    ]
    assert market.rows("events", "case_type", "kind", id=other) == [("award", "award.request")]
    assert market.row("delegations", lent)["scope"] == ["tender", "contract"]
    assert market.row("documents", paper)["case_type"] == "tender"
    assert market.rows("failures", "what", "act", "case_type", id=failed) == [
        ("notifications", "tender.publish", "tender")
    ]
    assert market.rows("cursors", "position", consumer="notifications") == [(7,)]
    assert market.rows("failures", "what", "act", id=whole) == [("consumers", "notifications again")]
    assert market.rows("events", "case_type", "kind", id=again) == [("tender", "failure.retry")]
    market.downgrade()
    assert market.rows("failures", "what", "act", id=whole) == [("consumers", "notices again")]
    assert market.rows("events", "case_type", "kind", id=again) == [("request", "failure.retry")]
    assert market.rows("events", "case_type", "kind", "tells", id=told) == [
        ("request", "request.publish", {"organisations": [buyer]})
    ]
    assert market.row("delegations", lent)["scope"] == ["request", "contract"]
    assert market.row("bids", bid)["request_id"] == request


def test_0038_a_record_that_was_proposed_weighs_what_the_policy_says_and_is_to_be_told(
    market: Snapshot,
) -> None:
    heavy = market.add("credit_records", kind="revoked", state="proposed", due_at=None)
    light = market.add("credit_records", kind="late_payment", state="dropped", due_at=None)
    market.upgrade()
    assert market.rows("credit_records", "weight", "points", "credit_policy", "due_at", id=light) == [
        ("minor", -5, "standard/2026-12", None)
    ]
    row = market.row("credit_records", heavy)
    assert (row["weight"], row["points"], row["notified_at"]) == ("severe", -40, None)
    assert "sign" in row["limits"]
    assert row["due_at"] is not None
    market.downgrade()
    assert market.row("credit_records", heavy)["due_at"] is None
