"""A bank's statement as a file: CSV or XLSX as banks in China export them, or CAMT.053 (ISO 20022) in any of its versions."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from market import sandbox, tables
from market.sandboxed import statements as camt
from models import money
from models.text import N_, RuleBroken

MOST_LINES = 5_000
COLUMNS: tables.Columns = {
    "day": ("交易日期", "记账日期", "日期", "date"),
    "came_in": ("收入金额", "贷方发生额", "贷方金额", "收入", "credit"),
    "went_out": ("支出金额", "借方发生额", "借方金额", "支出", "debit"),
    "balance": ("余额", "账户余额", "balance"),
    "counterparty": ("对方户名", "对方名称", "counterparty"),
    "counterparty_account": ("对方账号", "counterparty account"),
    "remark": ("附言", "摘要", "用途", "备注", "remark"),
    "bank_reference": ("交易流水号", "流水号", "凭证号", "reference"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """Money that came in (above zero) or went out (below), in fen."""

    day: date
    amount: int
    counterparty: str
    counterparty_account: str
    remark: str
    bank_reference: str


@dataclass(frozen=True, slots=True)
class Parsed:
    """A statement: its account (empty where it does not say), its lines, and its balances in fen (None where it says none)."""

    lines: list[Line]
    account: str = ""
    opening: int | None = None
    closing: int | None = None


def read(content: bytes) -> Parsed:
    """A statement from the bytes of a file. RuleBroken (field `file`) for anything else, naming the line it could not read. Never inside
    a transaction: a file may take its whole budget."""
    tables.check_size(content)
    parsed = _camt(content) if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] == b"<" else _table(content)
    if not parsed.lines:
        raise RuleBroken(N_("对账单里没有记账的流水。"), "file")
    if len(parsed.lines) > MOST_LINES:
        raise RuleBroken(N_("一次最多 %(most)s 行,这个文件有 %(count)s 行。"), "file", most=MOST_LINES, count=len(parsed.lines))
    return parsed


def _table(content: bytes) -> Parsed:
    rows = tables.read(content, COLUMNS, ("day", "came_in", "went_out"), most=MOST_LINES)
    lines, balances = [], []
    for number, row in enumerate(rows, start=2):
        came_in, went_out = (_sum(row[name], number) for name in ("came_in", "went_out"))
        if bool(came_in) == bool(went_out):
            raise RuleBroken(N_("第 %(number)s 行:收入和支出应只填一项。"), "file", number=number)
        lines.append(_line(row, came_in - went_out, number))
        balances.append(_sum(row["balance"], number) if row["balance"] else None)
    first, last = (balances[0], balances[-1]) if lines else (None, None)
    return Parsed(lines, opening=None if first is None else first - lines[0].amount, closing=last)


def _sum(text: str, number: int) -> int:
    """Fen; nothing, a dash and a zero are 0."""
    if text in ("", "-", "—"):
        return 0
    try:
        return money.parse(text)
    except ValueError as error:
        raise RuleBroken(N_("第 %(number)s 行的金额看不懂:%(text)s。"), "file", number=number, text=text[:30]) from error


def _line(row: dict[str, str], amount: int, number: int) -> Line:
    written = row["day"].strip().replace("/", "-")[:10]
    try:
        day = date.fromisoformat(written if "-" in written else f"{written[:4]}-{written[4:6]}-{written[6:8]}")
    except ValueError as error:
        raise RuleBroken(N_("第 %(number)s 行的日期看不懂:%(text)s。"), "file", number=number, text=row["day"][:30]) from error
    texts = {name: row[name][:200 if name in ("remark", "counterparty") else 40] for name in ("counterparty", "counterparty_account", "remark", "bank_reference")}
    return Line(day=day, amount=amount, **texts)


# --- CAMT.053


def _camt(content: bytes) -> Parsed:
    found: list[dict[str, Any]] = sandbox.run(camt.read, content, MOST_LINES)
    lines = [line for statement in found for entry in statement["entries"] for line in _entry(entry)]
    return Parsed(lines, found[0]["account"][:40], _balance(found[0], ("OPBD", "PRCD")), _balance(found[-1], ("CLBD",)))


def _balance(statement: dict[str, Any], codes: tuple[str, ...]) -> int | None:
    for balance in statement["balances"]:
        if balance.get("Tp/CdOrPrtry/Cd") in codes:
            return _signed(balance, balance)
    return None


def _signed(owner: dict[str, Any], about: dict[str, Any], path: str = "Amt") -> int:
    """The amount at a path, below zero where its owner is a debit."""
    if about.get(f"{path}@Ccy") != "CNY":
        raise RuleBroken(N_("只接收人民币(CNY)的对账单。"), "file")
    try:
        fen = money.parse(about[path])
    except ValueError as error:
        raise RuleBroken(N_("金额看不懂:%(text)s。"), "file", text=about[path][:30]) from error
    return fen if owner.get("CdtDbtInd") == "CRDT" else -fen


def _entry(entry: dict[str, Any]) -> Iterator[Line]:
    """The lines of an entry: one, or where it is a batch booking with sums of its own, one a transaction. What is only
    pending is not booked and is none."""
    if (entry.get("Sts/Cd") or entry.get("Sts") or "BOOK") != "BOOK":
        return
    total = _signed(entry, entry)
    day = (entry.get("BookgDt/Dt") or entry.get("BookgDt/DtTm") or entry.get("ValDt/Dt") or "")[:10]
    details: list[dict[str, Any]] = entry["details"]
    amounts = [next((path for path in ("Amt", "AmtDtls/TxAmt/Amt") if path in d), None) for d in details]
    split = len(details) > 1 and all(amounts)
    parts = list(zip(details, amounts, strict=True)) if split else [(details[0] if details else {"remarks": []}, None)]
    summed = 0
    for number, (about, amount) in enumerate(parts):
        sign = 1 if total > 0 else -1
        fen = total if amount is None else sign * abs(_signed(entry, about, amount))
        summed += fen
        reference = entry.get("AcctSvcrRef") or about.get("Refs/AcctSvcrRef") or ""
        party = "Dbtr" if total > 0 else "Cdtr"
        name = about.get(f"RltdPties/{party}/Pty/Nm") or about.get(f"RltdPties/{party}/Nm") or ""
        account = about.get(f"RltdPties/{party}Acct/Id/IBAN") or about.get(f"RltdPties/{party}Acct/Id/Othr/Id") or ""
        remark = " ".join(filter(None, [*about["remarks"], about.get("Refs/EndToEndId"), entry.get("AddtlNtryInf")]))
        row = {
            "day": day, "counterparty": name, "counterparty_account": account, "remark": remark,
            "bank_reference": f"{reference}/{number + 1}" if split and reference else reference,
        }  # fmt: skip
        yield _line(row, fen, number + 1)
    if summed != total:
        raise RuleBroken(N_("汇总记账的明细合计与总额不符:%(text)s。"), "file", text=money.show(total))
