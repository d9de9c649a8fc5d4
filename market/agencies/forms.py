"""Forms in which an agency enters, and publishes its fees and qualifications; and those of its checks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, DateField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import Length, NumberRange, Optional, Regexp, ValidationError

from market.formatting import (
    bilingual,
    catalogued,
    describe_price,
    item_name,
    job_words,
    measure_unit,
    measure_words,
    problem_text,
)
from market.forms import (
    FITS_REASON,
    NEEDED,
    Form,
    MoneyField,
    WholeField,
    choices,
    fits,
    printed,
    problems_at_field,
    text,
    upload,
)
from market.options import profession_choices
from market.reauthentication import reauthentication_field
from models import money, numbers, pricing
from models.accounts import Organisation
from models.agencies.certificates import Practitioner, Qualification
from models.agencies.entry import FORMS, PREMISES, AgencyProfile, wanted
from models.agencies.fees import FeeSchedule, check_fits, check_guided, methods_for
from models.agencies.fees import fits as fits_item
from models.batches import KINDS
from models.catalogue import ServiceItem
from models.errors import Problem
from models.measures import size_of
from models.pricing import METHODS, Method, Quantity, Written, standards, table_words


class FeeForm(Form):
    """Which of `price` and `table` is filled in, and how, each pricing method says itself."""

    item: ServiceItem
    item_code = SelectField(_l("服务事项"), [NEEDED])
    method = RadioField(_l("计价方式"), validate_choice=False)
    standard = SelectField(
        _l("引用收费标准"),
        description=_l("引用后按标准的档位或点计价,再乘以折扣,不用再选计价方式。"),
        validate_choice=False,
    )
    price = MoneyField(_l("价格(元)"))
    table = TextAreaField(_l("档位或点"), [Length(max=4000)])
    discount = StringField(
        _l("折扣"), [Length(max=10)], description=_l("按计算价的几成收取,如 0.85、85% 或 8.5折;不填为 1。")
    )
    floor = MoneyField(_l("最低收费(元)"), description=_l("算出来再少,也收这么多。"))
    cap = MoneyField(_l("最高收费(元)"), description=_l("算出来再多,只收这么多。"))
    days = WholeField(
        _l("承诺工期(工作日)"),
        [NEEDED, NumberRange(1, 500)],
        unit=numbers.WORKING_DAYS,
        description=_l("从资料备齐到交付成果。"),
    )
    note = StringField(_l("说明"), [fits(FeeSchedule.note)], description=_l("如价格里包含什么。可不填。"))
    effective_from = DateField(_l("生效日期"), [Optional()], description=_l("不填则今天生效。"))
    size = StringField(_l("试算的规模"), [Length(max=30)], description=_l("不填按几种常见规模试算。"))

    def offer(self, groups: dict[str, list[ServiceItem]]) -> None:
        """The items there are, each under the heading of its group."""
        self.item_code.choices = choices([("", _("请选择"))]) + [
            choice
            for heading, items in groups.items()
            for choice in choices(((i.code, f"{i.code} {item_name(i)}") for i in items), heading)
        ]

    def prepare(self, item: ServiceItem) -> None:
        """Offer what prices jobs of this item, and say how each is filled in."""
        guided = _guided(item)
        methods, self.item = [] if guided else methods_for(item), item
        self.method.choices = choices((method.name, _way(method, item)) for method in methods)
        if len(methods) == 1 and not self.is_submitted():
            self.method.data = methods[0].name
        self.method.flags.required = not self.standard.data
        self.standard.flags.required = guided
        for field in (self.price, self.table):
            asking = [method for method in methods if field.name in method.asks]
            said = " ".join(
                _("%(method)s——%(asks)s", method=_(method.label), asks=_(method.asks[field.name]))
                for method in asking
            )
            field.description = (
                said if len(methods) == 1 or not asking else _("选这种计价方式时必填:%(ways)s", ways=said)
            )
            field.flags.required = self.method.data in [method.name for method in asking] and not (
                self.standard.data
            )
        if unit := measure_unit(item):
            self.price.description += _("本事项的单位:%(unit)s。", unit=unit)
        self.standard.choices = choices([*([] if guided else [("", _("不引用"))]), *_tables(item)])
        if guided and not self.is_submitted():
            self.standard.data = self.standard.choices[0].value  # nothing else may be published
        self.size.label.text = _("试算的规模:%(measure)s", measure=measure_words(item))

    @property
    def begun(self) -> bool:
        """Whether any of the terms a price is reckoned from was typed."""
        price = (self.price.raw_data or [""])[0]
        return bool(self.standard.data or price.strip() or (self.table.data or "").strip())

    def job(self, item: ServiceItem) -> Quantity | None:
        """The size to try; None for none, or, with the problem at the field, where it cannot be read."""
        try:
            return size_of(item, self.size.data or "") if item.measure != "none" else None
        except Problem as problem:
            self.refuse(problem, problem_text(problem))
            return None

    def validate_method(self, field: RadioField) -> None:
        if not self.standard.data and self.method.choices:
            if field.data not in METHODS:
                raise ValidationError(_("请选择计价方式。"))
            with problems_at_field():
                check_fits(self.item, {"method": field.data})

    def validate_standard(self, field: SelectField) -> None:
        if field.data and pricing.from_standard(field.data) is None:
            raise ValidationError(_("没有这个收费标准。"))
        if not field.data and not self.method.choices:
            with problems_at_field():
                check_guided(self.item, {})

    def validate_discount(self, field: StringField) -> None:
        with problems_at_field():
            pricing.read_discount(field.data or "")

    def validate_table(self, field: TextAreaField) -> None:
        method = METHODS.get(self.method.data or "")
        if method is not None and field.name in method.asks and field.flags.required:
            with problems_at_field():
                method.read(self.written())

    def written(self) -> Written:
        """The terms as they were typed."""
        return Written(
            method=self.method.data or "",
            standard=self.standard.data or "",
            price=self.price.data,
            table=self.table.data or "",
            discount=self.discount.data or "",
            floor=self.floor.data,
            cap=self.cap.data,
        )


def _way(method: type[Method], item: ServiceItem) -> str:
    """A method as it is offered, with an example that is reckoned by it."""
    terms = pricing.read(replace(method.example, method=method.name))
    return _(
        "%(method)s:如 %(terms)s;规模 %(job)s 的一单收 %(price)s",
        method=_(method.label),
        terms=describe_price(terms, item).removeprefix(f"{_(method.label)}: "),
        job=job_words(item.example, item),
        price=money.show(pricing.price(terms, item.example)),
    )


def _guided(item: ServiceItem) -> bool:
    return item.pricing == "government_guided" and bool(item.fee_standard)


def _tables(item: ServiceItem) -> list[tuple[str, str]]:
    """The published tables an item can be priced by; of a guided price (政府指导价) its own alone."""
    guided = item.fee_standard if _guided(item) else None
    return [
        (f"{s['id']}/{name}", table_words(f"{s['id']}/{name}", _, catalogued))
        for s in standards().values()
        for name, terms in s["tables"].items()
        if fits_item(item, terms) and guided in (None, s["id"])
    ]


class QualificationForm(Form):
    kind = SelectField(_l("资质"), [NEEDED])
    number = text(_l("证书编号"), Qualification.number)
    level = StringField(_l("等级"), [fits(Qualification.level)])
    issuer = text(_l("发证机关"), Qualification.issuer)
    valid_from = DateField(_l("有效期起"), [NEEDED])
    valid_until = DateField(_l("有效期止"), [NEEDED])
    file = upload(_l("证书扫描件"), needed=False, scan=True)

    def prepare(self, items: list[ServiceItem]) -> None:
        kinds = sorted({i.required_qualification for i in items if i.qualification_mandatory})
        self.kind.choices = choices((kind, catalogued(kind)) for kind in kinds)


class LicenceForm(Form):
    legal_form = RadioField(_l("组织类型"), [NEEDED], description=_l("决定要提交哪些材料。"))
    established_on = DateField(_l("成立日期"), [NEEDED])
    licence_until = DateField(_l("营业期限至"), [Optional()], description=_l("长期的不填。"))
    registered_capital = MoneyField(_l("注册资本(元)"))
    scope = TextAreaField(
        _l("经营范围"),
        [NEEDED, fits(AgencyProfile.scope), printed],
        description=_l("照执照抄写,各项用分号隔开。"),
    )

    def prepare(self) -> None:
        self.legal_form.choices = choices((kind, bilingual(form)) for kind, form in FORMS.items())


class RepresentativeForm(Form):
    legal_representative = text(_l("法定代表人(负责人)"), Organisation.legal_representative)
    phone = text(_l("联系电话"), Organisation.phone)


class PremisesForm(Form):
    registered_address = text(
        _l("登记地址"),
        AgencyProfile.registered_address,
        description=_l("与执照一致。地址变了要先到登记机关变更,再来这里更新。"),
    )
    address = text(_l("实际办公地址"), Organisation.address)
    premises = RadioField(
        _l("场所"), [NEEDED], choices=choices((kind, _l(label)) for kind, label in PREMISES.items())
    )
    premises_area = WholeField(_l("面积(平方米)"), [Optional()], unit=numbers.SQUARE_METRES)
    premises_until = DateField(_l("租期止"), [Optional()], description=_l("租赁的要填。"))


class BankForm(Form):
    bank_name = text(_l("开户银行"), AgencyProfile.bank_name)
    account_name = text(_l("户名"), AgencyProfile.account_name)
    account_number = text(
        _l("账号"),
        AgencyProfile.account_number,
        description=_l("只有本单位、监管部门和与您签约的业主看得到。"),
    )
    stripe_account = StringField(
        _l("Stripe 账户(可不填)"),
        [Optional(), Regexp(r"acct_\w{6,34}", message=_l("应为 acct_ 开头的账户编号。"))],
        description=_l("平台接通 Stripe 时,经它收的款可直接转到这个账户。"),
    )


class AccountForm(BankForm):
    """The same once the agency is in: an owner who shows once more who it is."""

    again = reauthentication_field(
        _l("改变款项去向前,再次确认是您本人。所有管理员都会收到通知,等待期过后才按新账户付款。")
    )


class SpeakerForm(RepresentativeForm):
    again = reauthentication_field(_l("改变谁代表本单位前,再次确认是您本人。所有管理员都会收到通知。"))


OTHER = "other"


class PractitionerForm(Form):
    name = text(_l("姓名"), Practitioner.name)
    kind = SelectField(
        _l("职业资格"), [NEEDED], description=_l("从列表里选,事项要求的人员才对得上;没有的选“其他”。")
    )
    other = StringField(
        _l("其他职业资格的名称"), [fits(Practitioner.kind), printed], description=_l("选“其他”时填写。")
    )
    number = text(_l("证书编号"), Practitioner.number)
    valid_from = DateField(_l("有效期起"), [NEEDED])
    valid_until = DateField(_l("有效期止"), [NEEDED])
    file = upload(_l("证书扫描件"), needed=False, scan=True)

    def prepare(self, items: list[ServiceItem]) -> None:
        self.kind.choices = choices([("", _("请选择")), *profession_choices(items), (OTHER, _("其他"))])

    def validate_other(self, field: StringField) -> None:
        if self.kind.data == OTHER and not (field.data or "").strip():
            raise ValidationError(_("请填写这一项。"))

    def values(self) -> dict[str, Any]:
        values = super().values()
        other = values.pop("other")
        return values | ({"kind": other} if values["kind"] == OTHER else {})


class MaterialForm(Form):
    kind = SelectField(_l("材料"), [NEEDED])
    file = upload(_l("文件"))

    def prepare(self, form: str) -> None:
        self.kind.choices = choices((kind, bilingual(paper)) for kind, paper in wanted(form).items())


class CommitmentForm(Form):
    way = RadioField(
        _l("怎样入驻"),
        [NEEDED],
        choices=choices(
            [
                ("submit", _l("先核验后入驻:材料齐全,监管部门核验通过后承接业务")),
                (
                    "commit",
                    _l("承诺入驻:立即承接业务,可后补的材料在核查前补齐;承诺不实将暂停业务并记入信用记录"),
                ),
            ]
        ),
    )
    committed = BooleanField(_l("我已阅读承诺书,代表本单位作出承诺。"))


STEP_FORMS: dict[str, type[Form]] = {
    "licence": LicenceForm,
    "representative": RepresentativeForm,
    "premises": PremisesForm,
    "practitioners": PractitionerForm,
    "bank": BankForm,
    "materials": MaterialForm,
}


GUARDED_FORMS: dict[str, type[Form]] = {"bank": AccountForm, "representative": SpeakerForm}


class ImportForm(Form):
    kind = RadioField(_l("导入什么"), [NEEDED])
    file = FileField(
        _l("表格"),
        [FileRequired(_l("请选择文件。"))],
        description=_l("CSV 或 XLSX,第一行是表头。先核对每一行,确认后才入库。"),
        render_kw={"accept": ".csv,.xlsx"},
    )

    def prepare(self, kinds: list[str]) -> None:
        self.kind.choices = choices((kind, _l(KINDS[kind])) for kind in kinds)


class RegisterForm(Form):
    file = FileField(
        _l("登记机关的导出表"),
        description=_l("CSV 或 XLSX。不选文件则向已设置的数据源比对。"),
        render_kw={"accept": ".csv,.xlsx"},
    )


class AnswerCheckForm(Form):
    statement = TextAreaField(_l("情况说明"), [NEEDED, FITS_REASON], description=_l("会告知监管部门并留痕。"))
    file = upload(_l("证明材料"), needed=False, several=True)


class ConfirmCheckForm(Form):
    reason = TextAreaField(
        _l("认定的事实和理由"), [FITS_REASON], description=_l("会告知机构,并据此提出信用记录。")
    )
    suspend = BooleanField(_l("同时暂停承接业务"))
