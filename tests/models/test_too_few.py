"""What follows the deadline with so many answers, whatever the policy's numbers are."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import RuleViolation
from models.sourcing.modes import TOO_FEW, Rules

ANY = st.builds(
    Rules,
    notice_days=st.just(3),
    least=st.integers(1, 3),
    extend_days=st.integers(0, 2),
    too_few=st.sampled_from(sorted(TOO_FEW)),
    publicity_days=st.just(3),
    hidden=st.booleans(),
)


@given(rules=ANY, count=st.integers(0, 4), extended=st.booleans())
def test_by_the_clock(rules: Rules, count: int, extended: bool) -> None:
    follows = rules.follows(count, early=False, extended=extended)
    if count >= rules.least:
        assert follows == "go_on"
    elif rules.extend_days and not extended:
        assert follows == "extend", "once, and nobody is told how many there are"
    else:
        assert follows == (rules.too_few if count else "fail"), "nothing goes on with nobody"


@given(rules=ANY, count=st.integers(0, 4), extended=st.booleans())
def test_early_by_the_buyer_nothing_is_extended_or_turned(rules: Rules, count: int, extended: bool) -> None:
    if not count:
        with pytest.raises(RuleViolation, match="提前截止"):
            rules.follows(count, early=True, extended=extended)
        return
    goes_on = count >= rules.least or rules.too_few == "go_on"
    assert rules.follows(count, early=True, extended=extended) == ("go_on" if goes_on else "fail")
