"""What kind of file bytes are, by their structure and not by what they are called.

The first bytes alone are soon written in front of anything. Kinds after ISO 32000-2 (7.5, and its readers'
licence to find something before the head), ECMA-376-2 (content types), GB/T 33190 (OFD), and the XML of
digital invoices (数电发票).
"""

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
KINDS = {
    PDF: ("pdf",),
    OFD: ("ofd",),
    PNG: ("png",),
    JPEG: ("jpg", "jpeg"),
    DOCX: ("docx",),
    XLSX: ("xlsx",),
    XML: ("xml",),
}
SCANS = (PDF, OFD, PNG, JPEG)  # what a licence or certificate can be
_OFFICE = {b"wordprocessingml.document.main+xml": DOCX, b"spreadsheetml.sheet.main+xml": XLSX}
HEAD, TAIL = 1_024, 8_192  # bytes in which a PDF begins and ends
MOST_PARTS, MOST_PART, MOST_XML = 5_000, 1 << 20, 4 << 20
_INVOICE = re.compile("invoice|fapiao|发票|fpxx|fpkj", re.IGNORECASE)
_ENVELOPES = frozenset(
    {"xbrl", "business", "kp"}
)  # roots that say nothing of what they hold: of XBRL (财会〔2023〕7 号) and of tax interfaces
# The parser knows none of these; GB 18030 holds the others (as in market/sandboxed/decoding.py, which may
# import nothing of ours, nor we it).
_NATIONAL = re.compile(
    rb"""\s*<\?xml[^>]{0,200}?encoding\s*=\s*["'](?:gb|cp936)[^>]{0,200}\?>""", re.IGNORECASE
)


def kind_of(content: bytes) -> str | None:
    """The media type of bytes of a kind we take, whole as far as can be seen; None for anything else."""
    start = content[:HEAD].find(b"%PDF-")
    if start >= 0 and _pdf(content[start:]):
        return PDF
    if content.startswith(b"PK\x03\x04"):
        return _packed(content)
    guessed = filetype.guess_mime(content)
    if guessed == PNG:
        return PNG if content[12:16] == b"IHDR" and b"IEND\xaeB`\x82" in content else None
    if guessed == JPEG:
        return JPEG if _is_whole_jpeg(content) else None
    return XML if _is_invoice(content) else None


def _pdf(content: bytes) -> bool:
    end = content.rstrip(b"\0\r\n\t ")[-TAIL:]
    return re.search(rb"\d+\s+\d+\s+obj\b", content) is not None and (b"%%EOF" in end or b"startxref" in end)


def _is_whole_jpeg(content: bytes) -> bool:
    """Whether the picture itself ends, and not only the small one in its head.

    Behind its end telephones put a film (ITU-T T.81, B.1.1).
    """
    place = 2
    for _ in range(MOST_PARTS):
        marker = content[place : place + 2]
        if marker[:1] != b"\xff" or marker in (
            b"\xff\xda",
            b"\xff\xd9",
        ):  # the head is over: what follows is the picture
            break
        place += 1 if marker == b"\xff\xff" else 2 + int.from_bytes(content[place + 2 : place + 4])
    return b"\xff\xd9" in content[place:]


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
    except (
        Exception
    ):  # a torn archive raises whatever its bytes happen to mean, to the archive and to each way of packing
        return None
    found = next((kind for mark, kind in _OFFICE.items() if mark in types), None)
    main = {DOCX: "word/", XLSX: "xl/"}.get(found or "", "?")
    return found if any(name.startswith(main) for name in names) else None


def _part(packed: zipfile.ZipFile, part: zipfile.ZipInfo) -> bytes:
    """What a part says in Latin letters, whether it has one byte for each of them or two."""
    with packed.open(part) as opened:
        return opened.read(MOST_PART).replace(b"\0", b"")


class _Root(ContentHandler):
    """Remembers whether an XML says it is an invoice: by its root, or by what lies in an envelope."""

    def __init__(self) -> None:
        super().__init__()
        self.invoice, self.envelope, self.depth = False, False, 0

    def startElement(self, name: str, attrs: AttributesImpl[Any]) -> None:  # noqa: N802 - as the parser calls it
        own = name.rpartition(":")[2]
        if self.depth == 0:
            self.envelope = own.lower() in _ENVELOPES
        if self.depth == 0 or (self.depth == 1 and self.envelope):
            self.invoice = self.invoice or _INVOICE.search(own) is not None
        self.depth += 1
        if self.depth > 100:
            raise ValueError("too deep")

    def endElement(self, name: str) -> None:  # noqa: N802
        self.depth -= 1


def _is_invoice(content: bytes) -> bool:
    """Whether this is a well-formed XML that is an invoice; one with a document type of its own is none."""
    if (
        content[:HEAD].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")[:1] != b"<"
        or len(content) > MOST_XML
    ):
        return False
    root = _Root()
    try:
        if declared := _NATIONAL.match(content):
            content = content[declared.end() :].decode("gb18030").encode()
        parseString(content, root, forbid_dtd=True)
    except (DefusedXmlException, SAXException, ValueError, LookupError):
        return False
    return root.invoice
