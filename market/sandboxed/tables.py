"""The rows of a table people hand in.

CSV (in UTF-8, UTF-16 or GB 18030, whatever stands between its cells), XLSX, XLS, or what banks call XLS and
is HTML or XML (markup.py). Everything is counted while it is read, or before, and what is over a limit is
read no further.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
import zipfile
from collections.abc import Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import python_calamine

from market.sandboxed import N_, Refused, decoding, markup

MOST_COLUMNS = 256
MOST_CELLS = 4_000_000
MOST_CELL = 32_767  # characters; what a spreadsheet's own cell holds
MOST_LINE = 200_000  # characters of a line of CSV
MOST_PARTS = 1_000  # files in a workbook
DIGITS = 15  # a spreadsheet keeps no more of a number
LOST = "≈"  # before a number a spreadsheet no longer knew exactly
SEPARATORS = ",\t;|"
OLD = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"  # a workbook of the time before XLSX
_DATED = re.compile(r"\W*\d{4}[-/.年]?\d{1,2}")
_PADDING = " \t\r\n\xa0\u3000\u200b\ufeff"
Headings = dict[str, tuple[str, ...]]


def rows(
    content: bytes, headings: Headings, needed: tuple[str, ...], most: int, *, others: bool = True
) -> list[list[str]]:
    """The rows below the heading as text, the cells in the order of `headings`.

    `headings` are names of columns, each with the headings it is known by, in Chinese and in English first.
    Refused if this is no table, lacks a needed column, has one of them twice, by whichever of its names, has
    more than `most` rows, or is over another limit; without `others` also if it has a column of another
    heading.
    """
    known = {_title(word): name for name, words in headings.items() for word in (name, *words)}
    lines = (line for line in _lines(content, most, frozenset(known)) if any(line))
    heading = next(lines, None)
    if heading is None:
        raise Refused(N_("文件是空的。"))
    titles = [_text(cell).strip(_PADDING).lstrip("*") for cell in heading]
    columns = [known.get(_title(title)) for title in titles]
    _check_once(titles, columns)
    places = {name: columns.index(name) if name in columns else None for name in headings}
    lacking = [_named(headings[name]) for name in needed if places[name] is None]
    if lacking:
        raise Refused(N_("表头缺少:%(columns)s。请用模板填写。"), columns=lacking)
    unknown = [title for title, name in zip(titles, columns, strict=True) if title and name is None]
    if unknown and not others:
        raise Refused(
            N_("表头有不认识的列:%(columns)s。认识的有:%(known)s。请改成认识的名称,用不到的请删去。"),
            columns=[f"“{title[:30]}”" for title in unknown[:20]],
            known=[_named(each) for each in headings.values()],
        )
    found: list[list[str]] = []
    for number, line in enumerate(lines, start=2):
        if len(found) == most:
            raise Refused(N_("一次最多 %(most)s 行,这个文件不止这些。"), most=most)
        if not others:
            _check_headed(titles, line)
        found.append([_cell(line, place, number, titles) for place in places.values()])
    return found


def _check_headed(titles: list[str], line: list[Any]) -> None:
    """Refused where a cell stands below no heading: nobody could tell what it says."""
    for place, cell in enumerate(line):
        if _text(cell).strip(_PADDING) and not (titles[place] if place < len(titles) else ""):
            raise Refused(
                N_("%(column)s 列没有表头,却有内容。请写上表头,或者删去这一列。"), column=_letters(place)
            )


def _letters(place: int) -> str:
    """What a spreadsheet calls a column, the first of them 0: A to Z, AA and so on."""
    name = ""
    while place >= 0:
        name, place = chr(ord("A") + place % 26) + name, place // 26 - 1
    return name


def known_rows(content: bytes, headings: Headings, needed: tuple[str, ...], most: int) -> list[list[str]]:
    """The same of a table in which no column is to be left unread."""
    return rows(content, headings, needed, most, others=False)


def _check_once(titles: list[str], columns: list[str | None]) -> None:
    """Refused where a column is there twice, by one of its names or by two of them."""
    for name in dict.fromkeys(each for each in columns if each is not None):
        said = [title for title, column in zip(titles, columns, strict=True) if column == name]
        if len(set(said)) > 1:
            raise Refused(N_("表头有几列是同一项:%(columns)s。请只留一列。"), columns="、".join(said))
        if len(said) > 1:
            raise Refused(N_("表头有两列都叫:%(columns)s。请只留一列。"), columns=said[0])


def _title(text: str) -> str:
    """What headings are compared by: in one width and case, without blanks and what nobody sees."""
    shown = unicodedata.normalize("NFKC", text).casefold().lstrip("*")
    return "".join(c for c in shown if not c.isspace() and unicodedata.category(c) not in ("Cc", "Cf"))


def _named(words: tuple[str, ...]) -> dict[str, str]:
    """A column by its headings in both languages; by its Chinese one where it has no other."""
    return {"zh": words[0], "en": words[1] if len(words) > 1 else words[0]}


def grid(content: bytes, words: frozenset[str], most: int) -> list[list[str]]:
    """Every row that says anything, each cell as text without its padding.

    `words` are headings by which to see what stands between the cells. A number that a spreadsheet kept less
    exactly than it was typed begins with `LOST`. Refused for no table, and over `most` rows.
    """
    found: list[list[str]] = []
    for line in _lines(content, most, words, strict=False):
        cells = [_plain(cell) for cell in line]
        if any(cells):
            if len(found) == most:
                raise Refused(N_("一次最多 %(most)s 行,这个文件不止这些。"), most=most)
            found.append(cells)
    return found


def _plain(cell: Any) -> str:
    text = _text(cell).strip(_PADDING)
    if isinstance(cell, float) and abs(cell) >= 10**DIGITS:
        return LOST + text
    if text.startswith('="') and text.endswith('"'):  # how a text is kept from becoming a number
        text = text[2:-1]
    return text.removeprefix("'").removeprefix("`").strip(_PADDING)[:MOST_CELL]


def _lines(content: bytes, most: int, words: frozenset[str], *, strict: bool = True) -> Iterator[list[Any]]:
    if markup.is_table(content):
        return markup.lines(content, 10 * most + 1_000)
    if b"%PDF-" in content[:1024]:  # its bytes make characters of some kind
        raise _not_read()
    if content[:2] == b"PK":
        _check_parts(content, most)
    elif not content.startswith(OLD):
        return _csv(content, most, words, strict=strict)
    return _workbook(content, most, every=not strict)


def _cell(line: list[Any], place: int | None, number: int, titles: list[str]) -> str:
    if place is None or place >= len(line):
        return ""
    value = line[place]
    if isinstance(value, float) and abs(value) >= 10**DIGITS:
        raise Refused(
            N_(
                "第 %(number)s 行的“%(column)s”是按数字存的,超过 15 位就已经不准了:"
                "请把这一列设为文本,重新填写。"
            ),
            number=number,
            column=titles[place],
        )
    text = _text(value).strip()
    if len(text) > MOST_CELL:
        raise Refused(N_("第 %(number)s 行有一格超过 %(most)s 个字。"), number=number, most=MOST_CELL)
    return text


def _text(cell: Any) -> str:
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, float):
        return str(int(cell)) if cell.is_integer() else format(Decimal(f"{cell:.{DIGITS}g}"), "f")
    return str(cell)


def _not_read() -> Refused:
    return Refused(N_("看不懂这个文件:请用 CSV 或 XLSX。"))


# --- CSV


def _csv(content: bytes, most: int, words: frozenset[str], *, strict: bool) -> Iterator[list[str]]:
    csv.field_size_limit(MOST_CELL * 4)
    text = decoding.text(content)
    if text is None:
        raise _not_read()
    lines, separator = (
        _counted(io.StringIO(text, newline=""), 10 * most + 1_000),
        _separator(text[:20_000], words),
    )
    try:
        if (
            not strict
            and '"' in text
            and any(
                _swallowed(cell, separator) for row in csv.reader(lines, delimiter=separator) for cell in row
            )
        ):
            rows: Iterator[list[str]] = (
                next(csv.reader([line], delimiter=separator), [])
                for line in _counted(io.StringIO(text), 10 * most + 1_000)
            )
        else:
            rows = csv.reader(
                _counted(io.StringIO(text, newline=""), 10 * most + 1_000), strict=strict, delimiter=separator
            )
        for row in rows:
            if len(row) > MOST_COLUMNS:
                raise Refused(N_("一行最多 %(most)s 格,这个文件有一行超过了。"), most=MOST_COLUMNS)
            yield row
    except csv.Error as error:
        raise _not_read() from error


def _swallowed(cell: str, separator: str) -> bool:
    """Whether a quotation mark that is never closed has made one cell of the lines behind it."""
    behind = cell.splitlines()[1:]
    return any(line.count(separator) > 1 or (separator in line and _DATED.match(line)) for line in behind)


def _separator(begin: str, words: frozenset[str]) -> str:
    """What stands between the cells: by which a line has the most of the headings we know.

    Where there are none, the most cells.
    """
    lines = begin.splitlines()[:100]
    heads = {
        each: max(
            (
                sum(_title(cell.strip(_PADDING + '"*')) in words for cell in line.split(each))
                for line in lines
            ),
            default=0,
        )
        for each in SEPARATORS
    }
    cells = {each: sum(line.count(each) for line in lines) for each in SEPARATORS}
    return max(SEPARATORS, key=lambda each: (heads[each], cells[each]))


def _counted(lines: Iterable[str], most: int) -> Iterator[str]:
    for number, line in enumerate(lines, start=1):
        if number > most:
            raise Refused(N_("文件超过 %(most)s 行(空行也算)。请删去空行,或者分成几个文件。"), most=most)
        if len(line) > MOST_LINE:
            raise Refused(N_("第 %(number)s 行超过 %(most)s 个字。"), number=number, most=MOST_LINE)
        yield line


# --- XLSX


def _workbook(content: bytes, most: int, *, every: bool) -> Iterator[list[Any]]:
    """The rows of the first sheet.

    With `every` those of all sheets, one after another, which together keep within the limits.
    """
    height = size = 0
    try:
        book = python_calamine.CalamineWorkbook.from_filelike(io.BytesIO(content))
        places = [
            i
            for i, sheet in enumerate(book.sheets_metadata)
            if sheet.typ == python_calamine.SheetTypeEnum.WorkSheet
        ]
    except MemoryError:
        raise
    except Exception as error:
        raise _not_read() from error
    if not places:
        raise _not_read()
    for place in places if every else places[:1]:
        sheet = _sheet(book, place)
        height, size = height + sheet.total_height, size + sheet.total_height * sheet.total_width
        if sheet.total_width > MOST_COLUMNS:
            raise Refused(N_("一行最多 %(most)s 格,这个文件有一行超过了。"), most=MOST_COLUMNS)
        if height > 10 * most + 1_000:
            raise Refused(
                N_("文件超过 %(most)s 行(空行也算)。请删去空行,或者分成几个文件。"), most=10 * most + 1_000
            )
        if size > MOST_CELLS:
            raise Refused(
                N_("表格超过 %(most)s 格(空格也算)。请删去空行和空列,或者分成几个文件。"), most=MOST_CELLS
            )
        yield from sheet.iter_rows()


def _sheet(book: python_calamine.CalamineWorkbook, place: int) -> python_calamine.CalamineSheet:
    try:
        return book.get_sheet_by_index(place)
    except MemoryError:
        raise
    except Exception as error:  # a torn workbook raises whatever its bytes happen to mean
        raise _not_read() from error


def _check_parts(content: bytes, most: int) -> None:
    """What a workbook unpacks to, before it is unpacked: at most 8 MB, and 4 KB a row."""
    room = 8 + most * 4 // 1024
    if content.count(b"PK\x01\x02") > MOST_PARTS:
        raise _not_read()
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            size = sum(part.file_size for part in packed.infolist())
            if "[Content_Types].xml" not in packed.namelist():
                raise _not_read()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, EOFError, IndexError) as error:
        raise _not_read() from error
    if size > room << 20:
        raise Refused(
            N_("这个工作簿解压之后有 %(size)s MB,超过 %(most)s MB。请只留一张表,删去多余的内容。"),
            size=size >> 20,
            most=room,
        )
