"""Every route, whatever stands in its address or is sent to it, by whoever.

An answer, never a 5xx and never an exception.

`FUZZ` makes it larger: FUZZ=20 sends that many times as much. `FUZZ_SEED` draws another lot; the one that
failed is said.
"""

from __future__ import annotations

import inspect
import io
import os
import random
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextvars import Context
from dataclasses import dataclass, field
from itertools import cycle
from typing import Any
from urllib.parse import quote

import pytest
from flask import Flask
from sqlalchemy import select, update
from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import Rule

from harness.factories import World
from market.accounts.actions import delegating
from market.extensions import db
from market.forms import Form
from market.indexing import rebuild_index
from market.transaction import transaction
from models.accounts import Delegation, User
from models.agencies.certificates import Practitioner
from models.contracts.agreement import Contract
from tests.access_matrix import EXPECTED, ROLES
from tests.every_case import name_the_cases
from tests.nonsense import COMMON, FILES, NASTY, PLAUSIBLE
from tests.web import sign_in

TIMES = float(os.environ.get("FUZZ", "1"))
SEED = os.environ.get("FUZZ_SEED", "market")
RENEWS = {
    "accounts.sign_in",
    "accounts.sign_up",
    "accounts.sign_out",
    "accounts.end_sessions",
}  # whoever comes in or goes here is another person after it


@dataclass
class Walk:
    """One walk over the routes: who may be asked as, and what came of it."""

    app: Flask
    world: World
    chance: random.Random
    people: dict[str, Any] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    sent: Counter[int] = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def enter(self, role: str) -> None:
        """Somebody comes in, in a browser of its own, even if the walk has blocked the account."""
        if role in self.world.emails:
            with transaction() as session:
                session.execute(
                    update(User)
                    .where(User.email == self.world.emails[role])
                    .values(blocked_at=None, blocked_reason=None, blocked_as=None)
                )
        self.people[role] = sign_in(self.app, self.world, role)
        self.tokens[role] = self.people[role].get("/check").value_of("csrf_token")

    def ask(self, role: str, method: str, path: str, data: dict[str, Any] | None = None) -> None:
        client = self.people[role].client
        try:
            response = Context().run(lambda: client.open(path, method=method, data=data, buffered=True))
            status, where = response.status_code, response.headers.get("Location", "/")
            response.close()
            response.request.environ["wsgi.input"].close()
            assert where.startswith(("/", "http://localhost/")), where
        except Exception as error:
            said = f"{type(error).__name__}: {str(error)[:200]}"
            self.wrong.append(f"{method} {path[:150]!r} as {role} {_short(data)}: {said}")
            status = 599
            db.session.rollback()
        self.sent[status] += 1
        if 500 <= status < 599 and (status, path[:6]) != (
            503,
            "/ready",
        ):  # so it says where nobody acts on what is due
            self.wrong.append(f"{method} {path[:150]!r} as {role} {_short(data)}: {status}")

    def verdict(self) -> str:
        kinds = Counter(re.sub(r"'.*?' as", "as", line) for line in self.wrong)
        return (
            f"{len(self.wrong)} of {self.sent.total()} (FUZZ_SEED={SEED}):\n"
            + "\n".join(sorted(set(self.wrong))[:60])
            + f"\n{len(kinds)} kinds"
        )


def _short(data: dict[str, Any] | None) -> str:
    return "" if data is None else str({k: str(v)[:20] for k, v in list(data.items())[1:4]})


def _known(app: Flask, names: dict[str, str]) -> dict[str, list[tuple[str, dict[str, Any]]]]:
    """Per endpoint, addresses that lead to something.

    Those of the table of pages, and what only takes a POST.
    """
    adapter, found = app.url_map.bind("localhost"), defaultdict(list)
    paths = [pattern.format(**names).partition("?")[0] for pattern in EXPECTED]
    delegation, practitioner = (
        db.session.scalars(select(Delegation.id)).first(),
        db.session.scalars(select(Practitioner.id)).first(),
    )
    paths += [
        *(f"/my/delegations/{delegation}/{act}" for act in ("accept", "lay-down", "revoke")),
        f"/my/practitioners/{practitioner}/remove",
        "/my/members/staff@example.cn/remove",
        "/language/en",
        f"/batches/{names['batch']}/load",
        f"/batches/{names['batch']}/drop",
        "/my/fees/preview",
        "/hooks/stripe",
        "/custody/differences",
        "/sign-out",
        "/my/address/again",
        "/admin/clock/nowhere",
        "/my/sessions/end",
        "/my/sessions/none/end",
        "/admin/failures/1/retry",
        "/custody/import/1/drop",
        "/custody/layouts/1/forget",
        "/my/agencies/add",
        "/my/contacts/1/remove",
        "/uploads",
        "/uploads/nobodys-own-upload-here/finish",
        "/my/notices/read",
        "/my/notices/address/sms/remove",
        "/my/searches/1/remove",
        f"/requests/{names['draft']}/preview/how",
        f"/requests/{names['draft']}/files/{names['report']}/remove",
    ]
    for act in (
        "publish",
        "edit",
        "amend",
        "cancel",
        "close",
        "award",
        "appoint",
        "ask",
        "answer",
        "auction",
    ):
        paths += [
            f"/requests/{names[case]}/{act}"
            for case in ("draft", "awarded", "sealed", "invited", "live", "merit", "evaluated")
        ]
    for path in paths:
        for method in ("GET", "POST"):
            try:
                endpoint, values = adapter.match(path, method=method)
            except (NotFound, MethodNotAllowed):
                continue
            if (path, values) not in found[endpoint]:
                found[endpoint].append((path, values))
    return found


def _parameters(app: Flask) -> dict[str, set[str]]:
    """Per endpoint the names of query parameters its module asks for."""
    asked = {}
    for endpoint, view in app.view_functions.items():
        module = inspect.getmodule(inspect.unwrap(view))
        source = inspect.getsource(module) if module and module.__name__.startswith("market.") else ""
        asked[endpoint] = set(re.findall(r'args(?:\.get\(|\[)"(\w+)"', source)) | set(
            re.findall(r'\b_(?:day|fen)\("(\w+)"', source)
        )
    return asked


def _fields() -> set[str]:
    """The names of all fields of all forms.

    And those of the rows that forms make as many of as a case needs.
    """
    names: set[str] = {"method", "preview", "back", "ticked", "codes", "agency", "scores"}
    kinds = [Form]
    while kinds:
        kind = kinds.pop()
        kinds += kind.__subclasses__()
        names |= {name for name in dir(kind) if hasattr(getattr(kind, name, None), "field_class")}
    rows = (
        "title",
        "text",
        "fixed",
        "name",
        "days",
        "share",
        "reviewed",
        "price",
        "points_0",
        "points_1",
        "reason",
        "answer",
        "why",
        "clause",
        "point",
    )
    return (names | {f"{row}_{number}" for row in rows for number in range(3)}) - {"csrf_token"}


@pytest.fixture
def walk(
    app: Flask, world: World, time: Any, caplog: Any
) -> Iterator[tuple[Walk, dict[str, list[tuple[str, dict[str, Any]]]]]]:
    """A market with a case of every kind, and everybody signed in."""
    names = name_the_cases(world, time)
    world.member("buyer", "staff")
    delegating.delegate(
        world.actor("buyer"),
        email="staff@example.cn",
        scope=["tender"],
        most=100,
        until=time.instant.replace(year=2027),
    )
    known = _known(app, names)
    rebuild_index()
    walk = Walk(app, world, random.Random(SEED))
    for role in ROLES:
        walk.enter(role)
    caplog.set_level("CRITICAL")
    yield walk, known
    print(f"\n{walk.sent.total()} sent: {dict(walk.sent)}")
    assert not walk.wrong, walk.verdict()


def _some(walk: Walk, many: list[Any], share: float) -> list[Any]:
    """About this share of what could be sent, at FUZZ=1."""
    return walk.chance.sample(many, min(len(many), max(1, round(len(many) * share * TIMES))))


def _rules(app: Flask, method: str) -> list[Rule]:
    return [rule for rule in app.url_map.iter_rules() if method in (rule.methods or ())]


def _swapped(path: str, value: object, nasty: str) -> str:
    """A path with another text in the place of one of its values."""
    return (
        path.replace(quote(str(value), safe="@:"), quote(nasty.encode(errors="surrogatepass"), safe=""), 1)
        if str(value) in path
        else path
    )


def test_every_address_and_every_query(walk: Any, database: str) -> None:
    """Every page with every query parameter it knows, and those everything may stumble over.

    Every value in every address.
    """
    walk, known = walk
    app, readers = walk.app, cycle(ROLES)
    share = 0.06 if database.startswith("sqlite") else 0.02
    asked = _parameters(app)
    for rule in _rules(app, "GET"):
        for path, values in known.get(rule.endpoint, [])[:3]:
            every = [(name, nasty) for name in sorted(asked[rule.endpoint]) for nasty in NASTY]
            for name, nasty in _some(walk, every, share) if every else []:
                walk.ask(
                    _reader(walk, path, readers),
                    "GET",
                    f"{path}?{name}={quote(nasty.encode(errors='surrogatepass'))}",
                )
            for nasty in _some(walk, NASTY, share / 2):
                whole = "&".join(
                    f"{name}={quote(nasty.encode(errors='surrogatepass'))}"
                    for name in {*COMMON, *asked[rule.endpoint]}
                )
                walk.ask(_reader(walk, path, readers), "GET", f"{path}?{whole}")
            for value in values.values():
                for nasty in _some(walk, NASTY, share):
                    walk.ask(next(readers), "GET", _swapped(path, value, nasty))
    assert walk.sent.total() > 300


def _reader(walk: Walk, path: str, readers: Iterator[str]) -> str:
    """Somebody the page is shown to, another one each time; anybody where nobody is known to be."""
    pattern = next(
        (statuses for pattern, statuses in EXPECTED.items() if pattern.partition("?")[0] == path), None
    )
    may = [role for role, status in zip(ROLES, pattern, strict=True) if status == 200] if pattern else []
    return walk.chance.choice(may) if may else next(readers)


def test_everything_sent_to_everything_by_everybody(walk: Any, database: str) -> None:
    """Every POST of every case as every role.

    Nothing in it, nonsense in every field, and what might be meant.
    """
    walk, known = walk
    app, fields = walk.app, sorted(_fields())
    told = (
        {name: "说明文字足够长,可以办理" for name in fields}
        | {name: "1" for name in fields if name[-1].isdigit()}
        | PLAUSIBLE
    )
    every = [
        (rule, path, values, role)
        for rule in _rules(app, "POST")
        for path, values in known.get(rule.endpoint, [])
        for role in ROLES
    ]
    assert {rule.endpoint for rule, *_rest in every} == {rule.endpoint for rule in _rules(app, "POST")}, (
        "no route is forgotten"
    )
    share = 0.5 if database.startswith("sqlite") else 0.15
    for rule, path, values, role in [
        one for _round in range(max(1, round(share * TIMES))) for one in _some(walk, every, share)
    ]:
        nasty = walk.chance.choice(NASTY)
        bodies: list[dict[str, Any]] = [
            {},
            dict.fromkeys(fields, nasty),
            told,
            {**told, walk.chance.choice(fields): nasty},
        ]
        body = {
            name: value.encode(errors="replace").decode()
            for name, value in walk.chance.choice(bodies).items()
        }
        if body and walk.chance.random() < 0.2:
            body["file"] = (
                io.BytesIO(walk.chance.choice(FILES)),
                walk.chance.choice(["a.pdf", "\x08.csv", "x" * 300, "a\r\nb"]),
            )
        if body and walk.chance.random() < 0.1:  # any field may be sent as a file
            body |= {name: (io.BytesIO(b"text"), "text.txt") for name in walk.chance.sample(fields, 12)}
        if values and walk.chance.random() < 0.2:
            path = _swapped(path, walk.chance.choice(list(values.values())), nasty)
        walk.ask(role, "POST", path, {"csrf_token": walk.tokens[role], **body})
        if rule.endpoint in RENEWS:
            walk.enter(role)
    assert walk.sent.total() > 100
    assert db.session.scalars(select(Contract.id)).first(), "the market still stands"
