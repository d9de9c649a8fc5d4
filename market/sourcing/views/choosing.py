"""What a buyer is told on the way to an award: what comes next, and who would be chosen."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import select

from market.case_views import case_url
from market.event_text import act_words
from market.extensions import db
from market.formatting import format_instant, working_days
from market.identity import current_actor
from market.sourcing.actions import awards
from models import money, workflow
from models.errors import RuleViolation
from models.sourcing.awards import Award
from models.sourcing.steps import lacking
from models.sourcing.tenders import Tender

FOLLOWS = {"published": "close", "evaluated": "award"}


def next_step(found: Tender, answers: Iterable[Any]) -> dict[str, str] | None:
    """What comes next, as `turn` of parts.html shows it, where that is more than an act of the table.

    Of a draft that lacks something, its first step that does. Once a price is agreed, closing the inquiry,
    then the award: a button for the buyer who may do it now, and words for the others.
    """
    if workflow.may(db.session, found, "edit", current_actor()) and (lacks := lacking(db.session, found)):
        url = url_for("sourcing.edit", identifier=found.identifier, step=lacks[0][0])
        return {"act": "publish", "url": url, "label": _("继续填写"), "lead": ""}
    act = FOLLOWS.get(found.state)
    if act is None or all(answer.state != "agreed" for answer in answers):
        return None
    if workflow.may(db.session, found, act, current_actor()):
        url, label = f"{case_url('tender', found.identifier)}/{act}", act_words(act, found)
    else:
        act = url = label = ""
    if found.state == "evaluated":
        lead = _("价格已谈妥。接下来由业主确定中选机构。")
    elif url or "buyer" not in found.roles_of(current_actor()):
        lead = _("价格已谈妥。接下来由业主截止征集,再确定中选机构。")
    else:
        lead = _("价格已谈妥。征集到 %(time)s 截止,之后确定中选机构。", time=format_instant(found.deadline))
    return {"act": act, "url": url, "label": label, "lead": lead}


def winning_bid(found: Tender, bids: Iterable[Any]) -> str | None:
    """The bid that won, by its identifier: that of the award that stands, else the first of the ranking.

    None as long as evaluators score.
    """
    standing = select(Award.agency_id).where(Award.tender_id == found.id, Award.state != "annulled")
    agency = db.session.scalar(standing)
    if agency is not None:
        return next((bid.identifier for bid in bids if bid.agency_id == agency), None)
    if found.outcome is None or not found.opened or found.state == "scoring":
        return None
    return next(iter(found.outcome.ranking), None)


def before_award(found: Tender) -> list[tuple[str, Any]]:
    """Who is chosen where the ranking says so, and how long the award stands in public."""
    days, chosen = found.rules.publicity_days, []
    if found.way.sealed:
        try:
            first = awards.first_bid(db.session, found)
        except RuleViolation:
            return []
        chosen = [
            (_("排在最前、可以中选的"), first.agency.name),
            (_("中选价"), money.show(first.price or 0)),
            (_("工期"), working_days(first.days or 0)),
        ]
    public = working_days(days) if days else _("没有公示期,立即转入合同")
    return [*chosen, (_("公示期"), public)]
