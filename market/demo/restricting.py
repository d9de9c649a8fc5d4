"""Restrictions of the demonstration: an agency stopped between award and contract, and one let go on."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from datetime import datetime

from market.credit.actions import records
from market.demo.choosing import Course, tender_story
from market.demo.stage import Stage, Story
from market.demonstration import people
from market.demonstration.people import REGULATOR, SECOND_OFFICIAL, Figure, voucher
from market.files import File, keep
from models import clock, workdays
from models.sourcing.modes import MODES
from models.sourcing.modes.direct import Direct

CAUGHT, LIFTED = 48, 51  # which agencies, by their places
DEFENCE = "登记住所的租约到期,新住所正在办理登记,附租赁合同。"
REPLY = "租赁合同已经核对;变更登记至今没有办理,该项申辩不予采纳。"
BEFORE, ASKED, OPEN, DECIDED = 18, 11, 5, 2  # working days before the end, and for answers


def restricted_stories(
    stage: Stage, buyers: list[Figure], until: datetime
) -> Iterator[tuple[datetime, Story]]:
    """Both stories, each with the instant at which it begins."""
    caught, lifted = stage.agencies[CAUGHT], stage.agencies[LIFTED]
    item = caught.items[0]
    buyer = next(each for each in buyers[6:] if not each.state_owned and people.needs(each, item))
    yield workdays.back(until, BEFORE), _caught(stage.dealt("caught"), buyer, caught, item, until)
    yield workdays.back(until, 95), _lifted(stage.dealt("lifted"), lifted)


def _told(stage: Stage, agency: Figure, kind: str, facts: str, source: str) -> Generator[datetime, None, str]:
    """A record as far as its subject's defence; what the generator returns is its number."""
    record = records.propose_by_hand(
        stage.actors[REGULATOR],
        subject=agency.code,
        kind=kind,
        facts=facts,
        source=source.format(year=clock.today().year),
        files=[File("决定书.pdf", keep(voucher(f"{kind} {agency.code}")))],
    )
    yield stage.later(1)
    records.notify(stage.actors[REGULATOR], record)
    yield stage.later(2)
    records.defend(stage.actors[agency.email], record, statement=DEFENCE)
    return record


def _decide(stage: Stage, record: str, months: int) -> None:
    reason = "登记机关的决定已经生效,予以认定。"
    records.uphold(stage.actors[SECOND_OFFICIAL], record, reason=reason, months=months, reply=REPLY)


def _caught(stage: Stage, buyer: Figure, agency: Figure, item: str, until: datetime) -> Story:
    """Chosen, and listed for serious violations before the contract was signed: the buyer may go on."""
    yield stage.later(0)
    facts = "被列入严重违法失信名单,决定书载明提交虚假材料取得登记。"
    record = yield from _told(stage, agency, "serious", facts, "市监严失〔{year}〕7号")

    def stopped(stage: Stage, _contract: str, _buyer: Figure, _agency: Figure) -> Story:
        yield workdays.back(until, DECIDED)
        _decide(stage, record, 36)

    deadline = workdays.add(workdays.back(until, ASKED), OPEN)
    yield from tender_story(stage, buyer, item, Course(MODES[Direct.name], agency, deadline, then=stopped))


def _lifted(stage: Stage, agency: Figure) -> Story:
    """Listed for abnormal operation, and over by itself after three months."""
    yield stage.later(0)
    facts = "通过登记的住所无法联系,被列入经营异常名录。"
    record = yield from _told(stage, agency, "abnormal", facts, "市监异〔{year}〕311号")
    yield stage.later(3)
    _decide(stage, record, 3)
