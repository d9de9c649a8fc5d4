"""The ways money takes. Bank transfer is always there: the custody account, references in remarks, statements. A gateway that takes
and sends money by itself stands beside it where one is set."""

from __future__ import annotations

from flask import current_app

from market.extensions import db
from models.agencies import profile_of
from models.payments import Payout


def custody() -> list[str]:
    """The account transfers go to: holder, bank, number."""
    return [part.strip() for part in current_app.config["CUSTODY_ACCOUNT"].split("|")]


def account_of(payout: Payout) -> list[str]:
    """Where a payout goes: holder, bank and number of an agency's account; nothing for a buyer, whose money goes back the way it came."""
    profile = profile_of(db.session, payout.payee) if payout.payee.kind == "agency" else None
    return [profile.account_name, profile.bank_name, profile.account_number] if profile and profile.account_number else []
