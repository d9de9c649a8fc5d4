"""What the jobs could not do, in words."""

from __future__ import annotations

from flask_babel import gettext as _

from market.case_views import PAGES, case_url
from market.formatting import format_to_the_millisecond
from models import CASES
from models.failures import Failure
from models.i18n import N_
from models.timekeeping import WHY, Doubt

LANES = {
    "deadlines": N_("到期事项"),
    "keeper": N_("密钥保管方"),
    "events": N_("随事件而动"),
    "outside": N_("对外联系与打印"),
    "long": N_("长任务"),
}
PARTS = {
    "deadlines": N_("到期事项"),
    "notifications": N_("通知"),
    "credit": N_("信用分"),
    "fitness": N_("承接条件核查"),
    "restrictions": N_("告知限制措施"),
    "books": N_("每日结账"),
    "external lists": N_("外部名录"),
    "record papers": N_("信用记录文书"),
    "report papers": N_("投诉举报文书"),
    "merged reports": N_("并案举报的答复"),
    "index": N_("重建检索索引"),
    "files": N_("清理文件"),
    "submissions": N_("清理提交记录"),
    "uploads": N_("清理没有传完的文件"),
    "letters of authorisation": N_("清理失效授权书的扫描件"),
    "tallies": N_("清理上传计数"),
    "waiting statements": N_("清理等着的对账单"),
    "accounts": N_("清理账号"),
    "register": N_("与登记机关每日比对"),
    "reconcile": N_("与支付渠道核对"),
    "money": N_("支付渠道"),
    "batches": N_("批量任务"),
    "night": N_("每夜任务"),
    "search": N_("检索索引"),
    "agency history": N_("监管档案"),
    "permit times": N_("办理用时"),
    "figures": N_("统计"),
    "red flags": N_("风险提示"),
    "authority": N_("签署付款授权"),
    "alerts": N_("告知可以承接的机构"),
    "digests": N_("每日汇总"),
    "notices": N_("清理读过的通知"),
    "award notices": N_("中选通知书"),
    "letters": N_("承诺书"),
    "keys": N_("销毁密钥"),
    "deadlines told": N_("密钥保管方"),
    "keys fetched": N_("密钥保管方"),
    "consumers": N_("随事件而动"),
    "reminders": N_("到期提醒"),
    "expiry": N_("证书到期提醒"),
    "scores": N_("信用分重算"),
    "bank lines": N_("银行流水核对"),
    "mails": N_("发出邮件"),
    "register asked": N_("询问登记机关"),
    "nightly long": N_("每夜任务"),
    "nightly outside": N_("每夜任务"),
} | {f"lane {lane}": label for lane, label in LANES.items()}


def part_words(what: str) -> str:
    """A part of the jobs; a gateway is called by its own name."""
    return _(PARTS[what]) if what in PARTS else what


def act_words(failure: Failure) -> str:
    """What was tried: an act of a case, or what an event tells of; anything else by its own name."""
    kind, _dot, act = failure.act.rpartition(".")
    case_class = CASES.get(kind or failure.case_type)
    label = case_class.workflow.acts.get(act) if case_class else None
    return _(label) if label else part_words(failure.act.removesuffix(" again"))


def link_of(failure: Failure) -> str:
    """The page of the case it is about, if it has one."""
    return case_url(failure.case_type, failure.case_identifier) if failure.case_type in PAGES else ""


def clock_words(machine: str, found: Doubt) -> str:
    """Why a machine's clock is not gone by, and what it says."""
    return _(
        "%(machine)s:%(why)s它现在是 %(wall)s,按推算应为 %(expected)s 左右。"
        "到期事项和每夜任务已暂停,网站照常;时钟恢复正确后会自动继续,如确认它没有错,"
        "也可以由管理员继续。",
        machine=machine,
        why=_(WHY[found.why]),
        wall=format_to_the_millisecond(found.wall),
        expected=format_to_the_millisecond(found.expected),
    )
