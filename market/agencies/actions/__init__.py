"""What agencies and their regulators do here."""

from market.agencies.actions.accounts import (
    GUARDED,
    change_account,
    change_representative,
    stop_change,
    take_effect,
)
from market.agencies.actions.certificates import issue_certificate
from market.agencies.actions.checks import answer_check, ask_agency, clear_check, confirm_check, lapse_check
from market.agencies.actions.entry import (
    add_practitioner,
    commit_entry,
    fill,
    hand_in_material,
    refuse,
    remove_practitioner,
    restore,
    return_entry,
    submit_entry,
    suspend,
    verify,
)
from market.agencies.actions.publishing import add_qualification, publish_fees

__all__ = [
    "GUARDED",
    "add_practitioner",
    "add_qualification",
    "answer_check",
    "ask_agency",
    "change_account",
    "change_representative",
    "clear_check",
    "commit_entry",
    "confirm_check",
    "fill",
    "hand_in_material",
    "issue_certificate",
    "lapse_check",
    "publish_fees",
    "refuse",
    "remove_practitioner",
    "restore",
    "return_entry",
    "stop_change",
    "submit_entry",
    "suspend",
    "take_effect",
    "verify",
]
