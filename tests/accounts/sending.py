"""Sending a form again, as the same browser or another one."""

from __future__ import annotations

import copy
import io
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from harness.factories import PASSWORD, PDF, World, code
from market.extensions import db
from models import clock
from models.accounts import Delegation, Membership, Organisation, User
from models.clock import BEIJING
from models.events import Event
from models.signing.keys import SigningKey
from tests.web import Visitor

ROLES = ("visitor", "buyer", "staff", "agency", "regulator", "department", "custodian", "admin")
_taken = iter(range(8000, 9000))


def _person() -> dict[str, Any]:
    number = next(_taken)
    return {"name": "新来的人", "email": f"new{number}@example.cn", "password": PASSWORD}


def an_organisation(**values: Any) -> dict[str, Any]:
    return {
        **_person(),
        "organisation": "新来的单位",
        "uscc": code(next(_taken)),
        "region_code": "632801",
        **values,
    }


@dataclass(frozen=True)
class Door:
    """A form that makes or changes who may do what.

    Fresh contents for it, and another value for some of its fields.
    """

    path: str
    who: tuple[str, ...]
    fresh: Callable[[], dict[str, Any]]
    others: dict[str, Any]


OTHER_PERSON = {"name": "另一个人", "email": "admin@example.cn", "password": "another horse battery"}
OTHER = {**OTHER_PERSON, "organisation": "另一家单位", "uscc": code(7001), "region_code": "632802"}
DOORS = {
    "an enterprise": Door(
        "/sign-up", ROLES, lambda: an_organisation(kind="enterprise"), {**OTHER, "kind": "agency"}
    ),
    "an agency": Door(
        "/sign-up",
        ROLES,
        lambda: an_organisation(kind="agency"),
        {**OTHER, "kind": "enterprise", "claim": "ABCDEFGHIJKL"},
    ),
    "a member": Door(
        "/my/members/new", ("buyer", "agency", "regulator", "department", "custodian"), _person, OTHER_PERSON
    ),
    "an authority": Door(
        "/admin/authorities/new",
        ("admin",),
        lambda: an_organisation(authority_role="regulator", department=""),
        {**OTHER, "authority_role": "custodian"},
    ),
    "a delegation": Door(
        "/my/delegations/new",
        ("buyer",),
        lambda: {
            "again": PASSWORD,
            "email": "helper@example.cn",
            "scope": "tender",
            "most": "30,000",
            "until": f"{clock.now().astimezone(BEIJING).replace(year=2027):%Y-%m-%dT%H:%M}",
        },
        {"email": "second@example.cn", "scope": "quote", "most": "90,000", "until": "2027-12-31T17:00"},
    ),
    "a fresh key": Door("/my/signing/renew", ("buyer", "agency"), lambda: {"again": PASSWORD}, {}),
    "a credit report": Door("/my/credit-report", ("agency",), dict, {}),
    "a certificate of a practitioner": Door(
        "/my/entry/practitioners",
        ("agency",),
        lambda: {
            "name": "才旦",
            "kind": "注册咨询工程师",
            "number": f"Z-{next(_taken)}",
            "valid_from": "2025-01-01",
            "valid_until": "2031-01-01",
        },
        {
            "name": "卓玛",
            "kind": "执业律师",
            "number": "Z-1",
            "valid_from": "2025-01-02",
            "valid_until": "2032-01-01",
        },
    ),
    "a material": Door(
        "/my/entry/materials",
        ("agency",),
        lambda: {"kind": "licence", "file": PDF},
        {"file": PDF + b"%another"},
    ),
}


def furnish(world: World) -> None:
    """People and an organisation beside those of the world.

    An administrator, staff of the buyer, somebody to delegate to, and an imported agency nobody has claimed.
    """
    world.appoint_admin()
    world.enterprise("helper")
    world.member("buyer", "staff")


def counted() -> tuple[int, ...]:
    """How much there is of all that an act of an identity makes."""
    db.session.rollback()
    return tuple(
        db.session.scalar(select(func.count()).select_from(kind)) or 0
        for kind in (User, Membership, Organisation, Delegation, SigningKey, Event)
    )


def send(visitor: Visitor, path: str, values: dict[str, Any]) -> Any:
    return visitor.post(
        path, {k: (io.BytesIO(v), f"{k}.pdf") if isinstance(v, bytes) else v for k, v in values.items()}
    )


def ticket(visitor: Visitor, path: str) -> dict[str, str]:
    page = visitor.get(path)
    return {name: page.value_of(name) for name in ("csrf_token", "submission")}


def twin_of(visitor: Visitor) -> Visitor:
    """The same browser as it is now: what it sends at once, before an answer came, carries these cookies."""
    other = Visitor(visitor.app)
    other.client._cookies = copy.copy(visitor.client._cookies)
    return other
