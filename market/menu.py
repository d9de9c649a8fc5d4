"""The menu of whoever reads: what its role works with first, all else it may open below."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import url_for
from flask_babel import gettext as _

from market import permissions
from models.actors import Actor
from models.i18n import N_


@dataclass(frozen=True)
class Entry:
    """A line of the menu."""

    label: str
    url: str
    endpoint: str


Line = tuple[str, str]  # an endpoint, and what it is called
PUBLIC: list[Line] = [
    ("catalogue.home", N_("办事找中介")),
    ("catalogue.items", N_("事项清单")),
    ("sourcing.index", N_("采购需求")),
    ("sourcing.awards", N_("结果公示")),
    ("agencies.find", N_("机构与收费")),
    ("credit.ranking", N_("信用榜")),
    ("oversight.file_paper", N_("投诉举报")),
]
# What stands at the top for an office, in place of what everybody reads.
OFFICES: dict[str, list[Line]] = {
    "regulator": [
        ("worklist.index", N_("今天要办")),
        ("oversight.agencies", N_("辖区机构")),
        ("contracts.index", N_("合同列表")),
        ("agencies.checks", N_("机构核查")),
        ("credit.own_records", N_("辖区信用记录")),
        ("ratings.followed", N_("差评与申诉")),
        ("oversight.reports", N_("举报")),
        ("oversight.complaints", N_("投诉")),
        ("oversight.held_money", N_("资金")),
        ("oversight.reviews", N_("首次过审率")),
        ("oversight.permit_times", N_("办理用时")),
        ("oversight.clauses", N_("合同条款")),
    ],
    "department": [
        ("worklist.index", N_("今天要办")),
        ("contracts.reviews", N_("成果评审")),
        ("oversight.reviews", N_("首次过审率")),
        ("oversight.permit_times", N_("办理用时")),
        ("catalogue.items", N_("事项清单")),
        ("agencies.find", N_("机构与收费")),
    ],
    "custodian": [
        ("worklist.index", N_("今天要办")),
        ("payments.desk", N_("资金托管")),
        ("payments.payouts", N_("拨付")),
        ("payments.trial", N_("账本")),
        ("payments.layouts", N_("对账单表头")),
    ],
}
TOOLS: list[Line] = [
    ("sourcing.new", N_("发布采购需求")),
    ("catalogue.demanded", N_("这份报告该不该要")),
    ("contracts.index", N_("合同列表")),
    ("sourcing.answers", N_("我的报价与投标")),
    ("payments.payouts", N_("我的收款")),
    ("payments.own_statement", N_("对账单")),
    ("agencies.new_fees", N_("公示收费")),
    ("agencies.new_qualification", N_("登记资质")),
    ("agencies.entry", N_("入驻资料")),
    ("credit.own_records", N_("信用记录")),
    ("contracts.reviews", N_("成果评审")),
    ("contracts.deliverables", N_("成果列表")),
    ("credit.records", N_("红黑榜")),
    ("oversight.reports", N_("举报")),
    ("oversight.complaints", N_("投诉")),
    ("oversight.handling", N_("投诉举报办理")),
    ("oversight.typical", N_("典型案例")),
    ("oversight.restricted", N_("受限制的单位")),
    ("credit.rating_signals", N_("评价提示")),
    ("oversight.red_flags", N_("风险提示")),
    ("credit.external", N_("外部名录")),
    ("oversight.by_month", N_("月表")),
    ("agencies.register", N_("与登记机关比对")),
    ("agencies.import_list", N_("批量导入")),
    ("payments.desk", N_("资金托管")),
    ("payments.trial", N_("账本")),
    ("contracts.signing", N_("签名密钥")),
    ("authorising.mine", N_("签署付款授权")),
    ("oversight.authorities", N_("部门账号")),
    ("oversight.override", N_("变更状态")),
    ("oversight.failures", N_("后台任务")),
    ("accounts.end_anybodys", N_("让某人退出登录")),
    ("accounts.reset_anybodys", N_("解除某人的第二重验证")),
    ("accounts.outbox", N_("未寄出的邮件")),
    ("accounts.people", N_("账号管理")),
    ("worklist.notifications", N_("通知")),
    ("accounts.delegations", N_("我的委托")),
    ("accounts.organisation", N_("本单位")),
    ("identification.address", N_("我的邮箱")),
    ("accounts.security", N_("登录与安全")),
    ("accounts.password", N_("修改密码")),
    ("help.index", N_("帮助")),
]


def menu(actor: Actor) -> tuple[list[Entry], list[Entry]]:
    """What stands at the top, and what stands below "more" (nothing for a visitor)."""
    office = next((role for role in OFFICES if role in actor.roles), "")
    top = [line for line in OFFICES.get(office, PUBLIC) if permissions.may_open(line[0], actor)]
    more: list[Line] = []
    if actor.user_id:
        shown = {endpoint for endpoint, _label in top}
        every = [*_own(actor), *TOOLS, *(PUBLIC if office else [])]
        more = [each for each in every if each[0] not in shown and _opens(each[0], actor)]
    return [_entry(line) for line in top], [_entry(line) for line in more]


def _own(actor: Actor) -> list[Line]:
    return [("sourcing.index?mine", N_("我的需求"))] if "enterprise" in actor.roles else []


def _opens(endpoint: str, actor: Actor) -> bool:
    """Whether it is of use to this reader, which is less than whether it may be opened."""
    of_use = {
        "sourcing.new": bool(actor.buyers()),
        "sourcing.answers": "agency" in actor.roles,
        "payments.payouts": bool({"custodian", "enterprise", "agency"} & actor.roles),
        "contracts.index": bool({"regulator", "enterprise", "agency", "admin"} & actor.roles),
        "credit.own_records": bool({"regulator", "enterprise", "agency", "admin"} & actor.roles),
        "accounts.organisation": actor.organisation_id is not None,
    }
    return of_use.get(endpoint, True) and permissions.may_open(endpoint.partition("?")[0], actor)


def _entry(line: Line) -> Entry:
    endpoint, mine, _rest = line[0].partition("?")
    values: dict[str, Any] = {"mine": 1} if mine else {}
    return Entry(_(line[1]), url_for(endpoint, **values), endpoint)
