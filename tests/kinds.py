"""Whoever may come: one actor of every kind the rule of who may act tells apart, in one small market."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from harness.factories import World
from market.accounts.actions import delegating, members
from market.agencies.actions import entry
from models import clock
from models.accounts import SCOPE
from models.actors import SYSTEM, VISITOR, Actor

KINDS = (
    "visitor",
    "buyer",
    "staff",
    "delegate",
    "agency",
    "applicant",
    "waiting",
    "unconfirmed",
    "evaluator",
    "department",
    "county",
    "city",
    "province",
    "elsewhere",
    "custodian",
    "admin",
    "system",
    "buyer suspended",
    "delegate of suspended",
    "agency suspended",
    "county suspended",
    "custodian suspended",
    "buyer blocked",
    "agency blocked",
    "province blocked",
)


def people(world: World) -> dict[str, Actor]:
    """An actor of each kind.

    `buyer` and `agency` are the world's; whoever is suspended or blocked was the same a moment before, so
    that one case may be tried as all of them.
    """
    world.authority("county", "regulator", region="632801")
    world.authority("city", "regulator", region="632800")
    world.authority("elsewhere", "regulator", region="630102")
    world.agency("applicant", verified=False)
    world.enterprise("helper")
    world.member("buyer", "staff")
    world.authorise("staff")
    for name in ("waiting", "unconfirmed"):
        world.enterprise(name, verified=False)
    world.emails |= {
        "province": world.emails["regulator"],
        "delegate": world.emails["helper"],
        "evaluator": world.emails["second"],
    }
    delegating.delegate(
        world.actor("buyer"),
        email=world.emails["helper"],
        scope=list(SCOPE),
        most=10**12,
        until=clock.now() + timedelta(days=90),
    )
    world.accept("helper")
    world.appoint_admin()
    found = {"visitor": VISITOR, "system": SYSTEM}
    found |= {
        name: world.actor(name) for name in KINDS if name in world.emails and name not in ("admin", "system")
    }
    found |= {"admin": _admin(world), "unconfirmed": replace(found["unconfirmed"], confirmed=False)}
    for name, seen in (
        ("buyer", ("buyer", "delegate")),
        ("agency", ("agency",)),
        ("county", ("county",)),
        ("custodian", ("custodian",)),
    ):
        entry.suspend(world.actor("province"), world.identifiers[name], reason="核查期间暂停其业务")
        for each in seen:
            found["delegate of suspended" if each == "delegate" else f"{each} suspended"] = world.actor(each)
        entry.restore(world.actor("province"), world.identifiers[name], reason="核查完毕,恢复其业务")
    for name in ("buyer", "agency", "province"):
        members.block_account(_admin(world), world.emails[name], reason="账号疑被他人使用")
        found[f"{name} blocked"] = world.actor(name)
        members.unblock_account(_admin(world), world.emails[name], reason="本人已到场核实")
    return {kind: found[kind] for kind in KINDS}


def _admin(world: World) -> Actor:
    """The administrator with an account: what `world.actor` gives has none."""
    from market.extensions import db
    from models.accounts import User
    from models.acting import actor_for

    db.session.rollback()
    return actor_for(db.session.query(User).filter_by(email=world.emails["admin"]).one())
