"""What kind of file bytes are, by their structure and not by what they are called.

The first bytes alone are soon written in front of anything. Kinds after ISO 32000-2 (7.5, and its readers'
licence to find something before the head), ECMA-376-2 (content types), GB/T 33190 (OFD), the XML of digital
invoices (数电发票), PKWARE's APPNOTE (ZIP), and the Open Design Alliance's specification of DWG (the head).
"""

from __future__ import annotations

import io
import mmap
import re
import zipfile
from itertools import islice
from typing import Any
from xml.sax import SAXException
from xml.sax.handler import ContentHandler
from xml.sax.xmlreader import AttributesImpl

import filetype
from defusedxml import DefusedXmlException
from defusedxml.sax import parseString

from models import archives
from models.i18n import N_

Content = bytes | mmap.mmap
PDF, PNG, JPEG = "application/pdf", "image/png", "image/jpeg"
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
OFD, XML = "application/ofd", "application/xml"
DWG, ZIP = "image/vnd.dwg", "application/zip"
KINDS = {
    PDF: ("pdf",),
    OFD: ("ofd",),
    PNG: ("png",),
    JPEG: ("jpg", "jpeg"),
    DOCX: ("docx",),
    XLSX: ("xlsx",),
    DWG: ("dwg",),
    ZIP: ("zip",),
    XML: ("xml",),
}
LABELS = {
    PDF: N_("PDF 文件"),
    OFD: N_("OFD 版式文件"),
    PNG: N_("PNG 图片"),
    JPEG: N_("JPEG 图片"),
    DOCX: N_("Word 文档"),
    XLSX: N_("Excel 表格"),
    DWG: N_("DWG 图纸"),
    ZIP: N_("ZIP 压缩包"),
    XML: N_("XML 电子发票"),
}
SCANS = (PDF, OFD, PNG, JPEG)  # what a licence or certificate can be
_OFFICE = {b"wordprocessingml.document.main+xml": DOCX, b"spreadsheetml.sheet.main+xml": XLSX}
HEAD, TAIL = 1_024, 8_192  # bytes in which a PDF begins and ends
MOST_PART, MOST_XML = 1 << 20, 4 << 20
_OBJECT, OBJECT_WITHIN = re.compile(rb"\d\s{1,9}\d{1,9}\s{1,9}obj\b"), 1 << 20
# AutoCAD's releases from R10 to 2018, which are still read; five bytes of nothing follow the name
_DRAWING = re.compile(rb"AC10(?:06|09|12|14|15|18|21|24|27|32)\0{5}")
LEAST_DRAWING = 256
_INVOICE = re.compile("invoice|fapiao|发票|fpxx|fpkj", re.IGNORECASE)
_ENVELOPES = frozenset(
    {"xbrl", "business", "kp"}
)  # roots that say nothing of what they hold: of XBRL (财会〔2023〕7 号) and of tax interfaces
# The parser knows none of these; GB 18030 holds the others (as in market/sandboxed/decoding.py, which may
# import nothing of ours, nor we it).
_NATIONAL = re.compile(
    rb"""\s*<\?xml[^>]{0,200}?encoding\s*=\s*["'](?:gb|cp936)[^>]{0,200}\?>""", re.IGNORECASE
)


def kind_of(content: Content) -> str | None:
    """The media type of bytes of a kind we take, whole as far as can be seen; None for anything else.

    Unfit (models/archives.py) for a ZIP that may not be handed on. Of a file's map no more is read into
    memory than a few megabytes.
    """
    head = content[:HEAD]
    start = head.find(b"%PDF-")
    if start >= 0 and _pdf(content, start):
        return PDF
    if head.startswith(b"PK\x03\x04"):
        return _packed(content)
    if _DRAWING.match(head):
        return DWG if len(content) >= LEAST_DRAWING else None
    guessed = filetype.guess_mime(head)
    if guessed == PNG:
        return PNG if head[12:16] == b"IHDR" and content.find(b"IEND\xaeB`\x82") >= 0 else None
    if guessed == JPEG:
        return JPEG if _is_whole_jpeg(content) else None
    return XML if _is_invoice(content) else None


def _pdf(content: Content, start: int) -> bool:
    end = _end_of(content)
    tail = content[max(start, end - TAIL) : end]
    return _OBJECT.search(content, start, start + OBJECT_WITHIN) is not None and (
        b"%%EOF" in tail or b"startxref" in tail
    )


def _end_of(content: Content) -> int:
    """Where the padding begins that some programs put behind a PDF."""
    end = len(content)
    while end:
        block = content[max(0, end - TAIL) : end]
        if kept := block.rstrip(b"\0\r\n\t "):
            return end - len(block) + len(kept)
        end -= len(block)
    return 0


def _is_whole_jpeg(content: Content) -> bool:
    """Whether the picture itself ends, and not only the small one in its head.

    Behind its end telephones put a film (ITU-T T.81, B.1.1).
    """
    place = 2
    for _ in range(archives.MOST_PARTS):
        marker = content[place : place + 2]
        if marker[:1] != b"\xff" or marker in (
            b"\xff\xda",
            b"\xff\xd9",
        ):  # the head is over: what follows is the picture
            break
        place += 1 if marker == b"\xff\xff" else 2 + int.from_bytes(content[place + 2 : place + 4])
    return content.find(b"\xff\xd9", place) >= 0


def _packed(content: Content) -> str | None:
    """An office document, an OFD or a ZIP, in whatever order its parts lie.

    Nothing of one is unpacked before it was seen what is in it, whatever it says it is: a few hundred bytes
    packed some other way than usual can be gigabytes.
    """
    size, most = len(content), archives.MOST_PARTS
    if len(list(islice(re.finditer(rb"PK\x01\x02", content), most + 1))) > most:
        raise archives.Unfit(archives.TOO_MANY)
    if archives.listed(content[max(0, size - (1 << 16) - 98) :], size) > min(size, archives.MOST_LIST):
        return None
    try:
        opened: Any = io.BytesIO(content) if isinstance(content, bytes) else content
        with zipfile.ZipFile(opened) as packed:
            return _kind_of_packed(packed, size)
    except archives.Unfit:
        raise
    except (
        Exception
    ):  # a torn archive raises whatever its bytes happen to mean, to the archive and to each way of packing
        return None


def _kind_of_packed(packed: zipfile.ZipFile, size: int) -> str | None:
    names = {part.filename.lstrip("/").lower(): part for part in packed.infolist()}
    archives.check(packed, size, rooted={"ofd.xml", "[content_types].xml"} & names.keys() != set())
    if "ofd.xml" in names:
        return OFD if b"OFD" in _part(packed, names["ofd.xml"]) else None
    if "[content_types].xml" not in names:
        return ZIP
    types = _part(packed, names["[content_types].xml"])
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


def _is_invoice(content: Content) -> bool:
    """Whether this is a well-formed XML that is an invoice; one with a document type of its own is none."""
    if (
        content[:HEAD].replace(b"\0", b"").lstrip(b"\xef\xbb\xbf\xff\xfe \t\r\n")[:1] != b"<"
        or len(content) > MOST_XML
    ):
        return False
    root, told = _Root(), content[:]
    try:
        if declared := _NATIONAL.match(told):
            told = told[declared.end() :].decode("gb18030").encode()
        parseString(told, root, forbid_dtd=True)
    except (DefusedXmlException, SAXException, ValueError, LookupError):
        return False
    return root.invoice
