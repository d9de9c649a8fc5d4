"""Where an agency says it serves."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import TextAreaField
from wtforms.validators import Length, ValidationError

from market.formatting import region
from market.forms import ChecklistField, Form, choices
from market.options import region_choices, regions_meant


class ServiceAreasForm(Form):
    """Where an agency serves: whole cities ticked, single counties written."""

    areas = ChecklistField(_l("全省或市州"), description=_l("选了全省,就不用再选下面的市州。"))
    counties = TextAreaField(
        _l("只做其中几个县的,写在这里"),
        [Length(max=1000)],
        description=_l("县市区的名称、拼音或代码,用顿号、逗号或换行隔开,例如 格尔木、德令哈。"),
    )

    def prepare(self, said: Sequence[str]) -> None:
        """Offer the market's area and its cities; show what was said before."""
        whole = [(code, name) for code, name in region_choices() if code.endswith("00")]
        self.areas.choices = choices(whole)
        if not self.is_submitted():
            ticked = {code for code, _name in whole}
            self.areas.data = [code for code in said if code in ticked]
            self.counties.data = "\n".join(region(code) for code in said if code not in ticked)

    def _written(self) -> list[str]:
        """The places that are written, one by one; a comma may stand inside an English name."""
        parts = [part.strip() for part in re.split(r"[、;;\n]", self.counties.data or "")]
        each = [[part] if regions_meant(part) else re.split("[,,]", part) for part in parts]
        return [said.strip() for some in each for said in some if said.strip()]

    def validate_counties(self, field: TextAreaField) -> None:
        for said in self._written():
            meant = regions_meant(said)
            if not meant:
                raise ValidationError(_("没有叫“%(text)s”的地区。", text=said[:40]))
            if len(meant) > 1:
                raise ValidationError(
                    _(
                        "“%(text)s”说的是哪个地区?请写明:%(names)s。",
                        text=said[:40],
                        names=_("、").join(map(region, meant)),
                    )
                )

    def values(self) -> dict[str, Any]:
        """The areas as `declare` takes them."""
        return {"areas": [*(self.areas.data or []), *(regions_meant(said)[0] for said in self._written())]}
