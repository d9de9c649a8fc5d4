"""An agency: its entry, its certificates, its published prices, and whether it may be engaged."""

from models.agencies.account_changes import AccountChange, ask_change, take_over, under_way
from models.agencies.certificates import STATUSES, Dated, Practitioner, Qualification, check_dates
from models.agencies.checks import CHECKS, Check
from models.agencies.eligibility import check_eligible, check_fit, unfit
from models.agencies.entry import (
    FORMS,
    PREMISES,
    STEPS,
    AgencyProfile,
    EntryMaterial,
    fill_step,
    letter,
    materials_of,
    missing,
    profile_of,
)
from models.agencies.fees import (
    FeeSchedule,
    changes,
    check_price,
    check_schedule,
    publish_schedule,
    published_prices,
    schedules_in_force,
    versions_of,
)
from models.agencies.register import UNLIKE, Registered, differences, unlike
from models.agencies.related_parties import BUYER, SAID, TIES, Group, asserted, linked

__all__ = [
    "BUYER",
    "CHECKS",
    "FORMS",
    "PREMISES",
    "SAID",
    "STATUSES",
    "STEPS",
    "TIES",
    "UNLIKE",
    "AccountChange",
    "AgencyProfile",
    "Check",
    "Dated",
    "EntryMaterial",
    "FeeSchedule",
    "Group",
    "Practitioner",
    "Qualification",
    "Registered",
    "ask_change",
    "asserted",
    "changes",
    "check_dates",
    "check_eligible",
    "check_fit",
    "check_price",
    "check_schedule",
    "differences",
    "fill_step",
    "letter",
    "linked",
    "materials_of",
    "missing",
    "profile_of",
    "publish_schedule",
    "published_prices",
    "schedules_in_force",
    "take_over",
    "under_way",
    "unfit",
    "unlike",
    "versions_of",
]
