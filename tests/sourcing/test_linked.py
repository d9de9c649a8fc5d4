"""Agencies under one head, or with one account, telephone or address, are found however that is written.

The policy says what follows.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from harness.factories import World
from market.extensions import db
from market.transaction import transaction
from models import policy
from models.accounts import Membership, User
from models.agencies.related_parties import SAID, TIES, linked, person, phones, same_person
from models.sourcing.outcomes import Link
from models.sourcing.related_bidders import best, counted, spread
from tests.sourcing.tied import apart, give, ruled
from tests.test_queries import _Count

VERSION = policy.versions()[0].version


def _key(world: World, *names: str) -> list[int]:
    return [world.organisation(name).id for name in names]


@pytest.mark.parametrize(
    ("tie", "one", "other"),
    [
        ("representative", "买买提·艾力", "买买提•艾力"),
        ("representative", "ＷＡＮＧ", "wang"),
        ("owner", "才 旦", "才旦"),
        ("account", "6228 0000-99", "６２２８０００099"),
        ("phone", "+86 139-0000-0000", "13900000000"),
        ("phone", "86 13900000000", "0086-13900000000"),
        ("phone", "+86 971-1234567", "0971-1234567"),
        ("phone", "0971-1234567转801", "(0971)1234567"),
        ("phone", "0971-1234567/13900000000", "139 0000 0000"),
        ("account", "86228000099", "86 2280 00099"),
        ("representative", "张三（法人）", "法定代表人：张三"),
        ("representative", "张三 先生", "张三"),
        ("owner", "负责人:才旦", "才旦(管理员)"),
        ("address", "昆仑路1号", "昆仑路 １ 号"),
    ],
)
def test_a_tie_is_found_however_it_is_written(
    world: World, monkeypatch: pytest.MonkeyPatch, tie: str, one: str, other: str
) -> None:
    ruled(monkeypatch)
    apart(world)
    keys = _key(world, "agency", "second", "third")
    assert linked(db.session, keys, VERSION) == []
    give(world, "agency", tie, one)
    give(world, "third", tie, other)
    (group,) = linked(db.session, keys, VERSION)
    assert (group.agencies, group.ties) == ((keys[0], keys[2]), (tie, SAID) if tie == "owner" else (tie,))
    ruled(monkeypatch, ties=tuple(set(TIES) - {tie}))
    assert linked(db.session, keys, VERSION) == [], "which ties count is the policy's"


@pytest.mark.parametrize(
    ("tie", "said"),
    [
        *(("owner", said) for said in ("管理员", "系统管理员", "办公室", "暂无", "无", "admin", "N/A", "—")),
        *(
            ("representative", said)
            for said in ("无", "暂无", "待定", "0", "（无）", "法定代表人", "法人：暂无", "xx")
        ),
        *(("account", said) for said in ("0", "000000000000", "无", "-")),
        *(("phone", said) for said in ("0", "无", "00000000000", "110")),
        ("address", "无"),
        ("address", "0"),
    ],
)
def test_what_names_nobody_links_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch, tie: str, said: str
) -> None:
    ruled(monkeypatch)
    apart(world)
    for name in ("agency", "second"):
        give(world, name, tie, said)
    assert linked(db.session, _key(world, "agency", "second", "third"), VERSION) == []


def test_one_person_in_two_parts_or_with_one_account_links(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ruled(monkeypatch)
    apart(world)
    keys = _key(world, "agency", "second", "third")
    give(world, "agency", "representative", "张三")
    give(world, "third", "owner", "张三(法人)")
    (group,) = linked(db.session, keys, VERSION)
    assert (group.agencies, group.ties) == ((keys[0], keys[2]), ("representative", "owner", SAID))
    give(world, "third", "owner", "管理员")
    assert linked(db.session, keys, VERSION) == []
    with transaction() as session:  # one account manages both, whatever it is called
        user = session.scalars(select(User.id).where(User.email == world.emails["third"])).one()
        session.add(Membership(user_id=user, organisation_id=keys[1], role="owner"))
    (group,) = linked(db.session, keys, VERSION)
    assert (group.agencies, group.ties) == ((keys[1], keys[2]), ("owner",))


def test_ties_chain_and_what_nobody_filled_in_links_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    ruled(monkeypatch)
    apart(world)
    for name in ("agency", "second", "third"):
        give(world, name, "phone", "")
    give(world, "agency", "representative", "才旦")
    give(world, "second", "representative", "才旦")
    give(world, "second", "account", "12345678")
    give(world, "third", "account", "12345678")
    (group,) = linked(db.session, _key(world, "third", "agency", "second"), VERSION)
    assert group.agencies == tuple(_key(world, "third", "agency", "second"))
    assert group.ties == ("representative", "account")


def test_it_takes_as_many_statements_for_many(app: Flask, world: World) -> None:
    counts = []
    for names in (("agency",), ("agency", "second", "third")):
        keys = _key(world, *names)
        with _Count() as made:
            linked(db.session, keys, VERSION)
        counts.append(len(made.statements))
    assert counts[0] == counts[1] == 2


NAMES = st.lists(st.sampled_from("abcdefgh"), unique=True, min_size=1)


@given(NAMES, st.randoms(use_true_random=False))
def test_a_group_has_one_place_and_nobody_else_loses_one(names: list[str], random: Any) -> None:
    cut = random.randrange(len(names) + 1)
    links = [Link(names[:cut], [])] if cut > 1 else []
    drawn = [name for name in names if name not in (names[1:cut] if cut > 1 else [])]
    random.shuffle(drawn)
    order = spread(drawn, links)
    assert sorted(order) == sorted(names)
    assert [name for name in order if name in drawn] == drawn
    assert len(best(order, links)) == counted(len(names), links) == len(drawn)


def test_the_rule_names_its_source() -> None:
    book = (Path(policy.FOLDER) / f"{VERSION}.toml").read_text(encoding="utf-8")
    assert "招标投标法实施条例 34" in book
    assert set(policy.get(VERSION).words("linked.ties")) <= set(TIES)


@pytest.mark.parametrize(
    "text",
    [
        "李明（法人）",
        "总经理李明",
        "董事长:李明",
        "董事长兼总经理：李明",
        "法定代表人(李明)",
        "法定代表人为李明",
        "(李明)",
        "李明 总经理",
        "李明董事长兼总经理",
        "法人 总经理 李明",
    ],
)
def test_what_stands_around_a_persons_name_is_no_part_of_it(text: str) -> None:
    assert person(text) == "李明"
    assert same_person(text, "李明")


@pytest.mark.parametrize(
    "text",
    [
        "李□",
        "李〓",
        "李?",
        "李＊",
        "李\ue000",
        "李",
        "李某",
        "李某某",
        "李○○",
        "李XX",
        "法定代表人",
        "法定代表人（总经理）",
    ],
)
def test_a_name_that_is_not_shown_names_nobody(text: str) -> None:
    assert person(text) == ""
    assert not same_person(text, "李明")


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("13900000000 0971-1234567", ["13900000000", "9711234567"]),
        ("139 0000 0000 138 1111 1112", ["13900000000", "13811111112"]),
        ("139 0000 0000", ["13900000000"]),
        ("0971 1234567 0971 7654321", ["9711234567", "9717654321"]),
        ("+86 971 1234567", ["9711234567"]),
        ("0971-1234567-801", ["9711234567"]),
        ("(0971)1234567-801", ["9711234567"]),
        ("139-0000-0000", ["13900000000"]),
        ("400-123-4567-2", ["4001234567"]),
    ],
)
def test_numbers_between_blanks_are_several_and_an_extension_is_none(text: str, numbers: list[str]) -> None:
    assert phones(text) == numbers
