"""Cancelling what can be read already: on listed grounds alone, with the regulator's consent.

And what a re-run repeats.

Else a buyer whom a draw or an opening does not please cancels and draws again until it does
(招标投标法实施条例 31, 政府采购法 36, 37).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import Session

from models import clock, policy
from models.base import Json
from models.catalogue import ServiceItem
from models.errors import RuleViolation
from models.i18n import N_
from models.sourcing.projects import same_project
from models.sourcing.tenders import Tender

# The states in which a tender came to nothing, or has not come to anything though it could be read.
ENDED = ("failed", "cancelled")
_STANDING = ("scoring", "auction", "evaluated", "cancelling", "awarded", "revoking", *ENDED)
NOT_AGAIN = "no"  # what a buyer says that repeats none
MOST = 50  # earlier tenders that are looked at, or named


@dataclass(frozen=True, slots=True)
class Ground:
    """A ground of the policy.

    Its words by language, its source, and whether the same may be asked for again.
    """

    key: str
    words: Json
    source: str
    again: bool


def grounds(version: str) -> dict[str, Ground]:
    """The grounds a version of the policy lists, by key."""
    rows = policy.get(version).rows("cancelling.grounds")
    return {
        row["key"]: Ground(
            row["key"], {"zh": row["zh"], "en": row["en"]}, row["source"], row.get("again", True)
        )
        for row in rows
    }


def ground_of(tender: Tender) -> Ground | None:
    """On which ground a tender was cancelled, or is asked to be."""
    return grounds(tender.policy_version).get(tender.cancel_ground or "")


def check_ground(tender: Tender, key: str) -> Ground:
    """RuleViolation at `ground` for one the policy does not list."""
    found = grounds(tender.policy_version).get(key)
    if found is None:
        raise RuleViolation(N_("请选择规则列明的一种情形。"), "ground")
    return found


def earlier(session: Session, tender: Tender, *which: ColumnElement[bool]) -> list[Tender]:
    """The buyer's other tenders for the same item that were published in the policy's time, and are such.

    The newest first, and no more than MOST.
    """
    since = clock.now() - timedelta(days=policy.get(tender.policy_version).number("cancelling.same_days"))
    query: Any = select(Tender).where(
        Tender.buyer_id == tender.buyer_id,
        Tender.id != tender.id,
        Tender.item_id.in_(select(ServiceItem.id).where(ServiceItem.code == tender.item.code)),
        Tender.published_at >= since,
        *which,
    )
    newest = (
        Tender.published_at.desc(),
        Tender.id.desc(),
    )  # by the key alone, a database would look through all there are
    return list(session.scalars(query.order_by(*newest).limit(MOST)).unique())


def fruitless(session: Session, tender: Tender) -> list[Tender]:
    """Those of them that came to nothing."""
    return earlier(session, tender, Tender.state.in_(ENDED))


def repeats(session: Session, tender: Tender) -> list[Tender]:
    """What a tender that is about to be published repeats, the one it is said to repeat in public first.

    The buyer's latest for the same item and project, wherever and however that is written, which led to no
    contract. That outranks what the buyer said when it was begun.
    """
    waits = or_(Tender.state.in_(_STANDING), (Tender.state == "contracted") & _unsigned())
    found = earlier(session, tender, Tender.project_key == tender.project_key, waits)
    said = tender.again_said
    return found + (
        [Tender.load(session, said)]
        if said and said != NOT_AGAIN and all(each.identifier != said for each in found)
        else []
    )


def _unsigned() -> ColumnElement[bool]:
    """Whether a tender has come to a contract that not both have signed yet."""
    from models.contracts.agreement import UNSIGNED, Contract

    return exists().where(Contract.tender_id == Tender.id, Contract.state.in_(UNSIGNED))


def settle_repeats(session: Session, tender: Tender) -> None:
    """Keep what a tender about to be published repeats, and which it is said not to.

    RuleViolation where one of them was cancelled because there was nothing to buy any more, or where the
    buyer does not say whether it repeats one of those that came to nothing.
    """
    found = repeats(session, tender)
    for before in found:
        ground = ground_of(before) if before.state == "cancelled" else None
        if ground is not None and not ground.again:
            raise RuleViolation(
                N_("同一项目的采购 %(identifier)s 已因任务取消而终止,不能再次发布。"),
                "project",
                identifier=before.identifier,
            )
    tender.again_of, tender.again_not = found[0].identifier if found else None, None
    named = any(same_project(each.project, tender.project) for each in found)
    ended = [] if named else [each.identifier for each in fruitless(session, tender) if each not in found]
    if ended and not tender.again_said:
        raise RuleViolation(
            N_(
                "贵单位近期有同一事项的采购没有形成合同(%(identifiers)s)。请修改草稿,说明这一次是不是它的重新采购;说明随需求公开。"
            ),
            "again_of",
            identifiers="、".join(ended[:5]),
        )
    tender.again_not = ended or None


def check_decided(session: Session, tender: Tender) -> None:
    """RuleViolation while what this tender repeats is undecided.

    Published before it and read by its buyer, it has neither come to nothing nor to a contract both have
    signed: of two draws a buyer would take the better.
    """
    for before in repeats(session, tender):
        stands = before.state in _STANDING or (
            before.state == "contracted" and session.scalar(select(_unsigned()).where(Tender.id == before.id))
        )
        if (
            stands
            and before.state not in ENDED
            and before.cancels_with_consent
            and _published(before) < _published(tender)
        ):
            raise RuleViolation(
                N_(
                    "同一项目的上一次采购 %(identifier)s 还没有结果:请先就它定标并签订合同,"
                    "或者按规则申请取消。"
                ),
                identifier=before.identifier,
            )


def _published(tender: Tender) -> tuple[datetime, int]:
    return (tender.published_at or clock.now(), tender.id)


def rerun_of(session: Session, tender: Tender) -> Tender | None:
    """The published tender that repeats this one, the newest; None where nothing does."""
    this = or_(Tender.again_of == tender.identifier, Tender.again_said == tender.identifier)
    newest = (Tender.published_at.desc(), Tender.id.desc())
    return session.scalars(
        select(Tender).where(this, Tender.published_at.is_not(None)).order_by(*newest).limit(1)
    ).first()
