"""What the pages of all rooms share: acting from a form, case pages, lists by the page, the words of time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Flask, abort, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import Select, func, select
from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Response

from market.accounts.identity import current_actor
from market.config import PAGE_SIZE
from market.extensions import db
from market.forms import ActForm, Form, ReasonForm
from models import CASES, clock, money, workdays
from models.accounts import Actor
from models.clock import BEIJING
from models.events import Event, timeline
from models.text import NotAllowed, NotFound, Problem
from models.workflow import Case, Move

# Where each case type's page is. Types without a page of their own are shown on another's.
PAGES: dict[str, str] = {
    "organisation": "agencies.show",
    "request": "sourcing.show",
    "quote": "sourcing.show_quote",
    "bid": "sourcing.show_bid",
    "award": "sourcing.show_award",
    "contract": "contracts.show",
    "deliverable": "contracts.show_deliverable",
    "payment": "payments.show",
    "rating": "ratings.show",
}


def case_url(case_type: str, identifier: str) -> str:
    return url_for(PAGES[case_type], identifier=identifier)


def words_of(problem: Problem) -> str:
    """A problem in the reader's language."""
    params = {key: _(value) if isinstance(value, str) else value for key, value in problem.params.items()}
    message: str = _(problem.message, **params)
    return message


def attempt(form: Form, act: Callable[..., str], *args: Any, **kwargs: Any) -> tuple[str | None, int]:
    """Carry out an act with a form's values: its result, or None with the problem shown on the form.

    The second value is the status to answer with.
    """
    try:
        return act(current_actor(), *args, **kwargs, submission=form.submission.data), 303
    except (NotFound, NotAllowed) as problem:
        if not form.data or isinstance(problem, NotFound):
            raise
        form.refuse(problem, words_of(problem))
        return None, problem.status
    except Problem as problem:
        form.refuse(problem, words_of(problem))
        return None, problem.status


def file_of(storage: FileStorage | None) -> dict[str, Any]:
    """The name and bytes of an uploaded file, as actions take them."""
    return {"file_name": storage.filename or "", "content": storage.read()} if storage else {"file_name": "", "content": b""}


@dataclass(frozen=True)
class ActPage:
    """How an act is done from a page: its action, the form that asks what it needs, and the form's values
    as the action takes them."""

    action: Callable[..., str]
    form: type[Form] = ActForm
    values: Callable[[Form], dict[str, Any]] = Form.values


def act_view(case_class: type[Case], identifier: str, act: str, pages: dict[str, ActPage]) -> Response | str | tuple[str, int]:
    """One view for every act of every case: the form on GET, the act on POST."""
    case = visible(case_class, identifier)
    page = pages.get(act)
    if page is None:
        abort(404)
    moves = [m for m in case.workflow.open_to(case, current_actor()) if m.act == act]
    form_class = ReasonForm if moves and moves[0].needs_reason and page.form is ActForm else page.form
    form = form_class()
    if hasattr(form, "prepare"):
        form.prepare(case)
    status = 200
    if form.is_submitted():
        if form.validate():
            values = {k: v for k, v in page.values(form).items() if k != "submission"}
            result, status = attempt(form, page.action, identifier, **values)
            if result is not None:
                return redirect(landing(case), 303)
        else:
            status = 422
    elif not moves:
        case.workflow.find(case.state, act)
        raise NotAllowed("您在这件事里没有办理这一步的权限。")
    return render_template("layout/act.html", case=case, act=act, form=form, back=landing(case)), status


def landing(case: Case) -> str:
    """The page a person returns to after an act on this case."""
    contract = getattr(case, "contract", None)
    return case_url("contract", contract.identifier) if contract is not None else case_url(case.workflow.name, case.identifier)


def visible(case_class: type[Case], identifier: str) -> Any:
    """A case this actor may see, or NotFound: whoever has no part in it does not learn that it exists."""
    case = case_class.load(db.session, identifier)
    if not case.roles_of(current_actor()):
        raise NotFound("没有找到 %(identifier)s。", identifier=identifier)
    return case


def case_page(case: Case) -> dict[str, Any]:
    """What every case page shows: the acts open to this actor, whose turn it is, and the timeline."""
    actor = current_actor()
    audiences = ["public", "parties"] if case.roles_of(actor) else ["public"]
    return {
        "case": case,
        "moves": case.workflow.open_to(case, actor),
        "waits_for": sorted(case.workflow.waits_for(case.state)),
        "happened": list(db.session.scalars(timeline(case.workflow.name, case.identifier, audiences).limit(30))),
    }


@dataclass(frozen=True)
class Page:
    """One page of a list, and what its pager needs."""

    rows: list[Any]
    number: int
    total: int
    size: int = PAGE_SIZE

    @property
    def last(self) -> int:
        return max(1, -(-self.total // self.size))

    def url(self, number: int) -> str:
        arguments = {**request.args.to_dict(), **(request.view_args or {}), "page": number}
        return url_for(request.endpoint or "", **arguments)


def page_number() -> int:
    return max(1, min(request.args.get("page", 1, int), 100_000))


def paged(query: Select[Any], size: int = PAGE_SIZE) -> Page:
    """The page of a list the reader asked for."""
    number = page_number()
    total = db.session.scalar(select(func.count()).select_from(query.order_by(None).subquery())) or 0
    return Page(list(db.session.scalars(query.limit(size).offset((number - 1) * size)).unique()), number, total, size)


def waiting(actor: Actor) -> list[Case]:
    """What waits for this actor, most urgent first: per case type the states in which it is its turn."""
    found: list[Case] = []
    for case_class in CASES.values():
        workflow = case_class.workflow
        for role in [*case_class.parties, "regulator"]:
            states = workflow.states_waiting_for(role)
            if states and (role != "regulator" or "regulator" in actor.roles):
                query = select(case_class).where(case_class.state.in_(states), case_class.scope(role, actor))
                found += db.session.scalars(query.order_by(case_class.due_at).limit(200)).unique()
    return sorted(found, key=lambda case: (case.due_at is None, case.due_at))


def when(instant: datetime | None) -> str:
    return f"{instant.astimezone(BEIJING):%Y-%m-%d %H:%M}" if instant else "—"


def left(instant: datetime | None) -> str:
    """How long a limit still runs, in working days, as people say it."""
    if instant is None:
        return ""
    now = clock.now()
    if instant < now:
        late = workdays.between(instant, now)
        return ngettext("已逾期 %(num)d 个工作日", "已逾期 %(num)d 个工作日", late) if late else _("已逾期")
    days = workdays.between(now, instant)
    if days == 0:
        return _("今天 %(time)s", time=f"{instant.astimezone(BEIJING):%H:%M}") if same_day(instant, now) else _("即将到期")
    return ngettext("还剩 %(num)d 个工作日", "还剩 %(num)d 个工作日", days)


def same_day(a: datetime, b: datetime) -> bool:
    return a.astimezone(BEIJING).date() == b.astimezone(BEIJING).date()


def urgency(instant: datetime | None) -> str:
    """`late`, `soon` (two working days or fewer) or `calm`: the colour of a limit."""
    if instant is None:
        return "calm"
    now = clock.now()
    return "late" if instant < now else "soon" if workdays.between(now, instant) <= 2 else "calm"


def sentence(happened: Event) -> str:
    """An event as a line of a timeline: who did what. Only the act's own label is shown, never its data."""
    kind, act = happened.kind.split(".", 1)
    return _(CASES[kind].workflow.acts.get(act) or OPENINGS.get(happened.kind) or OPENINGS.get(act, act))


OPENINGS = {
    "enter": "提交入驻", "create": "起草需求", "submit": "提交", "request.publish": "发布需求", "propose": "提出中选",
    "draft": "起草合同", "ask": "提出", "expect": "开始计算工期", "override": "管理员变更状态", "qualify": "登记资质",
    "fees": "公示收费", "member": "增加成员", "delegate": "委托采购", "revoke": "收回委托",
}  # fmt: skip


def label_of(move: Move, case: Case) -> str:
    return _(case.workflow.acts[move.act])


def register(app: Flask) -> None:
    """Give the templates these words, and every Problem an honest answer."""
    app.add_template_filter(money.show, "money")
    app.add_template_filter(when)
    app.add_template_filter(left)
    app.add_template_filter(urgency)
    app.add_template_filter(sentence)
    app.add_template_filter(_, "t")
    app.jinja_env.globals.update(case_url=case_url, label_of=label_of, current_actor=current_actor, act_form=ActForm)

    @app.context_processor
    def chrome() -> dict[str, Any]:
        return {"actor": current_actor(), "now": clock.now()}

    @app.errorhandler(Problem)
    def problem(error: Problem) -> tuple[str, int]:
        return render_template("layout/error.html", status=error.status, message=words_of(error)), error.status

    def http(error: Any) -> tuple[str, int]:
        messages = {
            400: _("请求不完整或已过期,请返回重试;已填写的内容仍在上一页。"),
            403: _("您没有权限查看这个页面。"),
            404: _("没有这个页面。"),
            405: _("这个页面不接受这种操作。"),
            413: _("上传的内容超过 20 MB。"),
            429: _("尝试太频繁,请稍后再试。"),
            500: _("系统出错了,我们已留下记录。您的数据没有改动。"),
        }
        return render_template("layout/error.html", status=error.code, message=messages[error.code]), error.code

    for code in (400, 403, 404, 405, 413, 429, 500):
        app.register_error_handler(code, http)
