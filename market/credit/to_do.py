"""What a person should see to besides cases: the lists others keep on which its organisation stands."""

from __future__ import annotations

from flask_babel import gettext as _
from sqlalchemy.orm import Session

from market.case_views import case_url
from market.formatting import bilingual, catalogued
from market.to_do import ToDo
from models.accounts import Organisation
from models.credit.listings import ExternalListing, own_listings


def listed(session: Session, own: Organisation | None) -> list[ToDo]:
    """Each list that counts against it: what takes it off there, or that it may say once that it is wrong."""
    if own is None or own.kind == "authority":
        return []
    return [
        ToDo(
            _("处理:列入%(list)s", list=bilingual(each.names)),
            _why(each),
            case_url("external_listing", each.identifier),
        )
        for each in own_listings(session, own.id)
        if each.counts
    ]


def _why(listing: ExternalListing) -> str:
    duty = catalogued(listing.rule.duty)
    if listing.state in ("listed", "listed_changing"):
        return _("记录属实的:%(duty)s。不属实的,可以提一次异议,答复之前不计入。", duty=duty)
    return _("异议不成立。移出的办法:%(duty)s。", duty=duty)
