"""A contract on one page: signatures, clauses, milestones, money, and whatever is open beside it.

And the files of its cases.
"""

from __future__ import annotations

from typing import Any

from flask import render_template
from flask_babel import gettext as _
from flask_login import login_required
from markupsafe import Markup
from sqlalchemy import select
from werkzeug.wrappers import Response

from market.case_registry import ActPage, register_case
from market.case_views import (
    case_page,
    case_url,
    check_nothing_lacking,
    file_of,
    files_of,
    form_page,
    link,
    not_found,
    visible,
)
from market.contracts.actions import changing, disputing, drafting, signing
from market.contracts.actions.contract_pdf import has_pdf, rendered
from market.contracts.blueprint import bp
from market.contracts.forms import AnswerForm, BringForm, ClaimForm, SignForm, revise_form, revised
from market.event_text import FOLLOWS
from market.extensions import db
from market.files import sent
from market.forms import Form
from market.hands import hands_chart
from market.identity import current_actor
from market.progress import of_tender
from models import CASES
from models.agencies.entry import profile_of
from models.cases import Case
from models.catalogue import KINDS as TEMPLATE_KINDS
from models.contracts.agreement import UNSIGNED, Contract
from models.contracts.changes import CHANGES, WHEN, Change
from models.contracts.clauses import TONES, rule
from models.contracts.deliverables import REASONS, Deliverable
from models.contracts.disputes import Dispute
from models.contracts.materials import Materials
from models.contracts.signatures import ContractSignature
from models.documents import Document
from models.i18n import N_
from models.ledger.books import ACCOUNT_KINDS, Entry
from models.messages import file_readable_by
from models.oversight.permit_times import of_contract
from models.payments.payment import KINDS
from models.payments.payouts import PAYOUT_KINDS, Payout
from models.payments.postings import POSTINGS
from models.payments.settlement import funds_held, payments_of
from models.ratings.rating import Rating
from models.sourcing.tenders import Tender
from models.workflow_table import Move


def with_file(form: Form) -> dict[str, Any]:
    """A form's values, its file as the actions take it."""
    values = form.values()
    return file_of(values.pop("file")) | values


def with_files(form: Form) -> dict[str, Any]:
    """A form's values, its files as the actions take them."""
    values = form.values()
    return files_of(values.pop("file")) | values


def _signed(form: Form) -> dict[str, Any]:
    return {}  # the act asks the actor whether it proved who it is


@bp.get("/contracts/<identifier>")
@login_required
def show(identifier: str) -> str:
    contract = Contract.load(db.session, identifier)
    if not contract.readable_by(db.session, current_actor()):
        raise not_found(identifier)
    beside = [case for kind in (Materials, Deliverable, Change, Dispute) for case in _of(kind, contract)]
    mine = bool(contract.roles_of(current_actor()))
    payments = payments_of(db.session, contract)
    ratings = list(
        db.session.scalars(select(Rating).where(Rating.contract_id == contract.id).order_by(Rating.id))
    )
    payouts = [case for case in _of(Payout, contract) if isinstance(case, Payout)]
    cases: list[Case] = [contract, *payments, *payouts, *beside, *ratings]
    entries = select(Entry).where(Entry.case_identifier == contract.identifier).order_by(Entry.id)
    deliverables = [case for case in beside if isinstance(case, Deliverable)]
    return render_template(
        "contracts/show.html",
        **case_page(contract, cases[1:]),
        contract=contract,
        journey=of_tender(contract.tender, contract, deliverables[-1] if deliverables else None),
        turns=_turns(cases),
        deliverables={d.milestone_id: d for d in deliverables},
        materials=next((case for case in beside if isinstance(case, Materials)), None),
        changes=[case for case in beside if isinstance(case, Change)],
        disputes=[case for case in beside if isinstance(case, Dispute)],
        change_kinds=CHANGES,
        reasons=REASONS,
        mine=mine,
        unsigned=UNSIGNED,
        follows={True: FOLLOWS["next"], False: FOLLOWS["wait"]},
        on_paper=mine and has_pdf(contract),
        signatures=signatures_of(contract),
        findings=findings_of(contract) if mine else [],
        payments=payments,
        paid={payment.milestone_number: payment for payment in payments},
        kinds=KINDS,
        template_kinds=TEMPLATE_KINDS,
        entries=db.session.scalars(entries).all(),
        payouts=payouts,
        earned={m.number: _earned(m.number, payouts) for m in contract.milestones if m.paid_at},
        payout_kinds=PAYOUT_KINDS,
        postings=POSTINGS,
        account_kinds=ACCOUNT_KINDS,
        in_escrow=funds_held(db.session, contract),
        held=_held(contract),
        payee=profile_of(db.session, contract.agency) if mine else None,
        ratings=ratings,
        possible=_possible(contract),
        tender_link=link(case_url("tender", contract.tender.identifier), contract.tender.identifier),
    )


def _held(contract: Contract) -> Markup | None:
    """In whose hands the matter lay until now, in days; None before anybody had it."""
    found = of_contract(db.session, contract)
    return hands_chart(found, _("在各方手里的天数")) if found else None


def _earned(number: int, payouts: list[Payout]) -> str:
    """What became of a milestone's price: paid to the agency only once it has left, else where it waits.

    Payouts from before that was kept are of no milestone; all of them count.
    """
    earned = [each for each in payouts if each.kind == "earned" and each.milestone_number in (number, None)]
    waiting = next((each for each in earned if each.state not in ("sent", "arrived")), None)
    return waiting.state_label if waiting else N_("已付给机构")


def _of(kind: type[Case], contract: Contract) -> list[Case]:
    query: Any = select(kind).where(kind.contract_id == contract.id).order_by(kind.id)  # type: ignore[attr-defined]
    return list(db.session.scalars(query).unique())


def signatures_of(contract: Contract) -> list[ContractSignature]:
    return list(
        db.session.scalars(
            select(ContractSignature)
            .where(ContractSignature.contract_id == contract.id)
            .order_by(ContractSignature.at)
        )
    )


def findings_of(contract: Contract) -> list[dict[str, Any]]:
    """What the clause rules say of a contract, each with its rule and the clause it is in."""
    titles = {clause["key"]: clause["title"] for clause in contract.clauses}
    found = [
        {**finding, "rule": rule(finding["rule"]), "title": titles.get(finding["clause"], "")}
        for finding in contract.findings
    ]
    return [{**finding, "tone": TONES[finding["rule"].severity]} for finding in found]


def _possible(contract: Contract) -> list[str]:
    """The changes the reader may propose now."""
    if current_actor().organisation_id not in (contract.buyer_id, contract.agency_id):
        return []
    return [kind for kind, states in WHEN.items() if contract.state in states]


def _turns(cases: list[Case]) -> list[tuple[Case, list[Move], list[str]]]:
    """The cases of a contract that wait for somebody, those waiting for the reader first."""
    actor, waiting = current_actor(), []
    for case in cases:
        moves, awaited = case.workflow.offered_to(case, actor), sorted(case.workflow.waits_for(case.state))
        if moves or awaited:
            waiting.append((case, moves, awaited))
    return sorted(waiting, key=lambda turn: not any(move.main for move in turn[1]))


register_case(
    bp,
    Contract,
    url="/contracts",
    page=show,
    acts={
        "agree_buyer": ActPage(signing.agree, SignForm, _signed, template="contracts/sign.html"),
        "agree_agency": ActPage(signing.agree, SignForm, _signed, template="contracts/sign.html"),
        "revise": ActPage(
            drafting.revise, values=revised, build=revise_form, template="contracts/revise.html"
        ),
        "terminate": ActPage(drafting.terminate),
        "replace": ActPage(drafting.replace),
        "call_off": ActPage(drafting.call_off),
        "give_notice": ActPage(changing.give_notice),
        "retract": ActPage(changing.retract),
        "contest": ActPage(disputing.contest, AnswerForm, with_files),
        "dispute": ActPage(disputing.file, ClaimForm, with_files),
    },
    timed={"refer": drafting.lapse_signing, "resume": changing.resume, "end": changing.end_unopposed},
)


@bp.app_template_global("signing_of")
def _signing_of(contract: Contract) -> dict[str, Any]:
    """What the page to sign on shows beside its form."""
    return {
        "paper": rendered(contract.identifier) if has_pdf(contract) else None,
        "findings": findings_of(contract),
        "signatures": signatures_of(contract),
    }


@bp.get("/contracts/<identifier>/paper")
@login_required
def paper(identifier: str) -> Response:
    """The contract on paper, as it stands: printed for whoever is the first to ask."""
    visible(Contract, identifier)
    return sent(rendered(identifier))


@bp.route("/contracts/<identifier>/bring", methods=["GET", "POST"])
@login_required
def bring(identifier: str) -> Response | str | tuple[str, int]:
    """A signature made elsewhere comes back."""
    contract = visible(Contract, identifier)
    check_nothing_lacking(contract)
    return form_page(
        BringForm(),
        _("上传在别处签署的合同"),
        signing.bring_signature,
        lambda found: case_url("contract", found),
        with_file,
        identifier,
        lead=_(
            "先下载合同 PDF,在您自己的签名软件里签在本方的签名域(增量保存),再上传回来;"
            "平台核验证书、签名和原文。"
        ),
        back=case_url("contract", contract.identifier),
    )


@bp.get("/documents/<identifier>")
@login_required
def document(identifier: str) -> Response:
    """A file, to whoever may have it."""
    found = db.session.scalars(select(Document).where(Document.identifier == identifier)).one_or_none()
    if found is None or not _may_have(found):
        raise not_found(identifier)  # of the file that was asked for, and not of the case it belongs to
    return sent(found)


def _may_have(file: Document) -> bool:
    """Whether the reader has a part in its case; may read the request it goes with, or the conversation."""
    if file.case_type not in CASES:
        return file_readable_by(db.session, file, current_actor())
    case = CASES[file.case_type].load(db.session, file.case_identifier)
    return case.file_open_to(file, current_actor()) or (
        isinstance(case, Tender) and case.readable_by(db.session, current_actor())
    )
