"""What other systems ask: may this organisation do that now, and if not, why and until when. Signed.

Read by anybody, and so no more than anybody may know: of a restriction whose source is not published it says
that there is one, of which sort and until when (docs/decisions/0038-restricted-without-the-facts.md).
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from flask import Response, current_app, render_template, request, url_for
from flask_babel import force_locale
from flask_babel import gettext as _
from sqlalchemy import select

from market.extensions import db, limiter
from market.formatting import problem_text
from market.opendata.blueprint import bp
from market.restricted import basis_words
from market.signing import secret
from market.transaction import looking, transaction
from models import clock, uscc
from models.accounts import Organisation
from models.clock import BEIJING
from models.credit import restrictions
from models.credit.policy import ACTIVITIES
from models.credit.restrictions import Restriction
from models.errors import NotFound, Problem, RuleViolation
from models.i18n import N_
from models.signing import answers
from models.signing.keys import SigningKey

VERSION = 1
KNOWN = ("verified", "suspended")  # who is not let in is nobody's to know of
_BASIS = {
    "account": "account_decision",
    "record": "credit_record",
    "listing": "external_list",
    "grade": "credit_grade",
}


@bp.get("/restrictions/<code>")
@limiter.limit("60 per minute")
def restricted(code: str) -> Response:
    """The signed answer about the organisation of this 统一社会信用代码."""
    try:
        organisation = _named(code)
    except Problem as problem:
        return _problem(problem.status, problem_text(problem))
    at = clock.now()
    found = restrictions.of(db.session, [organisation], at)[organisation.id]
    with force_locale("zh_Hans_CN"):  # what is signed is the same in whichever language it is asked
        answer = {
            "version": VERSION,
            "uscc": organisation.uscc,
            "name": organisation.name,
            "as_of": _instant(at),
            "activities": {activity: _activity(activity, found) for activity in ACTIVITIES},
        }
    db.session.rollback()
    key = _key()
    signature = {
        "algorithm": answers.ALGORITHM,
        "key": key.serial,
        "certificates": f"{current_app.config['PUBLIC_URL']}{url_for('opendata.certificates')}",
        "value": answers.signature(answer, key, secret()),
    }
    return _json({"answer": answer, "signature": signature}, 200, "application/json")


@bp.get("/restrictions/certificates.pem")
@limiter.limit("60 per minute")
def certificates() -> Response:
    """The certificates by which answers are verified, and the roots they lead to."""
    _key()
    with looking() as session:
        return Response(answers.certificates(session), mimetype="application/x-pem-file")


@bp.errorhandler(429)
def too_often(error: Any) -> Response | tuple[str, int]:
    """Whoever asks too often, in the form it asked for."""
    said = _("尝试太频繁,请稍后再试。")
    if request.endpoint in ("opendata.restricted", "opendata.certificates"):
        return _problem(429, said)
    return render_template("layout/error.html", status=429, message=said), 429


def _named(code: str) -> Organisation:
    """NotFound for a code nobody has here, RuleViolation for what is no code."""
    known = uscc.read(code)
    found = db.session.scalars(
        select(Organisation).where(Organisation.uscc == known, Organisation.state.in_(KNOWN))
    ).one_or_none()
    if found is not None:
        return found
    if not uscc.sound(known):
        raise RuleViolation(N_("统一社会信用代码的校验位不相符(GB 32100),多半是抄错了。"), "uscc")
    raise NotFound(N_("这里没有统一社会信用代码为 %(code)s 的单位。"), code=known)


def _activity(activity: str, found: list[Restriction]) -> dict[str, Any]:
    stops = restrictions.stopping(found, [activity])
    return {"allowed": not stops, "name": _(ACTIVITIES[activity]), "restrictions": [_told(s) for s in stops]}


def _told(each: Restriction) -> dict[str, str | bool | None]:
    """A restriction as anybody may know it."""
    return {
        "basis_kind": _BASIS[each.source],
        "published": each.public,
        "reason": problem_text(each.reason) if each.public else None,
        "basis": basis_words(each) if each.public else None,
        "record": each.case or None if each.public else None,
        "until": _instant(each.until) if each.until else None,
    }


def _instant(instant: datetime) -> str:
    return instant.astimezone(BEIJING).isoformat(timespec="seconds")


def _key() -> SigningKey:
    """The pair answers are signed with, made where there is none in force."""
    with looking() as session:
        standing = answers.key_in_use(session, secret())
    if standing is not None:
        return standing
    with transaction() as session:
        made = answers.prepare(session, secret())
        session.expunge(made)
        return made


def _problem(status: int, detail: str) -> Response:
    """Why there is no answer, as RFC 9457 has it."""
    titles = {404: _("没有找到"), 422: _("请求有误"), 429: _("太频繁")}
    told = {"type": "about:blank", "status": status, "title": titles[status], "detail": detail}
    return _json(told, status, "application/problem+json")


def _json(told: dict[str, Any], status: int, kind: str) -> Response:
    body = json.dumps(told, ensure_ascii=False, indent=1, sort_keys=True) + "\n"
    return Response(body, status, mimetype=kind, headers={"Cache-Control": "no-store"})
