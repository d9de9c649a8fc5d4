"""The texts of a CAMT.053 message (ISO 20022), in any of its versions.

Read element by element, counted, and forgotten as soon as it is read.
"""

from __future__ import annotations

import io
import re
from typing import Any
from xml.etree.ElementTree import Element

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, iterparse

from market.sandboxed import N_, Refused, decoding

MOST_ELEMENTS, MOST_DEPTH, MOST_TEXT = 60, 40, 1_000  # elements an entry
_LONG_TAG = re.compile(rb"<[^<>]{10000}")  # nothing of ours has many attributes
# What is said of an entry, of one transaction in it, of a balance: paths below the element.
_DATES = ("BookgDt/Dt", "BookgDt/DtTm", "ValDt/Dt", "ValDt/DtTm")
ENTRY = (
    "Sts/Cd",
    "Sts/Prtry",
    "Sts",
    "CdtDbtInd",
    "RvslInd",
    *_DATES,
    "NtryRef",
    "AcctSvcrRef",
    "AddtlNtryInf",
    "Amt",
    "Chrgs/TtlChrgsAndTaxAmt",
)
DETAIL = (
    "Amt",
    "CdtDbtInd",
    "AmtDtls/TxAmt/Amt",
    "Refs/AcctSvcrRef",
    "Refs/EndToEndId",
    "Refs/InstrId",
    "AddtlTxInf",
    "RtrInf/Rsn/Cd",
    "RtrInf/Rsn/Prtry",
    "Chrgs/TtlChrgsAndTaxAmt",
    *(
        f"RltdPties/{party}{rest}"
        for party in ("Dbtr", "Cdtr")
        for rest in ("/Pty/Nm", "/Nm", "Acct/Id/IBAN", "Acct/Id/Othr/Id")
    ),
)
REFERENCES = (
    "RmtInf/Strd/CdtrRefInf/Ref",
    "RmtInf/Strd/CdtrRefInf/CdtrRef",
    "RmtInf/Strd/RfrdDocInf/Nb",
    "RmtInf/Strd/RfrdDocInf/RfrdDocNb",
    "RmtInf/Strd/AddtlRmtInf",
)
CHARGE = ("Amt", "CdtDbtInd", "ChrgInclInd")
BALANCE = ("Tp/CdOrPrtry/Cd", "CdtDbtInd", "Amt")
Texts = dict[str, str]


def read(content: bytes, most: int) -> list[dict[str, Any]]:
    """The message's statements.

    `account` (empty where it does not say), `balances` and `entries` as texts by their paths (an amount's
    currency under its path and `@Ccy`), an entry with `details` and each detail with its `remarks`. Refused
    if it is no such message, has more than `most` entries and transactions, or is over another limit.
    """
    if _LONG_TAG.search(content):
        raise _not_read()
    reader = _Reader(most)
    try:
        text = decoding.xml(content)
        if text is None:
            raise _not_read()
        for event, element in iterparse(io.BytesIO(text.encode()), events=("start", "end"), forbid_dtd=True):
            element.tag = element.tag.rpartition("}")[2]
            reader.begin(element) if event == "start" else reader.end(element)
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
        raise _not_read() from error
    if not reader.statements:
        raise _not_read()
    return reader.statements


def _not_read() -> Refused:
    return Refused(N_("这个 XML 看不懂:应为 CAMT.053 对账单。"))


class _Reader:
    def __init__(self, most: int) -> None:
        self.most, self.elements, self.lines = most, 0, 0
        self.open: list[Element] = []
        self.statements: list[dict[str, Any]] = []

    def begin(self, element: Element) -> None:
        self.elements += 1
        self.open.append(element)
        if self.elements > MOST_ELEMENTS * self.most or len(self.open) > MOST_DEPTH:
            raise Refused(N_("这个 XML 太大或者套得太深。"))
        if self._in_a_statement(3) and element.tag == "Stmt":
            self.statements.append({"account": "", "balances": [], "entries": []})
        elif element.tag in ("Ntry", "TxDtls"):
            self.lines += 1
            if self.lines > 2 * self.most:  # an entry of one transaction counts twice
                raise Refused(N_("一次最多 %(most)s 行,这个文件不止这些。"), most=self.most)

    def end(self, element: Element) -> None:
        if self._in_a_statement(4):
            statement, above = self.statements[-1], self.open[-2]
            if element.tag == "Ntry":
                statement["entries"].append(_entry(element))
            elif element.tag == "Bal":
                statement["balances"].append(_texts(element, BALANCE))
            elif element.tag == "Acct" and not statement["account"]:
                statement["account"] = element.findtext("Id/IBAN") or element.findtext("Id/Othr/Id") or ""
            above.clear()
        self.open.pop()

    def _in_a_statement(self, depth: int) -> bool:
        """Whether the element at hand stands at this depth, in or as a `BkToCstmrStmt/Stmt`."""
        tags = [element.tag for element in self.open[1:3]]
        return len(self.open) == depth and tags == ["BkToCstmrStmt", "Stmt"]


def _entry(entry: Element) -> dict[str, Any]:
    details = [
        {**_texts(each, DETAIL), "remarks": _remarks(each), "charges": _charges(each)}
        for each in entry.findall("NtryDtls/TxDtls")
    ]
    return {**_texts(entry, ENTRY), "details": details, "charges": _charges(entry)}


def _remarks(detail: Element) -> list[str]:
    """What the payer wrote.

    The references first, structured ones and those of invoices, then the free lines.
    """
    found = [e for path in REFERENCES for e in detail.findall(path)[:20]]
    return [
        (e.text or "").strip()[:MOST_TEXT]
        for e in [*found, *detail.findall("RmtInf/Ustrd")[:20]]
        if (e.text or "").strip()
    ]


def _charges(owner: Element) -> list[Texts]:
    """The charges a bank has taken off: as records, or, in older versions, as they are."""
    return [
        _texts(each, CHARGE)
        for each in [
            *owner.findall("Chrgs/Rcrd")[:20],
            *(e for e in owner.findall("Chrgs")[:20] if e.find("Amt") is not None),
        ]
    ]


def _texts(owner: Element, paths: tuple[str, ...]) -> Texts:
    """What stands at these paths, no more than a page of it; nothing of those that are not there."""
    found: Texts = {}
    for path in paths:
        element = owner.find(path)
        if element is not None:
            found[path] = (element.text or "").strip()[:MOST_TEXT]
            if "Ccy" in element.attrib:
                found[f"{path}@Ccy"] = element.attrib["Ccy"]
    return found
