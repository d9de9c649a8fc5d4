"""What the columns of a bank's statement are, by their headings.

As banks here write them, or as somebody once said.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, field
from itertools import islice

from models.i18n import N_
from models.spelling import plain

# What a column may be. The first heading a file has of a row is taken; `remark` is all of them together.
ROLES = {
    "day": N_("日期"),
    "came_in": N_("收入金额"),
    "went_out": N_("支出金额"),
    "amount": N_("金额(一列,带正负号或另有收支标志)"),
    "direction": N_("收支标志"),
    "balance": N_("余额"),
    "counterparty": N_("对方户名"),
    "counterparty_account": N_("对方账号"),
    "remark": N_("附言、摘要"),
    "bank_reference": N_("流水号"),
    "account": N_("本方账号"),
    "currency": N_("币种"),
    "status": N_("交易状态"),
}
KNOWN = {
    "day": "交易日期 记账日期 入账日期 记账日 交易日 日期 交易发生日期 发生日期 业务日期 交易日期时间 "
    "交易时间 记账时间 入账时间 发生时间 付款时间 交易创建时间 创建时间 bookingdate postingdate "
    "postdate transactiondate date valuedate 起息日",
    "came_in": "记账金额(收入) 收入金额 贷方发生额 贷方金额 收入 贷方 存入金额 存入 收款金额 转入金额 "
    "入账金额 收入发生额 贷 交易金额(收入) credit creditamount credits deposit deposits amountin "
    "paidin moneyin",
    "went_out": "记账金额(支出) 支出金额 借方发生额 借方金额 支出 借方 支取金额 支取 付款金额 转出金额 "
    "出账金额 支出发生额 借 交易金额(支出) debit debitamount debits withdrawal withdrawals "
    "amountout paidout moneyout",
    "amount": "交易金额 发生额 金额 记账金额 发生金额 收支金额 收入/支出金额 交易额 收付金额 借贷金额 "
    "amount transactionamount",
    "direction": "收/支 收入/支出 收支 收支标志 收支方向 收支类型 收付 收付标志 收/付 借贷标志 借/贷 借贷 "
    "借贷方向 借贷标识 借贷方标志 借贷方标识 借贷方向标志 来往账标志 来往标志 往来账标志 "
    "收付方向 交易方向 资金流向 资金方向 dc d/c dr/cr cr/dr debit/credit credit/debit direction "
    "交易类型 交易类型名称 transactiontype",
    "balance": "余额 账户余额 联机余额 交易余额 本次余额 当前余额 交易后余额 账面余额 余额(元) balance "
    "runningbalance ledgerbalance",
    "counterparty": "对方户名 对方名称 对方账户名称 对方账户名 对方单位名称 对方单位 对方姓名 "
    "对手户名 对手名称 对手信息 交易对方 交易对手 交易对手名称 收(付)方名称 收/付方名称 收付方名称 对方 "
    "counterparty counterpartyname payee payer name",
    "counterparty_account": "对方账号 对方账户 对方卡号 对方账户账号 对方卡号/账号 对手账号 "
    "交易对手账号 收(付)方账号 收/付方账号 收付方账号 counterpartyaccount",
    "remark": "附言 交易附言 客户附言 汇款附言 转账附言 用途 交易用途 用途/附言 摘要 交易摘要 客户摘要 "
    "业务摘要 备注 交易备注 客户备注 交易详情 交易说明 商品说明 说明 个性化信息 remark remarks "
    "description details memo narrative",
    "bank_reference": "交易流水号 流水号 银行流水号 核心流水号 主机流水号 业务流水号 交易参考号 交易订单号 "
    "交易序号 日志号 回单编号 账户明细编号-交易流水号 参考号 凭证号 凭证号码 reference "
    "bankreference transactionid referenceno",
    "account": "账号 帐号 本方账号 本方帐号 我方账号 我方帐号 本方账户 账户 账户号码 交易账号 卡号 户口号 "
    "客户账号 查询账号 account accountnumber accountno",
    "currency": "币种 货币 交易币种 交易货币 记账币种 币种名称 币种代码 币别 currency ccy",
    "status": "交易状态 状态 当前状态 交易结果 处理状态 处理结果 status",
}
NAMES = {role: tuple(text.split()) for role, text in KNOWN.items()}
WORDS = frozenset(name for names in NAMES.values() for name in names)
_RANKS: dict[
    str, list[tuple[str, int]]
] = {}  # of each heading, what it may name, and how far behind the others
for _role, _names in NAMES.items():
    for _rank, _name in enumerate(_names):
        _RANKS.setdefault(_name, []).append((_role, _rank))
SUMS = ("came_in", "went_out", "amount", "balance")
_UNIT = re.compile(
    r"(?:单位|unit)?((?:人民币)?[十百千万亿]*[元圆角分]|人民币|rmb|cny|¥|usd|hkd|eur|jpy|gbp|aud|cad|chf|sgd|mop|twd|krw|nzd|rub|[\u4e00-\u9fff]{1,3}[元币镑])"
)
_LABELS = re.compile(r"(?:金额)?单位|币[种别]|货币|currency")
_SAID_UNIT = re.compile(
    r"(?:单位|unit)\s*[::]?\s*[(\[]?\s*((?:人民币)?[十百千万亿]*[元圆角分]|[\u4e00-\u9fff]{1,2}[元币镑]|美金)(?![\u4e00-\u9fff])"
)
_CURRENCIES = "usd|hkd|eur|jpy|gbp|aud|cad|chf|sgd|mop|twd|krw|nzd|rub"
_SAID_CURRENCY = re.compile(
    rf"(?:币[种别]|货币|currency)(?:\s*[(\[]?\s*currency\s*(?:type)?\s*[)\]]?|\s*type|名称|代码)?\s*[::]?\s*[(\[]?\s*(?!人民币|本位币|本币)([\u4e00-\u9fff]{{1,3}}[元币镑](?!种)|美金|{_CURRENCIES})"
)
_SIZES = {
    "元": "",
    "圆": "",
    "人民币": "",
    "rmb": "",
    "cny": "",
    "¥": "",
    "千元": "千",
    "万元": "万",
    "百万元": "百万",
    "亿元": "亿",
}
_BRACKETS = re.compile(r"[(\[【〔](.*?)[)\]】〕]")
MOST_ABOVE = 60  # rows of more than one cell before the heading


@dataclass(frozen=True)
class Layout:
    """Which columns (by their places) are what; `heading` is the row that names them, -1 where there is none.

    With `flipped` money that went out stands above zero in the one signed column; `order` is that of days of
    three numbers without a year in front.
    """

    heading: int
    places: dict[str, list[int]] = field(default_factory=dict)
    flipped: bool = False
    order: str = ""
    titles: tuple[str, ...] = ()  # what the heading says, where it goes over two rows

    def cell(self, row: list[str], role: str) -> str:
        """What a row says in this role; of several columns all that is said, once each."""
        said = [row[place] for place in self.places.get(role, ()) if place < len(row) and row[place]]
        return " ".join(dict.fromkeys(said)) if role == "remark" else (said[0] if said else "")

    @property
    def enough(self) -> bool:
        """Whether lines can be made of it."""
        return "day" in self.places and (
            "amount" in self.places or {"came_in", "went_out"} <= self.places.keys()
        )


def _plain(title: str) -> str:
    return re.sub(r"[\s*#:]", "", plain(title[:60])).lower()


def _known_as(title: str) -> list[str]:
    """The ways to read a heading.

    As it stands, without what is in brackets, and what is in them beside it (`金额(收入)`).
    """
    told = _plain(title)
    if han := re.fullmatch(r"([\u4e00-\u9fff/]+)[a-z./]+", told):  # 日期 Date
        return [told, han[1]]
    inside = "".join(_BRACKETS.findall(told))
    bare = _BRACKETS.sub("", told)
    if not inside:
        return [told]
    beside = bare in NAMES["amount"] and any(inside in NAMES[role] for role in ("came_in", "went_out"))
    return [told, f"{bare}({inside})", inside if beside else bare]


def read(row: list[str]) -> dict[str, list[int]]:
    """The places of the columns we know in a row of headings."""
    ranked: dict[str, list[tuple[int, int]]] = {}
    for place, cell in enumerate(row):
        for role, rank in (
            known for name in (_known_as(cell) if cell else ()) for known in _RANKS.get(name, ())
        ):
            ranked.setdefault(role, []).append((rank, place))
    found: dict[str, list[int]] = {}
    for role in (each for each in NAMES if each in ranked):
        places = list(dict.fromkeys(place for _rank, place in sorted(ranked[role])))
        found[role] = places if role == "remark" else places[:1]
    if {"came_in", "went_out"} <= found.keys():
        found.pop("amount", None)
        found.pop("direction", None)
    return found


def find(rows: list[list[str]]) -> Layout | None:
    """The first row that names enough columns.

    Rows of one cell, as on a sheet of notes, are passed over however many they are.
    """
    for place, row in _likely(rows):
        below = rows[place + 1] if place + 1 < len(rows) else []
        if (
            {"day", "came_in", "went_out", "amount"} & read(row).keys()
            and read(below)
            and not any(letter.isdigit() for cell in (*row, *below) for letter in cell)
        ):
            titles = _two_rows(row, below)
            layout = Layout(place + 1, read(titles), titles=tuple(titles))
            if layout.enough:
                return layout
        layout = Layout(place, read(row))
        if layout.enough:
            return layout
    return None


def _two_rows(upper: list[str], lower: list[str]) -> list[str]:
    """What a heading in two rows says of each column: one above goes over those without its own.

    Together, or below, they may name what we know.
    """
    found, over = [], ""
    for place in range(max(len(upper), len(lower))):
        above, below = (row[place] if place < len(row) else "" for row in (upper, lower))
        over = above or (over if below else "")
        named = [title for title in (over + below, below, over) if below or title == over]
        moved = any(
            role in ("came_in", "went_out")
            for name in _known_as(over)
            for role, _rank in _RANKS.get(name, ())
        )
        if below and moved:  # 收入 over 笔数 and 金额: what is below alone says too little
            named = [over + below, *([over] if not above and _plain(below) == _plain(over) else [])]
        units = "".join(f"({unit})" for unit in _BRACKETS.findall(_plain(over)) if _unit_of(unit))
        found.append(
            next(
                (title if title != below else title + units for title in named if read([title])), over + below
            )
        )
    return found


def _likely(rows: list[list[str]]) -> list[tuple[int, list[str]]]:
    return list(
        islice(((place, row) for place, row in enumerate(rows) if sum(map(bool, row)) > 1), MOST_ABOVE)
    )


def sizes(rows: list[list[str]], layout: Layout) -> dict[int, str]:
    """By how much the sums of a column are to be multiplied, by its place.

    As its heading or a line above says it (`收入金额(万元)`, `单位:万元`); yuan, and where nothing is said,
    are none. ValueError for a unit that is none of money's here.
    """
    heading = layout.titles or (rows[layout.heading] if layout.heading >= 0 else [])
    notes = [note for row in rows[: max(layout.heading, 0)] for note in _notes(row)]
    above = next(
        (match[1].removeprefix("人民币") or "元" for note in notes if (match := _SAID_UNIT.search(note))),
        "元",
    )
    if foreign := next((match[1] for note in notes if (match := _SAID_CURRENCY.search(note))), ""):
        raise ValueError(foreign)
    found = {}
    for place in (place for role in SUMS for place in layout.places.get(role, ())):
        inside = _BRACKETS.findall(_plain(heading[place])) if place < len(heading) else []
        unit = next(filter(None, map(_unit_of, inside)), above)
        if unit not in _SIZES:
            raise ValueError(unit)
        if _SIZES[unit]:
            found[place] = _SIZES[unit]
    return found


def _notes(row: list[str]) -> list[str]:
    """What is said above a table, a label with what stands in the cell beside it."""
    said = [plain(cell[:200]).strip().lower() for cell in row]
    return [
        note + (f":{said[at + 1]}" if at + 1 < len(said) and _LABELS.fullmatch(note.rstrip(": ")) else "")
        for at, note in enumerate(said)
    ]


def _unit_of(told: str) -> str:
    """The unit of money a text names; nothing where it names none."""
    match = _UNIT.fullmatch(told)
    return (match[1].removeprefix("人民币") or "人民币") if match else ""


def guessed(rows: list[list[str]]) -> tuple[int, dict[str, list[int]]]:
    """The row that most likely names the columns (-1 for none), and what we know of them."""
    known = [(place, read(row)) for place, row in _likely(rows)] or [
        (place, {}) for place in range(min(len(rows), 1))
    ]
    best, roles = max(known, key=lambda each: (len(each[1]), -each[0]), default=(-1, {}))
    if roles:
        return best, roles
    return max(
        (place for place, _ in known), key=lambda place: (sum(map(bool, rows[place])), -place), default=-1
    ), {}


def of_width(rows: list[list[str]]) -> str:
    """What a table without a heading is remembered by: how wide it is."""
    return signature([f"#{max(map(len, rows), default=0)}"])


def signature(row: list[str]) -> str:
    """What a heading is remembered by: its titles in their order."""
    titles = [_plain(cell) for cell in row]
    while titles and not titles[-1]:
        titles.pop()
    return hashlib.sha256(json.dumps(titles, ensure_ascii=False).encode()).hexdigest()
