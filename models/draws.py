"""The verifiable draw: nobody, the operator included, can choose its outcome, and anyone can re-run it.

1. *Commit.* A secret 32-byte seed is made; its SHA-256 and the frozen, ordered list of candidates
   are published.
2. *Contribute.* Each participant may add a text of its own until the draw. The seed was fixed
   before anyone's text, the texts before the seed is known: either side alone decides nothing.
3. *Draw.* The seed is published. Every candidate gets a ticket,
   HMAC-SHA256(key=SHA-256(canonical JSON of seed, candidates, contributions), message=candidate),
   and the candidates are ranked by ticket, lowest first. Tickets are uniform and independent for any
   fixed list, so every order is equally likely.

docs/verify_draw.py re-runs a published draw without a line of this code.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import LargeBinary, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models import clock, identifiers, sealing
from models.base import Base, Code, Json
from models.text import N_, NotFound, RuleBroken, WrongState

ALGORITHM = "gongxin-draw-1"


class Draw(Base):
    """One draw: `picks` of the `candidates`. The seed is sealed until `drawn_at`."""

    __tablename__ = "draws"

    identifier: Mapped[Code] = mapped_column(unique=True)
    purpose: Mapped[Code]
    case_identifier: Mapped[Code] = mapped_column(index=True)
    candidates: Mapped[list[str]]
    picks: Mapped[int]
    commitment: Mapped[str] = mapped_column(String(64))
    sealed_seed: Mapped[bytes] = mapped_column(LargeBinary)
    seed: Mapped[str | None] = mapped_column(String(64))
    digest: Mapped[str | None] = mapped_column(String(64))
    contributions: Mapped[list[Json]]
    result: Mapped[list[str]]
    committed_at: Mapped[datetime]
    drawn_at: Mapped[datetime | None]


def commit(
    session: Session, purpose: str, case_identifier: str, candidates: Sequence[str], picks: int, key: bytes
) -> Draw:
    """Freeze the list and publish the hash of a fresh seed, which is kept sealed under `key`.

    Raises RuleBroken for an empty list, a name twice, or more picks than candidates.
    """
    if not candidates or len(set(candidates)) != len(candidates) or not 1 <= picks <= len(candidates):
        raise RuleBroken(N_("候选名单不能为空、不能重复,抽取数量不能超过候选数量。"))
    seed = secrets.token_bytes(32)
    draw = Draw(
        identifier=identifiers.issue(session, "D"),
        purpose=purpose,
        case_identifier=case_identifier,
        candidates=list(candidates),
        picks=picks,
        commitment=hashlib.sha256(seed).hexdigest(),
        sealed_seed=sealing.wrap(key, seed),
        contributions=[],
        result=[],
        committed_at=clock.now(),
    )
    session.add(draw)
    session.flush()
    return draw


def load(session: Session, identifier: str, *, lock: bool = False) -> Draw:
    """The draw with this identifier, its row locked if asked; NotFound if there is none."""
    query = select(Draw).where(Draw.identifier == identifier)
    draw = session.scalars(query.with_for_update().execution_options(populate_existing=True) if lock else query).one_or_none()
    if draw is None:
        raise NotFound(N_("没有找到 %(identifier)s。"), identifier=identifier)
    return draw


def may_contribute(draw: Draw, party: str) -> bool:
    """Whether this party is a candidate that has not added its text, and the draw is still to come."""
    return draw.drawn_at is None and party in draw.candidates and all(c["party"] != party for c in draw.contributions)


def contribute(draw: Draw, party: str, value: str) -> None:
    """Add a participant's text (1 to 200 characters). Only candidates contribute, once each, before the draw."""
    if draw.drawn_at is not None:
        raise WrongState(N_("抽取已经完成。"))
    value = value.strip()
    if not 1 <= len(value) <= 200:
        raise RuleBroken(N_("请填写 1 到 200 个字符。"), "value")
    if not may_contribute(draw, party):
        raise RuleBroken(N_("只有候选者可以参与,每家一次。"), "value")
    draw.contributions = [*draw.contributions, {"party": party, "value": value}]


def run(draw: Draw, key: bytes) -> list[str]:
    """Open the seed, rank the candidates and keep the result. Returns the picked, best first."""
    if draw.drawn_at is not None:
        raise WrongState(N_("抽取已经完成。"))
    seed = sealing.unwrap(key, draw.sealed_seed)
    draw.seed = seed.hex()
    draw.digest = digest(draw.seed, draw.candidates, draw.contributions).hex()
    draw.result = rank(draw.seed, draw.candidates, draw.contributions)[: draw.picks]
    draw.drawn_at = clock.now()
    return draw.result


def rank(seed: str, candidates: Sequence[str], contributions: Sequence[Json]) -> list[str]:
    """All candidates in drawn order, from the published inputs (seed in hex)."""
    draw_key = digest(seed, candidates, contributions)
    return sorted(candidates, key=lambda name: hmac.digest(draw_key, name.encode(), "sha256"))


def digest(seed: str, candidates: Sequence[str], contributions: Sequence[Json]) -> bytes:
    """SHA-256 of the draw's inputs in canonical JSON: the key of its tickets, published with it."""
    canonical = json.dumps(
        {"candidates": list(candidates), "contributions": list(contributions), "seed": seed},
        ensure_ascii=False,
        separators=(",", ":"),
        sort_keys=True,
    )
    return hashlib.sha256(canonical.encode()).digest()


def publication(draw: Draw) -> dict[str, Any]:
    """The published file: what anyone needs to check the draw, the seed only once drawn."""
    return {
        "algorithm": ALGORITHM,
        "identifier": draw.identifier,
        "purpose": draw.purpose,
        "case": draw.case_identifier,
        "committed_at": draw.committed_at.isoformat(),
        "commitment": draw.commitment,
        "candidates": draw.candidates,
        "picks": draw.picks,
        "contributions": draw.contributions,
        "drawn_at": draw.drawn_at.isoformat() if draw.drawn_at else None,
        "seed": draw.seed,
        "digest": draw.digest,
        "result": draw.result,
    }
