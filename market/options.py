"""What filters and forms of several rooms let people choose from, and say of an organisation."""

from __future__ import annotations

from typing import Any

from flask import current_app, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, SelectField

from market.extensions import db
from market.formatting import item_name
from models import uscc
from models.catalogue import current_items
from models.regions import covers, find, published


def region_choices() -> list[tuple[str, str]]:
    """The regions this market serves, by full name."""
    area = current_app.config["AREA"]
    return [(row["code"], row["full_name"]) for row in published() if covers(area, row["code"])]


def regions_to_choose() -> list[tuple[str, str]]:
    """The same for a form in which nobody has said one yet."""
    return [("", _("请选择")), *region_choices()]


def region_named(text: str) -> str:
    """The code of the region of this market a text means, a name or a code, of today or of before.

    The text itself where it means none.
    """
    found = find(text, current_app.config["AREA"]) if text else ()
    return found[0] if len(found) == 1 else text


def region_asked() -> str:
    """The region a filter of this page asks for."""
    return region_named(request.args.get("region", "")[:60].strip())


def region_field(label: Any, validators: list[Any], **about: Any) -> SelectField:
    """A region of this market.

    What another system still calls by its old code, or by a name, is taken as what it means.
    """
    return SelectField(
        label, validators, coerce=lambda value: region_named(str(value)) if value is not None else "", **about
    )


def as_printed() -> BooleanField:
    """Whether the licence bears a code whose check character is wrong."""
    return BooleanField(
        _l("执照上就是这样印的"), description=_l("已照执照逐位核对;校验位不符的代码会由监管部门核查。")
    )


def offer_as_printed(form: Any) -> None:
    """Ask that only of a code that could be one."""
    code = uscc.spelled(form.uscc.data or "")
    if not uscc.formed(code) or uscc.sound(code):
        del form.as_printed


def item_options() -> list[tuple[str, str]]:
    """The current service items, by code."""
    return [(item.code, item_name(item)) for item in current_items(db.session)]
