"""Forms in which an agency enters, and publishes its fees and qualifications; and those of its checks."""

from __future__ import annotations

from collections.abc import Callable

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, DateField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import Length, NumberRange, Optional, Regexp, ValidationError

from market.formatting import bilingual, catalogued, item_name, problem_text
from market.forms import (
    ACCEPT,
    FITS_REASON,
    NEEDED,
    TAKEN,
    Form,
    MoneyField,
    WholeField,
    choices,
    fits,
    printed,
    text,
    upload,
)
from market.reauthentication import reauthentication_field
from models import money, pricing
from models.accounts import Organisation
from models.agencies.certificates import Practitioner, Qualification
from models.agencies.entry import FORMS, PREMISES, AgencyProfile, wanted
from models.agencies.fees import FeeSchedule
from models.batches import KINDS
from models.catalogue import ServiceItem
from models.errors import Problem
from models.pricing import METHODS, Quantity, Written, standards, table_words


class FeeForm(Form):
    """Which of `price` and `table` is filled in, and how, each pricing method says itself."""

    item_code = SelectField(_l("服务事项"), [NEEDED])
    method = SelectField(_l("计价方式"), [NEEDED])
    standard = SelectField(
        _l("引用收费标准"), description=_l("引用后按标准的档位或点计价,再乘以下面的折扣。")
    )
    price = MoneyField(_l("价格(元)"))
    table = TextAreaField(_l("档位或点"), [Length(max=4000)])
    discount = StringField(
        _l("折扣"), [Length(max=10)], description=_l("按计算价的几成收取,如 0.85、85% 或 8.5折;不填为 1。")
    )
    floor = MoneyField(_l("最低收费(元)"))
    cap = MoneyField(_l("最高收费(元)"))
    days = WholeField(_l("承诺工期(工作日)"), [NEEDED, NumberRange(1, 500)])
    note = StringField(_l("说明"), [fits(FeeSchedule.note)])
    effective_from = DateField(_l("生效日期"), [Optional()], description=_l("不填则今天生效。"))
    size = StringField(
        _l("试算的规模"), [Length(max=30)], description=_l("计费额(元)或数量;不填按几种常见规模试算。")
    )

    def prepare(self, items: list[ServiceItem]) -> None:
        self.item_code.choices = choices((i.code, f"{i.code} {item_name(i)}") for i in items)
        self.method.choices = choices((name, _l(method.label)) for name, method in METHODS.items())
        for field in (self.price, self.table):
            field.description = "".join(
                _("%(method)s——%(asks)s", method=_(method.label), asks=_(method.asks[field.name]))
                for method in METHODS.values()
                if field.name in method.asks
            ).strip()
        tables = [
            (f"{s['id']}/{t}", table_words(f"{s['id']}/{t}", _, catalogued))
            for s in standards().values()
            for t in s["tables"]
        ]
        self.standard.choices = choices([("", _l("不引用")), *tables])

    def validate_discount(self, field: StringField) -> None:
        _at_field(lambda: pricing.read_discount(field.data or ""))

    def validate_table(self, field: TextAreaField) -> None:
        if self.method.data in METHODS:
            _at_field(lambda: METHODS[self.method.data].read(self.written()))

    def job(self, item: ServiceItem) -> Quantity | None:
        """The size to try, if one is written and can be read."""
        try:
            fen = money.parse(self.size.data or "")
        except ValueError:
            return None
        return (
            Quantity(amount=fen)
            if item.measure == "amount"
            else Quantity(count=max(1, min(fen // money.FEN, 1_000_000)))
        )

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


def _at_field(read: Callable[[], object]) -> None:
    """What cannot be read is said at the field it was typed into."""
    try:
        read()
    except Problem as problem:
        raise ValidationError(problem_text(problem)) from None


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
    premises_area = WholeField(_l("面积(平方米)"), [Optional()])
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


class PractitionerForm(Form):
    name = text(_l("姓名"), Practitioner.name)
    kind = text(
        _l("职业资格"), Practitioner.kind, description=_l("如:环境影响评价工程师、注册会计师、执业律师。")
    )
    number = text(_l("证书编号"), Practitioner.number)
    valid_from = DateField(_l("有效期起"), [NEEDED])
    valid_until = DateField(_l("有效期止"), [NEEDED])
    file = upload(_l("证书扫描件"), needed=False, scan=True)


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
    statement = TextAreaField(_l("情况说明"), [FITS_REASON], description=_l("会告知监管部门并留痕。"))
    file = FileField(_l("证明材料"), description=TAKEN, render_kw={"accept": ACCEPT})


class ConfirmCheckForm(Form):
    reason = TextAreaField(
        _l("认定的事实和理由"), [FITS_REASON], description=_l("会告知机构,并据此提出信用记录。")
    )
    suspend = BooleanField(_l("同时暂停承接业务"))
