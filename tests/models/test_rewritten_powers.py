"""Who may bind an organisation, where nobody had been asked yet."""

from __future__ import annotations

from tests.models.snapshot import Snapshot


def test_0032_whoever_signed_or_paid_before_goes_on_and_nobody_else(market: Snapshot) -> None:
    signed, other, office = (
        market.add("organisations", name=name, kind=kind)
        for name, kind in (("业主单位", "enterprise"), ("别家", "agency"), ("监管局", "authority"))
    )
    people = {name: market.add("users", name=name, handle=name) for name in "abcde"}
    belongs = {
        name: market.add("memberships", user_id=people[name], organisation_id=organisation, role=role)
        for name, organisation, role in (
            ("a", signed, "owner"),
            ("b", signed, "staff"),
            ("c", signed, "staff"),
            ("d", other, "owner"),
            ("e", office, "owner"),
        )
    }
    for name, organisation, kind in (
        ("b", signed, "contract.agree_buyer"),
        ("b", signed, "payment.pay"),
        ("c", signed, "contract.revise"),
        ("d", other, "payment.confirm"),
        ("e", office, "payment.pay"),
    ):
        market.add("events", kind=kind, actor_user_id=people[name], actor_organisation_id=organisation)
    market.upgrade()
    told = market.rows(
        "authorisations", "user_id", "covers", "basis", "state", "until", organisation_id=signed
    )
    assert told == [(people[name], ["sign", "pay"], "before", "standing", None) for name in "ab"]
    given = {name: market.row("memberships", number)["authorisation_id"] for name, number in belongs.items()}
    assert [name for name, letter in given.items() if letter is not None] == ["a", "b"]
    assert market.rows("counters", "value", prefix="LA") == [(2,)]
    market.downgrade()
    assert len(market.rows("memberships", "role", organisation_id=signed)) == 3
