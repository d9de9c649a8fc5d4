"""Every rule of a clean-up finds whom it should, and nobody else, in one statement however many."""

from __future__ import annotations

import pytest
from sqlalchemy import delete, event, update

from harness.factories import World
from market.extensions import db
from models.accounts import Organisation
from models.actors import SYSTEM
from models.agencies.checks import Check, open_check
from models.agencies.fees import FeeSchedule
from models.contracts.agreement import Contract
from models.contracts.clauses import rules as clause_rules
from models.oversight.cleanup_rules import rules

CHECKED = {
    "unlicensed": "revoked",
    "scope": "scope",
    "moved": "address",
    "false_commitment": "commitment",
}


def _found(name: str, world: World) -> dict[str, list[str]]:
    keys = {world.organisation(who).id: who for who in ("agency", "second")}
    found = rules()[name].find(db.session, list(keys))
    return {keys[key]: [row["what"] for row in rows] for key, rows in found.items()}


def _check(world: World, kind: str, state: str, evidence: str) -> None:
    agency = Organisation.load(db.session, world.identifiers["agency"])
    check = open_check(db.session, SYSTEM, agency, kind, [{"field": kind, "ours": evidence, "theirs": ""}])
    assert check is not None
    db.session.flush()
    db.session.execute(update(Check).where(Check.id == check.id).values(state=state))


@pytest.mark.parametrize(("name", "kind"), CHECKED.items())
def test_what_a_check_confirmed_counts_until_a_later_one_clears_it(
    world: World, name: str, kind: str
) -> None:
    assert _found(name, world) == {}
    _check(world, kind, "answered", "1")
    assert _found(name, world) == {}, "nothing before it is decided"
    db.session.execute(update(Check).values(state="confirmed"))
    assert _found(name, world) == {"agency": [kind]}
    others = [each for each in CHECKED if each != name]
    assert all(_found(other, world) == {} for other in others)
    _check(world, kind, "cleared", "2")
    assert _found(name, world) == {}
    db.session.rollback()


def test_whoever_has_no_fee_in_effect(world: World) -> None:
    assert _found("unpublished_fees", world) == {}
    agency = world.organisation("agency").id
    db.session.execute(delete(FeeSchedule).where(FeeSchedule.agency_id == agency))
    assert _found("unpublished_fees", world) == {"agency": ["fees"]}
    db.session.rollback()


def test_unfair_clauses_of_contracts_under_way(world: World) -> None:
    contract = world.started()
    bad = next(each.key for each in clause_rules() if each.severity == "unfair")
    slight = next(each.key for each in clause_rules() if each.severity not in ("void", "unfair"))
    assert _found("unfair_terms", world) == {}
    this = update(Contract).where(Contract.identifier == contract)
    rows = [{"rule": key, "clause": "fee", "excerpt": ""} for key in (bad, slight)]
    db.session.execute(this.values(deviations=1, findings=rows))
    assert list(_found("unfair_terms", world).values()) == [[bad]]
    db.session.execute(this.values(state="completed"))
    assert _found("unfair_terms", world) == {}, "what is over is not asked about"
    db.session.rollback()


def test_the_five_violations_are_there() -> None:
    five = {name for name, rule in rules().items() if rule.violation}
    assert five == {"unlicensed", "scope", "moved", "unpublished_fees", "unfair_terms"}


def test_one_statement_however_many(world: World) -> None:
    keys = [world.organisation(who).id for who in ("agency", "second", "third")]
    for rule in rules().values():
        for some in (keys[:1], keys):
            asked: list[str] = []
            engine = db.session.get_bind()

            def note(*told: object, asked: list[str] = asked) -> None:
                asked.append(str(told[2]))

            event.listen(engine, "before_cursor_execute", note)
            try:
                rule.find(db.session, some)
            finally:
                event.remove(engine, "before_cursor_execute", note)
            assert len(asked) == 1, rule.name
