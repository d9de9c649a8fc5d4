"""Signed files that are not ours to verify whole.

National algorithms are named, and what was added after signing is told from what was signed.
"""

from __future__ import annotations

import base64
import re
from io import BytesIO
from typing import Any

import pytest
from asn1crypto import cms
from asn1crypto.core import ObjectIdentifier
from flask import Flask
from pyhanko.pdf_utils.generic import ArrayObject, DictionaryObject, NumberObject, pdf_name, pdf_string
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

from harness.factories import World
from market.contracts.actions import signing
from market.extensions import db
from market.opendata.checking import check_copy
from models.errors import RuleViolation
from models.signing.foreign import algorithm_of
from tests.contracts.signing import drafted, paper
from tests.web import Visitor

SM2, SM3, SM2_DATA = "1.2.156.10197.1.501", "1.2.156.10197.1.401", "1.2.156.10197.6.1.4.2.2"
_ROOM = re.compile(rb"/Contents <([0-9a-fA-F]+)>")


def in_place(pdf: bytes, place: int, contents: bytes) -> bytes:
    """The PDF with this instead of its signature at a place."""
    found = list(_ROOM.finditer(pdf))[place]
    written = contents.hex().encode().ljust(len(found[1]), b"0")
    assert len(written) == len(found[1])
    return pdf[: found.start(1)] + written + pdf[found.end(1) :]


def national(pdf: bytes, place: int = -1) -> bytes:
    """A CMS signature as it would be by SM2 with SM3."""
    held = cms.ContentInfo.load(bytes.fromhex(list(_ROOM.finditer(pdf))[place][1].decode()))
    signer = held["content"]["signer_infos"][0]
    signer["digest_algorithm"]["algorithm"], signer["signature_algorithm"] = SM3, {"algorithm": SM2}
    held["content"]["digest_algorithms"][0]["algorithm"] = SM3
    return in_place(pdf, place, held.dump(force=True))


def seal(pdf: bytes) -> bytes:
    """An electronic seal after GB/T 38540, or a CMS under the national content type: no CMS as we read it."""
    return in_place(
        pdf,
        -1,
        b"\x30\x2c\x0c\x02ES"
        + ObjectIdentifier(SM2_DATA).dump()
        + ObjectIdentifier(SM3).dump()
        + ObjectIdentifier(SM2).dump(),
    )


@pytest.mark.parametrize("made", [national, seal])
def test_a_signature_by_a_national_algorithm_is_named(app: Flask, world: World, made: Any) -> None:
    content = made(paper(world.signed()))
    db.session.rollback()
    copy = check_copy(db.session, content)
    assert (copy.verdict, copy.foreign[0][1].split(" / ")[0]) == ("foreign", "SM2")
    assert [flaws for _, flaws in copy.signatures] == [()], "the other party's is verified as ever"
    assert check_copy(db.session, made(content.replace(b"/Title", b"/Titel", 1))).verdict == "changed"
    page = Visitor(app).submit("/check", file=content)
    assert (page.status, "SM2" in page.text, "SM3" in page.text, "不是可以读取的 PDF" in page.text) == (
        200,
        True,
        True,
        False,
    )
    assert "SM2" in Visitor(app, language="en").submit("/check", file=content).text


def by_algorithm(oid: str) -> Any:
    def made(pdf: bytes) -> bytes:
        held = cms.ContentInfo.load(bytes.fromhex(list(_ROOM.finditer(pdf))[-1][1].decode()))
        held["content"]["signer_infos"][0]["signature_algorithm"] = {"algorithm": oid}
        return in_place(pdf, -1, held.dump(force=True))

    return made


def by_curve(pdf: bytes) -> bytes:
    """Signed with ecdsa-with-SHA256, as it says, by a key on the curve of SM2."""
    held = bytes.fromhex(list(_ROOM.finditer(pdf))[-1][1].decode())
    assert ObjectIdentifier(P256).dump() in held
    return in_place(
        pdf,
        -1,
        held.rstrip(b"\0").replace(
            ObjectIdentifier(P256).dump(), ObjectIdentifier("1.2.156.10197.1.301").dump()
        ),
    )


def by_a_way_of_its_own(way: bytes) -> Any:
    def made(pdf: bytes) -> bytes:
        place = pdf.rindex(b"/SubFilter /ETSI.CAdES.detached")
        return (
            pdf[:place]
            + (b"/SubFilter /" + way).ljust(len(b"/SubFilter /ETSI.CAdES.detached"))
            + pdf[place + len(b"/SubFilter /ETSI.CAdES.detached") :]
        )

    return made


P256 = "1.2.840.10045.3.1.7"
OTHERS = [
    *(
        (by_algorithm(f"1.2.156.10197.{own}"), name)
        for own, name in [
            ("1.301.1", "SM2"),
            ("1.501", "SM2"),
            ("1.502", "SM2"),
            ("1.503", "SM2"),
            ("1.504", "SM3"),
            ("1.302.1", "SM9"),
            ("1.999", "GM/T 1.2.156.10197.1.999"),
        ]
    ),
    (by_algorithm("1.2.840.10045.4.1"), "SHA-1"),
    (by_curve, "SM2"),
    (by_a_way_of_its_own(b"adbe.x509.rsa_sha1"), "adbe.x509.rsa_sha1"),
    (by_a_way_of_its_own(b"BJCA.Own"), "BJCA.Own"),
]


@pytest.mark.parametrize(("made", "name"), OTHERS, ids=range(len(OTHERS)))
def test_whatever_is_signed_in_a_way_not_verified_here_is_named_by_it(
    app: Flask, world: World, made: Any, name: str
) -> None:
    content = made(paper(world.signed()))
    db.session.rollback()
    copy = check_copy(db.session, content)
    assert (copy.verdict, [way for _, way in copy.foreign], [flaws for _, flaws in copy.signatures]) == (
        "foreign",
        [name],
        [()],
    )
    page = Visitor(app).submit("/check", file=content)
    assert (page.status, name in page.text, "国家商用密码" in page.text, "已经不可靠" in page.text) == (
        200,
        True,
        name[:2] in ("SM", "GM"),
        name == "SHA-1",
    )


@pytest.mark.parametrize("contents", [b"", b"\x8a" * 900, b"\x30\x80" * 50], ids=["empty", "random", "open"])
@pytest.mark.parametrize("place", [0, -1])
def test_a_signature_that_cannot_be_read_is_said_to_be_so_and_the_other_is_read(
    app: Flask, world: World, contents: bytes, place: int
) -> None:
    content = in_place(paper(world.signed()), place, contents)
    db.session.rollback()
    copy = check_copy(db.session, content)
    assert (copy.verdict, [way for _, way in copy.foreign], [flaws for _, flaws in copy.signatures]) == (
        "changed",
        [""],
        [() if place else ("broken",)],
    )
    page = Visitor(app).submit("/check", file=content)
    assert (page.status, "读不出的签名" in page.text) == (200, True)


def test_a_torn_one_is_not_taken_to_sign_with(world: World) -> None:
    identifier = drafted(world)
    signing.agree(world.actor("buyer"), identifier)
    with pytest.raises(RuleViolation, match="读不出") as refused:
        signing.bring_signature(
            world.actor("agency"),
            identifier,
            file_name="c.pdf",
            content=in_place(paper(identifier), 0, b"\x8a" * 900),
        )
    assert refused.value.field == "file"


def test_one_brought_to_sign_with_is_refused_by_its_name(world: World) -> None:
    identifier = drafted(world)
    signing.agree(world.actor("buyer"), identifier)
    with pytest.raises(RuleViolation, match="SM2") as refused:
        signing.bring_signature(
            world.actor("agency"), identifier, file_name="c.pdf", content=national(paper(identifier))
        )
    assert refused.value.field == "file"


def test_an_algorithm_nobody_verifies_and_one_we_do() -> None:
    assert algorithm_of(b"") == algorithm_of(b"nothing") == algorithm_of(b"\x30\x80" * 50) == ""
    assert algorithm_of(b"x" + ObjectIdentifier(SM3).dump()) == "SM3"


def annotated(pdf: bytes) -> bytes:
    """The same with a reader's note on its first page, saved incrementally."""
    writer = IncrementalPdfFileWriter(BytesIO(pdf))
    page = writer.root["/Pages"]["/Kids"][0]
    note = DictionaryObject(
        {
            pdf_name("/Type"): pdf_name("/Annot"),
            pdf_name("/Subtype"): pdf_name("/Text"),
            pdf_name("/Contents"): pdf_string("看过"),
            pdf_name("/Rect"): ArrayObject(map(NumberObject, (10, 10, 30, 30))),
        }
    )
    page.get_object().setdefault(pdf_name("/Annots"), ArrayObject()).append(writer.add_object(note))
    writer.update_container(page.get_object())
    out = BytesIO()
    writer.write(out)
    return out.getvalue()


@pytest.mark.parametrize(
    "added", [annotated, lambda pdf: annotated(annotated(pdf)), lambda pdf: pdf + b"\n% one more line\n"]
)
def test_what_was_added_after_signing_is_told_from_what_was_signed(
    app: Flask, world: World, added: Any
) -> None:
    signed = paper(world.signed())
    db.session.rollback()
    copy = check_copy(db.session, added(signed))
    assert (copy.verdict, copy.revision == signed, copy.revision_kept) == ("changed", True, True)
    page = Visitor(app).submit("/check", file=added(signed))
    link: Any = page.soup.select_one("a[download]")
    assert base64.b64decode(link["href"].partition(",")[2]) == signed
    assert "签名时的文本完好" in page.text
    assert check_copy(db.session, signed).revision == b""


def test_a_file_that_was_bent_has_no_revision_to_offer(world: World) -> None:
    bent = bytearray(annotated(paper(world.signed())))
    bent[300] ^= 1
    db.session.rollback()
    assert check_copy(db.session, bytes(bent)).revision == b""
