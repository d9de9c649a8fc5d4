"""Linked agencies: which of those that answer one request stand under one person, or share an account, a telephone or an address.

Different units under one head, or in a relation of control or management, do not bid in one procurement (招标投标法实施条例第三十四条,
政府采购法实施条例第十八条). Which ties count, and what follows, is the policy's. Names are all there is to compare people by: the market
knows nobody's identity number.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import policy, spelling
from models.accounts import Membership, Organisation, User
from models.agencies.entry import AgencyProfile
from models.text import N_

TIES = {
    "representative": N_("同一法定代表人"),
    "owner": N_("同一管理员"),
    "account": N_("同一收款账户"),
    "phone": N_("同一电话"),
    "address": N_("同一地址"),
}


@dataclass(frozen=True)
class Group:
    """Agencies that count as linked, in the order they were asked about, and by which ties."""

    agencies: tuple[int, ...]
    ties: tuple[str, ...]


def linked(session: Session, agencies: Iterable[int], policy_version: str) -> list[Group]:
    """The groups of linked ones among these agencies, by the ties that count in this version of the policy. Two statements."""
    keys, book = list(dict.fromkeys(agencies)), policy.get(policy_version)
    counted = set(book.words("linked.ties"))
    bearers: dict[tuple[str, str], list[int]] = defaultdict(list)
    for key, tie, value in sorted(_marks(session, keys), key=lambda mark: keys.index(mark[0])):
        if tie in counted and value and key not in bearers[tie, value]:
            bearers[tie, value].append(key)
    groups: list[tuple[set[int], set[str]]] = []
    for (tie, _value), together in bearers.items():
        if len(together) > 1:
            members, ties = set(together), {tie}
            for group in [group for group in groups if group[0] & members]:
                members, ties = members | group[0], ties | group[1]
                groups.remove(group)
            groups.append((members, ties))
    found = [Group(tuple(sorted(members, key=keys.index)), tuple(tie for tie in TIES if tie in ties)) for members, ties in groups]
    return sorted(found, key=lambda group: keys.index(group.agencies[0]))


def _marks(session: Session, keys: list[int]) -> Iterable[tuple[int, str, str]]:
    """(agency, tie, what it is compared by) for all that is known of these agencies."""
    known = select(
        Organisation.id, Organisation.legal_representative, Organisation.phone, Organisation.address, AgencyProfile.registered_address,
        AgencyProfile.account_number,
    ).outerjoin(AgencyProfile, AgencyProfile.agency_id == Organisation.id)  # fmt: skip
    for key, representative, phone, address, registered, account in session.execute(known.where(Organisation.id.in_(keys))):
        yield key, "representative", spelling.name(representative)
        yield key, "phone", _number(phone)
        yield key, "account", _number(account or "")
        yield key, "address", spelling.name(address)
        yield key, "address", spelling.name(registered or "")
    owners = select(Membership.organisation_id, User.name).join(Membership.user).where(Membership.role == "owner")
    for key, name in session.execute(owners.where(Membership.organisation_id.in_(keys))):
        yield key, "owner", spelling.name(name)


def _number(text: str) -> str:
    """The digits of a telephone or an account, without the country's code."""
    return re.sub(r"\D", "", re.sub(r"^(\+|00)86", "", spelling.code(text)))
