"""What waits for a person besides cases: showing who it is, and what it may want to stop."""

from __future__ import annotations

from typing import NamedTuple

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from market.formatting import format_instant
from models.accounts import Organisation
from models.actors import Actor
from models.agencies import under_way
from models.claims import unfinished
from models.documents import of_case


class ToDo(NamedTuple):
    """One thing to do: what it is called, why, and its page."""

    label: str
    why: str
    url: str


def to_do(session: Session, actor: Actor, own: Organisation | None) -> list[ToDo]:
    """What this person should see to before its cases: an address to confirm, a licence to bring.

    Not the change of an account: see `pending_account`.
    """
    found = []
    if not actor.confirmed:
        found.append(
            ToDo(_("确认邮箱"), _("确认之前只能随便看和填写草稿"), url_for("identification.address"))
        )
    if own is not None and own.kind == "enterprise" and actor.owner and _lacks_licence(session, own):
        found.append(
            ToDo(
                _("补正资料或上传营业执照"),
                _("登记机关没有自动核验通过的,由监管部门核对营业执照"),
                url_for("identification.licence"),
            )
        )
    claim = unfinished(session, actor.user_id) if own is None and actor.user_id else None
    if claim is not None:
        found.append(
            ToDo(
                _("继续认领单位"),
                claim.organisation.name,
                url_for("identification.show_claim", identifier=claim.identifier),
            )
        )
    return found


def _lacks_licence(session: Session, own: Organisation) -> bool:
    """Whether an enterprise that is not in yet was sent back, or has shown nothing."""
    return own.state == "draft" or (
        own.state == "applied" and not of_case(session, "organisation", own.identifier)
    )


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
