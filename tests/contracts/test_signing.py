"""Signatures: each party's own, the first valid under the second, and every way of cheating found out."""

from __future__ import annotations

import asyncio
import re
import shutil
import subprocess
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from io import BytesIO
from threading import Thread
from typing import Any

import pytest
from asn1crypto import keys as asn1_keys
from asn1crypto import tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from flask import Flask
from pyhanko.pdf_utils.generic import NumberObject, pdf_name
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.timestamps import DummyTimeStamper
from sqlalchemy import select
from werkzeug.serving import make_server

from harness.factories import PASSWORD, PDF, World
from market.accounts.actions import authorising
from market.contracts.actions import drafting, signing
from market.extensions import db
from market.opendata.checking import check_copy
from market.signing import TimestampsUnavailable
from models.authorisations import Authorisation
from models.clock import BEIJING
from models.contracts.agreement import Contract
from models.contracts.signatures import ContractSignature
from models.documents import Document
from models.errors import NotAllowed, RuleViolation, WrongState
from models.signing.keys import SigningKey
from tests.contracts.signing import Authority, by_hand, drafted, looked_at, paper
from tests.web import Visitor, sign_in


@pytest.fixture
def authority(app: Flask, time: Any) -> Authority:
    """A certification body this market trusts."""
    made = Authority(time.instant.astimezone(UTC))
    app.extensions["signing_roots"].append(made.certificate)
    return made


def test_both_sign_and_the_first_signature_stays_valid(app: Flask, world: World, tmp_path: Any) -> None:
    identifier = drafted(world)
    text = paper(identifier)
    signing.agree(world.actor("buyer"), identifier)
    first = paper(identifier)
    assert first.startswith(text), "a signature is appended, nothing is rewritten"
    with pytest.raises(WrongState):
        signing.agree(world.actor("buyer"), identifier)
    with pytest.raises(NotAllowed):
        signing.agree(world.actor("second"), identifier)
    with pytest.raises(NotAllowed, match="登录密码"):
        signing.agree(replace(world.actor("agency"), proved=False), identifier)
    signing.agree(world.actor("agency"), identifier)
    both = paper(identifier)
    assert both.startswith(first)
    assert looked_at(both) == ("same", [("buyer单位", ()), ("agency单位", ())])
    assert looked_at(first)[0] == looked_at(text)[0] == "earlier"
    rows = db.session.scalars(select(ContractSignature).order_by(ContractSignature.id)).all()
    assert [(r.role, r.method, r.organisation.name) for r in rows] == [
        ("buyer", "platform", "buyer单位"),
        ("agency", "platform", "agency单位"),
    ]
    if shutil.which("pdfsig"):
        (tmp_path / "contract.pdf").write_bytes(both)
        said = subprocess.run(
            ["pdfsig", "-nocert", tmp_path / "contract.pdf"], capture_output=True, text=True, check=False
        ).stdout
        assert said.count("Signature is Valid") == 2
        assert said.count("ETSI.CAdES.detached") == 2
        assert said.count("Total document signed") == 1
        fonts = subprocess.run(
            ["pdffonts", tmp_path / "contract.pdf"], capture_output=True, text=True, check=False
        ).stdout
        assert fonts.count("yes yes yes") >= 2
        assert " no " not in fonts.split("\n", 2)[2]


def test_a_changed_text_takes_the_signatures_back(world: World) -> None:
    identifier = drafted(world)
    signing.agree(world.actor("buyer"), identifier)
    signed = paper(identifier)
    drafting.revise(world.actor("agency"), identifier, texts={"secrecy": "双方另行签订保密协议,保密期五年。"})
    assert not db.session.scalars(select(ContractSignature)).all()
    signing.agree(world.actor("agency"), identifier)
    signing.agree(world.actor("buyer"), identifier)
    assert looked_at(paper(identifier))[0] == "same"
    assert looked_at(signed)[0] == "earlier", "the old text is kept, and known for what it is"


def test_every_way_of_tampering_is_found(world: World) -> None:
    identifier = world.signed()
    both = paper(identifier)
    for place in (200, len(both) // 3, len(both) - 200):
        bent = bytearray(both)
        bent[place] ^= 1
        assert looked_at(bytes(bent))[0] in ("changed", "unreadable", "unsigned"), place
    writer = IncrementalPdfFileWriter(BytesIO(both))
    page = writer.root["/Pages"]["/Kids"][0]
    page[pdf_name("/Rotate")] = NumberObject(180)
    writer.update_container(page)
    out = BytesIO()
    writer.write(out)
    verdict, signers = looked_at(out.getvalue())
    assert verdict == "changed"
    assert any("altered" in flaws for _, flaws in signers)
    assert looked_at(both + b"\n% one more line\n")[0] == "changed"
    assert looked_at(PDF)[0] == "unreadable"
    assert looked_at(b"nothing")[0] == "unreadable"


def test_a_signature_moved_to_another_contract_is_found(world: World) -> None:
    one, other = drafted(world), drafted(world)
    for identifier in (one, other):
        signing.agree(world.actor("buyer"), identifier)
    theirs, mine = paper(one), paper(other)

    room = re.compile(rb"/Contents <([0-9a-fA-F]+)>")
    found = room.search(theirs)
    assert found is not None
    swapped = room.sub(b"/Contents <" + found[1] + b">", mine)
    assert swapped != mine
    verdict, signers = looked_at(swapped)
    assert verdict == "changed"
    assert signers[0] == ("buyer单位", ("broken",))


def test_the_wrong_party_an_expired_and_an_unknown_certificate_are_refused_and_named(
    world: World, authority: Authority, time: Any
) -> None:
    identifier = drafted(world)
    text, buyer = paper(identifier), world.organisation("buyer")
    now = time.instant
    cases = {
        "stranger": (authority.party("别人公司", "91630000000000000X"), now, "不是合同的这一方"),
        "expired": (authority.party(buyer.name, buyer.uscc, days=-1), now, "不在有效期内"),
        "untrusted": (Authority(now.astimezone(UTC)).party(buyer.name, buyer.uscc), now, "不是受信任"),
        "later": (authority.party(buyer.name, buyer.uscc), now + timedelta(days=2), "晚于现在"),
    }
    for flaw, ((key, certificate), at, said) in cases.items():
        content = by_hand(text, "Buyer", key, certificate, at)
        with pytest.raises(RuleViolation, match=said):
            signing.bring_signature(world.actor("buyer"), identifier, file_name="c.pdf", content=content)
        verdict, signers = looked_at(content)
        assert verdict == "doubtful", flaw
        assert flaw in signers[0][1]
    assert Contract.load(db.session, identifier).state == "drafted"


def test_signing_elsewhere_and_bringing_it_back(world: World, authority: Authority, time: Any) -> None:
    identifier = drafted(world)
    buyer = world.organisation("buyer")
    key, certificate = authority.party(buyer.name, buyer.uscc)
    text = paper(identifier)
    good = by_hand(text, "Buyer", key, certificate, time.instant)

    def refused(content: bytes, said: str) -> None:
        with pytest.raises(RuleViolation, match=said):
            signing.bring_signature(world.actor("buyer"), identifier, file_name="c.pdf", content=content)

    refused(by_hand(text, "Agency", key, certificate, time.instant), "Buyer")
    refused(text, "Buyer")
    refused(by_hand(paper(drafted(world)), "Buyer", key, certificate, time.instant), "不是从这里下载")
    refused(good + b"\n%\n", "没有通过核验")
    refused(b"\x89PNG\r\n\x1a\n" + b"0" * 64, "PDF")
    signing.bring_signature(world.actor("buyer"), identifier, file_name="c.pdf", content=good)
    signing.agree(world.actor("agency"), identifier)
    assert looked_at(paper(identifier)) == ("same", [("buyer单位", ()), ("agency单位", ())])
    assert db.session.scalars(select(ContractSignature.method).order_by(ContractSignature.id)).all() == [
        "elsewhere",
        "platform",
    ]


def test_an_own_certificate_replaces_the_key_held_here(
    app: Flask, world: World, authority: Authority, time: Any
) -> None:
    agency = world.organisation("agency")
    key, certificate = authority.party(agency.name, agency.uscc, days=20)
    good = authority.bundle(key, certificate)
    visitor = sign_in(app, world, "agency")

    def refused(content: bytes, field: str, password: str = "secret") -> str:
        return visitor.submit("/my/signing/bring", file=content, password=password, again=PASSWORD).error_at(
            field
        )

    assert "密码不对" in refused(good, "password", "wrong")
    assert "打不开" in refused(b"nothing", "password")
    assert "不是本单位" in refused(
        authority.bundle(*authority.party("别人公司", "91630000000000000X")), "file"
    )
    assert "有效期" in refused(authority.bundle(*authority.party(agency.name, agency.uscc, days=-1)), "file")
    unknown = Authority(time.instant.astimezone(UTC))
    assert "受信任" in refused(unknown.bundle(*unknown.party(agency.name, agency.uscc)), "file")
    assert visitor.submit("/my/signing/bring", file=good, password="secret", again=PASSWORD).status == 303
    assert "已经登记" in refused(good, "file")
    assert "自备证书" in visitor.get("/my/signing").text
    identifier = drafted(world)
    signing.agree(world.actor("agency"), identifier)
    assert looked_at(paper(identifier))[1] == [("agency单位", ())]
    kept = db.session.scalars(
        select(SigningKey).where(SigningKey.organisation_id == agency.id).order_by(SigningKey.id)
    ).all()
    assert [(k.origin, k.retired_at is not None) for k in kept] == [("platform", True), ("own", False)]
    raw = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    assert raw not in kept[1].private_key
    time.instant += timedelta(days=30)
    later = drafted(world)
    with pytest.raises(RuleViolation, match="更换证书"):
        signing.agree(world.actor("agency"), later)
    assert looked_at(paper(identifier))[1] == [("agency单位", ())], "what was signed in its time stays valid"


def test_a_key_held_here_is_renewed_when_it_runs_out(app: Flask, world: World, time: Any) -> None:
    buyer = sign_in(app, world, "buyer")
    before = db.session.scalars(
        select(SigningKey.serial).where(
            SigningKey.retired_at.is_(None), SigningKey.organisation_id == world.organisation("buyer").id
        )
    ).one()
    assert buyer.submit("/my/signing/renew", again=PASSWORD).status == 303
    with pytest.raises(NotAllowed):
        signing.renew_key(world.actor("visitor"))
    time.instant += timedelta(days=4 * 365)
    identifier = drafted_later(world)
    signing.agree(world.actor("buyer"), identifier)
    serials = db.session.scalars(
        select(SigningKey.serial).where(SigningKey.organisation_id == world.organisation("buyer").id)
    ).all()
    assert len(set(serials)) == len(serials) == 3
    assert before in serials
    assert looked_at(paper(identifier))[1] == [("buyer单位", ())]


def drafted_later(world: World) -> str:
    world.fees("agency", 5_000_000)
    return drafted(world)


def _tsa(authority: Authority) -> Any:
    """A time stamping authority over real HTTP."""
    key = rsa.generate_private_key(65537, 2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "测试时间戳")])
    certificate = authority.issue(name, key.public_key(), purpose=ExtendedKeyUsageOID.TIME_STAMPING)
    der = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    stamper = DummyTimeStamper(
        asn1_x509.Certificate.load(certificate.public_bytes(serialization.Encoding.DER)),
        asn1_keys.PrivateKeyInfo.load(der),
        fixed_dt=authority.now + timedelta(seconds=7),
    )

    def answer(environ: Any, start: Any) -> Any:
        body = environ["wsgi.input"].read(int(environ["CONTENT_LENGTH"]))
        said = asyncio.run(stamper.async_request_tsa_response(tsp.TimeStampReq.load(body)))
        start("200 OK", [("Content-Type", "application/timestamp-reply")])
        return [said.dump()]

    return make_server("127.0.0.1", 0, answer)


def test_a_trusted_time_is_in_the_signature_where_an_authority_is_set(
    app: Flask, world: World, authority: Authority, time: Any
) -> None:
    server = _tsa(authority)
    Thread(target=server.serve_forever, daemon=True).start()
    identifier = drafted(world)
    try:
        app.config["TSA_URL"] = f"http://127.0.0.1:{server.port}/"
        signing.agree(world.actor("buyer"), identifier)
    finally:
        server.shutdown()
        server.server_close()
    found = check_copy(db.session, paper(identifier)).signatures[0][0]
    assert (found.stamped, found.flaws) == (True, ())
    assert found.at == authority.now + timedelta(seconds=7)
    assert "带可信时间戳" in sign_in(app, world, "buyer").get(f"/contracts/{identifier}").text
    with pytest.raises(TimestampsUnavailable):
        signing.agree(world.actor("agency"), identifier)
    assert Contract.load(db.session, identifier).state == "buyer_agreed", "without the time nothing is signed"


def test_anybody_checks_a_copy_and_nobody_gets_one(app: Flask, world: World) -> None:
    identifier = world.signed()
    both = paper(identifier)
    visitor = Visitor(app)
    for path in ("/check", f"/check/{identifier}"):
        page = visitor.submit(path, file=both)
        for said in ("一个字节也没有改过", "buyer单位", "agency单位", "有效"):
            assert said in page.text
        bent = visitor.submit(path, file=both.replace(b"/Type", b"/Tyqe", 1)).text
        assert "改动过" in bent, path
    assert "请选择文件" in visitor.submit("/check").error_at("file")
    assert visitor.get(f"/papers/{identifier}.pdf").status == 404
    named = db.session.scalars(
        select(Document.identifier).where(Document.case_identifier == identifier)
    ).first()
    assert visitor.get(f"/papers/{named}.pdf").status == 404
    assert visitor.get(f"/documents/{named}").status == 302
    assert sign_in(app, world, "second").get(f"/documents/{named}").status == 404
    text = visitor.get(f"/check/{identifier}").text
    assert "40,000" not in text, "what it says of a contract is who and what, not how much"


def test_a_paper_tells_its_date_in_beijing(world: World) -> None:
    identifier = world.signed()
    info = PdfFileReader(BytesIO(paper(identifier))).trailer["/Info"]
    assert identifier in str(info["/Title"])
    assert check_copy(db.session, paper(identifier)).signatures[0][0].at == datetime(
        2026, 3, 2, 9, 0, tzinfo=BEIJING
    )


def test_an_authority_by_the_own_certificate_lasts_as_long_as_that(
    world: World, authority: Authority, time: Any
) -> None:
    agency = world.organisation("agency")
    owner = world.actor("agency")
    signing.bring_certificate(
        owner,
        file_name="k.p12",
        content=authority.bundle(*authority.party(agency.name, agency.uscc, days=20)),
        password="secret",
    )
    with pytest.raises(RuleViolation, match="签名证书的有效期"):
        authorising.declare(owner, covers=["sign"], until=time.instant + timedelta(days=300))
    letter = authorising.declare(owner, covers=["sign"], until=time.instant + timedelta(days=5))
    assert Authorisation.load(db.session, letter).basis == "certificate"
    db.session.rollback()
    signing.renew_key(owner)
    assert Authorisation.load(db.session, letter).state == "withdrawn"
