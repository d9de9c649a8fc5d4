"""The verifiable draw: nobody, the operator included, can choose its outcome, and anyone can re-run it.

1. *Promise.* A secret 32-byte seed is made and its SHA-256 published, before anybody takes part.
2. *Freeze.* The ordered list of candidates is published; it never changes again.
3. *Run.* What the participants brought, handed in sealed so that none could follow another's, is opened, and
the seed is published. (Of a bidder's own text its salted hash: models/sourcing/bids.py.) Every candidate gets
a ticket, HMAC-SHA256(key=SHA-256(canonical JSON of seed, candidates, contributions), message=candidate), and
the candidates are ranked by ticket, lowest first. Tickets are uniform and independent for any fixed list, so
every order is equally likely; one honest participant is enough for that.

Where nobody takes part but whoever makes the list, step 2 also names a source of chance that will be
known only later (chance.py), and fixes what is made of the order (`bound`). A hash of list, source and
`bound` goes into the draw as a contribution, beside what the source brings: none of them can be changed
after, and none tried before.

docs/verify_draw.py re-runs a published draw without a line of this code.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from secrets import token_bytes
from typing import Any, ClassVar

import rfc8785
from sqlalchemy import LargeBinary, String, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from models import chance, clock, identifiers, sealing
from models.base import Base, Code, Json
from models.errors import NotFound, RuleViolation, WrongState
from models.i18n import N_
from models.identifiers import Numbered

ALGORITHM = "gongxin-draw-2"
SOURCED = "gongxin-draw-3"  # with a source of chance named beforehand


class Draw(Numbered, Base):
    """One draw: `picks` of the `candidates`, once these are frozen. The seed is sealed until `drawn_at`.

    `source` is the source of chance named with the list, if any, `bound` what is made of the drawn order.
    """

    __tablename__ = "draws"
    prefix: ClassVar[str] = "D"

    identifier: Mapped[Code] = mapped_column(unique=True)
    purpose: Mapped[Code]
    case_identifier: Mapped[Code] = mapped_column(index=True)
    candidates: Mapped[list[str]]
    participants: Mapped[list[str]]
    picks: Mapped[int]
    commitment: Mapped[str] = mapped_column(String(64))
    sealed_seed: Mapped[bytes] = mapped_column(LargeBinary)
    seed: Mapped[str | None] = mapped_column(String(64))
    digest: Mapped[str | None] = mapped_column(String(64))
    contributions: Mapped[list[Json]]
    result: Mapped[list[str]]
    committed_at: Mapped[datetime]
    frozen_at: Mapped[datetime | None]
    drawn_at: Mapped[datetime | None]
    source: Mapped[Json | None]
    bound: Mapped[Json | None]


def promise(session: Session, purpose: str, case_identifier: str, key: bytes) -> Draw:
    """Publish the hash of a fresh seed, which is kept sealed under `key`."""
    seed = token_bytes(32)
    draw = Draw(
        identifier=identifiers.issue(session, Draw),
        purpose=purpose,
        case_identifier=case_identifier,
        candidates=[],
        participants=[],
        picks=0,
        commitment=hashlib.sha256(seed).hexdigest(),
        sealed_seed=sealing.wrap(key, seed),
        contributions=[],
        result=[],
        committed_at=clock.now(),
    )
    session.add(draw)
    session.flush()
    return draw


def freeze(
    draw: Draw,
    candidates: Sequence[str],
    picks: int,
    participants: Sequence[str] | None = None,
    *,
    source: Json | None = None,
    bound: Json | None = None,
) -> None:
    """Fix the list to draw from, and who may contribute: the candidates, unless others take part.

    With a `source` (chance.py) these are its parties, and `bound` (names, texts and whole numbers) is
    fixed with the list. Raises RuleViolation for an empty list, a name twice, more picks than
    candidates, or a source that is known already or too soon; WrongState if it is fixed.
    """
    if draw.frozen_at is not None:
        raise WrongState(N_("抽取名单已经固定。"))
    if not candidates or len(set(candidates)) != len(candidates) or not 1 <= picks <= len(candidates):
        raise RuleViolation(N_("候选名单不能为空、不能重复,抽取数量不能超过候选数量。"))
    if source is not None and chance.known_from(source) < clock.now() + chance.AHEAD:
        raise RuleViolation(N_("随机来源要在固定名单之后才产生,不能用已经知道的。"))
    draw.candidates, draw.picks = list(candidates), picks
    draw.source, draw.bound = source, bound
    participants = participants if source is None else chance.parties(source)
    draw.participants = list(candidates if participants is None else participants)
    draw.frozen_at = clock.now()


def load(session: Session, identifier: str, *, lock: bool = False) -> Draw:
    """The draw with this identifier, its row locked if asked; NotFound if there is none."""
    query = select(Draw).where(Draw.identifier == identifier)
    draw = session.scalars(
        query.with_for_update().execution_options(populate_existing=True) if lock else query
    ).one_or_none()
    if draw is None:
        raise NotFound(N_("没有找到 %(identifier)s。"), identifier=identifier)
    return draw


def of_case(session: Session, case_identifier: str) -> list[Draw]:
    """The draws of one case, oldest first."""
    return list(
        session.scalars(select(Draw).where(Draw.case_identifier == case_identifier).order_by(Draw.id))
    )


def run(draw: Draw, key: bytes, contributions: Sequence[Json] = ()) -> list[str]:
    """Open the seed, rank the candidates and keep the result. Returns the picked, best first.

    `contributions` are what the participants brought, as {"party", "value"}; RuleViolation if one is by
    nobody on the list of participants, or two by one. Of a draw with a source they are what the source
    brought (`chance.from_round`, `from_lottery`), all of it and not before it can be known.
    """
    if draw.frozen_at is None or draw.drawn_at is not None:
        raise WrongState(N_("抽取名单还没有固定,或抽取已经完成。"))
    parties = [said["party"] for said in contributions]
    if len(set(parties)) != len(parties) or not set(parties) <= set(draw.participants):
        raise RuleViolation(N_("只有参与者可以写入抽取参数,每家一次。"))
    if draw.source is not None:
        contributions = [{"party": chance.LIST, "value": listed(draw)}, *contributions]
        if [said["party"] for said in contributions] != draw.participants:
            raise RuleViolation(N_("公布的随机来源还没有到齐,不能抽取。"))
        if chance.known_from(draw.source) > clock.now():
            raise WrongState(N_("公布的随机来源还没有产生,不能抽取。"))
    draw.contributions = list(contributions)
    draw.seed = sealing.unwrap(key, draw.sealed_seed).hex()
    draw.digest = digest(draw.seed, draw.candidates, draw.contributions).hex()
    draw.result = rank(draw.seed, draw.candidates, draw.contributions)[: draw.picks]
    draw.drawn_at = clock.now()
    return draw.result


def rank(seed: str, candidates: Sequence[str], contributions: Sequence[Json]) -> list[str]:
    """All candidates in drawn order, from the published inputs (seed in hex)."""
    draw_key = digest(seed, candidates, contributions)
    return sorted(candidates, key=lambda name: hmac.digest(draw_key, name.encode(), "sha256"))


def digest(seed: str, candidates: Sequence[str], contributions: Sequence[Json]) -> bytes:
    """SHA-256 of a draw's inputs in canonical JSON (RFC 8785): the key of its tickets, published with it."""
    inputs: Json = {"candidates": list(candidates), "contributions": list(contributions), "seed": seed}
    return hashlib.sha256(rfc8785.dumps(inputs)).digest()


def listed(draw: Draw) -> str:
    """SHA-256 of what was fixed with a source: list, how many are picked, source, what is made of it."""
    fixed = {"bound": draw.bound, "candidates": draw.candidates, "picks": draw.picks, "source": draw.source}
    return hashlib.sha256(rfc8785.dumps(fixed)).hexdigest()


def publication(draw: Draw, *, shown: bool = True) -> dict[str, Any]:
    """The published file: what anyone needs to check the draw, the seed only once drawn.

    And, until what was drawn is `shown`, as if it were not.
    """
    drawn = shown and draw.drawn_at is not None
    told = {"source": draw.source, "bound": draw.bound, "listed": listed(draw)} if draw.source else {}
    return {
        "algorithm": SOURCED if draw.source else ALGORITHM,
        "identifier": draw.identifier,
        "purpose": draw.purpose,
        "case": draw.case_identifier,
        "committed_at": draw.committed_at.isoformat(),
        "commitment": draw.commitment,
        "frozen_at": draw.frozen_at.isoformat() if draw.frozen_at else None,
        "candidates": draw.candidates,
        "participants": draw.participants,
        "picks": draw.picks,
        "contributions": draw.contributions if drawn else [],
        "drawn_at": draw.drawn_at.isoformat() if drawn and draw.drawn_at else None,
        "seed": draw.seed if drawn else None,
        "digest": draw.digest if drawn else None,
        "result": draw.result if drawn else [],
        **told,
    }
