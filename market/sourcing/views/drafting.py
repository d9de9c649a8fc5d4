"""A request is told step by step: a page a step, each kept as it is told, and taken up again at any time."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from typing import Any

from flask import abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_login import login_required
from sqlalchemy import select
from werkzeug.wrappers import Response

from market.case_views import attempt, case_url, check_open, files_of, form_page, visible
from market.extensions import db
from market.formatting import problem_text
from market.forms import Form
from market.identity import current_actor
from market.options import region_asked
from market.quantities import quantity_asked
from market.sourcing import needs
from market.sourcing.actions import drafting
from market.sourcing.blueprint import bp
from market.sourcing.step_forms import ChoiceForm, SizeForm, TemplateForm, WhatForm, WhomForm
from models import contacts, documents, policy
from models.actors import Actor
from models.base import Json
from models.catalogue import ServiceItem, current_items, item_by_code
from models.errors import NotAllowed, RuleViolation
from models.i18n import N_
from models.permission import check_standing
from models.sourcing.cancelling import NOT_AGAIN, fruitless
from models.sourcing.modes import FUNDS, MODES
from models.sourcing.steps import STEPS, lacking, untold
from models.sourcing.tender_workflow import TENDER
from models.sourcing.tenders import Tender
from models.workflow import check_role

SAID = (
    "item",
    "region",
    "amount",
    "count",
    "factor",
    "mode",
    "invite",
    "like",
    "from",
)  # what an address may say
MOST_INVITED = 20  # of an address
_KEY, _AGENCY = re.compile(r"[^\w-]", re.ASCII), re.compile(r"A-[0-9]{4}-[0-9]{6,9}")


@bp.route("/requests/new", methods=["GET", "POST"])
@login_required
def new() -> Response | str | tuple[str, int]:
    """The first step of a request nobody told yet, with what its address says of it.

    The address has a key, by which one draft is begun: whoever goes back to it goes on with that.
    """
    actor = current_actor()
    if not actor.buyers():
        check_standing(actor, actor.organisation_id, entering=True)
        raise NotAllowed(N_("只有项目业主或其受托人可以发布采购需求。"))
    key = _KEY.sub("", request.args.get("key", ""))[:20]
    if request.method == "GET":
        if not key:
            said: dict[str, Any] = {name: request.args.getlist(name) for name in SAID if name in request.args}
            return redirect(url_for("sourcing.new", **said, key=secrets.token_urlsafe(9)), 303)
        begun = drafting.begun_by(db.session, actor, key)
        if begun is not None:
            return redirect(_address(begun, "what" if begun.state == "draft" else ""), 303)
    before = _before(actor)
    form, status = WhatForm(), 200
    _prepare_what(form, actor, None, before)
    if form.is_submitted():
        status = 422
        stops = "stop" in request.form
        if form.validate() or (stops and form.can_be_kept()):
            begun_with = _begun(form, before)
            result, status = attempt(form, _unkeyed(drafting.create), key=key, stops=stops, **begun_with)
            if result is not None:
                return redirect(_onward(result, "what"), 303)
    return render_template(
        "sourcing/draft.html",
        step="what",
        form=form,
        draft=None,
        steps=STEPS,
        lacked=list(STEPS),
        wrong=_left_out(),
        last=drafting.last_published(db.session, actor),
        templates=drafting.templates(db.session, actor),
        before=before,
        said=MODES.get(_mode_said()),
        files=[],
    ), status


def _unkeyed(act: Callable[..., str]) -> Callable[..., str]:
    """An act without the form's one-time key: to tell a step twice is to tell it once, the last counts."""
    return lambda actor, *args, submission, **values: act(actor, *args, **values)


def _before(actor: Actor) -> Tender | None:
    """The request this one is begun from: like it, or because it came to nothing."""
    named = request.args.get("from") or request.args.get("like")
    found: Tender | None = visible(Tender, named) if named else None
    return found if found is not None and drafting.may_begin_from(actor, found) else None


def _prepare_what(form: WhatForm, actor: Actor, draft: Tender | None, before: Tender | None) -> None:
    """What can be chosen, and what was said already."""
    if not form.is_submitted():
        if draft or before:
            form.fill(draft or before)  # type: ignore[arg-type]
        if draft is None:
            form.again_of.data = _again(before) if before and "from" in request.args else None
            form.item_code.data = request.args.get("item") or form.item_code.data
            form.region_code.data = region_asked() or form.region_code.data
    earlier = fruitless(db.session, draft) if draft else []
    said = form.again_of.data or ""
    if said not in ("", NOT_AGAIN) and all(each.identifier != said for each in earlier):
        named = db.session.scalars(select(Tender).where(Tender.identifier == said))
        earlier += [each for each in named if each.roles_of(actor)]
    form.prepare(actor, current_items(db.session), earlier)
    if draft is not None or not _mode_said():
        del form.funds  # it is asked where one says how to choose
    if draft is not None:
        del form.on_behalf_of  # whose it is was said when it was begun


def _mode_said() -> str:
    """The way to compare quotes by which the address says to choose, where nothing begun before does."""
    said = request.args.get("mode", "")
    compared = said in MODES and MODES[said].compares
    return said if compared and not (request.args.get("like") or request.args.get("from")) else ""


def _asked() -> list[str]:
    """The agencies the address names, each once; whether they may be asked is not said by that."""
    named = [each for each in request.args.getlist("invite") if _AGENCY.fullmatch(each)]
    return list(dict.fromkeys(named))[:MOST_INVITED]


def _left_out() -> list[str]:
    """Those of them that may not be asked, in words: unknown and unseen alike."""
    asked = _asked()
    able = needs.askable(asked) if asked else []
    return [
        _("%(identifier)s 不是已入驻的机构,没有列入邀请。", identifier=each)
        for each in asked
        if each not in able
    ]


def _again(before: Tender) -> str | None:
    """What a request begun from this one repeats: a draft is named nowhere."""
    return before.identifier if before.published_at else before.again_said


def _begun(form: WhatForm, before: Tender | None) -> dict[str, Any]:
    """What the first step tells, with what the address says of the others, as far as it can be read."""
    values = _values(form)
    mode, funds = _mode_said(), values.pop("funds", "") or ""
    item = item_by_code(db.session, values["item_code"])
    size = _size_said(item) if item is not None and item.code == request.args.get("item") else {}
    return {
        **values,
        "like": before.identifier if before else None,
        "invite": needs.askable(_asked()),
        "way": {"mode": mode, "funds": funds} if mode else None,
        **({"quantity": size} if size else {}),
    }


def _size_said(item: ServiceItem) -> Json:
    """The size in the address, {} where there is none by which the item can be priced."""
    try:
        job = quantity_asked(item)
        size = {name: value for name, value in asdict(job).items() if value} if job else {}
        item.check_quantity(size)
    except RuleViolation:
        return {}
    return size


def _values(form: Any) -> dict[str, Any]:
    """What a form tells, as actions take it."""
    values: dict[str, Any] = form.values()
    return files_of(values.pop("file")) | values if "file" in values else values


def _address(draft: Tender, step: str) -> str:
    """Where a step of a draft is; without one, the request's own page."""
    return (
        url_for("sourcing.edit", identifier=draft.identifier, step=step)
        if step
        else case_url("tender", draft.identifier)
    )


def _onward(identifier: str, step: str) -> str:
    """Where a person goes on to who told a step.

    Back to it, if he said so, or to the draft's own page, if he stops there; to the first that is to be told;
    and when all are, to what remains: to publish.
    """
    draft = visible(Tender, identifier)
    if "stop" in request.form:
        return _address(draft, "")
    if "stay" in request.form:
        return _address(draft, step)
    left = untold(draft)
    may_publish = any(move.act == "publish" for move in TENDER.open_to(draft, current_actor()))
    return _address(draft, left[0]) if left else _address(draft, "") + ("/publish" if may_publish else "")


@bp.route("/requests/<identifier>/edit", methods=["GET", "POST"])
@bp.route("/requests/<identifier>/edit/<step>", methods=["GET", "POST"])
@login_required
def edit(identifier: str, step: str = "") -> Response | str | tuple[str, int]:
    """A step of a draft; without one, the first that is to be told, or to begin with."""
    draft = _open(identifier)
    if not step:
        return redirect(_address(draft, next(iter(untold(draft)), "what")), 303)
    form, status = _form(draft, step), 200
    if "look" in request.form:
        form.read()
    elif form.is_submitted():
        status = 422
        if act := _kept_by(form, step):
            result, status = attempt(form, _unkeyed(act), draft.identifier, **_values(form))
            if result is not None:
                return redirect(_onward(result, step), 303)
    left = lacking(db.session, draft)
    return render_template(
        "sourcing/draft.html",
        step=step,
        form=form,
        draft=draft,
        steps=STEPS,
        lacked=[where for where, _problem in left],
        wrong=[problem_text(problem) for where, problem in left if problem and where == step],
        before=None,
        files=documents.of_case(db.session, "tender", identifier) if step == "what" else [],
        **_beside(draft, step, form),
    ), status


def _kept_by(form: Form, step: str) -> Callable[..., str] | None:
    """The act that keeps what was typed at a step; None where something in it is wrong.

    Of a person who stops here nothing is asked but what can be kept.
    """
    whole = form.validate()
    if "stop" not in request.form:
        return drafting.edit if whole else None
    return partial(drafting.put_aside, step=step, whole=whole) if whole or form.can_be_kept() else None


def _open(identifier: str) -> Tender:
    draft: Tender = visible(Tender, identifier)
    TENDER.find(draft.state, "edit")
    check_open(draft, "edit")
    return draft


def _form(draft: Tender, step: str) -> Any:
    """The form of a step, as the draft stands or as it was sent."""
    form: Form
    if step == "what":
        form = WhatForm()
        _prepare_what(form, current_actor(), draft, None)
        return form
    if step == "size":
        form = SizeForm()
        form.offer(draft.item, draft.quantity)
    elif step == "choice":
        form = ChoiceForm()
        form.prepare()
    elif step == "whom":
        form = WhomForm()
        form.prepare(
            needs.offering(draft),
            contacts.listed(db.session, draft.buyer_id),
            asks=needs.compares(draft) and "openly" not in request.form,
            hint=draft.way.deadline_hint if draft.knows("choice") else "",
        )
        if "openly" in request.form:
            form.ask_nobody()
        elif just := _AGENCY.findall(request.form.get("just", "")):
            form.ask_only(just)
        if not form.is_submitted():
            person = contacts.named(db.session, draft.id, [draft.buyer_id]).get(draft.buyer_id)
            form.fill(draft, person, alone=needs.asks_alone(draft))
        return form
    else:
        abort(404)
    if not form.is_submitted():
        form.fill(draft)
    return form


def _beside(draft: Tender, step: str, form: Any) -> dict[str, Any]:
    """What a step is worked out by: the size what it will cost, the choice what suits."""
    if step == "size":
        job = form.job()
        return {"estimate": needs.estimate(draft.item, job), "sized": job is not None}
    if step == "choice":
        worth = form.budget.data or needs.typical(draft)
        asked = [form.funds.data] if form.funds.data in FUNDS else list(FUNDS)
        advice = {each: needs.advice(draft.item, each, worth, policy.current()) for each in asked}
        return {"advice": advice, "worth": worth, "funds": FUNDS}
    if step == "whom":
        return {"proposed": needs.proposed(draft), "compares": needs.compares(draft), "funds": FUNDS}
    return {}


@bp.post("/requests/<identifier>/preview/<step>")
@login_required
def preview(identifier: str, step: str) -> str:
    """What a step comes to as it is being filled in; a piece of its page, for what renews it there."""
    draft = _open(identifier)
    if step not in ("size", "choice"):
        abort(404)
    form = _form(draft, step)
    return render_template(f"sourcing/draft_{step}.html", draft=draft, **_beside(draft, step, form))


@bp.post("/requests/<identifier>/files/<document>/remove")
@login_required
def detach(identifier: str, document: str) -> Response:
    drafting.detach(current_actor(), visible(Tender, identifier).identifier, document)
    return redirect(url_for("sourcing.edit", identifier=identifier, step="what"), 303)


@bp.route("/requests/<identifier>/template", methods=["GET", "POST"])
@login_required
def template(identifier: str) -> Response | str | tuple[str, int]:
    """Keep a request under a name, to begin others from it."""
    found = visible(Tender, identifier)
    check_role(db.session, found, "edit", current_actor(), {"buyer"})
    back = case_url("tender", identifier)
    return form_page(
        TemplateForm(data={"name": found.template_name or found.project[:80]}),
        _("留作模板"),
        drafting.keep_as_template,
        lambda _made: back,
        lambda form: form.values(),
        identifier,
        back=back,
    )
