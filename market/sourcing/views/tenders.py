"""Tenders: the list, drafting, the case page, questions."""

from __future__ import annotations

from functools import partial
from typing import Any

from flask import redirect, render_template, url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from flask_login import login_required
from markupsafe import Markup
from sqlalchemy import select
from werkzeug.wrappers import Response

from market import permissions
from market.buyer_sheets import about_buyer
from market.case_registry import OWN_ROUTE, ActPage, register_case
from market.case_views import case_page, case_url, form_page, link, visible
from market.charts import offers
from market.extensions import db
from market.formatting import (
    catalogued,
    format_instant,
    item_name,
    job_words,
    problem_text,
    region,
    working_days,
)
from market.identity import current_actor
from market.progress import of_tender
from market.restricted import own_refusal
from market.sourcing import before_publishing
from market.sourcing.actions import (
    auction,
    cancelling,
    closing,
    drafting,
    opening,
    questions,
    scoring,
    tenders,
)
from market.sourcing.actions import awards as award_actions
from market.sourcing.blueprint import bp, evaluator_words, readable, say, tender_link
from market.sourcing.forms import (
    AmendForm,
    AnswerForm,
    AppointForm,
    AwardForm,
    CancelForm,
    QuestionForm,
)
from market.sourcing.views.choosing import before_award, next_step, winning_bid
from models import documents, draws, money, policy
from models.contracts.agreement import UNSIGNED, Contract
from models.contracts.deliverables import Deliverable
from models.credit import restrictions
from models.credit.abandoned import abandoned_by
from models.credit.kept import CreditScore
from models.credit.restrictions import ENGAGED
from models.pricing import Quantity
from models.sourcing.answers import answers_to, shown_to
from models.sourcing.awards import Award, Objection
from models.sourcing.bids import Bid
from models.sourcing.cancelling import ENDED, ground_of, grounds, rerun_of
from models.sourcing.clarifications import Clarification, clarifications_for
from models.sourcing.comparison import past_prices
from models.sourcing.evaluations import Evaluation
from models.sourcing.modes import FUNDS, OPENNESS, TOO_FEW, planned_draws
from models.sourcing.outcomes import Link
from models.sourcing.quotes import Quote, bargaining
from models.sourcing.results import invited_told, result_of
from models.sourcing.scoring import PRICE_FORMULAS
from models.sourcing.steps import STEPS, lacking
from models.sourcing.tenders import Tender


class _AwardPage(AwardForm):
    """The award form knows the answers of its tender."""

    def prepare(self, case: Tender) -> None:
        quotes = (
            []
            if case.way.answer_class is Bid
            else shown_to(case, answers_to(db.session, case), current_actor())
        )
        standing = [quote for quote in quotes if quote.state in ("open", "agreed")]
        stops = restrictions.of(db.session, [quote.agency for quote in standing])
        free = [quote for quote in standing if not restrictions.stopping(stops[quote.agency_id], ENGAGED)]
        self.offer(free or standing)  # where all are stopped, whoever is chosen is refused with the reason


def links_shown(found: Tender, shown: list[Any]) -> list[Link]:
    """Which answers are linked, as far as the reader may know: of those it is `shown`.

    Of sealed bids that is everybody once they are open, of quotes the buyer and its overseers once it is
    closed, and never of those that stayed sealed.
    """
    names = {answer.identifier for answer in shown}
    links = found.outcome.linked if found.outcome else []
    return [group for group in links if names.issuperset(group.answers)]


@bp.get("/requests/<identifier>")
def show(identifier: str) -> str:
    found, actor = readable(identifier), current_actor()
    answers = answers_to(db.session, found)
    shown = shown_to(found, answers, actor)
    scores = select(CreditScore).where(CreditScore.agency_id.in_([a.agency_id for a in shown]))
    awards = list(
        db.session.scalars(select(Award).where(Award.tender_id == found.id).order_by(Award.id.desc()))
    )
    objections = list(
        db.session.scalars(select(Objection).join(Objection.award).where(Award.tender_id == found.id))
    )
    evaluations = list(
        db.session.scalars(select(Evaluation).where(Evaluation.tender_id == found.id).order_by(Evaluation.id))
    )
    contract = db.session.scalars(
        select(Contract).where(Contract.tender_id == found.id).order_by(Contract.id.desc()).limit(1)
    ).first()
    delivered = select(Deliverable).where(Deliverable.contract_id == (contract.id if contract else 0))
    deliverable = db.session.scalars(delivered.order_by(Deliverable.id.desc()).limit(1)).first()
    priced = [(a.agency.name, a.price, a.published_price) for a in shown if a.price and a.published_price]
    past = past_prices(db.session, found) if shown else None
    quotes = [answer for answer in shown if isinstance(answer, Quote)]
    count = len(answers) if found.way.tells_count(found) else None
    mine = next((a for a in answers if a.agency_id == actor.organisation_id), None)
    page = case_page(found, [*awards, *objections, *(shown if found.roles_of(actor) else [])])
    idle = {"cancel"} if found.cancels_with_consent else {"ask_cancel"}
    if found.state == "published":
        idle = set()
    if found.state == "contracted" and (contract is None or contract.state not in UNSIGNED):
        idle = {"ask_cancel"}
    page["moves"] = [move for move in page["moves"] if move.act not in idle]
    return render_template(
        "sourcing/show.html",
        **page,
        tender=found,
        journey=of_tender(found, contract, deliverable, bargaining(db.session, quotes)),
        answers=shown,
        count=count,
        none_shown=found.way.none_shown(found, count),
        hints=found.way.explain(policy.get(found.policy_version), say),
        next_step=next_step(found, shown),
        mine=mine,
        result=result_of(db.session, found, mine),
        invited=invited_told(found),
        asked=_asked(found, shown),
        can_answer=permissions.may_act("sourcing.questions.ask", actor) and found.state == "published",
        scores={s.agency_id: s for s in db.session.scalars(scores)},
        awards=awards,
        objections=objections,
        evaluator_words=evaluator_words,
        evaluations=[e for e in evaluations if e.state == "published" or e.roles_of(actor)],
        unnamed=any(e.roles_of(actor) and not e.named_to(actor) for e in evaluations),
        draws=draws.of_case(db.session, found.identifier),
        planned=planned_draws(),
        won=winning_bid(found, answers) if found.opened else None,
        names={a.identifier: a.agency.name for a in answers} if found.opened else {},
        clarifications=clarifications_for(db.session, found, actor),
        winner=next((a.agency_id for a in awards if a.state != "annulled"), None),
        past=past,
        plot=offers(priced, past.prices if past else None, _("每个点是一家的报价,竖线是该机构的公示价"))
        if len(priced) > 1
        else None,
        may_keep=drafting.may_begin_from(actor, found),
        files=[each for each in documents.of_case(db.session, "tender", identifier) if not each.issued],
        may_repeat=drafting.may_begin_from(actor, found)
        and (
            found.state in ENDED
            or (contract is not None and contract.state == "terminated" and found.state == "contracted")
        ),
        contract=contract if contract and contract.roles_of(actor) else None,
        ground=ground_of(found) if found.state == "cancelled" or found.roles_of(actor) else None,
        cancel_grounds=grounds(found.policy_version).values(),
        **_beside(found),
        **about_buyer(found.buyer),
        refused=own_refusal(actor, found.way.activity)
        if found.state == "published" and "agency" in actor.roles
        else "",
        quantity=quantity_words(found),
        item_link=link(url_for("catalogue.item", identifier=found.item.code), item_name(found.item)),
        policy_link=link(url_for("catalogue.policies"), _("第 %(v)s 版", v=found.policy_version)),
        links=links_shown(found, shown),
        link_names={a.identifier: a.agency.name for a in shown},
        left=abandoned_by(db.session, [a.agency_id for a in shown]) if found.roles_of(actor) else {},
        funds=FUNDS,
        openness=OPENNESS,
        too_few=TOO_FEW,
        formulas=PRICE_FORMULAS,
        book=policy.get(found.policy_version),
    )


def _asked(found: Tender, shown: list[Any]) -> Markup | str:
    """Whom the buyer asked by name, for itself, and which of those answered, where it may see that.

    To one that was asked, that it was.
    """
    actor, agencies = current_actor(), [each.agency for each in found.invitations]
    if "buyer" in found.roles_of(actor):
        answered = {each.agency_id for each in shown}
        return Markup(" · ").join(
            link(url_for("agencies.show", identifier=agency.identifier), agency.name)
            + (_("(已答复)") if agency.id in answered else "")
            for agency in agencies
        )
    return _("贵单位在受邀之列") if actor.organisation_id in {agency.id for agency in agencies} else ""


def _beside(found: Tender) -> dict[str, Any]:
    """The tender this one repeats, with the ground on which it was cancelled, and the one that repeats it.

    The first with a link where the reader may see its page (that it is named is the rule), the second where
    the reader may know of it.
    """
    before = Tender.load(db.session, found.again_of) if found.again_of else None
    said: dict[str, Any] = {
        "before": before,
        "before_ground": ground_of(before) if before and before.state == "cancelled" else None,
        "after": rerun_of(db.session, found),
    }
    for name in ("before", "after"):
        each = said[name]
        readable_too = each is not None and each.readable_by(db.session, current_actor())
        said[f"{name}_link"] = (
            tender_link(each) if readable_too else each.identifier if each and name == "before" else None
        )
    return said


def quantity_words(found: Tender) -> str:
    said = Quantity.of(found.quantity)
    sized = found.item.measure != "none" and said.base(found.item.measure)
    return " · ".join(filter(None, [job_words(said, found.item) if sized else "", catalogued(said.factor)]))


def _before_publishing(draft: Tender) -> list[tuple[str, Any]]:
    """What is about to be published, and why nobody, or too few, could answer it."""
    told = draft.knows("what") and not any(problem is None for _step, problem in lacking(db.session, draft))
    return [*_step_by_step(draft), *((before_publishing.warnings(draft) or []) if told else [])]


def _step_by_step(draft: Tender) -> list[tuple[str, Any]]:
    """What is about to be published, a line a step with the way to it, and what is wrong or lacking there."""
    wrong = {
        step: problem_text(problem) if problem else _("还没有填")
        for step, problem in lacking(db.session, draft)
    }
    invited = ngettext("邀请 %(num)d 家", "邀请 %(num)d 家", len(draft.invitations))
    wanted = _("希望 %(day)s 拿到成果", day=draft.wanted_on) if draft.wanted_on else ""
    told = {
        "what": [draft.project, item_name(draft.item), region(draft.region_code)],
        "size": [quantity_words(draft)],
        "choice": [
            _(FUNDS[draft.funds]),
            _(draft.way.label),
            _("预算上限 %(sum)s", sum=money.show(draft.budget)) if draft.budget else _("不设预算上限"),
        ],
        "whom": [
            _(OPENNESS[draft.openness]),
            invited if draft.invitations else _("不点名邀请"),
            _("至 %(time)s", time=format_instant(draft.deadline)),
            wanted,
        ],
    }
    rows = []
    for number, (step, label) in enumerate(STEPS.items(), 1):
        words = " · ".join(filter(None, told[step])) if draft.knows(step) else ""
        problem = Markup('<strong class="problem">{}</strong>').format(wrong[step]) if step in wrong else ""
        way = link(
            url_for("sourcing.edit", identifier=draft.identifier, step=step),
            _("修改第 %(n)s 步", n=number) if words else _("去填第 %(n)s 步", n=number),
        )
        rows.append((_(label), Markup(" ").join(filter(None, (words, problem, way)))))
    return rows


@bp.route("/requests/<identifier>/ask", methods=["GET", "POST"])
@login_required
def ask(identifier: str) -> Response | str | tuple[str, int]:
    found = readable(identifier)
    back = case_url("tender", found.identifier)
    return form_page(
        QuestionForm(),
        _("就这项需求提问"),
        partial(questions.ask, identifier=identifier),
        lambda _: back,
        back=back,
        lead=_(
            "%(project)s · 提问截止 %(time)s(征集截止前 %(days)s)",
            project=found.project,
            time=format_instant(found.questions_until),
            days=working_days(found.questions_days),
        ),
    )


@bp.get("/clarifications/<identifier>")
@login_required
def show_clarification(identifier: str) -> Response:
    """A question has no page of its own; it stands on its tender's."""
    return redirect(case_url("tender", visible(Clarification, identifier).tender.identifier), 303)


def _asking_to_cancel(found: Tender) -> str:
    """Once there is an award to be made, some are cancelled with consent alone."""
    return "ask_cancel" if found.state == "evaluated" and found.cancels_with_consent else ""


register_case(
    bp,
    Tender,
    url="/requests",
    page=show,
    acts={
        "publish": ActPage(tenders.publish, beside=_before_publishing),
        "close": ActPage(closing.close),
        "amend": ActPage(tenders.amend, AmendForm),
        "appoint": ActPage(scoring.appoint, AppointForm),
        "cancel": ActPage(cancelling.cancel, instead=_asking_to_cancel),
        "edit": OWN_ROUTE,
        "ask_cancel": ActPage(cancelling.ask, CancelForm),
        "consent": ActPage(cancelling.consent),
        "refuse_cancel": ActPage(cancelling.refuse),
        "keep": ActPage(cancelling.keep),
        "call_off": ActPage(cancelling.call_off),
        "award": ActPage(
            award_actions.award,
            _AwardPage,
            lambda form: {"agency": "", **form.values()},
            beside=before_award,
        ),
    },
    timed={"close": closing.close, "open": opening.open_bids, "end_auction": auction.end},
    public=True,
)


register_case(
    bp,
    Clarification,
    url="/clarifications",
    page=show_clarification,
    acts={
        "answer": ActPage(questions.answer, AnswerForm),
    },
)
