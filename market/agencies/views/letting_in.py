"""What whoever lets an organisation in should have seen first, side by side with the act."""

from __future__ import annotations

from flask import url_for
from flask_babel import gettext as _
from markupsafe import Markup
from sqlalchemy import select

from market.case_views import case_url, link
from market.extensions import db
from market.formatting import format_instant
from market.identity import current_actor
from models.accounts import Membership, Organisation
from models.agencies.register import UNLIKE
from models.claims import Claim
from models.documents import of_case

Facts = list[tuple[str, str | Markup]]


def seen_before(organisation: Organisation) -> Facts | None:
    """What is known of one that waits to be let in, for the regulator or administrator who may.

    What the register said of it, its licence (both of an enterprise; an agency's papers have a list of their
    own), whether its first member's address was shown, and who else claims it. None for anybody else.
    """
    if organisation.state != "applied" or not organisation.roles_of(current_actor()) & {"regulator", "admin"}:
        return None
    facts = (
        [(_("登记机关"), _register(organisation)), (_("营业执照"), _licence(organisation))]
        if organisation.kind == "enterprise"
        else []
    )
    return [
        *facts,
        (_("第一位成员"), _first_member(organisation)),
        (_("同一代码的认领"), _claims(organisation)),
    ]


def _register(organisation: Organisation) -> str:
    if organisation.register_asked_at is None:
        return _("还没有问过登记机关")
    found = _("、").join(_(UNLIKE[key]) for key in organisation.unlike or [])
    return _(
        "%(found)s(%(time)s 查询)",
        found=found or _("与登记机关一致"),
        time=format_instant(organisation.register_asked_at),
    )


def _listed(links: list[Markup], nothing: str) -> str | Markup:
    return Markup(" · ").join(links) if links else nothing


def _licence(organisation: Organisation) -> str | Markup:
    files = of_case(db.session, "organisation", organisation.identifier)
    return _listed(
        [
            link(url_for("contracts.document", identifier=file.identifier), file.name)
            for file in files
            if not file.issued
        ],
        _("没有上传,不能通过核验"),
    )


def _first_member(organisation: Organisation) -> str:
    first = db.session.scalars(
        select(Membership)
        .where(Membership.organisation_id == organisation.id)
        .order_by(Membership.id)
        .limit(1)
    ).first()
    if first is None:
        return _("没有成员")
    said = _("邮箱已确认") if first.user.confirmed else _("邮箱没有确认:没有人证明过能收到这个邮箱的信")
    return f"{first.user.name} · {first.user.address} · {said}"


def _claims(organisation: Organisation) -> str | Markup:
    claims = db.session.scalars(
        select(Claim).where(Claim.organisation_id == organisation.id).order_by(Claim.id).limit(10)
    )
    return _listed(
        [
            link(case_url("claim", each.identifier), f"{each.identifier} {_(each.state_label)}")
            for each in claims
        ],
        _("没有"),
    )
