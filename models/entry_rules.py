"""What has to hold before an organisation is let in, as its table asks it (accounts.py)."""

from __future__ import annotations

from typing import Any

from sqlalchemy.orm import Session

from models.errors import RuleViolation
from models.i18n import N_


def licence_was_handed_in(session: Session, organisation: Any) -> None:
    """An agency hands in its papers by a list of its own (agencies/entry.py).

    An enterprise whose data were not found in the register, its licence.
    """
    from models.documents import of_case

    if organisation.kind == "enterprise" and not of_case(session, "organisation", organisation.identifier):
        raise RuleViolation(N_("这家企业还没有上传营业执照,没有可以核对的材料。"))


def may_enter(session: Session, organisation: Any) -> None:
    """Nobody is let in whom a record in force, or its grade, stops at entry."""
    from models.credit import restrictions

    restrictions.check(session, organisation, "entry")
