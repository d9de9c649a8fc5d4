"""A statement as a CAMT.053 message: entries and what they are made of.

An entry that does not add up or cannot be read is a line that waits for a person; only where none can be, the
file is refused, naming the entry.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

from market import sandbox, spreadsheets
from market.payments.reading import cells
from market.payments.reading.lines import Line, Parsed, line
from market.payments.reading.tabular import MOST_LINES, same_account
from market.sandboxed import statements as sandboxed
from models import money, spelling
from models.errors import RuleViolation
from models.i18n import N_

_BOOKED = frozenset({"", "BOOK", "BOOKED"})
_UNSAID = frozenset({"", "NOTPROVIDED", "NONREF", "NOTAVAILABLE"})
Texts = dict[str, Any]


class _Odd(RuleViolation):
    """Why an entry could not be read; it waits with the rest of what it says."""


def read(content: bytes, ours: str) -> Parsed:
    """The statement of our account in a message.

    RuleViolation at `file` for what is none, for one of other accounts only, and where no entry can be read.
    """
    spreadsheets.check_size(content)
    found: list[Texts] = sandbox.run(sandboxed.read, content, MOST_LINES)
    own = [each for each in found if not each["account"] or same_account(each["account"], ours)]
    if not own:
        raise RuleViolation(
            N_("这是另一个账户(%(account)s)的对账单。"), "file", account=found[0]["account"][:40]
        )
    lines: list[Line] = []
    first: RuleViolation | None = None
    pages = []
    for statement in own:
        made = []
        for number, entry in enumerate(statement["entries"], start=1):
            try:
                made += list(_entry(entry, number))
            except _Odd as odd:
                first = first or odd
                made.append(_waiting(entry, odd))
        lines += made
        pages.append((min((each.day for each in made if each.day != date.min), default=date.max), statement))
    if first is not None and all(each.problem == "unreadable" for each in lines):
        raise RuleViolation(first.message, "file", **first.params)
    days = [each.day for each in lines if each.day != date.min]
    lines = [
        each if each.day != date.min else line(days[0], 0, remark=each.remark, problem=each.problem)
        for each in lines
        if each.day != date.min or days
    ]
    pages.sort(key=lambda page: page[0])
    left_out = sum(len(each["entries"]) for each in found if each not in own)
    account = next((each["account"] for each in own if each["account"]), "")[:40]
    return Parsed(
        lines, account, _balance(pages[0][1], ("OPBD", "PRCD")), _balance(pages[-1][1], ("CLBD",)), left_out
    )


def _balance(statement: Texts, codes: tuple[str, ...]) -> int | None:
    for balance in statement["balances"]:
        if balance.get("Tp/CdOrPrtry/Cd") in codes:
            try:
                return _signed(balance, balance, 0)
            except _Odd:
                return (
                    None  # the lines are read all the same; only what they add up to is not held against it
                )
    return None


def _signed(owner: Texts, about: Texts, number: int, path: str = "Amt") -> int:
    """The amount at a path, below zero where its owner is a debit."""
    if about.get(f"{path}@Ccy") != "CNY":
        raise _Odd(N_("只接收人民币(CNY)的对账单。"), "file")
    try:
        fen = money.parse(about[path], exact=True)
    except ValueError as error:
        raise _Odd(
            N_("第 %(number)s 笔的金额看不懂:%(text)s。"), "file", number=number, text=about[path][:30]
        ) from error
    side = spelling.code(owner.get("CdtDbtInd", ""))
    if side not in ("CRDT", "DBIT"):
        raise _Odd(N_("第 %(number)s 笔没有说明是收入还是支出(CdtDbtInd)。"), "file", number=number)
    return fen if side == "CRDT" else -fen


def _day(entry: Texts, number: int) -> date:
    written = next(
        (entry[path] for path in ("BookgDt/Dt", "BookgDt/DtTm", "ValDt/Dt", "ValDt/DtTm") if entry.get(path)),
        "",
    )
    try:
        return cells.day(written[:10] if "T" not in written else written)
    except ValueError as error:
        raise _Odd(
            N_("第 %(number)s 笔的日期看不懂:%(text)s。"), "file", number=number, text=written[:30]
        ) from error


def _entry(entry: Texts, number: int) -> Iterator[Line]:
    """The lines of an entry: one, or where it is a batch booking with sums of its own, one a transaction.

    And one for the charges taken off it. What is only pending is not booked and is none.
    """
    status = entry.get("Sts/Cd") or entry.get("Sts/Prtry") or entry.get("Sts") or ""
    if spelling.code(status) not in _BOOKED:
        return
    total, day = _signed(entry, entry, number), _day(entry, number)
    details: list[Texts] = entry["details"] or [{"remarks": [], "charges": []}]
    sums = [_detail_sum(entry, each, number) for each in details]
    charges = [
        fen for owner in (entry, *details) for each in owner["charges"] if (fen := _charge(each, number))
    ]
    told = [each for each in sums if each is not None]
    fee = total - sum(told) if len(told) == len(details) else 0
    if fee and fee not in (-sum(charges), sum(charges)) and len(details) == 1:
        fee, sums = 0, [total]  # what one transaction says of itself may be in another's reckoning
    split = len(details) > 1 and len(told) == len(details)
    if fee and fee not in (-sum(charges), sum(charges)):
        yield _made(entry, details[0], day, total, "", "details")
        return
    for place, (about, amount) in enumerate(zip(details, sums, strict=True), start=1):
        if split or place == 1:
            yield _made(
                entry,
                about,
                day,
                total if amount is None or not (split or fee) else amount,
                f"/{place}" if split else "",
            )
    if fee:
        yield _made(entry, {"remarks": ["手续费 / charges"], "charges": []}, day, fee, "/charges")


def _detail_sum(entry: Texts, about: Texts, number: int) -> int | None:
    path = next((each for each in ("Amt", "AmtDtls/TxAmt/Amt") if about.get(f"{each}@Ccy") == "CNY"), None)
    return None if path is None else _signed(about if about.get("CdtDbtInd") else entry, about, number, path)


def _charge(each: Texts, number: int) -> int:
    """What a charge took off, in fen; nothing where it is not in the entry's sum, or in another currency."""
    if each.get("Amt@Ccy") != "CNY" or each.get("ChrgInclInd") == "false":
        return 0
    return abs(_signed({"CdtDbtInd": "DBIT"}, each, number))


def _made(entry: Texts, about: Texts, day: date, fen: int, part: str, problem: str = "") -> Line:
    reference = entry.get("AcctSvcrRef") or about.get("Refs/AcctSvcrRef") or entry.get("NtryRef") or ""
    party = "Dbtr" if fen > 0 else "Cdtr"
    name = about.get(f"RltdPties/{party}/Pty/Nm") or about.get(f"RltdPties/{party}/Nm") or ""
    account = (
        about.get(f"RltdPties/{party}Acct/Id/IBAN") or about.get(f"RltdPties/{party}Acct/Id/Othr/Id") or ""
    )
    said = [
        *about["remarks"],
        about.get("Refs/EndToEndId"),
        about.get("Refs/InstrId"),
        about.get("AddtlTxInf"),
        entry.get("AddtlNtryInf"),
    ]
    remark = " ".join(dict.fromkeys(each for each in said if each and each.upper() not in _UNSAID))
    returned = entry.get("RvslInd") in ("true", "1") or any(
        about.get(path) for path in ("RtrInf/Rsn/Cd", "RtrInf/Rsn/Prtry")
    )
    return line(
        day,
        fen,
        counterparty=name,
        counterparty_account=account,
        remark=remark,
        bank_reference=f"{reference}{part}" if reference else "",
        problem=problem,
        returned=returned,
    )


def _waiting(entry: Texts, odd: RuleViolation) -> Line:
    """An entry nobody could read, with all it says."""
    try:
        day = _day(entry, 0)
    except _Odd:
        day = date.min
    said = [
        f"{entry.get('CdtDbtInd', '')} {entry.get('Amt', '')} {entry.get('Amt@Ccy', '')}".strip(),
        *(text for each in entry["details"] for text in each["remarks"]),
    ]
    return line(
        day,
        0,
        remark=" | ".join(filter(None, said)),
        bank_reference=entry.get("AcctSvcrRef", ""),
        problem="unreadable",
    )
