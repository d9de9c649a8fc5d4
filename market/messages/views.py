"""The conversation of a case, whom its parties named to be called, and the list of those."""

from __future__ import annotations

from typing import Any

from flask import redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import login_required
from markupsafe import Markup
from werkzeug.wrappers import Response

from market.case_views import attempt, case_url, file_of, form_page, not_found
from market.config import PAGE_SIZE
from market.extensions import db
from market.formatting import problem_text
from market.forms import MOST_NUMBER
from market.identity import current_actor
from market.messages import actions
from market.messages.blueprint import bp
from market.messages.forms import MessageForm, NameForm, PersonForm
from models import contacts, messages
from models.cases import Case, find_case
from models.contracts.agreement import Contract
from models.messages import TALKS
from models.sourcing.tenders import Tender


@bp.route("/cases/<identifier>/messages", methods=["GET", "POST"])
@login_required
def conversation(identifier: str) -> Response | str | tuple[str, int]:
    """What the parties of a case wrote to each other, the newest last, and the form for the next."""
    case, actor = find_case(db.session, identifier), current_actor()
    if case is None or not messages.readable_by(db.session, case, actor):
        raise not_found(identifier)
    form, status = MessageForm(), 200
    if form.is_submitted():
        status = 422
        if form.validate():
            values = form.values()
            values |= file_of(values.pop("file"))
            result, status = attempt(form, actions.send, identifier, **values)
            if result is not None:
                return redirect(url_for(".conversation", identifier=identifier, _anchor="newest"), 303)
    before = request.args.get("before", 0, int)
    before = before if 0 < before <= MOST_NUMBER else 0
    rows = messages.page(db.session, case, before, PAGE_SIZE + 1)
    shown = rows[:PAGE_SIZE]
    return render_template(
        "messages/conversation.html",
        case=case,
        form=form,
        shown=shown[::-1],
        older=shown[-1].id if len(rows) > PAGE_SIZE else 0,
        before=before,
        earlier=_earlier(case),
        **_standing(case),
    ), status


def _earlier(case: Case) -> list[str]:
    """The numbers of the cases this one came of on which the reader's side wrote before."""
    numbers = messages.earlier(db.session, case) if isinstance(case, Contract) else []
    found = [find_case(db.session, number) for number in numbers]
    return [each.identifier for each in found if each and messages.sides_of(each, current_actor())]


def _standing(case: Case) -> dict[str, Any]:
    """How a conversation stands for the reader: his side, why nothing may be written, whom the two named."""
    actor = current_actor()
    sides, why = messages.sides_of(case, actor), messages.closed(db.session, case)
    return {
        "sides": sides,
        "closed": problem_text(why) if why else "",
        "people": contacts.told(db.session, case, actor),
        "other": next(iter(messages.SIDES - sides)) if sides else "",
    }


@bp.app_template_global("contact_card")
def contact_card(case: Case) -> str:
    """On the page of a case: whom to call, and the way to what the parties wrote; empty for all others.

    On that of a tender or a bid: why nothing may be written in private, and until when.
    """
    actor = current_actor()
    if isinstance(case, TALKS):
        if not messages.readable_by(db.session, case, actor):
            return ""
        said = {
            "newest": messages.newest_at(db.session, case),
            "unread": messages.unread(db.session, case, actor.organisation_id),
        }
        return Markup(render_template("messages/card.html", case=case, **said, **_standing(case)))
    tender = contacts.tender_of(case)
    own = isinstance(case, Tender) and "buyer" in case.roles_of(actor)
    person = contacts.told_before(db.session, case, actor) if isinstance(case, Tender) else None
    silent = messages.silent(tender) and actor.user_id is not None
    if not (own or person or silent):
        return ""
    shown = {"own": own, "person": person, "silent": silent}
    return Markup(render_template("messages/tender_card.html", case=case, tender=tender, **shown))


@bp.route("/cases/<identifier>/contact", methods=["GET", "POST"])
@login_required
def name_contact(identifier: str) -> Response | str | tuple[str, int]:
    """Choose from one's list whom the other party may call; where there is one alone, it is offered."""
    case = find_case(db.session, identifier)
    if not isinstance(case, contacts.NAMED_FOR) or not (sides := messages.sides_of(case, current_actor())):
        raise not_found(identifier)
    side, tender = case.side_of(min(sides)) or 0, contacts.tender_of(case)
    people = contacts.listed(db.session, side)
    form = NameForm()
    form.prepare(people, contacts.named(db.session, tender.id, [side]).get(side))
    back = case_url(case.workflow.name, identifier)
    return form_page(
        form,
        _("指定联系人"),
        actions.name_contact,
        lambda _done: back,
        lambda form: form.values(),
        identifier,
        lead=_("对方从双方可以联系时起看得到姓名、电话和邮箱,事情了结后就看不到;其他人始终看不到。")
        if people
        else _("联系人名单还是空的,请先在“本单位”页添加联系人。"),
        back=back,
    )


def _list(_done: str = "") -> str:
    return url_for("messages.contact_list")


@bp.get("/my/contacts")
@login_required
def contact_list() -> str:
    mine = current_actor().organisation_id or 0
    return render_template("messages/contacts.html", people=contacts.listed(db.session, mine))


@bp.route("/my/contacts/new", methods=["GET", "POST"])
@login_required
def new_contact() -> Response | str | tuple[str, int]:
    return form_page(PersonForm(), _("添加联系人"), actions.add_contact, _list, back=_list())


@bp.route("/my/contacts/<int:number>", methods=["GET", "POST"])
@login_required
def change_contact(number: int) -> Response | str | tuple[str, int]:
    person = contacts.of(db.session, current_actor().organisation_id or 0, number)
    return form_page(
        PersonForm(obj=person),
        _("修改联系人"),
        actions.change_contact,
        _list,
        lambda form: form.values(),
        number,
        back=_list(),
    )


@bp.post("/my/contacts/<int:number>/remove")
@login_required
def remove_contact(number: int) -> Response:
    actions.remove_contact(current_actor(), number)
    return redirect(_list(), 303)
