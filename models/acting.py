"""The actor a person is: what its memberships and the delegations it accepted let it do."""

from __future__ import annotations

from models.accounts import Membership, Organisation, User, may_buy_for_others
from models.actors import IN_STANDING, OFFICES, Actor, Mandate, Standing


def actor_for(user: User) -> Actor:
    """The actor a signed-in person is, from its first membership and the delegations it has accepted.

    These rest while it may not buy for others. An authority out of standing gives it no office.

    Before an address was confirmed nothing counts that somebody else gave to it: only the enterprise or
    agency the person entered itself.
    """
    roles = {"admin"} if user.is_admin and user.confirmed else set()
    blocked = (user.blocked_reason or "—") if user.blocked_at is not None else ""
    counted = [
        m
        for m in user.memberships
        if user.confirmed or (m.role == "owner" and m.organisation.kind != "authority")
    ]
    live = [d for d in user.delegations if user.confirmed and d.counts]
    lent = tuple(Mandate(d.buyer_id, d.buyer.name, frozenset(d.scope), d.most, d.until) for d in live)
    buyers = {d.buyer_id: d.buyer for d in live}
    mandates, resting = (lent, ()) if may_buy_for_others(user) else ((), lent)
    membership = counted[0] if counted else None
    if membership is None:
        return Actor(
            user.name,
            frozenset(roles),
            user.id,
            mandates=mandates,
            standings=_standings(buyers),
            blocked=blocked,
            confirmed=user.confirmed,
        )
    organisation = membership.organisation
    role = organisation.authority_role or organisation.kind
    if role not in OFFICES or organisation.state == IN_STANDING:
        roles.add(role)
    return Actor(
        name=user.name,
        roles=frozenset(roles),
        user_id=user.id,
        organisation_id=organisation.id,
        organisation_name=organisation.name,
        region_code=organisation.region_code,
        department=organisation.department,
        owner=membership.role == "owner",
        mandates=mandates,
        resting=resting,
        belongs=tuple((m.organisation_id, m.organisation.kind) for m in counted),
        standings=_standings({**buyers, organisation.id: organisation}, membership),
        blocked=blocked,
        confirmed=user.confirmed,
    )


def _standings(
    organisations: dict[int, Organisation], membership: Membership | None = None
) -> tuple[Standing, ...]:
    letter = membership.authorisation if membership is not None else None
    own = {letter.organisation_id: letter.powers} if letter is not None else {}
    return tuple(
        Standing(key, each.name, each.state, each.authority_role or "", own.get(key, frozenset()))
        for key, each in organisations.items()
    )
