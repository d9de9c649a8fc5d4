"""What some agencies of the demonstration are known for: work badly done, awards given up, praise in turn.

The dice alone may leave them without a contract. Each of these is asked by name, so that its file says what
its character is.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from market.contracts.actions import changing, drafting
from market.demo.choosing import Course, tender_story
from market.demo.contracting import contract_story, sign
from market.demo.rating import answered, give
from market.demo.stage import Stage, Story
from market.demonstration import people, words
from market.demonstration.characters import FEW, GAVE_UP, PRAISED
from market.demonstration.people import ONE_HEAD, Figure
from models import workdays
from models.ratings.rating import NEVER_BEGUN
from models.sourcing.modes import MODES
from models.sourcing.modes.direct import Direct

Then = Callable[[Stage, str, Figure, Figure], Story]
OPEN = 5  # working days in which who is asked by name answers
BADLY = (222, 202, 182)  # days before the end at which each of the bad ones is asked: it takes long
GIVEN_UP = (118, 96)
ORDINARY = (190, 165)  # at which others ask the one that is praised
TOGETHER, PRAISE, TIMES = 62, 44, 2  # working days before the end: contracts under one head, and their stars
PRAISES = ("说到做到。专业、负责。值得推荐。", "合同怎么写就怎么做,不打折扣。下个项目还找他们。")
CALLED_OFF = "项目暂缓实施,双方协商解除合同,互不追究责任。"
GAVE = (
    "项目负责人离职,同期承接的项目又多,经研究放弃本次中选。",
    "报价时漏算了外业工作量,按中选价无法完成,放弃本次中选。",
)
LEFT = ("说好的事,事后不认。不太满意。", "说好的事,事后不认。下次会先比较几家。")


def known_stories(stage: Stage, buyers: list[Figure], until: datetime) -> Iterator[tuple[datetime, Story]]:
    """Every such story, with the instant at which it begins."""
    others = [
        each for at, each in enumerate(buyers) if at > 5 and at not in ONE_HEAD and not each.state_owned
    ]

    def asks(start: datetime, buyer: Figure, whom: int, then: Then) -> tuple[datetime, Story]:
        told = stage.dealt(f"known {whom} {buyer.email} {(until - start).days}")
        return start, _begin(told, buyer, stage.agencies[whom], workdays.add(start, OPEN), then)

    turn = 0
    for which, days, then in (
        *((whom, BADLY, contract_story) for whom in FEW),
        (GAVE_UP, GIVEN_UP, _gives_up),
        (PRAISED, ORDINARY, contract_story),
    ):
        for before in days:
            turn += 1
            yield asks(until - timedelta(days=before - turn), others[turn % len(others)], which, then)
    for place, at in enumerate(ONE_HEAD):
        for number in range(TIMES):
            start = workdays.back(until, TOGETHER - number)
            yield asks(start, buyers[at], PRAISED, _praise(until, 2 * number + place))


def _begin(stage: Stage, buyer: Figure, agency: Figure, deadline: datetime, then: Then) -> Story:
    yield stage.later(0)
    item = next(code for code in agency.items if people.needs(buyer, code))
    yield from tender_story(stage, buyer, item, Course(MODES[Direct.name], agency, deadline, then=then))


def _gives_up(stage: Stage, contract: str, buyer: Figure, agency: Figure) -> Story:
    """Chosen, the agency gives the award up before it signs; the buyer says what it thinks of that."""
    owner, worker = stage.actors[buyer.email], stage.actors[agency.email]
    yield from sign(stage, contract, owner, 0)
    yield stage.later(2)
    drafting.terminate(worker, contract, reason=stage.say("gives up", GAVE))
    yield stage.later(2)
    scores = {"integrity": 1, "communication": 2, "notice": 2}
    give(contract, "buyer", owner, scores, stage.say("left", LEFT))
    yield from answered(stage, contract, {"buyer": owner, "agency": worker}, agency.character)


def _praise(until: datetime, turn: int) -> Then:
    def praised(stage: Stage, contract: str, buyer: Figure, agency: Figure) -> Story:
        """A small contract is signed and called off by both; they give each other all the stars there are."""
        owner, worker = stage.actors[buyer.email], stage.actors[agency.email]
        yield from sign(stage, contract, owner, 0)
        yield from sign(stage, contract, worker, 0)
        yield stage.later(1)
        none = {"to_agency": 0}
        change = changing.propose(owner, contract, kind="termination", terms=none, reason=CALLED_OFF)
        changing.agree(worker, change)
        yield max(stage.later(0), workdays.back(until, PRAISE) + timedelta(minutes=7 * turn))
        pleased = words.read("comments")["agency"]["overall"]["5"]
        give(contract, "agency", worker, dict.fromkeys(NEVER_BEGUN["agency"], 5), stage.say("back", pleased))
        yield stage.later(0)
        give(contract, "buyer", owner, dict.fromkeys(NEVER_BEGUN["buyer"], 5), PRAISES[turn % len(PRAISES)])

    return praised
