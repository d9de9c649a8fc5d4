"""The tutorials: one Markdown file a role and language, in docs/tutorials, which the site shows as well.

A file is a heading, a paragraph, and then numbered steps (`## 1. …`). A step has one picture, whose text is
the main heading of the page it shows (`…` for what differs), and paragraphs, in which what stands in bold is
to be found on that page.
tests/browser/lessons.py holds them against the site and makes the pictures.
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
# By the role or the part that reads it; whoever has none of these is the public.
TITLES = {
    "enterprise": N_("项目业主"),
    "agency": N_("中介机构"),
    "regulator": N_("监管部门"),
    "department": N_("审批部门"),
    "custodian": N_("资金托管机构"),
    "admin": N_("系统管理员"),
    "delegate": N_("经办人和采购受托人"),
    "evaluator": N_("评审人"),
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


def for_actor(actor: Actor, *, evaluates: bool = False) -> list[str]:
    """The tutorials of whoever reads, the one of its main work first; `evaluates`: it was asked to."""
    if actor.user_id is None:
        return ["public"]
    parts = {"delegate": _acts_for_others(actor), "evaluator": evaluates}
    return [role for role in TITLES if role in actor.roles or parts.get(role)]


def _acts_for_others(actor: Actor) -> bool:
    """Whether somebody is staff or a delegate, or belongs to no organisation yet."""
    staff = bool(actor.private()) and not actor.owner
    nowhere = actor.confirmed and not actor.belongs and "admin" not in actor.roles
    return staff or nowhere or bool(actor.mandates)


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
