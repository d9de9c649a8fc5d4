"""A contract on paper: printed when somebody needs it, and signed only as it stands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select

from harness.factories import World
from market.access_codes import code_of
from market.contracts.actions import contract_pdf as printing
from market.contracts.actions import drafting, signing
from market.contracts.actions.contract_pdf import rendered
from market.extensions import db
from market.transaction import transaction
from models import documents
from models.contracts.agreement import Contract
from models.contracts.signatures import ContractSignature
from models.documents import Document
from models.errors import Conflict, WrongState
from tests.web import Visitor, sign_in


def papers(contract: str) -> list[Document]:
    db.session.rollback()
    return documents.of_case(db.session, "contract", contract)


def test_a_contract_is_printed_when_somebody_needs_it(app: Flask, world: World) -> None:
    contract = world.contract_of(world.awarded()).identifier
    drafting.revise(world.actor("agency"), contract, texts={"secrecy": "双方另行签订保密协议,保密期五年。"})
    assert not papers(contract)
    printed = f"/check/{contract}/{code_of(contract)}"  # where the QR code leads
    page = Visitor(app).get(printed)
    assert page.status == 200
    assert "待签署" in page.text
    assert "buyer单位" in page.text
    assert "SHA-256" not in page.text
    buyer, agency = sign_in(app, world, "buyer"), sign_in(app, world, "agency")
    assert f"/contracts/{contract}/paper" in buyer.get(f"/contracts/{contract}").text
    assert not papers(contract)
    first = buyer.get(f"/contracts/{contract}/paper").response.get_data()
    assert first.startswith(b"%PDF")
    assert agency.get(f"/contracts/{contract}/paper").response.get_data() == first
    assert sign_in(app, world, "second").get(f"/contracts/{contract}/paper").status == 404
    (kept,) = papers(contract)
    assert kept.sha256 in agency.get(f"/contracts/{contract}/agree_agency").text
    assert kept.sha256 in Visitor(app).get(printed).text
    signing.agree(world.actor("buyer"), contract)
    drafting.revise(world.actor("agency"), contract, texts={"secrecy": "双方另行签订保密协议,保密期三年。"})
    text = Visitor(app).get(printed).text
    assert ("待签署" in text, "SHA-256" in text) == (True, False), "nothing is said of a text that fell away"
    second = agency.get(f"/contracts/{contract}/paper").response.get_data()
    assert second != first
    assert len(papers(contract)) == 3


def test_two_who_need_a_paper_at_once_get_the_same(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    contract, inner, times = world.contract_of(world.awarded()).identifier, printing._print, [0]

    def another_meanwhile(data: dict[str, Any]) -> bytes:
        times[0] += 1
        if times[0] == 1:
            rendered(contract)
        return inner(data)

    monkeypatch.setattr(printing, "_print", another_meanwhile)
    found = rendered(contract)
    assert [paper.identifier for paper in papers(contract)] == [found.identifier]
    assert times == [2]


def test_nobody_signs_what_was_changed_meanwhile(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    contract, inner = world.contract_of(world.awarded()).identifier, signing.signed
    changes: list[Callable[[], object]] = [
        lambda: drafting.revise(
            world.actor("agency"), contract, texts={"secrecy": "双方另行签订保密协议,保密期五年。"}
        ),
        lambda: signing.renew_key(world.actor("buyer")),
        lambda: signing.agree(world.actor("agency"), contract),
    ]

    buyer = world.actor("buyer")

    def changed_meanwhile(document: bytes, field: str, *who: Any) -> bytes:
        if changes and field == "Buyer":
            changes.pop(0)()
        return inner(document, field, *who)

    monkeypatch.setattr(signing, "signed", changed_meanwhile)
    for _change in range(2):
        with pytest.raises(Conflict):
            signing.agree(buyer, contract)
        db.session.rollback()
        assert Contract.load(db.session, contract).state == "drafted"
    signing.agree(buyer, contract)  # the agency was quicker: this signature goes onto its paper
    assert not changes
    db.session.rollback()
    assert Contract.load(db.session, contract).state == "signed"
    assert db.session.scalar(select(func.count()).select_from(ContractSignature)) == 2


def test_a_signature_sent_twice_is_one(world: World) -> None:
    contract, buyer = world.contract_of(world.awarded()).identifier, world.actor("buyer")
    assert (
        signing.agree(buyer, contract, submission="K")
        == signing.agree(buyer, contract, submission="K")
        == contract
    )
    with pytest.raises(WrongState):
        signing.agree(buyer, contract, submission="another")
    assert len(papers(contract)) == 2


def test_a_contract_signed_before_contracts_were_put_on_paper_has_none(app: Flask, world: World) -> None:
    contract = world.signed()
    with transaction() as session:
        Contract.load(session, contract).paper = None
        for document in documents.of_case(session, "contract", contract):
            document.issued = None
    buyer = sign_in(app, world, "buyer")
    assert buyer.get(f"/contracts/{contract}/paper").status == 404
    assert "下载合同" not in buyer.get(f"/contracts/{contract}").text
    assert Visitor(app).get(f"/check/{contract}").status == 404
