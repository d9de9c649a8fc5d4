"""Who may do what: every act and every page against the answer declared here.

They are found by looking, and asked for as every kind of actor.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import replace
from typing import Any

import pytest
from flask import Flask

import market
from harness.factories import World
from market import permissions
from market.extensions import db
from market.transaction import ACTIONS
from models import CASES, workflow
from models.actors import Actor
from models.errors import NotAllowed
from tests.acts_complaints import OF_COMPLAINTS, OVERSEERS
from tests.kinds import people
from tests.models.test_workflow import whole_market
from tests.web import sign_in


def every_act() -> set[str]:
    for module in pkgutil.walk_packages(market.__path__, "market."):
        importlib.import_module(module.name)
    return set(ACTIONS)


def test_every_act_and_every_page_says_what_it_asks(app: Flask) -> None:
    acts, pages = every_act(), {rule.endpoint for rule in app.url_map.iter_rules()}
    assert acts - set(permissions.ACTS) == set(), "acts that stand in no table of market/permissions.py"
    assert set(permissions.ACTS) - acts == set(), "acts that are no more"
    assert pages ^ set(permissions.PAGES) == set(), (
        "pages that stand in no table of market/permissions.py, or are no more"
    )


def allowed(actors: dict[str, Actor], attempt: Any) -> list[str]:
    """The kinds of actor an attempt lets pass."""
    found = []
    for kind, actor in actors.items():
        try:
            attempt(actor)
        except NotAllowed:
            continue
        found.append(kind)
    return sorted(found)


# Of acts that are of no case: who may, and which. "everybody" has an account in force.
EVERYBODY = (
    "buyer, staff, delegate, agency, applicant, waiting, evaluator, department, county, city, "
    "province, elsewhere, custodian, admin, "
    "buyer suspended, delegate of suspended, agency suspended, county suspended, custodian suspended"
)
OF_NO_CASE: list[tuple[str, str]] = [
    (
        f"visitor, {EVERYBODY}, unconfirmed, system",
        "accounts.members.register accounts.confirming._confirm accounts.resets.ask_reset "
        "accounts.resets._choose_password",
    ),
    (
        f"{EVERYBODY}, unconfirmed",
        "accounts.members.change_password accounts.confirming.send_again "
        "accounts.confirming._change_address accounts.sessions.end_one accounts.sessions.end_mine "
        "accounts.second_factor._add_authenticator accounts.passkeys._add accounts.passkeys._remove "
        "accounts.second_factor._remove_factors accounts.second_factor._set_codes",
    ),
    (
        EVERYBODY,
        "accounts.members.block_account accounts.members.unblock_account",
    ),  # over whom: test_blocking.py
    (
        EVERYBODY,
        "worklist.read_all worklist.choose worklist.ask_address "
        "worklist.confirm_address worklist.forget_address",
    ),
    (
        "buyer, staff, delegate, agency, applicant, waiting, evaluator, buyer suspended, "
        "delegate of suspended, agency suspended",
        "sourcing.searching.save sourcing.searching.forget "
        "messages.add_contact messages.change_contact messages.remove_contact",
    ),
    (f"{EVERYBODY}, unconfirmed", "credit.records.receive"),  # of which record: the record says
    (f"visitor, {EVERYBODY}, unconfirmed, system", "oversight.filing.report oversight.answering.rate"),
    (EVERYBODY, "oversight.filing.complain oversight.filing.file_both"),  # a party of what: the case says
    ("county, city, province, elsewhere", "credit.records.propose_by_hand"),
    (f"{EVERYBODY}, unconfirmed", "sourcing.drafting.create"),  # for whom: where the case begins, below
    (EVERYBODY, "messages.send messages.name_contact"),  # on which side: the case says, tests/messages
    (EVERYBODY, "contracts.changing.propose accounts.delegating.accept accounts.delegating.lay_down"),
    (
        "buyer, staff, delegate, delegate of suspended, waiting, unconfirmed",
        "accounts.entering.correct",
    ),  # as long as it waits
    (
        "admin",
        "accounts.members.set_up_authority accounts.sessions.end_of accounts.second_factor.reset_of "
        "oversight.overriding.override oversight.overriding.try_again timekeeping._confirm",
    ),
    # of which area: the flag says, tests/oversight/test_red_flags.py
    ("county, city, province, elsewhere, admin", "oversight.red_flags.look_at"),
    ("province", "contracts.drafting.publish_template"),
    ("province, admin", "agencies.registry._compare"),
    ("department, province, admin", "catalogue.list_item catalogue.revise_item catalogue.withdraw_item"),
    (
        "custodian",
        "payments.importing._keep_layout payments.importing._take_statement payments.importing._wait "
        "payments.importing.drop_waiting payments.importing.forget_layout payments.bank.read "
        "payments.bank.settle",
    ),
    (
        "buyer, staff, delegate, agency, applicant, waiting, evaluator, buyer suspended, "
        "delegate of suspended, agency suspended",
        "accounts.authorising.open_letter",
    ),
    (
        "buyer, delegate, agency, evaluator, buyer suspended, delegate of suspended, agency suspended",
        "accounts.authorising.declare accounts.authorising.hand_on",
    ),
    # owners; helper, who is the delegate here, owns another enterprise
    ("buyer, delegate, delegate of suspended", "accounts.delegating.delegate"),
    ("buyer, delegate, buyer suspended, delegate of suspended", "accounts.delegating.revoke"),
    (
        "buyer, delegate, agency, applicant, waiting, evaluator, department, county, city, "
        "province, elsewhere, custodian, delegate of suspended",
        "accounts.members.add_member",
    ),
    (
        "buyer, delegate, agency, applicant, waiting, evaluator, department, county, city, "
        "province, elsewhere, custodian, "
        "buyer suspended, delegate of suspended, agency suspended, county suspended, custodian suspended",
        "accounts.members.remove_member",
    ),
    (
        "buyer, delegate, agency, evaluator, buyer suspended, delegate of suspended, agency suspended",
        "contracts.signing.renew_key contracts.signing._take_certificate",
    ),
    (
        "buyer, staff, delegate, agency, applicant, waiting, evaluator, unconfirmed, buyer suspended, "
        "delegate of suspended, agency suspended",
        "agencies.shortlist.add agencies.shortlist.remove",
    ),
    # agencies
    ("agency, evaluator", "sourcing.questions.ask sourcing.quotes.submit sourcing.bids._submit"),
    ("agency, applicant, evaluator", "agencies.publishing.publish_fees"),
    (
        "agency, evaluator, agency suspended",
        "agencies.accounts.change_account agencies.accounts.change_representative",
    ),
    (
        "agency, applicant, evaluator, agency suspended",
        "agencies.entry.fill agencies.entry.add_practitioner agencies.entry.remove_practitioner "
        "agencies.entry.hand_in_material agencies.publishing.add_qualification agencies.entry.submit "
        "agencies.serving.declare "
        "agencies.entry.commit credit.reports._take_number credit.reports._keep "
        "sourcing.awards.object_to",
    ),
    (
        "agency, applicant, evaluator, county, city, province, elsewhere, admin",
        "agencies.imports._take_table batches.load_batch batches.drop_batch",
    ),
    ("province, system", "credit.external._begin credit.external._finish credit.external.note_failure"),
    # the clock, the jobs, the command line
    (
        "system",
        "accounts.members.appoint_admin accounts.entering.judge contracts.contract_pdf._keep_text "
        "contracts.changing.end_unopposed credit.following.follow_some credit.scores.begin_scores "
        "credit.scores.read_ratings "
        "credit.records.refer ratings.rating.publish sourcing.keys.note_half "
        "sourcing.keys.note_kept payments.bank.close_day payments.charges.close_event "
        "payments.charges.fail payments.payouts.finish_sending payments.payouts.give_up_sending "
        "payments.reconciling.keep_discrepancies payments.bank.leave payments.bank.match "
        "payments.charges.note payments.reconciling.note_discrepancies payments.charges.note_event "
        "payments.charges.settle payments.payouts.take_back",
    ),
    (
        "system",
        " ".join(
            f"referrals.refer_{kind}"
            for kind in (
                "violation_report",
                "complaint",
                "answer",
                "authorisation",
                "check",
                "claim",
                "clarification",
                "dispute",
                "external_listing",
                "follow_up",
                "materials",
                "objection",
                "organisation",
                "payment",
                "payout",
                "rating_appeal",
                "tender",
            )
        ),
    ),
]


# Of acts of cases: who may, and which. The cases are in the county; the buyer, the agency and their like are
# their parties.
OF_CASES: list[tuple[str, str]] = [
    (OVERSEERS, "organisation.suspend organisation.restore check.ask check.clear check.confirm"),
    (
        f"{OVERSEERS}, admin",
        "organisation.verify organisation.return organisation.refuse claim.grant claim.refuse "
        "authorisation.accept authorisation.return",
    ),
    ("buyer, buyer suspended", "authorisation.file"),
    (f"buyer, buyer suspended, {OVERSEERS}, admin, system", "authorisation.withdraw"),
    ("", "claim.file claim.ask claim.withdraw claim.resume"),  # the applicant's, who is none of these
    ("agency", "claim.admit"),
    ("agency, agency suspended", "claim.answer claim.decline"),
    ("agency, system, agency suspended", "account_change.stop"),
    (
        OVERSEERS,
        "tender.consent tender.refuse_cancel tender.call_off award.annul objection.uphold "
        "objection.dismiss contract.call_off dispute.decide follow_up.find rating_appeal.uphold "
        "rating_appeal.reject",
    ),
    (
        OVERSEERS,
        "credit_record.notify credit_record.commend credit_record.drop credit_record.recuse "
        "credit_record.uphold credit_record.repair credit_record.refuse_repair credit_record.revoke "
        "credit_record.suspend credit_record.resume external_listing.uphold external_listing.reject "
        "external_listing.decline external_listing.confirm_correction external_listing.confirm_removal "
        "external_listing.decline_change",
    ),
    (
        "agency, agency suspended",
        "credit_record.defend credit_record.defend_partly credit_record.waive credit_record.ask_repair "
        "credit_record.withdraw "
        "external_listing.dispute",
    ),
    (
        OVERSEERS,
        "payment.set_aside tender.urge clarification.urge contract.urge "
        "deliverable.urge payment.urge payout.urge materials.urge follow_up.urge",
    ),
    (f"{OVERSEERS}, system", "deliverable.waive external_listing.confirm"),
    ("department", "deliverable.pass deliverable.send_back"),
    ("custodian, system", "payment.receive payout.send"),
    # taking something on: only in standing
    ("agency", "quote.replace bid.replace bid.undercut contract.agree_agency"),
    ("buyer, staff", "change.agree"),
    ("buyer, staff, system", "award.forfeit"),
    (
        "buyer, staff, delegate",
        "tender.edit tender.publish tender.amend tender.appoint tender.award "
        "contract.agree_buyer contract.replace",
    ),
    ("buyer, staff, delegate, system", "tender.close tender.keep"),
    ("buyer, staff, delegate, agency", "quote.offer contract.revise"),
    ("buyer, staff, delegate, agency, system", "quote.accept"),
    # duties, answers, objections, stepping back: suspended too
    (
        "agency, agency suspended",
        "organisation.submit organisation.commit check.answer quote.withdraw bid.withdraw objection.withdraw",
    ),
    (
        "agency, agency suspended",
        "materials.miss deliverable.submit dispute.answer payment.confirm invoice.void",
    ),
    ("agency, system, agency suspended", "materials.confirm materials.waive change.withdraw payout.arrive"),
    ("agency, custodian, agency suspended", "payment.dispute"),
    ("agency, custodian, system, agency suspended", "payout.bounce"),
    ("buyer, staff, buyer suspended", "change.refuse invoice.receive rating.rate"),
    ("buyer, staff, buyer suspended", "follow_up.mend follow_up.deny rating_appeal.state"),
    (
        "agency, agency suspended",
        "rating.reply rating.appeal follow_up.contact follow_up.report rating_appeal.withdraw",
    ),
    ("buyer, staff, system, buyer suspended", "dispute.withdraw"),
    ("buyer, staff, agency, buyer suspended, agency suspended", "dispute.evidence"),
    (
        "buyer, staff, delegate, buyer suspended, delegate of suspended",
        "tender.cancel tender.ask_cancel clarification.answer objection.answer",
    ),
    (
        "buyer, staff, delegate, buyer suspended, delegate of suspended",
        "materials.supply deliverable.return payment.pay",
    ),
    ("buyer, staff, delegate, system, buyer suspended, delegate of suspended", "deliverable.accept"),
    (
        "buyer, staff, delegate, agency, buyer suspended, delegate of suspended, agency suspended",
        "contract.give_notice contract.dispute",
    ),
    (
        "buyer, staff, delegate, agency, system, buyer suspended, delegate of suspended, agency suspended",
        "contract.terminate",
    ),
    (
        "buyer, staff, delegate, agency, system, buyer suspended, delegate of suspended, agency suspended",
        "quote.decline",
    ),
    *OF_COMPLAINTS,
    ("", "contract.contest contract.retract"),  # nobody gave notice here
    ("evaluator", "evaluation.declare evaluation.score"),
    ("evaluator, system", "evaluation.recuse"),
]


def declared(table: list[tuple[str, str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for who, acts in table:
        for act in acts.split():
            assert act not in found, f"{act} stands in two lines"
            found[act] = sorted(filter(None, who.split(", ")))
    return found


def test_every_act_that_is_of_no_case(app: Flask, world: World) -> None:
    actors, expected = people(world), declared(OF_NO_CASE)
    names = [name for name in every_act() if permissions.ACTS[name] is not None]
    found = {
        name: allowed(actors, lambda actor, name=name: permissions.check_act(name, actor)) for name in names
    }
    assert found == expected


def test_every_act_of_every_case(world: World, time: Any) -> None:
    """As the table of each case type and the rule of standing have it together.

    What only the clock does needs no line.
    """
    actors, expected = people(world), declared(OF_CASES)
    identifiers, found = whole_market(world, time), {}
    for name, case_class in CASES.items():
        db.session.rollback()
        case = case_class.load(db.session, identifiers[name])
        for act in case.workflow.acts:
            who = {role for move in case.workflow.moves if move.act == act for role in move.who}
            found[f"{name}.{act}"] = allowed(
                actors,
                lambda actor, who=who, act=act, case=case: workflow.check_role(
                    db.session, case, act, actor, who
                ),
            )
    assert {act: who for act, who in found.items() if who != ["system"]} == expected


def test_buttons_and_worklists_come_from_the_same_rule(world: World, time: Any) -> None:
    """Whatever a page offers is let through, and whatever is let through now is offered.

    Over every case, state and kind of actor.
    """
    actors, identifiers, tried = people(world), whole_market(world, time), 0
    for name, case_class in CASES.items():
        db.session.rollback()
        case = case_class.load(db.session, identifiers[name])
        for state in case.workflow.states:
            case.state, case.referred_to = state, "630000"
            for actor in actors.values():
                offered = {move.act for move in case.workflow.open_to(case, actor)}
                rows = {move.act: move for move in case.workflow.moves if move.source == state}
                passed = {act for act, move in rows.items() if _plays(case, act, actor, move.who)}
                assert offered == passed, (name, state, actor.name)
                tried += 1
    db.session.rollback()
    assert tried > 1000


def _plays(case: Any, act: str, actor: Actor, who: Any) -> bool:
    try:
        with db.session.no_autoflush:
            return bool(workflow.check_role(db.session, case, act, actor, who, leaving=True))
    except NotAllowed:
        return False


def test_an_act_that_is_declared_nowhere_is_refused(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(permissions.ACTS, "contracts.drafting.publish_template")
    monkeypatch.delitem(permissions.PAGES, "worklist.index")
    with pytest.raises(NotAllowed):
        permissions.check_act("contracts.drafting.publish_template", world.actor("regulator"))
    assert sign_in(app, world, "buyer").get("/my").status == 403


def test_what_binds_or_redirects_asks_for_the_password_once_more_whoever_calls(world: World) -> None:
    for name in permissions.PROVED:
        actor = world.actor("agency" if name.startswith("agencies") else "buyer")
        with pytest.raises(NotAllowed, match="登录密码"):
            permissions.check_act(name, replace(actor, proved=False))
        permissions.check_act(name, replace(actor, proved=True))
