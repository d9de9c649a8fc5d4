"""Forms of an administrator."""

from __future__ import annotations

from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, RadioField, SelectField, TextAreaField
from wtforms.validators import Length

from market.forms import FITS_REASON, NEEDED, Form, PersonForm, choices, text
from market.options import as_printed, offer_as_printed, region_field
from models.accounts import Organisation
from models.cases import Case


class AuthorityForm(PersonForm):
    """A regulator or an approving department, with its first member."""

    organisation = text(_l("部门名称"), Organisation.name)
    uscc = text(_l("统一社会信用代码"))
    as_printed = as_printed()
    region_code = region_field(_l("管辖地区"), [NEEDED])
    authority_role = RadioField(
        _l("职责"),
        [NEEDED],
        choices=choices(
            [("regulator", _l("监管部门")), ("department", _l("审批部门")), ("custodian", _l("资金托管机构"))]
        ),
    )
    department = SelectField(_l("主管领域"), description=_l("审批部门必选;监管部门可不选。"))

    def prepare(self, departments: list[str]) -> None:
        offer_as_printed(self)
        self.department.choices = choices([("", "—"), *((name, _l(name)) for name in departments)])


class OverrideForm(Form):
    """To which state the one case is moved, of those of its own kind."""

    target = SelectField(_l("改为"))
    reason = TextAreaField(_l("理由"), [NEEDED, FITS_REASON], description=_l("会告知各方并留痕。"))

    def prepare(self, case: Case) -> None:
        self.target.choices = choices(
            (state.name, _l(state.label)) for state in case.workflow.states.values()
        )


class ClockForm(Form):
    """That a clock is right which nobody goes by, with what it said when that was shown."""

    wall = HiddenField()
    reason = TextAreaField(
        _l("理由"),
        [NEEDED, Length(max=500)],
        description=_l("例如:对照了什么时间、停机或校时的原因。会留痕。"),
    )
