"""Numbers as people write them: what is understood, and that nothing costs more than it is long."""

from __future__ import annotations

import time
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from market import spreadsheets
from models import measures, money, numbers, pricing
from models.errors import RuleViolation
from models.payments.payment import payments_named_in, reference
from models.pricing import Written
from models.pricing.progressive import Progressive
from tests.cases import case

DAMAGE = [
    "1e9999999",
    "1E-99999",
    "0e9999999",
    "9" * 5_000,
    "0." + "0" * 5_000 + "1",
    "1/9999999999",
    "1/0",
    "9999999999/3",
    "1_000",
    "0x10",
    "nan",
    "inf",
    "-inf",
    "1e5",
    "١٢",
    "²",
    "1.5亿2000万",
    "0.5亿2000万元",
    "1,5亿2000万",
    "",
    ".",
]


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("12345.6", 1_234_560),
        ("¥ 12,345.60", 1_234_560),
        ("¥12,345.60", 1_234_560),
        ("80万元", 80_000_000),
        ("80 万", 80_000_000),
        ("1.2345万元", 1_234_500),
        ("0.5亿", 5_000_000_000),
        ("1亿2000万", 12_000_000_000),
        ("1.2 亿 元", 12_000_000_000),
        ("1亿零50.5万元", 10_050_500_000),
        ("1,234.50元", 123_450),
        ("1234.50元整", 123_450),
        ("人民币500万元整", 500_000_000),
        ("500万人民币", 500_000_000),
        (".5", 50),
        ("１２，３４５．６０", 1_234_560),
        ("12\u200b345", 1_234_500),
        ("CNY 3", 300),
        ("rmb 80", 8_000),
        ("80 rmb", 8_000),
        ("80萬", 80_000_000),
        ("1億2000萬元", 12_000_000_000),
        ("80元5角", 8_050),
        ("80元5角3分", 8_053),
        ("1,080元零5分", 108_005),
        ("８０圓５角整", 8_050),
        ("五千万", 5_000_000_000),
        ("一亿两千万元", 12_000_000_000),
        ("三万五", 3_500_000),
        ("一点二亿", 12_000_000_000),
        ("十二点零五万元", 12_050_000),
        ("捌拾元伍角", 8_050),
    ],
)
def test_a_sum_is_read_in_the_ways_people_write_it(text: str, fen: int) -> None:
    assert money.parse(text) == fen


@pytest.mark.parametrize(
    ("text", "fen"),
    [
        ("+1.00", 100),
        ("-1,000.00", -100_000),
        ("\u22125", -500),
        ("(1,000.00)", -100_000),
        ("8000.00000", 800_000),
        ("¥-3", -300),
    ],
)
def test_a_program_writes_signs_and_long_decimals(text: str, fen: int) -> None:
    assert money.parse(text, signed=True, exact=True) == fen
    with pytest.raises(ValueError, match="amount"):
        money.parse(text)


@pytest.mark.parametrize(
    ("text", "share"),
    [
        ("0.85", "0.85"),
        ("85%", "0.85"),
        ("８５％", "0.85"),
        ("8.5折", "0.85"),
        ("85折", "0.85"),
        ("98折", "0.98"),
        ("９折", "0.9"),
        ("10折", "1"),
        ("85.5折", "0.855"),
        ("12‰", "0.012"),
        ("1", "1"),
        ("0.850", "0.85"),
        ("1/3", "1/3"),
        ("1 / 4", "0.25"),
        ("八折", "0.8"),
        ("八五折", "0.85"),
        ("九八折", "0.98"),
    ],
)
def test_a_share_is_kept_as_one_decimal(text: str, share: str) -> None:
    assert pricing.read_discount(text) == share == numbers.plain(Fraction(share))


@pytest.mark.parametrize("text", ["850折", "100折", "10.5折", "12.5折", "11折", "19折", "十一折"])
def test_more_than_the_whole_is_no_discount(text: str) -> None:
    with pytest.raises(ValueError, match="share"):
        numbers.share(text)


def test_ten_thousand_may_be_a_letter() -> None:
    assert (numbers.yuan("10w"), numbers.yuan("1.5W元"), numbers.whole("3w")) == (100_000, 15_000, 30_000)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("20", 20),
        ("２０", 20),
        ("1,000", 1_000),
        ("3万", 30_000),
        ("三", 3),
        ("-3", -3),
    ],
)
def test_a_whole_number(text: str, number: int) -> None:
    assert numbers.whole(text) == number


DAYS, PERCENT, PEOPLE = numbers.WORKING_DAYS, numbers.PERCENT, numbers.PEOPLE


@pytest.mark.parametrize(
    ("text", "unit", "number"),
    [
        ("20 个工作日", DAYS, 20),
        ("20個工作日", DAYS, 20),
        ("二十个工作日", DAYS, 20),
        ("20天", DAYS, 20),
        ("20 Working Days", DAYS, 20),
        ("３０％", PERCENT, 30),
        ("两人", PEOPLE, 2),
        ("3万亩", measures.unit_of("测量面积(亩)"), 30_000),
        ("12 mu", measures.unit_of("测量面积(亩)"), 12),
    ],
)
def test_behind_a_number_stands_the_unit_that_is_asked_for(
    text: str, unit: numbers.Unit, number: int
) -> None:
    assert numbers.whole(text, unit) == number
    with pytest.raises(ValueError, match="whole"):
        numbers.whole(text)


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        *((text, DAYS) for text in ("3个月", "1年", "2周", "20%", "30分", "3人", "20个", "20 hours")),
        *((text, DAYS) for text in ("20日历天", "20個日历日", "20自然日", "二十个自然天")),
        *((text, PERCENT) for text in ("30天", "30分", "30人")),
        *((text, PEOPLE) for text in ("3%", "3天", "3个月")),
        ("12公顷", measures.unit_of("测量面积(亩)")),
        ("12%", numbers.BARE),
    ],
)
def test_another_unit_is_another_number(text: str, unit: numbers.Unit) -> None:
    with pytest.raises(ValueError, match="whole"):
        numbers.whole(text, unit)


@pytest.mark.parametrize(
    "text", ["五万w", "五万万", "一万 万", "五亿w", "五千 千", "五千万w", "5万w", "1亿2000万w"]
)
def test_one_power_is_not_piled_upon_another(text: str) -> None:
    for read in (numbers.yuan, numbers.whole):
        with pytest.raises(ValueError, match="not"):
            read(text)


@pytest.mark.parametrize(
    ("text", "readings"),
    [
        ("三万五元", (35_000, 30_005)),
        ("三千五块", (3_500, 3_005)),
        ("两万三百五元整", (20_350, 20_305)),
        ("三百五人民币", (350, 305)),
    ],
)
def test_a_number_cut_short_before_its_unit_is_two(text: str, readings: tuple[int, int]) -> None:
    with pytest.raises(numbers.Ambiguous) as two:
        money.parse(text)
    assert two.value.readings == readings
    said = str(numbers.refused(two.value, money.HOW))
    assert all(f"{reading:,}" in said for reading in readings)
    assert text in said


@pytest.mark.parametrize("text", ["七八折", "三五折"])
def test_a_discount_said_roughly_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="no number"):
        numbers.share(text)


@pytest.mark.parametrize("text", ["三五天", "三四", "一二", "二三十", "三五万"])
def test_what_is_said_roughly_is_no_number(text: str) -> None:
    with pytest.raises(ValueError, match="no"):
        numbers.whole(text)
    with pytest.raises(ValueError, match="no"):
        numbers.yuan(text)


def bands(table: str) -> object:
    return Progressive.read(Written(table=table))["bands"]


@pytest.mark.parametrize("text", DAMAGE)
def test_exponents_fractions_and_endless_digits_are_refused_at_once(text: str) -> None:
    began = time.thread_time()
    for read in (money.parse, numbers.share, numbers.whole, numbers.yuan):
        with pytest.raises(ValueError, match="not"):
            read(text)
    with pytest.raises(RuleViolation) as refused:
        bands(f"*,{text or 'x'}")
    assert refused.value.field == "table"
    if text:
        with pytest.raises(RuleViolation):
            pricing.read_discount(text)
    assert time.thread_time() - began < 0.5


@given(st.text(max_size=80) | st.from_regex(r"[-+¥]?[0-9,.]{0,40}[eE%万亿元]?[0-9]{0,20}", fullmatch=True))
def test_whatever_is_typed_is_a_number_within_bounds_or_refused(text: str) -> None:
    for read in (numbers.yuan, numbers.share, numbers.whole):
        try:
            assert abs(read(text)) < 10**27
        except ValueError:
            continue


@given(st.fractions(0, 100, max_denominator=1).map(lambda whole: whole / 1000))
def test_a_share_reads_what_it_writes(value: Fraction) -> None:
    assert numbers.share(numbers.plain(value)) == value


@pytest.mark.parametrize(
    "table",
    [
        "1000000,0.015|5000000,0.011|*,0.008",
        "100万元以下,1.5%|100万-500万,1.1%|*,0.8%",
        "100万元以下,1.5%|100-500万元,1.1%|500万元以上部分,0.8%",
        "≤100万，１．５％\n100万至500万；1.1%\n超过500万元, 8‰",
        "100万元（含）以下,1.5%|100万元~500万元,1.1%|*,0.8%",
    ],
)
def test_bands_are_read_as_they_are_published(table: str) -> None:
    assert bands(table) == [
        [100_000_000, "0.015"],
        [500_000_000, "0.011"],
        [None, "0.008"],
    ]


@pytest.mark.parametrize("between", ["", " ", "/", "、", "+"])
@pytest.mark.parametrize("within", ["", "/", ".", "_", "+", " / "])
def test_references_that_run_together_or_are_parted_are_all_found(between: str, within: str) -> None:
    written = [
        f"{said[:5]}{within}{said[5:9]}{within}{said[9:]}"
        for said in map(reference, ("M-2026-000123", "Z-2026-000456"))
    ]
    assert payments_named_in(f"款 {between.join(written)} 20260302") == (
        ["M-2026-000123", "Z-2026-000456"],
        False,
    )


def test_a_reference_with_a_digit_too_many_is_none() -> None:
    assert payments_named_in(f"{reference('M-2026-000123')}7") == ([], False)


def test_bands_that_leave_a_gap_are_named() -> None:
    with pytest.raises(RuleViolation, match="200万-500万"):
        bands("100万,1%|200万-500万,1%|*,1%")


def test_the_tables_from_the_field() -> None:
    columns: spreadsheets.Headings = {"item": ("事项编号",), "table": ("档位或点",)}
    told = spreadsheets.read(case("fees_wan.csv"), columns, ("item",))[0]["table"]
    assert pricing.check({"method": "progressive", "bands": bands(told)})["bands"][0] == [
        100_000_000,
        "0.015",
    ]
    with pytest.raises(RuleViolation, match="1e-99999"):
        bands(spreadsheets.read(case("fees_exponent.csv"), columns, ("item",))[0]["table"])
