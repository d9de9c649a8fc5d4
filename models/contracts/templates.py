"""Contract templates: what a contract of one kind of service says before anybody changes it.

Versions, never edited; an authority publishes the next one.
"""

from __future__ import annotations

import re
import string
import tomllib
from datetime import date, datetime
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import ForeignKey, String, UniqueConstraint, select
from sqlalchemy.orm import Mapped, Session, mapped_column, relationship

from models import clock
from models.accounts import Organisation
from models.base import Base, Json, Name
from models.catalogue import KINDS
from models.errors import RuleViolation
from models.i18n import N_

DATA = Path(__file__).parent.parent / "data" / "contract_templates.toml"
# What a template's text may leave to be filled in for an award, and what that is called.
PLACES = {
    "project": N_("项目名称"),
    "item": N_("服务事项"),
    "legal_basis": N_("法律依据"),
    "approval_matter": N_("用于办理的审批"),
    "outputs": N_("成果"),
    "days": N_("工期"),
    "price": N_("价款"),
    "price_words": N_("价款大写"),
    "deposit": N_("定金"),
    "deposit_words": N_("定金大写"),
    "deemed_days": N_("视为验收的天数"),
    "rounds": N_("退回次数上限"),
    "materials_days": N_("提供资料的天数"),
    "deposit_days": N_("支付定金的天数"),
    "settlement_days": N_("结清余款的天数"),
    "correction_days": N_("修改重报的天数"),
    "objection_days": N_("对解除提出异议的天数"),
    "retention": N_("质量保留金比例"),
    "late_rate": N_("逾期违约金比例"),
    "late_most": N_("逾期违约金上限"),
}
ESSENTIAL = ("subject", "deliverables", "price", "deposit", "settlement", "review", "signing")
MOST_MILESTONES = 5


class ContractTemplate(Base):
    """One version for one kind of service, in effect from a day until the next one is.

    `clauses` are rows of `key`, `title`, `text` and `fixed`; `milestones` rows of `name`, `days` and `share`
    (fractions of the contract's days and price, as text) and `reviewed` (goes to the approving department).
    """

    __tablename__ = "contract_templates"
    __table_args__ = (UniqueConstraint("kind", "version"),)

    kind: Mapped[str] = mapped_column(String(12), index=True)
    version: Mapped[int]
    title: Mapped[Name]
    clauses: Mapped[list[Json]]
    milestones: Mapped[list[Json]]
    effective_from: Mapped[date]
    reason: Mapped[str] = mapped_column(String(1000), default="")
    issued_by: Mapped[Name]
    issuer_id: Mapped[int | None] = mapped_column(ForeignKey("organisations.id"))
    created_at: Mapped[datetime] = mapped_column(default=clock.now)
    issuer: Mapped[Organisation | None] = relationship()

    @property
    def name(self) -> str:
        """How a contract names the template it stands on: `report/2`."""
        return f"{self.kind}/{self.version}"


def templates_of(session: Session, kind: str) -> list[ContractTemplate]:
    """Every version for a kind, those to come included, newest first."""
    query = select(ContractTemplate).where(ContractTemplate.kind == kind)
    return list(session.scalars(query.order_by(ContractTemplate.version.desc())))


def current_templates(session: Session) -> dict[str, ContractTemplate]:
    """Kind to the version in effect today."""
    query = select(ContractTemplate).where(ContractTemplate.effective_from <= clock.today())
    newest = {
        template.kind: template for template in session.scalars(query.order_by(ContractTemplate.version))
    }
    return {kind: newest[kind] for kind in KINDS if kind in newest}


def current_template(session: Session, kind: str) -> ContractTemplate:
    """The version in effect today for a kind."""
    return current_templates(session)[kind]


def changed_clauses(old: list[Json], new: list[Json]) -> list[tuple[str, str, str]]:
    """Clause by clause what differs: (title, text before, text after); an empty text was not there."""
    before, after = ({clause["key"]: clause for clause in clauses} for clauses in (old, new))
    keys = [*after, *(key for key in before if key not in after)]
    rows = [(key, before.get(key, {}).get("text", ""), after.get(key, {}).get("text", "")) for key in keys]
    return [((after.get(key) or before[key])["title"], was, now) for key, was, now in rows if was != now]


def check_shares(milestones: list[Json]) -> None:
    """RuleViolation at `milestones` unless they make a sound contract.

    There are one to five, each with a name and a part, days and shares both sum to one, and the approving
    department sees one at least: the last.
    """
    if not 1 <= len(milestones) <= MOST_MILESTONES:
        raise RuleViolation(N_("节点应为 1 到 %(most)s 个。"), "milestones", most=MOST_MILESTONES)
    if any(
        not row["name"].strip() or Fraction(row["days"]) <= 0 or Fraction(row["share"]) <= 0
        for row in milestones
    ):
        raise RuleViolation(N_("每个节点都要有名称、工期和价款比例。"), "milestones")
    if any(sum(Fraction(row[part]) for row in milestones) != 1 for part in ("days", "share")):
        raise RuleViolation(N_("各节点的工期比例、价款比例都应合计百分之百。"), "milestones")
    if not milestones[-1]["reviewed"]:
        raise RuleViolation(N_("最后一个节点的成果应送审批部门评审。"), "milestones")


def check_text(text: str) -> None:
    """RuleViolation at `clauses` for a word in braces that nobody could fill in."""
    try:
        names = [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]
    except ValueError:
        raise RuleViolation(N_("花括号要成对,里面写变量名。"), "clauses") from None
    unknown = [name for name in names if name not in PLACES]
    if unknown:
        raise RuleViolation(
            N_("没有这个变量:%(names)s。可用:%(places)s。"),
            "clauses",
            names="、".join(unknown),
            places="、".join(PLACES),
        )


def publish(
    session: Session,
    issuer: Organisation | None,
    issued_by: str,
    kind: str,
    *,
    title: str,
    clauses: list[Json],
    milestones: list[Json],
    effective_from: date,
    reason: str = "",
) -> ContractTemplate:
    """The next version for a kind.

    RuleViolation if it would take effect in the past or before the one it follows, misses an essential
    clause, or says what could not be filled in.
    """
    before = next(iter(templates_of(session, kind)), None)
    if kind not in KINDS:
        raise RuleViolation(N_("请选择一项。"), "kind")
    if before and effective_from < max(clock.today(), before.effective_from):
        raise RuleViolation(N_("生效日期不能早于今天,也不能早于上一版。"), "effective_from")
    keys = [clause["key"] for clause in clauses]
    if len(set(keys)) != len(keys) or any(not re.fullmatch(r"[a-z0-9_]{1,20}", key) for key in keys):
        raise RuleViolation(N_("条款重复。"), "clauses")
    for clause in clauses:
        if not clause["title"].strip() or not 1 <= len(clause["text"].strip()) <= 2000:
            raise RuleViolation(N_("每一条都要有标题和 1 到 2000 个字的内容。"), "clauses")
        check_text(clause["text"])
    titles = {clause["key"]: clause["title"] for clause in before.clauses} if before else {}
    missing = [titles.get(key, key) for key in ESSENTIAL if key not in keys]
    if missing:
        raise RuleViolation(N_("不能没有这些条款:%(titles)s。"), "clauses", titles="、".join(missing))
    check_shares(milestones)
    made = ContractTemplate(
        kind=kind,
        version=(before.version if before else 0) + 1,
        title=title.strip(),
        clauses=clauses,
        milestones=milestones,
        effective_from=effective_from,
        reason=reason,
        issued_by=issued_by,
        issuer_id=issuer.id if issuer else None,
    )
    session.add(made)
    session.flush()
    return made


@cache
def published_templates() -> dict[str, Any]:
    """The templates we carry, as the file has them."""
    return tomllib.loads(DATA.read_text(encoding="utf-8"))


def seed(session: Session) -> int:
    """Load the templates we carry for kinds that have none. Returns how many were added."""
    carried, known = published_templates(), set(session.scalars(select(ContractTemplate.kind)))
    common, last = carried["clauses"][:-2], carried["clauses"][-2:]
    for kind, body in carried["kinds"].items():
        if kind not in known:
            publish(
                session,
                None,
                carried["issued_by"],
                kind,
                title=body["title"],
                clauses=[*common, *body["clauses"], *last],
                milestones=body["milestones"],
                effective_from=carried["effective_from"],
            )
    return len(set(carried["kinds"]) - known)
