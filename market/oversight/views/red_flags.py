"""Red flags: the list of whoever oversees, each with its evidence; and in public which signs there are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flask import Response, render_template, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_login import login_required
from sqlalchemy import Select, func, select
from werkzeug.wrappers import Response as AnyResponse

from market import filters
from market.case_views import form_page, pages_shown
from market.charts import rows
from market.extensions import db
from market.filters import Filters, Linked
from market.formatting import item_name, region
from market.identity import current_actor
from market.oversight.actions import red_flags as actions
from market.oversight.blueprint import bp
from market.oversight.forms.red_flags import LookForm
from market.pagination import paged
from market.spreadsheets import Column, export
from models import money, policy
from models.accounts import Organisation
from models.actors import Actor
from models.events import Event
from models.oversight import red_flags as flags
from models.oversight.red_flags import ABOUT, STATES, RedFlag
from models.oversight.signs import signs
from models.regions import within
from models.sourcing.tenders import Tender

MOST_LOOKS = 50  # of those who looked at one flag, the newest
FILTERS = Filters(
    filters.labels("sign", _l("提示"), {name: sign.label for name, sign in signs().items()}),
    filters.labels("state", _l("状态"), STATES),
    filters.item(),
    filters.region(),
    Linked("about", _l("对象"), finds=lambda typed: _called(typed)),
)


def _called(identifier: str) -> str | None:
    """What a tender or an organisation is called that links lead here from, flags or none."""
    actor = current_actor()
    own = select(Organisation.name).where(Organisation.identifier == identifier)
    tender = select(Tender.identifier).where(Tender.identifier == identifier, Tender.visible_to(actor))
    return db.session.scalar(own) or db.session.scalar(tender)


def _about(identifier: str) -> Any:
    subject = RedFlag.organisation.has(Organisation.identifier == identifier)
    return (RedFlag.key == identifier) | subject | RedFlag.tender.has(identifier=identifier)


def flags_of(actor: Actor, asked: Mapping[str, str]) -> Select[Any]:
    """The flags an actor oversees as far as they are asked for, newest first."""
    query = select(RedFlag).where(RedFlag.visible_to(actor))
    if sign := asked.get("sign"):
        query = query.where(RedFlag.kind == sign)
    if state := asked.get("state"):
        query = query.where(RedFlag.state == state)
    if item := asked.get("item"):
        query = query.where(RedFlag.item_code == item)
    if place := asked.get("region"):
        query = query.where(within(RedFlag.region_code, place))  # type: ignore[arg-type]
    if about := asked.get("about"):
        query = query.where(_about(about))
    return query.order_by(RedFlag.found_at.desc(), RedFlag.id.desc())


def figure_words(unit: str, value: float) -> str:
    """A figure of the evidence, with its unit."""
    if unit == "fen":
        return money.show(round(value))
    if unit == "share":
        return f"{100 * value:.1f}%"
    return f"{value:.4g}" if unit == "ratio" else f"{value:g}"


def _evidence(flag: RedFlag) -> str:
    told = [f"{_(name)} {figure_words(unit, value)}" for name, unit, value in flag.evidence["figures"]]
    return "; ".join([*told, " ".join(flag.evidence["cases"])])


COLUMNS = [
    Column[Any](_l("编号"), lambda flag: flag.identifier),
    Column[Any](_l("提示"), lambda flag: _(signs()[flag.kind].label)),
    Column[Any](_l("类别"), lambda flag: _(ABOUT[flag.about])),
    Column[Any](_l("对象"), lambda flag: flag.key if flag.about == "tender" else flag.organisation.name),
    Column[Any](_l("地区"), lambda flag: region(flag.region_code)),
    Column[Any](_l("发现时间"), lambda flag: flag.found_at),
    Column[Any](_l("依据"), _evidence),
    Column[Any](_l("样本数"), lambda flag: flag.evidence["sample"]),
    Column[Any](_l("也可能是"), lambda flag: " ".join(_(words) for words in signs()[flag.kind].innocent)),
    Column[Any](_l("状态"), lambda flag: _(STATES[flag.state])),
    Column[Any](_l("理由"), lambda flag: flag.note or ""),
]


@bp.get("/oversight/red-flags")
@login_required
def red_flags() -> str | tuple[str, int]:
    actor, asked = current_actor(), FILTERS.asked()
    query = flags_of(actor, asked)
    counted = query.with_only_columns(RedFlag.kind, func.count()).order_by(None).group_by(RedFlag.kind)
    counts: dict[str, int] = dict(db.session.execute(counted).all())  # type: ignore[arg-type]
    shown = [sign for sign in signs().values() if counts.get(sign.name)]
    return filters.rendered(
        "oversight/red_flags.html",
        page=paged(query),
        signs=signs(),
        states=STATES,
        chart=rows(
            [(_(sign.label), counts[sign.name]) for sign in shown],
            _("各种提示的件数"),
            [url_for("oversight.red_flags", sign=sign.name) for sign in shown],
        )
        if shown
        else "",
        asked=asked,
    )


@bp.get("/oversight/red-flags.<any(csv, xlsx):suffix>")
@login_required
def export_red_flags(suffix: str) -> Response:
    found = db.session.scalars(flags_of(current_actor(), FILTERS.asked(refuse=True))).unique()
    return export("red-flags", _("风险提示"), suffix, COLUMNS, found)


@bp.route("/oversight/red-flags/<identifier>", methods=["GET", "POST"])
@login_required
def red_flag(identifier: str) -> AnyResponse | str | tuple[str, int]:
    """A flag with its evidence, what else it may be, and a form for what came of looking at it."""
    flag = flags.load(db.session, current_actor(), identifier)
    sign = signs()[flag.kind]
    return form_page(
        LookForm(),
        _(sign.label),
        actions.look_at,
        lambda done: url_for("oversight.red_flag", identifier=done),
        lambda form: form.values(),
        identifier,
        back=url_for("oversight.red_flags"),
        template="oversight/red_flag.html",
        beside=lambda: _beside(flag),
    )


def _beside(flag: RedFlag) -> dict[str, Any]:
    looks = (
        select(Event)
        .where(Event.case_type == RedFlag.name, Event.case_identifier == flag.identifier)
        .order_by(Event.id.desc())
        .limit(MOST_LOOKS)
    )
    sign, tender = signs()[flag.kind], flag.tender
    return {
        "flag": flag,
        "sign": sign,
        "states": STATES,
        "about": ABOUT,
        "item": item_name(tender.item) if tender else "",
        "least": policy.current().number(f"red_flags.{sign.least}") if sign.least else 1,
        "figures": [(_(name), figure_words(unit, value)) for name, unit, value in flag.evidence["figures"]],
        "links": pages_shown([*flag.evidence["cases"], *([tender.identifier] if tender else [])]),
        "looks": [(each, _(STATES[each.kind.partition(".")[2]])) for each in db.session.scalars(looks)],
    }


@bp.get("/red-flags")
def published_signs() -> str:
    """Which signs are computed, and what they do not mean: printed from where they are declared."""
    rules = policy.current()
    return render_template(
        "oversight/signs.html",
        signs=[
            (sign, _(ABOUT[sign.about]), rules.number(f"red_flags.{sign.least}") if sign.least else 1)
            for sign in signs().values()
        ],
        rules=rules,
    )
