"""An organisation's signing key: which certificate it signs with, a fresh one, or its own."""

from __future__ import annotations

from typing import Any

from flask import abort, render_template, url_for
from flask_babel import gettext as _
from flask_login import login_required
from sqlalchemy import select
from werkzeug.wrappers import Response

from market.case_views import form_page
from market.contracts.actions import signing as signing_actions
from market.contracts.blueprint import bp
from market.contracts.forms import CertificateForm, RenewForm
from market.contracts.views.show import with_file
from market.extensions import db
from market.identity import current_actor
from models.actors import Actor
from models.signing.keys import SigningKey


def _brought(form: Any) -> dict[str, Any]:
    return {name: value for name, value in with_file(form).items() if name != "again"}


def _party() -> Actor:
    actor = current_actor()
    if actor.organisation_id is None or not actor.roles & {"enterprise", "agency"}:
        abort(403)
    return actor


@bp.get("/my/signing")
@login_required
def signing() -> str:
    actor = _party()
    keys = db.session.scalars(
        select(SigningKey)
        .where(SigningKey.organisation_id == actor.organisation_id)
        .order_by(SigningKey.id.desc())
    ).all()
    return render_template("contracts/signing.html", keys=keys, owner=actor.owner)


@bp.route("/my/signing/renew", methods=["GET", "POST"])
@login_required
def renew_key() -> Response | str | tuple[str, int]:
    _party()
    back = url_for("contracts.signing")
    return form_page(
        RenewForm(),
        _("更换平台托管的密钥"),
        signing_actions.renew_key,
        lambda _result: back,
        lambda form: {},
        back=back,
        lead=_("现在的密钥立即停用,以后的合同用新的密钥签署;已签的合同不受影响。"),
    )


@bp.route("/my/signing/bring", methods=["GET", "POST"])
@login_required
def bring_certificate() -> Response | str | tuple[str, int]:
    _party()
    back = url_for("contracts.signing")
    return form_page(
        CertificateForm(),
        _("使用自备证书"),
        signing_actions.bring_certificate,
        lambda _result: back,
        _brought,
        back=back,
        lead=_("由依法设立的电子认证服务机构签发给本单位的证书。私钥加密保存,只在您签署时使用。"),
    )
