"""Pages on which authority to sign and pay for an organisation is asked for, checked and shown."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

from flask import Blueprint, Response, render_template, send_file, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import login_required
from markupsafe import Markup
from sqlalchemy import select
from werkzeug.wrappers import Response as Redirect
from wtforms.validators import InputRequired

from market.accounts.actions import authorising
from market.accounts.views import _by_person
from market.case_registry import ActPage, register_case
from market.case_views import case_page, case_url, file_of, form_page, link, visible
from market.extensions import db, limiter
from market.forms import NEEDED, BeijingTimeField, ChecklistField, Form, ReasonForm, choices, upload
from market.identity import current_actor
from market.pagination import paged
from market.printing import PLATFORM, pdf
from market.reauthentication import reauthentication_field
from models import clock, documents, policy
from models.accounts import Membership, User
from models.authorisations import BASES, PROOFS, SCOPES, Authorisation, membership_of, own_basis
from models.clock import BEIJING
from models.errors import NotAllowed, NotFound
from models.holders import member_called
from models.i18n import N_

bp = Blueprint("authorising", __name__)
USUAL = timedelta(days=365)


class LetterForm(Form):
    """What an authorisation covers, and until when."""

    covers = ChecklistField(
        _l("授权事项"),
        [InputRequired(_l("请至少选择一项授权事项。"))],
        choices=choices((key, _l(name)) for key, name in SCOPES.items()),
    )
    until = BeijingTimeField(_l("授权到"), [NEEDED])


class ProvedLetterForm(LetterForm):
    again = reauthentication_field(_l("交出代表本单位签署、付款的权力前,再次确认是您本人。"))

    def values(self) -> dict[str, Any]:
        return {name: value for name, value in super().values().items() if name != "again"}


class ProofForm(Form):
    file = upload(_l("证明的扫描件"), scan=True)


def _usual() -> dict[str, Any]:
    """What the forms propose: a year, of what the person says itself."""
    ends = (clock.now() + USUAL).astimezone(BEIJING).replace(hour=23, minute=59, second=0, microsecond=0)
    return {"until": ends}


def _membership() -> Membership:
    actor = current_actor()
    found = membership_of(db.session, actor.user_id or 0, actor.organisation_id or 0)
    if found is None:
        raise NotAllowed(N_("您还没有加入任何单位。"))
    return found


def _page(identifier: str) -> str:
    return case_url("authorisation", identifier)


@bp.get("/my/authorisation")
@login_required
def mine() -> str:
    """What the reader may sign and pay, how to get there, and, for an owner, what everybody here may."""
    member = _membership()
    actor = current_actor()
    seen = select(Authorisation, User.name).join(User, User.id == Authorisation.user_id)
    seen = seen.where(Authorisation.organisation_id == member.organisation_id)
    if not actor.owner:
        seen = seen.where(Authorisation.user_id == member.user_id)
    standing = actor.standing_of(member.organisation_id)
    return render_template(
        "accounts/authorisations.html",
        member=member,
        powers=standing.powers if standing is not None else frozenset(),
        page=paged(seen.order_by(Authorisation.id.desc())),
        basis=own_basis(db.session, member),
        rules=policy.current(),
        scopes=SCOPES,
        bases=BASES,
    )


@bp.route("/my/authorisation/new", methods=["GET", "POST"])
@login_required
@limiter.limit("30 per hour", methods=["POST"], key_func=_by_person)
def new_letter() -> Redirect | str | tuple[str, int]:
    _membership()
    return form_page(
        LetterForm(data=_usual()),
        _("填写授权书"),
        authorising.open_letter,
        _page,
        back=url_for("authorising.mine"),
        lead=_(
            "提交后下载填好的授权书,打印,由法定代表人签字并加盖公章,再把扫描件传上来。核对通过时,您原有的授权由它替代。"
        ),
    )


@bp.route("/my/authorisation/declare", methods=["GET", "POST"])
@login_required
@limiter.limit("30 per hour", methods=["POST"], key_func=_by_person)
def declare() -> Redirect | str | tuple[str, int]:
    """Without a letter: by the company's own certificate, or as the legal representative."""
    basis = own_basis(db.session, _membership())
    lead = _("只有法定代表人本人,或者已经换用自备证书的单位的管理员,才可以不用授权书。")
    if basis:
        lead = _("依据:%(basis)s。", basis=_(BASES[basis]))
    if basis in PROOFS:
        lead += _("提交后请上传:%(proof)s;核对后生效。", proof=_(PROOFS[basis]))
    return form_page(
        ProvedLetterForm(data=_usual()),
        _("不用授权书,登记授权"),
        authorising.declare,
        _page,
        back=url_for("authorising.mine"),
        lead=lead,
    )


@bp.route("/my/members/<anything:email>/authorise", methods=["GET", "POST"], merge_slashes=False)
@login_required
@limiter.limit("60 per hour", methods=["POST"], key_func=_by_person)
def hand_on(email: str) -> Redirect | str | tuple[str, int]:
    """An owner lets a member sign or pay."""
    found = member_called(db.session, current_actor().organisation_id, email)
    if found is None:
        raise NotFound(N_("没有找到这位成员。"))
    return form_page(
        ProvedLetterForm(data=_usual()),
        _("授权%(name)s签署、付款", name=found.user.name),
        authorising.hand_on,
        lambda _made: url_for("accounts.organisation"),
        lambda form: form.values(),
        email,
        back=url_for("accounts.organisation"),
        lead=_(
            "只能转授您自己有的权力,期限不超过您自己的;您的授权结束时它同时结束,您随时可以撤回。这位成员原有的授权由它替代。"
        ),
    )


@bp.get("/authorisations/<identifier>")
@login_required
def show_authorisation(identifier: str) -> str:
    case = visible(Authorisation, identifier)
    return render_template(
        "accounts/authorisation.html",
        **case_page(case),
        letter=case,
        facts=_facts(case),
        proof=PROOFS.get(case.basis, ""),
        files=documents.of_case(db.session, "authorisation", identifier),
        rules=policy.get(case.policy_version),
    )


@bp.get("/authorisations/<identifier>/model.pdf")
@login_required
@limiter.limit("60 per hour")
def model_letter(identifier: str) -> Response:
    """The letter filled in, to be signed and sealed."""
    case = visible(Authorisation, identifier)
    if case.basis != "letter" or case.until is None:
        raise NotFound(N_("没有这个页面。"))
    at, until, own = clock.now(), case.until.astimezone(BEIJING), case.organisation
    data = {
        "identifier": case.identifier,
        "platform": PLATFORM,
        "organisation": own.name,
        "code": own.uscc,
        "representative": own.legal_representative,
        "person": case.user.name,
        "email": case.user.address,
        "covers": [SCOPES[each] for each in case.covers],
        "english": [{"sign": "sign contracts", "pay": "make payments"}[each] for each in case.covers],
        "until": f"{until.year} 年 {until.month} 月 {until.day} 日 {until:%H:%M}",
        "until_english": f"{until:%H:%M, %Y-%m-%d} (Beijing time)",
    }
    db.session.rollback()
    made = io.BytesIO(pdf("authorisation", data, at=at))
    return send_file(made, "application/pdf", as_attachment=True, download_name=f"授权书 {identifier}.pdf")


def _facts(case: Authorisation) -> list[tuple[str, Any]]:
    """What stands on the letter, and what it is held against."""
    return [
        (_("授权单位"), case.organisation.name),
        (_("统一社会信用代码"), case.organisation.uscc),
        (_("登记的法定代表人"), case.organisation.legal_representative or "—"),
        (_("单位状态"), _(case.organisation.state_label)),
        (_("被授权人"), case.user.name),
        (_("授权事项"), _("、").join(_(SCOPES[each]) for each in case.covers)),
        (
            _("授权到"),
            case.until.astimezone(BEIJING).strftime("%Y-%m-%d %H:%M") if case.until else _("直到撤回"),
        ),
        (_("依据"), _(BASES[case.basis])),
    ]


def _beside_the_scan(case: Authorisation) -> list[tuple[str, Any]]:
    files = documents.of_case(db.session, "authorisation", case.identifier)
    scans = [link(url_for("contracts.document", identifier=file.identifier), file.name) for file in files]
    return [(_("扫描件"), Markup(" · ").join(scans)), *_facts(case)]


register_case(
    bp,
    Authorisation,
    url="/authorisations",
    page=show_authorisation,
    acts={
        "file": ActPage(authorising.file, ProofForm, lambda form: file_of(form.file.data)),
        "accept": ActPage(
            authorising.accept,
            beside=_beside_the_scan,
            beside_heading=N_("与扫描件逐项核对:签字、公章、姓名、事项和期限;法定代表人还要核对身份证"),
        ),
        "return": ActPage(authorising.send_back, ReasonForm),
        "withdraw": ActPage(authorising.withdraw),
    },
    timed={"expire": authorising.expire},
)
