"""From the bytes of a file to its text.

Byte-order marks, UTF-8, UTF-16, GB 18030, the encoding an XML declares; the end that old systems still write
behind the last line (Ctrl-Z) is none of it.
"""

from __future__ import annotations

import codecs
import re

MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED = re.compile(
    r"""^\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["'][^>]{0,200}?\?>"""
)
_TEXT = re.compile(
    r"utf[-_]?(8|16|32)|gb|hz|big5|cp(936|950|12\d\d)|iso[-_]?8859|latin|windows-12\d\d|us-ascii|ascii|shift_?jis|euc"
)
_END = "\x1a"


def _marked(content: bytes) -> tuple[bytes, list[str]]:
    """The content without its mark, and the encodings it may be in, the likeliest first."""
    for mark, encoding in MARKS:
        if content.startswith(mark):
            return content[len(mark) :], [encoding]
    head = content[:1_000]
    if head.count(b"\0") > len(head) // 4:  # two bytes a character, and most of them Latin ones or line ends
        return content, [
            "utf-16-be"
            if head[:2].startswith(b"\0") or head[0::2].count(b"\0") > head[1::2].count(b"\0")
            else "utf-16-le"
        ]
    return content, ["utf-8", "gb18030"]


def text(content: bytes) -> str | None:
    """The text of a table; None for what is none."""
    content, encodings = _marked(content)
    return _first(content, encodings)


def xml(content: bytes) -> str | None:
    """The text of an XML document without its declaration; None for none.

    In whatever encoding it declares or turns out to be in.
    """
    content, encodings = _marked(content)
    head = content[:500].decode(
        encodings[0] if encodings[0].startswith("utf-16") else "latin-1", errors="replace"
    )
    declared = _DECLARED.match(head)
    if declared is not None and encodings[0] == "utf-8" and _TEXT.match(declared[1].lower()):
        encodings = [_wider(declared[1]), *encodings]
    found = _first(content, encodings)
    return None if found is None else re.sub(r"^\s*<\?xml[^>]{0,400}\?>", "", found, count=1)


def _wider(declared: str) -> str:
    """Who declares GB 2312 or GBK uses characters of GB 18030; two bytes a character were seen before."""
    name = declared.lower()
    return (
        "gb18030"
        if name.startswith(("gb", "cp936", "hz"))
        else "utf-8"
        if name.startswith("utf")
        else declared
    )


def _first(content: bytes, encodings: list[str]) -> str | None:
    for encoding in encodings:
        try:
            found = content.decode(encoding).rstrip("\0").replace(_END, "").lstrip("\ufeff")
        except (UnicodeDecodeError, LookupError):
            continue
        if "\0" not in found and (content.strip(b"\0") or not content):
            return found
    return None
