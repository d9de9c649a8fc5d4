"""The tutorials are walked, step by step, in both languages.

Each step's page has the heading its picture's text says, and on it stands what the step names.
`make pictures` (`PICTURES=1`) makes the pictures anew, which the site and docs/tutorials show.
"""

from __future__ import annotations

import base64
import os
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from playwright.sync_api import Page
from sqlalchemy import update

from harness.factories import PASSWORD, PDF, World
from market.extensions import db
from market.help.tutorials import PICTURES, TITLES, tutorial
from market.jobs import drain
from market.sourcing.actions import awards, bids, closing, quotes
from market.transaction import transaction
from models.accounts import Organisation, User
from models.contracts.deliverables import Deliverable
from models.contracts.materials import Materials
from models.payments.payment import Payment
from models.ratings import Rating
from models.sourcing.awards import Award
from models.sourcing.quotes import Quote
from models.sourcing.tenders import Tender
from tests.browser.inside import Opens, Screen, opened

MOST = 60_000  # bytes of a picture
MAKE = os.environ.get("PICTURES") == "1"
LOCALES = {"zh": "zh-CN", "en": "en-US"}
WRITTEN = {
    "zh": ("我要办水保", "格尔木光伏基地水土保持方案", "三家里价格合理,工期也满足要求", "按时交付,一次通过"),
    "en": ("soil", "Golmud solar base", "Sound price, and within the time", "In time, and passed at once"),
}


CALLED = {  # the organisation and the person
    "buyer": ("格尔木新能源有限公司", "马晓兰"),
    "agency": ("青湖生态咨询有限公司", "祁建国"),
    "second": ("柴达木环境技术有限公司", "李春梅"),
    "third": ("三江水利设计有限公司", "才让多杰"),
    "newcomer": ("昆仑水土保持有限公司", "韩雪"),
    "regulator": ("海西州中介服务监管中心", "张海青"),
    "department": ("海西州水利局", "索南卓玛"),
}


class Lesson:
    """Shows the steps of every role's tutorial in their order, and holds each against its page."""

    def __init__(self, language: str) -> None:
        self.language, self.shown, self.wrong = language, Counter[str](), list[str]()

    def __call__(self, role: str, page: Page, at: str = "h1") -> None:
        """The next step of a role is on this page; `at` is what its picture begins with."""
        self.shown[role] += 1
        number = self.shown[role]
        step = tutorial(role, self.language).steps[number - 1]
        heading, text = page.locator("h1").inner_text(), page.locator("body").inner_text()
        expected = ".+".join(map(re.escape, step.shows.split("…")))
        picture = PICTURES / role / self.language / f"{number:02}.webp"
        if MAKE:
            _photograph(page, at, picture)
        faults = [f"{name} is not there" for name in step.named if name not in text]
        if not re.fullmatch(expected, heading):
            faults.append(f"is headed {heading}, not {step.shows}")
        if picture != PICTURES.parent / step.picture or not 1_000 < picture.stat().st_size < MOST:
            faults.append(f"{step.picture} of {picture.stat().st_size} bytes")
        self.wrong += [f"{role} {self.language} {number}: {page.url} {each}" for each in faults]


def _photograph(page: Page, at: str, picture: Path) -> None:
    page.locator(at).first.evaluate("e => scrollTo(0, e.getBoundingClientRect().top + scrollY - 110)")
    taken = page.context.new_cdp_session(page).send(
        "Page.captureScreenshot", {"format": "webp", "quality": 55}
    )
    picture.parent.mkdir(parents=True, exist_ok=True)
    picture.write_bytes(base64.b64decode(taken["data"]))


@pytest.mark.parametrize("language", list(LOCALES))
def test_the_tutorials_say_what_is_there(app: Flask, world: World, time: Any, language: str) -> None:
    lesson = Lesson(language)
    with opened(app) as window:
        story = Story(window, world, lesson)
        story.enter()
        story.publish()
        story.answer()
        story.sign()
        story.work()
        story.oversee()
        story.look(time)
    assert not lesson.wrong, "\n".join(lesson.wrong)
    assert lesson.shown == {role: len(tutorial(role, language).steps) for role in TITLES}


class Story:
    """One request from the first search to the rating, as everybody who has a part in it sees it."""

    def __init__(self, window: Opens, world: World, lesson: Lesson) -> None:
        self.world, self.show = world, lesson
        self.search, self.project, self.reasons, self.comment = WRITTEN[lesson.language]
        world.sign_up("newcomer", kind="agency")
        with transaction() as session:
            for name, (organisation, person) in CALLED.items():
                Organisation.lock(session, world.identifiers[name]).name = organisation
                session.execute(update(User).where(User.email == world.emails[name]).values(name=person))
        people = ("", "buyer", "newcomer", "regulator", "department")
        self.visitor, self.buyer, self.agency, self.regulator, self.department = (
            window(world.emails.get(name, ""), LOCALES[lesson.language], (1120, 700)) for name in people
        )

    def see(self, role: str, screen: Screen, path: str, at: str = "h1") -> None:
        """The next step of a role is the page at this path."""
        screen.open(path)
        self.show(role, screen.page, at)

    def case(self, model: Any, **where: Any) -> Any:
        return self.world.one(model, self.contract, **where).identifier

    def enter(self) -> None:
        """An agency enters and publishes its first fee; the regulator lets it in."""
        world, agency = self.world, self.agency
        self.see("enterprise", self.visitor, "/sign-up")
        self.see("enterprise", self.buyer, "/my/authorisation")
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
        self.show("agency", agency.page)
        agency.send()

    def publish(self) -> None:
        screen, page = self.buyer, self.buyer.page
        screen.open("/")
        page.fill(".ask input", self.search)
        self.show("enterprise", page)
        self.see("enterprise", screen, "/items/WAT-01")
        screen.open("/requests/new?item=WAT-01&region=632801")
        page.fill("[name=project]", self.project)
        self.show("enterprise", page)
        screen.send()
        page.check("[name=funds][value=private]")
        page.check("[name=mode][value=inquiry]")
        self.show("enterprise", page)
        screen.send()
        screen.send()
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
            self.show(role, screen.page, "main .two")
            screen.send()
        payment = f"/payments/{self.case(Payment, kind='deposit')}"
        self.see("enterprise", self.buyer, payment)
        self.buyer.open(f"{payment}/pay")
        self.buyer.page.fill("[name=bank_reference]", "2026030200001")
        self._tick_and_upload(self.buyer.page)
        self.buyer.send()
        self.see("agency", self.agency, f"{payment}/confirm")
        self.agency.send()

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
            self._tick_and_upload(screen.page)
            self.show(role, screen.page)
            screen.send()
        for path in ("/my", "/reviews", deliverable, f"{deliverable}/send_back", f"{deliverable}/pass"):
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

    def _tick_and_upload(self, page: Page) -> None:
        for box in page.locator("main input[type=checkbox]").all():
            box.check()
        for place in page.locator("main input[type=file]").all():
            place.set_input_files({"name": "report.pdf", "mimeType": "application/pdf", "buffer": PDF})

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
        for path, at in (
            ("/agencies?item=WAT-01", "h1"),
            (agency, "h1"),
            (f"{agency}/credit", "h1"),
            ("/credit", "h1"),
            ("/awards", "h1"),
            (f"/requests/{drawn}", ".card:has(.receipt)"),
            ("/check", "h1"),
        ):
            self.see("public", self.visitor, path, at)
