"""The cases of a contract: materials, deliverables, changes, disputes.

Each is shown on the contract's page, changes and disputes on one of their own as well.
"""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, url_for
from flask_login import login_required
from markupsafe import Markup
from werkzeug.wrappers import Response

from market.case_registry import ActPage, register_case
from market.case_views import attempt, case_page, case_url, files_of, link, visible
from market.contracts.actions import changing, delivering, disputing
from market.contracts.actions.common import sides
from market.contracts.blueprint import bp
from market.contracts.forms import (
    CHANGE_FORMS,
    AcceptForm,
    AnswerForm,
    DecideForm,
    EvidenceForm,
    PassForm,
    SendBackForm,
    SubmitForm,
    SupplyForm,
    change_terms,
    return_form,
    returned,
)
from market.contracts.views.show import with_files
from market.extensions import db
from market.identity import current_actor
from market.settlement.lifecycle import running
from models.contracts.agreement import Contract, parts_of
from models.contracts.changes import CHANGES, Change, under_way
from models.contracts.deliverables import FAULTS, REASONS, Deliverable
from models.contracts.disputes import DISPUTE_FAULTS, OUTCOMES, Dispute
from models.contracts.materials import Materials
from models.documents import of_case
from models.payments.settlement import funds_held


def _contract(contract: Contract) -> Markup:
    return link(case_url("contract", contract.identifier), contract.identifier)


@bp.get("/materials/<identifier>")
@login_required
def show_materials(identifier: str) -> Response:
    return redirect(case_url("contract", visible(Materials, identifier).contract.identifier), 303)


@bp.get("/deliverables/<identifier>")
@login_required
def show_deliverable(identifier: str) -> str:
    """Every version with both sides' answers to the checklist, and what the department found."""
    deliverable: Deliverable = visible(Deliverable, identifier)
    return render_template(
        "contracts/deliverable.html",
        **case_page(deliverable),
        deliverable=deliverable,
        contract=deliverable.contract,
        contract_link=_contract(deliverable.contract),
        points=deliverable.contract.tender.item.checklist,
        faults=FAULTS,
        reasons=REASONS,
    )


@bp.get("/changes/<identifier>")
@login_required
def show_change(identifier: str) -> str:
    change: Change = visible(Change, identifier)
    return render_template(
        "contracts/change.html",
        **case_page(change),
        change=change,
        contract=change.contract,
        contract_link=_contract(change.contract),
        kinds=CHANGES,
        done=under_way(change.contract),
    )


@bp.get("/disputes/<identifier>")
@login_required
def show_dispute(identifier: str) -> str:
    dispute: Dispute = visible(Dispute, identifier)
    return render_template(
        "contracts/dispute.html",
        **case_page(dispute),
        dispute=dispute,
        contract=dispute.contract,
        contract_link=_contract(dispute.contract),
        outcomes=OUTCOMES,
        faults=DISPUTE_FAULTS,
        evidence=of_case(db.session, "dispute", dispute.identifier),
        held=funds_held(db.session, dispute.contract),
    )


register_case(
    bp,
    Materials,
    url="/materials",
    page=show_materials,
    acts={
        "supply": ActPage(
            delivering.supply,
            SupplyForm,
            lambda form: {"ticked": form.ticked.data or [], **files_of(form.file.data)},
        ),
        "confirm": ActPage(delivering.confirm_materials),
        "miss": ActPage(delivering.miss_materials),
        "waive": ActPage(delivering.waive_materials),
    },
    timed={"lapse": delivering.lapse_materials, "confirm": delivering.confirm_materials},
)


register_case(
    bp,
    Deliverable,
    url="/deliverables",
    page=show_deliverable,
    acts={
        "submit": ActPage(
            delivering.submit,
            SubmitForm,
            lambda form: {
                "ticked": form.ticked.data or [],
                "note": form.note.data or "",
                **files_of(form.file.data),
            },
        ),
        "accept": ActPage(delivering.accept, AcceptForm, lambda form: {"ticked": form.ticked.data or []}),
        "return": ActPage(delivering.send_for_correction, values=returned, build=return_form),
        "pass": ActPage(delivering.pass_review, PassForm),
        "waive": ActPage(delivering.waive_review),
        "send_back": ActPage(
            delivering.send_back, SendBackForm, lambda form: {**form.values(), "codes": form.codes.data or []}
        ),
    },
    timed={"lapse": delivering.lapse, "accept": delivering.accept, "refer": delivering.refer},
)


register_case(
    bp,
    Change,
    url="/changes",
    page=show_change,
    acts={
        "agree": ActPage(changing.agree, template="contracts/agree_change.html"),
        "refuse": ActPage(changing.refuse),
        "withdraw": ActPage(changing.withdraw),
    },
    timed={"lapse": changing.lapse},
)


register_case(
    bp,
    Dispute,
    url="/disputes",
    page=show_dispute,
    acts={
        "answer": ActPage(disputing.answer, AnswerForm, with_files),
        "evidence": ActPage(disputing.add_evidence, EvidenceForm, with_files),
        "withdraw": ActPage(disputing.withdraw),
        "decide": ActPage(disputing.decide, DecideForm),
    },
    timed={"lapse": disputing.lapse},
)


@bp.route(
    "/contracts/<identifier>/changes/<any(variation, extension, suspension, resumption, termination):kind>",
    methods=["GET", "POST"],
)
@login_required
def propose(identifier: str, kind: str) -> Response | str | tuple[str, int]:
    """Propose a change of one kind."""
    contract: Contract = visible(Contract, identifier)
    sides(contract, current_actor())
    form: Any = CHANGE_FORMS[kind]()
    if kind == "variation" and not form.is_submitted():
        form.show(parts_of(contract)[under_way(contract) :])
    status = 200
    if form.is_submitted():
        status = 422
        if form.validate():
            result, status = attempt(
                form,
                changing.propose,
                identifier,
                kind=kind,
                terms=change_terms(kind, form),
                reason=form.reason.data or "",
            )
            if result is not None:
                return redirect(url_for("contracts.show_change", identifier=result), 303)
    return render_template(
        "contracts/propose.html",
        contract=contract,
        kind=kind,
        kinds=CHANGES,
        form=form,
        running=running(db.session, contract),
        done=contract.milestones[: under_way(contract)],
        held=funds_held(db.session, contract),
    ), status
