"""What deciding on a credit record, or stating something about it, brings about: said of this very record."""

from __future__ import annotations

from datetime import datetime

from flask_babel import gettext as _

from market.act_summary import say_of
from market.formatting import format_instant
from market.identity import current_actor
from market.restricted import activity_names
from models import clock
from models.clock import BEIJING
from models.credit.records import CreditRecord, months_later


def _day(instant: datetime) -> str:
    return instant.astimezone(BEIJING).date().isoformat()


def _in_force(record: CreditRecord) -> list[str]:
    """Its points, limits and term as the form begins, whether it is published, when it can be repaired."""
    now, months, limits = clock.now(), record.rule.months, activity_names(record.limits)
    said = [
        _("记录从今天起生效,计 %(points)s 分。", points=f"{record.points:+d}"),
        _("同时不能:%(limits)s。", limits=limits) if limits else _("不限制任何业务。"),
        _(
            "按 %(months)s 个月,从 %(start)s 到 %(end)s;期限改了,以下面填写的为准。",
            months=months,
            start=_day(now),
            end=_day(months_later(now, months)),
        ),
        _("公示到期限届满。") if record.term.published else _("不公示:只有当事人和行政机关看得到。"),
    ]
    if record.weight != "good":
        earliest = _day(months_later(now, record.term.least_months))
        said.append(_("%(day)s 起,当事人可以申请修复。", day=earliest))
    return said


def _defend(record: CreditRecord) -> list[str]:
    if record.state == "heard":
        return [_still_open(record), _("监管部门不必等,可能先行认定。")]
    return [_("提交之后监管部门即可认定。要等您说完再认定的,请改用“先提交一部分”。"), _still_open(record)]


def _waive(record: CreditRecord) -> list[str]:
    return [
        _("不必等期限届满,监管部门随即可以认定;认定之后仍可以依法申请复议。"),
        _still_open(record),
    ]


def _still_open(record: CreditRecord) -> str:
    until = format_instant(record.answer_until)
    return _("认定之前,到 %(until)s 期限届满为止,仍可以补充陈述和证据。", until=until)


def _no_way_back(record: CreditRecord) -> str:
    return _("这一表示不能收回;但认定之前、期限届满之前仍可以补充。")


def _recuse(record: CreditRecord) -> list[str]:
    said = [_("您不再办理这件记录,由本单位其他人决定。")]
    if record.left_by_all(current_actor()):
        said = [_("您回避之后,本单位再没有人可以决定;决定的期限届满后,报请上级办理。")]
    return said


for _act, _means in {"uphold": _in_force, "commend": _in_force, "defend": _defend, "recuse": _recuse}.items():
    say_of("credit_record", _act, _means)
say_of("credit_record", "waive", _waive, _no_way_back)
