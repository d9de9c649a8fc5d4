"""Cancelling what can be read already: on listed grounds alone, with the regulator's consent; and what a re-run repeats.

Else a buyer whom a draw or an opening does not please cancels and draws again until it does (招标投标法实施条例 31, 政府采购法 36, 37).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import clock, policy, spelling
from models.base import Json
from models.sourcing.requests import Request
from models.text import N_, RuleBroken

# The states in which a request came to nothing, or has not come to anything though it could be read.
_STANDING = ("scoring", "auction", "evaluated", "cancelling", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Ground:
    """A ground of the policy: its words by language, its source, and whether the same may be asked for again."""

    key: str
    words: Json
    source: str
    again: bool


def grounds(version: str) -> dict[str, Ground]:
    """The grounds a version of the policy lists, by key."""
    rows = policy.get(version).rows("cancelling.grounds")
    return {row["key"]: Ground(row["key"], {"zh": row["zh"], "en": row["en"]}, row["source"], row.get("again", True)) for row in rows}


def ground_of(request: Request) -> Ground | None:
    """On which ground a request was cancelled, or is asked to be."""
    return grounds(request.policy_version).get(request.cancel_ground or "")


def check_ground(request: Request, key: str) -> Ground:
    """RuleBroken at `ground` for one the policy does not list."""
    found = grounds(request.policy_version).get(key)
    if found is None:
        raise RuleBroken(N_("请选择规则列明的一种情形。"), "ground")
    return found


def repeats(session: Session, request: Request) -> Request | None:
    """What a request that is about to be published repeats: what the buyer said when it was begun, or else, though it says nothing, its latest one
    for the same item, place and project, however that is written, which was published and led to no award. None where there is none."""
    if request.again_of:
        return Request.load(session, request.again_of)
    since = clock.now() - timedelta(days=policy.get(request.policy_version).number("cancelling.same_days"))
    query: Any = select(Request).where(
        Request.buyer_id == request.buyer_id, Request.id != request.id, Request.item_id == request.item_id, Request.region_code == request.region_code,
        Request.published_at >= since, Request.state.in_(_STANDING),
    )  # fmt: skip
    found = session.scalars(query.order_by(Request.id.desc())).unique()
    return next((each for each in found if spelling.same_name(each.project, request.project)), None)


def check_repeats(request: Request, before: Request | None) -> None:
    """RuleBroken where what is repeated was cancelled because there was nothing to buy any more."""
    ground = ground_of(before) if before is not None and before.state == "cancelled" else None
    if before is not None and ground is not None and not ground.again:
        raise RuleBroken(N_("同一项目的采购 %(identifier)s 已因任务取消而终止,不能再次发布。"), "project", identifier=before.identifier)


def rerun_of(session: Session, request: Request) -> Request | None:
    """The published request that repeats this one, the newest; None where nothing does."""
    return session.scalars(
        select(Request).where(Request.again_of == request.identifier, Request.published_at.is_not(None)).order_by(Request.id.desc()).limit(1)
    ).first()
