"""What came of looking at a red flag."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import RadioField, TextAreaField

from market.forms import FITS_REASON, NEEDED, Form, choices
from models.oversight.red_flags import STATES


class LookForm(Form):
    state = RadioField(
        _l("查看结果"),
        [NEEDED],
        choices=choices((key, _l(label)) for key, label in STATES.items() if key != "open"),
    )
    note = TextAreaField(
        _l("理由"),
        [NEEDED, FITS_REASON],
        description=_l("核对了什么、依据是什么。会留痕,只有监管部门看得到。"),
    )
