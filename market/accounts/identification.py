"""Pages on which people show who they are.

Their mail address, their enterprise, an organisation whose code was taken.
"""

from __future__ import annotations

from typing import Any

from flask import Blueprint, abort, current_app, redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user, login_required
from werkzeug.wrappers import Response
from wtforms import BooleanField, EmailField, PasswordField, StringField, TextAreaField
from wtforms.validators import Length

from market import attempts, mail
from market.accounts import jobs as letters
from market.accounts.actions import claiming, confirming, entering
from market.accounts.signing_in import first_step
from market.case_registry import ActPage, register_case
from market.case_views import attempt, case_page, file_of, form_page, visible
from market.extensions import db, limiter
from market.formatting import problem_text
from market.forms import FITS_REASON, NEEDED, ActForm, Form, ReasonForm, fits, printed, text, upload
from market.identity import current_actor
from market.reauthentication import is_own_password
from models import documents, policy
from models.accounts import Organisation, User, authority_for
from models.agencies.register import UNLIKE
from models.claims import Claim, why_not_ask
from models.errors import NotAllowed
from models.events import Event, timeline
from models.i18n import N_

bp = Blueprint("identification", __name__)


class AddressForm(Form):
    email = EmailField(_l("新邮箱"), [NEEDED, fits(User.email)], render_kw={"autocomplete": "email"})
    current = PasswordField(
        _l("登录密码"),
        [NEEDED, Length(max=200), is_own_password],
        render_kw={"autocomplete": "current-password"},
    )


class ConfirmForm(Form):
    password = PasswordField(
        _l("账号的密码"), [NEEDED, Length(max=200)], render_kw={"autocomplete": "current-password"}
    )


class LicenceForm(Form):
    organisation = text(_l("单位名称"), Organisation.name)
    legal_representative = StringField(
        _l("法定代表人"),
        [Length(max=100), printed],
        description=_l("与营业执照一致,登记机关能查到的可自动核验。"),
    )
    file = upload(_l("营业执照"), needed=False, scan=True)


class EvidenceForm(Form):
    statement = TextAreaField(
        _l("说明"),
        [FITS_REASON],
        description=_l("您是谁、凭什么代表这家单位。会告知现有成员和监管部门。"),
    )
    file = upload(_l("证明材料"), scan=True)


class JoinForm(Form):
    reason = TextAreaField(
        _l("您是谁"), [FITS_REASON], description=_l("在单位做什么、怎么联系您。会告知这家单位的管理员。")
    )


class AnswerForm(Form):
    statement = TextAreaField(_l("说明"), [NEEDED, FITS_REASON], description=_l("会告知认领人和监管部门。"))
    file = upload(_l("证明材料"), needed=False, scan=True)


class GrantForm(ReasonForm):
    replaces = BooleanField(
        _l("认领人取代现有成员"),
        description=_l("不勾选则与现有成员并存。勾选后现有成员全部退出,他们的采购委托同时收回。"),
    )


def _with_file(form: Any) -> dict[str, Any]:
    values = form.values()
    return file_of(values.pop("file")) | values


def _me() -> User:
    return db.session.get_one(User, current_actor().user_id)


@bp.route("/my/address", methods=["GET", "POST"])
@login_required
@limiter.limit("20 per hour", methods=["POST"])
def address() -> Response | str | tuple[str, int]:
    """The reader's address: what is confirmed, what waits, and another one."""
    form, status = AddressForm(), 200
    if form.is_submitted():
        status = 422
        if form.validate():
            made, status = attempt(form, confirming.change_address, **form.values())
            if made is not None:
                return redirect(url_for("identification.address"), 303)
    return render_template(
        "accounts/address.html",
        form=form,
        again=ActForm(formdata=None),
        me=_me(),
        here=not mail.sends(),
        again_sent="sent" in request.args,
    ), status


@bp.post("/my/address/again")
@login_required
@limiter.limit("10 per hour")
def send_again() -> Response:
    confirming.send_again(current_actor(), submission=ActForm().sent())
    return redirect(url_for("identification.address", sent=1), 303)


@bp.route("/confirm/<token>", methods=["GET", "POST"])
@limiter.limit("30 per hour", methods=["POST"])
def confirm(token: str) -> Response | str | tuple[str, int]:
    """Where the letter's link leads.

    Reading it confirms nothing: programs that look into letters follow links, too.
    """
    said = confirming.read(token)
    mine = said.user_id == current_actor().user_id
    if request.method == "GET" and confirming.is_done(said):
        return render_template("accounts/confirm.html", form=None, address=said.address, mine=mine)
    joining = confirming.joins(db.session, current_actor(), said)
    form: Form = ActForm() if mine or joining else ConfirmForm()
    status = 200
    if form.is_submitted():
        status = 422
        if form.validate():
            made, status = _counted(form, said.user_id, token)
            if made is not None:
                return _confirmed(int(made))
    organisation = db.session.get_one(User, said.user_id).memberships[0].organisation if joining else None
    return render_template(
        "accounts/confirm.html", form=form, address=said.address, mine=mine, joining=organisation
    ), status


def _counted(form: Form, person: int, token: str) -> tuple[str | None, int]:
    """`attempt` to confirm; a password asked for counts as it does at sign-in."""
    if not isinstance(form, ConfirmForm):
        return attempt(form, confirming.confirm, token=token, **form.values())
    user = db.session.get(User, person)
    try:
        with attempts.counted(
            "password", attempts.person(user) if user else attempts.account(""), "password"
        ) as tried:
            made, status = attempt(form, confirming.confirm, token=token, **form.values())
            tried.right = True if made is not None else False if form.password.errors else None
    except attempts.TooMany as problem:
        form.refuse(problem, problem_text(problem))
        return None, problem.status
    return made, status


def _confirmed(person: int) -> Response:
    """Go on as this person. Somebody else who is signed in here stays that."""
    if not current_user.is_authenticated:
        return first_step(db.session.get_one(User, person), url_for("worklist.index", confirmed=1))
    return redirect(url_for("worklist.index", confirmed=1), 303)


@bp.get("/outbox")
@login_required
def outbox() -> str:
    """Letters to the reader, where no mail server is set: the demonstration and a trial write to nobody."""
    if mail.sends():
        abort(404)
    return render_template("accounts/outbox.html", letters=letters.own(db.session, _me()))


def _waiting_enterprise() -> Organisation:
    actor = current_actor()
    if "enterprise" not in actor.roles or actor.organisation_id is None:
        raise NotAllowed(N_("只有待核验的企业需要补正资料。"))
    return db.session.get_one(Organisation, actor.organisation_id)


@bp.route("/my/licence", methods=["GET", "POST"])
@login_required
@limiter.limit("20 per hour", methods=["POST"])
def licence() -> Response | str | tuple[str, int]:
    """An enterprise that waits to be let in puts right what it told, and hands in its licence."""
    mine = _waiting_enterprise()
    if request.method == "GET" and mine.state not in ("draft", "applied"):
        return redirect(
            url_for("accounts.organisation"), 303
        )  # its page says how it stands; there is nothing to put right
    form = LicenceForm(data={"organisation": mine.name, "legal_representative": mine.legal_representative})
    lead = "; ".join(_(UNLIKE[key]) for key in mine.unlike or []) or _(
        "补正后会再次与登记机关比对;比对不上的由监管部门核对营业执照。"
    )
    return form_page(
        form,
        _("核验资料"),
        entering.correct,
        _asked_again,
        _with_file,
        lead=lead,
        back=url_for("accounts.organisation"),
    )


def _asked_again(identifier: str) -> str:
    entering.try_register(identifier)
    return url_for("accounts.organisation")


@bp.get("/claims/<identifier>")
@login_required
def show_claim(identifier: str) -> str:
    claim = visible(Claim, identifier)
    page = case_page(claim)
    closed = why_not_ask(db.session, claim) if claim.state == "draft" else None
    if closed:
        page["moves"] = [move for move in page["moves"] if move.act != "ask"]
    return render_template(
        "accounts/claim.html",
        **page,
        claim=claim,
        closed=problem_text(closed) if closed else "",
        rules=policy.get(claim.policy_version),
        regulator=authority_for(db.session, "regulator", None, claim.region_code),
        files=documents.of_case(db.session, "claim", identifier),
    )


def _who_asks(claim: Claim) -> list[tuple[str, Any]]:
    """What an owner should look at before it lets somebody in."""
    of_it = timeline([("claim", claim.identifier, ["parties"])])
    asked = db.session.scalars(of_it.where(Event.kind == "claim.ask").limit(1)).first()
    return [
        (_("姓名"), claim.applicant.name),
        (_("邮箱(已确认)"), claim.applicant.email),
        (_("本人的说明"), asked.data.get("reason") if asked else None),
        (
            _("同意以后"),
            _(
                "成为成员,除管理成员、委托、账户和密钥以外都能办理,签署合同、付款还要您另行授权;随时可以在“本单位”移除。"
            ),
        ),
    ]


register_case(
    bp,
    Claim,
    url="/claims",
    page=show_claim,
    acts={
        "file": ActPage(claiming.file, EvidenceForm, _with_file),
        "ask": ActPage(claiming.ask, JoinForm),
        "admit": ActPage(claiming.admit, beside=_who_asks),
        "decline": ActPage(claiming.decline, ReasonForm, beside=_who_asks),
        "answer": ActPage(claiming.answer, AnswerForm, _with_file),
        "withdraw": ActPage(claiming.withdraw),
        "resume": ActPage(claiming.resume),
        "grant": ActPage(claiming.grant, GrantForm),
        "refuse": ActPage(claiming.refuse, ReasonForm),
    },
    timed={"lapse": claiming.lapse},
)


def example_values() -> dict[str, str]:
    """In the demonstration.

    An example enterprise the invented register knows, for the sign-up form, if that was asked for.
    """
    from market.demonstration.register import any_example

    if not (
        current_app.config["DEMO"] and not current_app.config["REGISTER"] and request.args.get("example")
    ):
        return {}
    found = any_example()
    return {
        "kind": "enterprise",
        "organisation": found.name,
        "uscc": found.uscc,
        "legal_representative": found.legal_representative,
        "region_code": "630100",
    }
