"""What the forms of all rooms share: the one-time key, amounts, times, files."""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any, ClassVar

from flask import request, session
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from flask_wtf.file import FileField
from werkzeug.datastructures import CombinedMultiDict, FileStorage, MultiDict
from wtforms import (
    EmailField,
    Field,
    HiddenField,
    IntegerField,
    PasswordField,
    SelectMultipleField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.form import BaseForm
from wtforms.validators import InputRequired, Length, StopValidation, ValidationError
from wtforms.widgets import CheckboxInput, DateTimeLocalInput, ListWidget, TextInput

from market import resuming
from market.formatting import problem_text
from market.upload_field import ACCEPT as ACCEPT  # fields of all rooms are had from here
from market.upload_field import UploadField, is_empty
from market.upload_field import upload as upload
from market.validation import InWords
from models import days, money, numbers, printable
from models.accounts import User
from models.clock import BEIJING
from models.errors import Problem
from models.lengths import REASON_MOST, bounds
from models.spelling import UNKEEPABLE, typed
from models.submissions import Sent
from models.workflow import check_reason


class Form(FlaskForm):
    """Every form that acts carries a one-time key, so that sending it twice acts once."""

    submission = HiddenField()
    as_read = ""  # what a page of a case had read of it (`models.reading`), for its form to carry

    class Meta(FlaskForm.Meta):
        def wrap_formdata(self, form: Any, formdata: Any) -> Any:
            """What was sent as it is kept, with files for the fields that ask for one alone.

            Any field may be sent as a file, and none but these expects it. A password is what was typed.
            """
            found = super().wrap_formdata(form, formdata)
            if found is None:
                return None
            with_files = isinstance(found, CombinedMultiDict)
            asked = form._fields
            told = MultiDict(
                (name, value if isinstance(asked.get(name), PasswordField) else typed(value))
                for name, value in (request.form if with_files else found).items(multi=True)
            )
            if not with_files:
                return told
            files = [
                (name, file)
                for name, file in request.files.items(multi=True)
                if isinstance(asked.get(name), FileField)
            ]
            return CombinedMultiDict([MultiDict(files), told])

        def get_translations(self, form: Any) -> InWords:
            """What WTForms would say, in words of ours."""
            return InWords()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        session.setdefault("forms", secrets.token_urlsafe(12))
        if not self.submission.data:
            self.submission.data = resuming.new_key()

    def sent(self) -> Sent:
        """The key as actions take it, and what was sent with it.

        It is good in the browser that was given the form and in no other.
        """
        key = f"{session['forms']}:{self.submission.data}"
        return Sent(key, _contents(), request.form.get("as_read", ""))

    def validate(self, extra_validators: dict[str, list[Any]] | None = None) -> bool:
        """What no field may hold is refused at every field.

        What came too late is looked at no further: it is shown again.
        """
        if resuming.too_late():
            self.form_errors = [gettext(resuming.TOO_LATE)]
            return False
        extra = extra_validators or {}
        if super().validate({name: [*extra.get(name, ()), keepable] for name in self._fields}):
            return True
        for field in self:
            if field.errors and field.process_errors:  # what cannot be read is not too large besides
                field.errors = list(field.process_errors)
        self._set_files_aside(None)
        return False

    def can_be_kept(self) -> bool:
        """Whether what was typed can be kept as it is, be it incomplete or wrong together.

        What cannot be is said at its field, and nothing else is asked for.
        """
        if self.form_errors:
            return False
        BaseForm.validate(self, {name: [keepable] for name in self._fields})  # no rule between fields
        for name, field in self._fields.items():
            sent = bool(request.form.get(name, "").strip()) or name in request.files
            if not sent and name != "csrf_token":
                field.errors = []
        return not self.errors

    def _set_files_aside(self, problem: Problem | None) -> None:
        for field in self:
            if isinstance(field, UploadField):
                field.set_aside(problem)

    def read(self) -> None:
        """Say at each field what could not be read in it, and ask for nothing more yet."""
        for field in self:
            field.errors = list(field.process_errors)

    def values(self) -> dict[str, Any]:
        """What the person entered, by field; a text field that was not sent at all is an empty text."""
        return {
            name: "" if field.data is None and isinstance(field, StringField) else field.data
            for name, field in self._fields.items()
            if name not in ("csrf_token", "submission")
        }

    def refuse(self, problem: Problem, message: str) -> None:
        """Show a problem at its field, or above the form where it has none here.

        A key that was used up is replaced: whoever reads that and sends the form again means it.
        """
        self._set_files_aside(problem)
        field = self._fields.get(problem.field or "")
        if problem.field == "submission":
            self.submission.data = resuming.new_key()
        if field is not None and not isinstance(field, HiddenField):
            field.errors = [*field.errors, message]
        else:
            self.form_errors.append(message)


MOST_NUMBER = 2**31 - 1  # what a whole number's column takes


def keepable(form: Any, field: Field) -> None:
    """Refuse, in words, what could not be kept or reckoned with.

    Control characters, days out of our time, endless numbers, a file of nothing; and one thing a field.
    """
    told = field.data if isinstance(field.data, list) else [field.data]
    if any(isinstance(each, str) and UNKEEPABLE.search(each) for each in told):
        field.errors.clear()  # whatever else is wrong with it
        raise StopValidation(str(_l("这里有看不见的控制字符,无法保存;请删去后重填。")))
    if field.errors:
        return
    if isinstance(field, FileField) and any(map(is_empty, told)):
        raise StopValidation(str(_l("文件是空的。")))
    day = field.data.date() if isinstance(field.data, datetime) else field.data
    if isinstance(day, date) and not days.of_our_time(day):
        raise StopValidation(str(_l(days.UNLIKELY, said=day.isoformat())))
    if isinstance(field, IntegerField) and field.data is not None and abs(field.data) > MOST_NUMBER:
        raise StopValidation(str(_l("数字太大。")))


def printed(form: Any, field: Field) -> None:
    """Refuse, naming it, a character that would stand as 〓 on the papers this goes onto."""
    if lacking := printable.missing(field.data or ""):
        raise ValidationError(str(_l(printable.UNPRINTABLE, characters=printable.words(lacking))))


def _contents() -> str:
    """A hash of all this request sent but its keys, files by theirs."""
    fields = sorted(
        (name, request.form.getlist(name))
        for name in request.form
        if name not in ("csrf_token", "submission")
    )
    files = [
        (name, file.filename, _hash_of(file))
        for name, file in sorted(request.files.items(multi=True), key=lambda pair: pair[0])
    ]
    return hashlib.sha256(json.dumps([request.path, fields, files]).encode()).hexdigest()


def _hash_of(file: FileStorage) -> str:
    file.stream.seek(0)
    digest = hashlib.file_digest(file.stream, "sha256")  # type: ignore[arg-type]
    file.stream.seek(0)
    return digest.hexdigest()


def choices(pairs: Iterable[tuple[Any, Any]], group: str | None = None) -> list[SelectChoice]:
    """What a field offers, from (value, label) pairs, under one heading if there is one."""
    return [SelectChoice(value, label, optgroup=group) for value, label in pairs]


def fits(column: Any) -> Length:
    """As short and as long a text as its column (an attribute of its class) takes."""
    least, most = bounds(column)
    length = Length(min=least or -1, max=most)
    if least:
        length.field_flags["required"] = True
    return length


FITS_REASON = Length(max=REASON_MOST)  # where it may be left out; else the act says how short is too short
NEEDED = InputRequired(_l("请填写这一项。"))


@contextmanager
def problems_at_field() -> Iterator[None]:
    """What a rule refuses is said at the field that is being checked."""
    try:
        yield
    except Problem as problem:
        raise ValidationError(problem_text(problem)) from None


class Reasoned:
    """A reason others will read, where an act needs one."""

    field_flags: ClassVar[dict[str, Any]] = {"required": True}

    def __call__(self, _form: Any, field: Field) -> None:
        if field.errors:
            return  # one that is too long is told so once
        with problems_at_field():
            check_reason(field.data or "")


reasoned = Reasoned()


class ActForm(Form):
    """An act that needs nothing but the decision."""


class ReasonForm(Form):
    reason = TextAreaField(_l("理由"), [FITS_REASON], description=_l("会告知对方并留痕。"))


class NeededReasonForm(Form):
    """The same where nothing is done without one."""

    reason = TextAreaField(_l("理由"), [FITS_REASON, reasoned], description=_l("会告知对方并留痕。"))


class _Written(Field):
    """A value people write out; blanks alone are nothing."""

    def pre_validate(self, form: Any) -> None:
        if self.data is None and self.flags.required and not self.errors:
            raise ValidationError(str(NEEDED.message))


class MoneyField(_Written):
    """An amount in yuan as people write it; its data are fen."""

    widget = TextInput()
    data: int | None

    def _value(self) -> str:
        return self.raw_data[0] if self.raw_data else money.plain(self.data) if self.data is not None else ""

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = None
        if valuelist and not valuelist[0].strip():
            self.raw_data = [""]
        elif valuelist:
            try:
                self.data = money.parse(valuelist[0])
            except ValueError as error:
                raise ValueError(problem_text(numbers.refused(error, money.HOW))) from None


class WholeField(IntegerField):
    """A whole number as people write it: `20`, `1,000`, `20 个工作日` where it asks for such a `unit`."""

    def __init__(self, *args: Any, unit: numbers.Unit = numbers.BARE, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.unit = unit

    def counts(self, unit: numbers.Unit) -> None:
        """Ask for this unit, known only by now, and read anew what was sent."""
        self.unit = unit
        if self.raw_data:
            self.process_errors = []
            try:
                self.process_formdata(self.raw_data)
            except ValueError as error:
                self.process_errors.append(str(error))

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = None
        if valuelist and not valuelist[0].strip():
            self.raw_data = [""]  # blanks are nothing, whoever asks whether there is anything
        elif valuelist:
            try:
                self.data = numbers.whole(valuelist[0], self.unit)
            except ValueError as error:
                raise ValueError(problem_text(numbers.refused(error, self.unit.how))) from None


class ChecklistField(SelectMultipleField):
    """Several of a list, as boxes to tick."""

    widget = ListWidget(prefix_label=False)
    option_widget = CheckboxInput()


class BeijingTimeField(_Written):
    """A moment: as people in China enter it Beijing's, with an offset (`…Z`, `+09:00`) that very instant.

    Its data carry the zone.
    """

    widget = DateTimeLocalInput()
    data: datetime | None

    def _value(self) -> str:
        if self.data:
            told = self.data.astimezone(BEIJING).replace(tzinfo=None)
            return told.isoformat(timespec="minutes")  # the year 1 as 0001, which strftime does not
        return str(self.raw_data[0]) if self.raw_data else ""

    def process_formdata(self, valuelist: list[str]) -> None:
        self.data = None
        if valuelist and valuelist[0].strip():
            try:
                self.data = days.instant(valuelist[0])
            except ValueError:
                raise ValueError(str(_l("请填写日期和时间,例如 2026-12-01 17:00。"))) from None


def new_password(label: Any) -> PasswordField:
    return PasswordField(
        label,
        [NEEDED, Length(max=200)],
        description=_l("至少 10 个字符,几个不相干的词连在一起最好记;常用词、日期、连续或重复的字符不行。"),
        render_kw={"autocomplete": "new-password"},
    )


class PersonForm(Form):
    """A person who is to sign in."""

    name = StringField(_l("姓名"), [NEEDED, fits(User.name), printed])
    email = EmailField(_l("邮箱"), [NEEDED, fits(User.email)], render_kw={"autocomplete": "username"})
    password = new_password(_l("密码"))


def text(label: Any, column: Any = None, **kwargs: Any) -> StringField:
    """A line that must be filled in, and stands on papers; `column` is where it is kept."""
    return StringField(
        label, [NEEDED, fits(column) if column is not None else Length(max=200), printed], **kwargs
    )
