"""A buyer's request: what it asks for, how it chooses, and from whom it takes answers."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from sqlalchemy import ColumnElement, ForeignKey, LargeBinary, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from models import clock, money, policy, workdays
from models.accounts import Organisation
from models.actors import Actor
from models.base import Base, Json, Name, OptionalFen
from models.catalogue import ServiceItem
from models.text import N_, RuleBroken
from models.workflow import Case, Limit, Move, State, Workflow

MODES = {
    "inquiry": N_("询价议价"),
    "sealed_bid": N_("竞价(密封报价,最低价)"),
}
FUNDS = {"private": N_("社会资金"), "state": N_("国有资金")}
OPENNESS = {"open": N_("公开征集"), "invited": N_("仅邀请")}


def _sane_deadline(session: Session, request: Request) -> None:
    """The notice period of the request's policy, and no further off than it allows."""
    rules, now = policy.get(request.policy_version), clock.now()
    notice = request.notice_days
    if request.deadline <= now:
        raise RuleBroken(N_("截止时间已经过去。"), "deadline")
    if workdays.between(now, request.deadline) < notice:
        raise RuleBroken(
            N_("公告期至少 %(days)s 个工作日:截止时间不能早于 %(date)s。"),
            "deadline",
            days=notice,
            date=f"{workdays.add(now, notice).date():%Y-%m-%d}",
        )
    if workdays.between(now, request.deadline) > rules.number("request.longest_days"):
        raise RuleBroken(
            N_("截止时间太远:公告期最长 %(days)s 个工作日。"), "deadline", days=rules.number("request.longest_days")
        )


def _has_department(session: Session, request: Request) -> None:
    if request.department_id is None:
        raise RuleBroken(
            N_("该地区还没有接入“%(department)s”审批部门,成果无人评审,暂不能发布。"),
            "region_code",
            department=request.item.department,
        )


def _invites_enough(session: Session, request: Request) -> None:
    if request.openness == "invited" and len(request.invitations) < request.minimum_bidders:
        raise RuleBroken(
            N_("按规则至少要邀请 %(count)s 家机构。"), "invited", count=request.minimum_bidders
        )


def _may_close_early(session: Session, request: Request) -> None:
    from models.sourcing.offers import Quote  # offers know requests; only this rule looks the other way

    if request.deadline <= clock.now():
        return
    if request.mode != "inquiry" or request.funds != "private":
        raise RuleBroken(N_("只有社会资金的询价可以提前截止。"))
    if not session.scalars(select(Quote.id).where(Quote.request_id == request.id).limit(1)).one_or_none():
        raise RuleBroken(N_("还没有收到报价,不能提前截止。"))


def _deadline_passed(session: Session, request: Request) -> None:
    if request.mode == "sealed_bid" and request.deadline > clock.now():
        raise RuleBroken(N_("截止时间未到,任何人都不能开启投标。"))


REQUEST = Workflow(
    name="request",
    label=N_("采购需求"),
    states=(
        State("draft", N_("草稿"), tone="plain"),
        State("published", N_("正在征集"), tone="good"),
        State("closed", N_("已截止")),
        State("evaluated", N_("待确定中选")),
        State("awarded", N_("中选公示")),
        State("contracted", N_("已转合同"), tone="plain", terminal=True),
        State("failed", N_("征集失败"), tone="bad", terminal=True),
        State("cancelled", N_("已取消"), tone="bad", terminal=True),
    ),
    moves=(
        Move("draft", "edit", "draft", who={"buyer"}),
        Move(
            "draft", "publish", "published", who={"buyer"}, main=True, public=True,
            rules=(_sane_deadline, _has_department, _invites_enough), limit=Limit(attribute="deadline", act="close"),
        ),
        Move("draft", "cancel", "cancelled", who={"buyer"}),
        Move(
            "published", "close", "closed", who={"system", "buyer"}, public=True, tells=("buyer",),
            rules=(_may_close_early,),
        ),
        Move("published", "cancel", "cancelled", who={"buyer"}, public=True, needs_reason=True),
        Move(
            "closed", "evaluate", "evaluated", who={"system"}, public=True, rules=(_deadline_passed,),
            limit=Limit(policy="request.award_days"), tells=("buyer",),
        ),
        Move("closed", "fail", "failed", who={"system"}, public=True, tells=("buyer",)),
        Move("evaluated", "award", "awarded", who={"buyer"}, main=True, public=True),
        Move("evaluated", "fail", "failed", who={"system"}, public=True, tells=("buyer",)),
        Move("evaluated", "cancel", "cancelled", who={"buyer"}, public=True, needs_reason=True),
        Move("awarded", "contract", "contracted", who={"system"}, public=True, tells=("buyer",)),
        Move("awarded", "reopen", "evaluated", who={"system"}, public=True, tells=("buyer",),
             limit=Limit(policy="request.award_days")),
    ),
    acts={
        "edit": N_("修改"),
        "publish": N_("发布需求"),
        "close": N_("截止征集"),
        "cancel": N_("取消采购"),
        "evaluate": N_("进入比较"),
        "fail": N_("征集失败"),
        "award": N_("确定中选机构"),
        "contract": N_("转入合同"),
        "reopen": N_("重新确定"),
    },
)  # fmt: skip


class Request(Case, Base):
    """A buyer's need for one service item in one place. Bids are sealed to `public_key`."""

    __tablename__ = "requests"
    workflow: ClassVar[Workflow] = REQUEST
    parties: ClassVar[dict[str, str]] = {"buyer": "buyer_id"}

    buyer_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    item_id: Mapped[int] = mapped_column(ForeignKey("service_items.id"), index=True)
    department_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    project: Mapped[Name]
    description: Mapped[str] = mapped_column(String(4000))
    quantity: Mapped[Json]
    budget: Mapped[OptionalFen]
    mode: Mapped[str] = mapped_column(String(20))
    funds: Mapped[str] = mapped_column(String(10))
    openness: Mapped[str] = mapped_column(String(10))
    deadline: Mapped[datetime]
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    published_at: Mapped[datetime | None]
    public_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    wrapped_key: Mapped[bytes | None] = mapped_column(LargeBinary)
    buyer: Mapped[Organisation] = relationship(foreign_keys=[buyer_id], lazy="joined")
    item: Mapped[ServiceItem] = relationship(lazy="joined")
    department: Mapped[Organisation | None] = relationship(foreign_keys=[department_id])
    invitations: Mapped[list[Invitation]] = relationship(back_populates="request", cascade="all, delete-orphan")

    @property
    def title(self) -> str:
        return self.project

    @property
    def stake(self) -> int:
        """The budget; without one anything may be at stake, so no delegation reaches it."""
        return self.budget or money.MOST

    @classmethod
    def within_mandate(cls, most: int) -> ColumnElement[bool]:
        return cls.budget <= most

    @classmethod
    def public(cls) -> ColumnElement[bool]:
        """The requests anyone may read: published openly."""
        return (cls.state != "draft") & cls.published_at.is_not(None) & (cls.openness == "open")

    @property
    def opened(self) -> bool:
        """Whether what was sealed has been opened: all bidders see all bids from now on."""
        return self.state not in ("draft", "published", "closed", "failed", "cancelled")

    @property
    def notice_days(self) -> int:
        rules = policy.get(self.policy_version)
        quick = self.mode == "inquiry" and self.funds == "private"
        return rules.number("request.inquiry_notice_days" if quick else "request.notice_days")

    @property
    def minimum_bidders(self) -> int:
        return policy.get(self.policy_version).number(f"request.{self.funds}_funds_minimum")

    @property
    def publicity_days(self) -> int:
        return policy.get(self.policy_version).number(f"award.publicity_{self.funds}_days")

    def readable_by(self, session: Session, actor: Actor) -> bool:
        """Whether an actor may see it: its parties and overseers; anyone, once published openly; whoever is invited."""
        if self.roles_of(actor) or (self.published_at and self.openness == "open"):
            return True
        asked = select(Invitation.id).where(Invitation.request_id == self.id, Invitation.agency_id == actor.organisation_id)
        return self.published_at is not None and session.scalar(asked) is not None

    def takes_offers(self) -> None:
        """RuleBroken unless offers may come in now. An offer at the deadline's very instant counts."""
        if self.state != "published":
            raise RuleBroken(N_("这项需求现在不接收报价(状态:%(state)s)。"), state=self.state_label)
        if clock.now() > self.deadline:
            raise RuleBroken(N_("已过截止时间,不再接收报价。"))


class Invitation(Base):
    """An agency asked by name."""

    __tablename__ = "invitations"
    __table_args__ = (UniqueConstraint("request_id", "agency_id"),)

    request_id: Mapped[int] = mapped_column(ForeignKey("requests.id"))
    agency_id: Mapped[int] = mapped_column(ForeignKey("organisations.id"), index=True)
    request: Mapped[Request] = relationship(back_populates="invitations")
    agency: Mapped[Organisation] = relationship(lazy="joined")
