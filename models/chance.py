"""Sources of chance nobody who runs a draw can choose: named before they exist, checked when they are there.

In sourcing the bidders' own texts bind whoever runs the draw. Where an authority makes the list and
nobody else takes part, it could try seeds until it likes the outcome. So a draw can name, when its list
is fixed, what will be known later (RFC 3797): a round of drand's quicknet, which a threshold of
independent organisations signs every three seconds; or, without a network, a state lottery's result
together with texts of two other departments, sealed before that result is known.

A source is kept and published as JSON; its `kind` is `drand` (`round`) or `lottery` (`lottery`,
`issue`, `drawn_on`, `departments`).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from secrets import token_hex

from py_arkworks_bls12381 import GT, G1Point, G2Point

from models import clock
from models.base import Json
from models.clock import BEIJING
from models.errors import MalformedResponse, RuleViolation
from models.i18n import N_

# quicknet's published constants (docs/sources.md): chain, public key on G2, first round (Unix
# seconds), seconds a round.
CHAIN = "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971"
PUBLIC_KEY = (
    "83cf0f2896adee7eb8b5f01fcad3912212c437e0073e911fb90022d3e760183c8c4b450b6a0a6c3ac6a5776a2d106451"
    "0d1fec758c921cc22b0e17e63aaf4bcb5ed66304de9cf809bd274ca73bab4af5a6e9c76a4bc09e76eae8991ef5ece45a"
)
GENESIS, PERIOD = 1_692_803_367, 3
_DST = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_NUL_"
AHEAD = timedelta(minutes=10)  # how long before it is known a source is named, at the least: clocks differ
LOTTERIES = {"ssq": N_("中国福利彩票双色球"), "dlt": N_("中国体育彩票超级大乐透")}
LEAST_DEPARTMENTS = 2
LIST = "list"  # as whose contribution the hash of what was fixed goes into the draw
_OPENING = time(21, 0)  # from when on both lotteries draw (Beijing)


def time_of(number: int) -> datetime:
    """When a round of quicknet is there (UTC)."""
    return datetime.fromtimestamp(GENESIS + (number - 1) * PERIOD, UTC)


def round_from(instant: datetime) -> int:
    """The first round that is not there before an instant."""
    return -int(-(instant.timestamp() - GENESIS) // PERIOD) + 1


def by_drand() -> Json:
    """The round that is far enough away from now to be named."""
    return {"kind": "drand", "chain": CHAIN, "round": round_from(clock.now() + AHEAD)}


def by_lottery(lottery: str, issue: str, drawn_on: date, departments: Sequence[str]) -> Json:
    """An issue of a state lottery that is drawn on a day to come, and who seals a text until then.

    `departments` by their identifiers. RuleViolation at the field: a lottery that is none of ours, an
    issue that is no number, a day that is not to come, fewer than two departments or one twice.
    """
    if lottery not in LOTTERIES:
        raise RuleViolation(N_("请选择一项。"), "lottery")
    if not (issue.isascii() and issue.isdigit() and 5 <= len(issue) <= 7):
        raise RuleViolation(N_("期号是 5 到 7 位数字。"), "issue")
    if drawn_on <= clock.today():
        raise RuleViolation(N_("开奖日要在固定名单之后,至少是明天。"), "drawn_on")
    if len(set(departments)) != len(departments) or len(departments) < LEAST_DEPARTMENTS:
        raise RuleViolation(
            N_("至少要有 %(least)s 个其他部门各封存一段文字。"), "departments", least=LEAST_DEPARTMENTS
        )
    return {
        "kind": "lottery",
        "lottery": lottery,
        "issue": issue,
        "drawn_on": drawn_on.isoformat(),
        "departments": list(departments),
    }


def known_from(source: Mapping[str, object]) -> datetime:
    """From when on a source can be known to anybody, so that nothing may be added or fixed any more."""
    if source["kind"] == "drand":
        return time_of(int(str(source["round"])))
    return datetime.combine(date.fromisoformat(str(source["drawn_on"])), _OPENING, BEIJING)


def parties(source: Json) -> list[str]:
    """Whose contributions a draw by this source takes, every one of them, in their order."""
    if source["kind"] == "drand":
        return [LIST, f"drand:{source['round']}"]
    return [LIST, *source["departments"], f"{source['lottery']}:{source['issue']}"]


def from_round(source: Json, signature: str) -> list[Json]:
    """What a round brings: its randomness, SHA-256 of the signature, which is verified first.

    MalformedResponse for a signature (hex) that is not this round's.
    """
    if not verified(source["round"], signature):
        raise MalformedResponse(N_("这不是所公布轮次的随机数:签名不符。"))
    value = hashlib.sha256(bytes.fromhex(signature)).hexdigest()
    return [{"party": f"drand:{source['round']}", "value": value, "signature": signature}]


def verified(number: int, signature: str) -> bool:
    """Whether this (hex, 48 bytes) is quicknet's signature of a round.

    BLS on G1 over SHA-256 of the round's number, hashed to the curve as RFC 9380 has it.
    """
    try:
        signed, key = G1Point.from_compressed_bytes(bytes.fromhex(signature)), bytes.fromhex(PUBLIC_KEY)
    except ValueError:
        return False
    message = G1Point.hash_to_curve(hashlib.sha256(number.to_bytes(8, "big")).digest(), _DST)
    points = [G2Point(), G2Point.from_compressed_bytes(key)]
    return signature == signature.lower() and GT.pairing_check([signed, -message], points)


def sealed_text(text: str) -> Json:
    """A department's text with the nonce that hides it, and its receipt: SHA-256 of `nonce:text`."""
    nonce = token_hex(16)
    return {"text": text, "nonce": nonce, "value": hashlib.sha256(f"{nonce}:{text}".encode()).hexdigest()}


def from_lottery(source: Json, texts: Mapping[str, Json], first: Json, second: Json) -> list[Json]:
    """What the departments' opened texts (by department, as `sealed_text` gave them) and the lottery bring.

    The result is entered twice, as {"by": key of the user, "result": figures}: RuleViolation where one
    person entered both, they differ, either is no such result, or a department's text is missing.
    """
    if first["by"] == second["by"]:
        raise RuleViolation(N_("开奖结果要由两位工作人员各自录入。"), "result")
    if figures(source["lottery"], first["result"]) != figures(source["lottery"], second["result"]):
        raise RuleViolation(N_("两次录入的开奖结果不一致,请核对后重新录入。"), "result")
    if missing := [name for name in source["departments"] if name not in texts]:
        raise RuleViolation(N_("还有部门没有封存文字:%(who)s。"), who="、".join(missing))
    brought: list[Json] = [{"party": name, **texts[name]} for name in source["departments"]]
    value = figures(source["lottery"], first["result"])
    return [*brought, {"party": f"{source['lottery']}:{source['issue']}", "value": value}]


def figures(lottery: str, result: str) -> str:
    """A lottery's result in its one spelling, `01 05 12 20 28 33 + 07`.

    RuleViolation unless it has as many different numbers, each in its range, as the lottery draws: 双色球
    six of 33 and one of 16, 大乐透 five of 35 and two of 12.
    """
    (fronts, highest), (backs, top) = ((6, 33), (1, 16)) if lottery == "ssq" else ((5, 35), (2, 12))
    said = result.replace("+", " ").replace(",", " ").split()
    numbers = [int(each) if each.isascii() and each.isdigit() and len(each) < 3 else 0 for each in said]
    front, back = sorted(numbers[:fronts]), sorted(numbers[fronts:])
    fits = len(set(front)) == fronts and len(set(back)) == len(back) == backs
    if not fits or front[0] < 1 or front[-1] > highest or back[0] < 1 or back[-1] > top:
        raise RuleViolation(N_("这不是一期开奖结果:请按“前区 + 后区”填写全部号码。"), "result")
    return " + ".join(" ".join(f"{each:02d}" for each in part) for part in (front, back))
