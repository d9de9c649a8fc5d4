"""Who acts: what an action knows of the person behind it. Holds no table, so everything may import it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from models import clock
from models.i18n import N_

ROLES = {
    "enterprise": N_("项目业主"),
    "agency": N_("中介机构"),
    "regulator": N_("监管部门"),
    "department": N_("审批部门"),
    "superior": N_("上级审批部门"),
    "custodian": N_("资金托管机构"),
    "admin": N_("系统管理员"),
    "system": N_("系统"),
    "buyer": N_("项目业主"),
    "payee": N_("收款单位"),
    "evaluator": N_("评审人"),
    "objector": N_("异议人"),
    "rater": N_("评价方"),
    "ratee": N_("被评价方"),
    "giver": N_("通知解除的一方"),
    "recipient": N_("收到解除通知的一方"),
    "proposer": N_("提出变更的一方"),
    "other": N_("对方"),
    "applicant": N_("认领人"),
    "holder": N_("现登记单位"),
    "principal": N_("授权单位"),
    "signatory": N_("被授权人"),
    "claimant": N_("提出争议的一方"),
    "respondent": N_("答辩的一方"),
    "subject": N_("当事人"),
    "reporter": N_("举报人"),
    "helper": N_("协办部门"),
    "visitor": N_("访客"),
}

IN_STANDING = "verified"  # the state in which an organisation may do all that its kind may
ENTERING = ("draft", "applied")  # those of one that is not let in yet, which prepares
OFFICES = frozenset({"regulator", "department", "custodian"})  # what an authority is, while it is in standing


@dataclass(frozen=True, slots=True)
class Standing:
    """How an organisation that an actor may stand for is doing: the state of its entry.

    `office` is what an authority is; `powers` is what this person may bind it to (authorisations.py).
    """

    organisation_id: int
    name: str
    state: str
    office: str = ""
    powers: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Mandate:
    """A delegation as the actor carries it."""

    buyer_id: int
    buyer_name: str
    scope: frozenset[str]
    most: int
    until: datetime


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: taken from the session or token, never from what was sent.

    `roles` are those of the organisation the person acts for (`enterprise`, `agency`, `regulator`,
    `department`, `custodian`) plus `admin`; the jobs act as `SYSTEM`. `belongs` is every organisation the
    person is a member of, with its kind; `resting` the delegations it accepted that give no power, since one
    of those is an agency or an authority. `standings`: how the organisation it acts for is doing, and each
    that delegated it; `blocked`: why its account is, if it is; `confirmed`: the person's mail address was
    shown to be its own; `proved`: it showed its password once more for what it is about to do.
    """

    name: str
    roles: frozenset[str] = frozenset()
    user_id: int | None = None
    organisation_id: int | None = None
    organisation_name: str = ""
    region_code: str | None = None
    department: str | None = None
    owner: bool = False
    mandates: tuple[Mandate, ...] = field(default=())
    resting: tuple[Mandate, ...] = field(default=())
    belongs: tuple[tuple[int, str], ...] = field(default=())
    standings: tuple[Standing, ...] = field(default=())
    blocked: str = ""
    confirmed: bool = True
    proved: bool = False

    def standing_of(self, organisation: int | None) -> Standing | None:
        """How this organisation is doing; None for one this actor stands for in nothing."""
        return next((each for each in self.standings if each.organisation_id == organisation), None)

    def members(self) -> frozenset[int]:
        """Every organisation the person belongs to; it acts for the first."""
        return frozenset(key for key, _kind in self.belongs)

    def private(self) -> set[int]:
        """Those of them that are no authority."""
        return {key for key, kind in self.belongs if kind != "authority"}

    def ties(self) -> set[int]:
        """Every organisation the person belongs to, or is a delegate of by its own acceptance."""
        return {
            *self.members(),
            *(m.buyer_id for m in (*self.mandates, *self.resting) if m.until > clock.now()),
        }

    def buyers(self) -> dict[int, str]:
        """The enterprises this actor may draft tenders for.

        Its own, and those that delegated it, unless they are out of standing; key to name.
        """
        own = (
            {self.organisation_id: self.organisation_name}
            if self.organisation_id and "enterprise" in self.roles
            else {}
        )
        lent = {
            m.buyer_id: m.buyer_name for m in self.mandates if "tender" in m.scope and m.until > clock.now()
        }
        resting = {
            each.organisation_id for each in self.standings if each.state not in (IN_STANDING, *ENTERING)
        }
        return {key: name for key, name in (own | lent).items() if key not in resting}

    @property
    def main_role(self) -> str:
        return next((role for role in ROLES if role in self.roles), "visitor")


VISITOR = Actor(name="", roles=frozenset({"visitor"}))
SYSTEM = Actor(name="系统", roles=frozenset({"system"}))
