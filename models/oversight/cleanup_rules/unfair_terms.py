"""Unfair standard terms: clauses of its contracts under way that the published rules call void or unfair."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from models.contracts.agreement import Contract
from models.contracts.clauses import rules
from models.i18n import N_
from models.oversight.cleanup_rule import Evidence, Rule

UNDER_WAY = ("signed", "active", "suspended", "ending", "disputed")


def _find(session: Session, agency_ids: Sequence[int]) -> Evidence:
    """Only what departs from the template can be: the template was examined when it was published."""
    bad = {each.key for each in rules() if each.severity in ("void", "unfair")}
    changed = (
        select(Contract.agency_id, Contract.identifier, Contract.findings)
        .where(Contract.agency_id.in_(agency_ids), Contract.state.in_(UNDER_WAY), Contract.deviations > 0)
        .order_by(Contract.id)
    )
    found: Evidence = {}
    for agency, number, findings in session.execute(changed):
        for each in findings:
            if each["rule"] in bad:
                found.setdefault(agency, []).append({"source": number, "what": each["rule"]})
    return found


RULE = Rule(
    "unfair_terms", N_("不公平格式条款"), "民法典第四百九十六条、第四百九十七条", _find, violation=True
)
