"""How a case type is declared in its room: its page, the acts done from pages, and those the clock does.

`register_case` adds the routes of the acts and fills every table that goes by case types: where a case's page
is, what the clock performs, what each act and page asks of whoever comes. `check` refuses, when the
application starts, a case type of which any of that is missing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Flask, abort, redirect, render_template, request
from flask_login import login_required
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from market import permissions
from market.case_views import PAGES, attempt, case_url, check_open, check_unrestricted, landing, visible
from market.extensions import db
from market.formatting import problem_text
from market.forms import ActForm, Form, ReasonForm, reasoned
from market.identity import current_actor
from market.referrals import refers, urges
from market.transaction import ACTIONS, name_of
from models import CASES
from models.cases import Case
from models.errors import OutOfDate, RuleViolation, WrongState
from models.i18n import N_
from models.reading import check_read, reading
from models.workflow import permit
from models.workflow_table import Move

Action = Callable[..., str]
# The act the clock performs, by case type and act; each is an action that takes the identifier.
TIMED: dict[tuple[str, str], Action] = {}


@dataclass(frozen=True)
class ActPage:
    """How an act is done from a page.

    Its action, the form that asks what it needs, and the form's values as the action takes them. `build`
    makes the form where it depends on the case; `template` shows it, with the facts `beside` it under their
    heading. `instead`
    names the act that takes its place as a case stands, if any: whoever comes for this one is shown that.
    """

    action: Action
    form: type[Form] = ActForm
    values: Callable[[Any], dict[str, Any]] = lambda form: form.values()
    build: Callable[[Any], type[Form]] | None = None
    template: str = "layout/act.html"
    beside_heading: str = N_("决定前请看")
    beside: Callable[[Any], list[tuple[str, Any]] | None] = lambda case: None
    instead: Callable[[Any], str] = lambda case: ""


@dataclass(frozen=True)
class Elsewhere:
    """An act that is done on a page which is not of this case: its address."""

    url: Callable[[Any], str]


OWN_ROUTE = None  # of an act that has a view of its own at its address
ActPages = Mapping[str, ActPage | Elsewhere | None]


@dataclass(frozen=True)
class Registration:
    """What a room said of a case type: where its pages are, and how its acts are done."""

    url: str
    page: str
    act_page: str
    acts: ActPages
    timed: Mapping[str, Action]


_REGISTERED: dict[str, Registration] = {}


def register_case(
    bp: Blueprint,
    case_class: type[Case],
    *,
    url: str,
    page: Callable[..., Any],
    acts: ActPages,
    timed: Mapping[str, Action] | None = None,
    public: bool = False,
) -> None:
    """Declare a case type in its room.

    `page` is the view of the room that shows one, at `<url>/<identifier>`; it opens to everybody if it is
    `public`, else to whoever has signed in and has a part in the case. `acts` are all acts people do, each by
    its name at `<url>/<identifier>/<act>`; `timed` are those with which a limit ends. Urging, and referring
    to the level above, are the same for all and need not be said. ValueError for a type declared twice.
    """
    name, workflow = case_class.workflow.name, case_class.workflow
    if name in _REGISTERED:
        raise ValueError(f"{name} is registered twice")
    pages, clock = dict(acts), dict(timed or {})
    if "urge" in _human(case_class):
        pages.setdefault("urge", ActPage(urges(name)))
    if "refer" in {act for _state, act in workflow.timed_acts()} - clock.keys():
        clock["refer"] = refers(name)
        permissions.ACTS[name_of(clock["refer"])] = permissions.MACHINE

    @login_required
    def do_act(identifier: str, act: str) -> Response | str | tuple[str, int]:
        return _act_view(case_class, identifier, act, pages)

    here = Registration(url, f"{bp.name}.{page.__name__}", f"{bp.name}.act_{name}", pages, clock)
    bp.add_url_rule(f"{url}/<identifier>/<act>", f"act_{name}", do_act, methods=["GET", "POST"])
    _REGISTERED[name] = here
    PAGES[name] = here.page
    TIMED.update({(name, act): action for act, action in clock.items()})
    permissions.PAGES.setdefault(here.page, permissions.ANYBODY if public else permissions.SIGNED_IN)
    permissions.PAGES.setdefault(here.act_page, permissions.SIGNED_IN)
    done = [each.action for each in pages.values() if isinstance(each, ActPage)]
    for action in (*done, *clock.values()):
        if name_of(action) in ACTIONS:  # else it leads to one, with what it read or asked before
            permissions.ACTS.setdefault(name_of(action), permissions.CASE)


def check(app: Flask) -> None:
    """ValueError where a case type lacks a part of its registration: it names all that is missing."""
    missing = [f"{name}: {what}" for name, kind in CASES.items() for what in _missing(app, name, kind)]
    if missing:
        raise ValueError("; ".join(missing))


def _missing(app: Flask, name: str, case_class: type[Case]) -> Iterator[str]:
    here = _REGISTERED.get(name)
    if here is None:
        yield "no room has registered it"
        return
    if not case_class.workflow.openings:
        yield "no words for the act that opens one"
    if _endpoint(app, here.url) != here.page:
        yield f"no page {here.page} at {here.url}/<identifier>"
    human = _human(case_class)
    yield from (f"no page for the act {act}" for act in sorted(human - here.acts.keys()))
    yield from (f"a page for {act}, which nobody does" for act in sorted(here.acts.keys() - human))
    for act, page in here.acts.items():
        if page is OWN_ROUTE and _endpoint(app, here.url, act) in ("", here.act_page):
            yield f"no view for the act {act} at {here.url}/<identifier>/{act}"
    timed = {act for _state, act in case_class.workflow.timed_acts()}
    yield from (f"no action with which the clock does {act}" for act in sorted(timed - here.timed.keys()))
    yield from (f"an action for {act}, with which no limit ends" for act in sorted(here.timed.keys() - timed))


def _human(case_class: type[Case]) -> set[str]:
    """The acts people do."""
    return {move.act for move in case_class.workflow.moves if set(move.who) - {"system"}}


def _endpoint(app: Flask, url: str, act: str = "") -> str:
    """Which view answers at the address of a case, or of one of its acts; none if nothing does."""
    address = "/".join(filter(None, (url, "X-2026-000001", act)))
    try:
        endpoint, _values = app.url_map.bind("localhost").match(address, method="GET")
    except HTTPException:
        return ""
    return str(endpoint)


def _act_view(
    case_class: type[Case], identifier: str, act: str, pages: ActPages
) -> Response | str | tuple[str, int]:
    """One view for every act of every case: the form on GET, the act on POST."""
    read = reading(db.session, case_class, identifier)
    case = visible(case_class, identifier)
    page = pages.get(act)
    if page is None:
        abort(404)
    moves = [m for m in case.workflow.offered_to(case, current_actor()) if m.act == act]
    if isinstance(page, Elsewhere) and moves:
        return redirect(page.url(case), 303)
    if isinstance(page, Elsewhere):
        return _refused(case, act)
    if request.method == "GET" and (other := page.instead(case)):
        return redirect(f"{case_url(case.workflow.name, case.identifier)}/{other}", 303)
    form = _form_of(page, case, why=_asks_why(case, act, moves), needed=bool(moves))
    status = 200
    if form.is_submitted():
        status = 422
        form.as_read = request.form.get("as_read", "")
        try:
            if not form.validate():
                check_read(db.session, case, current_actor(), form.as_read)
            else:
                result, status = attempt(form, page.action, identifier, **page.values(form))
                if result is not None:
                    return redirect(landing(case), 303)
        except OutOfDate as problem:
            db.session.rollback()
            read = reading(db.session, case_class, identifier)
            case = visible(case_class, identifier)
            form = _form_of(page, case, why=_asks_why(case, act, moves), needed=bool(moves))
            form.refuse(problem, problem_text(problem))
            form.as_read, status = read, problem.status
    elif not moves:
        return _refused(case, act)
    else:
        check_unrestricted(case, act)
        form.as_read = read
    return render_template(
        page.template,
        case=case,
        act=act,
        form=form,
        back=landing(case),
        beside=page.beside(case),
        beside_heading=page.beside_heading,
    ), status


def _form_of(page: ActPage, case: Case, *, why: bool, needed: bool) -> Form:
    """The form of an act; with `why` it asks for a reason, which is `needed` where the act is open at all."""
    form_class = page.build(case) if page.build else page.form
    form = (ReasonForm if form_class is ActForm and why else form_class)()
    if hasattr(form, "prepare"):
        form.prepare(case)
    if why and needed and "reason" in form:
        form["reason"].flags.required = True
        if reasoned not in form["reason"].validators:
            form["reason"].validators = (*form["reason"].validators, reasoned)
    return form


def _refused(case: Case, act: str) -> tuple[str, int]:
    """Why an act cannot be done now, in the words of its rules; NotAllowed for whoever has no part in it."""
    try:
        case.workflow.find(case.state, act)
        check_open(case, act)
        if (hindrance := case.hindrance(current_actor(), act)) is not None:
            raise hindrance
        permit(db.session, case, act, current_actor())
        raise WrongState(N_("现在没有可以“%(act)s”的。"), act=case.workflow.asked(act))
    except (WrongState, RuleViolation) as problem:
        return render_template(
            "layout/error.html", status=problem.status, message=problem_text(problem), case=case
        ), problem.status


def _asks_why(case: Case, act: str, moves: list[Move]) -> bool:
    """Whether this act needs a reason.

    Where it is not open any more, what was sent is read as it was asked for: sent twice, the second is the
    same as the first. One that needs a reason in some states only had one if it was sent.
    """
    needed = {move.needs_reason for move in moves[:1] or case.workflow.moves if move.act == act}
    return needed == {True} or (len(needed) > 1 and "reason" in request.form)
