"""What every act and every page asks of whoever comes, a line each; the rule itself is models/permission.py.

An act is named by where it stands (`transaction.name_of`), a page by its endpoint. `CASE` leaves who may to
the case's own table (models/workflow.py), which every such act has to ask. The acts and pages a case type is
registered with (market/case_registry.py) come in by that, unless they ask for more here. What stands in no
table is refused: it was forgotten. A page that offers an act asks what the act asks, and so does whatever
leads to it (`may` in the templates), so that nobody is shown what would be refused.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask import current_app
from sqlalchemy.orm import Session

from models import permission
from models.actors import Actor
from models.errors import NotAllowed
from models.permission import Ask
from models.workflow import ASKED

CASE: Ask | None = None
ANYBODY = Ask(["visitor"])
SIGNED_IN = Ask(duty=True, entering=True)
MACHINE = Ask(["system"])
OPERATOR = Ask(["admin"])
CUSTODIAN = Ask(["custodian"])
PARTY = Ask(
    ["enterprise", "agency"], duty=True, entering=True
)  # its own affairs, and what a delegate does for another
AGENCY = Ask(["agency"])
AGENCY_ENTERING = Ask(["agency"], entering=True)
OWN_PAPERS = Ask(["agency"], duty=True, entering=True)  # also to put right what it was suspended for
OWNER = Ask(duty=True, entering=True, owner=True)
OVERSEER = Ask(
    ["regulator", "admin"]
)  # of its area and below: what it sees of it, each list says by `visible_to`
MARKET = Ask(["regulator", "admin"], whole=True)


def _of(path: str, names: str, ask: Ask | None) -> dict[str, Any]:
    """These names at one path, all with one answer."""
    return {f"{path}.{name}": ask for name in names.split()}


ACTS: dict[str, Ask | None] = {
    # accounts
    "accounts.members.register": ANYBODY,
    "accounts.members.appoint_admin": MACHINE,
    "accounts.members.set_up_authority": OPERATOR,
    "accounts.members.add_member": Ask(owner=True, entering=True),
    "accounts.members.remove_member": OWNER,
    "accounts.members.change_password": SIGNED_IN,
    "accounts.delegating.delegate": Ask(["enterprise"], owner=True),
    "accounts.delegating.revoke": Ask(["enterprise"], duty=True, owner=True),
    **_of("accounts.delegating", "accept lay_down", SIGNED_IN),
    "accounts.authorising.open_letter": PARTY,
    "accounts.authorising.declare": Ask(["enterprise", "agency"], duty=True, owner=True),
    "accounts.authorising.hand_on": Ask(["enterprise", "agency"], duty=True, owner=True),
    "accounts.members.block_account": SIGNED_IN,  # over whom: models/blocking.py
    "accounts.members.unblock_account": SIGNED_IN,
    **_of("accounts.confirming", "send_again _change_address", SIGNED_IN),
    "accounts.confirming._confirm": ANYBODY,  # with the letter's token, and the account's password
    "accounts.entering.correct": Ask(["enterprise"], entering=True),
    "accounts.entering.judge": MACHINE,
    **_of("accounts.sessions", "end_one end_mine", SIGNED_IN),
    **_of("accounts.second_factor", "_add_authenticator _remove_factors _set_codes", SIGNED_IN),
    **_of("accounts.passkeys", "_add _remove", SIGNED_IN),
    "accounts.sessions.end_of": OPERATOR,
    "accounts.second_factor.reset_of": OPERATOR,
    **_of("accounts.resets", "ask_reset _choose_password", ANYBODY),
    # agencies
    "agencies.entry.fill": OWN_PAPERS,
    "agencies.entry.add_practitioner": OWN_PAPERS,
    "agencies.entry.remove_practitioner": OWN_PAPERS,
    "agencies.entry.hand_in_material": OWN_PAPERS,
    "agencies.publishing.add_qualification": OWN_PAPERS,
    "agencies.publishing.publish_fees": AGENCY_ENTERING,
    "agencies.serving.declare": OWN_PAPERS,
    **_of("agencies.shortlist", "add remove", PARTY),
    "agencies.entry.submit": OWN_PAPERS,
    "agencies.entry.commit": OWN_PAPERS,
    "credit.reports._take_number": OWN_PAPERS,
    "credit.reports._keep": OWN_PAPERS,
    # of which kind: IMPORTS
    "agencies.imports._take_table": Ask(["regulator", "agency", "admin"], entering=True),
    "agencies.registry._compare": MARKET,
    **_of(
        "agencies.accounts", "change_account change_representative", Ask(["agency"], duty=True, owner=True)
    ),
    "batches.load_batch": Ask(["regulator", "agency", "admin"], entering=True),
    "batches.drop_batch": Ask(["regulator", "agency", "admin"], entering=True),
    # catalogue: of which line of work, market/catalogue/actions.py
    **_of(
        "catalogue",
        "revise_item list_item withdraw_item",
        Ask(["regulator", "department", "admin"], whole=True),
    ),
    # sourcing: an enterprise buys, or whoever it delegated; for whom, and how that stands, is asked where the
    # case begins
    "sourcing.drafting.create": SIGNED_IN,
    **_of("sourcing.drafting", "edit put_aside detach keep_as_template", CASE),
    **_of("sourcing.tenders", "_publish _amend", CASE),
    "sourcing.closing._close": CASE,
    "sourcing.questions._answer": CASE,
    "sourcing.opening._open_bids": CASE,
    "sourcing.scoring.score": CASE,
    "sourcing.auction.undercut": CASE,
    "sourcing.questions.ask": AGENCY,
    "sourcing.quotes.submit": AGENCY,
    "sourcing.bids._submit": AGENCY,
    "sourcing.awards.object_to": OWN_PAPERS,
    "sourcing.keys.note_kept": MACHINE,
    "sourcing.keys.note_half": MACHINE,
    # contracts
    "contracts.contract_pdf._keep_text": MACHINE,
    **_of("contracts.signing", "_agree _take_signature", CASE),
    "contracts.changing.propose": SIGNED_IN,  # for whom, and how that stands, is asked where the case begins
    "contracts.changing.end_unopposed": MACHINE,
    "contracts.signing._take_certificate": Ask(["enterprise", "agency"], duty=True, owner=True),
    "contracts.signing.renew_key": Ask(["enterprise", "agency"], duty=True, owner=True),
    "contracts.drafting.publish_template": Ask(["regulator"], whole=True),
    # money
    "payments.charges.ask": CASE,
    "payments.payouts.begin_sending": CASE,
    "payments.invoicing.record": CASE,
    **_of("payments.payouts", "finish_sending give_up_sending take_back", MACHINE),
    **_of("payments.bank", "match leave close_day", MACHINE),
    **_of("payments.reconciling", "keep_discrepancies note_discrepancies", MACHINE),
    **_of("payments.charges", "note fail settle note_event close_event", MACHINE),
    **_of("payments.bank", "settle read", CUSTODIAN),
    **_of("payments.importing", "_wait _keep_layout forget_layout drop_waiting _take_statement", CUSTODIAN),
    # ratings, credit, oversight
    "ratings.rating.publish": MACHINE,
    "credit.scores.begin_scores": MACHINE,
    # of the whole market: what a site says may concern anybody in it
    **_of("credit.external", "_begin _finish note_failure", Ask(["regulator", "system"], whole=True)),
    "credit.following.follow_some": MACHINE,
    "credit.records.refer": MACHINE,
    "credit.records.propose_by_hand": Ask(["regulator"]),
    "credit.records.receive": SIGNED_IN,  # whoever the paper is for: asked of the record
    "credit.scores.read_ratings": MACHINE,
    **_of("oversight.filing", "report", ANYBODY),  # signed in or not
    **_of("oversight.filing", "complain file_both", SIGNED_IN),
    "oversight.answering.rate": ANYBODY,  # with the report's code, or as whoever came: asked of the answer
    "oversight.overriding.override": OPERATOR,
    "oversight.overriding.try_again": OPERATOR,
    "oversight.red_flags.look_at": OVERSEER,
    "timekeeping._confirm": OPERATOR,
    # between the parties of a case: which side, and how that stands, is asked of the case
    **_of("messages", "send name_contact", SIGNED_IN),
    **_of("messages", "add_contact change_contact remove_contact", PARTY),
    # how one hears of things
    **_of("worklist", "read_all choose ask_address confirm_address forget_address", SIGNED_IN),
    **_of("sourcing.searching", "save forget", PARTY),
}

# What is open to somebody whose mail address was not shown to be his yet: looking round, and preparing what
# is his own.
BEFORE_CONFIRMING = frozenset(
    {
        *_of("accounts.members", "register change_password", None),
        *_of("accounts.confirming", "send_again _change_address _confirm", None),
        *_of("accounts.entering", "correct", None),
        *_of("accounts.claiming", "withdraw resume", None),
        *_of("accounts.sessions", "end_one end_mine", None),
        *_of("accounts.second_factor", "_add_authenticator _remove_factors _set_codes", None),
        *_of("accounts.passkeys", "_add _remove", None),
        *_of("accounts.resets", "ask_reset _choose_password", None),
        *_of("agencies.shortlist", "add remove", None),
        *_of("credit.records", "receive", None),
        *_of("oversight.filing", "report", None),  # a visitor may, too
        *_of("oversight.answering", "rate", None),
        *_of("agencies.serving", "declare", None),
        *_of("agencies.entry", "fill add_practitioner remove_practitioner hand_in_material", None),
        *_of("sourcing.drafting", "create edit put_aside detach keep_as_template", None),
    }
)

# before which a person shows its password once more, whatever page or program it comes from
PROVED = frozenset(
    {
        "accounts.authorising.declare",
        "accounts.authorising.hand_on",
        "accounts.delegating.delegate",
        "agencies.accounts.change_account",
        "agencies.accounts.change_representative",
        "contracts.signing._agree",
        "contracts.signing._take_certificate",
        "contracts.signing.renew_key",
    }
)

IMPORTS = {
    "agencies": OVERSEER,
    "fees": Ask(["agency", "admin"], entering=True),
}  # the tables that may be brought in; a regulator's of its area


def _act(name: str) -> Ask:
    """What a page asks that is there for this act."""
    ask = ACTS[name]
    return replace(ask if ask is not None else SIGNED_IN, confirmed=name not in BEFORE_CONFIRMING)


# Where whoever comes without an account has most likely none yet, and is first asked to get one.
NEWCOMERS = frozenset({"sourcing.new"})

_BOOKS = Ask(["regulator", "custodian", "admin"], whole=True)

PAGES: dict[str, Ask] = {
    "static": ANYBODY,
    **_of("bootstrap", "static", ANYBODY),
    **_of("probes", "health ready", ANYBODY),
    **_of("payments", "hook", ANYBODY),
    **_of("catalogue", "home items matters demanded item history policies", ANYBODY),
    **_of("accounts", "sign_in second sign_up sign_out language forgotten forgotten_sent reset", ANYBODY),
    **_of("agencies", "compare find suggest ratings fee_history import_template", ANYBODY),
    **_of("contracts", "templates template clause_rules", ANYBODY),
    **_of("opendata", "check paper check_file restricted certificates", ANYBODY),
    **_of("sourcing", "index compare bid_file bid_attachment", ANYBODY),
    **_of("sourcing", "awards draw_file verifier", ANYBODY),
    **_of("credit", "ranking export_ranking unranked export_unranked records export_records", ANYBODY),
    **_of("credit", "score score_data replayer rules rules_file", ANYBODY),
    **_of("oversight", "file_paper ask_code follow", ANYBODY),
    **_of("oversight", "handling export_handling typical", ANYBODY),
    **_of("help", "index glossary tutorial", ANYBODY),
    # one's own
    **_of("uploads", "begin show take finish", SIGNED_IN),
    **_of("worklist", "index notifications notice read_all", SIGNED_IN),
    **_of("worklist", "settings new_address confirm_address remove_address", SIGNED_IN),
    **_of("sourcing", "searches new_search remove_search", PARTY),
    **_of("accounts", "organisation password", SIGNED_IN),
    **_of(
        "accounts",
        "own_sessions end_session end_sessions security authenticator new_passkey remove_passkey "
        "remove_factors recovery_codes",
        SIGNED_IN,
    ),
    **_of("accounts", "end_anybodys reset_anybodys outbox", OPERATOR),
    "accounts.new_member": _act("accounts.members.add_member"),
    "accounts.remove_member": _act("accounts.members.remove_member"),
    "accounts.new_delegation": _act("accounts.delegating.delegate"),
    "accounts.revoke": _act("accounts.delegating.revoke"),
    **_of("accounts", "delegations accept_delegation lay_down_delegation", SIGNED_IN),
    **_of("identification", "address send_again outbox", SIGNED_IN),
    "identification.confirm": ANYBODY,
    **_of("authorising", "mine new_letter", PARTY),
    "authorising.declare": _act("accounts.authorising.declare"),
    "authorising.hand_on": _act("accounts.authorising.hand_on"),
    "authorising.model_letter": SIGNED_IN,
    "identification.licence": _act("accounts.entering.correct"),
    **_of("messages", "conversation name_contact", SIGNED_IN),
    **_of("messages", "contact_list new_contact change_contact remove_contact", PARTY),
    "accounts.people": OVERSEER,
    "accounts.block": SIGNED_IN,
    "accounts.unblock": SIGNED_IN,
    **_of("agencies", "entry entry_step remove_practitioner commitment to_commitment", OWN_PAPERS),
    **_of("agencies", "service_areas", OWN_PAPERS),
    "agencies.new_qualification": _act("agencies.publishing.add_qualification"),
    **_of("agencies", "shortlist export_shortlist keep", PARTY),
    **_of("agencies", "new_fees preview_fees", _act("agencies.publishing.publish_fees")),
    **_of("contracts", "signing", PARTY),
    **_of("credit", "own_records export_own", SIGNED_IN),
    "credit.report": OWN_PAPERS,
    "credit.propose": _act("credit.records.propose_by_hand"),
    **_of("payments", "own_statement export_own", PARTY),
    **_of("contracts", "renew_key bring_certificate", _act("contracts.signing.renew_key")),
    # cases: the case says who may see it and what it offers
    **_of("agencies", "batch export_batch", SIGNED_IN),
    "agencies.act_batch": _act("batches.load_batch"),
    **_of("contracts", "propose index export_contracts paper bring document", SIGNED_IN),
    **_of("payments", "payouts new_invoice pay_online back", SIGNED_IN),
    **_of("credit", "buyer", SIGNED_IN),
    **_of("sourcing", "answer answers auction auction_stream score", SIGNED_IN),
    **_of("sourcing", "new edit preview detach template", SIGNED_IN),
    "sourcing.ask": _act("sourcing.questions.ask"),
    "sourcing.object_to": _act("sourcing.awards.object_to"),
    # of an area
    **_of("agencies", "checks export_checks", OVERSEER),
    **_of("ratings", "followed export_followed appealed export_appealed", OVERSEER),
    **_of(
        "oversight",
        "agencies export_agencies agency export_agency agency_cases by_month export_months",
        OVERSEER,
    ),
    **_of("oversight", "reports export_reports complaints export_complaints", SIGNED_IN),
    **_of("oversight", "clauses export_clauses held_money export_money", OVERSEER),
    **_of("oversight", "restricted export_restricted", OVERSEER),
    **_of("oversight", "red_flags export_red_flags", OVERSEER),
    "oversight.red_flag": _act("oversight.red_flags.look_at"),
    "oversight.published_signs": ANYBODY,
    **_of("credit", "rating_signals export_signals identity_links", OVERSEER),
    **_of("credit", "external export_external fetches export_fetches", OVERSEER),
    "credit.bring_in": _act("credit.external._begin"),
    "credit.external_table": ANYBODY,
    **_of("credit", "listed export_listed", ANYBODY),
    **_of("oversight", "reviews export_reviews", Ask(["regulator", "department", "admin"])),
    **_of(
        "oversight",
        "permit_times export_permit_times permit_matters export_permit_matters",
        Ask(["regulator", "department", "admin"]),
    ),
    **_of("contracts", "deliverables export_deliverables", Ask(["regulator", "department", "admin"])),
    **_of("contracts", "reviews export_reviews", Ask(["department"])),
    "agencies.import_list": Ask(["regulator", "agency", "admin"], duty=True, entering=True),
    "agencies.new_import": _act("agencies.imports._take_table"),
    # of the whole market
    **_of("catalogue", "edit new_item withdraw", _act("catalogue.revise_item")),
    "agencies.register": _act("agencies.registry._compare"),
    "contracts.revise_template": _act("contracts.drafting.publish_template"),
    **_of(
        "payments",
        "trial export_trial accounts export_accounts account export_account entry closings closed_day",
        _BOOKS,
    ),
    **_of("payments", "desk statement export_statement differences", _BOOKS),
    **_of(
        "payments",
        "import_statement tell_layout layouts forget_layout drop_waiting settle_line reconcile_now",
        CUSTODIAN,
    ),
    **_of("oversight", "authorities new_authority override failures try_again clock clocks", OPERATOR),
}


def market() -> str:
    """The area of the whole market."""
    return str(current_app.config["AREA"])


def check_act(name: str, actor: Actor) -> None:
    """NotAllowed unless this actor may begin this act; one in no table, nobody may."""
    if name not in ACTS:
        raise NotAllowed(permission.NO_PART)
    if not actor.confirmed and name not in BEFORE_CONFIRMING:
        raise permission.unconfirmed()
    ask = ACTS[name]
    if ask is None:
        permission.check_account(actor)
    else:
        permission.check(ask, actor, market())
    if name in PROVED:
        permission.check_proved(actor)


def asked(name: str, session: Session, actor: Actor) -> bool:
    """Whether an act that leaves the question to a case's table has put it there."""
    return ACTS.get(name) is not None or "system" in actor.roles or bool(session.info.get(ASKED))


def may_act(name: str, actor: Actor) -> bool:
    return permission.may(_act(name), actor, market())


def may_open(endpoint: str, actor: Actor) -> bool:
    """Whether this page would be shown to this actor, as far as that does not lie with a case."""
    ask = PAGES.get(endpoint)
    return ask is not None and permission.may(ask, actor, market())
