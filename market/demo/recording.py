"""Credit records of the demonstration: what comes of the market's own, and one in every state there is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select

from market.credit.actions import records
from market.demo.stage import Stage, Story
from market.demonstration.people import REGULATOR, SECOND_OFFICIAL, Figure, voucher
from market.extensions import db
from market.files import File, keep
from models import clock
from models.actors import Actor
from models.credit.records import CreditRecord, months_later

DEFENCES = (
    "当时正在办理变更,窗口已经受理,附受理单,请从轻处理。",
    "情况属实,我们已经改正,今后一定按规定办理。",
)
REPLY = "受理单已经核对;办理期间仍应在平台更新,该项申辩不予采纳,但在期限上已经从轻。"
COMMITMENT = "我单位承诺依法诚信经营,按规定公示收费和办理变更,接受社会监督;再有失信,愿意承担责任。"


@dataclass(frozen=True)
class Course:
    """One record: of which agency, what it is about, how long before the end it begins, how far it goes."""

    agency: int
    kind: str
    facts: str
    source: str
    days: int
    ends: str
    months: int = 3


COURSES = (
    Course(
        14,
        "scope",
        "在登记的经营范围之外承接两个水土保持监测项目。",
        "青市监处罚〔{year}〕64号",
        226,
        "repaired",
        6,
    ),
    Course(
        17,
        "address",
        "登记住所迁至演示路 88 号,两个月未办理变更登记。",
        "青市监责改〔{year}〕97号",
        190,
        "expired",
    ),
    Course(
        21,
        "unfair_terms",
        "合同补充条款约定“定金在任何情况下概不退还”。",
        "青市监合〔{year}〕41号",
        120,
        "repairing",
        6,
    ),
    Course(10, "scope", "在登记的经营范围之外承接工程测量。", "青市监处罚〔{year}〕203号", 60, "in_force", 6),
    Course(
        27, "false_report", "报告引用的三处监测数据没有原始记录。", "青环罚〔{year}〕15号", 45, "in_force", 12
    ),
    Course(
        30,
        "unfair_terms",
        "合同约定“由乙方所在地人民法院管辖”,未作提示说明。",
        "青市监合〔{year}〕52号",
        75,
        "suspended",
        6,
    ),
    Course(33, "scope", "在登记的经营范围之外承接安全评价。", "青市监处罚〔{year}〕187号", 80, "revoked", 3),
    Course(
        36, "fees_unpublished", "窗口公示的收费与平台公示不一致。", "青市监责改〔{year}〕140号", 40, "dropped"
    ),
    Course(
        39, "unfair_terms", "合同约定“本合同的最终解释权归乙方所有”。", "青市监合〔{year}〕66号", 12, "heard"
    ),
    Course(42, "address", "登记住所查无此机构,变更未登记。", "青市监责改〔{year}〕161号", 5, "notified"),
    Course(45, "scope", "在登记的经营范围之外承接地质灾害评估。", "青市监处罚〔{year}〕226号", 3, "proposed"),
    Course(15, "commended", "获评全省诚信中介服务机构。", "青政务表〔{year}〕9号", 90, "commended", 24),
)


def record_stories(stage: Stage, until: datetime) -> list[tuple[datetime, Story]]:
    """The stories of the records, each with the instant at which it begins."""
    told = [
        (
            until - timedelta(days=course.days),
            _record_story(stage.dealt(f"record {course.source}"), course, stage.agencies[course.agency]),
        )
        for course in COURSES
    ]
    return [*told, (until - timedelta(days=360), _docket(stage.dealt("records")))]


def _files(name: str) -> list[File]:
    return [File(f"{name}.pdf", keep(voucher(name)))]


def _record_story(stage: Stage, course: Course, agency: Figure) -> Story:
    """A record from its proposal as far as its course goes."""
    yield stage.later(0)
    proposer, decider = stage.actors[REGULATOR], stage.actors[SECOND_OFFICIAL]
    db.session.rollback()
    subject = stage.actors[agency.email]
    record = records.propose_by_hand(
        proposer,
        subject=agency.code,
        kind=course.kind,
        facts=course.facts,
        source=course.source.format(year=clock.today().year),
        files=_files("现场检查笔录"),
    )
    yield stage.later(1)
    if course.ends == "commended":
        records.commend(decider, record, reason="表彰文件已经核对,予以认定。", months=course.months)
        return
    if course.ends == "proposed":
        return
    records.notify(proposer, record)
    if course.ends == "notified":
        return
    yield stage.later(2)
    records.defend(subject, record, statement=stage.say("defence", DEFENCES), files=_files("受理单"))
    if course.ends == "heard":
        return
    yield stage.later(3)
    if course.ends == "dropped":
        records.drop_record(decider, record, reason="申辩成立:两处公示的差异出于系统更新,不予认定。")
        return
    records.uphold(decider, record, reason="事实清楚,证据充分,予以认定。", months=course.months, reply=REPLY)
    yield from _afterwards(stage, course, record, subject)


def _afterwards(stage: Stage, course: Course, record: str, subject: Actor) -> Story:
    """What comes after a record is in force."""
    decider = stage.actors[SECOND_OFFICIAL]
    if course.ends in ("repaired", "repairing"):
        db.session.rollback()
        case = CreditRecord.load(db.session, record)
        assert case.in_force_from is not None
        yield months_later(case.in_force_from, case.term.least_months) + timedelta(minutes=1)
        yield stage.later(12)
        records.ask_repair(subject, record, commitment=COMMITMENT, files=_files("整改报告"))
    yield stage.later(4)
    if course.ends == "repaired":
        records.repair(decider, record, reason="变更登记已经办理,承诺已经公开,同意修复。")
    if course.ends == "suspended":
        records.suspend(
            decider, record, reason="人民法院已经裁定受理其重整申请。", files=_files("民事裁定书")
        )
    if course.ends == "revoked":
        records.revoke(decider, record, reason="行政复议认定事实不清,撤销原认定。")


def _docket(stage: Stage) -> Story:
    """What the market's own events put forward is told, heard and decided on, as it comes in."""
    yield stage.later(0)
    proposer = stage.actors[REGULATOR]
    while True:
        db.session.rollback()
        found = select(CreditRecord.identifier, CreditRecord.state, CreditRecord.subject_id).where(
            CreditRecord.proposed_by_id.is_(None), CreditRecord.state.in_(("proposed", "notified", "heard"))
        )
        for record, state, subject in db.session.execute(found.order_by(CreditRecord.id)).all():
            if state == "proposed":
                records.notify(proposer, record)
            elif state == "notified" and stage.random.random() < 0.4:
                actor = next((a for a in stage.actors.values() if a.organisation_id == subject), None)
                if actor is not None:
                    records.defend(actor, record, statement=stage.say("defence", DEFENCES))
            elif state == "heard":
                _decide(stage, record)
        yield stage.later(2)


def _decide(stage: Stage, record: str) -> None:
    db.session.rollback()
    case = CreditRecord.load(db.session, record)
    months, stated = case.rule.months, bool(case.statements)
    decider = stage.actors[SECOND_OFFICIAL]
    if stated and case.kind != "given_up" and stage.random.random() < 0.3:
        records.drop_record(decider, record, reason="申辩成立,责任不在当事人,不予认定。")
    else:
        records.uphold(
            decider, record, reason="事实清楚,予以认定。", months=months, reply=REPLY if stated else ""
        )
