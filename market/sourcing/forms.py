"""Forms of a tender, the answers to it, and what follows."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import BooleanField, EmailField, RadioField, SelectField, StringField, TextAreaField
from wtforms.validators import Length, NumberRange, Optional

from market.formatting import bilingual, item_name, measure_words
from market.forms import (
    ACCEPT,
    FITS_REASON,
    NEEDED,
    BeijingTimeField,
    ChecklistField,
    Form,
    MoneyField,
    WholeField,
    choices,
    fits,
    printed,
    text,
)
from market.options import region_field
from models import money, numbers
from models.accounts import Organisation, User
from models.actors import Actor
from models.base import Json
from models.catalogue import ServiceItem
from models.english import chinese
from models.lengths import REASON_LEAST, REASON_MOST
from models.sourcing.awards import Award, Objection
from models.sourcing.bids import Bid
from models.sourcing.cancelling import NOT_AGAIN, grounds
from models.sourcing.clarifications import Clarification
from models.sourcing.modes import FUNDS, MODES, OPENNESS
from models.sourcing.modes.inquiry import Inquiry
from models.sourcing.quotes import Offer, Quote
from models.sourcing.scoring import PRICE_FORMULAS, Criteria, QualityLine
from models.sourcing.tenders import Tender


class _Asked(Form):
    """What a tender asks for: shared by drafting and amending it."""

    description = TextAreaField(
        _l("需求说明"), [fits(Tender.description)], description=_l("规模、现状、已有资料、时间要求。")
    )
    amount = MoneyField(_l("计费基数(元)"), description=_l("如估算投资额、评估值;按固定价的事项可不填。"))
    count = WholeField(_l("数量"), [Optional(), NumberRange(1, 1_000_000)])
    factor = StringField(_l("行业"), [Length(max=40)], description=_l("收费标准有行业系数时填写,如 化工。"))
    budget = MoneyField(
        _l("预算上限(元)"),
        description=_l("可不设;设了就公布,高于它的报价不被接受。随机抽取时它就是报酬,必填。"),
    )
    deadline = BeijingTimeField(
        _l("截止时间"), [NEEDED], description=_l("网上竞价在截止时开始,请定在工作日 9:00 到 16:00。")
    )

    def name_measures(self, item: ServiceItem) -> None:
        """Call the size of the job what the item calls it."""
        if item.measure != "none":
            self[item.measure].label.text = measure_words(item)

    def values(self) -> dict[str, Any]:
        values = super().values()
        quantity = {name: values.pop(name) for name in ("amount", "count", "factor")}
        quantity["factor"] = chinese(quantity["factor"] or "")
        return {**values, "quantity": {k: v for k, v in quantity.items() if v}}

    def show(self, tender: Tender) -> None:
        """Fill in what a tender asks for now."""
        for name in ("description", "budget", "deadline"):
            getattr(self, name).data = getattr(tender, name)
        for name, value in tender.quantity.items():
            getattr(self, name).data = value


_BETWEEN = re.compile(r"[:\uff1a\ufe55\ufe13\s]")  # a colon of any width, or blanks


class QualityField(TextAreaField):
    """Quality lines, one a row: a name and its weight. `lines` is [{"name", "weight"}]."""

    lines: list[Json]

    def process_formdata(self, valuelist: list[str]) -> None:
        super().process_formdata(valuelist)
        self.lines = []
        for row in (self.data or "").splitlines():
            name, _space, weight = _BETWEEN.sub(" ", row).strip().rpartition(" ")
            if row.strip():
                self.lines.append({"name": name.strip()[:60], "weight": _weight_of(name, weight)})

    def show(self, lines: Sequence[QualityLine]) -> None:
        self.data = "\n".join(f"{line.name} {line.weight}" for line in lines)


def _weight_of(name: str, written: str) -> int:
    try:
        weight = numbers.whole(written)
    except ValueError:
        weight = -1
    if not name.strip() or not 0 <= weight <= 999:
        raise ValueError(str(_l("每行写一项名称和权重,例如:技术方案 30。")))
    return weight


_weight = [Optional(), NumberRange(0, 100)]


class TenderForm(_Asked):
    on_behalf_of = SelectField(_l("代表"), coerce=int)
    item_code = SelectField(_l("服务事项"), [NEEDED])
    region_code = region_field(_l("项目所在地区"), [NEEDED])
    project = text(_l("项目名称"), Tender.project)
    again_of = SelectField(
        _l("是不是重新采购"),
        description=_l("同一事项近期有采购没有形成合同的,发布前要说明;说明随需求公开。"),
        validate_choice=False,
    )
    mode = RadioField(_l("选取方式"), [NEEDED], default=Inquiry.name)
    funds = RadioField(
        _l("资金来源"), [NEEDED], choices=choices((k, _l(v)) for k, v in FUNDS.items()), default="private"
    )
    openness = RadioField(
        _l("范围"), [NEEDED], choices=choices((k, _l(v)) for k, v in OPENNESS.items()), default="open"
    )
    invited = ChecklistField(
        _l("邀请机构"),
        description=_l(
            "列出已公示本事项收费的机构;选了事项并存为草稿后可勾选。公开征集时,选中的机构会收到通知。"
        ),
        validate_choice=False,
    )
    price_weight = WholeField(_l("价格权重"), _weight, default=40, description=_l("各项权重合计 100。"))
    price_formula = RadioField(_l("价格分怎么算"), [Optional()], default="lowest_ratio")
    days_weight = WholeField(
        _l("工期权重"), _weight, default=10, description=_l("最短工期得满分,其他按 最短 ÷ 工期 计。")
    )
    credit_weight = WholeField(
        _l("信用权重"), _weight, default=20, description=_l("按信用等级得分,比例见规则。")
    )
    quality = QualityField(
        _l("质量评分项"),
        [Length(max=1000)],
        default=lambda: _("技术方案 30"),
        description=_l("每行一项:名称和权重。由评审人各自打分,互不可见,取平均。"),
    )

    def prepare(
        self, actor: Actor, items: list[ServiceItem], agencies: list[Organisation], earlier: list[Tender]
    ) -> None:
        """`earlier`: the buyer's tenders this one may repeat."""
        said = [
            (
                r.identifier,
                _("是 %(tender)s 的重新采购:%(project)s", tender=r.identifier, project=r.project),
            )
            for r in earlier
        ]
        self.again_of.choices = choices([("", _("请选择")), (NOT_AGAIN, _("不是重新采购")), *said])
        self.on_behalf_of.choices = choices(
            (key, _("本单位") if key == actor.organisation_id else name)
            for key, name in actor.buyers().items()
        )
        by_department: dict[str, list[tuple[str, str]]] = {}
        for item in items:
            by_department.setdefault(_(item.department), []).append((item.code, item_name(item)))
            if item.code == self.item_code.data:
                self.name_measures(item)
        self.item_code.choices = [c for line, pairs in by_department.items() for c in choices(pairs, line)]
        self.invited.choices = choices((a.identifier, a.name) for a in agencies)

        self.mode.choices = choices((k, f"{_(mode.label)} — {_(mode.how)}") for k, mode in MODES.items())
        self.price_formula.choices = choices(
            (k, f"{_(f.label)} — {_(f.says)}") for k, f in PRICE_FORMULAS.items()
        )

    @property
    def scored(self) -> bool:
        """Whether the mode that is chosen by now is scored by criteria."""
        return self.mode.data in MODES and MODES[self.mode.data].scored

    def values(self) -> dict[str, Any]:
        """The values as create_tender and edit_tender take them."""
        values = super().values()
        weights = {name: values.pop(f"{name}_weight") or 0 for name in ("price", "days", "credit")}
        formula, _text = values.pop("price_formula"), values.pop("quality")
        criteria = Criteria(
            price_weight=weights["price"],
            price_formula=formula or "",
            days_weight=weights["days"],
            credit_weight=weights["credit"],
            quality=tuple(QualityLine(**line) for line in self.quality.lines),
        )
        return {**values, "criteria": criteria.to_json()}

    def fill(self, tender: Tender) -> None:
        """Show a draft as it stands."""
        self.show(tender)
        for name in ("region_code", "project", "mode", "funds", "openness"):
            getattr(self, name).data = getattr(tender, name)
        self.item_code.data, self.on_behalf_of.data = tender.item.code, tender.buyer_id
        self.again_of.data = tender.again_said
        self.invited.data = [i.agency.identifier for i in tender.invitations]
        if tender.criteria:
            for name in ("price_weight", "price_formula", "days_weight", "credit_weight"):
                self[name].data = getattr(tender.criteria, name)
            self.quality.show(tender.criteria.quality)


class AmendForm(_Asked):
    reason = TextAreaField(
        _l("修改原因"), [NEEDED, FITS_REASON], description=_l("会公布,并告知每家已报价或受邀的机构。")
    )

    def prepare(self, case: Tender) -> None:
        self.name_measures(case.item)
        if not self.is_submitted():
            self.show(case)


class CancelForm(Form):
    """Why a tender whose answers can be read is to be cancelled.

    One of the policy's grounds, and the facts.
    """

    ground = RadioField(_l("情形"), [NEEDED], description=_l("只能是规则列明的情形;监管部门同意后公布。"))
    reason = TextAreaField(
        _l("事实和证据"), [NEEDED, Length(REASON_LEAST, REASON_MOST)], description=_l("监管部门据此决定。")
    )

    def prepare(self, case: Tender) -> None:
        self.ground.choices = choices(
            (g.key, f"{bilingual(g.words)}({g.source})") for g in grounds(case.policy_version).values()
        )


class OfferForm(Form):
    """A quote, or the next turn of a negotiation, which starts from the last one's terms."""

    price = MoneyField(_l("价格(元)"), [NEEDED])
    days = WholeField(_l("工期(工作日)"), [NEEDED, NumberRange(1, 500)])
    note = TextAreaField(_l("说明"), [fits(Offer.note)])

    def prepare(self, case: Quote) -> None:
        if not self.is_submitted():
            self.price.data, self.days.data = case.price, case.days


class BidForm(OfferForm):
    """What is sealed. The text for the draws is proposed at random; whoever distrusts it writes another."""

    note = TextAreaField(_l("方案说明"), [fits(Bid.note)], description=_l("与价格一起密封,拆封后公开。"))
    contribution = StringField(
        _l("抽取参数"),
        [Length(max=200)],
        description=_l(
            "您自己的一段任意文字,与投标一起密封。同分同价或抽取时,它和各家的文字、平台预先承诺的种子一起决定结果,谁都无法单独操纵。抽取文件里只公布它的加盐哈希;文字随投标一起公开。"
        ),
    )

    file = FileField(
        _l("附件"),
        description=_l(
            "如方案全文;与价格一起密封,拆封后公开。更换投标时请重新选择。PDF、OFD、PNG、JPEG、"
            "DOCX、XLSX 或 XML 发票,不超过 20 MB。"
        ),
        render_kw={"accept": ACCEPT},
    )

    def prepare(self, case: Tender) -> None:  # type: ignore[override]
        if not case.way.asks_price:
            del self.price
        if not self.is_submitted():
            self.contribution.data = secrets.token_hex(8)

    def values(self) -> dict[str, Any]:
        return {"price": None, **super().values()}


class UndercutForm(Form):
    price = MoneyField(_l("新的价格(元)"), [NEEDED])


class QuestionForm(Form):
    question = TextAreaField(
        _l("问题"), [NEEDED, fits(Clarification.question)], description=_l("不显示是谁问的,业主也看不到。")
    )


class AnswerForm(Form):
    answer = TextAreaField(
        _l("答复"), [NEEDED, fits(Clarification.answer)], description=_l("问题和答复会向所有人公布。")
    )
    changes = BooleanField(
        _l("这个答复改变了需求的条件"),
        description=_l(
            "勾选后按修改需求办理:截止时间按规则顺延,已报价、投标的都要重新提交。不勾选的,也至少留出规则规定的时间。"
        ),
    )


class AppointForm(Form):
    email = EmailField(
        _l("评审人邮箱"),
        [NEEDED, fits(User.email)],
        description=_l(
            "还没有注册的人也可以:用这个邮箱注册并确认后生效。拆封后先声明无利害关系,再独立评分。"
        ),
    )


class ScoreForm(Form):
    """An evaluator's sheet: made for the bids and lines of one tender by `score_form`."""

    bids: list[Bid]
    lines: Sequence[QualityLine]

    def values(self) -> dict[str, Any]:
        def row(number: int) -> Json:
            points = {
                line.name: self[f"points_{number}_{place}"].data for place, line in enumerate(self.lines)
            }
            return {"points": points, "reason": self[f"reason_{number}"].data or ""}

        return {"sheet": {bid.identifier: row(number) for number, bid in enumerate(self.bids)}}


def score_form(bids: list[Bid], lines: Sequence[QualityLine]) -> type[ScoreForm]:
    """A form with points for every bid and line, and a reason for every bid."""
    fields: dict[str, Any] = {"bids": bids, "lines": lines}
    for number, bid in enumerate(bids):
        for place, line in enumerate(lines):
            label = _(
                "%(agency)s · %(line)s(0 到 %(most)s 分)",
                agency=bid.agency.name,
                line=line.name,
                most=line.weight,
            )
            fields[f"points_{number}_{place}"] = WholeField(label, [NEEDED, NumberRange(0, line.weight)])
        label = _("%(agency)s · 理由", agency=bid.agency.name)
        fields[f"reason_{number}"] = TextAreaField(label, [NEEDED, Length(REASON_LEAST, REASON_MOST)])
    return type("RequestScoreForm", (ScoreForm,), fields)


class ObjectionForm(Form):
    grounds = TextAreaField(
        _l("事实和理由"),
        [NEEDED, fits(Objection.grounds)],
        description=_l("业主会先答复,再由监管部门处理;处理期间中选暂停确定。"),
    )


class StatementForm(Form):
    statement = TextAreaField(
        _l("答复"), [NEEDED, fits(Objection.statement)], description=_l("异议人和监管部门会看到。")
    )


class AwardForm(Form):
    """The buyer chooses among quotes; of bids the cheapest wins, so there is nothing to choose."""

    agency = RadioField(_l("中选机构"), [Optional()])
    reasons = TextAreaField(
        _l("中选理由"), [NEEDED, fits(Award.reasons), printed], description=_l("会随中选结果公示。")
    )

    def offer(self, quotes: list[Quote]) -> None:
        """Let the buyer choose among these, cheapest first; without any, ask for the reasons alone."""
        if not quotes:
            del self.agency
            return
        said = [
            (q.agency.identifier, f"{q.agency.name} · {money.show(q.price or 0)} · {_('%(n)s 日', n=q.days)}")
            for q in quotes
        ]
        self.agency.choices = choices(said)
