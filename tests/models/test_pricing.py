"""Published prices, exact in fen."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from models import money, pricing
from models.errors import RuleViolation
from models.money import FEN
from models.pricing import Quantity, Written

TABLES = {
    f"{s['id']}/{name}": terms for s in pricing.standards().values() for name, terms in s["tables"].items()
}
amounts = st.integers(min_value=1, max_value=2_000_000_000 * FEN)


def test_the_published_worked_example() -> None:
    """计价格〔2002〕1980号: a works tender of 60 million yuan costs 225,500 yuan."""
    works = TABLES["tender-agency-2002-1980/works"]
    assert pricing.price(works, Quantity(amount=60_000_000 * FEN)) == 225_500 * FEN


def test_all_five_standards_are_there_and_sound() -> None:
    assert len(pricing.standards()) == 5
    for terms in TABLES.values():
        assert pricing.check(terms) is terms


@pytest.mark.parametrize("terms", TABLES.values(), ids=TABLES)
def test_every_printed_point_is_hit(terms: dict[str, Any]) -> None:
    for base, fee in terms.get("points", []):
        assert pricing.price({**terms, "factors": None}, Quantity(amount=base or 1)) == fee


@pytest.mark.parametrize("terms", TABLES.values(), ids=TABLES)
@given(a=amounts, b=amounts)
def test_a_larger_job_never_costs_less(terms: dict[str, Any], a: int, b: int) -> None:
    low, high = sorted((a, b))
    assert pricing.price(terms, Quantity(amount=low)) <= pricing.price(terms, Quantity(amount=high))


@pytest.mark.parametrize("terms", TABLES.values(), ids=TABLES)
def test_there_is_no_jump_at_an_edge(terms: dict[str, Any]) -> None:
    """Both methods are continuous: one fen more at an edge costs at most one fen more."""
    edges = [upper for upper, _ in terms.get("bands", []) if upper] or [
        base for base, _ in terms["points"][:-1]
    ]
    for edge in edges:
        before, at, after = (
            (pricing.price(terms, Quantity(amount=edge + step)) for step in (-1, 0, 1) if edge + step >= 0)
            if edge
            else (0, 0, 0)
        )
        assert at - before <= 1
        assert after - at <= 1


@given(amount=amounts)
def test_the_bands_add_up(amount: int) -> None:
    terms = TABLES["tender-agency-2002-1980/works"]
    edges = [0, *(upper for upper, _ in terms["bands"] if upper), 10**18]
    by_hand = sum(
        (min(amount, high) - low) * Fraction(rate)
        for (low, high), (_, rate) in zip(pairwise(edges), terms["bands"], strict=True)
        if amount > low
    )
    assert abs(pricing.price(terms, Quantity(amount=amount)) - by_hand) <= Fraction(1, 2)


@given(price=st.integers(1, 10**9), count=st.integers(1, 1000))
def test_fixed_and_per_unit(price: int, count: int) -> None:
    assert pricing.price({"method": "fixed", "price": price}, Quantity()) == price
    assert pricing.price({"method": "per_unit", "price": price}, Quantity(count=count)) == price * count


def test_discount_factor_floor_and_cap() -> None:
    terms = {"method": "fixed", "price": 100_00, "factors": {"化工": "1.2"}, "discount": "0.5"}
    assert pricing.price(terms, Quantity()) == 50_00
    assert pricing.price(terms, Quantity(factor="化工")) == 60_00
    assert pricing.price({**terms, "floor": 70_00}, Quantity()) == 70_00
    assert pricing.price({**terms, "cap": 10_00}, Quantity()) == 10_00
    with pytest.raises(RuleViolation):
        pricing.price(terms, Quantity(factor="不存在"))
    with pytest.raises(RuleViolation):
        pricing.price(terms, Quantity(amount=-1))


@pytest.mark.parametrize(
    "terms",
    [
        {},
        {"method": "guess"},
        {"method": "fixed"},
        {"method": "fixed", "price": 0},
        {"method": "fixed", "price": -5},
        {"method": "fixed", "price": 10**16},
        {"method": "fixed", "price": 100, "floor": 200, "cap": 100},
        {"method": "fixed", "price": 100, "floor": 0},
        {"method": "fixed", "price": 100, "cap": 10**16},
        {"method": "fixed", "price": 100, "discount": "0"},
        {"method": "fixed", "price": 100, "discount": "3"},
        {"method": "progressive", "bands": []},
        {"method": "progressive", "bands": [[100, "0.1"]]},
        {"method": "progressive", "bands": [[None, "0.1"], [None, "0.1"]]},
        {"method": "progressive", "bands": [[200, "0.1"], [100, "0.1"], [None, "0.1"]]},
        {"method": "progressive", "bands": [[100, "0.1"], [100, "0.1"], [None, "0.1"]]},
        {"method": "progressive", "bands": [[0, "0.1"], [None, "0.1"]]},
        {"method": "progressive", "bands": [[None, "1.5"]]},
        {"method": "interpolated", "points": [[0, 1]]},
        {"method": "interpolated", "points": [[0, 10], [5, 5]]},
        {"method": "interpolated", "points": [[5, 5], [5, 6]]},
        {"method": "interpolated", "points": [[0, 0], [5, 0]], "floor": 100},
        {"method": "interpolated", "points": [[3, 0], [5, 5]]},
        {"method": "progressive", "bands": [[None, "0"]]},
        {"method": "progressive", "bands": [[100, "0"], [None, "0"]], "floor": 100},
        {"method": "progressive", "bands": [[100, "0"], [None, "0.1"]]},
    ],
)
def test_unsound_terms_are_refused_at_the_field(terms: dict[str, Any]) -> None:
    with pytest.raises(RuleViolation) as refused:
        pricing.check(terms)
    assert refused.value.field == "terms"


def say(message: str, **values: Any) -> str:
    return message % values if values else message


BANDS = [[100_000_000, "0.015"], [500_000_000, "0.011"], [900_000_000, "1/300"], [None, "0.008"]]


@pytest.mark.parametrize(
    ("terms", "said"),
    [
        ({"method": "fixed", "price": 500_00}, "¥ 500.00"),
        ({"method": "per_unit", "price": 12_50, "floor": 1_000_00}, "每单位 ¥ 12.50 · 最低 ¥ 1,000.00"),
        (
            {"method": "progressive", "bands": BANDS, "discount": "0.8", "cap": 9_000_00},
            "差额定率累进: 至 100 万元 1.5%; 至 500 万元 1.1%; 至 900 万元 0.333333% …"
            " × 80% · 最高 ¥ 9,000.00",
        ),
        ({"method": "progressive", "bands": BANDS[3:]}, "差额定率累进: 以上 0.8%"),
        (
            {"method": "interpolated", "points": [[0, 100_00], [1_000_000_00, 20_000_00]]},
            "插入法: 0 万元 → ¥ 100.00; 100 万元 → ¥ 20,000.00",
        ),
        (
            {**TABLES["tender-agency-2002-1980/works"], "standard": "tender-agency-2002-1980/works"},
            "按招标代理服务收费(计价格〔2002〕1980号) · 工程",
        ),
    ],
)
def test_terms_are_said_on_one_line(terms: dict[str, Any], said: str) -> None:
    assert pricing.describe(terms, say) == said


@pytest.mark.parametrize(
    ("written", "terms"),
    [
        (Written(method="fixed", price=500_00), {"method": "fixed", "price": 500_00}),
        (
            Written(method="per_unit", price=500_00, floor=1, cap=2, discount="85折"),
            {"method": "per_unit", "price": 500_00, "floor": 1, "cap": 2, "discount": "0.85"},
        ),
        (
            Written(method="progressive", table="100万, 1.5% | *, 1/300"),
            {"method": "progressive", "bands": [[100_000_000, "0.015"], [None, "1/300"]]},
        ),
        (
            Written(method="interpolated", table="0, 100\n100万；2万\n"),
            {"method": "interpolated", "points": [[0, 100_00], [100_000_000, 2_000_000]]},
        ),
        (
            Written(method="fixed", price=1, standard="tender-agency-2002-1980/works"),
            {**TABLES["tender-agency-2002-1980/works"], "standard": "tender-agency-2002-1980/works"},
        ),
    ],
)
def test_what_is_written_becomes_terms_of_its_method(written: Written, terms: dict[str, Any]) -> None:
    assert pricing.read(written) == terms
    assert {name for name in terms if name not in ("standard", "discount", "floor", "cap")} <= {
        part.name for part in pricing.parts()
    }


@pytest.mark.parametrize(
    ("written", "field"),
    [
        (Written(method="guess"), "method"),
        (Written(method="fixed", standard="none/such"), "standard"),
        (Written(method="fixed", price=1, discount="x"), "discount"),
        (Written(method="progressive", table="*, x"), "table"),
        (Written(method="interpolated", table="100, 1% "), "table"),
    ],
)
def test_what_cannot_be_read_is_refused_at_its_field(written: Written, field: str) -> None:
    with pytest.raises(RuleViolation) as refused:
        pricing.read(written)
    assert refused.value.field == field


POINTS = [[100_000_000, 3_000_000], [500_000_000, 11_000_000]]


@pytest.mark.parametrize(
    ("above", "amount", "price"),
    [
        (None, 50_000_000, 1_500_000),  # below the first point, in proportion
        (None, 100_000_000, 3_000_000),
        (None, 300_000_000, 7_000_000),
        (None, 500_000_000, 11_000_000),
        (None, 900_000_000, 11_000_000),
        ("0.02", 900_000_000, 18_000_000),
        ("0.02", 510_000_000, 11_000_000),  # a larger job is not cheaper than the last point
    ],
)
def test_between_points_below_the_first_and_above_the_last_by_hand(
    above: str | None, amount: int, price: int
) -> None:
    terms = {"method": "interpolated", "points": POINTS, **({"above": above} if above else {})}
    assert pricing.price(terms, Quantity(amount=amount)) == price


def test_a_first_point_at_nothing_is_where_the_line_begins() -> None:
    terms = {"method": "interpolated", "points": [[0, 100_00], [1_000_000_00, 20_000_00]]}
    assert pricing.price(terms, Quantity(amount=1)) == 100_00
    assert pricing.price(terms, Quantity(amount=500_000_00)) == 10_050_00


@pytest.mark.parametrize("method", pricing.METHODS.values(), ids=pricing.METHODS)
@pytest.mark.parametrize("measure", ["amount", "count", "none"])
def test_a_job_without_a_methods_base_has_no_price_and_never_the_floor(
    method: type[pricing.Method], measure: str
) -> None:
    """Every method by every measure: either the item has what it is reckoned from, or it is refused."""
    terms = {**pricing.read(replace(method.example, method=method.name)), "floor": 5_000_00}
    job = {"amount": Quantity(amount=10**9), "count": Quantity(count=10), "none": Quantity()}[measure]
    assert pricing.check(terms) is terms
    if method.fits(measure):
        assert pricing.price(terms, job) >= 5_000_00
    else:
        with pytest.raises(RuleViolation) as refused:
            pricing.price(terms, job)
        assert refused.value.field == "quantity"


def test_what_fits_what() -> None:
    assert {
        name: [m for m in ("amount", "count", "none") if method.fits(m)]
        for name, method in pricing.METHODS.items()
    } == {
        "fixed": ["amount", "count", "none"],
        "per_unit": ["count"],
        "progressive": ["amount"],
        "interpolated": ["amount"],
    }


def test_a_floor_or_a_cap_may_stand_alone_or_be_the_same() -> None:
    fixed = {"method": "fixed", "price": 100}
    for limits, price in (({"floor": 150}, 150), ({"cap": 80}, 80), ({"floor": 90, "cap": 90}, 90)):
        assert pricing.price(pricing.check({**fixed, **limits}), Quantity()) == price


def test_terms_that_name_a_standard_are_those_of_the_standard() -> None:
    standard = "tender-agency-2002-1980/works"
    terms = {**TABLES[standard], "standard": standard}
    assert pricing.check({**terms, "discount": "0.8", "floor": 1_000_00}) is not None
    with pytest.raises(RuleViolation):
        pricing.check({**terms, "bands": [[None, "0.5"]]})


def test_the_largest_sum_is_one_and_a_sum_is_needed() -> None:
    assert pricing.check({"method": "fixed", "price": money.MOST})
    for wrong in (money.MOST + 1, 0, None):
        with pytest.raises(RuleViolation):
            pricing.check({"method": "fixed", "price": wrong})


def test_what_is_stored_of_a_quantity_is_read_back() -> None:
    assert Quantity.of({"amount": 5, "count": 3, "factor": "hydro"}) == Quantity(5, 3, "hydro")
    assert Quantity.of({"amount": None, "count": None, "factor": None}) == Quantity(0, 0, "")


edges = st.lists(st.integers(1, 10**14), min_size=1, max_size=6, unique=True).map(sorted)
rates = st.fractions(0, 1, max_denominator=1_000).map(str)


def rows(lefts: list[Any], rights: list[Any]) -> list[list[Any]]:
    return [[left, right] for left, right in zip(lefts, rights, strict=False)]


sound = st.one_of(
    st.builds(
        lambda uppers, shares: {"method": "progressive", "bands": rows([*uppers, None], shares)},
        edges,
        st.lists(rates, min_size=7, max_size=7),
    ),
    st.builds(
        lambda bases, fees: {"method": "interpolated", "points": rows([0, *bases], fees)},
        edges,
        st.lists(st.integers(0, 10**12), min_size=7, max_size=7).map(sorted),
    ),
)


def accepted(terms: dict[str, Any]) -> bool:
    try:
        return pricing.check(terms) is terms
    except RuleViolation:
        return False


@given(terms=sound, floor=st.none() | st.integers(1, 10**9), amount=amounts)
def test_no_accepted_fee_is_free_before_its_floor_unless_the_floor_says_so(
    terms: dict[str, Any], floor: int | None, amount: int
) -> None:
    terms = terms if floor is None else {**terms, "floor": floor}
    assume(accepted(terms))
    computed = pricing.METHODS[terms["method"]].of(terms).price(Quantity(amount=amount))
    assert computed > 0 or terms.get("floor"), "a small job may cost the floor, and none nothing"
    assert pricing.price(terms, Quantity(amount=amount)) >= (floor or 0)
    most = pricing.METHODS[terms["method"]].of(terms).price(Quantity(amount=money.MOST * 100))
    assert most > 0, "not every job costs the floor: that is a fixed price"


@given(terms=sound, a=amounts, b=amounts)
def test_terms_that_pass_the_check_never_make_a_larger_job_cheaper(
    terms: dict[str, Any], a: int, b: int
) -> None:
    small, large = sorted((a, b))
    assume(accepted(terms))
    assert pricing.price(terms, Quantity(amount=small)) <= pricing.price(terms, Quantity(amount=large))
