"""Places are understood by any of their names and codes, now and before."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from models import regions
from models.regions import Region


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("632123", "630202"),
        ("６３２１２３", "630202"),
        ("632123.0", "630202"),
        ("632123000000", "630202"),
        ("乐都县", "630202"),
        ("乐都", "630202"),
        ("青海省海东地区乐都县", "630202"),
        ("海东市 乐都区", "630202"),
        ("湟中县", "630106"),
        ("西宁市湟中县", "630106"),
        ("630122", "630106"),
        ("同仁县", "632301"),
        ("632321", "632301"),
        ("平安县", "630203"),
        ("632121", "630203"),
        ("630221", "630203"),
        ("632122", "630222"),
        ("民和县", "630222"),
        ("632100", "630200"),
        ("海东地区", "630200"),
        ("632721", "632701"),
        ("玉树县", "632701"),
        ("冷湖行委", "632803"),
        ("632856", "632803"),
        ("大柴旦行委", "632857"),
        ("大通县", "630121"),
        ("海西州格尔木市", "632801"),
        ("⻘海省", "630000"),
    ],
)
def test_a_place_is_understood_by_any_of_its_names_and_codes(said: str, meant: str) -> None:
    assert regions.find(said, "630000") == (meant,)


def test_a_place_that_is_not_told_apart_or_lies_elsewhere_is_not_guessed() -> None:
    assert regions.find("玉树", "630000") == ("632700", "632701")
    assert (
        regions.find("朝阳区", "630000")
        == regions.find("110105", "630000")
        == regions.find("999999")
        == regions.find("")
        == ()
    )
    assert len(regions.find("鼓楼区")) > 1
    assert regions.find("东乡县") == ("361003", "622926")


def test_every_division_that_is_no_more_leads_to_one_that_is_and_whoever_serves_that_one_serves_it() -> None:
    known = {row["code"] for row in regions.published()}
    for row in regions.former():
        assert row["successor"] in known
        assert (row["code"] in known) == (row["code"] == row["successor"]), row
        assert regions.find(row["code"]) == (row["successor"],)
        assert regions.covers(row["successor"][:2] + "0000", row["code"])
        assert regions.full_name(row["code"]) == regions.full_name(row["successor"])
    assert regions.covers("630200", "632123")
    assert regions.covers("632100", "630202")
    assert not regions.covers("632123", "630203")


def test_a_division_that_is_no_more_is_understood_after_the_prefecture_of_today() -> None:
    names = {row["code"]: row for row in regions.published()}
    for row in regions.former():
        now = names[row["successor"]]
        parent = names.get(now["parent_code"], {"name": ""})["name"]
        if now["level"] == "county" and parent not in regions._SILENT:
            for before in {row["lay_in"], parent}:
                assert row["successor"] in regions.find(
                    names[row["code"][:2] + "0000"]["name"] + before + row["name"]
                ), row


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("南汇区", "310115"),
        ("310119", "310115"),
        ("塘沽区", "120116"),
        ("大港区", "120116"),
        ("通州市", "320612"),
        ("思茅市", "530800"),
        ("中甸县", "533401"),
        ("中甸", "533401"),
        ("长安县", "610116"),
        ("斗门县", "440403"),
        ("南海市", "440605"),
        ("佛山市顺德市", "440606"),
        ("番禺市", "440113"),
        ("巢湖地区", "340181"),
        ("萧山市", "330109"),
        ("哲里木盟", "150500"),
        ("思茅", "530802"),
        ("普洱", "530800"),
        ("那曲市那曲县", "540602"),
        ("林芝市林芝县", "540402"),
        ("合肥市居巢区", "340181"),
        ("永川市", "500118"),
        ("江津市", "500116"),
        ("合川市", "500117"),
        ("重庆市南川市", "500119"),
        ("武进市", "320412"),
        ("东胜市", "150602"),
        ("阿城市", "230112"),
        ("万县市", "500101"),
        ("四川省万县市", "500101"),
        ("重庆市万县市", "500101"),
        ("台州地区", "331000"),
        ("广州市东山区", "440104"),
        ("大庸", "430800"),
        ("大庸市", "430800"),
        ("番禺县", "440113"),
        ("阿克塞县", "620924"),
        ("阿克塞", "620924"),
        ("鄂温克旗", "150724"),
        ("鄂温克族旗", "150724"),
        ("甘肃 东乡县", "622926"),
        ("江西省东乡县", "361003"),
    ],
)
def test_well_known_names_of_before_are_understood(said: str, meant: str) -> None:
    assert regions.find(said) == (meant,)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("青海省海东地区乐都县碾伯镇1号", "海东市乐都区碾伯镇 1 号", True),
        ("青海省西宁市城东区昆仑路1号", "城东区昆仑路１号", True),
        ("湟中县鲁沙尔镇5号", "西宁市湟中区鲁沙尔镇5号", True),
        ("乐都区碾伯镇1号", "平安区碾伯镇1号", False),
        ("昆仑路1号", "昆仑路2号", False),
        ("青海省西宁市", "青海省海东市", False),
        ("", "", True),
        ("昆仑路1号", "西宁市昆仑路1号", True),
        ("海东市乐都县碾伯镇1号", "青海省海东市乐都区碾伯镇1号", True),
        ("青海省海东市乐都县碾伯镇1号", "青海省海东地区乐都县碾伯镇1号", True),
    ],
)
def test_addresses_are_compared_by_the_place_that_stands_now(one: str, other: str, same: bool) -> None:
    assert regions.same_place(one, other) is same


def test_a_region_covers_what_lies_in_it() -> None:
    assert regions.covers("630000", "632801")
    assert regions.covers("632800", "632801")
    assert not regions.covers("632801", "632800")
    assert not regions.covers("630000", "540100")
    assert regions.above("632801") == ["632801", "632800", "630000"]
    assert len(regions.published()) == 3348
    assert (
        next(r["full_name"] for r in regions.published() if r["code"] == "632801")
        == "青海省海西蒙古族藏族自治州格尔木市"
    )


def test_a_division_that_is_no_more_is_what_took_its_place() -> None:
    gone = next(row for row in regions.former() if row["code"] != row["successor"])
    assert regions.current(gone["code"]) == gone["successor"]
    assert regions.full_name(gone["code"]) == regions.full_name(gone["successor"])
    assert regions.covers(gone["successor"][:2] + "0000", gone["code"])
    assert {row["code"] for row in regions.published()}.isdisjoint({gone["code"]})


def test_a_code_nobody_gave_out_is_its_own_name() -> None:
    assert regions.full_name("999999") == "999999" == regions.current("999999")


@pytest.mark.parametrize("area", ["630000", "632800", "632801"])
def test_what_lies_in_an_area_is_the_same_in_sql(session: Any, area: str) -> None:
    kept = {code for (code,) in session.execute(select(Region.code))}
    inside = {
        code for (code,) in session.execute(select(Region.code).where(regions.within(Region.code, area)))
    }
    assert inside == {code for code in kept if regions.covers(area, code)}
    assert area in inside
