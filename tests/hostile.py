"""Files made to cost whoever reads them.

Small ones that unpack without end, long ones of nothing, and such as lead in circles.
"""

from __future__ import annotations

import io
import zipfile

from asn1crypto import pkcs12

TYPES = "http://schemas.openxmlformats.org/package/2006/content-types"
RELATIONS = "http://schemas.openxmlformats.org/package/2006/relationships"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml"


def workbook(rows: str, shared: str = "") -> bytes:
    """An XLSX of these rows and shared strings, as XML."""
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, text in {
            "[Content_Types].xml": f'<Types xmlns="{TYPES}"><Default Extension="rels" '
            'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{SHEET}.sheet.main+xml"/>'
            f'<Override PartName="/xl/sheet.xml" ContentType="{SHEET}.worksheet+xml"/>'
            f'<Override PartName="/xl/sharedStrings.xml" ContentType="{SHEET}.sharedStrings+xml"/></Types>',
            "_rels/.rels": f'<Relationships xmlns="{RELATIONS}">'
            f'<Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/>'
            "</Relationships>",
            "xl/workbook.xml": f'<workbook xmlns="{MAIN}" xmlns:r="{OFFICE}">'
            '<sheets><sheet name="S" sheetId="1" r:id="rId1"/></sheets></workbook>',
            "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{RELATIONS}">'
            f'<Relationship Id="rId1" Type="{OFFICE}/worksheet" Target="sheet.xml"/>'
            f'<Relationship Id="rId2" Type="{OFFICE}/sharedStrings" Target="sharedStrings.xml"/>'
            "</Relationships>",
            "xl/sheet.xml": f'<worksheet xmlns="{MAIN}"><sheetData>{rows}</sheetData></worksheet>',
            "xl/sharedStrings.xml": f'<sst xmlns="{MAIN}">{shared}</sst>',
        }.items():
            packed.writestr(name, text)
    return content.getvalue()


def row(number: int, *cells: str | float) -> str:
    """A row of texts and numbers."""
    written = ""
    for column, cell in zip("ABCDEFGH", cells, strict=False):
        if isinstance(cell, str):
            written += f'<c r="{column}{number}" t="inlineStr"><is><t>{cell}</t></is></c>'
        else:
            written += f'<c r="{column}{number}"><v>{cell!r}</v></c>'
    return f'<row r="{number}">{written}</row>'


def far(number: int, column: str, cell: str = "<v>1</v>") -> str:
    """One cell far out."""
    return f'<row r="{number}"><c r="{column}{number}">{cell}</c></row>'


def pdf(fields: bytes, *objects: bytes) -> bytes:
    """A PDF of one page with these signature fields and further objects (from number 4)."""
    form = b"<</Type/Catalog/Pages 2 0 R/AcroForm<</SigFlags 3/Fields " + fields + b">>>>"
    out, places = b"%PDF-1.7\n", []
    for number, content in enumerate(
        (
            form,
            b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
            b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>",
            *objects,
        ),
        1,
    ):
        places.append(len(out))
        out += b"%d 0 obj\n%b\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return (
        out
        + b"xref\n0 %d\n0000000000 65535 f \n%btrailer\n<</Root 1 0 R/Size %d>>\nstartxref\n%d\n%%%%EOF\n"
        % (len(places) + 1, table, len(places) + 1, len(out))
    )


def signature(ranges: bytes) -> bytes:
    """A signature over these bytes, which it is not."""
    return (
        b"<</Type/Sig/Filter/Adobe.PPKLite/SubFilter/ETSI.CAdES.detached/ByteRange["
        + ranges
        + b"]/Contents<30>>>"
    )


FIELD = b"<</FT/Sig/T(x)/V 5 0 R>>"
REVISION = b"\nxref\n0 0\ntrailer\n<</Size 1/Prev 9>>\nstartxref\n9\n%%EOF\n"
PDFS = {
    "junk": lambda: b"%PDF-1.7\n" + b"x" * 19_000_000,
    "zeros": lambda: b"%PDF-1.7\n" + b"\0" * 19_000_000 + b"startxref\n9\n%%EOF",
    "revisions": lambda: pdf(b"[]") + REVISION * 50_000,
    "a circle of tables": lambda: (
        b"%PDF-1.7\nxref\n0 1\n0000000000 65535 f \ntrailer\n<</Size 1/Prev 9>>\nstartxref\n9\n%%EOF"
    ),
    "a circle of fields": lambda: pdf(b"[4 0 R]", b"<</T(x)/Kids[4 0 R 4 0 R]>>"),
    "a deep array": lambda: pdf(b"[" * 5_000_000 + b"]" * 5_000_000),
    "a deep object": lambda: pdf(b"[4 0 R]", FIELD, b"<<" * 100_000 + b">>" * 100_000),
    "a giant range": lambda: pdf(b"[4 0 R]", FIELD, signature(b"0 99999999999999 5 99999999999999999999")),
    "many ranges": lambda: pdf(b"[4 0 R]", FIELD, signature(b"0 900 " * 1_000_000)),
    "many fields": lambda: pdf(b"[" + b"4 0 R " * 1_000_000 + b"]", FIELD),
    "many entries": lambda: (
        b"%PDF-1.7\nxref\n0 900000\n"
        + b"0000000000 65535 f \n" * 900_000
        + b"trailer\n<</Size 1>>\nstartxref\n9\n%%EOF"
    ),
}


def camt(content: str) -> bytes:
    """A statement in CAMT.053 with this in it."""
    return (
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">'
        f"<BkToCstmrStmt><Stmt>{content}</Stmt></BkToCstmrStmt></Document>"
    ).encode()


ENTRY = (
    '<Ntry><Amt Ccy="CNY">1.00</Amt><CdtDbtInd>CRDT</CdtDbtInd><Sts><Cd>BOOK</Cd></Sts>'
    "<BookgDt><Dt>2026-03-02</Dt></BookgDt>"
    "<AcctSvcrRef>R</AcctSvcrRef><NtryDtls><TxDtls><RmtInf><Ustrd>x</Ustrd></RmtInf></TxDtls></NtryDtls></Ntry>"
)


def slow_to_open(bundle: bytes) -> bytes:
    """The same PKCS #12 file, whose password takes two thousand million rounds to try."""
    opened = pkcs12.Pfx.load(bundle)
    opened["mac_data"]["iterations"] = 2**31 - 1
    content: bytes = opened.dump()
    return content
