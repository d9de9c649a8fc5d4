"""What a buyer is shown before its tender is published."""

from __future__ import annotations

from typing import Any

from flask_babel import gettext as _

from market.extensions import db
from market.formatting import catalogued, problem_text
from models.sourcing.supply import shortage
from models.sourcing.tenders import Tender


def warnings(tender: Tender) -> list[tuple[str, Any]] | None:
    """Why nobody, or too few, could answer, with what the item requires; None where enough could."""
    found = shortage(db.session, tender)
    if not found:
        return None
    item = tender.item
    required = [catalogued(item.required_qualification)] if item.qualification_mandatory else []
    if item.practitioners_least:
        kind = catalogued(item.required_practitioner)
        required.append(_("至少 %(n)s 名%(kind)s", n=item.practitioners_least, kind=kind))
    return [
        *((_("可能没有足够的机构应答"), problem_text(problem)) for problem in found),
        (_("本事项要求"), " · ".join([*required, _("已公示本事项的收费")])),
    ]
