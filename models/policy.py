"""The policy: the market's rules in numbers, read from versioned TOML files."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from datetime import date
from fractions import Fraction
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

from models import clock
from models.i18n import N_

FOLDER = Path(__file__).parent / "policies"
BEFORE = (
    Path(__file__).parent / "data" / "policy_before.toml"
)  # what an older version does not name, as it was then


@dataclass(frozen=True)
class Policy:
    """One version. Keys are dotted: `contract.sign_days`."""

    version: str
    effective_from: date
    issued_by: str
    values: dict[str, Any]

    def _value(self, key: str) -> Any:
        value: Any = self.values
        for part in key.split("."):
            value = value[part]
        return value

    def number(self, key: str) -> int:
        """A whole number (days, counts, points). KeyError if the policy has no such key."""
        return int(self._value(key))

    def numbers(self, key: str) -> list[int]:
        """Several whole numbers."""
        return [int(value) for value in self._value(key)]

    def text(self, key: str) -> str:
        """A word."""
        return str(self._value(key))

    def words(self, key: str) -> list[str]:
        """Several words."""
        return [str(value) for value in self._value(key)]

    def rows(self, key: str) -> list[dict[str, Any]]:
        """A list of tables."""
        return [dict(row) for row in self._value(key)]

    def rate(self, key: str) -> Fraction:
        """A number as an exact fraction."""
        return _fraction(str(self._value(key)))

    def sections(self) -> dict[str, dict[str, Any]]:
        """Everything for printing but the ways to choose, which have a table of their own.

        Section to keys and values.
        """
        return {name: body for name, body in self.values.items() if isinstance(body, dict) and name != "mode"}


@lru_cache(maxsize=1000)
def _fraction(text: str) -> Fraction:
    """A number from its text: read once, asked for with every record of a score."""
    return Fraction(text)


def _over(before: dict[str, Any], named: dict[str, Any]) -> dict[str, Any]:
    """What a version names, and beneath it what it does not."""
    filled = {
        key: _over(before[key], value)
        if isinstance(value, dict) and isinstance(before.get(key), dict)
        else value
        for key, value in named.items()
    }
    return filled | {key: value for key, value in before.items() if key not in named}


@cache
def versions() -> tuple[Policy, ...]:
    """Every version we carry, newest first."""
    found, before = [], tomllib.loads(BEFORE.read_text(encoding="utf-8"))
    for path in FOLDER.glob("*.toml"):
        values = _over(before, tomllib.loads(path.read_text(encoding="utf-8")))
        found.append(Policy(values["version"], values["effective_from"], values["issued_by"], values))
    return tuple(sorted(found, key=lambda p: p.effective_from, reverse=True))


def get(version: str) -> Policy:
    """The named version; KeyError if we never had it."""
    for policy in versions():
        if policy.version == version:
            return policy
    raise KeyError(version)


def current() -> Policy:
    """The newest version in effect today."""
    today = clock.today()
    return next(p for p in versions() if p.effective_from <= today)


# What the sections and keys are called where the policy is printed.
SECTIONS = {
    "session": N_("登录"),
    "entry": N_("入驻"),
    "shortlist": N_("收藏与比较"),
    "messages": N_("来往消息与联系人"),
    "claim": N_("单位认领"),
    "authorisation": N_("签署付款授权"),
    "check": N_("机构核查"),
    "referral": N_("报请上级"),
    "tender": N_("采购需求"),
    "quote": N_("议价"),
    "choosing": N_("选取"),
    "linked": N_("关联单位"),
    "cancelling": N_("取消采购"),
    "objection": N_("异议"),
    "contract": N_("合同与交付"),
    "complaint": N_("投诉与举报"),
    "rating": N_("评价"),
    "credit": N_("信用"),
    "red_flags": N_("风险提示"),
    "inspection": N_("双随机抽查"),
}
KEYS = {
    "session.official_roles": N_("按公务人员管理的身份"),
    "session.official_idle_minutes": N_("公务人员无操作自动退出(分钟)"),
    "session.official_longest_hours": N_("公务人员一次登录最长(小时)"),
    "session.usual_idle_minutes": N_("其他人无操作自动退出(分钟)"),
    "session.usual_longest_hours": N_("其他人一次登录最长(小时)"),
    "session.seen_minutes": N_("最近使用时间最多多久记一次(分钟)"),
    "session.second_factor_roles": N_("必须使用第二重验证的身份"),
    "entry.check_days": N_("核验入驻申请的期限"),
    "entry.expiry_warning_days": N_("资质到期前提醒(自然日)"),
    "entry.account_wait_days": N_("更换收款账户后多少天才按新账户付款"),
    "entry.areas_most": N_("一家机构最多写几个服务地区"),
    "shortlist.most": N_("一个单位最多收藏几家机构"),
    "shortlist.compared": N_("最多几家机构并排比较"),
    "messages.a_day": N_("一方在一件事上一天最多写几条消息"),
    "messages.after_days": N_("合同结束后多少天内还可以写消息(自然日)"),
    "messages.contacts_most": N_("一个单位最多列几位联系人"),
    "claim.file_days": N_("提交认领材料的期限"),
    "claim.answer_days": N_("现有成员说明认领情况的期限"),
    "claim.decide_days": N_("监管部门认定认领的期限"),
    "authorisation.check_days": N_("核对授权书的期限"),
    "authorisation.longest_days": N_("一次授权最长多少天(自然日)"),
    "authorisation.remind_days": N_("授权到期前多少天提醒续办"),
    "referral.days": N_("报请或督促后再次上报的天数"),
    "check.decide_days": N_("监管部门核实的期限"),
    "check.answer_days": N_("机构说明情况的期限"),
    "check.suspicious_share": N_("比对不符超过此比例即怀疑数据源"),
    "check.suspicious_least": N_("且至少有这么多家机构"),
    "tender.usual_days": N_("建议的公告期"),
    "tender.attachments_most": N_("一项需求最多附几份文件"),
    "tender.longest_days": N_("公告期最长"),
    "tender.award_days": N_("确定中选的期限"),
    "tender.settling_seconds": N_("截止后等已送达的入库(秒)"),
    "tender.amend_days": N_("修改需求后至少留给机构的天数"),
    "tender.answer_days": N_("答复提问的期限"),
    "tender.tell_invited": N_("受邀机构何时可以知道共邀请几家"),
    "tender.ask_until_days": N_("征集截止前多少天停止提问"),
    "tender.answer_leaves_days": N_("答复后至少留给机构的天数"),
    "quote.answer_days": N_("每轮议价的答复期限"),
    "quote.agreed_days": N_("谈妥的价格等待确认的期限"),
    "quote.rounds": N_("议价最多轮数"),
    "choosing.direct_state_most_yuan": N_("国有资金直接选取的预算上限(元)"),
    "choosing.reference_percent_least": N_("参考价比例的下限(%)"),
    "choosing.reference_percent_most": N_("参考价比例的上限(%)"),
    "choosing.reference_percent_step": N_("参考价比例的间隔(%)"),
    "choosing.reference_trim_from": N_("满多少家时去掉最高和最低"),
    "choosing.reference_source": N_("参考价规则的来源"),
    "choosing.auction_minutes": N_("网上竞价的时长(分钟)"),
    "choosing.auction_step_rate": N_("每次降价至少的比例"),
    "choosing.auction_extend_within_minutes": N_("结束前几分钟内降价即顺延(分钟)"),
    "choosing.auction_longest_minutes": N_("网上竞价最长(分钟)"),
    "choosing.merit_evaluators_least": N_("评审人最少人数"),
    "choosing.merit_score_days": N_("评审期限"),
    "choosing.merit_above_points": N_("高于平均价每 1% 扣分"),
    "choosing.merit_below_points": N_("低于平均价每 1% 扣分"),
    "choosing.credit_shares": N_("各信用等级得分比例"),
    "linked.ties": N_("哪些关系算关联(法定代表人、管理员、账户、电话、地址)"),
    "linked.buyer": N_("与业主有关联的"),
    "linked.follows": N_("关联单位同时参加时"),
    "cancelling.consent": N_("何时起须监管部门同意"),
    "cancelling.decide_days": N_("监管部门答复取消申请的期限"),
    "cancelling.same_days": N_("任务取消后同一项目不得再采购的天数(自然日)"),
    "cancelling.grounds": N_("可以取消的情形"),
    "objection.answer_days": N_("业主答复异议的期限"),
    "objection.decide_days": N_("监管部门处理异议的期限"),
    "contract.sign_days": N_("签订合同的期限"),
    "contract.unfit_follows": N_("中选机构签约前失去资格时"),
    "contract.deposit_days": N_("支付定金的期限"),
    "contract.deposit_rate": N_("定金占价款的比例"),
    "contract.deemed_acceptance_days": N_("业主不答复视为验收的天数"),
    "contract.correction_days": N_("修改重报的期限"),
    "contract.correction_rounds": N_("业主退回最多次数"),
    "contract.review_days": N_("审批部门出结果的期限"),
    "contract.review_above_days": N_("上级审批部门出结果的期限"),
    "contract.unreviewed": N_("各级都未评审时"),
    "contract.late_days": N_("成果逾期多少天后报请监管部门"),
    "contract.settlement_days": N_("结清余款的期限"),
    "contract.confirm_days": N_("机构确认到账的期限"),
    "contract.payout_days": N_("应付的款拨付的期限"),
    "contract.gateway_days": N_("在线支付的款最长保管(日历日)"),
    "contract.retention_rate": N_("质量保留金占节点价款的比例"),
    "contract.late_rate": N_("逾期一个工作日的违约金占价款的比例"),
    "contract.late_most": N_("逾期违约金累计上限占价款的比例"),
    "contract.materials_days": N_("业主提供资料的期限"),
    "contract.materials_check_days": N_("机构核对资料的期限(不答复视为齐全)"),
    "contract.change_days": N_("答复合同变更的期限"),
    "contract.extension_most_days": N_("一次延期最多"),
    "contract.variation_rate": N_("变更后价款与中选价最多相差"),
    "contract.objection_days": N_("对解除通知提出异议的期限"),
    "contract.dispute_answer_days": N_("争议答辩的期限"),
    "contract.dispute_decide_days": N_("监管部门处理争议的期限"),
    "contract.remind_days": N_("期限届满前提醒(工作日)"),
    "complaint.accept_days": N_("决定是否受理投诉、举报的期限"),
    "complaint.decide_days": N_("举报受理后作出处理的期限"),
    "complaint.extend_days": N_("办理举报延长一次的天数"),
    "complaint.explain_days": N_("被举报单位说明情况的期限"),
    "complaint.mend_days": N_("建议的整改期限"),
    "complaint.check_mended_days": N_("核实整改的期限"),
    "complaint.respond_days": N_("被投诉单位答复的期限"),
    "complaint.mediate_days": N_("受理后最迟多少天终止调解(自然日)"),
    "complaint.rate_days": N_("评价答复的期限(不评价即由上级复查)"),
    "complaint.low_mark": N_("评分不高于几分由上级复查(满分 5 分)"),
    "complaint.review_days": N_("上级复查答复的期限"),
    "rating.window_days": N_("评价期"),
    "rating.bad_level": N_("总体不高于几级即为差评(5 级为非常满意)"),
    "rating.bad_dimension": N_("任何一项不高于几级即为差评(0 为不看单项)"),
    "rating.contact_days": N_("差评公布后联系评价方的期限"),
    "rating.result_days": N_("差评公布后提交处理结果的期限"),
    "rating.mended_days": N_("评价方确认是否已解决的期限"),
    "rating.appeal_days": N_("评价公布后提出申诉的期限"),
    "rating.appeal_answer_days": N_("评价方就申诉说明情况的期限"),
    "rating.appeal_decide_days": N_("监管部门处理评价申诉的期限"),
    "credit.facts_days": N_("中选未签约、成果未交付展示给业主的天数(自然日)"),
    "red_flags.least_bids": N_("至少几家报价才计算报价的统计特征"),
    "red_flags.variation_most": N_("变异系数不高于多少即提示"),
    "red_flags.distance_least": N_("并且相对距离不低于多少"),
    "red_flags.subgroup_variation_most": N_("任意三家的变异系数不高于多少即提示"),
    "red_flags.short_days": N_("征集时间少于几个工作日即提示"),
    "red_flags.fence_least": N_("至少多少个样本才判断离群"),
    "red_flags.fence_reach": N_("离群界限:四分位距的倍数"),
    "red_flags.bids_least": N_("至少几份投标才看无效和中选的比例"),
    "red_flags.group_least": N_("同一批机构至少一起参加几次才看轮流中选"),
    "red_flags.dependence_least": N_("至少几次中选才看是否依赖一家业主"),
    "red_flags.dependence_share": N_("来自一家业主的比例达到多少即提示"),
    "red_flags.silence_least": N_("视为验收至少几次才提示"),
    "red_flags.silence_share": N_("并且占验收的比例不低于多少"),
    "red_flags.most": N_("最多看最近多少个样本"),
    "inspection.shares": N_("各信用等级的抽查比例(%)"),
    "inspection.inspectors": N_("每个对象至少几名检查人员"),
    "inspection.cap_level": N_("同一级部门一年最多检查同一机构几次"),
    "inspection.cap_city_and_county": N_("市县两级合计一年最多几次"),
}
