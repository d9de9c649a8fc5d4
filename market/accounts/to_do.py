"""What waits for a person besides cases: showing who it is."""

from __future__ import annotations

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from market.to_do import ToDo
from models.accounts import Organisation
from models.actors import Actor
from models.authorisations import wanting
from models.claims import unfinished
from models.documents import of_case


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
    if own is not None and own.state == "verified" and own.kind != "authority" and wanting(session, actor):
        found.append(
            ToDo(
                _("办理签署付款授权"),
                _("第一次签署合同、付款之前要有;期限不会等"),
                url_for("authorising.mine"),
            )
        )
    claim = unfinished(session, actor.user_id) if own is None and actor.user_id else None
    if claim is not None:
        found.append(
            ToDo(
                _("继续加入或认领单位") if claim.state == "withdrawn" else _("看看加入或认领的进展"),
                f"{claim.organisation.name} · {_(claim.state_label)}",
                url_for("identification.show_claim", identifier=claim.identifier),
            )
        )
    return found


def _lacks_licence(session: Session, own: Organisation) -> bool:
    """Whether an enterprise that is not in yet was sent back, or has shown nothing."""
    return own.state == "draft" or (
        own.state == "applied" and not of_case(session, "organisation", own.identifier)
    )
