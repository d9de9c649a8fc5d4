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
from models.sourcing.requests import Request

# The states in which a request came to nothing, or has not come to anything though it could be read.
ENDED = ("failed", "cancelled")
_STANDING = ("scoring", "auction", "evaluated", "cancelling", "awarded", "revoking", *ENDED)
NOT_AGAIN = "no"  # what a buyer says that repeats none
MOST = 50  # earlier requests that are looked at, or named


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


def ground_of(request: Request) -> Ground | None:
    """On which ground a request was cancelled, or is asked to be."""
    return grounds(request.policy_version).get(request.cancel_ground or "")


def check_ground(request: Request, key: str) -> Ground:
    """RuleViolation at `ground` for one the policy does not list."""
    found = grounds(request.policy_version).get(key)
    if found is None:
        raise RuleViolation(N_("请选择规则列明的一种情形。"), "ground")
    return found


def earlier(session: Session, request: Request, *which: ColumnElement[bool]) -> list[Request]:
    """The buyer's other requests for the same item that were published in the policy's time, and are such.

    The newest first, and no more than MOST.
    """
    since = clock.now() - timedelta(days=policy.get(request.policy_version).number("cancelling.same_days"))
    query: Any = select(Request).where(
        Request.buyer_id == request.buyer_id,
        Request.id != request.id,
        Request.item_id.in_(select(ServiceItem.id).where(ServiceItem.code == request.item.code)),
        Request.published_at >= since,
        *which,
    )
    newest = (
        Request.published_at.desc(),
        Request.id.desc(),
    )  # by the key alone, a database would look through all there are
    return list(session.scalars(query.order_by(*newest).limit(MOST)).unique())


def fruitless(session: Session, request: Request) -> list[Request]:
    """Those of them that came to nothing."""
    return earlier(session, request, Request.state.in_(ENDED))


def repeats(session: Session, request: Request) -> list[Request]:
    """What a request that is about to be published repeats, the one it is said to repeat in public first.

    The buyer's latest for the same item and project, wherever and however that is written, which led to no
    contract. That outranks what the buyer said when it was begun.
    """
    waits = or_(Request.state.in_(_STANDING), (Request.state == "contracted") & _unsigned())
    found = earlier(session, request, Request.project_key == request.project_key, waits)
    said = request.again_said
    return found + (
        [Request.load(session, said)]
        if said and said != NOT_AGAIN and all(each.identifier != said for each in found)
        else []
    )


def _unsigned() -> ColumnElement[bool]:
    """Whether a request has come to a contract that not both have signed yet."""
    from models.contracts import UNSIGNED, Contract

    return exists().where(Contract.request_id == Request.id, Contract.state.in_(UNSIGNED))


def settle_repeats(session: Session, request: Request) -> None:
    """Keep what a request about to be published repeats, and which it is said not to.

    RuleViolation where one of them was cancelled because there was nothing to buy any more, or where the buyer
    does not say whether it repeats one of those that came to nothing.
    """
    found = repeats(session, request)
    for before in found:
        ground = ground_of(before) if before.state == "cancelled" else None
        if ground is not None and not ground.again:
            raise RuleViolation(
                N_("同一项目的采购 %(identifier)s 已因任务取消而终止,不能再次发布。"),
                "project",
                identifier=before.identifier,
            )
    request.again_of, request.again_not = found[0].identifier if found else None, None
    named = any(same_project(each.project, request.project) for each in found)
    ended = [] if named else [each.identifier for each in fruitless(session, request) if each not in found]
    if ended and not request.again_said:
        raise RuleViolation(
            N_(
                "贵单位近期有同一事项的采购没有形成合同(%(identifiers)s)。请修改草稿,说明这一次是不是它的重新采购;说明随需求公开。"
            ),
            "again_of",
            identifiers="、".join(ended[:5]),
        )
    request.again_not = ended or None


def check_decided(session: Session, request: Request) -> None:
    """RuleViolation while what this request repeats is undecided.

    Published before it and read by its buyer, it has neither come to nothing nor to a contract both have
    signed: of two draws a buyer would take the better.
    """
    for before in repeats(session, request):
        stands = before.state in _STANDING or (
            before.state == "contracted"
            and session.scalar(select(_unsigned()).where(Request.id == before.id))
        )
        if (
            stands
            and before.state not in ENDED
            and before.cancels_with_consent
            and _published(before) < _published(request)
        ):
            raise RuleViolation(
                N_(
                    "同一项目的上一次采购 %(identifier)s 还没有结果:请先就它定标并签订合同,"
                    "或者按规则申请取消。"
                ),
                identifier=before.identifier,
            )


def _published(request: Request) -> tuple[datetime, int]:
    return (request.published_at or clock.now(), request.id)


def rerun_of(session: Session, request: Request) -> Request | None:
    """The published request that repeats this one, the newest; None where nothing does."""
    this = or_(Request.again_of == request.identifier, Request.again_said == request.identifier)
    newest = (Request.published_at.desc(), Request.id.desc())
    return session.scalars(
        select(Request).where(this, Request.published_at.is_not(None)).order_by(*newest).limit(1)
    ).first()
