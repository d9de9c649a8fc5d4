"""How the experts of the demonstration evaluate: each alone, and about what a proposal is worth."""

from __future__ import annotations

from sqlalchemy import select

from market.demo.stage import Stage, Story
from market.demonstration import words
from market.extensions import db
from market.sourcing.actions import scoring
from models.accounts import User
from models.base import Json
from models.sourcing.bids import Bid
from models.sourcing.evaluations import Evaluation
from models.sourcing.tenders import Tender

EXPERTS = ("expert1@demo.gongxin.cn", "expert2@demo.gongxin.cn", "expert3@demo.gongxin.cn")
NAMES = ("罗永年", "祝海燕", "熊志平")  # no agency's people are called so: a namesake is excused as tied
LINE, MOST = "技术方案", 30
CRITERIA: Json = {
    "price": {"weight": 40, "formula": "lowest_ratio"},
    "days": {"weight": 10},
    "credit": {"weight": 20},
    "quality": [{"name": LINE, "weight": MOST}],
}
BANDS = {26: "strong", 20: "sound", 0: "weak"}  # what an expert says, by the points it gives at the least


def score_story(stage: Stage, tender: str) -> Story:
    """Every expert declares, reads and scores, each on its own."""
    for expert in EXPERTS:
        yield stage.later(0)
        db.session.rollback()
        mine = select(Evaluation).join(Evaluation.tender).join(Evaluation.evaluator)
        sheet = db.session.scalars(mine.where(Tender.identifier == tender, User.email == expert)).one()
        identifier, item = sheet.identifier, sheet.tender.item.code
        skills = {bid.identifier: _skill(stage, bid) for bid in scoring.scored_bids(db.session, sheet.tender)}
        scoring.declare(stage.actors[expert], identifier)
        given = {bid: _points(stage, skill) for bid, skill in skills.items()}
        scoring.score(
            stage.actors[expert],
            identifier,
            sheet={
                bid: {"points": {LINE: points}, "reason": _opinion(stage, item, points)}
                for bid, points in given.items()
            },
        )


def _skill(stage: Stage, bid: Bid) -> float:
    """How well the bidder's work is liked; a visitor's agency's as most."""
    known = {
        stage.actors[a.email].organisation_id: a.character.pleases
        for a in stage.agencies
        if a.email in stage.actors
    }
    return known.get(bid.agency_id, 0.8)


def _points(stage: Stage, skill: float) -> int:
    """About what the agency is able to, as one expert sees it."""
    return max(10, min(MOST - 1, round(stage.random.gauss(12 + 16 * skill, 1.8))))


def _opinion(stage: Stage, item_code: str, points: int) -> str:
    """What an expert writes who gave so many points of thirty."""
    family, band = words.family(item_code), next(BANDS[least] for least in BANDS if points >= least)
    return stage.say(f"{band} {family.name}", getattr(family, band)) + stage.say(band, words.STAFFED[band])
