"""A review that is overdue goes to the department of the wider area."""

from __future__ import annotations

from sqlalchemy.orm import Session

from models.accounts import authority_for
from models.actors import SYSTEM
from models.contracts.deliverables import Deliverable
from models.regions import above
from models.workflow import perform


def refer_review(session: Session, deliverable: Deliverable) -> bool:
    """Refer a review that is overdue to the department of the wider area, and tell the regulator.

    False, and nothing happens, where all above have let it pass as well: what follows then is the policy's
    (`contract.unreviewed`).
    """
    passed = deliverable.superior or deliverable.department
    assert passed is not None
    areas = above(deliverable.region_code)
    wider = areas[areas.index(passed.region_code) + 1 :] if passed.region_code in areas else areas
    higher = authority_for(session, "department", passed.department, deliverable.region_code, among=wider)
    if higher is None and deliverable.referred_to:
        return False
    regulator = authority_for(session, "regulator", deliverable.line, deliverable.region_code)
    told = [authority for authority in (higher, regulator) if authority is not None]
    perform(
        session,
        deliverable,
        "refer",
        SYSTEM,
        data={"authority": "、".join(authority.name for authority in told)},
        also_notify=[authority.id for authority in told],
    )
    deliverable.superior, deliverable.referred_to = (
        higher or deliverable.superior,
        (higher or passed).region_code,
    )
    return True
