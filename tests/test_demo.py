"""The demonstration: played through the actions, the same every time, marked, and with an account a role."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
import pytest
from sqlalchemy import func, select

from harness.rings import agreement
from market import create_app
from market.demo import evaluating, loading, opening
from market.demo.stage import SEED
from market.demonstration import people, words
from market.demonstration.characters import GAVE_UP, PRAISED
from market.demonstration.people import ACCOUNTS, PASSWORD, Figure
from market.demonstration.starts import STARTS
from market.extensions import db
from market.help.tutorials import TITLES
from market.worklist.waiting import waiting
from models import CASES, clock, events
from models.accounts import Membership, Organisation, User
from models.acting import actor_for
from models.agencies.fees import FeeSchedule
from models.agencies.serving import areas_of
from models.catalogue import published_items
from models.clock import BEIJING
from models.contracts.agreement import Contract
from models.contracts.deliverables import Deliverable
from models.credit.abandoned import abandoned_by
from models.credit.identities import identities
from models.credit.kept import CreditScore
from models.credit.listings import ExternalListing
from models.credit.records import CreditRecord
from models.credit.score import of_agency
from models.credit.signals import RatingSignal
from models.draws import Draw
from models.events import Event
from models.ledger import reports
from models.payments.bank import BankLine
from models.ratings.appeals import RatingAppeal
from models.ratings.follow_ups import FollowUp
from models.ratings.rating import Rating
from models.sourcing.awards import Award
from models.sourcing.bids import Bid
from models.sourcing.evaluations import Evaluation
from models.sourcing.modes import MODES
from models.sourcing.quotes import Quote
from models.sourcing.tenders import Tender
from tests.comments import fits, said_of
from tests.conftest import settings
from tests.web import Visitor

UNTIL = datetime(2026, 6, 1, 10, 0, tzinfo=BEIJING)


def _load(folder: Path, template: Path, **size: int) -> Any:
    folder.mkdir()
    (folder / "market.sqlite3").write_bytes(template.read_bytes())
    app = create_app({**settings(f"sqlite:///{folder}/market.sqlite3", folder), "DEMO": True})
    with app.app_context():
        assert loading.is_empty()
        loading.load(UNTIL, **size)
    return app


@pytest.fixture
def demo(tmp_path: Path, sqlite_template: Path) -> Any:
    app = _load(tmp_path / "one", sqlite_template, tenders=60, days=240)
    with clock.at(UNTIL), app.app_context():
        yield app
        db.session.close()
        db.engine.dispose()


def _counts(column: Any) -> dict[str, int]:
    return dict(db.session.execute(select(column, func.count()).group_by(column)).all())  # type: ignore[arg-type]


def _holds_every_stage() -> None:
    assert _counts(Organisation.kind) == {"agency": 60, "enterprise": 43, "authority": 20}
    assert {"published", "contracted", "evaluated"} <= set(_counts(Tender.state))
    assert {"active", "completed"} <= set(_counts(Contract.state))
    assert db.session.scalar(select(func.count(CreditScore.id)).where(CreditScore.grade.is_not(None)))
    assert set(_counts(CreditRecord.state)) == set(CreditRecord.workflow.states), "a record in every state"
    assert {"credit_record.stop", "credit_record.open"} <= set(_counts(Event.kind))
    assert {"listed", "disputed", "removed"} <= set(_counts(ExternalListing.state))
    assert any(award.unfit for award in db.session.scalars(select(Award)).unique()), "restricted midway"
    drawn = db.session.scalars(select(Draw).where(Draw.drawn_at.is_not(None))).all()
    assert all(draw.result for draw in drawn)
    assert drawn, "a draw to re-run"
    assert set(_counts(Tender.mode)) == set(MODES), "every way to choose"
    assert reports.trial_balance(db.session) == 0
    assert {events.lag(db.session, name) for name in ("notifications", "credit")} == {0}
    times = list(db.session.scalars(select(Event.at).order_by(Event.id)))
    assert times == sorted(times), "the story is told in the order of time"
    assert max(times) <= UNTIL
    assert all(a.price <= a.published_price for a in db.session.scalars(select(Award)))


def _keeps_its_terms_mostly() -> None:
    """Some deliverables come late, as in life, and most do not."""
    said = [found.on_time for found in db.session.scalars(select(Deliverable)) if found.on_time is not None]
    assert len(said) > 30
    assert 0.05 <= said.count(False) / len(said) <= 0.25


def _says_what_fits() -> None:
    """Comments go with the stars of every dimension and with what was so; nobody repeats the one before."""
    shown = (Rating.published_at.is_not(None), Rating.about != "award")  # what was begun can be judged
    query = select(Rating).where(*shown).order_by(Rating.id)
    ratings = db.session.scalars(query).all()
    for rating in ratings:
        assert rating.scores is not None
        assert rating.comment is not None
        fits(rating.by, rating.scores, rating.comment, rating.contract.tender.item.code)
        if rating.by == "buyer":
            course = db.session.scalars(
                select(Deliverable).where(Deliverable.contract_id == rating.contract_id)
            ).all()
            late = any(found.on_time is False for found in course)
            sent_back = any(found.first_pass is False for found in course)
            assert rating.scores["timeliness"] in ((1, 2, 3) if late else (3, 4, 5))
            assert not sent_back or rating.scores["quality"] <= 3
            assert not sent_back or not said_of("buyer", "passed", rating.comment)
            assert late or not said_of("buyer", "late", rating.comment)
            assert sent_back or not said_of("buyer", "sent_back", rating.comment)
    for by in ("buyer", "agency"):
        given = [
            (event.at, rating.comment)
            for rating in ratings
            if rating.by == by
            for event in db.session.scalars(
                select(Event).where(Event.kind == "rating.rate", Event.case_identifier == rating.identifier)
            )
        ]
        said = [comment for _at, comment in sorted(given)]
        assert len(said) > 10
        assert all(one != next_one for one, next_one in pairwise(said)), "nobody repeats the one before"
        assert len(set(said)) > len(said) * 0.7
    described = _counts(Tender.description)
    assert len(described) > 30
    assert max(described.values()) <= 3


def _shows_what_follows_a_rating() -> None:
    """Replies, departments, a follow-up at every stage, an appeal that is open and one decided either way."""
    assert db.session.scalar(select(func.count(Rating.id)).where(Rating.reply.is_not(None)))
    given = select(func.count(Rating.id)).where(Rating.by == "department", Rating.scores.is_not(None))
    assert db.session.scalar(given)
    levels = {rating.level for rating in db.session.scalars(select(Rating)) if rating.shown}
    assert levels >= {1, 2, 3, 4, 5}
    stages = {"due", "contacted", "answered", "mended", "not_mended", "called_off"}
    assert stages <= set(_counts(FollowUp.state))
    assert set(_counts(RatingAppeal.state)) >= {"filed", "upheld", "rejected"}
    assert {"published", "appealed", "hidden", "lapsed"} <= set(_counts(Rating.state))


def _figures() -> list[tuple[Figure, Organisation, CreditScore | None]]:
    """The agencies of the play, each with what it became and with its score."""
    known = {found.uscc: found for found in db.session.scalars(select(Organisation))}
    scores = {found.agency_id: found for found in db.session.scalars(select(CreditScore))}
    figures = people.agencies(Random(SEED))
    return [(figure, known[figure.code], scores.get(known[figure.code].id)) for figure in figures]


def _tells_good_from_bad() -> None:
    """Every grade occurs, most are A or B, and a score follows what its agency is declared to be."""
    graded = [(figure, score) for figure, _found, score in _figures() if score and score.grade]
    grades = Counter(score.grade for _figure, score in graded)
    assert set(grades) == set("ABCDE")
    assert grades["A"] + grades["B"] > len(graded) / 2
    assert grades["D"] + grades["E"] < len(graded) / 4
    assert grades["B"] == max(grades.values())
    handed_in = defaultdict(list)
    for found in db.session.scalars(select(Deliverable)):
        if found.on_time is not None:
            handed_in[found.agency_id].append(found.on_time)
    never = {agency for agency, in_time in handed_in.items() if not any(in_time)}
    assert not [score for _figure, score in graded if score.agency_id in never and score.grade in ("A", "B")]
    declared = np.array([figure.character.quality for figure, _score in graded])
    assert agreement(np.array([float(score.score) for _figure, score in graded]), declared) >= 0.7


def _shows_bought_praise(demo: Any) -> None:
    """Three buyers under one head praise one agency: told, counted as one, and held down."""
    _figure, praised, _score = _figures()[PRAISED]
    signals = db.session.scalars(select(RatingSignal).where(RatingSignal.agency_id == praised.id)).all()
    assert {signal.kind for signal in signals} >= {"burst", "same_words"}
    buyers = people.enterprises(Random())
    heads = [db.session.scalars(_coded(buyers[at].code)).one() for at in people.ONE_HEAD]
    assert len({head.legal_representative for head in heads}) == 1
    assert len(set(identities(db.session, [head.id for head in heads], UNTIL).values())) == 1
    line = of_agency(db.session, praised.id).line("ratings")
    assert line is not None
    bought = [of for of in line.evidence if not of.facts["seen"]]
    assert {of.by for of in bought} <= {head.id for head in heads}
    assert {of.facts["n"] for of in bought} == {len(bought)}, "one voice"
    assert all(of.value == 5 for of in bought)
    assert line.plain is not None
    assert line.reckoned is not None
    assert line.reckoned < line.plain - 0.3
    regulator = Visitor(demo)
    regulator.submit("/sign-in", email=people.REGULATOR, password=PASSWORD)
    page = regulator.get("/credit/signals").text
    assert praised.name in page
    assert all(of.case_identifier in page for of in bought)
    links = regulator.get("/credit/links").text
    assert all(head.name in links for head in heads)


def _coded(code: str) -> Any:
    return select(Organisation).where(Organisation.uscc == code)


def _puts_on_record(demo: Any) -> None:
    """Awards given up, a record in repair, one at every earlier step, and nothing of what was repaired."""
    _figure, gave_up, _score = _figures()[GAVE_UP]
    given_up = select(CreditRecord).where(CreditRecord.kind == "given_up")
    for record in db.session.scalars(given_up).all():
        assert (record.subject_id, record.state) == (gave_up.id, "in_force")
        assert record.notified_at is not None
    assert len(abandoned_by(db.session, [gave_up.id])[gave_up.id].unsigned) == 2
    by_state = {record.state: record for record in db.session.scalars(select(CreditRecord))}
    in_repair, repaired = by_state["repairing"], by_state["repaired"]
    assert in_repair.counts
    assert in_repair.commitment
    assert repaired.repaired_at is not None
    assert repaired.repaired_at < UNTIL - timedelta(days=60)
    agency = repaired.subject.identifier
    for page in ("/credit/records", f"/agencies/{agency}", f"/agencies/{agency}/credit", "/credit"):
        assert repaired.identifier not in Visitor(demo).get(page).text
    official = actor_for(db.session.scalars(select(User).where(User.email == people.SECOND_OFFICIAL)).one())
    waits = {case.state for case in waiting(official) if isinstance(case, CreditRecord)}
    assert waits >= {"proposed", "heard", "repairing"}
    assert by_state["notified"].answer_until is not None


def _writes_about_its_item() -> None:
    """Notes of bids and quotes, opinions, findings and talk are of the item's own family."""
    for bid in db.session.scalars(select(Bid).where(Bid.note.is_not(None))).unique():
        assert bid.note in words.family(bid.tender.item.code).plans, bid.note
    for quote in db.session.scalars(select(Quote)).unique():
        first = next((offer.note for offer in quote.offers), "")
        assert first in ("", *words.family(quote.tender.item.code).quoted), first
    for sheet in db.session.scalars(select(Evaluation).where(Evaluation.sheet.is_not(None))):
        family = words.family(sheet.tender.item.code)
        for given in (sheet.sheet or {}).values():
            (points,) = given["points"].values()
            band = next(name for least, name in evaluating.BANDS.items() if points >= least)
            assert given["reason"].startswith(getattr(family, band)), (points, given["reason"])
    for deliverable in db.session.scalars(select(Deliverable)).unique():
        item = deliverable.contract.tender.item
        for outcome in deliverable.outcomes:
            found = words.family(item.code).findings
            assert outcome.passed or outcome.note == "".join(found[code] for code in outcome.reasons)
        for version in deliverable.versions:
            for point, remark in (version.answers or {}).items():
                wrong = dict(words.correction(item.kind, item.checklist.index(point)))
                assert not remark or remark in wrong, (item.kind, point, remark)


def _last_events() -> dict[str, datetime]:
    query = select(Event.case_identifier, func.max(Event.at)).group_by(Event.case_identifier)
    return dict(db.session.execute(query).all())  # type: ignore[arg-type]


def _lets_something_wait_and_nothing_for_months() -> None:
    """Nothing is overdue or was referred, what waits is of late, and whoever a walk needs has something."""
    last = _last_events()
    for case_class in CASES.values():
        for case in db.session.scalars(select(case_class)).unique():
            assert case.due_at is None or case.workflow.states[case.state].terminal or case.due_at >= UNTIL, (
                case
            )
            assert case.referred_to is None, case
    idle = {*people.ADMINS, *people.DELEGATES, people.PREFECTURE}  # of whom the dice may ask nothing
    for _role, email in ACCOUNTS:
        found = waiting(actor_for(db.session.scalars(select(User).where(User.email == email)).one()))
        assert found or email in idle or email.startswith("custodian"), email
        for case in found:
            assert UNTIL - last[case.identifier] <= timedelta(days=30), (email, case.identifier, case.state)


def _serves_where_it_says() -> None:
    """Who says that it serves the whole province has declared that."""
    said = db.session.scalars(select(Organisation).where(Organisation.introduction.contains("服务全省")))
    let_in = [each.id for each in said if each.state == "verified"]
    named = areas_of(db.session, let_in)
    assert let_in
    assert {key: tuple(named.get(key, ())) for key in let_in} == dict.fromkeys(let_in, (opening.PROVINCE,))


def _works_in_its_trade_at_its_price() -> None:
    """An agency offers what its name says, at a price near what such a thing costs, for who needs it."""
    shares, standards = [], {row["code"]: row["fee_standard"] for row in published_items()}
    for schedule in db.session.scalars(select(FeeSchedule)):
        name, code = schedule.agency.name, schedule.item_code
        (trade,) = (trade for trade in people.TRADES if trade in name)
        assert code in people.TRADES[trade], (name, code)
        terms = schedule.terms
        usual = {"fixed": opening.JOBS.get(code), "per_unit": opening.UNITS.get(code)}.get(terms["method"])
        if usual:
            shares.append(terms["price"] / 100 / usual)
        elif code in opening.RATES:
            shares.append(float(terms["bands"][0][1]) / opening.RATES[code])
        else:
            assert terms["standard"].startswith(f"{standards[code]}/")
            shares.append(float(terms["discount"]))
    assert min(shares) >= 0.6
    assert max(shares) <= 1.21
    assert max(shares) / min(shares) > 1.3, "prices differ"
    works = {f"{figure.code}": figure for figure in people.enterprises(Random())}
    for tender in db.session.scalars(select(Tender)):
        work = works[tender.buyer.uscc].work
        assert tender.project.startswith(work)
        assert people.needs(Figure("", "", "", "", "", work=work), tender.item.code), tender.project
        assert not re.search("[()]|[((]$", tender.project)
        assert not re.search("改[造建](改造|扩建)", tender.project), "is altered once"
    assert all(0.5 <= award.price / award.published_price <= 1 for award in db.session.scalars(select(Award)))


def _lets_every_listed_account_in(demo: Any) -> None:
    page = Visitor(demo).get("/sign-in").text
    roles = [role for role, _email in ACCOUNTS]
    assert all(roles.count(role) >= 2 for role in roles), "two of each, to play both sides of a matter"
    departments = set(
        db.session.scalars(
            select(Organisation.department)
            .join(Organisation.memberships)
            .join(Membership.user)
            .where(User.email.in_(people.DEPARTMENTS.values()))
        )
    )
    assert departments == set(people.DEPARTMENTS), "each signs in as the department it is said to be"
    for _, email in ACCOUNTS:
        assert email in page
        visitor = Visitor(demo)
        assert visitor.submit("/sign-in", email=email, password=PASSWORD).location == "/my"
        assert visitor.get("/my").status == 200
    assert "演示数据" in page


def _lets_every_tutorial_begin(demo: Any) -> None:
    """Whoever reads one is told whom to sign in as, and finds there what the page says waits."""
    listed = {email for _role, email in ACCOUNTS}
    assert list(STARTS) == list(TITLES)
    for role, starts in STARTS.items():
        page = Visitor(demo).get(f"/help/{role}").text
        for start in starts:
            assert not start.email or (start.email in listed and start.email in page)
            if start.waits:
                user = db.session.scalars(select(User).where(User.email == start.email)).one()
                actor = actor_for(user)
                acts = {move.act for case in waiting(actor) for move in case.workflow.offered_to(case, actor)}
                assert acts.issuperset(start.waits), (start.email, acts)
    assert _counts(BankLine.state)["open"], "a line to settle"


def test_a_market_at_every_stage(demo: Any) -> None:
    _holds_every_stage()
    _keeps_its_terms_mostly()
    _says_what_fits()
    _shows_what_follows_a_rating()
    _tells_good_from_bad()
    _shows_bought_praise(demo)
    _puts_on_record(demo)
    _writes_about_its_item()
    _lets_something_wait_and_nothing_for_months()
    _works_in_its_trade_at_its_price()
    _serves_where_it_says()
    _lets_every_listed_account_in(demo)
    _lets_every_tutorial_begin(demo)


def test_it_is_the_same_every_time(tmp_path: Path, sqlite_template: Path) -> None:
    told, scores = [], []
    for name in ("one", "two"):
        with _load(tmp_path / name, sqlite_template, tenders=6, days=40).app_context():
            query = select(Event.at, Event.kind, Event.case_identifier).order_by(Event.id)
            told.append(list(map(tuple, db.session.execute(query))))
            scores.append(_counts(CreditScore.score))
            db.session.close()
            db.engine.dispose()
    assert told[0] == told[1]
    assert len(told[0]) > 100
    assert scores[0] == scores[1]
