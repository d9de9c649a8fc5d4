"""Where a reader of a tutorial begins in the demonstration: signed in as whom, and what waits there."""

from __future__ import annotations

from dataclasses import dataclass

from market.demonstration.people import ADMINS, CUSTODIAN, DELEGATES, DEPARTMENTS, PREFECTURE, REGULATOR
from models.i18n import N_

OWNER, SECOND = "enterprise@demo.gongxin.cn", "enterprise2@demo.gongxin.cn"


@dataclass(frozen=True)
class Start:
    """Who signs in (nobody where empty), and what that account is for or finds.

    `waits` are the acts that wait for it when the play ends.
    """

    email: str
    said: str
    waits: tuple[str, ...] = ()


STARTS: dict[str, tuple[Start, ...]] = {
    "enterprise": (
        Start("", N_("第 1、2 步:不登录,在“入驻”页按“用一家示例企业填写”,确认邮箱后当场核验。")),
        Start(OWNER, N_("第 3 步起:已经入驻并有授权,有一件等您确定中选。"), ("award",)),
    ),
    "agency": (
        Start("", N_("第 1、2 步:不登录,从“入驻”开始。")),
        Start("agency@demo.gongxin.cn", N_("第 3 步起:有一份合同等您签署。"), ("agree_agency",)),
    ),
    "regulator": (
        Start(REGULATOR, N_("省级,看得到全省;有机构等您核验。"), ("verify",)),
        Start(PREFECTURE, N_("州级,只看得到本州。")),
    ),
    "department": tuple(Start(email, N_("有成果等您评审。"), ("pass",)) for email in DEPARTMENTS.values()),
    "custodian": (
        Start(
            CUSTODIAN,
            N_("有款等您拨付,最近一份对账单里有一笔对不上。演示没有网银,第 3 步跳过,看已导入的对账单。"),
            ("send",),
        ),
    ),
    "admin": tuple(Start(email, N_("演示里的后台没有办不成的事。")) for email in ADMINS[:1]),
    "delegate": (
        Start(
            "",
            N_("第 1、2 步:不登录,从“入驻”开始;名称和代码填下一个账号的“本单位”里写着的。"),
        ),
        Start(OWNER, N_("第 3、5 步:管理员,有签署付款授权。")),
        Start(DELEGATES[0], N_("第 6 步起:已经接受了一家业主的委托。")),
        Start(SECOND, N_("想从头走第 7 步:用它在“本单位”按“委托采购”,填您的邮箱。")),
    ),
    "evaluator": (
        Start(
            "expert1@demo.gongxin.cn",
            N_("第 3 步起:评审的需求已经拆封,等您声明。前两步看说明。"),
            ("declare",),
        ),
    ),
    "public": (Start("", N_("不用登录。")),),
}
