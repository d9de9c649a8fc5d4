"""What a regulator should look at in the contracts of its area.

Clauses that differ or are unfair, and reports that pass or do not.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from flask_babel import gettext as _
from markupsafe import Markup
from sqlalchemy import ColumnElement, Select, String, case, cast, func, or_, select

from market.charts import rows as row_chart
from market.extensions import db
from market.words import bilingual, percent, region
from models.accounts import Organisation
from models.actors import Actor
from models.catalogue import newest_items
from models.contracts import SEVERITIES, Contract, Deliverable, ReviewOutcome, rule, rules
from models.contracts.deliverables import REASONS

GROUPS = ("agency", "item", "region")


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
    return row_chart(
        [(bilingual(rule(key).title), count) for key, count in counts.most_common()], _("条款检查发现的问题")
    )


def clauses_table(actor: Actor, key: str = "") -> list[list[Any]]:
    """The rows of the export, heading first.

    One for each finding, or one for a contract that only differs.
    """
    rows: list[list[Any]] = [
        [
            _("合同"),
            _("项目"),
            _("业主"),
            _("机构"),
            _("地区"),
            _("改动条款数"),
            _("规则"),
            _("严重程度"),
            _("依据"),
            _("原文"),
        ]
    ]
    for contract in db.session.scalars(to_look_at(actor, key)).unique():
        about = [
            contract.identifier,
            contract.title,
            contract.buyer.name,
            contract.agency.name,
            region(contract.region_code),
            contract.deviations,
        ]
        for finding in contract.findings or [None]:
            each = rule(finding["rule"]) if finding else None
            rows.append(
                [
                    *about,
                    *(
                        [each.key, _(SEVERITIES[each.severity]), each.article, finding["excerpt"]]
                        if each and finding
                        else ["", "", "", ""]
                    ),
                ]
            )
    return rows


def first_pass(actor: Actor, by: str) -> list[dict[str, Any]]:
    """How reports fared at the approving departments of the area, by agency, item or region.

    How many were reviewed, how many passed without a fault of the agency's, how many reviews they took. Most
    reviewed first.
    """
    key: Any = {
        "agency": Deliverable.agency_id,
        "item": Deliverable.item_code,
        "region": Deliverable.region_code,
    }[by]
    query = (
        select(
            key,
            func.count(),
            func.sum(case((Deliverable.faulty_reviews == 0, 1), else_=0)),
            func.sum(Deliverable.reviews),
        )
        .where(Deliverable.visible_to(actor), Deliverable.reviews > 0)
        .group_by(key)
        .order_by(func.count().desc(), key)
    )
    counted = db.session.execute(query).all()
    names = _names(by, [value for value, *_rest in counted])
    return [
        {
            "name": names.get(value, str(value)),
            "reviewed": total,
            "passed": passed,
            "rate": passed / total,
            "reviews": reviews,
        }
        for value, total, passed, reviews in counted
    ]


def _names(by: str, values: list[Any]) -> dict[Any, str]:
    if by == "agency":
        return dict(
            db.session.execute(
                select(Organisation.id, Organisation.name).where(Organisation.id.in_(values))
            ).all()
        )  # type: ignore[arg-type]
    if by == "item":
        return {code: f"{code} {item.name}" for code, item in newest_items(db.session, values).items()}
    return {code: region(code) for code in values}


def first_pass_table(rows: list[dict[str, Any]]) -> list[list[Any]]:
    heading = [_("名称"), _("已评审的成果"), _("首次过审"), _("首次过审率"), _("评审次数")]
    return [
        heading,
        *([r["name"], r["reviewed"], r["passed"], percent(r["rate"]), r["reviews"]] for r in rows),
    ]


def reasons_chart(actor: Actor) -> Markup:
    """Why reports are sent back in the area."""
    counts: Counter[str] = Counter()
    sent = (
        select(ReviewOutcome.reasons)
        .join(Deliverable, Deliverable.id == ReviewOutcome.deliverable_id)
        .where(Deliverable.visible_to(actor), ReviewOutcome.passed.is_(False))
    )
    for reasons in db.session.scalars(sent):
        counts.update(reasons)
    return row_chart([(_(REASONS[code]), count) for code, count in counts.most_common()], _("退回的原因"))


def rates_chart(rows: list[dict[str, Any]]) -> Markup:
    """The rates of the twelve most reviewed, in percent."""
    return row_chart([(r["name"][:14], round(r["rate"] * 100)) for r in rows[:12]], _("首次过审率(百分比)"))
