"""Names, codes and addresses, however they are written: each kind of other spelling and what it comes to."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.factories import code
from models import spelling, uscc
from models.errors import RuleViolation

DOTS = (
    "\u2022\u00b7\u2027\u30fb\uff0e\uff65\u0387\u2024\u2219\u22c5\u25cf\u318d\ua78f\u02d9.。 \u3000\u00a0\t"
)


@pytest.mark.parametrize("dot", list(DOTS), ids=ascii)
def test_no_dot_or_blank_between_the_parts_of_a_name_makes_it_another(dot: str) -> None:
    assert spelling.same_name(f"买买提{dot}艾力", "买买提·艾力")
    assert spelling.same_name(f"买买提{dot}艾力", "买买提艾力")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("⻘海⼤学", "青海大学"),  # radicals, with a decomposition and without
        ("西宁\u200b测绘\ufeff", "西宁测绘"),  # characters nobody sees
        ("ＡＢ测绘（青海）", "ab测绘(青海)"),
        ("Rene\u0301", "RENÉ"),
        ("葛\U000e0100某", "葛某"),  # a variation selector
        ("﨑", "﨑"),
        ("刘\ue863", "刘䶮"),
        ("李\ue864", "李\u9fbb"),
        ("李\ue816", "李\U00020087"),  # GBK's private ones
        ("李○明", "李〇明"),
        ("买买提丶艾力", "买买提·艾力"),
    ],
)
def test_names_that_look_alike_are_one(one: str, other: str) -> None:
    assert spelling.same_name(one, other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("买买提", "艾力"),
        ("", ""),
        ("··", "•"),
        ("བོད", "བད"),
        ("张三", "张三丰"),
        *(("李", f"李{mask}") for mask in "□〓?*？＊\ue000"),
        ("李□", "李〓"),
        ("李○明", "李明"),
        ("李\ue864", "李"),
    ],
)
def test_other_names_and_no_names_are_not(one: str, other: str) -> None:
    assert not spelling.same_name(one, other)


@given(st.text())
def test_one_spelling_is_its_own(text: str) -> None:
    for form in (spelling.plain, spelling.name, spelling.reference, spelling.code):
        assert form(form(text)) == form(text)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("li@ｅxample.cn", "li@example.cn"),
        (" ＬＩ＠Example．CN ", "li@example.cn"),
        ("l\u200bi@example.cn", "li@example.cn"),
        ("rene\u0301@example.cn", "ren\u00e9@example.cn"),
        ("a@xn--fiqs8s.cn", "a@中国.cn"),
        ("a@中国。cn", "a@中国.cn"),
        ("a/b@example.cn", "a/b@example.cn"),
    ],
)
def test_an_address_is_kept_in_one_spelling(typed: str, kept: str) -> None:
    assert spelling.email(typed) == spelling.email(kept) == spelling.asked_email(typed) == kept


@given(st.text(max_size=20), st.text(max_size=20))
def test_whatever_is_taken_for_an_address_is_found_again(local: str, domain: str) -> None:
    for typed in (f"{local}@{domain}.cn", f"{local}{domain}"):
        kept = spelling.asked_email(typed)
        assert len(kept) <= spelling.MOST_ADDRESS
        with contextlib.suppress(RuleViolation):
            assert spelling.email(typed) == kept == spelling.email(kept)
            assert not kept.isascii() or spelling.email(kept.upper()) == kept


@pytest.mark.parametrize("letter", list("123456789ANY"))
def test_a_code_may_begin_with_any_registrars_place(letter: str) -> None:
    body = f"{letter}2630202MF1234567"
    sound = body + uscc.check_character(body)
    assert uscc.check(sound) == sound


@pytest.mark.parametrize("other", ["full", "unseen", "dashes", "blanks", "small"])
def test_a_code_pasted_in_another_spelling_is_that_code(other: str) -> None:
    sound = code(77)
    written = {
        "full": "".join(chr(ord(char) + 0xFEE0) for char in sound),
        "unseen": "\ufeff" + "\u200b".join(sound),
        "dashes": f"{sound[:8]}－{sound[8:]}",
        "blanks": f" {sound[:2]} {sound[2:8]}\u3000{sound[8:]}\n",
        "small": sound.lower(),
    }[other]
    assert uscc.check(written) == sound


@pytest.mark.parametrize(
    "damaged",
    [
        "9.16201E+17",
        "9.16201055811843E+17",
        "916201055811843000",
        "916201055811843000.0",
        "'916201055811843000",
        "９.16E+17",
    ],
)
def test_a_code_a_spreadsheet_damaged_says_what_to_do(damaged: str) -> None:
    with pytest.raises(RuleViolation, match="设为文本"):
        uscc.read(damaged)


@pytest.mark.parametrize(
    "around",
    [
        "'{}",
        "‘{}’",
        '="{}"',
        '"{}"',
        "统一社会信用代码：{}",
        "{}（副本）",
        "{}（1-1）",
        "{}，",
        "{}。",
        "代码 {}；",
    ],
)
def test_what_stands_around_a_whole_code_is_no_part_of_it(around: str) -> None:
    assert uscc.check(around.format(code(77))) == uscc.spelled(around.format(code(77))) == code(77)


def test_a_sound_code_whose_one_letter_is_an_e_is_no_number_of_a_spreadsheet() -> None:
    assert uscc.check("91630100E000019939") == "91630100E000019939"
    assert not uscc.damaged("91630100E000019939")
    assert uscc.damaged("91630100E000019938")


@pytest.mark.parametrize(
    "wrong", ["", "123", "9163280O0000000000", "91CHINA0MA00000000", "٩١٦٣٠٠٠٠٧١٠٥٢٠٠٠٠٦", "9" * 19]
)
def test_what_is_no_code_is_refused_also_from_a_licence(wrong: str) -> None:
    for as_printed in (False, True):
        with pytest.raises(RuleViolation) as refused:
            uscc.check(wrong, as_printed=as_printed)
        assert refused.value.field == "uscc"


@pytest.mark.parametrize(
    "brackets",
    [
        "()",
        "\uff08\uff09",
        "[]",
        "\uff3b\uff3d",
        "\u3014\u3015",
        "\u3010\u3011",
        "\u3016\u3017",
        "{}",
        "\u300a\u300b",
        "\u300c\u300d",
        "\u3008\u3009",
    ],
    ids=ascii,
)
def test_a_year_in_any_brackets_is_the_same_number(brackets: str) -> None:
    assert spelling.code(f"甲测资字{brackets[0]}2026{brackets[1]}第１号") == "甲测资字(2026)第1号"
