"""What holds the tutorials against the site: each step against its page and its picture.

A step's page has the heading its picture's text says, on it stands what the step names, and all of that is in
the picture. `make pictures` (`PICTURES=1`) makes the pictures anew, which the site and docs/tutorials show.
"""

from __future__ import annotations

import base64
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from flask import current_app
from playwright.sync_api import Page, expect
from sqlalchemy import update

from harness.factories import PDF, World
from market.extensions import db
from market.help.tutorials import PICTURES, tutorial
from market.transaction import transaction
from models.accounts import Organisation, User
from models.agencies.entry import AgencyProfile
from tests.browser.inside import PATIENCE, Opens, Screen

MOST = 60_000  # bytes of a picture
MAKE = os.environ.get("PICTURES") == "1"
LOCALES = {"zh": "zh-CN", "en": "en-US"}
WIDE, HIGH, EDGE = 1120, 700, 12  # of a picture, and what it keeps free below what is named
T = TypeVar("T")
CALLED = {  # the organisation and the person
    "buyer": ("格尔木新能源有限公司", "马晓兰"),
    "agency": ("青湖生态咨询有限公司", "祁建国"),
    "second": ("柴达木环境技术有限公司", "李春梅"),
    "third": ("三江水利设计有限公司", "才让多杰"),
    "regulator": ("海西州中介服务监管中心", "张海青"),
    "department": ("海西州水利局", "索南卓玛"),
    "custodian": ("青海湖银行资金托管部", "星月英"),
}

# Where a picture may begin, and where each name stands on the page: as what is pressed or as a heading where
# there is such a one, else in the text, and else in the main heading or a menu.
_LOOK = """names => {
  const top = e => e.getBoundingClientRect().top + scrollY;
  const begins = document.querySelectorAll(
    "h1, main .card, main h2, main .field, main fieldset, main table, main details");
  const places = Object.fromEntries(names.map(name => [name, [[], [], []]]));
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const node = walk.currentNode, range = document.createRange(), within = node.parentElement;
    const choices = within.closest("select");
    range.selectNodeContents(node);
    const box = (choices ?? range).getBoundingClientRect();
    if (box.width < 2 || (choices && choices.selectedOptions[0] !== within)) continue;
    const minor = within.closest("h1, header, nav, footer");
    const told = within.closest("a, button, label, legend, h2, th, dt, .badge-state");
    for (const name of names)
      if (node.data.includes(name))
        places[name][minor ? 2 : told && node.data.trim() === name ? 0 : 1].push(
          [box.top + scrollY, box.bottom + scrollY]);
  }
  for (const name of names) if (!places[name].flat().length)  // in parts, of more than one language
    for (const each of document.querySelectorAll("a, button, label, legend, h1, h2, p, td"))
      if (each.textContent.includes(name))
        places[name][each.matches("h1") ? 2 : 0].push([top(each), top(each) + each.offsetHeight]);
  return {
    begins: [...begins].map(e => top(e) - (e.matches("h1") ? 50 : 14)).filter(y => y > 40),
    least: document.documentElement.scrollHeight - innerHeight,
    places: Object.values(places).map(each => each.find(found => found.length) ?? []),
  };
}"""


class Lesson:
    """Shows the steps of tutorials in their order, and holds each against its page."""

    def __init__(self, language: str) -> None:
        self.language, self.shown, self.wrong = language, Counter[str](), list[str]()

    def __call__(self, role: str, page: Page) -> None:
        """The next step of a role is on this page."""
        self.shown[role] += 1
        number = self.shown[role]
        steps = tutorial(role, self.language).steps
        if number > len(steps):
            return
        step = steps[number - 1]
        heading, text = page.locator("h1").inner_text(), page.locator("body").inner_text()
        expected = ".+".join(map(re.escape, step.shows.split("…")))
        picture = PICTURES / role / self.language / f"{number:02}.webp"
        start = begins_at(page, step.named)
        if MAKE:
            _photograph(page, start or 0, picture)
        faults = [f"{name} is not there" for name in step.named if name not in text]
        if not re.fullmatch(expected, heading):
            faults.append(f"is headed {heading}, not {step.shows}")
        if start is None:
            faults.append(f"is too high for {', '.join(step.named)} in one picture")
        if (
            picture != PICTURES.parent / step.picture
            or not picture.exists()
            or not 1_000 < picture.stat().st_size < MOST
        ):
            faults.append(f"{step.picture} is missing, or too large")
        self.wrong += [f"{role} {self.language} {number}: {page.url} {each}" for each in faults]

    def check(self, roles: Iterable[str]) -> None:
        """Nothing was wrong, and each step of these roles was shown."""
        assert not self.wrong, "\n".join(self.wrong)
        assert self.shown == {role: len(tutorial(role, self.language).steps) for role in roles}


def begins_at(page: Page, names: list[str]) -> int | None:
    """How far down a picture begins which shows all these names, the nearest to the top; None for nowhere."""
    seen = page.evaluate(_LOOK, names)
    starts = {0, *(min(int(each), seen["least"]) for each in seen["begins"] if seen["least"] > 0)}
    return next(
        (
            start
            for start in sorted(starts)
            if all(
                any(start <= top and bottom + EDGE <= start + HIGH for top, bottom in places)
                for places in seen["places"]
            )
        ),
        None,
    )


def _photograph(page: Page, start: int, picture: Path) -> None:
    page.evaluate("y => scrollTo(0, y)", start)
    taken = page.context.new_cdp_session(page).send(
        "Page.captureScreenshot", {"format": "webp", "quality": 55}
    )
    picture.parent.mkdir(parents=True, exist_ok=True)
    picture.write_bytes(base64.b64decode(taken["data"]))


class Walk:
    """A market in which people do the steps of their tutorials, each at a screen of its own."""

    def __init__(self, window: Opens, world: World, lesson: Lesson) -> None:
        self.window, self.world, self.show = window, world, lesson

    def screen(self, name: str = "") -> Screen:
        """Somebody's window, or a visitor's."""
        return self.window(self.world.emails.get(name, ""), LOCALES[self.show.language], (WIDE, HIGH))

    def see(self, role: str, screen: Screen, path: str) -> None:
        """The next step of a role is the page at this path."""
        screen.open(path)
        self.show(role, screen.page)

    @staticmethod
    def meanwhile(act: Callable[[], T]) -> T:
        """Something that is done at no screen, in a thread of its own: a browser runs in this one."""
        app = current_app._get_current_object()  # type: ignore[attr-defined]

        def do() -> T:
            with app.app_context():
                return act()

        db.session.rollback()
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(do).result()


def call(world: World, called: dict[str, tuple[str, str]]) -> None:
    """Give organisations, their accounts and people names that may be shown."""
    with transaction() as session:
        for name, (organisation, person) in called.items():
            if organisation:
                named = Organisation.lock(session, world.identifiers[name])
                named.name = organisation
                of_it = update(AgencyProfile).where(AgencyProfile.agency_id == named.id)
                session.execute(of_it.values(account_name=organisation))
            session.execute(update(User).where(User.email == world.emails[name]).values(name=person))


def paper(name: str = "report.pdf") -> Any:
    """A file as a browser sends it."""
    return {"name": name, "mimeType": "application/pdf", "buffer": PDF}


def tick_and_upload(page: Page) -> None:
    """Everything there is to tick, and a file at each place for one, which has arrived."""
    for box in page.locator("main input[type=checkbox]").all():
        box.check()
    for place in page.locator("main input[type=file]").all():
        place.set_input_files(paper())
    expect(page.locator("main .waiting progress")).to_have_count(0, timeout=PATIENCE)
