"""Which passwords are refused and why."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from harness.factories import PASSWORD, World, code
from market.accounts.actions import members
from models import passwords
from models.errors import RuleViolation
from tests.web import Visitor

# Of the company in OF_XINING, and of whoever lives there: what a list of leaked passwords from elsewhere does
# not hold.
OF_XINING = ["张伟", "zhangwei@example.cn", "西宁绿源环保科技有限公司", "91630100MA0000003H"]
LOCAL = [
    "630102199001011234",
    "63010219900101123X",
    "xn13897461234",
    "18997001234a",
    "wei13897461234",
    "Xining@2026",
    "Haidong@2026",
    "Geermu2026",
    "Lanzhou@2026",
    "青海省西宁市2026",
    "qhsxns2026",
    "lvyuan2026",
    "luyuan@2026",
    "Lvyuan@2026",
    "lvyuanhuanbao1",
    "lyhbkj2026",
    "绿源环保2026",
    "shuili@2026",
    "huanbao@2026",
    "jiancai2026",
    "shengtaihuanjing1",
    "公信平台2026年密码",
    "1qaz@WSX3edc",
    "!QAZ2wsx#EDC",
    "zaq1@WSXcde3",
    "woshishen123",
    "wodeshijie1",
    "一二三四五六七八九十",
]
OTHER = "another horse battery"
ABOUT = ["李建国", "jianguo.li@hehuan.cn", "青海河湟环境技术有限公司", "91630000MA12345678"]
COMMON = [
    "1234567890",
    "password123",
    "Password123!",
    "P@ssw0rd2026",
    "qwertyuiop",
    "1qaz2wsx3edc",
    "a123456789",
    "admin123456",
    "iloveyou1314",
    "woaini1314520",
    "wodemima2026",
    "zhongguo123",
    "Aa123456789",
    "abcd1234abcd",
    "5201314520",
    "11112222333",
    "１２３４５６７８９０",
    "19900101abc",
    "2026-11-26 08",
    "密码密码密码密码",
]
OWN = [
    "李建国李建国李建国2026",
    "lijianguo2026",
    "LiJianGuo123!",
    "jianguoli88",
    "ljg19850101",
    "jianguo.li@hehuan.cn",
    "青海河湟环境技术有限公司",
    "qinghaihehuan",
    "gongxin2026!",
    "公信公信公信公信2026",
    "Gongxin@123",
    "hehuan.cn1",
    "91630000MA12345678",
]
GOOD = [
    PASSWORD,
    OTHER,
    "蓝色水壶 骑自行车 七点半",
    "x7#kQ9!mzP4",
    "tulip-wagon-quartz",
    "茶卡盐湖边的红色卡车",
]


@pytest.mark.parametrize("password", COMMON)
def test_what_everybody_tries_first_is_refused(password: str) -> None:
    with pytest.raises(RuleViolation) as refused:
        passwords.check(password, about=ABOUT)
    assert refused.value.field == "password"
    said = "至少 10" if len(password) < 10 or len(set(password)) < 4 else "请换一个"
    assert said in refused.value.message


@pytest.mark.parametrize("password", LOCAL)
def test_what_is_near_at_hand_here_is_refused(password: str) -> None:
    with pytest.raises(RuleViolation):
        passwords.check(password, about=OF_XINING)


@pytest.mark.parametrize(
    "password",
    [
        "violet kettle 13897461234 harbour",
        "西宁 水壶 自行车 七点半",
        "tulip wagon shuili quartz",
        "Kettle!harbour@violet",
        "red!truck%by#the lake",
    ],
)
def test_a_word_from_here_among_others_does_no_harm(password: str) -> None:
    passwords.check(password, about=OF_XINING)


@pytest.mark.parametrize("password", OWN)
def test_who_somebody_is_is_no_secret(password: str) -> None:
    with pytest.raises(RuleViolation, match=r"名字|太容易|太常见"):
        passwords.check(password, about=ABOUT)


@pytest.mark.parametrize("password", GOOD)
def test_words_that_have_nothing_to_do_with_each_other_are_taken(password: str) -> None:
    passwords.check(password, about=ABOUT)


@given(password=st.text(max_size=200), about=st.lists(st.text(max_size=200), max_size=4))
def test_any_text_is_answered(password: str, about: list[str]) -> None:
    with suppress(RuleViolation):
        passwords.check(password, about=about)
        assert len(password) >= passwords.LEAST


def test_what_is_known_of_one_is_not_held_against_another() -> None:
    """The library keeps it where all threads find it."""

    def one(number: int) -> list[bool]:
        name = f"zvkqx{chr(97 + number % 26) * 2}wjp"
        found = []
        for about in ([name], ["somebody"]):
            try:
                passwords.check(f"{name}2026", about=about)
                found.append(True)
            except RuleViolation:
                found.append(False)
        return found

    with ThreadPoolExecutor(8) as pool:
        assert set(map(tuple, pool.map(one, range(48)))) == {(False, True)}


DOORS = [
    ("/sign-up", ""),
    ("/my/members/new", "buyer"),
    ("/admin/authorities/new", "admin"),
    ("/my/password", "buyer"),
]


@pytest.mark.parametrize(("path", "role"), DOORS)
@pytest.mark.parametrize(
    ("password", "zh", "en"),
    [("password123", "太常见", "too common"), ("helper-li 2026", "名字", "name"), ("abcabcabcabc", "", "")],
)
def test_every_form_says_why_at_the_field(
    app: Flask, world: World, path: str, role: str, password: str, zh: str, en: str
) -> None:
    world.appoint_admin()
    told = {
        "name": "helper-li",
        "email": "helper-li@example.cn",
        "organisation": "新来的单位",
        "uscc": code(7300),
        "region_code": "632801",
        "kind": "enterprise",
        "authority_role": "regulator",
        "department": "",
        "current": PASSWORD,
    }
    if path == "/my/password" and zh == "名字":
        password = "buyer单位2026"
    for language, said in (("zh-CN", zh), ("en", en)):
        visitor = Visitor(app, world.emails.get(role, ""), language=language)
        answer = visitor.submit(
            path,
            **{key: value for key, value in told.items() if key in _names(visitor, path)},
            password=password,
        )
        assert (answer.status, said in answer.error_at("password")) == (422, True), answer.error_at(
            "password"
        )
        assert answer.error_at("password")


def _names(visitor: Visitor, path: str) -> set[str]:
    return {str(field["name"]) for field in visitor.get(path).soup.select("main form [name]")}


def test_a_first_password_of_staff_is_looked_at_too(world: World) -> None:
    with pytest.raises(RuleViolation, match="太常见"):
        members.add_member(world.actor("buyer"), email="x@example.cn", name="某人", password="qwertyuiop")
