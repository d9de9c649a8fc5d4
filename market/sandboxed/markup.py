"""Tables that are called XLS and are none.

The HTML page many banks' sites save under that name, and the XML of Excel 2003 (SpreadsheetML).
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Any
from xml.etree.ElementTree import Element

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, iterparse
from lxml import etree, html

from market.sandboxed import N_, Refused, decoding

MOST_WIDTH, MOST_TEXT, MOST_DEPTH = 256, 32_767, 200
_BEGIN = b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n"
_BEFORE = re.compile(r"\s*(?:<\?.*?\?>|<!--.*?-->|<!doctype[^>]*>)", re.DOTALL | re.IGNORECASE)
_ROOT = re.compile(r"\s*<(?:[a-z0-9]+:)?([a-z0-9]+)", re.IGNORECASE)
_BOOK = "workbook"
_OF_PAGES = frozenset(
    [
        "html",
        "head",
        "meta",
        "link",
        "style",
        "title",
        "base",
        "script",
        "body",
        "table",
        "div",
        "form",
        "center",
        "font",
        "p",
        "span",
        "br",
    ]
)
_AWAY = re.compile(r"display\s*:\s*none", re.IGNORECASE)
_UNSEEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_INLINE = frozenset(
    [
        "a",
        "abbr",
        "b",
        "bdi",
        "bdo",
        "big",
        "code",
        "em",
        "font",
        "i",
        "ins",
        "label",
        "mark",
        "nobr",
        "s",
        "small",
        "span",
        "strong",
        "tt",
        "u",
    ]
)  # no blank beside what is in these
_OTHERS = frozenset(("td", "th", "tr"))
_SILENT = frozenset(("script", "style", "noscript", "template", "select", "textarea"))


def is_table(content: bytes) -> bool:
    """Whether a file is a table in HTML or in the XML of a spreadsheet, by its first element."""
    head = content[:64_000].lstrip(_BEGIN).replace(b"\0", b"")
    return head[:1] == b"<" and _root(head.decode("latin-1")) in {_BOOK, *_OF_PAGES}


def _root(head: str) -> str:
    while match := _BEFORE.match(head):
        head = head[match.end() :]
    match = _ROOT.match(head)
    return match[1].lower() if match else ""


def lines(content: bytes, most: int) -> Iterator[list[Any]]:
    """The rows of all its tables, one after another, a spreadsheet's numbers as such.

    Refused for what cannot be read, and over `most` rows.
    """
    text = decoding.xml(content)
    if text is None:
        raise _not_read()
    found = _book(text) if _root(text[:64_000]) == _BOOK else _page(text)
    for number, line in enumerate(found, start=1):
        if number > most:
            raise Refused(N_("文件超过 %(most)s 行(空行也算)。请删去空行,或者分成几个文件。"), most=most)
        yield line


def _not_read() -> Refused:
    return Refused(N_("看不懂这个文件:请用 CSV 或 XLSX。"))


class _Spread:
    """The places of a table's cells.

    One that goes over several columns, or down over several rows, leaves blanks there.
    """

    def __init__(self) -> None:
        self.held: dict[int, int] = {}  # rows to come in which a column is taken, by its place

    def row(self, cells: Iterator[tuple[Any, int, int, int]]) -> list[Any]:
        """A row of cells, each with its place and how far it reaches.

        The place it says it stands at (-1 for none), and how many columns and rows it goes over.
        """
        found: list[Any] = []
        down: dict[int, int] = {}
        for value, at, across, rows in cells:
            while self.held.get(len(found)):
                found.append("")
            found += [""] * (at - len(found))
            down |= dict.fromkeys(range(len(found), len(found) + across), rows - 1)
            found += [value, *[""] * (across - 1)]
            if len(found) > MOST_WIDTH:
                raise Refused(N_("一行最多 %(most)s 格,这个文件有一行超过了。"), most=MOST_WIDTH)
        self.held = {
            place: left
            for place in {*self.held, *down}
            if (left := max(self.held.get(place, 0) - 1, down.get(place, 0))) > 0
        }
        return found


def _count(said: str | None, least: int = 1) -> int:
    """A number of columns or rows as it is told; the least for what is none."""
    return min(max(int(said[:4]), least), MOST_WIDTH) if said and said.isascii() and said.isdigit() else least


# --- A page


def _page(text: str) -> Iterator[list[Any]]:
    parser = html.HTMLParser(huge_tree=True)
    try:
        page = html.document_fromstring(text, parser=parser)
    except (etree.LxmlError, ValueError) as error:
        raise _not_read() from error
    if any(
        each.level == etree.ErrorLevels.FATAL for each in parser.error_log
    ):  # from here on it has read no more
        raise _not_read()
    for part in (page, *page.itersiblings()):  # what comes behind its end
        for found in _flow(part):
            if isinstance(found, str):
                yield [found]  # what stands above a table: whose account it is, in which unit
            else:
                yield from _rows(found, MOST_DEPTH)


def _flow(page: html.HtmlElement) -> Iterator[str | html.HtmlElement]:
    """A page's tables and the lines of text around them, in order."""
    waiting: list[str | html.HtmlElement | None] = [page]  # None ends a line
    line: list[str] = []
    while waiting:
        found = waiting.pop()
        if isinstance(found, str):
            line.append(found)
            continue
        block = found is None or found.tag not in _INLINE
        if block and (text := " ".join("".join(line).split())[:MOST_TEXT]):
            yield text
        line = [] if block else line
        if found is None or not isinstance(found.tag, str) or found.tag in _SILENT or _hidden(found, _UNSEEN):
            continue
        if found.tag == "table":
            yield found
            continue
        waiting += [None] if block else []
        for child in reversed(found):
            waiting += [child.tail or "", child]
        waiting.append(found.text or "")


def _rows(table: html.HtmlElement, depth: int) -> Iterator[list[Any]]:
    """The rows of a table, and in the place of one that only arranges the page those of the tables in it."""
    if not depth:
        raise _not_read()
    spread, section = _Spread(), None
    for row in _within(table, "table"):
        if row.tag == "caption":
            yield [_said(row)]
        elif row.tag == "tr":
            if row.getparent() is not section and row.getparent().tag in ("thead", "tbody", "tfoot"):
                spread, section = _Spread(), row.getparent()
            inner = [
                each for each in _within(row, "table", "tr") if each.tag == "table"
            ]  # a row or a cell that is never closed holds the next
            arranges = bool(inner) and _arranges(row, inner)
            said = (
                (
                    _said(cell, tables=not arranges),
                    -1,
                    _count(cell.get("colspan")),
                    _count(cell.get("rowspan")),
                )
                for cell in _cells(row)
            )
            found = spread.row(said)
            if not _hidden(row):
                yield found
                for nested in inner if arranges else ():
                    yield from _rows(nested, depth - 1)


def _arranges(row: html.HtmlElement, inner: list[html.HtmlElement]) -> bool:
    """Whether a row with tables in it only says where on the page they are."""
    wide = max(sum(len(_cells(each)) > 1 for each in nested.iter("tr")) for nested in inner)
    return wide > 1 or (wide == 1 and not any(_said(cell, tables=False) for cell in _cells(row)))


def _within(element: html.HtmlElement, *closed: str) -> Iterator[html.HtmlElement]:
    """What an element holds, in order, but not what is inside these, nor what is not shown.

    A row or a cell that is not has its place.
    """
    waiting = list(reversed(element))
    while waiting:
        found = waiting.pop()
        if isinstance(found.tag, str) and (found.tag in _OTHERS or not _hidden(found)):
            yield found
            if found.tag not in closed:
                waiting.extend(reversed(found))


def _cells(row: html.HtmlElement) -> list[html.HtmlElement]:
    return [each for each in _within(row, "table", "tr") if each.tag in ("td", "th") and not _hidden(each)]


def _hidden(element: html.HtmlElement, styles: re.Pattern[str] = _AWAY) -> bool:
    return element.get("hidden") is not None or styles.search(element.get("style") or "") is not None


def _said(cell: html.HtmlElement, *, tables: bool = True) -> str:
    """What a person sees in a cell: lines and blocks apart, nothing hidden.

    With or without the `tables` in it.
    """
    parts: list[str] = []
    if not _hidden(cell, _UNSEEN):
        _tell(cell, parts, MOST_DEPTH, _OTHERS if tables else _OTHERS | {"table"})
    return " ".join("".join(parts).split())[:MOST_TEXT]


def _tell(element: html.HtmlElement, parts: list[str], depth: int, others: frozenset[str] = _OTHERS) -> None:
    """`others`: what a cell that was never closed holds, and is not its own."""
    if not depth:
        raise _not_read()
    parts.append(element.text or "")
    for child in element:
        if isinstance(child.tag, str) and child.tag not in _SILENT | others and not _hidden(child, _UNSEEN):
            apart = "" if child.tag in _INLINE else " "
            parts.append(apart)
            _tell(child, parts, depth - 1, frozenset() if child.tag == "table" else others)
            parts.append(apart)
        parts.append("" if child.tag in others & _OTHERS else child.tail or "")


# --- A spreadsheet


def _book(text: str) -> Iterator[list[Any]]:
    spread = _Spread()
    try:
        for event, element in iterparse(io.BytesIO(text.encode()), events=("start", "end"), forbid_dtd=True):
            tag = element.tag.rpartition("}")[2]
            if event == "start" and tag == "Table":
                spread = _Spread()
            elif event == "end" and tag == "Row":
                yield spread.row(
                    map(_placed, (cell for cell in element if cell.tag.rpartition("}")[2] == "Cell"))
                )
                element.clear()
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise _not_read() from error


def _placed(cell: Element) -> tuple[Any, int, int, int]:
    said = {key.rpartition("}")[2]: value for key, value in cell.attrib.items()}
    data = next((each for each in cell if each.tag.rpartition("}")[2] == "Data"), None)
    return (
        _value(data),
        _count(said.get("Index"), 0) - 1,
        _count(said.get("MergeAcross"), 0) + 1,
        _count(said.get("MergeDown"), 0) + 1,
    )


def _value(data: Element | None) -> Any:
    text = "" if data is None else "".join(data.itertext()).strip()[:MOST_TEXT]
    kind = (
        ""
        if data is None
        else next((value for key, value in data.attrib.items() if key.rpartition("}")[2] == "Type"), "")
    )
    if kind == "DateTime":
        return text.removesuffix("T00:00:00.000").removesuffix("T00:00:00")
    return (
        float(text)
        if kind == "Number" and re.fullmatch(r"[-+]?[0-9.]{1,30}(?:E[-+]?[0-9]{1,2})?", text, re.IGNORECASE)
        else text
    )
