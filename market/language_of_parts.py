"""Chinese in an English page is marked as such, so that it is read aloud and set as Chinese (WCAG 3.1.2).

What is Chinese there is what people wrote, and names. It comes from everywhere, so it is marked where a page
leaves.
"""

from __future__ import annotations

import re

from flask import Response

from market.formatting import in_english

_HAN = "\u3400-\u4dbf\u4e00-\u9fff"
# A run of Chinese, with the marks and figures within it.
_RUN = re.compile(f"[《〔“]?[{_HAN}](?:[^<>&A-Za-z]*[{_HAN}])?[》〕。?!)]*")
_PIECE = re.compile(r"(<[^>]*>)")
_OPENS = re.compile(r"<(title|option|textarea|text|tspan|script|style)\b", re.IGNORECASE)
_WHOLE = re.compile(
    r"<(option|textarea|text)\b", re.IGNORECASE
)  # which hold text alone: the mark goes on them


def mark(page: str) -> str:
    """A page of HTML with `lang` on its runs of Chinese."""
    pieces, within = _PIECE.split(page), -1
    for at, piece in enumerate(pieces):
        if at % 2:  # a tag
            if piece.startswith("</") or (_OPENS.match(piece) and not piece.endswith("/>")):
                within = -1 if piece.startswith("</") else at
        elif _RUN.search(piece):
            if within < 0:
                pieces[at] = _RUN.sub(r'<span lang="zh-CN">\g<0></span>', piece)
            elif _WHOLE.match(pieces[within]) and " lang=" not in pieces[within]:
                pieces[within] = pieces[within][:-1] + ' lang="zh-CN">'
    return "".join(pieces)


def mark_chinese(response: Response) -> Response:
    """The answer to a request, marked if it is a page for a reader of English."""
    if response.mimetype == "text/html" and not response.direct_passthrough and in_english():
        response.set_data(mark(response.get_data(as_text=True)))
    return response
