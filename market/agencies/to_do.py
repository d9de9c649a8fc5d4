"""What an agency's people should see to besides cases."""

from __future__ import annotations

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from market.formatting import format_instant
from market.to_do import ToDo
from models.accounts import Organisation
from models.agencies.account_changes import under_way
from models.agencies.fees import FeeSchedule


def first_fee(session: Session, own: Organisation | None) -> list[ToDo]:
    """What an agency that was let in does next: without a published fee it may not quote."""
    if own is None or own.kind != "agency" or own.state != "verified":
        return []
    if session.scalar(select(FeeSchedule.id).where(FeeSchedule.agency_id == own.id).limit(1)) is not None:
        return []
    return [ToDo(_("公示第一项收费"), _("公示了收费的事项才能报价、投标"), url_for("agencies.new_fees"))]


def pending_account(session: Session, own: Organisation | None) -> ToDo | None:
    """The change of an agency's account that waits, with the page where it is stopped.

    Any of its people should know of it.
    """
    change = under_way(session, own.id) if own is not None and own.kind == "agency" else None
    if change is None:
        return None
    number = change.account_number[-4:]
    return ToDo(
        _("更换收款账户,等待生效"),
        _(
            "尾号 %(number)s,%(time)s 生效,之前的款仍付到原账户",
            number=number,
            time=format_instant(change.due_at),
        ),
        url_for("agencies.show_account_change", identifier=change.identifier),
    )
