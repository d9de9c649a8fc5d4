"""An agency's credit report, issued as a paper."""

from __future__ import annotations

from flask import url_for
from flask_babel import gettext as _
from flask_login import login_required
from werkzeug import Response

from market.case_views import form_page
from market.credit.actions import reports
from market.credit.blueprint import bp
from market.forms import ActForm
from market.identity import own_agency


@bp.route("/my/credit-report", methods=["GET", "POST"])
@login_required
def report() -> Response | str | tuple[str, int]:
    agency = own_agency()
    return form_page(
        ActForm(),
        _("开具信用报告"),
        reports.issue,
        lambda made: url_for("opendata.check", identifier=made),
        lead=_(
            "报告写明签发时的登记、等级和各项得分、公示中的信用记录和限制、资质和人员,带二维码供他人核验。"
        ),
        back=url_for("agencies.show", identifier=agency.identifier),
    )
