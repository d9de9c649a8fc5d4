"""Documents as PDF: a Typst template, its data, and a QR code; tagged PDF/A-2b, the same bytes for the same input."""

from __future__ import annotations

import json
import re
from datetime import datetime
from functools import cache
from io import BytesIO
from typing import Any

import pylopdf_fonts_zh_cn
import segno
import typst
from flask import current_app

from market.config import ROOT

PLATFORM = "公信中介服务交易与信用平台"
TEMPLATES = ROOT / "templates" / "print"


@cache
def _fonts() -> typst.Fonts:
    """Only the fonts that come with us, so that every machine prints the same."""
    return typst.Fonts(
        include_system_fonts=False,
        include_embedded_fonts=True,
        font_paths=[pylopdf_fonts_zh_cn.sans_path().parent],
    )


def pdf(template: str, data: dict[str, Any], link: str = "", *, at: datetime) -> bytes:
    """The PDF of `templates/print/<template>.typ` filled with `data`; `link` becomes its QR code, `at` its date."""
    code = BytesIO()
    if link:
        segno.make(link, error="m").save(code, kind="svg", border=0)
    inputs = {"data": json.dumps({**data, "link": link}, ensure_ascii=False), "qr": code.getvalue().decode()}
    while True:
        try:
            made = typst.compile(
                TEMPLATES / f"{template}.typ", root=TEMPLATES, font_paths=_fonts(), sys_inputs=inputs,
                pdf_standards=["a-2b"], timestamp=int(at.timestamp()),
            )  # fmt: skip
        except typst.TypstError as error:
            inputs["data"] = _without(_unprintable(error), inputs["data"])
        else:
            assert isinstance(made, bytes)
            return made


def _unprintable(error: typst.TypstError) -> str:
    """The character no font here has, as the printer names it; any other error is raised again."""
    named = re.search(r'the text `"(.+?)"` could not be displayed', str(error))
    if named is None:
        raise error
    return re.sub(r"\\u\{([0-9a-f]+)\}", lambda code: chr(int(code[1], 16)), named[1])


def _without(text: str, data: str) -> str:
    """The data with 〓 in the place of what cannot be printed, as printers have always done."""
    kept: str = json.dumps(_mapped(json.loads(data), text), ensure_ascii=False)
    if kept == data:
        raise ValueError(f"cannot be printed: {text!r}")
    return kept


def _mapped(value: Any, text: str) -> Any:
    if isinstance(value, dict):
        return {key: _mapped(each, text) for key, each in value.items()}
    if isinstance(value, list):
        return [_mapped(each, text) for each in value]
    return value.replace(text, "〓") if isinstance(value, str) else value


def letter(
    identifier: str, title: str, at: datetime, *, by: str, to: str = "", before: list[str], rows: list[list[str]], after: list[str]
) -> bytes:
    """A paper of one page or more: what is said before and after a table of facts, and a QR code to its check page."""
    data = {
        "identifier": identifier, "title": title, "platform": PLATFORM, "to": to, "by": by, "before": before,
        "rows": rows, "after": after, "date": f"{at.year} 年 {at.month} 月 {at.day} 日",
    }  # fmt: skip
    return pdf("letter", data, f"{current_app.config['PUBLIC_URL']}/check/{identifier}", at=at)
