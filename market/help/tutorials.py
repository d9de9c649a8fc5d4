"""The tutorials: one Markdown file a role and language, in docs/tutorials, which the site shows as well.

A file is a heading, a paragraph, and then numbered steps (`## 1. …`). A step has one picture, whose text is
the main heading of the page it shows (`…` for what differs), and paragraphs, in which what stands in bold is
to be found on that page.
tests/browser/test_tutorials.py walks them and makes the pictures.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from markupsafe import Markup, escape

from market.config import ROOT
from models.actors import Actor
from models.i18n import N_

FOLDER = ROOT / "docs" / "tutorials"
PICTURES = ROOT / "market" / "static" / "help"
# By the role that reads it; whoever has none of these is the public.
TITLES = {
    "enterprise": N_("项目业主"),
    "agency": N_("中介机构"),
    "regulator": N_("监管部门"),
    "department": N_("审批部门"),
    "public": N_("公众"),
}
_STEP = re.compile(r"^## \d+\. (?P<title>.+)\n\n!\[(?P<shows>.+)\]\((?P<picture>\S+)\)\n\n(?P<text>.+)", re.S)
_BOLD = re.compile(r"\*\*(.+?)\*\*")
_IN_STATIC = "../../market/static/"


@dataclass(frozen=True)
class Step:
    """A step: what its page's main heading says, its picture below market/static, and what to do there."""

    title: str
    shows: str
    picture: str
    paragraphs: tuple[str, ...]

    @property
    def named(self) -> list[str]:
        """What of the page the text names."""
        return [name for text in self.paragraphs for name in _BOLD.findall(text)]


@dataclass(frozen=True)
class Tutorial:
    title: str
    lead: str
    steps: tuple[Step, ...]


def for_actor(actor: Actor) -> str:
    """The tutorial of whoever reads, or empty for somebody whose work has none."""
    return next((role for role in TITLES if role in actor.roles), "" if actor.user_id else "public")


@cache
def tutorial(role: str, language: str) -> Tutorial:
    """A role's tutorial in a language, `zh` or `en`. ValueError for a file that is not in its form."""
    head, *steps = re.split(r"^(?=## )", _path(role, language).read_text(encoding="utf-8"), flags=re.M)
    title, lead = head.strip().split("\n\n", 1)
    return Tutorial(title.removeprefix("# "), lead, tuple(_step(part.strip()) for part in steps))


def _path(role: str, language: str) -> Path:
    return FOLDER / f"{role}.{language}.md"


def _step(text: str) -> Step:
    found = _STEP.match(text)
    if found is None:
        raise ValueError(text)
    picture = found["picture"].removeprefix(_IN_STATIC)
    return Step(found["title"], found["shows"], picture, tuple(found["text"].split("\n\n")))


def marked_up(text: str) -> Markup:
    """A paragraph as a page shows it: what is bold, and white space between lines of a text."""
    return Markup(_BOLD.sub(r"<b>\1</b>", str(escape(text))))
