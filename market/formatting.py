"""How things are said: times, limits, shares, prices, events. Templates know these as filters."""

from __future__ import annotations

import base64
from collections.abc import Callable
from datetime import datetime
from fractions import Fraction
from typing import Any

from flask import Flask, current_app
from flask_babel import get_locale, ngettext
from flask_babel import gettext as _
from flask_wtf.file import FileField
from wtforms import PasswordField

from models import CASES, clock, money, policy, pricing, workdays
from models.accounts import Organisation
from models.actors import ROLES
from models.agencies import CHECKS, STEPS
from models.agencies.related_parties import TIES
from models.base import Json
from models.batches import BatchRow
from models.catalogue import ServiceItem
from models.clock import BEIJING
from models.contracts import CHANGES, DISPUTE_FAULTS, FAULTS, OUTCOMES, REASONS
from models.errors import Problem
from models.events import Event
from models.i18n import N_
from models.regions import full_name
from models.sourcing import grounds
from models.workflow import Case, Move


def problem_text(problem: Problem) -> str:
    """A problem in the reader's language."""
    message: str = _(problem.message, **{key: _param(value) for key, value in problem.params.items()})
    return message


def _param(value: Any) -> Any:
    if isinstance(value, Problem):
        return problem_text(value)
    return bilingual(value) if isinstance(value, dict) else _(value) if isinstance(value, str) else value


def stored_problem_text(kept: Json) -> str:
    """A problem that was kept, in the reader's language."""
    message = kept["message"]
    return str(
        _(
            message,
            **{
                key: stored_problem_text(value) if isinstance(value, dict) else _(value) if value else value
                for key, value in kept["params"].items()
            },
        )
    )


def describe_result(row: BatchRow) -> str:
    """What became of a row: where a comparison found differences, their names."""
    return (
        _("、").join(
            _(CHECKS[format_stored_share]) if format_stored_share in CHECKS else format_stored_share
            for format_stored_share in row.result.split(" ")
        )
        if row.result
        else ""
    )


def format_instant(instant: datetime | None) -> str:
    return f"{instant.astimezone(BEIJING):%Y-%m-%d %H:%M}" if instant else "—"


def credit_code(organisation: Organisation) -> str:
    """An organisation's code; one whose check character is wrong is marked."""
    return (
        organisation.uscc
        if organisation.code_sound
        else _("%(code)s(校验位不符,以监管部门核查为准)", code=organisation.uscc)
    )


def format_stored_instant(text: str) -> str:
    """An instant kept as text, as people read it."""
    return format_instant(datetime.fromisoformat(text))


def format_stored_share(text: str) -> str:
    """A fraction kept as text, as a percentage."""
    return format_share(float(Fraction(text)))


def format_to_the_millisecond(instant: datetime) -> str:
    """To the millisecond, for receipts."""
    local = instant.astimezone(BEIJING)
    return f"{local:%Y-%m-%d %H:%M:%S}.{local.microsecond // 1000:03d}"


def time_left(instant: datetime | None) -> str:
    """How long a limit still runs, in working days, as people say it."""
    if instant is None:
        return ""
    now = clock.now()
    if instant < now:
        late = workdays.between(instant, now)
        return ngettext("已逾期 %(num)d 个工作日", "已逾期 %(num)d 个工作日", late) if late else _("已逾期")
    days = workdays.between(now, instant)
    if days == 0:
        same_day = instant.astimezone(BEIJING).date() == now.astimezone(BEIJING).date()
        return _("今天 %(time)s", time=f"{instant.astimezone(BEIJING):%H:%M}") if same_day else _("即将到期")
    said = ngettext("还剩 %(num)d 个工作日", "还剩 %(num)d 个工作日", days)
    unsure = workdays.provisional(instant.astimezone(BEIJING).date())
    return _("%(left)s(当年放假安排公布前暂定)", left=said) if unsure else said


def urgency(instant: datetime | None) -> str:
    """`late`, `soon` (two working days or fewer) or `calm`: the colour of a limit."""
    if instant is None:
        return "calm"
    now = clock.now()
    return "late" if instant < now else "soon" if workdays.between(now, instant) <= 2 else "calm"


def format_share(share: float | None) -> str:
    return "—" if share is None else f"{share * 100:.1f}%".replace(".0%", "%")


def format_signed_share(share: float) -> str:
    """A difference: `−18.2%`, `+3.0%`, `0%`."""
    return "0%" if abs(share) < 0.0005 else f"{'−' if share < 0 else '+'}{abs(share) * 100:.1f}%"


def score_mean(value: float | None, line: str) -> str:
    """The mean behind a line of a credit sheet: stars, or a share."""
    if value is None:
        return "—"
    return f"{value:.2f} / 5" if line == "ratings" else format_share(value)


def describe_price(terms: Json) -> str:
    """Published terms on one line."""
    return pricing.describe(terms, _)


def part_words(part: pricing.Part, value: Any) -> str:
    """One value of published terms."""
    if value in (None, ""):
        return "—"
    if part.kind == "sum":
        return money.show(value)
    if part.kind == "rows":
        return ngettext("%(num)d 项", "%(num)d 项", len(value))
    return _(pricing.METHODS[value].label) if part.kind == "method" else str(value)


def item_name(item: ServiceItem) -> str:
    locale = get_locale()
    return item.name_en if locale and locale.language == "en" else item.name


def bilingual(texts: Json) -> str:
    """Of a text kept as `zh` and `en`, the reader's."""
    locale = get_locale()
    return str(texts["en" if locale and locale.language == "en" else "zh"])


def region(code: str) -> str:
    """A region by its full name, without the part every place of this market shares."""
    whole, shared = full_name(code), full_name(current_app.config["AREA"])
    return whole.removeprefix(shared) or whole


# What happens besides the acts of cases, which are called as their tables say.
EVENTS = {
    "statement.import": N_("导入银行对账单"),
    "statement.settle": N_("处理流水"),
    "statement.drop": N_("不导入等着的对账单"),
    "statement.forget": N_("忘掉对账单表头"),
    "clarify": N_("答疑"),
    "remind": N_("期限将至"),
    "template.publish": N_("发布合同模板"),
    "bring_key": N_("换用自备签名证书"),
    "renew_key": N_("更换签名密钥"),
    "override": N_("管理员变更状态"),
    "award.unfit": N_("中选机构现在不能承接"),
    "award.fit": N_("中选机构恢复承接资格"),
    "claim": N_("认领入驻"),
    "fill": N_("填写入驻资料"),
    "change": N_("更新登记资料"),
    "employ": N_("登记从业人员"),
    "part": N_("从业人员离职"),
    "material": N_("提交材料"),
    "correct": N_("补正核验资料"),
    "item.revise": N_("修改事项"),
    "item.list": N_("列入清单"),
    "item.withdraw": N_("退出清单"),
    "certificate": N_("开具信用证明"),
    "difference": N_("支付渠道与账上不一致,请查明"),
    "gateway.difference": N_("支付渠道与账上不一致,请查明"),
    "qualify": N_("登记资质"),
    "expiring": N_("资质即将到期"),
    "expire": N_("资质已到期,不能再承接要求它的事项"),
    "fees": N_("公示收费"),
    "member": N_("增加成员"),
    "leave": N_("移除成员"),
    "delegate": N_("委托采购"),
    "revoke": N_("收回委托"),
    "accept_delegation": N_("接受采购委托"),
    "lay_down": N_("辞去采购委托"),
    "block": N_("停用账号"),
    "unblock": N_("恢复账号"),
}


def _linked(group: str) -> str:
    answers, _colon, ties = group.partition(": ")
    return f"{answers}({_('、').join(_(TIES[tie]) for tie in ties.split('、'))})"


def tie_names(ties: list[str]) -> str:
    """By what agencies are linked."""
    return _("、").join(_(TIES[tie]) for tie in ties)


UNSIGNED_BY = {"agency": N_("机构未签"), "buyer": N_("业主未签"), "both": N_("双方都未签")}
FOLLOWS = {
    "next": N_("业主可以取消它的中选资格,改选下一名;也可以等它恢复。"),
    "wait": N_("请等它恢复;恢复之前不能签订合同。"),
}


def event_sentence(happened: Event) -> str:
    """An event's act, in the words its workflow uses."""
    kind, act = happened.kind.split(".", 1)
    own = CASES[kind].workflow.called(act) if kind in CASES else None
    return _(EVENTS.get(happened.kind) or own or EVENTS.get(act, act))


def actor_words(happened: Event) -> str:
    """Who did it: the role and the organisation. People's own names stay in the audit."""
    role = role_name(happened.actor_role, happened.case_type)
    return f"{role} · {happened.actor_organisation}" if happened.actor_organisation else role


def event_details(happened: Event) -> list[str]:
    """What a timeline tells of an event's data: an allow-list, in this order."""
    data = happened.data
    return [say(data[key]) for key, say in _TOLD.items() if data.get(key) not in (None, "", [])]


def _ground(key: str) -> str:
    """A ground for cancelling by its key, with its source.

    The key itself where the policy lists it no more.
    """
    found = grounds(policy.current().version).get(key)
    return f"{bilingual(found.words)}({found.source})" if found else key


_TOLD: dict[str, Callable[[Any], str]] = {
    "item": str,
    "authority": str,
    "agency": str,
    "price": money.show,
    "amount": money.show,
    "deadline": lambda instant: _("截止 %(time)s", time=format_instant(datetime.fromisoformat(instant))),
    "change": lambda kind: _(CHANGES[kind]),
    "milestone": str,
    "left": lambda days: ngettext("还剩 %(num)d 个工作日", "还剩 %(num)d 个工作日", days),
    "codes": lambda codes: _("、").join(_(REASONS[code]) for code in codes),
    "fault": lambda fault: _({**FAULTS, **DISPUTE_FAULTS, "agreed": N_("双方同意")}[fault]),
    "outcome": lambda outcome: _(OUTCOMES[outcome]),
    "to_agency": lambda fen: _("付给机构 %(sum)s", sum=money.show(fen)),
    "version": lambda number: _("第 %(v)s 版", v=number),
    "day": lambda day: _("%(day)s 起", day=day),
    "until": lambda instant: _("至 %(time)s", time=format_instant(datetime.fromisoformat(instant))),
    "evaluator": str,
    "certificate": str,
    "material": str,
    "check": lambda kind: _(CHECKS[kind]),
    "step": lambda step: _(STEPS[step][0]),
    "changes": lambda changed: ";".join(f"{old or '—'} → {new or '—'}" for old, new in changed.values()),
    "ground": lambda key: _ground(key),
    "again": lambda identifier: _("重新采购,前一次为 %(tender)s", tender=identifier),
    "number": str,
    "valid_until": lambda day: _("有效期至 %(day)s", day=day),
    "question": lambda words: _("问:%(words)s", words=words),
    "answer": lambda words: _("答:%(words)s", words=words),
    "count": lambda count: ngettext("收到 %(num)d 份", "收到 %(num)d 份", count),
    "clauses": lambda clauses: _("修改了:%(clauses)s", clauses="、".join(_(clause) for clause in clauses)),
    "linked": lambda groups: _("关联单位:%(groups)s", groups=";".join(_linked(group) for group in groups)),
    "unsigned": lambda side: _(UNSIGNED_BY[side]),
    "problem": lambda kept: stored_problem_text(kept),
    "follows": lambda way: _(FOLLOWS[way]),
    "value": str,
    "reason": lambda words: _(words),
    "reasons": str,
    "commitments": lambda hashes: _("抽取种子的哈希:%(hashes)s", hashes=", ".join(hashes)),
    "receipts": lambda sha256: _("全部回执的哈希 %(hash)s", hash=sha256),
    "receipt": lambda sha256: f"SHA-256 {sha256[:16]}…",
    "sha256": lambda sha256: f"SHA-256 {sha256[:16]}…",
}


# What stands on a button or a worklist where that depends on what the case is, or is a verb and not what was
# decided.
CALLED = {
    ("verify", "enterprise"): N_("核验单位"),
    ("verify", "agency"): N_("核验机构"),
    ("suspend", "enterprise"): N_("暂停发起采购"),
    ("suspend", "agency"): N_("暂停承接业务"),
    ("suspend", "authority"): N_("暂停行使职权"),
}


def act_words(act: str, case: Case) -> str:
    """What an act is called before it is done."""
    return _(CALLED.get((act, getattr(case, "kind", ""))) or case.workflow.acts.get(act, act))


def label_of(move: Move, case: Case) -> str:
    return act_words(move.act, case)


def role_name(role: str, case_type: str = "") -> str:
    """A role in the case it acts in: the organisation an entry is about may be an enterprise as well."""
    return _(N_("单位") if (role, case_type) == ("agency", "organisation") else ROLES.get(role, role))


def has_file(form: Any) -> bool:
    return any(isinstance(field, FileField) for field in form)


def retained_input_text(form: Any) -> str:
    """What of a form that comes back refused is still there.

    No browser is sent a password or a file again.
    """
    secret, file = any(isinstance(field, PasswordField) for field in form), has_file(form)
    if secret and file:
        return _("密码要重新填写,文件要重新选择;您填写的其他内容都还在。")
    return (
        _("密码要重新填写;您填写的其他内容都还在。")
        if secret
        else _("文件要重新选择;您填写的其他内容都还在。")
        if file
        else _("您填写的内容都还在。")
    )


def asks_nothing(form: Any) -> bool:
    return all(field.name in ("csrf_token", "submission") for field in form)


def register(app: Flask) -> None:
    for word in (
        stored_problem_text,
        describe_result,
        format_instant,
        format_stored_instant,
        credit_code,
        format_stored_share,
        format_to_the_millisecond,
        time_left,
        urgency,
        format_share,
        format_signed_share,
        score_mean,
        part_words,
        describe_price,
        item_name,
        bilingual,
        region,
        event_sentence,
        actor_words,
        event_details,
        role_name,
        tie_names,
        has_file,
        retained_input_text,
        asks_nothing,
    ):
        app.add_template_filter(word)
    app.add_template_filter(money.show, "money")
    app.add_template_filter(lambda content: base64.b64encode(content).decode(), "base64")
    app.add_template_filter(_, "t")
    app.jinja_env.globals.update(label_of=label_of, act_words=act_words, get_locale=get_locale, int_type=int)
