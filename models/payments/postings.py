"""Every way money moves in the books, each under a name.

The table is what is posted, and what docs/ledger.md prints.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from models.i18n import N_
from models.ledger import books
from models.ledger.books import Entry, Transfer


@dataclass(frozen=True, slots=True)
class Posting:
    """A named posting: the kinds of account it debits and credits, and when it is made."""

    name: str
    label: str
    debit: str
    credit: str
    when: str


POSTINGS = {
    posting.name: posting
    for posting in (
        Posting(
            "deposit_received",
            N_("收到定金"),
            "clearing",
            "escrow",
            "the deposit is in: both sides confirm it, or the gateway shows it",
        ),
        Posting("milestone_received", N_("收到节点款"), "clearing", "escrow", "a milestone's money is in"),
        Posting(
            "settlement_received", N_("收到余款"), "clearing", "escrow", "the last milestone's money is in"
        ),
        Posting(
            "penalty_received",
            N_("收到逾期付款违约金"),
            "clearing",
            "payable",
            "what the buyer owes the agency for paying late is in",
        ),
        Posting(
            "surplus_received",
            N_("收到重复付款"),
            "clearing",
            "payable",
            "a payment that was in already comes in again: it is the buyer's, and goes back",
        ),
        Posting(
            "seen_at_bank",
            N_("银行对账入账"),
            "bank",
            "clearing",
            "the bank's statement shows money that came in",
        ),
        Posting(
            "left_bank", N_("银行对账付出"), "clearing", "bank", "the bank's statement shows money that left"
        ),
        Posting(
            "returned_to_bank",
            N_("银行对账退回"),
            "bank",
            "clearing",
            "the bank's statement shows what was paid out coming back",
        ),
        Posting(
            "set_aside",
            N_("待查款入账"),
            "bank",
            "platform",
            "money came in at the bank that is nobody's here, until it is found whose",
        ),
        Posting(
            "sent_back",
            N_("待查款退回"),
            "platform",
            "bank",
            "the bank's statement shows such money going back, or the bank's own fee",
        ),
        Posting("gateway_fee", N_("支付渠道手续费"), "platform", "clearing", "a gateway keeps its fee"),
        Posting(
            "released",
            N_("解除托管"),
            "escrow",
            "payable",
            "a milestone is met and covered, or a contract ends: the agency's part",
        ),
        Posting(
            "retained",
            N_("留存质量保留金"),
            "escrow",
            "retention",
            "a milestone but the last is released: the part that waits for the last",
        ),
        Posting(
            "retention_released",
            N_("支付质量保留金"),
            "retention",
            "payable",
            "the last milestone is released: what was retained goes to the agency",
        ),
        Posting(
            "retention_returned",
            N_("质量保留金转回"),
            "retention",
            "escrow",
            "a contract ends early: what was retained is divided with the rest",
        ),
        Posting(
            "penalty",
            N_("扣付逾期交付违约金"),
            "escrow",
            "payable",
            "a milestone handed over late is released: the buyer's compensation",
        ),
        Posting(
            "held", N_("争议冻结"), "escrow", "hold", "a dispute is filed, or money comes in while one lasts"
        ),
        Posting("hold_lifted", N_("解除冻结"), "hold", "escrow", "the dispute is decided or withdrawn"),
        Posting("refunded", N_("退还业主"), "escrow", "payable", "a contract ends: the buyer's part"),
        Posting("paid_out", N_("拨付"), "payable", "clearing", "what is owed to an organisation is sent"),
        Posting("bounced", N_("付款退回"), "clearing", "payable", "what was sent came back"),
    )
}


def post(
    session: Session,
    name: str,
    key: str,
    about: str,
    amount: int,
    *,
    contract: str = "",
    gateway: str = "bank",
    owed: str = "",
) -> Entry | None:
    """Make a named posting of `amount` fen about a case, once for each `key`; None for nothing to move.

    `contract` is the contract whose accounts it uses, `gateway` the way the money takes, `owed` the code of
    the organisation that is owed. RuleViolation as `ledger.post` raises it.
    """
    if not amount:
        return None
    posting = POSTINGS[name]
    codes = {
        "bank": books.BANK,
        "platform": books.PLATFORM,
        "clearing": books.clearing(gateway),
        "payable": books.payable(owed),
        "escrow": books.escrow(contract),
        "retention": books.retention(contract),
        "hold": books.hold(contract),
    }
    return books.post(
        session, key, name, about, [Transfer(codes[posting.debit], codes[posting.credit], amount)]
    )


def describe() -> str:
    """The table as a page of documentation."""
    lines = ["| posting | debit | credit | when |", "| - | - | - | - |"]
    return (
        "\n".join(
            [
                *lines,
                *(f"| `{p.name}` {p.label} | {p.debit} | {p.credit} | {p.when} |" for p in POSTINGS.values()),
            ]
        )
        + "\n"
    )
