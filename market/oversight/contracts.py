"""What a regulator should look at in the contracts of its area.

Clauses that differ or are unfair, and reports that pass or do not.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from sqlalchemy import ColumnElement, Select, String, cast, or_, select

from market.charts import rows as row_chart
from market.extensions import db
from market.formatting import bilingual, catalogued, format_share, item_name, region
from market.spreadsheets import Column, rate
from models.accounts import Organisation
from models.actors import Actor
from models.catalogue import newest_items
from models.contracts.agreement import Contract
from models.contracts.clauses import SEVERITIES, ClauseRule, rule, rules
from models.contracts.deliverables import REASONS, Deliverable, ReviewOutcome
from models.contracts.first_pass import first_pass_by
from models.i18n import N_

GROUPS = {"agency": N_("按机构"), "item": N_("按事项"), "region": N_("按地区")}


def to_look_at(actor: Actor, key: str = "") -> Select[Any]:
    """The contracts of the area that the clause rules found something in, or whose clauses were changed.

    Those that break one rule, if it is named. Newest first.
    """
    query = select(Contract).where(
        Contract.visible_to(actor), or_(Contract.deviations > 0, cast(Contract.findings, String) != "[]")
    )
    if key in {each.key for each in rules()}:
        query = query.where(_breaks(key))
    ordered: Select[Any] = query.order_by(Contract.id.desc())
    return ordered


def _breaks(key: str) -> ColumnElement[bool]:
    return cast(Contract.findings, String).contains(f'"{key}"')


def findings_chart(actor: Actor) -> Markup:
    """How often each rule is broken in the area's contracts."""
    counts: Counter[str] = Counter()
    for found in db.session.scalars(
        select(Contract.findings).where(Contract.visible_to(actor), cast(Contract.findings, String) != "[]")
    ):
        counts.update({finding["rule"] for finding in found})
    broken = counts.most_common()
    return row_chart(
        [(bilingual(rule(key).title), count) for key, count in broken],
        _("条款检查发现的问题"),
        [url_for("oversight.clauses", rule=key) for key, _count in broken],
    )


@dataclass(frozen=True, slots=True)
class Finding:
    """A contract and one thing the clause rules found in it; of one that only differs, nothing."""

    contract: Contract
    rule: ClauseRule | None = None
    excerpt: str = ""


def findings(actor: Actor, key: str = "") -> Iterator[Finding]:
    """What was found in each of the contracts to look at."""
    for contract in db.session.scalars(to_look_at(actor, key)).unique():
        if not contract.findings:
            yield Finding(contract)
        for found in contract.findings:
            yield Finding(contract, rule(found["rule"]), found["excerpt"])


CLAUSES = (
    Column[Finding](_l("合同"), lambda each: each.contract.identifier),
    Column[Finding](_l("项目"), lambda each: each.contract.title),
    Column[Finding](_l("业主"), lambda each: each.contract.buyer.name),
    Column[Finding](_l("机构"), lambda each: each.contract.agency.name),
    Column[Finding](_l("地区"), lambda each: region(each.contract.region_code)),
    Column[Finding](_l("改动条款数"), lambda each: each.contract.deviations),
    Column[Finding](_l("规则"), lambda each: each.rule.key if each.rule else ""),
    Column[Finding](_l("严重程度"), lambda each: _(SEVERITIES[each.rule.severity]) if each.rule else ""),
    Column[Finding](_l("依据"), lambda each: catalogued(each.rule.article) if each.rule else ""),
    Column[Finding](_l("原文"), lambda each: each.excerpt),
)


def fared(actor: Actor, by: str) -> list[dict[str, Any]]:
    """How reports fared at the approving departments of the area, by agency, item or region.

    How many were reviewed, how many passed without a fault of the agency's, how many reviews they took. Most
    reviewed first.
    """
    key: Any = {
        "agency": Deliverable.agency_id,
        "item": Deliverable.item_code,
        "region": Deliverable.region_code,
    }[by]
    counted = first_pass_by(db.session, key, Deliverable.visible_to(actor))
    known = _known(by, list(counted))
    return [
        {
            "name": known[value][0],
            "asked": known[value][1],
            "reviewed": found.reviewed,
            "passed": found.passed,
            "rate": found.rate,
            "reviews": found.reviews,
        }
        for value, found in counted.items()
    ]


def _known(by: str, values: list[Any]) -> dict[Any, tuple[str, dict[str, str]]]:
    """What each group is called, and by which filters of `/deliverables` its deliverables are found."""
    if by == "agency":
        agencies = select(Organisation.id, Organisation.name, Organisation.identifier)
        rows = db.session.execute(agencies.where(Organisation.id.in_(values)))
        return {key: (name, {"agency": identifier}) for key, name, identifier in rows}
    if by == "item":
        items = newest_items(db.session, values)
        names = {code: f"{code} {item_name(item)}" for code, item in items.items()}
        return {code: (names.get(code, code), {"item": code}) for code in values}
    return {code: (region(code), {"region": code, "level": "own"}) for code in values}


FIRST_PASS = (
    Column[dict[str, Any]](_l("名称"), lambda row: row["name"]),
    Column[dict[str, Any]](_l("已评审的成果"), lambda row: row["reviewed"]),
    Column[dict[str, Any]](_l("首次过审"), lambda row: row["passed"]),
    Column[dict[str, Any]](_l("首次过审率"), lambda row: rate(row["rate"])),
    Column[dict[str, Any]](_l("评审次数"), lambda row: row["reviews"]),
)  # of what `fared` counts


def reasons_chart(actor: Actor) -> Markup:
    """How many reports of the area were sent back for each reason; one sent back twice for it counts once."""
    found: defaultdict[str, set[int]] = defaultdict(set)
    sent = (
        select(ReviewOutcome.deliverable_id, ReviewOutcome.reasons)
        .join(Deliverable, Deliverable.id == ReviewOutcome.deliverable_id)
        .where(Deliverable.visible_to(actor), ReviewOutcome.passed.is_(False))
    )
    for key, reasons in db.session.execute(sent):
        for code in reasons:
            found[code].add(key)
    counts = sorted(((code, len(keys)) for code, keys in found.items()), key=lambda pair: -pair[1])
    return row_chart(
        [(_(REASONS[code]), count) for code, count in counts],
        _("退回的原因(成果数)"),
        [url_for("contracts.deliverables", reason=code) for code, _count in counts],
    )


def rates_chart(rows: list[dict[str, Any]]) -> Markup:
    """The rates of the most reviewed."""
    return row_chart([(r["name"], r["rate"]) for r in rows], _("首次过审率"), said=format_share)
