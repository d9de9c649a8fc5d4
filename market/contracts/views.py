"""A contract on one page: clauses, money, deliverable, ratings; and the files of its cases."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask_babel import lazy_gettext as _l
from flask_login import login_required
from sqlalchemy import select
from werkzeug.wrappers import Response
from wtforms import RadioField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length

from market.accounts.identity import current_actor
from market.contracts import actions
from market.extensions import db
from market.files import sent
from market.forms import ChecklistField, Form, choices, upload
from market.journey import of_request
from market.pages import ActPage, act_view, case_page, case_url, file_of, link, not_found, paged, visible
from models import CASES
from models.agencies import profile_of
from models.contracts import FAULTS, Contract, Deliverable, standard_clauses
from models.documents import Document
from models.ledger import ACCOUNT_KINDS, ENTRY_KINDS, Entry, balance, escrow
from models.payments import KINDS, Payment
from models.ratings import DIMENSIONS, Rating
from models.workflow import Case, Move

rooms = Blueprint("contracts", __name__)


class SubmitForm(Form):
    file = upload(_l("成果文件"))
    ticked = ChecklistField(_l("逐项自查"), description=_l("清单各点都完成后再提交。"))
    note = StringField(_l("说明"), [Length(max=200)])

    def prepare(self, case: Deliverable) -> None:
        self.ticked.choices = choices((point, point) for point in case.contract.request.item.checklist)


class AcceptForm(Form):
    ticked = ChecklistField(_l("逐项验收"), description=_l("有一项不符合就请退回修改,并写明理由。"))

    prepare = SubmitForm.prepare


class SendBackForm(Form):
    fault = RadioField(_l("原因"), [InputRequired(_l("请选择一项。"))], choices=choices((k, _l(v)) for k, v in FAULTS.items()))
    reason = TextAreaField(_l("退回意见"), [Length(max=1000)])


class ReviseForm(Form):
    time = TextAreaField(_l("工期"), [Length(max=2000)])
    secrecy = TextAreaField(_l("保密与廉洁"), [Length(max=2000)])
    disputes = TextAreaField(_l("争议解决"), [Length(max=2000)])

    def prepare(self, case: Contract) -> None:
        if not self.is_submitted():
            for clause in case.clauses:
                if not clause["fixed"]:
                    self[clause["key"]].data = clause["text"]


ACTS = {
    "agree_buyer": ActPage(actions.agree),
    "agree_agency": ActPage(actions.agree),
    "revise": ActPage(
        actions.revise, ReviseForm, lambda form: {"texts": {k: form[k].data or "" for k in ("time", "secrecy", "disputes")}}
    ),
    "terminate": ActPage(actions.terminate),
}
DELIVERABLE_ACTS = {
    "submit": ActPage(
        actions.submit,
        SubmitForm,
        lambda form: {"ticked": form.ticked.data, "note": form.note.data or "", **file_of(form.file.data)},
    ),
    "accept": ActPage(actions.accept, AcceptForm, lambda form: {"ticked": form.ticked.data or []}),
    "return": ActPage(actions.send_for_correction),
    "pass": ActPage(actions.pass_review),
    "send_back": ActPage(actions.send_back, SendBackForm),
}


@rooms.get("/contracts")
@login_required
def index() -> str:
    page = paged(select(Contract).where(Contract.visible_to(current_actor())).order_by(Contract.id.desc()))
    return render_template("contracts/index.html", page=page)


@rooms.get("/contracts/<identifier>")
@login_required
def show(identifier: str) -> str:
    contract = Contract.load(db.session, identifier)
    deliverable = db.session.scalars(select(Deliverable).where(Deliverable.contract_id == contract.id)).one_or_none()
    # The approving department sees the contract whose report it reviews.
    if not (contract.roles_of(current_actor()) or (deliverable and deliverable.roles_of(current_actor()))):
        raise not_found(identifier)
    payments = list(db.session.scalars(select(Payment).where(Payment.contract_id == contract.id).order_by(Payment.id)))
    ratings = list(db.session.scalars(select(Rating).where(Rating.contract_id == contract.id).order_by(Rating.id)))
    cases: list[Case] = [contract, *payments, *([deliverable] if deliverable else []), *ratings]
    entries = select(Entry).where(Entry.case_identifier == contract.identifier).order_by(Entry.id)
    wording = {clause["key"]: clause["text"] for clause in standard_clauses(contract.award)}
    return render_template(
        "contracts/show.html",
        **case_page(contract, cases[1:]),
        contract=contract,
        journey=of_request(contract.request, contract, deliverable),
        turns=_turns(cases),
        deliverable=deliverable,
        payments=payments,
        kinds=KINDS,
        entries=db.session.scalars(entries).all(),
        entry_kinds=ENTRY_KINDS,
        account_kinds=ACCOUNT_KINDS,
        held=balance(db.session, escrow(contract.identifier)),
        payee=profile_of(db.session, contract.agency) if contract.roles_of(current_actor()) else None,
        ratings=ratings,
        dimensions=DIMENSIONS,
        changed={clause["key"] for clause in contract.clauses if clause["text"] != wording[clause["key"]]},
        request_link=link(case_url("request", contract.request.identifier), contract.request.identifier),
    )


def _turns(cases: list[Case]) -> list[tuple[Case, list[Move], list[str]]]:
    """The cases of a contract that wait for somebody, those waiting for the reader first."""
    actor, waiting = current_actor(), []
    for case in cases:
        moves, awaited = case.workflow.open_to(case, actor), sorted(case.workflow.waits_for(case.state))
        if moves or awaited:
            waiting.append((case, moves, awaited))
    return sorted(waiting, key=lambda turn: not any(move.main for move in turn[1]))


@rooms.get("/deliverables/<identifier>")
@login_required
def show_deliverable(identifier: str) -> str:
    return show(visible(Deliverable, identifier).contract.identifier)


@rooms.route("/contracts/<identifier>/<act>", methods=["GET", "POST"])
@login_required
def act_contract(identifier: str, act: str) -> Response | str | tuple[str, int]:
    return act_view(Contract, identifier, act, ACTS)


@rooms.route("/deliverables/<identifier>/<act>", methods=["GET", "POST"])
@login_required
def act_deliverable(identifier: str, act: str) -> Response | str | tuple[str, int]:
    return act_view(Deliverable, identifier, act, DELIVERABLE_ACTS)


@rooms.get("/documents/<identifier>")
@login_required
def document(identifier: str) -> Response:
    """A file, to whoever has a part in its case."""
    found = db.session.scalars(select(Document).where(Document.identifier == identifier)).one_or_none()
    if found is None:
        raise not_found(identifier)
    visible(CASES[found.case_type], found.case_identifier)
    return sent(found)
