"""Where an agency says it serves."""

from __future__ import annotations

from flask import url_for
from flask_babel import gettext as _
from flask_login import login_required
from werkzeug.wrappers import Response

from market.agencies.actions.serving import declare
from market.agencies.area_forms import ServiceAreasForm
from market.agencies.blueprint import bp
from market.case_views import form_page
from market.extensions import db
from market.identity import own_agency
from models.agencies.serving import areas_of


@bp.route("/my/service-areas", methods=["GET", "POST"])
@login_required
def service_areas() -> Response | str | tuple[str, int]:
    agency = own_agency()
    form = ServiceAreasForm()
    form.prepare(areas_of(db.session, [agency.id]).get(agency.id, []))
    back = url_for("agencies.show", identifier=agency.identifier)
    return form_page(
        form,
        _("服务地区"),
        declare,
        lambda _made: back,
        lead=_("业主按项目所在地找机构时,看的是服务地区。都不选的,按本单位所在地。"),
        back=back,
    )
