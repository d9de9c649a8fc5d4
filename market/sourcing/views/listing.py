"""The tenders a reader may find: narrowed by its filters."""

from __future__ import annotations

from collections.abc import Callable

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, and_, or_, select

from market import filters
from market.extensions import db
from market.filters import Choice, Filter, Filters, Linked, Options, Tick
from market.identity import current_actor
from market.pagination import paged
from market.sourcing.blueprint import bp
from market.sourcing.views.searches import mode_options
from models.accounts import Organisation
from models.actors import Actor
from models.sourcing.matching import answerable
from models.sourcing.saved_searches import TenderSearch
from models.sourcing.tender_workflow import TENDER
from models.sourcing.tenders import Invitation, Tender


def _boxes() -> Options:
    """Only an agency can answer anything."""
    return [("1", _("我能答的"))] if "agency" in current_actor().roles else []


class _Able(Tick):
    """What the reader can answer: a box for agencies; from a link, others learn why there is none."""

    def read(self, typed: str, options: Callable[[], Options]) -> tuple[str, str]:
        if current_actor().user_id is None:
            raise LookupError(_("登录以后才知道哪些需求您能答。"))
        if not options():
            raise LookupError(_("只有中介机构能答采购需求。"))
        return super().read(typed, options)


def _mine(typed: str) -> str | None:
    actor = current_actor()
    if typed == "1" and not actor.organisation_name:
        raise LookupError(
            _("登录以后才有本单位的需求。")
            if actor.user_id is None
            else _("您不是任何单位的成员,没有本单位的需求。")
        )
    return actor.organisation_name if typed == "1" else None


FILTERS = Filters(
    filters.states(TENDER),
    Choice("mode", _l("选取方式"), mode_options),
    filters.item(),
    filters.region(),
    Filter("words", _l("项目名称包含")),
    _Able("able", _l("我能答的"), _boxes),
    Linked("mine", _l("业主"), finds=_mine),
)


@bp.get("/requests")
def index() -> str | tuple[str, int]:
    actor, asked = current_actor(), FILTERS.asked()
    search = TenderSearch.of(asked)
    query = search.narrow(select(Tender).where(_listed(actor)))
    if "mine" in asked:
        query = query.where(Tender.buyer_id == actor.organisation_id)
    if "able" in asked:
        query = query.where(answerable(db.session, db.session.get_one(Organisation, actor.organisation_id)))
    return filters.rendered(
        "sourcing/index.html", page=paged(query.order_by(Tender.id.desc())), asked=asked, search=search
    )


def _listed(actor: Actor) -> ColumnElement[bool]:
    """The tenders a reader finds in the list: public ones, those it has a part in, those that invite it."""
    found = or_(Tender.public(), Tender.visible_to(actor))
    if "agency" not in actor.roles:
        return found
    invited = select(Invitation.tender_id).where(Invitation.agency_id == actor.organisation_id)
    return or_(found, and_(Tender.published_at.is_not(None), Tender.id.in_(invited)))
