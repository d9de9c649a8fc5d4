"""Names, codes, addresses, places and days, however they are written.

Each kind of other spelling, and what it comes to.
"""

from __future__ import annotations

import contextlib
import csv
from datetime import date, datetime, timedelta, timezone
from pathlib import Path

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import days, regions, spelling, uscc, workdays
from models.agencies.register import Registered, standing_of, term_end
from models.clock import BEIJING
from models.text import RuleBroken
from tests.factories import code

CASES = Path(__file__).parents[1] / "cases"
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
        with contextlib.suppress(RuleBroken):
            assert spelling.email(typed) == kept == spelling.email(kept)
            assert not kept.isascii() or spelling.email(kept.upper()) == kept


# --- 统一社会信用代码


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
    with pytest.raises(RuleBroken, match="设为文本"):
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
        with pytest.raises(RuleBroken) as refused:
            uscc.check(wrong, as_printed=as_printed)
        assert refused.value.field == "uscc"


# --- places


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


# --- registers' words


def test_the_registers_words_of_the_field_are_read() -> None:
    with (CASES / "register_standings.csv").open(encoding="utf-8-sig") as file:
        rows = [
            dict(zip(("uscc", "name", "standing", "legal_representative", "licence_until"), row, strict=True))
            for row in csv.reader(file)
        ][1:]
    read = [Registered.of(row) for row in rows]
    assert [each.standing for each in read] == ["active", "active", "active", "active", "revoked"]
    assert [each.licence_until for each in read] == [None, date(2038, 5, 1), None, date(2038, 5, 1), None]


@pytest.mark.parametrize(
    ("said", "standing"),
    [
        ("存续(在营、开业、在册)", "active"),
        ("在营（开业）企业", "active"),
        ("正常执业", "active"),
        ("存续(未被吊销)", "active"),
        ("吊销，已注销", "revoked"),
        ("已吊销", "revoked"),
        ("存续,2020年曾被吊销", "revoked"),
        ("注销", "cancelled"),
        ("撤销登记", "cancelled"),
        ("迁出", "moved_out"),
        ("迁入", "active"),
        ("歇业", "closed"),
        ("清算中", "closed"),
        (" 开\u200b业 ", "active"),
        ("Active", "active"),
        ("", ""),
        ("不详", ""),
        ("除名", "removed"),
        ("已除名", "removed"),
        ("迁往外地", "moved_out"),
        ("已迁往", "moved_out"),
        ("省外迁出", "moved_out"),
        ("解散", "closed"),
        ("已告解散", "closed"),
        ("破产", "closed"),
        ("破产清算", "closed"),
        ("强制清算", "closed"),
        ("休业", "closed"),
        ("责令停业", "closed"),
        ("依职权撤销", "cancelled"),
        ("已开业", "active"),
        ("企业存续", "active"),
        ("（存续）", "active"),
        ("状态：存续", "active"),
        ("登记状态: 吊销", "revoked"),
        ("“存续”", "active"),
        ('"存续"', "active"),
        ("存續", "active"),
        ("註銷", "cancelled"),
        ("吊銷，未註銷", "revoked"),
        ("開業", "active"),
        ("設立中", ""),
        ("设立中", ""),
        ("注销备案", "closed"),
        ("注销中", "closed"),
        ("正在注销", "closed"),
        ("存续（注销备案）", "closed"),
        ("正常（拟注销）", "closed"),
        ("未注销", ""),
        ("非正常户", ""),
        ("无效", ""),
        ("存续（原西宁市迁出）", "active"),
        ("removed", "removed"),
        ("moved_out", "moved_out"),
        ("closed", "closed"),
        ("inactive", ""),
        ("not active", ""),
        ("停止营业", "closed"),
        ("暂停营业", "closed"),
        ("中止营业", "closed"),
        ("终止营业", "closed"),
        ("未停止营业", "active"),
        ("营业期限届满", ""),
        ("有效期已过", ""),
        ("在有效期内", "active"),
        ("设立失败", ""),
        ("取消设立", ""),
        ("筹备开业", ""),
        ("待开业", ""),
        ("拟开业", ""),
        ("没有营业", ""),
        ("未正常营业", ""),
        ("尚未实际开业", ""),
        ("不能正常营业", ""),
        ("营业状态：停业", "closed"),
        ("营业状态：开业", "active"),
        ("开业/停业", "closed"),
        ("存续（已迁出）", "moved_out"),
        ("正常（已注销）", "cancelled"),
        ("存续，现已停业", "closed"),
        ("存续（没有被吊销、注销）", "active"),
        ("存续（由西宁市迁出）", "active"),
        ("由西宁市迁出", "moved_out"),
        ("营业执照遗失", ""),
        ("营业执照有效", "active"),
        ("营业中", "active"),
        ("恢复营业", "active"),
    ],
)
def test_a_standing_is_read_by_what_it_begins_with_and_revoked_wins(said: str, standing: str) -> None:
    assert standing_of(said) == standing


@pytest.mark.parametrize(
    "text",
    [
        "",
        "—",
        "-",
        "/",
        "无",
        "永久",
        "长期有效",
        "无固定期限",
        "不约定期限",
        "9999-12-31",
        "9999年12月31日",
        "2018年5月1日至长期",
        "0000-00-00",
        "1900-01-01",
        "2018-05-01至",
        "2018/5/1 到",
        "2018-05-01 -",
        "自2018年5月1日起",
        "2018-05-01至今",
        "2018-05-01——",
        "2018年05月01日 至 ----",
        "不限",
        "未约定",
        "营业期限长期",
        "營業期限：長期",
        "無固定期限",
        "null",
        "N/A",
        "None",
        "----",
        "********",
        "不适用",
        "“长期”",
        "长 期",
        "永续经营",
        "无期限",
        "经营期限为长期",
        "至今",
        "长期（2018-05-01起）",
        "长期（无固定期限）",
    ],
)
def test_a_term_without_end_has_none(text: str) -> None:
    assert days.end(text) is None


@pytest.mark.parametrize(
    "text",
    [
        "2038-05-01",
        "2038/5/1",
        "2038.5.1",
        "2038年5月1日",
        "２０３８年０５月０１日",
        "20380501",
        "2018-05-01至2038-05-01",
        "自2018年5月1日至2038年5月1日",
        "2018/5/1 - 2038/5/1",
        "2038-05-01 00:00:00",
        "2038/5/1 0:00",
        "2038-04-30T16:00:00Z",
        "2038-05-01T23:00:00+08:00",
        "50526",
        "2018-05-01-2038-05-01",
        "2018.05.01-2038.05.01",
        "2018年05月01日-2038年05月01日",
        "20180501-20380501",
        "2018.5.1--2038.5.1",
        "自2018-05-01起至2038-05-01止",
        "2038-05-01止",
        "2018-05-01/2038-05-01",
        "2018-05-01—2038-05-01",
        "有效期至2038-05-01",
        "营业期限：2018-5-1～2038-5-1",
        "2038-05-01（含）",
        "2038-5-1 12:00:00 AM",
        "从2018-05-01到2038-05-01",
        "长期（至2038-05-01）",
    ],
)
def test_a_last_day_is_read_in_every_usual_form(text: str) -> None:
    assert days.end(text) == date(2038, 5, 1)


@pytest.mark.parametrize(
    "text",
    [
        "20年",
        "2018-05-01起20年",
        "自成立之日起20年",
        "5/1/2038",
        "2038年5月",
        "看执照",
        "已无效",
        "今年年底",
        "至今年年底",
        "长期停业",
        "永久关闭",
        "长期未经营",
        "长期（20年）",
        "无照经营",
    ],
)
def test_a_term_whose_last_day_is_not_told_says_what_to_write(text: str) -> None:
    with pytest.raises(RuleBroken, match="最后一天") as refused:
        term_end(text, "licence_until")
    assert refused.value.field == "licence_until"


@pytest.mark.parametrize(
    ("text", "hour", "minute"),
    [
        ("2026-12-01T01:00:00z", 9, 0),
        ("2026-12-01t09:00", 9, 0),
        ("2026/12/01 09:00", 9, 0),
        ("2026.12.1 9:05", 9, 5),
        ("2026年12月1日 9时", 9, 0),
        ("2026年12月1日9时30分", 9, 30),
        ("2026年12月1日上午9点", 9, 0),
        ("2026年12月1日下午3点半", 15, 30),
        ("2026年12月1日下午15:30", 15, 30),
        ("2026-12-01 晚上8:00", 20, 0),
        ("2026-12-01 01:00 UTC", 9, 0),
        ("2026-11-30T24:00", 0, 0),
        ("２０２６－１２－０１ ０９：００", 9, 0),
        ("2026-12-01T09:00:00−08:00", 25, 0),
        ("20261201T010000Z", 9, 0),
    ],
)
def test_a_moment_is_read_as_people_write_it(text: str, hour: int, minute: int) -> None:
    assert days.instant(text) == datetime(2026, 12, 1, tzinfo=BEIJING) + timedelta(hours=hour, minutes=minute)


@pytest.mark.parametrize(
    "text",
    [
        "2026-12-01",
        "20261201",
        "2026年12月1日",
        "2026-W49-2",
        "2026年12月1日上午12点",
        "2026年12月1日晚上12点",
        "2026-12-01T24:01",
        "2026-12-01 25:00",
        "2026-12-109:00",
        "2026-12-01 09:00-10:00",
        "2026年12月1日9:00-17:00",
        "2026-12-01 9:00－9:30",
        "2026-12-01 0900-1000",
        "2026-12-01T09:00-17:00",
        "2026-12-01T09:00+15:00",
    ],
)
def test_a_day_alone_or_an_hour_people_mean_either_way_is_no_moment(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        days.instant(text)


@given(st.text(max_size=30))
def test_what_is_no_day_is_a_value_error_and_nothing_else(text: str) -> None:
    for read in (days.day, days.end, days.instant):
        try:
            read(text)
        except ValueError:
            continue


@given(st.timedeltas(timedelta(0), timedelta(days=50_000)), st.integers(-12 * 60, 14 * 60))
def test_a_moment_with_an_offset_is_that_instant(after: timedelta, minutes: int) -> None:
    moment = datetime(1950, 1, 1, tzinfo=BEIJING) + after
    told = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    assert days.instant(told.isoformat()) == told
    assert days.instant(moment.replace(tzinfo=None).isoformat()) == moment


# --- days that are holidays by law


@pytest.mark.parametrize(
    "day",
    [
        "2027-01-01",
        "2027-02-05",
        "2027-02-06",
        "2027-02-07",
        "2027-02-08",
        "2027-04-05",
        "2027-05-01",
        "2027-05-02",
        "2027-06-09",
        "2027-09-15",
        "2027-10-01",
        "2028-01-25",
        "2028-01-28",
    ],
)
def test_statutory_days_are_holidays_before_their_years_notice(day: str) -> None:
    assert not workdays.is_workday(date.fromisoformat(day))
    assert workdays.provisional(date.fromisoformat(day))


def test_the_days_beside_them_are_not_and_a_published_year_is_not_provisional() -> None:
    assert workdays.is_workday(date(2027, 2, 9))
    assert workdays.is_workday(date(2027, 2, 4))
    assert not workdays.provisional(date(2026, 12, 31))
    assert len({day for day in workdays._festive() if day.month < 3}) == 4 * 30


def test_a_notice_makes_no_limit_shorter_that_was_set_before(monkeypatch: pytest.MonkeyPatch) -> None:
    start = datetime(2027, 2, 1, 9, tzinfo=BEIJING)
    before = workdays.add(start, 5)
    assert before.date() == date(2027, 2, 10)
    made_up = {date(2027, 2, 6), date(2027, 2, 7)}
    monkeypatch.setattr(
        chinese_calendar, "is_workday", lambda day: day in made_up or (day.weekday() < 5 and day.month != 12)
    )
    workdays.is_workday.cache_clear()
    try:
        assert workdays.add(start, 5) < before, (
            "reckoned again it would be: so what was set is kept as an instant"
        )
    finally:
        monkeypatch.undo()
        workdays.is_workday.cache_clear()


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
