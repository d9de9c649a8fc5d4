"""A rating on its page, what is done about a bad one, and an appeal against one."""

from __future__ import annotations

from typing import Any

from flask import render_template
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import current_user, login_required
from werkzeug.wrappers import Response

from market.case_registry import ActPage, register_case
from market.case_views import case_link, case_page, files_of, not_found, visible
from market.extensions import db, login
from market.forms import Form
from market.identity import current_actor
from market.ratings.actions import appealing, following
from market.ratings.actions import rating as rating_actions
from market.ratings.blueprint import bp
from market.ratings.forms import AppealForm, ContactForm, ReplyForm, ResultForm, StatementForm, rate_form
from market.ratings.views.beside import of_appeal, of_follow_up, of_rating
from models.actors import ROLES
from models.cases import Case
from models.documents import of_case
from models.ratings import appeals, follow_ups
from models.ratings.appeals import RatingAppeal
from models.ratings.follow_ups import FollowUp
from models.ratings.rating import GROUNDS, LEVELS, Rating, overall


@bp.app_template_global("rating_levels")
def _levels() -> dict[int, str]:
    """What the levels are called."""
    return LEVELS


@bp.app_template_filter("overall_level")
def _overall(scores: dict[str, int]) -> int:
    return overall(scores)


@bp.app_template_global("hiding_grounds")
def _grounds() -> dict[str, str]:
    """Why a rating may be hidden."""
    return GROUNDS


def with_files(form: Form) -> dict[str, Any]:
    """A form's values, its files as the actions take them."""
    values = form.values()
    return files_of(values.pop("file")) | values


@bp.get("/ratings/<identifier>")
def show(identifier: str) -> str | Response:
    """A rating: whoever has a part in it sees how it stands, everybody what is published."""
    if not current_user.is_authenticated and not _public(identifier):
        return login.unauthorized()  # type: ignore[no-any-return]
    rating = Rating.load(db.session, identifier)
    if not rating.readable_by(db.session, current_actor()):
        raise not_found(identifier)
    following, appeal = follow_ups.of_rating(db.session, rating), appeals.of_rating(db.session, rating)
    beside: list[Case] = [case for case in (following, appeal) if case is not None]
    inside = bool(rating.roles_of(current_actor()))
    return render_template(
        "ratings/show.html",
        **case_page(rating, beside),
        rating=rating,
        own=rating_actions.own_words(current_actor(), rating),
        rater=_rater(rating, inside=inside),
        contract_link=case_link(rating.contract),
        following=following,
        following_link=case_link(following) if following else "",
        appeal=appeal,
        appeal_link=case_link(appeal) if appeal else "",
        inside=inside,
    )


def _rater(rating: Rating, *, inside: bool) -> str:
    """Who gave it, by name to whoever has a part in it: who works for whom may be nobody else's business."""
    return rating.rater.name if inside or rating.by == "department" else _(ROLES[rating.by])


def _public(identifier: str) -> bool:
    """Whether there is a rating of this number that everybody may read."""
    found = db.session.query(Rating).filter(Rating.identifier == identifier).one_or_none()
    return found is not None and found.readable_by(db.session, current_actor())


@bp.get("/follow-ups/<identifier>")
@login_required
def show_follow_up(identifier: str) -> str:
    """What is done about a bad rating, to both sides and the regulator."""
    found: FollowUp = visible(FollowUp, identifier)
    return render_template(
        "ratings/follow_up.html",
        **case_page(found),
        found=found,
        rating=found.rating,
        files=of_case(db.session, "follow_up", found.identifier),
    )


@bp.get("/rating-appeals/<identifier>")
@login_required
def show_appeal(identifier: str) -> str:
    """An appeal with what both sides brought, to them and the regulator."""
    appeal: RatingAppeal = visible(RatingAppeal, identifier)
    return render_template(
        "ratings/appeal.html",
        **case_page(appeal),
        appeal=appeal,
        rating=appeal.rating,
        evidence=of_case(db.session, "rating_appeal", appeal.identifier),
    )


_RATING: dict[str, Any] = {"beside": of_rating, "beside_heading": _l("有关的评价")}
_APPEAL: dict[str, Any] = {"beside": of_appeal, "beside_heading": _l("评价和申诉")}
_FOLLOWED: dict[str, Any] = {"beside": of_follow_up, "beside_heading": _l("评价和回访")}


register_case(
    bp,
    Rating,
    url="/ratings",
    page=show,
    acts={
        "rate": ActPage(
            rating_actions.rate,
            build=rate_form,
            values=lambda form: {"scores": form.scores(), "comment": form.values()["comment"]},
        ),
        "reply": ActPage(rating_actions.reply, ReplyForm, **_RATING),
        "appeal": ActPage(appealing.file, AppealForm, with_files, **_RATING),
    },
    timed={"publish": rating_actions.publish, "lapse": rating_actions.lapse},
    public=True,
)


register_case(
    bp,
    FollowUp,
    url="/follow-ups",
    page=show_follow_up,
    acts={
        "contact": ActPage(following.contact, ContactForm, **_FOLLOWED),
        "report": ActPage(following.report, ResultForm, with_files, **_FOLLOWED),
        "mend": ActPage(following.mend, beside=of_follow_up),
        "deny": ActPage(following.deny, beside=of_follow_up),
        "find": ActPage(following.find, beside=of_follow_up),
    },
    timed={"lapse": following.lapse},
)


register_case(
    bp,
    RatingAppeal,
    url="/rating-appeals",
    page=show_appeal,
    acts={
        "state": ActPage(appealing.state, StatementForm, with_files, **_APPEAL),
        "withdraw": ActPage(appealing.withdraw, **_APPEAL),
        "uphold": ActPage(appealing.uphold, beside=of_appeal),
        "reject": ActPage(appealing.reject, beside=of_appeal),
    },
    timed={"lapse": appealing.lapse},
)
