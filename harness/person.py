"""Somebody with a browser's patience and no script, over real HTTP, and the record of what they sent."""

from __future__ import annotations

import re
from typing import Any

import requests
from bs4 import BeautifulSoup, Tag

PASSWORD = "correct horse battery"
DRAFTED = ("/new", "/edit/what", "/edit/size", "/edit/choice", "/edit/whom")  # the steps of a request
ONCE = re.compile(r"([?&]key=)[\w-]+")  # of a draft, another each time


class Refused(Exception):
    """The site did not do what was asked; says what it answered."""


class Person:
    """Somebody with a browser's patience and no script: reads pages, fills in forms, sends them."""

    def __init__(self, url: str, name: str = "", journal: list[str] | None = None) -> None:
        self.url, self.name, self.session = url, name, requests.Session()
        self.journal = journal if journal is not None else []
        self.session.headers["Accept-Language"] = "zh-CN"
        self.known_by: tuple[str, str] | None = None

    def get(self, path: str) -> BeautifulSoup:
        answer = self.session.get(self.url + path, timeout=30)
        if (
            self.known_by and "/sign-in" in answer.url and not path.startswith("/sign-in")
        ):  # days have passed, and the session with them
            self.sign_in(*self.known_by)
            answer = self.session.get(self.url + path, timeout=30)
        if not answer.ok:
            raise Refused(f"GET {path}: {answer.status_code}")
        return BeautifulSoup(answer.text, "html.parser")

    def submit(self, path: str, **fields: Any) -> str:
        """Fill in the form of a page and send it; the path the site leads to. `file` is sent as a file."""
        form = self.get(path).select_one("main form[method=post]")
        assert form is not None, path
        values = current_values(form)
        files = {name: _file(name, fields.pop(name)) for name in list(fields) if name == "file"}
        values.update({name: value for name, value in fields.items() if value != ALL})
        for name in (name for name, value in fields.items() if value == ALL):
            values[name] = [str(box["value"]) for box in form.select(f"input[name={name}]")]
        answer = self.session.post(self.url + path, data=values, files=files or None, timeout=60)
        if not answer.history or not answer.ok:  # what was done leads on
            said = BeautifulSoup(answer.text, "html.parser").select(".problem, .error, h1")
            raise Refused(
                f"POST {path}: {answer.status_code} {' / '.join(e.get_text(' ', strip=True) for e in said)}"
            )
        reached = answer.url.removeprefix(self.url)
        if path == "/sign-up":
            self.known_by = (fields["email"], fields["password"])
        self.journal.append(
            _entry_of(self.name, path, fields, [kind for _name, _content, kind in files.values()], reached)
        )
        return reached

    def draft(self, path: str, **fields: Any) -> str:
        """Fill in the steps of a request, each with those of the fields it asks for; the request's path.

        What nobody says otherwise: private money, and an inquiry in which whoever will may quote.
        """
        told = {"funds": "private", "mode": "inquiry", "openly": "1", **fields}
        at = self.get_to(path)
        while at.split("?")[0].endswith(DRAFTED):
            asked = {str(field["name"]) for field in self.get(at).select("main form[method=post] [name]")}
            at = self.submit(at, **{name: value for name, value in told.items() if name in asked})
        return at.removesuffix("/publish")

    def get_to(self, path: str) -> str:
        """Where a page leads on to by itself."""
        self.get(path)
        return self.session.get(self.url + path, timeout=30).url.removeprefix(self.url)

    def sign_in(self, email: str, password: str = PASSWORD) -> Person:
        self.submit("/sign-in", email=email, password=password)
        self.known_by = (email, password)
        return self

    def confirm(self) -> Person:
        """Open the letter, which in a trial stands on the outbox page, and follow its link.

        The journal goes without the link's token.
        """
        link = self.get("/outbox").select_one("a[href^='/confirm/']")
        if link is None:
            raise Refused("no letter came")
        kept, self.journal = self.journal, []
        reached = self.submit(str(link["href"]))
        self.journal = kept
        self.journal.append(_entry_of(self.name, "/confirm/…", {}, [], reached))
        return self

    def find(self, path: str, pattern: str) -> str:
        """The first public identifier of this pattern on a page."""
        match = re.search(pattern, self.get(path).get_text(" "))
        if match is None:
            raise Refused(f"{path} shows no {pattern}")
        return match[0]


ALL = object()


def _file(name: str, content: bytes) -> tuple[str, bytes, str]:
    return (
        (f"{name}.pdf", content, "application/pdf")
        if content.startswith(b"%PDF")
        else (f"{name}.csv", content, "text/csv")
    )


def _entry_of(name: str, path: str, fields: dict[str, Any], files: list[str], reached: str) -> str:
    """A request as the walk-through shows it: who, where, what was filled in, where it led."""
    said = {
        key: "(every point)" if value is ALL else "…" if key == "password" else value
        for key, value in fields.items()
    }
    filled = [f"{key}: {value}" for key, value in said.items()] + [f"file: {kind}" for kind in files]
    shown = ONCE.sub(r"\1…", path)
    return "\n".join([f"{name} POST {shown}", *(f"    {line}" for line in filled), f"303 → {reached}"])


def current_values(form: Tag) -> dict[str, Any]:
    """What the form holds as it stands, as a browser would send it."""
    values: dict[str, Any] = {}
    ticked: dict[str, list[str]] = {}
    for field in form.select("input[name], textarea[name], select[name]"):
        name, kind = str(field["name"]), field.get("type")
        if field.name == "select" and field.has_attr("multiple"):
            values[name] = [str(option["value"]) for option in field.select("option[selected]")]
        elif field.name == "select":
            chosen = field.select_one("option[selected]") or field.select_one("option")
            values[name] = str(chosen["value"]) if chosen else ""
        elif kind in ("radio", "checkbox"):
            if field.has_attr("checked"):
                ticked.setdefault(name, []).append(str(field.get("value", "y")))
        elif kind != "file":
            # A browser drops the line break that follows a text area's opening tag.
            text = field.get_text().removeprefix("\r").removeprefix("\n")
            values[name] = text if field.name == "textarea" else str(field.get("value", ""))
    return values | {name: chosen if chosen[1:] else chosen[0] for name, chosen in ticked.items()}
