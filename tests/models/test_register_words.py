"""What a register writes of an enterprise's standing, and of terms without an end, is understood."""

from __future__ import annotations

import csv
from datetime import date
from pathlib import Path

import pytest

from models import days
from models.agencies.register import Registered, standing_of

CASES = Path(__file__).parents[1] / "cases"


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
