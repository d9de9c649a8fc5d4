"""What the field writes of agencies, brought in by the table, at sign-up and from the register."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from harness.factories import PASSWORD, PDF, World, code, entry_values, years
from market import batches as doing
from market import business_register
from market.agencies import imports
from market.agencies.actions import accounts, checks, entry, publishing
from market.extensions import db
from market.files import File
from market.spreadsheets import as_csv
from models import batches
from models.accounts import Organisation
from models.agencies.certificates import Practitioner, Qualification
from models.agencies.checks import Check
from models.credit.records import CreditRecord
from models.errors import RuleViolation
from tests.agencies.test_imports import agency_row, fee_row, state, upload
from tests.agencies.test_register import HEADING, compare, kinds, said_of
from tests.web import Visitor, sign_in

CASES = Path(__file__).parents[1] / "cases"


def told(identifier: str) -> dict[int, list[str | None]]:
    """Row to the columns where something is wrong with it."""
    return {
        row.number: [problem["field"] for problem in row.problems]
        for row in batches.rows_of(db.session, state(identifier))
    }


def from_the_field(world: World, name: str) -> str:
    identifier = imports.upload_table(
        world.actor("regulator"), kind="agencies", file_name=name, content=(CASES / name).read_bytes()
    )
    doing.run()
    return identifier


def doubted(number: int) -> str:
    """A code as an office issued it, with a wrong check character."""
    sound = code(number)
    return sound[:-1] + ("1" if sound[-1] != "1" else "2")


def test_codes_that_begin_with_a_letter_come_in(world: World) -> None:
    identifier = from_the_field(world, "agencies_letter_first.csv")
    assert told(identifier) == {1: [], 2: []}
    doing.load_batch(world.actor("regulator"), identifier)
    doing.run()
    assert set(db.session.scalars(select(Organisation.uscc).where(Organisation.claimed.is_(False)))) == {
        "N2630202MF12345674",
        "A1632321MF123456X6",
    }


def test_codes_a_spreadsheet_damaged_say_so_beside_whatever_else_is_wrong(app: Flask, world: World) -> None:
    identifier = from_the_field(world, "agencies_excel_damaged.csv")
    assert all("uscc" in fields for fields in told(identifier).values())
    assert "设为文本" in sign_in(app, world, "regulator").get(f"/batches/{identifier}").text
    rows = [
        agency_row(
            1,
            uscc="9.16201E+17",
            name="",
            region="火星",
            established_on="去年",
            licence_until="以后",
            legal_form="帮派",
            registered_capital="很多",
        )
    ]
    identifier = upload(world, "regulator", "agencies", rows)
    doing.run()
    assert sorted(map(str, told(identifier)[1])) == [
        "established_on",
        "legal_form",
        "licence_until",
        "name",
        "region",
        "registered_capital",
        "uscc",
    ]


def test_everything_wrong_with_a_row_of_fees_is_said_at_once(world: World) -> None:
    rows = [fee_row(uscc="", item="XXX-99", price="很多", days="0", effective_from="去年", method="随意")]
    identifier = upload(world, "agency", "fees", rows)
    doing.run()
    assert sorted(map(str, told(identifier)[1])) == ["days", "effective_from", "item", "method", "price"]


def test_numbers_of_a_row_of_fees_are_read_as_people_write_them(world: World) -> None:
    rows = [
        fee_row(price="4.8万元", discount="8.5折", days="２０ 个工作日"),
        fee_row(item="ECO-01", price="1e9999999", days="1e9999999", discount="1e9"),
    ]
    identifier = upload(world, "agency", "fees", rows)
    doing.run()
    first, second = batches.rows_of(db.session, state(identifier))
    assert (first.problems, first.content["ready"]["terms"], first.content["ready"]["days"]) == (
        [],
        {"method": "fixed", "price": 48_000_00, "discount": "0.85"},
        20,
    )
    assert {"price", "days"} <= {problem["field"] for problem in second.problems}


def test_marks_of_direction_in_a_table_are_left_out(world: World) -> None:
    identifier = upload(world, "regulator", "agencies", [agency_row(1, name="示\u202e例\u2066公司\u200b")])
    doing.run()
    assert batches.rows_of(db.session, state(identifier))[0].content["name"] == "示例公司"


def test_a_promise_in_other_units_is_said_at_its_column(world: World) -> None:
    said = {"WAT-01": "3个月", "SUR-01": "1年", "EIA-01": "20%", "WAT-03": "30日历天"}
    rows = [fee_row(item=item, days=days) for item, days in said.items()]
    identifier = upload(world, "agency", "fees", rows)
    doing.run()
    for row in batches.rows_of(db.session, state(identifier)):
        said = {problem["field"]: problem["message"] for problem in row.problems}
        assert "工作日数" in said["days"], row.content


def test_a_character_no_paper_can_show_is_named_at_every_column_that_is_printed(world: World) -> None:
    shown, lacking = "𠮷林藏文ལོ咨询", "咨询\U00030000"
    rows = [
        agency_row(1, name=shown, legal_representative="𠮷"),
        agency_row(2, name=lacking, legal_representative=lacking, scope=lacking, introduction=lacking),
    ]
    identifier = upload(world, "regulator", "agencies", rows)
    doing.run()
    assert told(identifier) == {1: [], 2: ["legal_representative", "scope", "name"]}
    assert {
        problem["params"]["characters"]
        for problem in batches.rows_of(db.session, state(identifier))[1].problems
    } == {"\U00030000 (U+30000)"}


def test_a_name_of_the_register_no_paper_can_show_is_said_and_all_else_compared(
    app: Flask, world: World
) -> None:
    row = said_of(world, "second", legal_representative="咨\U00030000", standing="吊销")
    others = [said_of(world, name) for name in ("agency", "third")]
    batch = compare(world, as_csv([HEADING, *(list(each.values()) for each in (row, *others))]))
    assert (batch.faulty, kinds()) == (0, {"second": ["representative", "revoked"]})
    page = sign_in(app, world, "regulator").get(f"/batches/{batch.identifier}")
    assert "(U+30000)" in page.text


def test_one_code_in_two_spellings_is_twins_in_the_dry_run(world: World) -> None:
    assert told(from_the_field(world, "agencies_dash_twin.csv")) == {1: ["uscc"], 2: ["uscc"]}
    wide = "".join(chr(ord(char) + 0xFEE0) for char in code(5001))
    known = world.organisation("agency").uscc
    rows = [
        agency_row(1),
        agency_row(2, uscc=wide),
        agency_row(3, uscc=f"\u200b{known.lower()}"),
        agency_row(4),
    ]
    identifier = upload(world, "regulator", "agencies", rows)
    doing.run()
    assert told(identifier) == {1: ["uscc"], 2: ["uscc"], 3: ["uscc"], 4: []}


def test_a_code_issued_with_a_wrong_check_digit_comes_in_with_a_warning_and_is_checked(
    app: Flask, world: World
) -> None:
    identifier = upload(world, "regulator", "agencies", [agency_row(1, uscc=doubted(6001)), agency_row(2)])
    doing.run()
    assert (told(identifier), state(identifier).faulty) == ({1: [], 2: []}, 0)
    page = sign_in(app, world, "regulator").get(f"/batches/{identifier}?only=found")
    assert "校验位不符" in page.text
    assert code(6001)[-1] in page.text
    doing.load_batch(world.actor("regulator"), identifier)
    doing.run()
    check = db.session.scalars(select(Check).where(Check.kind == "code")).one()
    assert check.evidence == [{"field": "uscc", "ours": doubted(6001), "theirs": code(6001)}]
    assert (check.state, check.agency.claimed, check.agency.code_sound) == ("open", False, False)
    shown = sign_in(app, world, "regulator").get(f"/checks/{check.identifier}")
    assert doubted(6001) in shown.text
    checks.clear(world.actor("regulator"), check.identifier, reason="已与执照逐位核对,发照时就是如此。")
    assert db.session.scalars(select(Check.state).where(Check.kind == "code")).one() == "cleared"


PERSON = {
    "email": "neu@example.cn",
    "name": "单某",
    "password": PASSWORD,
    "organisation": "校验位测试公司",
    "region_code": "632801",
}


@pytest.mark.parametrize("kind", ["agency", "enterprise"])
def test_whoever_signs_up_with_such_a_code_compares_it_with_the_licence_first(
    app: Flask, world: World, kind: str
) -> None:
    visitor = Visitor(app)
    assert visitor.get("/sign-up").soup.select_one("[name=as_printed]") is None
    refused = visitor.submit("/sign-up", **PERSON, kind=kind, uscc=doubted(6002))
    assert (refused.status, "校验位" in refused.error_at("uscc")) == (422, True)
    box = refused.soup.select_one("[name=as_printed]")
    assert box is not None
    form = {
        field["name"]: field.get("value", "") for field in refused.soup.select("main form input[type=hidden]")
    }
    entered = visitor.post(
        "/sign-up", {**form, **PERSON, "kind": kind, "uscc": doubted(6002), "as_printed": "y"}
    )
    assert entered.status == 303
    check = db.session.scalars(select(Check).where(Check.kind == "code")).one()
    assert (check.agency.uscc, check.agency.kind, check.state) == (doubted(6002), kind, "open")
    regulator = world.actor("regulator")
    checks.ask(regulator, check.identifier, reason="请提交执照照片。")
    world.emails["neu"] = "neu@example.cn"
    world.confirm("neu")
    checks.answer(
        world.actor("neu"),
        check.identifier,
        statement="执照上就是这样印的。",
        files=[File("执照.pdf", PDF)],
    )
    checks.confirm(regulator, check.identifier, reason="执照上的代码与填报的不同。")
    assert db.session.scalars(select(CreditRecord.kind)).one() == "code"
    assert f"{doubted(6002)}(校验位不符" in sign_in(app, world, "neu").get("/my/organisation").text, (
        "marked where the code stands"
    )


def test_what_is_no_code_is_not_taken_whatever_is_ticked(app: Flask, world: World) -> None:
    visitor = Visitor(app)
    refused = visitor.submit("/sign-up", **PERSON, kind="agency", uscc="91630000710520000", as_printed="y")
    assert "18 位" in refused.error_at("uscc")
    assert "设为文本" in visitor.submit("/sign-up", **PERSON, kind="agency", uscc="9.16201E+17").error_at(
        "uscc"
    )


@pytest.mark.parametrize("said", ["632123", "乐都县", "青海省海东地区乐都县", "乐都", "６３２１２３"])
def test_a_county_that_is_no_more_is_its_successor_in_a_table_a_form_and_a_filter(
    app: Flask, world: World, said: str
) -> None:
    identifier = upload(world, "regulator", "agencies", [agency_row(1, region=said)])
    doing.run()
    doing.load_batch(world.actor("regulator"), identifier)
    doing.run()
    assert (
        db.session.scalars(select(Organisation.region_code).where(Organisation.claimed.is_(False))).one()
        == "630202"
    )
    visitor = Visitor(app)
    assert (
        visitor.submit(
            "/sign-up", **{**PERSON, "region_code": said}, kind="enterprise", uscc=code(6003)
        ).status
        == 303
    )
    assert (
        db.session.scalars(select(Organisation.region_code).where(Organisation.uscc == code(6003))).one()
        == "630202"
    )
    for path in ("/agencies", "/requests", "/credit", "/items/WAT-01"):
        page = visitor.get(f"{path}?region={said}").soup
        assert page.select_one("input[name=region]")["value"] == "海东市乐都区", path
        assert page.select_one("#region-error") is None, path


def test_a_place_that_may_be_two_says_which(app: Flask, world: World) -> None:
    identifier = upload(
        world,
        "regulator",
        "agencies",
        [agency_row(1, region="玉树"), agency_row(2, region="玉树县"), agency_row(3, region="玉树州")],
    )
    doing.run()
    assert told(identifier) == {1: ["region"], 2: [], 3: []}
    assert "玉树藏族自治州玉树市" in sign_in(app, world, "regulator").get(f"/batches/{identifier}").text


def test_the_register_may_write_names_places_and_terms_in_its_own_way(app: Flask, world: World) -> None:
    for who, name, address in (
        ("agency", "买买提•艾力", "青海省海东地区乐都县碾伯镇 1 号"),
        ("second", "单某", "西宁市湟中区鲁沙尔镇 5 号"),
    ):
        values = entry_values(who)
        accounts.change_representative(
            world.actor(who), **{**values["representative"], "legal_representative": name}
        )
        entry.fill(world.actor(who), "premises", **{**values["premises"], "registered_address": address})
    wide = "".join(chr(ord(char) + 0xFEE0) for char in world.organisation("agency").uscc)
    said: dict[str, dict[str, Any]] = {
        "agency": {
            "uscc": wide,
            "legal_representative": "买买提·艾力",
            "registered_address": "海东市乐都区碾伯镇1号",
            "standing": "存续（在营、开业、在册）",
            "licence_until": "永久",
        },
        "second": {
            "legal_representative": "单 某",
            "registered_address": "青海省西宁市湟中县鲁沙尔镇5号",
            "standing": "在营（开业）",
            "licence_until": "2038年5月1日",
        },
        "third": {"standing": "吊销，未注销", "licence_until": "长期"},
    }
    batch = compare(
        world,
        as_csv([HEADING, *[list(said_of(world, who, **changes).values()) for who, changes in said.items()]]),
    )
    assert (batch.state, batch.faulty, kinds()) == ("done", 0, {"third": ["revoked"]})


def test_nobody_is_missing_from_an_export_whose_codes_a_spreadsheet_damaged(world: World) -> None:
    rows = [
        list(said_of(world, who, **({"uscc": "9.16328E+17"} if who == "second" else {})).values())
        for who in ("agency", "second", "third")
    ]
    batch = compare(world, as_csv([HEADING, *rows]))
    assert (batch.state, batch.faulty, kinds()) == ("done", 1, {})


def test_fees_and_telephone_numbers_a_spreadsheet_damaged_say_what_to_do(app: Flask, world: World) -> None:
    identifier = upload(world, "agency", "fees", [fee_row(uscc="9.16201E+17")])
    doing.run()
    assert told(identifier) == {1: ["uscc"]}
    assert "设为文本" in sign_in(app, world, "agency").get(f"/batches/{identifier}").text
    identifier = upload(world, "regulator", "agencies", [agency_row(1, phone="1.39E+10")])
    doing.run()
    assert told(identifier) == {1: ["phone"]}


def test_the_registers_of_the_field_are_read_to_the_last_row(world: World) -> None:
    source = business_register.FileSource("field", (CASES / "register_standings.csv").read_bytes())
    found = source.lookup(["91632123MA7526TX08", "93632822MA75ABCD1W", code(1)])
    assert [getattr(each, "standing", None) for each in found.values()] == ["active", "revoked", None]


def test_one_certificate_in_two_spellings_is_registered_once(world: World) -> None:
    held = {"kind": "水土保持方案编制", "level": "", "issuer": "某协会", **years()}
    publishing.add_qualification(world.actor("agency"), number="甲测资字-6310001", **held)
    for again in ("甲测资字－６３１０００１", " 甲测资字‐631 0001", "甲\u200b测资字-6310001"):
        with pytest.raises(RuleViolation, match="已经登记"):
            publishing.add_qualification(world.actor("second"), number=again, **held)
    person = {
        "name": "才旦",
        "kind": "注册咨询工程师",
        "valid_from": held["valid_from"],
        "valid_until": held["valid_until"],
    }
    entry.add_practitioner(world.actor("agency"), number="abc123", **person)
    with pytest.raises(RuleViolation, match="另一家机构"):
        entry.add_practitioner(world.actor("second"), number="ＡＢＣ１２３", **person)
    assert db.session.scalars(select(Qualification.number)).all()[-1] == "甲测资字-6310001"
    assert "ABC123" in db.session.scalars(select(Practitioner.number)).all()
    with pytest.raises(RuleViolation, match="40"):
        publishing.add_qualification(world.actor("agency"), number="㍿" * 39, **held)
