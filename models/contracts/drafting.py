"""How a contract comes to its wording and its milestones.

Drafted from its template, revised by its parties.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction
from itertools import pairwise

from models import money, policy
from models.base import Json
from models.contracts.agreement import Contract, Milestone, parts_of
from models.contracts.clauses import examine, rules_version
from models.contracts.templates import MOST_MILESTONES, ContractTemplate
from models.errors import RuleViolation
from models.i18n import N_
from models.sourcing.awards import Award

# What the template's clauses may name, and the policy's fraction behind it.
RATES = {
    "retention": "contract.retention_rate",
    "late_rate": "contract.late_rate",
    "late_most": "contract.late_most",
}


def deposit_of(award: Award) -> int:
    """The deposit the award's policy asks for, in fen."""
    return money.share(award.price, policy.get(award.policy_version).rate("contract.deposit_rate"))


def standard_clauses(template: ContractTemplate, award: Award) -> list[Json]:
    """The template's clauses, filled in for an award."""
    tender, item, rules = award.tender, award.tender.item, policy.get(award.policy_version)
    deposit = deposit_of(award)
    days = ("materials", "deposit", "settlement", "correction", "objection")
    places = {
        "project": tender.project,
        "item": item.name,
        "legal_basis": item.legal_basis,
        "approval_matter": item.approval_matter,
        "outputs": "、".join(item.notice["zh"]["outputs"]),
        "days": award.days,
        "price": money.show(award.price),
        "price_words": money.capital(award.price),
        "deposit": money.show(deposit),
        "deposit_words": money.capital(deposit),
        "deemed_days": rules.number("contract.deemed_acceptance_days"),
        "rounds": rules.number("contract.correction_rounds"),
        **{f"{name}_days": rules.number(f"contract.{name}_days") for name in days},
        **{name: f"{float(rules.rate(key) * 100):g}%" for name, key in RATES.items()},
    }
    return [
        {
            "key": c["key"],
            "title": c["title"],
            "fixed": c["fixed"],
            "standard": c["text"].format(**places),
            "text": c["text"].format(**places),
        }
        for c in template.clauses
    ]


def split(total: int, shares: Iterable[Fraction]) -> list[int]:
    """A total in whole parts that sum to it exactly: each boundary is rounded, not each part."""
    edges, reached = [0], Fraction(0)
    for share in shares:
        reached += share
        edges.append(money.share(total, reached))
    return [after - before for before, after in pairwise(edges)]


def parts(template: ContractTemplate, days: int, price: int) -> list[Json]:
    """The template's milestones for so many working days and so much money (fen).

    Rows of `name`, `days`, `amount` and `reviewed`. A job too small to be cut up gets the last one alone.
    """
    rows = template.milestones
    each_days = split(days, (Fraction(row["days"]) for row in rows))
    amounts = split(price, (Fraction(row["share"]) for row in rows))
    if min(each_days) < 1 or min(amounts) < 1:
        rows, each_days, amounts = rows[-1:], [days], [price]
    return [{**row, "days": d, "amount": a} for row, d, a in zip(rows, each_days, amounts, strict=True)]


def plan(contract: Contract, rows: list[Json], done: int = 0) -> None:
    """Give a contract its milestones after the first `done`.

    Rows of `name`, `days`, `amount` (fen) and `reviewed`.

    RuleViolation at `milestones` unless there are at most five, each with a name, a day and money; all days
    sum to the contract's, all amounts to its price; and the last goes to the approving department.
    """
    kept = contract.milestones[:done]
    if not 1 <= len(rows) <= MOST_MILESTONES - done:
        raise RuleViolation(N_("节点应为 1 到 %(most)s 个。"), "milestones", most=MOST_MILESTONES)
    if any(not 1 <= len(row["name"].strip()) <= 100 or row["days"] < 1 or row["amount"] < 1 for row in rows):
        raise RuleViolation(N_("每个节点都要有名称、工期和价款。"), "milestones")
    if sum(m.days for m in kept) + sum(row["days"] for row in rows) != contract.days:
        raise RuleViolation(N_("各节点的工期应合计 %(days)s 个工作日。"), "milestones", days=contract.days)
    if sum(m.amount for m in kept) + sum(row["amount"] for row in rows) != contract.price:
        raise RuleViolation(
            N_("各节点的价款应合计 %(price)s。"), "milestones", price=money.show(contract.price)
        )
    if not rows[-1]["reviewed"]:
        raise RuleViolation(N_("最后一个节点的成果应送审批部门评审。"), "milestones")
    for place, row in enumerate(rows, done):
        if place == len(contract.milestones):
            contract.milestones.append(Milestone(number=place + 1))
        each = contract.milestones[place]
        each.name, each.days, each.amount, each.reviewed = (
            row["name"].strip(),
            row["days"],
            row["amount"],
            row["reviewed"],
        )
    del contract.milestones[done + len(rows) :]


def draft(award: Award, template: ContractTemplate) -> Contract:
    """The contract an award leads to, as its template has it."""
    contract = Contract(
        award=award,
        tender=award.tender,
        buyer_id=award.buyer_id,
        agency_id=award.agency_id,
        template_version=template.name,
        heading=template.title,
        clauses=standard_clauses(template, award),
        price=award.price,
        deposit=deposit_of(award),
        days=award.days,
        **_rates(template, award),
    )
    plan(contract, parts(template, award.days, award.price))
    review(contract)
    return contract


def _rates(template: ContractTemplate, award: Award) -> dict[str, str]:
    """The fractions that the template's clauses name, as the award's policy has them; 0 for the others."""
    rules, named = policy.get(award.policy_version), "".join(clause["text"] for clause in template.clauses)
    rates = {name: str(rules.rate(key)) if f"{{{name}}}" in named else "0" for name, key in RATES.items()}
    return {
        "retention_rate": rates["retention"],
        "late_rate": rates["late_rate"],
        "late_most": rates["late_most"],
    }


def review(contract: Contract) -> None:
    """Let the clause rules look at a contract as it stands."""
    item = contract.tender.item
    contract.findings = examine(contract.clauses, item.kind, item.code)
    contract.findings_version, contract.deviations = rules_version(), len(contract.changed)


def revise(contract: Contract, texts: dict[str, str], milestones: list[Json] | None = None) -> list[str]:
    """Replace the wording of clauses, by key, and the milestones if any are given.

    Returns what changed, by its title.

    RuleViolation at `text_` and the key for a fixed clause, an unknown one, a wording that is empty or over
    2,000 characters, milestones that do not sum up, or where nothing changed.
    """
    clauses = {clause["key"]: clause for clause in contract.clauses}
    changed = []
    for key, wording in texts.items():
        clause, wording = clauses.get(key), wording.strip()
        if clause is None or clause["fixed"]:
            raise RuleViolation(N_("标准条款不能修改。"), f"text_{key}")
        if not 1 <= len(wording) <= 2000:
            raise RuleViolation(N_("条款应为 1 到 2000 个字。"), f"text_{key}")
        if wording != clause["text"]:
            clauses[key] = {**clause, "text": wording}
            changed.append(clause["title"])
    if milestones is not None:
        before = parts_of(contract)
        plan(contract, milestones)
        if parts_of(contract) != before:
            changed.append(N_("节点"))
    if not changed:
        raise RuleViolation(N_("没有改动任何条款。"))
    contract.clauses = list(clauses.values())
    review(contract)
    return changed
