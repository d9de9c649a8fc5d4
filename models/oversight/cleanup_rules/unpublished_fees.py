"""Not publishing fees: it is let in, and none of its fee schedules is in effect today."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from models import clock
from models.accounts import Organisation
from models.actors import IN_STANDING
from models.agencies.fees import FeeSchedule
from models.i18n import N_
from models.oversight.cleanup_rule import Evidence, Rule


def _find(session: Session, agency_ids: Sequence[int]) -> Evidence:
    published = exists().where(
        FeeSchedule.agency_id == Organisation.id, FeeSchedule.effective_from <= clock.today()
    )
    silent = select(Organisation.id, Organisation.identifier).where(
        Organisation.id.in_(agency_ids),
        Organisation.kind == "agency",
        Organisation.state == IN_STANDING,
        ~published,
    )
    return {key: [{"source": number, "what": "fees"}] for key, number in session.execute(silent)}


RULE = Rule("unpublished_fees", N_("未公示收费"), "价格法第十三条", _find, violation=True)
