"""Tables that are called XLS and are none: the HTML page many banks' sites save under that name, and the XML of Excel 2003 (SpreadsheetML)."""

from __future__ import annotations

import io
from collections.abc import Iterator
from xml.etree.ElementTree import Element

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, iterparse
from lxml import etree, html

from market.sandboxed import N_, Refused, decoding

MOST_WIDTH, MOST_TEXT = 256, 32_767
DIGITS = 15  # a spreadsheet keeps no more of a number
LOST = "≈"  # before a number a spreadsheet no longer knew exactly
_BEGIN = b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n"
_OURS = (b"<html", b"<table", b"office:spreadsheet")


def is_table(content: bytes) -> bool:
    """Whether a file is a table in HTML or in the XML of a spreadsheet, by how it begins."""
    head = content[:8_000].lstrip(_BEGIN).replace(b"\0", b"").lower()
    return head[:1] == b"<" and any(word in head for word in _OURS)


def lines(content: bytes, most: int) -> Iterator[list[str]]:
    """The rows of all its tables, one after another. Refused for what cannot be read, and over `most` rows."""
    text = decoding.xml(content)
    if text is None:
        raise _not_read()
    found = _cells(text) if "office:spreadsheet" in text[:8_000] else _page(text)
    for number, line in enumerate(found, start=1):
        if number > most:
            raise Refused(N_("文件超过 %(most)s 行(空行也算)。请删去空行,或者分成几个文件。"), most=most)
        if len(line) > MOST_WIDTH:
            raise Refused(N_("一行最多 %(most)s 格,这个文件有一行超过了。"), most=MOST_WIDTH)
        yield line


def _not_read() -> Refused:
    return Refused(N_("看不懂这个文件:请用 CSV 或 XLSX。"))


def _page(text: str) -> Iterator[list[str]]:
    """The rows of a page's innermost tables: those around them only arrange the page."""
    try:
        page = html.fromstring(text)
    except (etree.LxmlError, ValueError) as error:
        raise _not_read() from error
    for row in page.iter("tr"):
        if row.find(".//table") is None:
            yield [text for cell in row if cell.tag in ("td", "th") for text in (_said(cell), *[""] * (_wide(cell.get("colspan")) - 1))]


def _said(cell: html.HtmlElement) -> str:
    return " ".join(str(cell.text_content()).split())[:MOST_TEXT]


def _wide(said: str | None) -> int:
    return min(int(said), MOST_WIDTH) if said and said.isascii() and said.isdigit() and int(said[:6]) > 0 else 1


def _cells(text: str) -> Iterator[list[str]]:
    try:
        for _event, element in iterparse(io.BytesIO(text.encode()), forbid_dtd=True):
            element.tag = element.tag.rpartition("}")[2]
            element.attrib.update({key.rpartition("}")[2]: value for key, value in element.attrib.items()})
            if element.tag == "Row":
                yield _row(element)
                element.clear()
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise _not_read() from error


def _row(row: Element) -> list[str]:
    """A row's cells in their places: one may say at which it stands, and over how many it goes."""
    found: list[str] = []
    for cell in row.findall("Cell"):
        place = cell.get("Index", "")
        if place.isascii() and place.isdigit():
            found += [""] * (min(int(place[:6]) - 1, MOST_WIDTH) - len(found))
        data = cell.find("Data")
        across = cell.get("MergeAcross", "")
        found += [_value(data), *[""] * (_wide(across) if across.strip("0") else 0)]
    return found


def _value(data: Element | None) -> str:
    text = "" if data is None else "".join(data.itertext()).strip()[:MOST_TEXT]
    kind = "" if data is None else data.get("Type", "")
    if kind == "DateTime":
        return text.removesuffix("T00:00:00.000").removesuffix("T00:00:00")
    lost = kind == "Number" and sum(letter.isdigit() for letter in text.partition(".")[0]) > DIGITS
    return LOST + text if lost else text
