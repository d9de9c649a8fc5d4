"""What is asked for with credit records."""

from __future__ import annotations

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField, FileRequired
from wtforms import BooleanField, SelectField, StringField, TextAreaField
from wtforms.validators import Length, NumberRange, Optional

from market.formatting import bilingual, problem_text
from market.forms import (
    FITS_REASON,
    NEEDED,
    ChecklistField,
    Form,
    WholeField,
    choices,
    fits,
    printed,
    upload,
)
from models import lengths, numbers
from models.credit import policy
from models.credit.deciding import bounds, outside_bounds
from models.credit.listings import ExternalListing
from models.credit.policy import SUBJECTS, Kind
from models.credit.records import CreditRecord
from models.credit.statements import StatementPart


def _kind_named(kind: Kind) -> str:
    """A kind of record, with whom it is about where that is not anybody."""
    if len(kind.subjects) == len(SUBJECTS):
        return bilingual(kind.names)
    return _("%(kind)s(%(whom)s)", kind=bilingual(kind.names), whom=_(SUBJECTS[kind.subjects[0]]))


class ProposeForm(Form):
    """A record a regulator proposes by hand."""

    subject = StringField(
        _l("当事人"), [NEEDED, Length(max=40)], description=_l("单位编号或者统一社会信用代码。")
    )
    kind = SelectField(_l("类别"), [NEEDED], description=_l("只能从信用规则里选:没有依据的不能提出。"))
    facts = TextAreaField(
        _l("拟认定的事实"),
        [fits(CreditRecord.facts), printed],
        description=_l("何时、何地、做了什么、证据是什么。会写进告知书。"),
    )
    source = StringField(
        _l("来源"), [NEEDED, Length(max=40), printed], description=_l("文书的文号,或者本平台的案件编号。")
    )
    file = upload(_l("证据"), several=True)

    def prepare(self) -> None:
        rules = policy.current()
        self.kind.choices = choices([("", _("请选择"))])
        for weight, term in rules.weights.items():
            kinds = [(kind.key, _kind_named(kind)) for kind in rules.kinds.values() if kind.weight == weight]
            self.kind.choices += choices(kinds, bilingual({"zh": term.zh, "en": term.en}))


_LEAST, _MOST = lengths.bounds(StatementPart.statement)


class DefendForm(Form):
    """A part of the statement: words, evidence, or both."""

    statement = TextAreaField(
        _l("陈述和申辩"),
        [Optional(), Length(_LEAST, _MOST), printed],
        description=_l(
            "事实、依据或者处理有什么不对,请逐点写明;可以只提交证据。每次最多 %(most)s 个字,分几次提交的,"
            "每次另计。监管部门要在决定里答复。",
            most=_MOST,
        ),
    )
    file = upload(_l("证据"), needed=False, several=True)


class _TermForm(Form):
    """A decision with its term, within the bounds of the weight."""

    months = WholeField(_l("期限(月)"), [NEEDED], unit=numbers.MONTHS)

    def prepare(self, record: CreditRecord) -> None:
        least, most = bounds(record)
        outside = problem_text(outside_bounds(record))
        self.months.validators = [*self.months.validators, NumberRange(least, most, outside)]
        self.months.description = _(
            "%(weight)s:%(least)s 到 %(most)s 个月,自决定之日起算。",
            weight=bilingual({"zh": record.term.zh, "en": record.term.en}),
            least=least,
            most=most,
        )
        if not self.is_submitted():
            self.months.data = record.rule.months


class UpholdForm(_TermForm):
    reply = TextAreaField(
        _l("对陈述申辩的答复"),
        [Length(max=1000), printed],
        description=_l("逐点写明采纳或者不采纳,以及理由。"),
    )
    reason = TextAreaField(_l("认定的理由"), [FITS_REASON, printed], description=_l("会写进决定书。"))

    def prepare(self, record: CreditRecord) -> None:
        super().prepare(record)
        if record.statements:
            self.reply.flags.required = True
            self.reply.validators = [*self.reply.validators, NEEDED]
        else:
            del self.reply


class CommendForm(_TermForm):
    reason = TextAreaField(_l("认定的理由"), [FITS_REASON, printed], description=_l("会写进认定书。"))


class AskRepairForm(Form):
    commitment = TextAreaField(
        _l("信用承诺"),
        [fits(CreditRecord.commitment), printed],
        description=_l("承诺今后依法诚信经营,并愿意接受监督。承诺是公开作出的。"),
    )
    file = upload(_l("履行义务的证明"), several=True)


class SuspendForm(Form):
    reason = TextAreaField(_l("理由"), [FITS_REASON, printed], description=_l("会告知对方并留痕。"))
    file = upload(_l("法院裁定"), several=True)


class BringInForm(Form):
    """What a site elsewhere says of who is on its lists."""

    source = SelectField(_l("来源"), [NEEDED], description=_l("从哪个网站导出的。"))
    file = FileField(
        _l("表格"),
        [FileRequired(_l("请选择文件。"))],
        description=_l("CSV 或 XLSX,第一行是表头。有一处看不懂,就一行也不导入。"),
        render_kw={"accept": ".csv,.xlsx"},
    )
    whole = ChecklistField(
        _l("这份文件是哪些名录的全部"),
        description=_l("勾选的名录,文件里没有的视为已经移出;只有一部分的不要勾选。"),
    )
    sure = BooleanField(
        _l("确实只剩这些"),
        description=_l("全部名录比上次少了一半以上、或者一条也不剩时才需要,其他时候不用勾选。"),
    )

    def prepare(self) -> None:
        rules = policy.current()
        self.source.choices = choices((key, bilingual(each.names)) for key, each in rules.sources.items())
        self.whole.choices = [(key, bilingual(each.names)) for key, each in rules.lists.items()]


class DisputeForm(Form):
    dispute = TextAreaField(
        _l("哪里不对"),
        [fits(ExternalListing.dispute), printed],
        description=_l("写明记录哪里不对、依据是什么,例如同名误配、已经移出。只能提一次。"),
    )
    file = upload(_l("证据"), several=True)
