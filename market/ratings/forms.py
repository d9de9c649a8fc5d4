"""The forms of ratings: what is asked of whoever rates, replies, follows up, appeals."""

from __future__ import annotations

from typing import Any

from flask_babel import lazy_gettext as _l
from wtforms import RadioField, TextAreaField
from wtforms.validators import InputRequired

from market.forms import Form, choices, fits, upload
from models.ratings.appeals import RatingAppeal
from models.ratings.follow_ups import FollowUp
from models.ratings.rating import GROUNDS, LEVELS, Rating, dimensions_of


class RateForm(Form):
    """The dimensions, each by one of the five levels, and words; which ones depends on who rates what."""

    def scores(self) -> dict[str, int]:
        return {name: field.data for name, field in self._fields.items() if isinstance(field, RadioField)}


def rate_form(rating: Rating) -> type[RateForm]:
    """The form for what this rater rates."""
    return _rate_form(rating.by, rating.about)


def _rate_form(by: str, about: str) -> type[RateForm]:
    fields: dict[str, Any] = {
        name: RadioField(
            _l(label),
            [InputRequired(_l("请选择满意程度。"))],
            choices=choices((n, _l("%(level)s(%(n)s)", level=_l(level), n=n)) for n, level in LEVELS.items()),
            coerce=int,
        )
        for name, label in dimensions_of(by, about).items()
    }
    fields["comment"] = TextAreaField(
        _l("评语"),
        [fits(Rating.comment)],
        description=_l(
            "会公开。请只写这份合同的事,不要写个人姓名、电话。双方都评价后,或评价期满,才同时公布。"
        ),
    )
    return type("RateForm", (RateForm,), fields)


class ReplyForm(Form):
    reply = TextAreaField(
        _l("回复"),
        [fits(Rating.reply)],
        description=_l("会和评价一起公开,只能回复一次,不能修改。请不要写个人信息。"),
    )


class ContactForm(Form):
    contact = TextAreaField(
        _l("联系情况"),
        [fits(FollowUp.contact)],
        description=_l("何时、以什么方式联系到谁,对方不满意的是什么。评价方和监管部门看得到,不公开。"),
    )


class ResultForm(Form):
    result = TextAreaField(
        _l("处理结果"),
        [fits(FollowUp.result)],
        description=_l("核实的情况、采取的措施、给评价方的答复。评价方和监管部门看得到,不公开。"),
    )
    file = upload(_l("材料"), needed=False, several=True)


class AppealForm(Form):
    ground = RadioField(
        _l("申诉理由"),
        [InputRequired(_l("请选择一项。"))],
        choices=choices((key, _l(label)) for key, label in GROUNDS.items()),
    )
    claim = TextAreaField(
        _l("事实和理由"),
        [fits(RatingAppeal.claim)],
        description=_l("写明评价里哪句话、哪一项有问题,为什么。评价低本身不是申诉理由。"),
    )
    file = upload(_l("证据"), several=True)


class StatementForm(Form):
    statement = TextAreaField(_l("说明情况"), [fits(RatingAppeal.statement)])
    file = upload(_l("证据"), needed=False, several=True)
