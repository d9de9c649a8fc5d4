"""Paying: wrong files and references are answered at the field."""

from __future__ import annotations

import pytest
from flask import Flask

from harness.factories import PDF, World
from models.documents import MOST_BYTES
from models.payments.payment import Payment
from tests.web import sign_in


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"MZ not a report", "只接收"),
        (b"", "空的"),
        (PDF + b"0" * MOST_BYTES, "20 MB"),
        (PDF + b"0" * (30 << 20), "20 MB"),
        (b"0" * (65 << 20), "20 MB"),
    ],
)
def test_files(app: Flask, world: World, content: bytes, said: str) -> None:
    contract = world.signed()
    payment = world.one(Payment, contract, kind="deposit").identifier
    answer = sign_in(app, world, "buyer").submit(
        f"/payments/{payment}/pay", bank_reference="20260302-7", file=content
    )
    assert answer.status == (413 if len(content) > 60 << 20 else 422)
    assert said in answer.text
    if answer.status == 422:
        assert said in answer.error_at("file")
        assert answer.value_of("bank_reference") == "20260302-7"
    assert world.one(Payment, contract, kind="deposit").state == "due"


def test_a_file_is_needed_and_a_bank_reference_makes_sense(app: Flask, world: World) -> None:
    payment = world.one(Payment, world.signed(), kind="deposit").identifier
    buyer = sign_in(app, world, "buyer")
    assert "请选择文件" in buyer.submit(f"/payments/{payment}/pay", bank_reference="20260302-7").error_at(
        "file"
    )
    assert "4 到 60" in buyer.submit(f"/payments/{payment}/pay", bank_reference="1", file=PDF).error_at(
        "bank_reference"
    )
