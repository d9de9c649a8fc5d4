"""What is written, and whom one may call."""

from __future__ import annotations

from collections.abc import Sequence

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import EmailField, RadioField, StringField, TelField, TextAreaField
from wtforms.validators import InputRequired

from market.forms import NEEDED, Form, choices, fits, upload
from models.contacts import ContactPerson
from models.messages import Message


class MessageForm(Form):
    text = TextAreaField(_l("消息"), [NEEDED, fits(Message.text)])
    file = upload(_l("附件"), needed=False)


class PersonForm(Form):
    name = StringField(_l("姓名"), [NEEDED, fits(ContactPerson.name)])
    purpose = StringField(
        _l("负责什么"), [NEEDED, fits(ContactPerson.purpose)], description=_l("例如:商务、技术、现场踏勘。")
    )
    phone = TelField(_l("电话"), [NEEDED, fits(ContactPerson.phone)])
    email = EmailField(_l("邮箱"), [fits(ContactPerson.email)], description=_l("可不填。"))


def _key(value: str | int) -> int:
    """As `int`, by which a form would set its choices side by side, as stars are."""
    return int(value)


class NameForm(Form):
    person = RadioField(_l("联系人"), [InputRequired(_l("请选择一项。"))], coerce=_key)

    def prepare(self, people: Sequence[ContactPerson], now: ContactPerson | None) -> None:
        """Offer these, and choose beforehand who is named `now`, or the only one."""
        said = [(each.id, f"{each.name} · {each.purpose} · {each.phone}") for each in people]
        self.person.choices = choices([*said, (0, _("不指定"))])
        if not self.is_submitted():
            self.person.data = now.id if now else people[0].id if len(people) == 1 else 0
