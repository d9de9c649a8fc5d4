"""What is to be read before anything is said or decided about a rating: beside the forms of its cases."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _

from market import beside
from market.case_views import case_link
from market.extensions import db
from market.formatting import format_instant
from models.documents import of_case
from models.ratings.appeals import RatingAppeal
from models.ratings.follow_ups import FollowUp
from models.ratings.rating import GROUNDS, LEVELS, Rating, overall

Fact = tuple[str, Any]


def _level(number: int) -> str:
    return f"{_(LEVELS[number])} {number}"


def of_rating(rating: Rating) -> list[Fact]:
    """Its levels, one a dimension, its words and the reply; nothing of what is not there to be read."""
    return _says(rating) if rating.shown else []


def _says(rating: Rating) -> list[Fact]:
    scores = rating.scores
    if not scores:
        return []
    mean = f"{sum(scores.values()) / len(scores):.1f} / 5"
    replied = (
        beside.lines([beside.words(rating.reply), format_instant(rating.replied_at)]) if rating.reply else ""
    )
    return [
        (_("评价"), case_link(rating)),
        (_("总的评价"), f"{_level(overall(scores))} · {mean}"),
        *((_(label), _level(scores[name])) for name, label in rating.dimensions.items()),
        (_("评语"), beside.words(rating.comment)),
        (_("回复"), replied),
    ]


def of_appeal(appeal: RatingAppeal) -> list[Fact]:
    """The rating it is about, and what each side said and handed in; to those who have a part in it."""
    files = of_case(db.session, appeal.workflow.name, appeal.identifier)

    def evidence(side: int) -> Any:
        return beside.files(file for file in files if file.organisation_id == side) or _("没有提交证据。")

    return [
        *_says(appeal.rating),
        (_("申诉理由"), _(GROUNDS[appeal.ground])),
        (_("事实和理由"), beside.words(appeal.claim)),
        (_("申诉方的证据"), evidence(appeal.ratee_id)),
        (_("评价方的说明"), beside.words(appeal.statement) or _("还没有说明。")),
        (_("评价方的证据"), evidence(appeal.rater_id)),
    ]


def of_follow_up(found: FollowUp) -> list[Fact]:
    """The rating, and what was done about it so far, with what came late."""

    def told(said: str | None, at: Any, *, late: bool) -> Any:
        when = f"{format_instant(at)}{_('(逾期)') if late else ''}" if at else ""
        return beside.lines([beside.words(said), when])

    files = of_case(db.session, found.workflow.name, found.identifier)
    return [
        *of_rating(found.rating),
        (_("应联系至"), format_instant(found.contact_by)),
        (
            _("联系评价方"),
            told(found.contact, found.contacted_at, late=found.contact_late) or _("还没有联系。"),
        ),
        (_("应提交结果至"), format_instant(found.result_by)),
        (
            _("处理结果"),
            told(found.result, found.answered_at, late=found.result_late) or _("还没有提交处理结果。"),
        ),
        (_("材料"), beside.files(files)),
    ]
