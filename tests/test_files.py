"""Files people hand in.

Known by their structure, kept under a clean name, and always there to be had again.
"""

from __future__ import annotations

import contextlib
import io
import zipfile
from pathlib import Path
from time import thread_time
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from harness.factories import PDF, World
from market.extensions import db
from market.spreadsheets import as_xlsx
from market.transaction import transaction
from models import archives, documents, filekinds
from models.documents import Document, clean_name
from models.errors import RuleViolation
from models.payments.payment import Payment
from models.uploads import mapped
from tests.cases import case
from tests.web import Visitor, sign_in

WORD = (
    '<Types><Override PartName="/word/document.xml" ContentType="application/'
    'vnd.openxmlformats-officedocument.wordprocessingml.document.main+xml"/></Types>'
)
MACROS = WORD.replace("wordprocessingml.document.main", "word.document.macroEnabled.main").replace(
    "openxmlformats-officedocument", "ms"
)
PNG = (
    b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\1\0\0\0\1\x08\0\0\0\0:~\x9bU"
    b"\0\0\0\nIDATx\x9cc`\0\0\0\2\0\1H\xaf\xa4q\0\0\0\0IEND\xaeB`\x82"
)
JPEG = b"\xff\xd8\xff\xe0\0\x10JFIF\0\1\1\0\0\1\0\1\0\0\xff\xff\xda\0\2" + b"\0" * 40 + b"\xff\xd9"
THUMB = b"\xff\xe1" + (len(JPEG) + 2).to_bytes(2) + JPEG  # a small picture in the head of another
FILM = b"\0\0\0\x18ftypmp42" + b"\x22" * 100_000
INVOICE = (
    b'<?xml version="1.0" encoding="UTF-8"?>'
    b"<EInvoice><Header><EIid>26632000000000000001</EIid></Header></EInvoice>"
)


def packed(*, method: int = zipfile.ZIP_DEFLATED, **parts: str | bytes) -> bytes:
    """A ZIP of these parts, in their order; two underscores are a slash."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", method) as made:
        for name, text in parts.items():
            made.writestr(
                "[Content_Types].xml" if name == "types" else name.replace("__", "/") + ".xml", text
            )
    return content.getvalue()


def parts(*names: str, content: bytes = b"x", **about: int) -> bytes:
    """A ZIP of parts of these names and the same content."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in names:
            part = zipfile.ZipInfo(name)
            part.compress_type = about.get("method", zipfile.ZIP_DEFLATED)
            part.external_attr = about.get("attributes", 0)
            archive.writestr(part, content)
    return made.getvalue()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (PDF, filekinds.PDF),
        (case("leading_newline.pdf"), filekinds.PDF),
        (b"\xef\xbb\xbf" + PDF, filekinds.PDF),
        (b"HTTP/1.1 200 OK\r\n\r\n" + PDF, filekinds.PDF),
        (PDF + b"\0" * 9_000, filekinds.PDF),
        (PDF + b"\r\n\r\n<!-- sent by a proxy -->", filekinds.PDF),
        (PNG, filekinds.PNG),
        (JPEG, filekinds.JPEG),
        (packed(types=WORD, word__document="<w/>"), filekinds.DOCX),
        (packed(docProps__app="<a/>", word__document="<w/>", types=WORD), filekinds.DOCX),
        (as_xlsx([["a"]]), filekinds.XLSX),
        (
            packed(OFD='<ofd:OFD xmlns:ofd="http://www.ofdspec.org/2016"/>', Doc_0__Document="<x/>"),
            filekinds.OFD,
        ),
        (JPEG + FILM, filekinds.JPEG),
        (JPEG[:2] + THUMB + JPEG[2:] + FILM, filekinds.JPEG),
        (PNG + FILM, filekinds.PNG),
        (
            packed(
                types=WORD.replace("<Types", '<?xml version="1.0" encoding="UTF-16"?><Types').encode(
                    "utf-16"
                ),
                word__document="<w/>",
            ),
            filekinds.DOCX,
        ),
        (packed(OFD="<ofd:OFD/>".encode("utf-16")), filekinds.OFD),
        (parts("/OFD.xml", "/Doc_0/Document.xml", content=b"<ofd:OFD/>"), filekinds.OFD),
        *(
            (
                f'<?xml version="1.0" encoding="{name}"?><EInvoice><a>发票</a></EInvoice>'.encode("gb18030"),
                filekinds.XML,
            )
            for name in ("GBK", "gb2312", "GB18030", "cp936")
        ),
        (
            b'<xbrl xmlns="http://www.xbrl.org/2003/instance"><context/><inv:InvoiceNumber/></xbrl>',
            filekinds.XML,
        ),
        (b'<business id="FPCX"><FPXX/></business>', filekinds.XML),
        (b"<Kp><Version>3.0</Version><Fpxx/></Kp>", filekinds.XML),
        (packed(a="x"), filekinds.ZIP),
        (b"AC1032" + bytes(400), filekinds.DWG),
        (b"AC1015\0\0\0\0\0\x06\x01" + b"\x33" * 400, filekinds.DWG),
        (INVOICE, filekinds.XML),
        (b"\xef\xbb\xbf" + INVOICE, filekinds.XML),
        (INVOICE.decode().replace("UTF-8", "UTF-16").encode("utf-16"), filekinds.XML),
    ],
    ids=range(31),
)
def test_a_whole_file_of_a_kind_we_take_is_taken_however_it_is_laid_out(content: bytes, kind: str) -> None:
    assert documents.check(content) == kind


@pytest.mark.parametrize(
    "content",
    [
        case("four_bytes.pdf"),
        b"%PDF-1.7\n",
        b"%PDF-1.7 %%EOF",
        PDF[: len(PDF) // 2],
        b"x" * 1_025 + PDF,
        PNG[:40],
        b"\x89PNG\r\n\x1a\n",
        JPEG[:20],
        b"\xff\xd8\xff",
        packed(a="x")[:-9],
        b"AC1032" + bytes(20),
        b"AC1099" + bytes(400),
        b"AC1032 is a name" + bytes(400),
        packed(types=WORD),
        packed(types=MACROS, word__document="<w/>"),
        packed(OFD="nothing"),
        packed(types=WORD, word__document="<w/>")[:-30],
        b"PK\x03\x04",
        b"<html><body>invoice</body></html>",
        b"<svg/>",
        b'<!DOCTYPE x [<!ENTITY a "b">]><Invoice>&a;</Invoice>',
        b"<Invoice>",
        b"<Invoice" + b"><a" * 200,
        INVOICE[:-3],
        JPEG[:2] + THUMB + JPEG[2:-2],
        b"\xff\xd8\xff" + b"\xff" * 100_000,
        PNG[:-8] + FILM,
        b"<xbrl><a><Invoice/></a></xbrl>",
        b"<html><Invoice/></html>",
        b"<business/>",
        '<?xml version="1.0" encoding="GBK"?><Invoice>票'.encode("gbk"),
        b'<?xml version="1.0" encoding="GBK"?><Invoice>\xff</Invoice>',
        b"MZ\x90\0",
        b"GIF89a",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    ],
    ids=range(35),
)
def test_a_torn_one_or_another_kind_is_refused_at_the_field(content: bytes) -> None:
    with pytest.raises(RuleViolation, match="OFD") as refused:
        documents.check(content, "file")
    assert refused.value.field == "file"


def locked(content: bytes) -> bytes:
    """The same as if it asked for a password: the flag in both heads of its one part."""
    at = content.rfind(b"PK\x01\x02")
    return content[:6] + b"\x01" + content[7 : at + 8] + b"\x01" + content[at + 9 :]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (parts("总图.dwg", "setup.EXE"), archives.RUNS),
        (parts("a/b.js"), archives.RUNS),
        (parts("报告.pdf", content=b"MZ\x90\0"), archives.RUNS),
        (parts("a.exe "), archives.RUNS),
        (parts("inner.zip"), archives.NESTED),
        (parts("inner.dat", content=b"PK\x03\x04"), archives.NESTED),
        (parts("../a.pdf"), archives.OUTSIDE),
        (parts("a/../../b"), archives.OUTSIDE),
        (parts("/etc/passwd"), archives.OUTSIDE),
        (parts("C:\\a.pdf"), archives.OUTSIDE),
        (parts("a", attributes=0o120777 << 16), archives.OUTSIDE),
        (parts("a", content=b"0" * (30 << 20)), archives.TOO_LARGE),
        (parts("a", method=zipfile.ZIP_LZMA), archives.UNUSUAL),
        (parts("OFD.xml", method=zipfile.ZIP_BZIP2), archives.UNUSUAL),
        (parts("[Content_Types].xml", "word/a", method=zipfile.ZIP_LZMA), archives.UNUSUAL),
        (parts("OFD.xml", "Doc_0/setup.exe"), archives.RUNS),
        (parts("[Content_Types].xml", "word/document.xml", "../../a.bat"), archives.OUTSIDE),
        (parts("OFD.xml", "inner.zip"), archives.NESTED),
        (parts("OFD.xml", content=b"OFD" + b"0" * (30 << 20)), archives.TOO_LARGE),
        (locked(parts("a")), archives.LOCKED),
        (b"PK\x03\x04" + b"PK\x01\x02" * 10_000, archives.TOO_MANY),
    ],
    ids=range(21),
)
def test_a_zip_that_may_not_be_handed_on_is_refused_with_the_reason(content: bytes, said: str) -> None:
    with pytest.raises(RuleViolation) as refused:
        documents.check(content, "file")
    assert (refused.value.message, refused.value.field) == (said, "file")


def test_a_zip_of_what_people_pack_is_taken(tmp_path: Path) -> None:
    """By the name it has in it an office file is one; read off the disk as it is from memory."""
    content = parts("报告/正文.docx", "表.xlsx", content=b"PK\x03\x04 inside")
    assert documents.check(content) == filekinds.ZIP
    file = tmp_path / "a"
    for each, kind in ((content, filekinds.ZIP), (PDF, filekinds.PDF), (INVOICE, filekinds.XML)):
        file.write_bytes(each)
        with file.open("rb") as opened, mapped(opened) as found:
            assert documents.check(found) == kind


def test_a_list_of_parts_that_says_it_is_huge_is_not_read(monkeypatch: Any) -> None:
    content = parts("a")
    at = content.rfind(b"PK\x05\x06")
    lying = content[: at + 12] + (100 << 20).to_bytes(4, "little") + content[at + 16 :]
    monkeypatch.setattr(zipfile, "ZipFile", lambda *_: pytest.fail("it was opened"))
    with pytest.raises(RuleViolation):
        documents.check(lying)


def test_digits_without_end_behind_a_head_take_no_time() -> None:
    began = thread_time()
    with pytest.raises(RuleViolation):
        documents.check(b"%PDF-1.7\n" + b"1" * 5_000_000)
    assert thread_time() - began < 2


@given(
    st.sampled_from([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]),
    st.data(),
)
def test_an_archive_torn_anywhere_has_a_kind_or_none(method: int, data: st.DataObject) -> None:
    whole = packed(method=method, types=WORD * 20, word__document="<w/>")
    place = data.draw(st.integers(0, len(whole) - 1))
    instead = data.draw(st.binary(min_size=1, max_size=12))
    with contextlib.suppress(archives.Unfit):
        assert filekinds.kind_of(whole[:place] + instead + whole[place + len(instead) :]) in (
            None,
            filekinds.DOCX,
            filekinds.ZIP,  # where the name of the part that says otherwise is torn
        )


@given(
    st.binary(max_size=200),
    st.sampled_from([b"", b"%PDF-", b"PK\x03\x04", b"<", b"\x89PNG\r\n\x1a\n", b"\xff\xd8\xff", b"<?xml"]),
)
def test_whatever_bytes_come_have_a_kind_or_none(content: bytes, begin: bytes) -> None:
    with contextlib.suppress(archives.Unfit):
        assert filekinds.kind_of(begin + content) in (None, *filekinds.KINDS)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("合同.pdf", "合同.pdf"),
        ("a\r\nSet-Cookie: x.pdf", "a Set-Cookie_ x.pdf"),
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\发票.ofd", "发票.ofd"),
        ("a\u202efdp.exe", "afdp.exe"),
        ("\x00\x1b[31m.pdf", "[31m.pdf"),
        ("", "file"),
        ("...", "file"),
        (" a \u3000 b\u2028.pdf ", "a b .pdf"),
        ("\u200b\u200f", "file"),
        ("长" * 300 + ".pdf", "长" * 196 + ".pdf"),
        ("𠮷野家.pdf", "𠮷野家.pdf"),
        ('a"b;c.pdf', "a_b_c.pdf"),
        ("བོད་ཡིག.pdf", "བོད་ཡིག.pdf"),
    ],
)
def test_a_name_is_kept_clean(name: str, kept: str) -> None:
    assert clean_name(name) == kept


@given(st.text(max_size=300))
def test_a_clean_name_is_one_line_and_stays_as_it_is(name: str) -> None:
    kept = clean_name(name)
    assert 0 < len(kept) <= 200
    assert kept.isprintable() or all(ord(c) > 127 for c in kept if not c.isprintable())
    assert clean_name(kept) == kept
    assert not set("\r\n/\\") & set(kept)


def test_the_ending_says_what_it_is() -> None:
    assert [clean_name(name, filekinds.PDF) for name in ("v.exe", "v", "v.PDF", "v.pdf.html")] == [
        "v.exe.pdf",
        "v.pdf",
        "v.PDF",
        "v.pdf.html.pdf",
    ]


NAMES = [
    "a\r\nX: y.pdf",
    "a\nb.pdf",
    "\x01\x7f.pdf",
    "\u202egpj.pdf",
    "\u2028.pdf",
    'q";x=".pdf',
    "数" * 100 + ".pdf",
    "%0d%0a.pdf",
]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_a_file_under_any_name_is_downloaded_again(app: Flask, world: World, name: str) -> None:
    """Also one that was kept before names were cleaned."""
    contract = world.signed()
    due = world.one(Payment, contract, kind="deposit").identifier
    buyer = sign_in(app, world, "buyer")
    assert _pay(buyer, f"/payments/{due}/pay", " ".join(name.splitlines())) == 303
    voucher: Any = world.one(Payment, contract, kind="deposit").voucher
    identifier, kept = voucher.identifier, voucher.name
    assert "\n" not in kept
    for stored in (kept, name):
        with transaction() as session:
            session.query(Document).filter_by(identifier=identifier).one().name = stored
        db.session.rollback()
        answer = buyer.get(f"/documents/{identifier}")
        assert answer.status == 200
        assert answer.response.headers["Content-Disposition"].startswith("attachment; filename=")


def _pay(buyer: Visitor, path: str, name: str) -> int:
    from harness.person import current_values

    form = buyer.get(path).soup.select_one("main form[method=post]")
    assert form is not None
    return buyer.post(
        path,
        {
            **current_values(form),
            "bank_reference": "20260302-1",
            "file": (io.BytesIO(case("leading_newline.pdf")), name),
        },
    ).status


def test_the_field_says_what_is_taken(app: Flask, world: World) -> None:
    due = world.one(Payment, world.signed(), kind="deposit").identifier
    page = sign_in(app, world, "buyer").get(f"/payments/{due}/pay")
    assert "OFD" in page.text
    field: Any = page.soup.select_one("input[type=file]")
    assert {".pdf", ".ofd", ".xml", ".docx"} <= set(field["accept"].split(","))
    refused = sign_in(app, world, "buyer").submit(
        f"/payments/{due}/pay", bank_reference="20260302-1", file=case("four_bytes.pdf")
    )
    assert (refused.status, "OFD" in refused.error_at("file")) == (422, True)
    torn = bytearray(packed(types=WORD * 20, word__document="<w/>"))
    begin = torn.index(b"[Content_Types].xml") + 19
    torn[begin : begin + 4] = b"\xff" * 4
    refused = sign_in(app, world, "buyer").submit(
        f"/payments/{due}/pay", bank_reference="20260302", file=bytes(torn)
    )
    assert (refused.status, "OFD" in refused.error_at("file")) == (422, True), "its parts cannot be unpacked"


def test_a_character_no_paper_can_show_is_named_where_it_is_typed(app: Flask) -> None:
    """What the fonts have, of every plane and in Tibetan, is taken."""
    from models.printable import missing

    visitor = Visitor(app)
    answer = visitor.submit("/sign-up", organisation="好😀公司", legal_representative="ᠮᠣᠩ")
    assert "U+1F600" in answer.error_at("organisation")
    assert "U+182E" in answer.error_at("legal_representative")
    assert missing("𠮷野 𫚉业 བོད་ཡིག Café ①㎡") == []
