"""What the pages of all cases share: acting from a form, the case page, and whether a page may be had."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from itertools import groupby
from typing import Any

from flask import Flask, abort, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_login import current_user
from markupsafe import Markup
from sqlalchemy import select
from werkzeug.wrappers import Response

from market import permissions, suspensions, template_filters
from market.demonstration import progress
from market.event_text import event_details
from market.extensions import db, login
from market.formatting import problem_text
from market.forms import Form
from market.identity import current_actor
from market.menu import menu
from market.pagination import asked
from market.upload_field import file_of as file_of
from market.upload_field import files_of as files_of
from models import clock, permission, workflow
from models.cases import Case, case_types_of, find_case
from models.credit.restrictions import Restricted
from models.errors import NotAllowed, NotFound, OutOfDate, Problem, RuleViolation, Unauthorised, Unconfirmed
from models.events import Event, timeline
from models.i18n import N_
from models.notifications import MESSAGE
from models.reading import reading

CONVERSATION = "messages.conversation"  # the page on which the parties of a case write to each other

# Where the pages are of what events and links are about: here what is no case, the cases by `register_case`.
PAGES: dict[str, str] = {
    "statement": "payments.statement",
    "layout": "payments.layouts",
    "item": "catalogue.item",
    "template": "contracts.template",
    "gateway": "payments.differences",
}


def case_url(case_type: str, identifier: str) -> str:
    return url_for(PAGES[case_type], identifier=identifier)


def event_url(happened: Event) -> str:
    """Where one reads what an event tells: a message in its conversation, all else on its case's page."""
    if happened.kind.endswith(MESSAGE):
        return url_for(CONVERSATION, identifier=happened.case_identifier)
    return case_url(happened.case_type, happened.case_identifier)


def url_of(identifier: str) -> str:
    """Where the page of the case of this identifier is, whatever type it is of; empty where it is no case's.

    The letters tell the type; the database is asked only of those that were once shared by two.
    """
    kinds = case_types_of(identifier)
    if len(kinds) > 1:
        kinds = [type(case)] if (case := find_case(db.session, identifier)) else []
    return case_url(kinds[0].workflow.name, identifier) if kinds else ""


def pages_shown(identifiers: Iterable[str]) -> dict[str, str]:
    """Where the pages of those of these cases are that the reader may open: a statement for each type."""
    named, actor, found = set(identifiers) - {""}, current_actor(), {}
    for kind in {kind for identifier in named for kind in case_types_of(identifier)}:
        open_to = select(kind.identifier).where(kind.identifier.in_(named), kind.shown_to(actor))
        for identifier in db.session.scalars(open_to):
            found[identifier] = case_url(kind.workflow.name, identifier)
    return found


def attempt(form: Form, act: Callable[..., str], *args: Any, **kwargs: Any) -> tuple[str | None, int]:
    """Carry out an act with a form's values: its result, or None with the problem shown on the form.

    The second value is the status to answer with. NotFound and OutOfDate ask for another page than this one.
    """
    try:
        return act(current_actor(), *args, **kwargs, submission=form.sent()), 303
    except (NotFound, OutOfDate):
        raise
    except Problem as problem:
        form.refuse(problem, problem_text(problem))
        return None, problem.status


def form_page(
    form: Form,
    heading: str,
    act: Callable[..., str],
    done: Callable[[str], str],
    values: Callable[[Any], dict[str, Any]] = lambda form: form.values(),
    *args: Any,
    lead: str = "",
    back: str = "",
    case: Case | None = None,
    doing: str = "",
    template: str = "layout/form.html",
    beside: Callable[[], Any] = lambda: None,
) -> Response | str | tuple[str, int]:
    """A page that is one form.

    Shown on GET, carried out on POST with `args` and the form's `values`, and then on to `done(result)`. Of
    an act of a case, `doing`, it says above the form what it binds to; a `template` of its own may show what
    else stands `beside` it, which is asked for only where the page is shown.
    """
    status = 200
    read = reading(db.session, type(case), case.identifier) if case is not None else ""
    if form.is_submitted():
        status = 422
        try:
            if form.validate():
                result, status = attempt(form, act, *args, **values(form))
                if result is not None:
                    return redirect(done(result), 303)
        except OutOfDate as problem:
            form.refuse(problem, problem_text(problem))
            status = problem.status
    form.as_read = read
    return render_template(
        template, form=form, heading=heading, lead=lead, back=back, case=case, act=doing, beside=beside()
    ), status


def check_open(case: Case, act: str) -> None:
    """NotAllowed unless the reader may do this act now.

    The case's table and the rule of standing say so.
    """
    if all(move.act != act for move in case.workflow.open_to(case, current_actor())):
        workflow.check_role(
            db.session,
            case,
            act,
            current_actor(),
            {role for move in case.workflow.moves if move.act == act for role in move.who},
        )
        raise case.workflow.lacking(case, current_actor()) or NotAllowed(permission.NO_PART)


def check_unrestricted(case: Case, act: str) -> None:
    """Restricted, with why and until when, where a side of this case is stopped at what this act takes on.

    What else stands against it is said at the form, when it is tried.
    """
    if not case.workflow.find(case.state, act).binds:
        return
    try:
        case.check_fit(db.session, case.roles_of(current_actor()))
    except Restricted:
        raise
    except RuleViolation:
        pass


def check_nothing_lacking(case: Case) -> None:
    """Raise why an act that is the reader's turn is not open to him: see `Workflow.lacking`."""
    if (problem := case.workflow.lacking(case, current_actor())) is not None:
        raise problem


def _lacking(case: Case) -> dict[str, str] | None:
    """The same in words, with what to do about it; None where nothing is lacking."""
    problem = case.workflow.lacking(case, current_actor())
    return {"why": problem_text(problem), **(remedy(problem) or {})} if problem is not None else None


def remedy(problem: Problem) -> dict[str, str] | None:
    """What whoever is refused for this can do about it: the `url` of a page, and its `label`."""
    if isinstance(problem, Unauthorised):
        return {"url": url_for("authorising.mine"), "label": _("办理签署付款授权"), "kept": ""}
    if isinstance(problem, Restricted) and problem.own:
        return {"url": url_for("worklist.index"), "label": _("看限制措施和怎样解除"), "kept": ""}
    if isinstance(problem, Unconfirmed):
        return {
            "url": url_for("identification.address"),
            "label": _("确认邮箱"),
            "kept": _("已经填写的都保存着,确认以后接着办。"),
        }
    return None


def landing(case: Case) -> str:
    """The page a person returns to after an act on this case.

    Its own, or its contract's where all of that is open to him; money and ratings have pages of their own,
    and so has the entry of an agency as long as it fills it in.
    """
    contract = getattr(case, "contract", None)
    if (
        case.workflow.name == "organisation"
        and case.state == "draft"
        and "agency" in case.roles_of(current_actor())
    ):
        return url_for("agencies.entry")
    if (
        contract is None
        or case.workflow.name in ("payment", "payout", "invoice", "rating")
        or "custodian" in current_actor().roles
    ):
        return case_url(case.workflow.name, case.identifier)
    return case_url("contract", contract.identifier)


def case_link(case: Case, text: str = "") -> Markup | str:
    """A case's number, or another text, with a link where the reader may see its page."""
    said = text or case.identifier
    if not case.readable_by(db.session, current_actor()):
        return said
    return link(case_url(case.workflow.name, case.identifier), said)


def link(url: str, text: str) -> Markup:
    return Markup('<a href="{}">{}</a>').format(url, text)


def _ask_page() -> ResponseReturnValue | None:
    """Ask before any page whether whoever comes may have it, as far as that does not lie with a case.

    Whoever has not signed in is sent to do so, or to sign up, and comes back from there.
    """
    ask = permissions.PAGES.get(request.endpoint or "")
    if request.endpoint is None or ask == permissions.ANYBODY:
        return None
    if not current_user.is_authenticated and request.endpoint in permissions.NEWCOMERS:
        return redirect(url_for("accounts.sign_up", next=request.full_path.rstrip("?")))
    if not current_user.is_authenticated:
        return login.unauthorized()  # type: ignore[no-any-return]
    if ask is None:
        abort(403)
    permission.check(ask, current_actor(), permissions.market())
    return None


def not_found(identifier: str) -> NotFound:
    return NotFound(N_("没有找到 %(identifier)s。"), identifier=identifier)


def visible(case_class: type[Case], identifier: str) -> Any:
    """A case this actor may see, or NotFound: whoever has no part in it does not learn that it exists."""
    case = case_class.load(db.session, identifier)
    if not case.roles_of(current_actor()):
        raise not_found(identifier)
    return case


def readable(case_class: type[Case], identifier: str) -> Any:
    """A case this actor may read, with a part in it or not, or NotFound."""
    case = case_class.load(db.session, identifier)
    if not case.readable_by(db.session, current_actor()):
        raise not_found(identifier)
    return case


def case_page(case: Case, beside: Iterable[Case] = ()) -> dict[str, Any]:
    """What every case page shows.

    The acts open to this actor, whose turn it is, and the timeline, which takes in the cases beside this one
    as far as the actor may read them.
    """
    actor = current_actor()
    readable = [
        (each.workflow.name, each.identifier, ["public", "parties"] if each.roles_of(actor) else ["public"])
        for each in [case, *beside]
    ]
    return {
        "case": case,
        "moves": case.workflow.offered_to(case, actor),
        "waits_for": sorted(case.workflow.waits_for(case.state)),
        "happened": _told_once(db.session.scalars(timeline(readable).limit(300)))[:60],
    }


def _told_once(happened: Iterable[Event]) -> list[Event]:
    """Of acts in a row of which there is nothing to tell but that they were done again, the newest."""

    def same(event: Event) -> Hashable:
        return (
            event.id
            if event_details(event)
            else (
                event.kind,
                event.case_identifier,
                event.actor_role,
                event.actor_user_id,
            )
        )

    return [next(row) for _key, row in groupby(happened, same)]


def register(app: Flask) -> None:
    """What every page is asked and given: whether the reader may have it, and what its template may use."""
    template_filters.register(app)
    # Templates are written an element a line; the white space around their statements is not sent.
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.jinja_env.globals.update(
        demonstration_percent=progress.percent,
        case_url=case_url,
        event_url=event_url,
        url_of=url_of,
        landing=landing,
        case_link=case_link,
        lacking=_lacking,
        asked_for=asked,
        current_actor=current_actor,
        own_suspension=suspensions.own_suspension,
    )
    app.jinja_env.globals["menu"] = menu
    app.jinja_env.globals["may"] = lambda endpoint: permissions.may_open(endpoint, current_actor())

    app.before_request(_ask_page)

    @app.context_processor
    def chrome() -> dict[str, Any]:
        return {"actor": current_actor(), "now": clock.now(), "today": clock.today()}
