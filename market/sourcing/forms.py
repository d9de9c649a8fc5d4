"""Forms of a tender, the answers to it, and what follows."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.file import FileField
from wtforms import BooleanField, EmailField, RadioField, StringField, TextAreaField
from wtforms.validators import InputRequired, Length, NumberRange

from market.formatting import bilingual, working_days
from market.forms import (
    ACCEPT,
    FITS_REASON,
    NEEDED,
    BeijingTimeField,
    Form,
    MoneyField,
    WholeField,
    choices,
    fits,
    printed,
)
from market.sourcing.step_forms import BUDGET_HINT, SAY_MORE, SizeForm
from models import money, numbers
from models.accounts import User
from models.base import Json
from models.lengths import REASON_LEAST, REASON_MOST
from models.sourcing.awards import Award, Objection
from models.sourcing.bids import Bid
from models.sourcing.cancelling import grounds
from models.sourcing.clarifications import Clarification
from models.sourcing.quotes import Offer, Quote
from models.sourcing.scoring import QualityLine
from models.sourcing.tenders import Tender


class AmendForm(SizeForm):
    """What a published tender asks for, told anew."""

    description = TextAreaField(_l("需求说明"), [fits(Tender.description)], description=SAY_MORE)
    budget = MoneyField(_l("预算上限(元)"), description=BUDGET_HINT)
    deadline = BeijingTimeField(_l("截止时间"), [NEEDED])
    reason = TextAreaField(
        _l("修改原因"), [NEEDED, FITS_REASON], description=_l("会公布,并告知每家已报价或受邀的机构。")
    )

    def prepare(self, case: Tender) -> None:
        self.offer(case.item, case.quantity)
        self.deadline.description = _(case.way.deadline_hint) if case.way.deadline_hint else ""
        if not self.is_submitted():
            self.show(case)
            for name in ("description", "budget", "deadline"):
                getattr(self, name).data = getattr(case, name)


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
    days = WholeField(_l("工期(工作日)"), [NEEDED, NumberRange(1, 500)], unit=numbers.WORKING_DAYS)
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
            "DOCX、XLSX、DWG、ZIP 或 XML 发票,不超过 20 MB。"
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
            fields[f"points_{number}_{place}"] = WholeField(
                label, [NEEDED, NumberRange(0, line.weight)], unit=numbers.POINTS
            )
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

    agency = RadioField(_l("中选机构"), [InputRequired(_l("请选择一份仍然有效的报价。"))])
    reasons = TextAreaField(
        _l("中选理由"), [NEEDED, fits(Award.reasons), printed], description=_l("会随中选结果公示。")
    )

    def offer(self, quotes: list[Quote]) -> None:
        """Let the buyer choose among these, cheapest first; without any, ask for the reasons alone."""
        if not quotes:
            del self.agency
            return
        said = []
        for q in quotes:
            days = working_days(q.days or 0)
            said.append((q.agency.identifier, f"{q.agency.name} · {money.show(q.price or 0)} · {days}"))
        self.agency.choices = choices(said)
