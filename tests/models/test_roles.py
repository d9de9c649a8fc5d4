"""Who plays which role in a case: said in Python for one case, and in SQL for lists, and always the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from harness.factories import World
from market.extensions import db
from market.transaction import transaction
from models import CASES, clock
from models.accounts import Organisation, User
from models.actors import ROLES, VISITOR, Actor, Mandate
from models.cases import Case
from models.money import MOST
from models.sourcing.tenders import Tender
from tests.machines import examples
from tests.models.test_workflow import PEOPLE, whole_market

REGIONS = (None, "100000", "630000", "632800", "632801", "540000")
LINES = (None, "水利", "生态环境")
PLAYED = ("enterprise", "agency", "regulator", "department", "custodian", "admin", "system")
Kinds = dict[type[Case], list[Any]]


def every_case(world: World, time: Any) -> None:
    """A market that has a case of every type, and a tender without a budget."""
    whole_market(world, time)
    with transaction() as session:
        session.execute(update(Tender).values(budget=4_700_000))
    world.tender(budget=None)


def _loaded() -> Kinds:
    db.session.rollback()
    kinds: Kinds = {
        kind: list(db.session.scalars(select(kind).order_by(kind.id)).unique()) for kind in CASES.values()
    }
    assert all(kinds.values())
    return kinds


def mandates(buyers: list[int], sums: list[int]) -> st.SearchStrategy[Mandate]:
    """Delegations of any scope, sum and end; the sums lie around those that are at stake."""
    now = clock.now()
    return st.builds(
        Mandate,
        buyer_id=st.sampled_from(buyers),
        buyer_name=st.just("委托单位"),
        scope=st.frozensets(st.sampled_from(sorted(CASES)), min_size=1),
        most=st.sampled_from(sums).flatmap(lambda most: st.integers(max(0, most - 1), most + 1)),
        until=st.integers(-1, 1).map(lambda days: now + timedelta(days=days)),
    )


def actors(known: list[Actor], kinds: Kinds) -> st.SearchStrategy[Actor]:
    """Those of the market and any others, each with delegations."""
    organisations = list(db.session.scalars(select(Organisation.id)))
    people = list(db.session.scalars(select(User.id)))
    buyers = sorted({case.buyer_id for cases in kinds.values() for case in cases if "buyer" in case.parties})
    sums = sorted({case.amount_at_stake for cases in kinds.values() for case in cases} | {MOST})
    anybody = st.builds(
        Actor,
        name=st.just("任何人"),
        roles=st.frozensets(st.sampled_from(PLAYED)),
        user_id=st.sampled_from([None, *people]),
        organisation_id=st.sampled_from([None, *organisations]),
        region_code=st.sampled_from(REGIONS),
        department=st.sampled_from(LINES),
    )
    return st.builds(
        lambda actor, lent: replace(actor, mandates=tuple(lent)),
        st.one_of(st.sampled_from(known), anybody),
        st.lists(mandates(buyers, sums), max_size=4),
    )


def check(kinds: Kinds, actor: Actor) -> set[str]:
    """Both say the same of every case. Returns the types in one of which the actor is the buyer."""
    buys = set()
    for kind, cases in kinds.items():
        said = [kind.scope(role, actor).label(role) for role in ROLES]
        rows = db.session.execute(select(kind.id, kind.visible_to(actor).label("seen"), *said)).all()
        found = {row.id: {role for role in ROLES if getattr(row, role)} for row in rows}
        assert found == {case.id: set(case.roles_of(actor)) for case in cases}, kind.workflow.name
        seen = {row.id for row in rows if row.seen}
        assert seen == {case.id for case in cases if case.roles_of(actor) - {"system"}}, kind.workflow.name
        if any("buyer" in roles for roles in found.values()):
            buys.add(kind.workflow.name)
    return buys


def test_what_python_and_sql_say_of_roles_is_the_same_for_every_case_type(world: World, time: Any) -> None:
    every_case(world, time)
    known = [VISITOR, *(world.actor(name) for name in PEOPLE)]
    kinds = _loaded()

    @examples(150)
    @given(actor=actors(known, kinds))
    def the_same(actor: Actor) -> None:
        check(kinds, actor)

    the_same()


def test_a_delegation_makes_a_buyer_in_what_it_covers_and_up_to_its_sum(world: World, time: Any) -> None:
    every_case(world, time)
    own = world.actor("buyer")
    buyer, kinds = own.organisation_id or 0, _loaded()
    until = clock.now() + timedelta(days=1)

    def buys(most: int, *scope: str, until: datetime = until) -> set[str]:
        return check(kinds, Actor("受托人", mandates=(Mandate(buyer, "", frozenset(scope), most, until),)))

    with_buyer = {name for name, kind in CASES.items() if "buyer" in kind.parties}
    assert buys(MOST, *CASES) == with_buyer
    assert buys(MOST, *CASES, until=clock.now()) == set()
    assert buys(MOST, "tender") == {"tender", "clarification", "evaluation", "objection"}
    assert buys(MOST, "contract") == {"contract", "materials"}
    assert buys(99, "quote") == set()
    assert buys(100, "quote") == {"quote"}
    for kind, cases in kinds.items():
        if kind.workflow.name in with_buyer:
            least = min(case.amount_at_stake for case in cases if "buyer" in case.roles_of(own))
            assert buys(least - 1, kind.delegated_as()) & {kind.workflow.name} == set()
            assert kind.workflow.name in buys(least, kind.delegated_as())
    free = next(tender for tender in kinds[Tender] if tender.budget is None)
    assert free.amount_at_stake == MOST
