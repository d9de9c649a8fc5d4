"""What kind of file bytes are, by their structure and not by what they are called: the first bytes alone are soon written in front of
anything. Kinds after ISO 32000-2 (7.5, and its readers' licence to find something before the head), ECMA-376-2 (content types), GB/T 33190
(OFD), and the XML of digital invoices (数电发票)."""

from __future__ import annotations

import io
import re
import zipfile
from typing import Any
from xml.sax import SAXException
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesImpl

import filetype
from defusedxml import DefusedXmlException
from defusedxml.sax import parseString

PDF, PNG, JPEG = "application/pdf", "image/png", "image/jpeg"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
OFD, XML = "application/ofd", "application/xml"
KINDS = {PDF: ("pdf",), OFD: ("ofd",), PNG: ("png",), JPEG: ("jpg", "jpeg"), DOCX: ("docx",), XLSX: ("xlsx",), XML: ("xml",)}
_OFFICE = {b"wordprocessingml.document.main+xml": DOCX, b"spreadsheetml.sheet.main+xml": XLSX}
HEAD, TAIL = 1_024, 8_192  # bytes in which a PDF begins and ends
MOST_PARTS, MOST_PART, MOST_XML = 5_000, 1 << 20, 4 << 20
_INVOICE = re.compile("invoice|fapiao|发票", re.IGNORECASE)


def kind_of(content: bytes) -> str | None:
    """The media type of bytes of a kind we take, whole as far as can be seen; None for anything else."""
    start = content[:HEAD].find(b"%PDF-")
    if start >= 0 and _pdf(content[start:]):
        return PDF
    if content.startswith(b"PK\x03\x04"):
        return _packed(content)
    guessed = filetype.guess_mime(content)
    if guessed == PNG:
        return PNG if content[12:16] == b"IHDR" and b"IEND" in content[-TAIL:] else None
    if guessed == JPEG:
        return JPEG if b"\xff\xd9" in content[-TAIL:] else None
    return XML if _is_invoice(content) else None


def _pdf(content: bytes) -> bool:
    end = content.rstrip(b"\0\r\n\t ")[-TAIL:]
    return re.search(rb"\d+\s+\d+\s+obj\b", content) is not None and (b"%%EOF" in end or b"startxref" in end)


def _packed(content: bytes) -> str | None:
    """An office document or an OFD, in whatever order its parts lie."""
    if content.count(b"PK\x01\x02") > MOST_PARTS:
        return None
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            names = {part.filename.lstrip("/").lower(): part for part in packed.infolist()}
            if "ofd.xml" in names:
                return OFD if b"OFD" in _part(packed, names["ofd.xml"]) else None
            types = _part(packed, names["[content_types].xml"]) if "[content_types].xml" in names else b""
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, EOFError, IndexError, RuntimeError, OverflowError, MemoryError):
        return None
    found = next((kind for mark, kind in _OFFICE.items() if mark in types), None)
    main = {DOCX: "word/", XLSX: "xl/"}.get(found or "", "?")
    return found if any(name.startswith(main) for name in names) else None


def _part(packed: zipfile.ZipFile, part: zipfile.ZipInfo) -> bytes:
    with packed.open(part) as opened:
        return opened.read(MOST_PART)


class _Root(ContentHandler):
    """Remembers what an XML says it is."""

    def __init__(self) -> None:
        super().__init__()
        self.name, self.depth = "", 0

    def startElement(self, name: str, attrs: AttributesImpl[Any]) -> None:  # noqa: N802 - as the parser calls it
        self.name, self.depth = self.name or name.rpartition(":")[2], self.depth + 1
        if self.depth > 100:
            raise ValueError("too deep")

    def endElement(self, name: str) -> None:  # noqa: N802
        self.depth -= 1


def _is_invoice(content: bytes) -> bool:
    """Whether this is a well-formed XML whose root is an invoice; one with a document type of its own is none."""
    if content[:HEAD].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")[:1] != b"<" or len(content) > MOST_XML:
        return False
    root = _Root()
    try:
        parseString(content, root, forbid_dtd=True)
    except (DefusedXmlException, SAXException, ValueError, LookupError):
        return False
    return _INVOICE.search(root.name) is not None
