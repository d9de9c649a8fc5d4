"""How contracts of the demonstration are rated, and what comes of it: replies, follow-ups, appeals."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from random import Random
from typing import Any

from sqlalchemy import select

from market.demo.stage import Stage, Story
from market.demonstration import praise, words
from market.demonstration.characters import Character
from market.demonstration.people import REGULATOR, voucher
from market.extensions import db
from market.files import File
from market.ratings.actions import appealing, following
from market.ratings.actions import rating as ratings
from models import workdays
from models.actors import Actor
from models.contracts.agreement import Contract
from models.contracts.deliverables import Deliverable
from models.ratings.follow_ups import FollowUp
from models.ratings.rating import DIMENSIONS, Rating

# What a dissatisfied buyer gives for work that came in time, and a satisfied agency.
BAD = {"quality": 2, "timeliness": 3, "service": 1, "price": 2, "integrity": 2}
GOOD = dict.fromkeys(DIMENSIONS["agency"], 4)
# How far what follows has come, and how many working days before the end the buyer gave its rating.
SINCE = {
    "due": 0,
    "contacted": 4,
    "answered": 9,
    "mended": 20,
    "denied": 22,
    "filed": 6,
    "reject": 34,
    "uphold": 34,
}
# How an appeal of the demonstration ends: its ground, what is claimed, stated and decided.
APPEALS = {
    "filed": ("fraud", "评语说中途加价,合同价款自签订起没有变过,附全部收款凭证。", "", ""),
    "reject": (
        "fraud",
        "评语所说联系不上人不属实,我单位有通话记录。",
        "通话记录是签约之前的,履行期间确实多次无人接听。",
        "所附通话记录不在合同履行期间,不能证明评价虚假,评价保留。",
    ),
    "uphold": (
        "unrelated",
        "评语写的人员和现场都是另一份合同的,与本合同无关,附两份合同的人员名单。",
        "经办人同时负责两个项目,评语可能写混了。",
        "经核对两份合同的人员和现场,评语所述与本合同无关,依规定隐去。",
    ),
}


def of_contract(contract: str) -> list[Rating]:
    db.session.rollback()
    query = select(Rating).join(Rating.contract).where(Contract.identifier == contract)
    return list(db.session.scalars(query.order_by(Rating.id)).unique())


def rate_story(
    stage: Stage, contract: str, owner: Actor, worker: Actor, character: Character, slow: bool
) -> Story:
    """Either party gives stars, and says what goes with them; what was so is known to both."""
    random, family = stage.random, _family(contract)
    facts = _facts(contract)
    pleased = character.pleases - 0.25 * ("late" in facts) - 0.2 * ("sent_back" in facts)
    if random.random() < 0.9:
        scores = _stars(random, "buyer", pleased)
        scores["timeliness"] = _timed(scores["timeliness"], late="late" in facts)
        if "sent_back" in facts:
            scores["quality"] = max(1, min(3, scores["quality"] - 1))
        _give(stage, contract, "buyer", owner, scores, facts)
    yield stage.later(random.randrange(1, 5))
    if random.random() < 0.8:
        scores = _stars(random, "agency", 0.85 - 0.25 * slow)
        scores["materials"] = _timed(scores["materials"], late=slow)
        scores["payment"] = max(3, scores["payment"])  # nobody of the demonstration pays late
        _give(stage, contract, "agency", worker, scores, frozenset({"late"} if slow else ()))
    own = stage.dealt(f"rates {family.name} {contract}")  # its dice change nobody's luck
    if own.random.random() < 0.7:
        yield from _reviewed(own, contract, character.pleases, facts)
    yield from answered(own, contract, {"buyer": owner, "agency": worker}, character)


def _reviewed(stage: Stage, contract: str, pleases: float, facts: frozenset[str]) -> Story:
    """The department that reviewed rates the reports, whatever the parties do."""
    yield stage.later(stage.random.randrange(1, 4))
    for rating in of_contract(contract):
        if rating.by == "department" and rating.state == "due":
            scores = _stars(stage.random, "department", pleases - 0.2 * ("sent_back" in facts))
            department = _actor(stage, rating.rater_id, {})
            if department is not None:
                _give(stage, contract, "department", department, scores, frozenset())


def answered(stage: Stage, contract: str, parties: dict[str, Actor], character: Character) -> Story:
    """What whoever was rated does once it reads that: it replies, and follows up what is bad."""
    open_until = [rating.closes_at for rating in of_contract(contract) if rating.state == "sealed"]
    if open_until:
        yield max(open_until)
    yield stage.later(1)
    for rating in of_contract(contract):
        if rating.shown and stage.random.random() < character.replies:
            _reply(stage, rating, parties)
    followed = [found.identifier for found in _followed(contract) if found.state == "due"]
    for found in followed:
        _contact(stage, found, parties)
    if not followed:
        return
    yield stage.later(stage.random.randrange(2, 9))
    for found in followed:
        _report(stage, found, parties)
    yield stage.later(stage.random.randrange(1, 4))
    for found in followed:
        luck = stage.random.random()
        if luck < 0.9:
            _say(stage, found, parties, mended=luck < 0.9 * character.mends)


def bad_story(
    stage: Stage, contract: str, owner: Actor, worker: Actor, until: datetime, end: str
) -> Iterator[datetime]:
    """A settled contract its buyer is dissatisfied with, as far as `end`: of a follow-up or of an appeal."""
    parties, since = {"buyer": owner, "agency": worker}, SINCE[end]
    _give(stage, contract, "agency", worker, GOOD, frozenset())
    yield workdays.back(until, since) if since else until - timedelta(hours=1)
    _give(stage, contract, "buyer", owner, BAD, _facts(contract) & {"late"})
    (found,) = [each.identifier for each in _followed(contract)]
    if end == "due":
        return
    yield stage.later(1)
    _contact(stage, found, parties)
    (rating,) = [each for each in of_contract(contract) if each.by == "buyer"]
    if end in APPEALS:
        number = rating.identifier
        if end == "reject":
            _report(stage, found, parties)
        yield stage.later(2)
        yield from _appeal(stage, number, owner, worker, end)
        return
    _reply(stage, rating, parties)
    if end == "contacted":
        return
    yield stage.later(4)
    _report(stage, found, parties)
    if end == "answered":
        return
    yield stage.later(2)
    _say(stage, found, parties, mended=end == "mended")


def _appeal(stage: Stage, rating: str, owner: Actor, worker: Actor, end: str) -> Iterator[datetime]:
    """The agency appeals; the buyer states its side, and the regulator decides."""
    ground, claim, statement, decision = APPEALS[end]
    paper = File("申诉证据.pdf", voucher(f"{rating} 申诉证据"))
    appeal = appealing.file(worker, rating, ground=ground, claim=claim, files=[paper])
    if end == "filed":
        return
    yield stage.later(3)
    appealing.state(owner, appeal, statement=statement)
    yield stage.later(6)
    decide = appealing.uphold if end == "uphold" else appealing.reject
    decide(stage.actors[REGULATOR], appeal, reason=decision)


def _give(
    stage: Stage, contract: str, by: str, who: Actor, scores: dict[str, int], facts: frozenset[str]
) -> None:
    give(
        contract,
        by,
        who,
        scores,
        praise.comment(stage.tongue, stage.say, by, scores, _family(contract), facts),
    )


def give(contract: str, by: str, who: Actor, scores: dict[str, int], comment: str) -> None:
    """A party gives these stars, in these words."""
    mine = next(r for r in of_contract(contract) if r.by == by and r.rater_id == who.organisation_id)
    ratings.rate(who, mine.identifier, scores=scores, comment=comment)


def _family(contract: str) -> words.Family:
    db.session.rollback()
    return words.family(Contract.load(db.session, contract).tender.item.code)


def _followed(contract: str) -> list[FollowUp]:
    db.session.rollback()
    query = select(FollowUp).join(FollowUp.rating).join(Rating.contract)
    found = query.where(Contract.identifier == contract).order_by(FollowUp.id)
    return list(db.session.scalars(found).unique())


def _actor(stage: Stage, organisation: int, parties: dict[str, Actor]) -> Actor | None:
    """Who acts for an organisation: a party, or somebody of a department who has an account here."""
    among = [*parties.values(), *(stage.actors[email] for email in stage.departments.values())]
    return next((actor for actor in among if actor.organisation_id == organisation), None)


def _after(stage: Stage, what: str) -> str:
    return stage.say(f"after {what}", words.read("comments")["after"][what])


def _reply(stage: Stage, rating: Rating, parties: dict[str, Actor]) -> None:
    who, level = _actor(stage, rating.ratee_id, parties), rating.level or 0
    if who is not None and (level >= 4 or level <= 2):
        ratings.reply(who, rating.identifier, reply=_after(stage, "thanks" if level >= 4 else "sorry"))


def _side(stage: Stage, found: str, side: str, parties: dict[str, Actor]) -> Actor | None:
    db.session.rollback()
    return _actor(stage, getattr(FollowUp.load(db.session, found), f"{side}_id"), parties)


def _contact(stage: Stage, found: str, parties: dict[str, Actor]) -> None:
    if (who := _side(stage, found, "ratee", parties)) is not None:
        following.contact(who, found, contact=_after(stage, "contact"))


def _report(stage: Stage, found: str, parties: dict[str, Actor]) -> None:
    if (who := _side(stage, found, "ratee", parties)) is not None:
        following.report(who, found, result=_after(stage, "result"))


def _say(stage: Stage, found: str, parties: dict[str, Actor], *, mended: bool) -> None:
    who = _side(stage, found, "rater", parties)
    if who is None:
        return
    if mended:
        following.mend(who, found)
    else:
        following.deny(who, found, reason=_after(stage, "denied"))


def _facts(contract: str) -> frozenset[str]:
    """Whether what was delivered came late, was sent back by its department, or passed at once."""
    db.session.rollback()
    query: Any = select(Deliverable).join(Deliverable.contract).where(Contract.identifier == contract)
    course = db.session.scalars(query).unique().all()
    late = any(found.on_time is False for found in course)
    sent_back = any(found.first_pass is False for found in course)
    return frozenset(({"late"} if late else set()) | {"sent_back" if sent_back else "passed"})


def _timed(stars: int, *, late: bool) -> int:
    """Stars for keeping a term: three at the most for who was late, at the least for who was not."""
    return max(1, min(3, stars - 1)) if late else max(3, stars)


def _stars(random: Random, by: str, level: float) -> dict[str, int]:
    """Stars for every dimension about a level from 0 to 1."""
    return {name: max(1, min(5, round(random.gauss(2.0 + 3.3 * level, 0.5)))) for name in DIMENSIONS[by]}
