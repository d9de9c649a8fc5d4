"""The tutorials of everybody who has a part in one request are walked, step by step, in both languages."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from harness.factories import PASSWORD, World
from market.contracts.actions import delivering, drafting
from market.extensions import db
from market.jobs import drain
from market.sourcing.actions import awards, bids, closing, quotes
from market.transaction import transaction
from models.accounts import Membership, Organisation
from models.actors import SYSTEM
from models.agencies.checks import open_check
from models.authorisations import Authorisation
from models.contracts.deliverables import Deliverable
from models.contracts.materials import Materials
from models.payments.payment import Payment
from models.ratings.rating import Rating
from models.sourcing.awards import Award
from models.sourcing.quotes import Quote
from models.sourcing.tenders import Tender
from tests.browser.inside import Opens, opened
from tests.browser.lessons import CALLED, LOCALES, Lesson, Walk, call, tick_and_upload

ROLES = ("enterprise", "agency", "regulator", "department", "public")
NEWCOMER = {"newcomer": ("昆仑水土保持有限公司", "韩雪")}
WRITTEN = {
    "zh": (
        "我要办水保",
        "格尔木光伏基地水土保持方案",
        "三家里价格合理,工期也满足要求",
        "按时交付,一次通过",
        "首页公示的收费与实际开价不符,有报价单为证。",
    ),
    "en": (
        "soil",
        "Golmud solar base",
        "Sound price, and within the time",
        "In time, and passed at once",
        "Asked for another price than it publishes: the quote is here.",
    ),
}
SENT_BACK, UNFAIR = "水土保持措施与现场地形不符,请复核。", "本合同的最终解释权归乙方所有。"
REGISTER = "国家企业信用信息公示系统"


@pytest.mark.parametrize("language", list(LOCALES))
def test_the_tutorials_say_what_is_there(app: Flask, world: World, time: Any, language: str) -> None:
    lesson = Lesson(language)
    with opened(app) as window:
        story = Story(window, world, lesson)
        story.enter()
        story.publish()
        story.answer()
        story.sign()
        story.meanwhile(story.earlier)
        story.work()
        story.oversee()
        story.decide()
        story.look(time)
    lesson.check(ROLES)


class Story(Walk):
    """One request from the first search to the rating, as everybody who has a part in it sees it."""

    def __init__(self, window: Opens, world: World, lesson: Lesson) -> None:
        super().__init__(window, world, lesson)
        self.search, self.project, self.reasons, self.comment, self.facts = WRITTEN[lesson.language]
        world.sign_up("newcomer", kind="agency")
        call(world, CALLED | NEWCOMER)
        people = ("", "buyer", "newcomer", "regulator", "department")
        self.visitor, self.buyer, self.agency, self.regulator, self.department = map(self.screen, people)

    def case(self, model: Any, **where: Any) -> Any:
        return self.world.one(model, self.contract, **where).identifier

    def enter(self) -> None:
        """An agency enters and publishes its first fee; the regulator lets it in."""
        world, agency = self.world, self.agency
        self.see("enterprise", self.visitor, "/sign-up")
        self._without_authority("buyer")
        self.see("enterprise", self.buyer, "/my/authorisation")
        world.authorise("buyer")
        self.see("agency", agency, "/my/entry")
        world.fill("newcomer")
        agency.open("/my/entry/commitment")
        agency.page.check("[name=way][value=submit]")
        agency.page.check("[name=committed]")
        self.show("agency", agency.page)
        agency.send()
        self.see("regulator", self.regulator, "/my")
        self.see("regulator", self.regulator, f"/agencies/{world.identifiers['newcomer']}/verify")
        self.regulator.send()
        self.see("agency", agency, "/my/authorisation")
        world.authorise("newcomer")
        agency.open("/my/fees/new?item=WAT-01")
        agency.page.fill("[name=price]", "45,000")
        agency.page.fill("[name=days]", "20")
        agency.page.locator("#preview").get_by_text("45,000").first.wait_for()
        self.show("agency", agency.page)
        agency.send()

    def _without_authority(self, name: str) -> None:
        """Somebody may not sign or pay yet."""
        user = self.world.actor(name).user_id
        with transaction() as session:
            session.query(Membership).filter_by(user_id=user).update({"authorisation_id": None})
            session.query(Authorisation).filter_by(user_id=user).delete()

    def publish(self) -> None:
        screen, page = self.buyer, self.buyer.page
        screen.open("/")
        page.fill(".ask input", self.search)
        self.show("enterprise", page)
        self.see("enterprise", screen, "/items/WAT-01")
        screen.open("/requests/new?item=WAT-01&region=632801&mode=inquiry")
        page.fill("[name=project]", self.project)
        page.check("[name=funds][value=private]")
        self.show("enterprise", page)
        screen.send()
        self.show("enterprise", page)
        page.locator("[name=openly]").click()
        page.wait_for_url("**/publish")
        self.show("enterprise", page)
        screen.send()
        db.session.rollback()
        self.tender = db.session.query(Tender).order_by(Tender.id.desc()).first().identifier

    def answer(self) -> None:
        """Three quotes, a counter-offer, an award."""
        world, agency, buyer = self.world, self.agency, self.buyer
        self.see("agency", agency, "/requests?state=published&able=1")
        agency.open(f"/requests/{self.tender}/answer")
        agency.page.fill("[name=price]", "43,000")
        agency.page.fill("[name=days]", "20")
        self.show("agency", agency.page)
        agency.send()
        db.session.rollback()
        quote = db.session.query(Quote).one().identifier
        for name, price in (("second", 4_500_000), ("third", 4_450_000)):
            quotes.submit(world.actor(name), self.tender, price=price, days=20)
        self.see("enterprise", buyer, f"/requests/{self.tender}")
        buyer.open(f"/quotes/{quote}/offer")
        buyer.page.fill("[name=price]", "40,000")
        self.show("enterprise", buyer.page)
        buyer.send()
        self.see("agency", agency, f"/quotes/{quote}")
        quotes.accept(world.actor("newcomer"), quote)
        closing.close(world.actor("buyer"), self.tender)
        buyer.open(f"/requests/{self.tender}/award")
        buyer.page.check(f"[name=agency][value={world.identifiers['newcomer']}]")
        buyer.page.fill("[name=reasons]", self.reasons)
        self.show("enterprise", buyer.page)
        buyer.send()
        db.session.rollback()
        award = db.session.query(Award).one().identifier
        self.see("agency", agency, f"/awards/{award}")
        self.contract = world.contract_of(award).identifier

    def sign(self) -> None:
        """Both sign, and the deposit goes into custody."""
        for screen, role, act in (
            (self.buyer, "enterprise", "agree_buyer"),
            (self.agency, "agency", "agree_agency"),
        ):
            screen.open(f"/contracts/{self.contract}/{act}")
            screen.page.check("[name=understood]")
            screen.page.fill("[name=password]", PASSWORD)
            self.show(role, screen.page)
            screen.send()
        payment = f"/payments/{self.case(Payment, kind='deposit')}"
        self.see("enterprise", self.buyer, payment)
        self.buyer.open(f"{payment}/pay")
        self.buyer.page.fill("[name=bank_reference]", "2026030200001")
        tick_and_upload(self.buyer.page)
        self.buyer.send()
        self.see("agency", self.agency, f"{payment}/confirm")
        self.agency.send()

    def earlier(self) -> None:
        """What others did meanwhile: a report sent back once and paid for in part, a clause, a doubt."""
        world = self.world
        contract = world.started(agency="second")
        world.supplied(contract, "second")
        deliverable = world.delivered(contract, "second")
        world.accepted(deliverable)
        department = world.actor("department")
        delivering.send_back(department, deliverable, codes=["measures"], reason=SENT_BACK, fault="agency")
        world.accepted(world.delivered(contract, "second"))
        delivering.pass_review(world.actor("department"), deliverable)
        world.started(agency="third")
        drawn_up = world.contract_of(world.awarded(agency="agency")).identifier
        drafting.revise(world.actor("agency"), drawn_up, texts={"supplement": UNFAIR})
        with transaction() as session:
            agency = Organisation.lock(session, world.identifiers["third"])
            moved = [{"field": "registered_address", "ours": "昆仑路 1 号", "theirs": "黄河路 8 号"}]
            open_check(session, SYSTEM, agency, "address", moved, REGISTER)

    def work(self) -> None:
        """Materials, the deliverable, its review, the rest of the price, the ratings."""
        buyer, agency, department = self.buyer, self.agency, self.department
        materials = f"/materials/{self.case(Materials)}"
        deliverable = f"/deliverables/{self.case(Deliverable)}"
        for role, screen, path in (
            ("enterprise", buyer, f"{materials}/supply"),
            ("agency", agency, f"{materials}/confirm"),
            ("agency", agency, f"{deliverable}/submit"),
            ("enterprise", buyer, f"{deliverable}/accept"),
        ):
            screen.open(path)
            tick_and_upload(screen.page)
            self.show(role, screen.page)
            screen.send()
        for path in (
            "/my",
            "/reviews?standing=passed",
            deliverable,
            f"{deliverable}/send_back",
            f"{deliverable}/pass",
        ):
            self.see("department", department, path)
        department.send()
        self.world.paid(self.contract, "settlement", "newcomer")
        buyer.open(f"/ratings/{self.case(Rating, by='buyer')}/rate")
        for group in buyer.page.locator("main fieldset").all():
            group.locator("input[value='5']").check()
        buyer.page.fill("[name=comment]", self.comment)
        self.show("enterprise", buyer.page)
        buyer.send()
        drain()
        self.see("agency", agency, "/payouts")

    def oversee(self) -> None:
        for path in ("/oversight/first-pass", "/items/WAT-01/edit", "/matters"):
            self.see("department", self.department, path)
        for path in (
            "/oversight/agencies",
            f"/oversight/agencies/{self.world.identifiers['newcomer']}",
            "/oversight/checks",
            "/contracts",
            "/oversight/money",
            "/oversight/first-pass",
            "/oversight/clauses",
            "/oversight/months",
        ):
            self.see("regulator", self.regulator, path)

    def decide(self) -> None:
        """A credit record is proposed, told, and its agency reads what it may say to that."""
        screen, agency = self.regulator, self.agency
        own = self.world.identifiers["newcomer"]
        self.see("agency", agency, f"/agencies/{own}/credit")
        screen.open("/credit/records/new")
        screen.page.fill("[name=subject]", own)
        screen.page.select_option("[name=kind]", "fees_unpublished")
        screen.page.fill("[name=facts]", self.facts)
        screen.page.fill("[name=source]", "F-2026-12")
        tick_and_upload(screen.page)
        self.show("regulator", screen.page)
        screen.send()
        record = screen.page.url
        screen.open(f"{record}/notify")
        screen.send()
        self.see("regulator", screen, record)
        agency.open(f"{record}/defend")
        self.show("agency", agency.page)

    def look(self, time: Any) -> None:
        """What the public sees, and a draw it can compute again."""
        world, agency = self.world, f"/agencies/{self.world.identifiers['newcomer']}"
        drawn = world.tender(
            mode="random_draw", funds="state", budget=4_000_000, project=f"{self.project} (2)"
        )
        for name in ("agency", "second", "third"):
            bids.submit(world.actor(name), drawn, price=None, days=20)
        time.closing(drawn)
        awards.award(world.actor("buyer"), drawn, reasons=self.reasons)
        for path in (
            "/agencies?item=WAT-01",
            agency,
            f"{agency}/credit",
            "/credit",
            "/awards",
            f"/requests/{drawn}",
            "/check",
        ):
            self.see("public", self.visitor, path)
