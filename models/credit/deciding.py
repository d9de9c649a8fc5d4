"""The rules of deciding on a credit record: who, for how long, and what a decision has to say.

信用修复管理办法 (国家发展改革委令第36号): the term runs from the date of the decision and keeps within the
bounds of the fact's weight. 行政处罚法第四十三条: whoever has an interest steps back. The rule here:
whoever proposed a record does not decide on it where the office has somebody else who can.
"""

from __future__ import annotations

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import clock
from models.actors import Actor
from models.credit.records import CreditRecord, months_later
from models.errors import RuleViolation
from models.events import Event
from models.i18n import N_
from models.lengths import check_text

REPLY = N_("当事人已经陈述申辩,请逐点答复是否采纳和理由(%(least)s 到 %(most)s 个字)。")
COMMITMENT = N_("请写明公开的信用承诺(%(least)s 到 %(most)s 个字)。")
FACTS = N_("请写明事实:何时、何地、做了什么、证据是什么(%(least)s 到 %(most)s 个字)。")


def check_unhindered(record: CreditRecord, act: str, actor: Actor) -> None:
    """NotAllowed for whoever stepped back, or would decide on what he proposed where somebody else can."""
    if (problem := record.hindrance(actor, act)) is not None:
        raise problem


def bounds(record: CreditRecord) -> tuple[int, int]:
    """The fewest and the most months a record of this weight may be decided to last."""
    return max(record.term.least_months, 1), record.term.longest_months


def outside_bounds(record: CreditRecord) -> RuleViolation:
    """What is said of so many months as a record of this weight may not last."""
    least, most = bounds(record)
    said = N_("这类事实的期限应在 %(least)s 到 %(most)s 个月之间。")
    return RuleViolation(said, "months", least=least, most=most)


def put_in_force(record: CreditRecord, actor: Actor, *, decision: str, reply: str, months: int) -> None:
    """Keep the decision; the term runs from now.

    RuleViolation at `months` outside the weight's bounds, at `reply` where a statement is left unanswered.
    """
    least, most = bounds(record)
    if not least <= months <= most:
        raise outside_bounds(record)
    keep_decision(record, actor, decision=decision, reply=reply)
    now = clock.now()
    record.months, record.in_force_from = months, now
    record.ends_at = months_later(now, months)
    record.published_until = record.ends_at if record.term.published else None


def keep_decision(record: CreditRecord, actor: Actor, *, decision: str, reply: str) -> None:
    """Keep what was decided, why and by whom; RuleViolation at `reply` where a statement is unanswered."""
    record.reply = check_text(CreditRecord.reply, reply, REPLY) if record.statements else None
    record.decision, record.decided_at, record.decided_by_id = decision.strip(), clock.now(), actor.user_id


def decided_by(session: Session, record: CreditRecord) -> str:
    """The name of the office that put it in force, as it was called then; empty before."""
    acts = ("credit_record.uphold", "credit_record.commend")
    office = (
        select(Event.actor_organisation)
        .where(
            Event.case_type == "credit_record",
            Event.case_identifier == record.identifier,
            Event.kind.in_(acts),
        )
        .order_by(Event.id.desc())
        .limit(1)
    )
    return session.scalar(office) or ""


def end_publication(record: CreditRecord) -> None:
    """From now on nobody else is shown it, at once and everywhere."""
    if record.published_until is not None:
        record.published_until = min(record.published_until, clock.now())
