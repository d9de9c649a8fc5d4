"""What every act and every page asks of whoever comes, a line each; the rule itself is models/permission.py.

An act is named by its room and its function, a page by its endpoint. `CASE` leaves who may to the case's own
table (models/workflow.py), which every such act has to ask. The acts and pages a case type is registered with
(market/case_registry.py) come in by that, unless they ask for more here. What stands in no table is refused:
it was forgotten. A page that offers an act asks what the act asks, and so does whatever leads to it (`may` in
the templates), so that nobody is shown what would be refused.
"""

from __future__ import annotations

from typing import Any

from flask import current_app
from sqlalchemy.orm import Session

from models import permission
from models.actors import Actor
from models.errors import NotAllowed
from models.i18n import N_
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


def _of(room: str, names: str, ask: Ask | None) -> dict[str, Any]:
    """These names of a room, all with one answer."""
    return {f"{room}.{name}": ask for name in names.split()}


ACTS: dict[str, Ask | None] = {
    # accounts
    "accounts.register": ANYBODY,
    "accounts.appoint_admin": MACHINE,
    "accounts.set_up_authority": OPERATOR,
    "accounts.add_member": Ask(owner=True, entering=True),
    "accounts.remove_member": OWNER,
    "accounts.change_password": SIGNED_IN,
    "accounts.delegate": Ask(["enterprise"], owner=True),
    "accounts.revoke_delegation": Ask(["enterprise"], duty=True, owner=True),
    **_of("accounts", "accept_delegation lay_down_delegation", SIGNED_IN),
    "accounts.block_account": SIGNED_IN,  # over whom: models/blocking.py
    "accounts.unblock_account": SIGNED_IN,
    **_of("accounts", "send_again _change_address", SIGNED_IN),
    "accounts._confirm": ANYBODY,  # with the letter's token, and the account's password
    "accounts.correct": Ask(["enterprise"], entering=True),
    "accounts.judge": MACHINE,
    **_of(
        "accounts",
        "end_one end_mine _add_authenticator _add_passkey _remove_passkey _remove_factors _set_codes",
        SIGNED_IN,
    ),
    **_of("accounts", "end_of reset_of", OPERATOR),
    **_of("accounts", "ask_reset _choose_password", ANYBODY),
    # agencies
    "agencies.fill": OWN_PAPERS,
    "agencies.add_practitioner": OWN_PAPERS,
    "agencies.remove_practitioner": OWN_PAPERS,
    "agencies.hand_in_material": OWN_PAPERS,
    "agencies.add_qualification": OWN_PAPERS,
    "agencies.publish_fees": AGENCY_ENTERING,
    "agencies.submit_entry": OWN_PAPERS,
    "agencies.commit_entry": OWN_PAPERS,
    "agencies._take_number": OWN_PAPERS,
    "agencies._keep": OWN_PAPERS,
    "agencies._take_table": Ask(["regulator", "agency", "admin"], entering=True),  # of which kind: IMPORTS
    "agencies._compare": MARKET,
    **_of("agencies", "change_account change_representative", Ask(["agency"], duty=True, owner=True)),
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
    "sourcing.create_tender": SIGNED_IN,
    **_of("sourcing", "edit_tender _publish _amend _close _answer_question _open_bids score undercut", CASE),
    "sourcing.ask": AGENCY,
    "sourcing.submit_quote": AGENCY,
    "sourcing._submit_bid": AGENCY,
    "sourcing.object_to": OWN_PAPERS,
    "sourcing.note_kept": MACHINE,
    "sourcing.note_half": MACHINE,
    # contracts
    "contracts._keep_text": MACHINE,
    **_of("contracts", "_agree _take_signature", CASE),
    "contracts.propose_change": SIGNED_IN,  # for whom, and how that stands, is asked where the case begins
    "contracts.end_unopposed": MACHINE,
    "contracts._take_certificate": Ask(["enterprise", "agency"], duty=True, owner=True),
    "contracts.renew_key": Ask(["enterprise", "agency"], duty=True, owner=True),
    "contracts.publish_template": Ask(["regulator"], whole=True),
    # money
    **_of("payments", "ask_charge begin_sending record_invoice", CASE),
    **_of("payments", "finish_sending give_up_sending take_back match_line leave_line close_day", MACHINE),
    **_of("payments", "keep_differences note_differences note_event close_event", MACHINE),
    **_of("payments", "note_charge fail_charge settle_charge", MACHINE),
    **_of(
        "payments",
        "settle_line read_line _wait _keep_layout forget_layout drop_waiting _take_statement",
        CUSTODIAN,
    ),
    # ratings, credit, oversight
    "ratings.publish": MACHINE,
    "credit.begin_scores": MACHINE,
    "oversight.override": OPERATOR,
    "oversight.try_again": OPERATOR,
    "timekeeping._confirm": OPERATOR,
}

# What is open to somebody whose mail address was not shown to be his yet: looking round, and preparing what
# is his own.
BEFORE_CONFIRMING = frozenset(
    {
        *_of(
            "accounts",
            "register change_password send_again _change_address _confirm correct withdraw_claim "
            "resume_claim",
            None,
        ),
        *_of(
            "accounts",
            "end_one end_mine _add_authenticator _add_passkey _remove_passkey _remove_factors "
            "_set_codes ask_reset _choose_password",
            None,
        ),
        *_of("agencies", "fill add_practitioner remove_practitioner hand_in_material", None),
        *_of("sourcing", "create_tender edit_tender", None),
    }
)

# before which a person shows its password once more, whatever page or program it comes from
PROVED = frozenset(
    {
        "accounts.delegate",
        "agencies.change_account",
        "agencies.change_representative",
        "contracts._agree",
        "contracts._take_certificate",
        "contracts.renew_key",
    }
)

IMPORTS = {
    "agencies": OVERSEER,
    "fees": Ask(["agency", "admin"], entering=True),
}  # the tables that may be brought in; a regulator's of its area


def _act(name: str) -> Ask:
    ask = ACTS[name]
    return ask if ask is not None else SIGNED_IN


_BOOKS = Ask(["regulator", "custodian", "admin"], whole=True)

PAGES: dict[str, Ask] = {
    "static": ANYBODY,
    **_of("bootstrap", "static", ANYBODY),
    **_of("probes", "health ready", ANYBODY),
    **_of("payments", "hook", ANYBODY),
    **_of("catalogue", "home items matters item history policies", ANYBODY),
    **_of("accounts", "sign_in second sign_up sign_out language forgotten forgotten_sent reset", ANYBODY),
    **_of("agencies", "find suggest credit fee_history import_template", ANYBODY),
    **_of("contracts", "templates template clause_rules", ANYBODY),
    **_of("opendata", "check paper check_file", ANYBODY),
    **_of("sourcing", "index compare bid_file bid_attachment", ANYBODY),
    **_of("sourcing", "awards draw_file verifier", ANYBODY),
    "credit.ranking": ANYBODY,
    # one's own
    **_of("worklist", "index notifications", SIGNED_IN),
    **_of("accounts", "organisation password", SIGNED_IN),
    **_of(
        "accounts",
        "own_sessions end_session end_sessions security authenticator new_passkey remove_passkey "
        "remove_factors recovery_codes",
        SIGNED_IN,
    ),
    **_of("accounts", "end_anybodys reset_anybodys outbox", OPERATOR),
    "accounts.new_member": _act("accounts.add_member"),
    "accounts.remove_member": _act("accounts.remove_member"),
    "accounts.new_delegation": _act("accounts.delegate"),
    "accounts.revoke": _act("accounts.revoke_delegation"),
    **_of("accounts", "delegations accept_delegation lay_down_delegation", SIGNED_IN),
    **_of("identification", "address send_again outbox", SIGNED_IN),
    "identification.confirm": ANYBODY,
    "identification.licence": _act("accounts.correct"),
    "accounts.people": OVERSEER,
    "accounts.block": SIGNED_IN,
    "accounts.unblock": SIGNED_IN,
    **_of("agencies", "entry entry_step remove_practitioner commitment to_commitment", OWN_PAPERS),
    **_of("agencies", "new_qualification certificate", OWN_PAPERS),
    **_of("agencies", "new_fees preview_fees", _act("agencies.publish_fees")),
    **_of("contracts", "signing", PARTY),
    **_of("payments", "own_statement export_own", PARTY),
    **_of("contracts", "renew_key bring_certificate", _act("contracts.renew_key")),
    # cases: the case says who may see it and what it offers
    **_of("agencies", "batch export_batch", SIGNED_IN),
    "agencies.act_batch": _act("batches.load_batch"),
    **_of("contracts", "propose index paper bring document", SIGNED_IN),
    **_of("payments", "payouts new_invoice pay_online back", SIGNED_IN),
    **_of("sourcing", "answer answers auction auction_stream score edit", SIGNED_IN),
    "sourcing.ask": _act("sourcing.ask"),
    "sourcing.object_to": _act("sourcing.object_to"),
    # of an area
    **_of("agencies", "checks export_checks", OVERSEER),
    **_of("oversight", "agencies export_agencies by_month export_months", OVERSEER),
    **_of("oversight", "clauses export_clauses held_money export_money", OVERSEER),
    **_of("oversight", "reviews export_reviews", Ask(["regulator", "department", "admin"])),
    **_of("contracts", "reviews export_reviews", Ask(["department"])),
    "agencies.import_list": Ask(["regulator", "agency", "admin"], duty=True, entering=True),
    "agencies.new_import": _act("agencies._take_table"),
    # of the whole market
    **_of("catalogue", "edit new_item withdraw", _act("catalogue.revise_item")),
    "agencies.register": _act("agencies._compare"),
    "contracts.revise_template": _act("contracts.publish_template"),
    **_of("payments", "trial export_trial accounts account export_account entry closings closed_day", _BOOKS),
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
        raise NotAllowed(
            N_(
                "请先确认您的邮箱:打开我们发到邮箱的链接即可。确认之前可以随便看、填写自己的草稿,但不能发布、报价、签署、付款或委托他人。"
            )
        )
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
