"""What strangers send, through the pages that take it.

Refused at the field, and read while nothing is held open.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12
from cryptography.x509.oid import NameOID
from flask import Flask
from sqlalchemy import text

from harness.factories import PASSWORD, World
from market import sandbox, signature_validation
from market.agencies import imports
from market.agencies.actions import registry
from market.contracts.actions import signing
from market.extensions import db
from market.opendata.checking import check_copy
from market.payments.actions import importing
from market.spreadsheets import as_csv
from market.transaction import transaction
from models.batches import Batch
from models.errors import Problem, RuleViolation
from models.payments.bank import BankStatement
from tests.agencies.test_imports import AGENCIES, agency_row
from tests.contracts.signing import Authority, by_hand, drafted, paper
from tests.hostile import ENTRY, PDFS, camt, far, row, slow_to_open, workbook
from tests.web import Visitor, sign_in

STATEMENT = "交易日期,收入金额,支出金额\n2026-03-02,1.00,".encode()
SHARED = "<si><t>a</t></si>"
TABLES: dict[str, tuple[Callable[[], bytes], str]] = {
    "20 MB of strings in 51 KB": (
        lambda: workbook(row(1, "事项编号"), SHARED * (20_000_000 // len(SHARED))),
        "表头缺少",
    ),
    "100 MB of strings in 250 KB": (
        lambda: workbook(row(1, "事项编号"), SHARED * (100_000_000 // len(SHARED))),
        "解压之后",
    ),
    "a cell in the last corner": (lambda: workbook(row(1, "事项编号") + far(1_048_576, "XFD")), "没有在限度"),
    "empty lines": (lambda: b"\n" * 18_000_000, "空行也算"),
    "a long line": (lambda: b"x" * 19_000_000, "第 1 行超过"),
    "commas": (lambda: b"," * 1_000_000, "第 1 行超过"),
    "a heading twice": (lambda: "事项编号,单位,事项编号\nA,次,B\n".encode(), "表头有两列都叫:事项编号"),
}


@pytest.mark.parametrize("kind", TABLES)
def test_a_table_that_costs_too_much_is_refused_at_its_field(app: Flask, world: World, kind: str) -> None:
    made, said = TABLES[kind]
    answer = sign_in(app, world, "agency").submit("/imports/new?kind=fees", kind="fees", file=made())
    assert answer.status == 422
    assert said in answer.error_at("file")
    assert db.session.query(Batch).count() == 0


@pytest.mark.parametrize(
    ("made", "said"),
    [
        (lambda: b"\n" * 18_000_000, "空行也算"),
        (lambda: camt(ENTRY * 62_000), "一次最多"),
        (lambda: camt("<x>" * 2_000_000), "太大或者套得太深"),
        (lambda: workbook(row(1, "日期"), SHARED * (100_000_000 // len(SHARED))), "解压之后"),
        (lambda: b"<" * (30 << 20), "20 MB"),
    ],
    ids=["empty lines", "14 MB of entries", "a deep one", "strings", "30 MB"],
)
def test_a_statement_that_costs_too_much_is_refused_at_its_field(
    app: Flask, world: World, made: Callable[[], bytes], said: str
) -> None:
    answer = sign_in(app, world, "custodian").submit("/custody/import", file=made())
    assert answer.status == 422
    assert said in answer.error_at("file")
    assert db.session.query(BankStatement).count() == 0


def test_a_register_that_costs_too_much_is_refused_at_its_field(app: Flask, world: World) -> None:
    watch = sign_in(app, world, "regulator")
    for content, said in ((b"\n" * 18_000_000, "表头缺少|空行也算|空的"), (b"x" * 19_000_000, "第 1 行超过")):
        answer = watch.submit("/oversight/register", file=content)
        assert answer.status == 422
        assert any(each in answer.error_at("file") for each in said.split("|"))


@pytest.mark.parametrize("kind", PDFS)
def test_a_pdf_that_costs_too_much_is_answered(app: Flask, world: World, monkeypatch: Any, kind: str) -> None:
    monkeypatch.setattr(signature_validation, "SECONDS", 1)
    answer = Visitor(app).submit("/check", file=PDFS[kind]())
    if answer.status == 422:
        assert any(said in answer.error_at("file") for said in ("没有在限度", "次以上的修改"))
    else:
        assert answer.status == 200
        assert any(said in answer.text for said in ("不是可以读取的 PDF", "没有电子签名", "读不出的签名"))


def test_a_contract_signed_elsewhere_comes_back_through_the_same_gate(
    app: Flask, world: World, monkeypatch: Any
) -> None:
    monkeypatch.setattr(signature_validation, "SECONDS", 1)
    contract = drafted(world)
    answer = sign_in(app, world, "buyer").submit(f"/contracts/{contract}/bring", file=PDFS["many fields"]())
    assert answer.status == 422
    assert "没有在限度" in answer.error_at("file")


def test_a_certificate_that_takes_years_to_open_is_refused(
    app: Flask, world: World, time: Any, monkeypatch: Any
) -> None:
    monkeypatch.setattr(signature_validation, "SECONDS", 1)
    authority = Authority(time.instant.astimezone(UTC))
    key, certificate = authority.party("buyer单位", "x")
    buyer = sign_in(app, world, "buyer")
    for content, field, said in (
        (slow_to_open(authority.bundle(key, certificate)), "file", "迭代次数"),
        (_own_issuer(world, time), "file", "受信任"),
        (b"0" * 300_000, "file", "256 KB"),
        (b"0" * 3_000, "password", "打不开"),
    ):
        answer = buyer.submit("/my/signing/bring", file=content, password="secret", again=PASSWORD)
        assert answer.status == 422
        assert said in answer.error_at(field)


def _own_issuer(world: World, time: Any) -> bytes:
    """A bundle of a certificate that its own key signed."""
    one = Authority(time.instant.astimezone(UTC))
    party = world.organisation("buyer")
    one.name = x509.Name(
        [
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, party.name),
            x509.NameAttribute(NameOID.SERIAL_NUMBER, party.uscc),
        ]
    )
    return pkcs12.serialize_key_and_certificates(
        b"key", one.key, one.issue(one.name, one.key.public_key()), None, BestAvailableEncryption(b"secret")
    )


def _acts(world: World, authority: Authority) -> dict[str, Callable[[], Any]]:
    """Every act that begins with reading what somebody sent."""
    key, certificate = authority.party("buyer单位", world.organisation("buyer").uscc)
    contract = drafted(world)
    signed = by_hand(paper(contract), "Buyer", key, certificate, authority.now)
    bundle = authority.bundle(key, certificate)
    register = as_csv([["统一社会信用代码", "名称", "登记状态"], ["x", "y", "存续"]])
    db.session.rollback()
    return {
        "a table": lambda: imports.upload_table(
            world.actor("regulator"),
            kind="agencies",
            file_name="a.csv",
            content=as_csv([AGENCIES, agency_row(1)]),
        ),
        "a register": lambda: registry.compare_with_register(
            world.actor("regulator"), file_name="r.csv", content=register
        ),
        "a statement": lambda: importing.import_statement(
            world.actor("custodian"), file_name="s.csv", content=STATEMENT
        ),
        "a signed contract": lambda: signing.bring_signature(
            world.actor("buyer"), contract, file_name="c.pdf", content=signed
        ),
        "a certificate": lambda: signing.bring_certificate(
            world.actor("buyer"), file_name="c.p12", content=bundle, password="secret"
        ),
        "a copy": lambda: check_copy(db.session, signed).verdict,
    }


def test_another_writes_while_a_file_is_read(app: Flask, world: World, time: Any, monkeypatch: Any) -> None:
    """Whatever is read takes its time; another's act goes through meanwhile, and nothing is kept open."""
    authority = Authority(time.instant.astimezone(UTC))
    app.extensions["signing_roots"].append(authority.certificate)
    acts, run, read = _acts(world, authority), sandbox.run, []

    def meanwhile(function: Any, *arguments: Any, **options: Any) -> Any:
        assert not db.session.in_transaction()
        with transaction() as session:
            session.execute(text("UPDATE users SET name = name"))
        read.append(function.__name__)
        return run(function, *arguments, **options)

    monkeypatch.setattr(sandbox, "run", meanwhile)
    for name, act in acts.items():
        read.clear()
        assert act(), name
        assert read, name


@pytest.mark.parametrize("submission", ["", "once"])
def test_what_was_refused_leaves_nothing_and_the_same_form_may_be_sent_again(
    world: World, submission: str
) -> None:
    regulator = world.actor("regulator")
    with pytest.raises(RuleViolation):
        imports.upload_table(
            regulator, kind="agencies", file_name="a.csv", content=b"x", submission=submission
        )
    good = as_csv([AGENCIES, agency_row(1)])
    first = imports.upload_table(
        regulator, kind="agencies", file_name="a.csv", content=good, submission=submission
    )
    if submission:
        assert (
            imports.upload_table(
                regulator, kind="agencies", file_name="a.csv", content=good, submission=submission
            )
            == first
        )


def test_what_is_refused_in_the_sandbox_is_said_in_the_readers_language(app: Flask, world: World) -> None:
    visitor = Visitor(app, world.emails["agency"], language="en")
    answer = visitor.submit("/imports/new?kind=fees", kind="fees", file=b"x" * 19_000_000)
    assert "Line 1 is longer" in answer.error_at("file")


def test_a_rate_in_few_characters_that_is_a_number_of_any_length_is_refused() -> None:
    from models.pricing import Written, read_discount
    from models.pricing.progressive import Progressive

    def bands(table: str) -> object:
        return Progressive.read(Written(table=table))["bands"]

    for act in (
        lambda: read_discount("1e-9999999"),
        lambda: bands("*, 1e-9999999"),
        lambda: read_discount("9" * 5_000),
    ):
        with pytest.raises(Problem):
            act()
    assert read_discount("0.85") == "0.85"
    assert json.dumps(bands("100, 1/3 | *, 0.0018")) == '[[10000, "1/3"], [null, "0.0018"]]'
