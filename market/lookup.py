"""Whose number this is: identifiers and credit codes in whatever is typed, and where their pages are."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import url_for
from sqlalchemy import select

from market import batches, permissions
from market.case_views import case_url
from market.extensions import db
from market.identity import current_actor
from models import spelling, uscc
from models.accounts import Organisation
from models.batches import Batch
from models.cases import CASES, Case, find_case
from models.documents import Document
from models.draws import Draw
from models.identifiers import Numbered, kinds_of
from models.ledger.books import Entry
from models.messages import file_readable_by
from models.oversight.red_flags import RedFlag
from models.payments.bank import BankStatement

_NUMBER = re.compile(
    r"(?<![0-9A-Z])([A-Z]{1,2})(?:[- ]?(20[0-9]{2})[- ]?([0-9]{6,9})|-(20[0-9]{2})-([0-9]{1,5}))(?![0-9A-Z])"
)
_CODE = re.compile("(?<![0-9A-Z])[0-9A-Z]{18}(?![0-9A-Z])")
# What stands around a number that was copied from somewhere.
_LABELS = re.compile(
    "统一社会信用代码|社会信用代码|信用代码|合同编号|项目编号|案件编号|编号|单号|号码|合同|案件|查询|查一下|查|NO\\b|NUMBER\\b|CASE\\b|CONTRACT\\b"
)
MOST = 5  # numbers of one text that are looked up


@dataclass(frozen=True, slots=True)
class Lookup:
    """A number that was typed, and where its page is; no address where the reader has none to see."""

    text: str
    url: str


def numbers_in(words: str) -> tuple[list[Lookup], str]:
    """The numbers in what was typed, each with its page, and the words beside them.

    A number that nobody has, and one whose page is not the reader's to see, look alike.
    """
    told = spelling.reference(words)
    found: dict[str, str] = {}

    def number(match: re.Match[str]) -> str:
        letters, year, running = match[1], match[2] or match[4], match[3] or match[5]
        identifier = f"{letters}-{year}-{int(running):06d}"
        if not kinds_of(identifier):
            return match[0]
        found[identifier] = identifier
        return " "

    def code(match: re.Match[str]) -> str:
        if not uscc.formed(match[0]):
            return match[0]
        found[match[0]] = match[0]
        return " "

    rest = _NUMBER.sub(number, _CODE.sub(code, told))
    if not found:
        return [], words
    rest = " ".join(re.findall(r"\w+", _LABELS.sub(" ", rest))).lower()
    return [Lookup(text, _page(text)) for text in list(found)[:MOST]], rest


def _page(number: str) -> str:
    """Where the page of this number is; empty where there is none this reader may see."""
    if uscc.formed(number):
        agency = db.session.scalars(select(Organisation).where(Organisation.uscc == number)).one_or_none()
        return case_url("organisation", agency.identifier) if agency and _readable(agency) else ""
    case = find_case(db.session, number)
    if case is not None:
        return case_url(case.workflow.name, number) if _readable(case) else ""
    for kind in kinds_of(number):
        if kind in _OTHERS:
            column: Any = kind.identifier  # type: ignore[attr-defined]
            row = db.session.scalars(select(kind).where(column == number)).one_or_none()
            if row is not None:
                return _OTHERS[kind](row)
    return ""


def _readable(case: Case) -> bool:
    return case.readable_by(db.session, current_actor())


def _file(document: Document) -> str:
    of = find_case(db.session, document.case_identifier) if document.case_type in CASES else None
    mine = of is not None and bool(of.roles_of(current_actor()))
    mine = mine or file_readable_by(db.session, document, current_actor())
    return url_for("contracts.document", identifier=document.identifier) if mine else ""


def _opened(endpoint: str) -> Callable[[Any], str]:
    """The page of what everybody may see who may open such pages at all."""

    def page(row: Any) -> str:
        return (
            url_for(endpoint, identifier=row.identifier)
            if permissions.may_open(endpoint, current_actor())
            else ""
        )

    return page


def _batch(batch: Batch) -> str:
    return (
        url_for("agencies.batch", identifier=batch.identifier)
        if batches.may_see(current_actor(), batch)
        else ""
    )


def _flag(flag: RedFlag) -> str:
    seen = select(RedFlag.id).where(RedFlag.id == flag.id, RedFlag.visible_to(current_actor()))
    return url_for("oversight.red_flag", identifier=flag.identifier) if db.session.scalar(seen) else ""


_OTHERS: dict[type[Numbered], Callable[[Any], str]] = {
    Draw: lambda draw: _page(draw.case_identifier),
    Document: _file,
    Entry: _opened("payments.entry"),
    BankStatement: _opened("payments.statement"),
    Batch: _batch,
    RedFlag: _flag,
}
