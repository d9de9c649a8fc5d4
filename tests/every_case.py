"""A market with a case of every kind and, where pages differ, of every state; and what in it is secret."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from harness.factories import PDF, World
from market.access_codes import code_of
from market.accounts.actions import authorising, members
from market.agencies import imports
from market.agencies.actions import accounts as account_actions
from market.agencies.actions import registry
from market.contracts.actions import changing, disputing
from market.credit.actions import listings, records, reports
from market.extensions import db
from market.files import File, keep
from market.messages import actions
from market.oversight.actions import complaints, filing
from market.oversight.actions import reports as reporting
from market.payments.actions import importing, invoicing
from market.payments.jobs import close_books, match_lines
from market.ratings.actions import appealing
from market.sourcing.actions import awards, bids, closing, questions, quotes, scoring
from market.transaction import transaction
from models import clock, draws, policy
from models.accounts import Organisation
from models.actors import SYSTEM, VISITOR
from models.agencies.checks import open_check
from models.contacts import ContactPerson
from models.contracts.agreement import Contract
from models.contracts.deliverables import Deliverable
from models.contracts.materials import Materials
from models.credit.listings import ExternalListing
from models.credit.records import propose
from models.documents import Document, of_case
from models.ledger import books
from models.messages import FILE
from models.oversight import flagging
from models.oversight.answers import Answer
from models.oversight.red_flags import RedFlag
from models.payments.payment import Payment
from models.payments.payouts import Payout
from models.ratings.follow_ups import FollowUp
from models.ratings.rating import Rating
from models.sourcing.awards import Award
from models.sourcing.clarifications import Clarification
from models.sourcing.evaluations import Evaluation
from models.sourcing.tenders import Tender
from tests.credit.external_lists import bring, row

CRITERIA = {
    "price": {"weight": 40, "formula": "lowest_ratio"},
    "days": {"weight": 10},
    "credit": {"weight": 20},
    "quality": [{"name": "技术方案", "weight": 30}],
}
SEALED = 4_321_700  # a bid nobody may see before its opening
SECRETS = ("43,217", "43217", str(SEALED), "密封的话", "我的参数")


def says(text: str, secret: str) -> bool:
    """Whether a text tells this; figures within a digest are none."""
    return secret in text and (
        not secret.isdigit() or re.search(rf"(?<![0-9a-f]){secret}(?![0-9a-f])", text) is not None
    )


HIDDEN = 3_917_300  # a quote nobody but its agency may see before the deadline
OWN = ("39,173", "39173", str(HIDDEN), "只给自己看的话")  # what tells it


def name_the_cases(world: World, time: Any) -> dict[str, str]:
    """One case of every kind and, where pages differ, of every state."""
    world.authority("far", "regulator", region="540000")
    world.enterprise("other")
    world.agency("applicant", verified=False)
    world.appoint_admin()
    contract = world.settled()
    names = {name: world.identifiers[name] for name in ("agency", "buyer", "applicant")}
    names |= {"contract": contract, "deliverable": world.one(Deliverable, contract).identifier}
    names["report"] = world.one(Deliverable, contract).versions[0].document.identifier
    payment = world.one(Payment, contract, kind="deposit")
    names |= {"payment": payment.identifier, "voucher": payment.voucher.identifier}
    names |= _rated(world, contract)
    award = db.session.scalars(select(Award).join(Contract).where(Contract.identifier == contract)).one()
    names |= {"award": award.identifier, "awarded": award.tender.identifier}
    names |= _money_of(world, contract, time)
    names["running"] = world.started()
    names["materials"] = world.one(Materials, names["running"]).identifier
    names["change"] = changing.propose(
        world.actor("agency"), names["running"], kind="extension", terms={"days": 3}, reason="踏勘遇到大雪"
    )
    disputed = world.started()
    names["disputed"] = disputed
    names["dispute"] = disputing.file(world.actor("buyer"), disputed, claim="机构收到定金后一直没有开展工作")
    delivered = world.started()
    names["delivered"] = world.delivered(delivered)
    names["due"] = world.one(Payment, world.signed(), kind="deposit").identifier
    names["check"], names["record"] = _checked(world)
    names |= _records(world)
    names |= _listed(world)
    names["batch"] = imports.upload_table(
        world.actor("agency"),
        kind="fees",
        file_name="f.csv",
        content="事项编号,承诺工期(工作日)\nWAT-01,20".encode(),
    )
    names["comparison"] = registry.compare_with_register(
        world.actor("regulator"), file_name="r.csv", content="统一社会信用代码,名称,登记状态".encode()
    )
    names["paper"] = reports.issue(world.actor("agency"))
    names["drafted"] = world.contract_of(world.awarded()).identifier
    names["code"] = code_of(names["drafted"])
    names["draft"] = world.tender(publish=False)
    names["live"] = world.tender(
        mode="reverse_auction", funds="state", deadline=time.instant.replace(day=9, hour=10)
    )
    names["merit"] = world.tender(mode="merit", funds="state", criteria=CRITERIA)
    scoring.appoint(world.actor("buyer"), names["merit"], email="other@example.cn")
    for tender in (names["live"], names["merit"]):
        for name in ("agency", "second", "third"):
            bids.submit(world.actor(name), tender, price=100_00, days=20)
    names["evaluation"] = db.session.scalars(select(Evaluation.identifier)).one()
    names["invited"] = world.tender(openness="invited", invited=[world.identifiers["agency"]])
    names["evaluated"] = world.tender()
    quotes.submit(world.actor("agency"), names["evaluated"], price=100, days=20)
    closing.close(world.actor("buyer"), names["evaluated"])
    tied = world.tender(mode="sealed_bid", funds="state", project="高标准农田项目(水源工程)")
    world.bids(tied, second=101_00, third=101_00)
    names["opened"] = bids.submit(
        world.actor("agency"), tied, price=100_00, days=20, file_name="f.pdf", content=PDF
    )
    time.closing(tied)
    names["red_flag"] = _flagged(tied)
    names["tied"] = awards.award(world.actor("buyer"), tied, reasons="报价最低,工期满足")
    names["objection"] = awards.object_to(
        world.actor("second"), names["tied"], grounds="中选机构的业绩与事实不符"
    )
    names["draw"] = draws.of_case(db.session, tied)[0].identifier
    names["inquiry"] = world.tender()
    names["quote"] = quotes.submit(world.actor("agency"), names["inquiry"], price=100, days=20)
    names["question"] = _asked(world, names["inquiry"])
    names["quiet"] = world.tender(funds="state")
    names["claim"] = members.sign_up(
        VISITOR, **{**world._person("claimant", kind="agency"), "uscc": world.organisation("agency").uscc}
    )
    names["authorisation"] = authorising.open_letter(
        world.actor("agency"), covers=["sign"], until=time.instant + timedelta(days=365)
    )
    authorising.file(world.actor("agency"), names["authorisation"], file_name="授权书.pdf", content=PDF)
    names["letter"] = of_case(db.session, "authorisation", names["authorisation"])[0].identifier
    names["account_change"] = account_actions.change_account(
        world.actor("agency"),
        bank_name="演示银行",
        account_name="agency单位",
        account_number="6228000099990000",
    )
    names |= _talked_about(world, names)
    names |= _reported(world, names["running"])
    names["hidden"] = quotes.submit(
        world.actor("agency"), names["quiet"], price=HIDDEN, days=20, note="只给自己看的话"
    )
    names["sealed"] = world.tender(mode="sealed_bid", funds="state")
    names["bid"] = bids.submit(
        world.actor("agency"),
        names["sealed"],
        price=SEALED,
        days=20,
        note="密封的话",
        contribution="我的参数",
    )
    return names


def _flagged(tender: str) -> str:
    """A sign in a tender that was opened: two of its bids have one price."""
    db.session.rollback()
    with transaction() as session:
        flagging.flag_tender(session, policy.current(), Tender.load(session, tender), clock.now())
        return session.scalars(select(RedFlag.identifier).where(RedFlag.kind == "same_prices")).one()


def _talked_about(world: World, names: dict[str, str]) -> dict[str, str]:
    """A message with a file on a contract, one on an offer, and somebody to be called."""
    buyer = world.actor("buyer")
    actions.add_contact(buyer, name="才让", purpose="技术对接", phone="0971-0000123", email="")
    person = db.session.scalars(select(ContactPerson.id)).one()
    actions.name_contact(buyer, names["inquiry"], person=person)
    actions.name_contact(buyer, names["running"], person=person)
    for case in (names["running"], names["contract"], names["quote"], names["disputed"]):
        actions.send(buyer, case, text="请看附件里的说明", file_name="说明.pdf", content=PDF)
    notes = select(Document.identifier).where(
        Document.case_type == FILE, Document.case_identifier == names["contract"]
    )
    return {"person": str(person), "note": db.session.scalars(notes).one()}


def _rated(world: World, contract: str) -> dict[str, str]:
    """A rating that is published, one that is not given yet, and a bad one: followed up, and appealed."""
    bad = world.one(Rating, world.settled(stars=1), by="buyer").identifier
    appeal = appealing.file(
        world.actor("agency"),
        bad,
        ground="unrelated",
        claim="评语说的是另一个项目的事",
        files=[File("e.pdf", PDF)],
    )
    return {
        "rating": world.one(Rating, contract, by="buyer").identifier,
        "unrated": world.one(Rating, contract, by="department").identifier,
        "bad": bad,
        "followed": db.session.scalars(
            select(FollowUp.identifier).join(Rating).where(Rating.identifier == bad)
        ).one(),
        "appeal": appeal,
    }


def _reported(world: World, contract: str) -> dict[str, str]:
    """A report the agency was told of, the answer to another, and a complaint that was accepted."""
    buyer, regulator, found = world.actor("buyer"), world.actor("regulator"), {}
    for name, kind in (("reported", "address"), ("refused_report", "collusion")):
        found[name] = filing.report(
            buyer, subject=world.identifiers["agency"], kind=kind, facts="没有办理变更登记就搬走了"
        )
    reporting.accept(regulator, found["reported"])
    reporting.tell(regulator, found["reported"], asked="请说明住所变更的情况")
    reporting.refuse(regulator, found["refused_report"], ground="no_facts", reply="没有具体的线索")
    found["report_code"] = code_of(found["refused_report"])
    found["answer"] = db.session.scalars(select(Answer.identifier)).one()
    found["complaint"] = filing.complain(buyer, about=contract, claim="成果迟了一个月,请求退还一部分价款")
    complaints.accept(regulator, found["complaint"])
    return found


def _money_of(world: World, contract: str, time: Any) -> dict[str, str]:
    """A payout, an invoice, a bank's statement, an entry, and a closed day before this one."""
    time.instant -= timedelta(days=1)
    with transaction() as session:
        books.post(
            session,
            "yesterday",
            "set_aside",
            "S-2026-000001",
            [books.Transfer(books.BANK, books.PLATFORM, 1)],
        )
    time.instant += timedelta(days=1)
    close_books()
    payment = world.one(Payment, contract, kind="deposit").identifier
    invoice = invoicing.record(
        world.actor("agency"),
        payment,
        number="25112000000012345678",
        amount=800_000,
        tax=45_283,
        issued_on=world.day(0),
        file_name="i.pdf",
        content=PDF,
    )
    statement = importing.import_statement(
        world.actor("custodian"),
        file_name="s.csv",
        content="交易日期,收入金额,支出金额\n2026-03-02,1.00,".encode(),
    )
    match_lines()
    payout = world.one(Payout, contract, kind="earned").identifier
    return {
        "payout": payout,
        "invoice": invoice,
        "statement": statement,
        "entry": db.session.scalars(select(books.Entry.identifier)).first() or "",
    }


def _checked(world: World) -> tuple[str, str]:
    """A check of the agency that is open, and a record proposed about it."""
    with transaction() as session:
        agency = Organisation.load(session, world.identifiers["agency"])
        check = open_check(
            session, SYSTEM, agency, "scope", [{"field": "scope", "ours": "水土保持", "theirs": "餐饮"}]
        )
        assert check is not None
        record = propose(session, SYSTEM, agency, "scope", "超出登记的经营范围", check.identifier)
        return check.identifier, record.identifier


def _records(world: World) -> dict[str, str]:
    """A record its subject was told of, one that is published, one that is minor, one that was repaired."""
    subject, regulator, found = world.actor("agency"), world.actor("regulator"), {}
    proof = [File("证明.pdf", keep(PDF))]
    for name, kind in (
        ("told", "unfair_terms"),
        ("published", "scope"),
        ("minor", "fees_unpublished"),
        ("mended", "fees_unpublished"),
    ):
        found[name] = records.propose_by_hand(
            regulator,
            subject=world.identifiers["agency"],
            kind=kind,
            facts="现场检查发现与规定不符,有笔录为证。",
            source=f"{name}字第1号",
            files=proof,
        )
        records.notify(regulator, found[name])
        if name != "told":
            records.defend(subject, found[name], statement="已经改正,请从轻处理。")
            records.uphold(
                regulator,
                found[name],
                reason="事实清楚,予以认定",
                months=12 if name == "published" else 3,
                reply="已经考虑其改正情节。",
            )
    records.ask_repair(subject, found["mended"], commitment="承诺今后按规定公示收费。", files=proof)
    records.repair(regulator, found["mended"], reason="已经公示,同意修复")
    return found


def _listed(world: World) -> dict[str, str]:
    """On lists others keep: the agency, which disputes one and was taken off another, and the buyer.

    And one that waits for a second official.
    """
    code = world.organisation("agency").uscc
    bring(world, row(code, "严重违法失信名单", number="市监严失1号"))
    disputed = _newest_listing()
    listings.dispute(
        world.actor("agency"),
        disputed,
        dispute="是同名企业误配,附登记机关证明。",
        files=[File("证明.pdf", keep(PDF))],
    )
    bring(world, row(code), source="province")
    first = _newest_listing()
    bring(world, row(code, removed="2026-03-01"), source="province")
    bring(world, row(world.organisation("buyer").uscc))
    found = {"disputed_listing": disputed, "off_listing": first, "listing": _newest_listing()}
    bring(world, row(world.organisation("second").uscc, "严重违法失信名单"), second=False)
    return found | {"waiting_listing": _newest_listing()}


def _newest_listing() -> str:
    query = select(ExternalListing.identifier).order_by(ExternalListing.id.desc())
    return db.session.scalars(query.limit(1)).one()


def _asked(world: World, tender: str) -> str:
    questions.ask(world.actor("third"), tender, question="是否包含现场踏勘?")
    return db.session.scalars(select(Clarification.identifier)).one()
