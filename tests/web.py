"""A visitor to the pages: gets them, fills in their forms as a browser without script would, sends them."""

from __future__ import annotations

import io
from collections.abc import Callable
from contextvars import Context
from typing import Any

from bs4 import BeautifulSoup
from flask import Flask
from werkzeug.test import TestResponse

from harness.factories import PASSWORD, PDF
from harness.person import ALL, DRAFTED, current_values
from market.extensions import db

__all__ = ["ALL", "Answer", "Visitor"]


class Answer:
    """What came back: status, text, and the page as a tree."""

    def __init__(self, response: TestResponse) -> None:
        self.status, self.text = response.status_code, response.get_data().decode(errors="replace")
        self.location = response.headers.get("Location", "")
        self.response = response
        response.close()  # a file that was sent

    @property
    def soup(self) -> BeautifulSoup:
        return BeautifulSoup(self.text, "html.parser")

    def error_at(self, field: str) -> str:
        """The message tied to a field by aria-describedby, or an empty text."""
        message = self.soup.select_one(f"#{field}-error")
        if message is None:
            return ""
        owner = self.soup.select_one(f"[aria-describedby~='{field}-error']")
        assert owner is not None, f"the message of {field} is tied to nothing"
        return message.get_text(" ", strip=True)

    def value_of(self, field: str) -> Any:
        """What the form still holds in a field."""
        form = self.soup.select_one("main form[method=post]")
        assert form is not None
        return current_values(form).get(field)


class Visitor:
    """One person's browser, on a client of its own."""

    def __init__(self, app: Flask, email: str = "", language: str = "zh-CN") -> None:
        self.app, self.client = app, app.test_client()
        self.client.environ_base["HTTP_ACCEPT_LANGUAGE"] = language
        if email:
            assert self.submit("/sign-in", email=email, password=PASSWORD).status == 303

    def get(self, path: str) -> Answer:
        return self._answer(lambda: self.client.get(path, buffered=True))

    def post(self, path: str, data: dict[str, Any], headers: dict[str, str] | None = None) -> Answer:
        return self._answer(lambda: self.client.post(path, data=data, headers=headers))

    def _answer(self, ask: Callable[[], TestResponse]) -> Answer:
        """Outside the test's own application context, as every request comes."""
        answer = Answer(Context().run(ask))
        answer.response.request.environ["wsgi.input"].close()  # what the client kept of a large upload
        db.session.rollback()
        return answer

    def submit(self, path: str, **fields: Any) -> Answer:
        """Fill in the form of a page and send it. A `file` given as bytes is sent as an upload."""
        form = self.get(path).soup.select_one("main form[method=post]")
        assert form is not None, f"{path} has no form"
        values = current_values(form)
        for name, value in fields.items():
            if value is ALL:
                values[name] = [str(box["value"]) for box in form.select(f"input[name={name}]")]
            elif isinstance(value, bytes):
                values[name] = (io.BytesIO(value), f"{name}.pdf")
            else:
                values[name] = value
        return self.post(path, values)

    def draft(self, path: str = "/requests/new", **fields: Any) -> Answer:
        """Fill in the steps of a request from this page on, each with those of the fields it asks for.

        What came back last: of a step that was refused, or where it led to when all were told (`location`,
        the request's own page). What nobody says otherwise: private money, and an inquiry in which whoever
        will may quote.
        """
        told = {
            "funds": "private",
            "mode": "inquiry",
            **({} if fields.get("invited") else {"openly": "1"}),
            **fields,
        }
        at = path
        while True:
            page = self.get(at)
            if page.status in (302, 303):
                at = page.location
                continue
            form = page.soup.select_one("main form[method=post]")
            if form is None or not at.split("?")[0].endswith(DRAFTED):
                page.location = at.removesuffix("/publish")
                return page
            asked = {str(field["name"]) for field in form.select("[name]")}
            answer = self.submit(at, **{name: value for name, value in told.items() if name in asked})
            if answer.status != 303 or not answer.location.endswith(DRAFTED):
                answer.location = answer.location.removesuffix("/publish")
                return answer
            at = answer.location


def sign_in(app: Flask, world: Any, name: str) -> Visitor:
    """Somebody of the test's world, signed in; `visitor` is not."""
    return Visitor(app, world.emails.get(name, ""))


FILE = PDF
