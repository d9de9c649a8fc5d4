"""What happened and what may be done, as people read it: sentences of timelines, words on buttons."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from flask_babel import gettext as _
from flask_babel import ngettext, pgettext

from market.formatting import bilingual, catalogued, format_instant, region, stored_problem_text, working_days
from market.restricted import activity_names
from models import CASES, money, policy
from models.actors import ROLES
from models.agencies.checks import CHECKS
from models.agencies.entry import MATERIALS, STEPS
from models.agencies.related_parties import TIES
from models.base import Json
from models.cases import Case
from models.contracts.changes import CHANGES
from models.contracts.deliverables import FAULTS, REASONS
from models.contracts.disputes import DISPUTE_FAULTS, OUTCOMES
from models.credit import policy as credit_policy
from models.credit.external_rows import heading
from models.events import Event
from models.i18n import N_
from models.notifications import KINDS
from models.ratings.rating import GROUNDS
from models.sourcing.cancelling import grounds
from models.workflow_table import Move

# What happens besides the acts of cases, which are called as their tables say.
EVENTS = {
    "statement.import": N_("导入银行对账单"),
    "statement.settle": N_("处理流水"),
    "statement.drop": N_("不导入等着的对账单"),
    "statement.forget": N_("忘掉对账单表头"),
    "clarify": N_("答疑"),
    "message": N_("来了新消息"),
    "contact": N_("指定联系人"),
    "contacts": N_("修改联系人名单"),
    "remind": N_("期限将至"),
    "template.publish": N_("发布合同模板"),
    "bring_key": N_("换用自备签名证书"),
    "renew_key": N_("更换签名密钥"),
    "override": N_("管理员变更状态"),
    "award.unfit": N_("中选机构现在不能承接"),
    "credit_record.stop": N_("限制措施开始"),
    "credit_record.open": N_("限制措施解除"),
    "external_listing.stop": N_("限制措施开始"),
    "external_listing.open": N_("限制措施解除"),
    "award.not_chosen": N_("未中选"),
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
    "certificate": N_("开具信用报告"),
    "receive": N_("文书已打开"),
    "difference": N_("支付渠道与账上不一致,请查明"),
    "gateway.difference": N_("支付渠道与账上不一致,请查明"),
    "qualify": N_("登记资质"),
    "expiring": N_("资质即将到期"),
    "expire": N_("资质已到期,不能再承接要求它的事项"),
    "fees": N_("公示收费"),
    "serve": N_("说明服务地区"),
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


# What whoever is told reads, where that is more than the act's name.
NOTICES = {"award.propose": N_("贵单位中选")}


def notice_words(happened: Event, kind: str) -> str:
    """An event as whoever is told of it reads it, by a notice of this kind."""
    own = KINDS["invite"] if kind == "invite" else NOTICES.get(happened.kind)
    return _(own) if own else event_sentence(happened)


def notice_hint(happened: Event) -> str:
    """What whoever is told of an event may do about it, and until when; empty where there is nothing."""
    if happened.kind == "tender.publish":
        return _(
            "发布时的截止时间 %(time)s",
            time=format_instant(datetime.fromisoformat(happened.data["deadline"])),
        )
    until = happened.data.get("public_until")
    if until is None or datetime.fromisoformat(until) <= happened.at:
        return ""
    return _("公示至 %(time)s,公示期内可以提出异议", time=format_instant(datetime.fromisoformat(until)))


def actor_words(happened: Event) -> str:
    """Who did it: the role and the organisation. People's own names stay in the audit."""
    role = role_name(happened.actor_role, happened.case_type)
    return f"{role} · {happened.actor_organisation}" if happened.actor_organisation else role


def event_details(happened: Event) -> list[str]:
    """What a timeline tells of an event's data: an allow-list, in this order."""
    data = happened.data
    told = {**_TOLD, **_TOLD_OF.get(happened.case_type, {})}
    return [say(data[key]) for key, say in told.items() if data.get(key) not in (None, "", [])]


def _paper(name: str) -> str:
    """A paper an agency handed in to be let in."""
    return next((bilingual(each) for each in MATERIALS.values() if each["zh"] == name), name)


def _ground(key: str) -> str:
    """A ground for cancelling by its key, with its source.

    The key itself where the policy lists it no more.
    """
    found = grounds(policy.current().version).get(key)
    return f"{bilingual(found.words)}({found.source})" if found else key


_TOLD: dict[str, Callable[[Any], str]] = {
    "item": catalogued,
    "authority": str,
    "agency": str,
    "price": money.show,
    "amount": money.show,
    "deadline": lambda instant: _("截止 %(time)s", time=format_instant(datetime.fromisoformat(instant))),
    "change": lambda kind: _(CHANGES[kind]),
    "milestone": catalogued,
    "left": lambda days: _("还剩 %(days)s", days=working_days(days)) if days else _("即将到期"),
    "codes": lambda codes: _("、").join(_(REASONS[code]) for code in codes),
    "fault": lambda fault: _({**FAULTS, **DISPUTE_FAULTS, "agreed": N_("双方同意")}[fault]),
    "outcome": lambda outcome: _(OUTCOMES[outcome]),
    "to_agency": lambda fen: _("付给机构 %(sum)s", sum=money.show(fen)),
    "version": lambda number: _("第 %(v)s 版", v=number),
    "day": lambda day: _("%(day)s 起", day=day),
    "stops": lambda names: _("现在不能:%(what)s", what=activity_names(names)),
    "opens": lambda names: _("又可以:%(what)s", what=activity_names(names)),
    "still": lambda names: _("仍因其他原因不能:%(what)s", what=activity_names(names)),
    "until": lambda instant: _("至 %(time)s", time=format_instant(datetime.fromisoformat(instant))),
    "evaluator": str,
    "certificate": catalogued,
    "material": lambda name: _paper(name),
    "check": lambda kind: _(CHECKS[kind]),
    "step": lambda step: _(STEPS[step][0]),
    "changes": lambda changed: _(";").join(f"{old or '—'} → {new or '—'}" for old, new in changed.values()),
    "ground": lambda key: _ground(key),
    "appeal_ground": lambda key: _(GROUNDS[key]),
    "again": lambda identifier: _("重新采购,前一次为 %(tender)s", tender=identifier),
    "areas": lambda codes: _("、").join(map(region, codes)),
    "number": str,
    "valid_until": lambda day: _("有效期至 %(day)s", day=day),
    "question": lambda words: _("问:%(words)s", words=words),
    "answer": lambda words: _("答:%(words)s", words=words),
    "count": lambda count: ngettext("收到 %(num)d 份", "收到 %(num)d 份", count) if count else _("没有收到"),
    "clauses": lambda clauses: _("修改了:%(clauses)s", clauses=_("、").join(_(clause) for clause in clauses)),
    "linked": lambda groups: _("关联单位:%(groups)s", groups=";".join(_linked(group) for group in groups)),
    "unsigned": lambda side: _(UNSIGNED_BY[side]),
    "duty": lambda words: _("完成“%(duty)s”后可以申请信用修复,修复即解除", duty=catalogued(words)),
    "removal": lambda words: _("移出的办法:%(duty)s;移出即解除", duty=catalogued(words)),
    "problem": lambda kept: stored_problem_text(kept),
    "follows": lambda way: _(FOLLOWS[way]),
    "value": str,
    "reason": lambda words: _(words),
    "reasons": str,
    "commitments": lambda hashes: _("抽取种子的哈希:%(hashes)s", hashes=", ".join(hashes)),
    "receipts": lambda sha256: _("全部回执的哈希 %(hash)s", hash=sha256),
    "receipt": lambda sha256: f"SHA-256 {sha256[:16]}…",
    "sha256": lambda sha256: f"SHA-256 {sha256[:16]}…",
    "attachments": lambda others: ngettext("另附 %(num)d 份文件", "另附 %(num)d 份文件", len(others)),
}


def _source(key: str) -> str:
    """A site that publishes lists; its key where the policy has it no more."""
    found = credit_policy.current().sources.get(key)
    return bilingual(found.names) if found else key


def _listing_changes(changed: Json) -> str:
    """What a site says otherwise of an entry now: each word that differs, as it was and as it is."""
    return _(";").join(
        _("%(what)s:%(old)s → %(new)s", what=label, old=old or "—", new=new or "—")
        for label, old, new in listing_changes_told(changed)
    )


def listing_changes_told(changed: Json) -> list[tuple[str, str, str]]:
    """The same as labels, what was and what is."""
    found: list[tuple[str, str, str]] = []
    for name, (old, new) in changed.items():
        label = _("期限至") if name == "ends_at" else bilingual(heading(name))
        say = {"source": _source, "ends_at": _instant}.get(name, str)
        found.append((label, say(old) if old else "", say(new) if new else ""))
    return found


def _instant(kept: str) -> str:
    return format_instant(datetime.fromisoformat(kept))


# The same where a case type says it otherwise: a listing is not repaired, as events of before have it.
_TOLD_OF: dict[str, dict[str, Callable[[Any], str]]] = {
    "external_listing": {
        "duty": _TOLD["removal"],
        "changes": _listing_changes,
        "gone": lambda key: _("%(site)s上没有这一条了", site=_source(key)),
    }
}


# What stands on a button or a worklist where that depends on what the case is.
CALLED = {
    ("verify", "enterprise"): N_("核验单位"),
    ("verify", "agency"): N_("核验机构"),
    ("submit", "agency"): N_("填好入驻资料,提交核验"),
    ("suspend", "enterprise"): N_("暂停发起采购"),
    ("suspend", "agency"): N_("暂停承接业务"),
    ("suspend", "authority"): N_("暂停行使职权"),
}


def act_words(act: str, case: Case) -> str:
    """What an act is called before it is done."""
    return _(CALLED.get((act, getattr(case, "kind", ""))) or case.workflow.asked(act))


def label_of(move: Move, case: Case) -> str:
    return act_words(move.act, case)


def task_of(move: Move, case: Case) -> str:
    """What whoever may do this is to do: where it is one verdict of several, to decide."""
    decided = case.workflow.decides.get(case.state) if move.main else None
    return _(decided) if decided else label_of(move, case)


# What one case is called where the English name of its type is that of many, or of no thing.
_ONE: dict[str, Callable[[], str]] = {
    "check": lambda: pgettext("one", "机构核查"),
    "credit_record": lambda: pgettext("one", "信用记录"),
    "payout": lambda: pgettext("one", "拨付"),
    "dispute": lambda: pgettext("one", "争议"),
    "tender": lambda: pgettext("one", "采购需求"),
    "award": lambda: pgettext("one", "中选"),
    "clarification": lambda: pgettext("one", "答疑"),
    "materials": lambda: pgettext("one", "资料交付"),
}


def one_of(case: Case) -> str:
    """What a case is, before its number."""
    own = _ONE.get(case.workflow.name)
    return own() if own is not None else _(case.workflow.label)


def role_name(role: str, case_type: str = "") -> str:
    """A role in the case it acts in: the organisation an entry is about may be an enterprise as well."""
    return _(N_("单位") if (role, case_type) == ("agency", "organisation") else ROLES.get(role, role))
