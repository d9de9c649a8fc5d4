"""Which page answers whom with what, and the cases those pages are about."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from market.accounts import actions as accounts
from market.agencies import actions as agencies
from market.agencies import imports, registry
from market.codes import code_of
from market.contracts import actions as contracts
from market.extensions import db
from market.payments import actions as money
from market.payments.jobs import close_books, match_lines
from market.sourcing import actions as sourcing
from market.transaction import transaction
from models import draws, ledger
from models.accounts import Organisation
from models.actors import SYSTEM, VISITOR
from models.agencies.checks import open_check
from models.contracts import Contract, Deliverable, Materials
from models.credit import propose
from models.payments import Payment, Payout
from models.ratings import Rating
from models.sourcing import Award, Clarification, Evaluation
from tests.factories import PDF, World

CRITERIA = {
    "price": {"weight": 40, "formula": "lowest_ratio"},
    "days": {"weight": 10},
    "credit": {"weight": 20},
    "quality": [{"name": "技术方案", "weight": 30}],
}
SEALED = 4_321_700  # a bid nobody may see before its opening
SECRETS = ("43,217", "43217", str(SEALED), "密封的话", "我的参数")


def says(text: str, secret: str) -> bool:
    """Whether a text tells this; figures within a digest are none."""
    return secret in text and (
        not secret.isdigit() or re.search(rf"(?<![0-9a-f]){secret}(?![0-9a-f])", text) is not None
    )


HIDDEN = 3_917_300  # a quote nobody but its agency may see before the deadline
OWN = ("39,173", "39173", str(HIDDEN), "只给自己看的话")  # what tells it
ROLES = (
    "visitor",
    "buyer",
    "other",
    "agency",
    "second",
    "regulator",
    "far",
    "department",
    "admin",
    "custodian",
)

# Per page, one status a role in the order of ROLES. 302 sends a visitor to the sign-in page and a case
# without a page of its own to its contract; 404 also hides that there is such a case.
#                                     vis  buy  oth  age  sec  reg  far  dep  adm  cus
PUBLIC = (200,) * 10
SIGNED_IN = (302,) + (200,) * 9
PARTIES = (302, 200, 404, 200, 404, 200, 404, 404, 200, 404)
OVERSEERS = (302, 403, 403, 403, 403, 200, 200, 403, 200, 403)
WATCHERS = (302, 403, 403, 403, 403, 200, 403, 403, 200, 200)
OF_THE_MARKET = (302, 403, 403, 403, 403, 200, 403, 403, 200, 403)
AGENCIES = (302, 403, 403, 200, 200, 403, 403, 403, 403, 403)
WITH_DEPARTMENT = (302, 200, 404, 200, 404, 200, 404, 200, 200, 404)
EXPECTED: dict[str, tuple[int, ...]] = {
    "/": PUBLIC,
    "/health": PUBLIC,
    "/ready": (503,) * 10,  # limits have passed here, and no jobs worker is there to act
    "/items": PUBLIC,
    "/items/WAT-01": PUBLIC,
    "/items/NONE-1": (404,) * 10,
    "/policy": PUBLIC,
    "/verify_draw.py": PUBLIC,
    "/agencies": PUBLIC,
    "/agencies?q=水保&item=WAT-01&region=632800&grade=none&page=2": PUBLIC,
    "/agencies?q=密封": PUBLIC,
    "/agencies?q=43": PUBLIC,
    "/agencies/{agency}": PUBLIC,
    "/agencies/{applicant}": (404, 404, 404, 404, 404, 200, 404, 404, 200, 404),
    "/agencies/{buyer}": (404, 200, 404, 404, 404, 200, 404, 404, 200, 404),
    "/agencies/A-2026-999999": (404,) * 10,
    "/agencies/{agency}/credit": PUBLIC,
    "/agencies/{applicant}/verify": (302, 404, 404, 404, 404, 200, 404, 404, 200, 404),
    "/agencies/{applicant}/return": (302, 404, 404, 404, 404, 200, 404, 404, 200, 404),
    "/agencies/{agency}/submit": (302, 403, 403, 303, 404, 403, 403, 403, 403, 403),
    "/agencies/{agency}/fees/WAT-01": PUBLIC,
    "/agencies/{agency}/fees/EIA-01": (404,) * 10,
    "/agencies?order=price&item=WAT-01&least=1&most=90000&held=x": PUBLIC,
    "/suggest?q=shui": PUBLIC,
    "/my/entry": (302, 403, 403, 200, 200, 403, 403, 403, 403, 403),
    "/my/entry/licence": (302, 403, 403, 200, 200, 403, 403, 403, 403, 403),
    "/my/entry/practitioners": (302, 403, 403, 200, 200, 403, 403, 403, 403, 403),
    "/my/entry/materials": (302, 403, 403, 200, 200, 403, 403, 403, 403, 403),
    "/my/entry/nothing": (302, 403, 403, 404, 404, 403, 403, 403, 403, 403),
    "/my/entry/commitment": (302, 403, 403, 200, 200, 403, 403, 403, 403, 403),
    "/my/certificate": (302, 403, 403, 200, 200, 403, 403, 403, 403, 403),
    "/oversight/checks": OVERSEERS,
    "/oversight/checks?kind=scope&state=open": OVERSEERS,
    "/oversight/checks.csv": OVERSEERS,
    "/oversight/register": OF_THE_MARKET,
    "/checks/{check}": (302, 404, 404, 200, 404, 200, 404, 404, 200, 404),
    "/checks/{check}/ask": (302, 404, 404, 403, 404, 200, 404, 404, 403, 404),
    "/checks/{check}/answer": (302, 404, 404, 409, 404, 409, 404, 404, 409, 404),
    "/credit/records/{record}": (302, 404, 404, 404, 404, 200, 404, 404, 200, 404),
    "/credit/records/{record}/drop": (302, 404, 404, 404, 404, 200, 404, 404, 403, 404),
    "/imports": (302, 403, 403, 200, 200, 200, 200, 403, 200, 403),
    "/imports/new": (302, 403, 403, 200, 200, 200, 200, 403, 200, 403),
    "/imports/fees.csv": PUBLIC,
    "/batches/{batch}": (302, 404, 404, 200, 404, 404, 404, 404, 200, 404),
    "/batches/{batch}.csv": (302, 404, 404, 200, 404, 404, 404, 404, 200, 404),
    "/batches/{comparison}": (302, 404, 404, 404, 404, 200, 404, 404, 200, 404),
    "/batches/T-2026-999999": (302,) + (404,) * 9,
    "/matters": PUBLIC,
    "/matters?q=审批": PUBLIC,
    "/items/WAT-01/history": PUBLIC,
    "/items/NONE-1/history": (404,) * 10,
    "/items/WAT-01?region=632800": PUBLIC,
    "/items/WAT-01/edit": (302, 403, 403, 403, 403, 200, 403, 200, 200, 403),
    "/items/WAT-01/withdraw": (302, 403, 403, 403, 403, 200, 403, 200, 200, 403),
    "/items/EIA-01/edit": (302, 403, 403, 403, 403, 200, 403, 403, 200, 403),
    "/items/new": (302, 403, 403, 403, 403, 200, 403, 200, 200, 403),
    "/papers/{award}.pdf": PUBLIC,
    "/papers/{paper}.pdf": PUBLIC,
    "/check/{paper}": PUBLIC,
    "/agencies/{applicant}/refuse": (302, 404, 404, 404, 404, 200, 404, 404, 200, 404),
    "/agencies/{agency}/suspend": (302, 404, 404, 403, 404, 200, 404, 404, 403, 404),
    "/agencies/{agency}/restore": (302, 404, 404, 409, 404, 409, 404, 404, 409, 404),
    "/agencies/{agency}/explode": (302, 404, 404, 404, 404, 404, 404, 404, 404, 404),
    "/credit": PUBLIC,
    "/credit?item=WAT-01&region=632800": PUBLIC,
    "/requests": PUBLIC,
    "/requests?state=published&mine=1&item=WAT-01&region=632801": PUBLIC,
    "/requests/{inquiry}": PUBLIC,
    "/requests/{sealed}": PUBLIC,
    "/requests/{awarded}": PUBLIC,
    "/requests/{draft}": (404, 200, 404, 404, 404, 200, 404, 404, 200, 404),
    "/requests/{invited}": (404, 200, 404, 200, 404, 200, 404, 404, 200, 404),
    "/requests/new": (302, 200, 200, 403, 403, 403, 403, 403, 403, 403),
    "/requests/new?item=EIA-01": (302, 200, 200, 403, 403, 403, 403, 403, 403, 403),
    "/requests/{draft}/edit": (302, 200, 404, 404, 404, 403, 404, 404, 403, 404),
    "/requests/{inquiry}/edit": (302, 409, 404, 404, 404, 409, 404, 404, 409, 404),
    "/requests/{draft}/publish": (302, 200, 404, 404, 404, 403, 404, 404, 403, 404),
    "/requests/{inquiry}/close": (302, 200, 404, 404, 404, 403, 404, 404, 403, 404),
    "/requests/{inquiry}/cancel": (302, 200, 404, 404, 404, 403, 404, 404, 403, 404),
    "/requests/{inquiry}/amend": (302, 200, 404, 404, 404, 403, 404, 404, 403, 404),
    "/requests/{inquiry}/appoint": (302, 200, 404, 404, 404, 403, 404, 404, 403, 404),
    "/requests/{inquiry}/compare": PUBLIC,
    "/requests/{sealed}/compare": PUBLIC,
    "/requests/{draft}/compare": (404, 200, 404, 404, 404, 200, 404, 404, 200, 404),
    "/requests/{inquiry}/ask": AGENCIES,
    "/requests/{draft}/ask": (302, 403, 403, 404, 404, 403, 403, 403, 403, 403),
    "/requests/{live}/auction": (302, 200, 404, 200, 200, 200, 404, 404, 200, 404),
    "/requests/{live}/auction/stream": (302, 200, 404, 200, 200, 200, 404, 404, 200, 404),
    "/requests/{sealed}/auction": (302,) + (404,) * 9,
    "/requests/{merit}": PUBLIC,
    "/clarifications/{question}": (302, 303, 404, 404, 404, 303, 404, 404, 303, 404),
    "/clarifications/{question}/answer": (302, 200, 404, 404, 404, 403, 404, 404, 403, 404),
    "/evaluations/{evaluation}": (302, 200, 200, 404, 404, 200, 404, 404, 200, 404),
    "/evaluations/{evaluation}/declare": (302, 403, 200, 404, 404, 403, 404, 404, 403, 404),
    "/evaluations/{evaluation}/recuse": (302, 403, 200, 404, 404, 403, 404, 404, 403, 404),
    "/evaluations/{evaluation}/score": (302, 409, 409, 404, 404, 409, 404, 404, 409, 404),
    "/requests/{inquiry}/award": (302, 409, 404, 404, 404, 409, 404, 404, 409, 404),
    "/requests/{evaluated}/award": (302, 200, 404, 404, 404, 403, 404, 404, 403, 404),
    "/requests/{inquiry}/answer": SIGNED_IN,
    "/requests/{draft}/answer": (302, 200, 404, 404, 404, 200, 404, 404, 200, 404),
    "/my/answers": SIGNED_IN,
    "/quotes/{quote}": PARTIES,
    "/quotes/{quote}/offer": (302, 200, 404, 403, 404, 403, 404, 404, 403, 404),
    "/quotes/{quote}/accept": (302, 200, 404, 403, 404, 403, 404, 404, 403, 404),
    "/quotes/{quote}/decline": (302, 200, 404, 403, 404, 403, 404, 404, 403, 404),
    "/quotes/{quote}/withdraw": (302, 403, 404, 200, 404, 403, 404, 404, 403, 404),
    "/requests/{quiet}": PUBLIC,
    "/requests/{quiet}/compare": PUBLIC,
    "/requests/{quiet}/answer": SIGNED_IN,
    "/requests/{quiet}/award": (302, 409, 404, 404, 404, 409, 404, 404, 409, 404),
    "/quotes/{hidden}": (302, 404, 404, 200, 404, 404, 404, 404, 404, 404),
    "/quotes/{hidden}/accept": (302, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    "/quotes/{hidden}/decline": (302, 404, 404, 403, 404, 404, 404, 404, 404, 404),
    "/quotes/{hidden}/replace": (302, 404, 404, 303, 404, 404, 404, 404, 404, 404),
    "/quotes/{hidden}/withdraw": (302, 404, 404, 200, 404, 404, 404, 404, 404, 404),
    "/bids/{opened}": PUBLIC,
    "/bids/{bid}": (404, 404, 404, 200, 404, 404, 404, 404, 404, 404),
    "/bids/{bid}/withdraw": (302, 404, 404, 200, 404, 404, 404, 404, 404, 404),
    "/bids/{bid}/replace": (302, 404, 404, 303, 404, 404, 404, 404, 404, 404),
    "/bids/{bid}/undercut": (302, 404, 404, 303, 404, 404, 404, 404, 404, 404),
    "/bids/{bid}.json": (404,) * 10,
    "/bids/{opened}.json": PUBLIC,
    "/bids/{opened}/file": PUBLIC,
    "/bids/{bid}/file": (404,) * 10,
    "/awards": PUBLIC,
    "/awards/{award}": PUBLIC,
    "/awards/{award}/annul": (302, 409, 404, 409, 404, 409, 404, 404, 409, 404),
    "/draws/{draw}.json": PUBLIC,
    "/draws/D-2026-999999.json": (404,) * 10,
    "/papers/{tied}.pdf": (404,) * 10,
    "/awards/{tied}/object": AGENCIES,
    "/check/{award}": PUBLIC,
    "/check/W-2026-999999": (404,) * 10,
    "/objections/{objection}": (302, 200, 404, 404, 200, 200, 404, 404, 200, 404),
    "/objections/{objection}/answer": (302, 200, 404, 404, 403, 403, 404, 404, 403, 404),
    "/objections/{objection}/withdraw": (302, 403, 404, 404, 200, 403, 404, 404, 403, 404),
    "/objections/{objection}/uphold": (302, 409, 404, 404, 409, 409, 404, 404, 409, 404),
    "/contracts": SIGNED_IN,
    "/contracts/{contract}": WITH_DEPARTMENT,
    "/contracts/{drafted}": PARTIES,
    "/contracts/{drafted}/agree_buyer": (302, 200, 404, 403, 404, 403, 404, 404, 403, 404),
    "/contracts/{drafted}/agree_agency": (302, 403, 404, 200, 404, 403, 404, 404, 403, 404),
    "/contracts/{drafted}/revise": (302, 200, 404, 200, 404, 403, 404, 404, 403, 404),
    "/contracts/{drafted}/terminate": (302, 200, 404, 200, 404, 403, 404, 404, 403, 404),
    "/deliverables/{deliverable}": WITH_DEPARTMENT,
    "/deliverables/{delivered}/accept": (302, 200, 404, 403, 404, 403, 404, 403, 403, 404),
    "/deliverables/{delivered}/return": (302, 200, 404, 403, 404, 403, 404, 403, 403, 404),
    "/deliverables/{delivered}/pass": (302, 409, 404, 409, 404, 409, 404, 409, 409, 404),
    "/deliverables/{delivered}/send_back": (302, 409, 404, 409, 404, 409, 404, 409, 409, 404),
    "/deliverables/{delivered}/submit": (302, 409, 404, 409, 404, 409, 404, 409, 409, 404),
    "/materials/{materials}": (302, 303, 404, 303, 404, 303, 404, 404, 303, 404),
    "/materials/{materials}/supply": (302, 200, 404, 403, 404, 403, 404, 404, 403, 404),
    "/contracts/{drafted}/bring": PARTIES,
    "/contracts/{drafted}/paper": PARTIES,
    "/contracts/{contract}/paper": PARTIES,
    "/check/{drafted}": (404, 200, 404, 200, 404, 200, 404, 404, 200, 404),
    "/check/{drafted}/{code}": PUBLIC,
    "/check/{contract}/{code}": (404, 200, 404, 200, 404, 200, 404, 200, 200, 404),  # another paper's code
    "/contracts/{running}/changes/extension": (302, 200, 404, 200, 404, 403, 404, 404, 403, 404),
    "/contracts/{running}/changes/variation": (302, 200, 404, 200, 404, 403, 404, 404, 403, 404),
    "/changes/{change}": PARTIES,
    "/changes/{change}/agree": (302, 409, 404, 409, 404, 409, 404, 404, 409, 404),
    "/disputes/{dispute}": PARTIES,
    "/disputes/{dispute}/answer": (302, 409, 404, 409, 404, 409, 404, 404, 409, 404),
    "/disputes/{dispute}/decide": (302, 403, 404, 403, 404, 200, 404, 404, 403, 404),
    "/contract-templates": PUBLIC,
    "/contract-templates/report": PUBLIC,
    "/contract-templates/nothing": (404,) * 10,
    "/contract-templates/report/revise": (302, 403, 403, 403, 403, 200, 403, 403, 403, 403),
    "/clause-rules": PUBLIC,
    "/check": PUBLIC,
    "/check/{contract}": (404, 200, 404, 200, 404, 200, 404, 200, 200, 404),
    "/papers/{award}/{code}.pdf": PUBLIC,
    "/papers/{drafted}/{code}.pdf": (404,) * 10,
    "/papers/{contract}.pdf": (404,) * 10,
    "/my/signing": (302, 200, 200, 200, 200, 403, 403, 403, 403, 403),
    "/my/signing/renew": (302, 200, 200, 200, 200, 403, 403, 403, 403, 403),
    "/my/signing/bring": (302, 200, 200, 200, 200, 403, 403, 403, 403, 403),
    "/reviews": (302, 403, 403, 403, 403, 403, 403, 200, 403, 403),
    "/reviews?standing=passed&item=WAT-01": (302, 403, 403, 403, 403, 403, 403, 200, 403, 403),
    "/reviews.xlsx": (302, 403, 403, 403, 403, 403, 403, 200, 403, 403),
    "/oversight/clauses": OVERSEERS,
    "/oversight/clauses.csv": OVERSEERS,
    "/oversight/first-pass": (302, 403, 403, 403, 403, 200, 200, 200, 200, 403),
    "/oversight/first-pass.csv?by=region": (302, 403, 403, 403, 403, 200, 200, 200, 200, 403),
    "/documents/{report}": WITH_DEPARTMENT,
    "/documents/{voucher}": (302, 200, 404, 200, 404, 200, 404, 404, 200, 200),
    "/documents/F-2026-999999": (302,) + (404,) * 9,
    "/payments/{payment}": (302, 200, 404, 200, 404, 200, 404, 404, 200, 200),
    "/payments/{due}/receive": (302, 403, 404, 403, 404, 403, 404, 404, 403, 200),
    "/payments/{payment}/invoice": (302, 403, 404, 200, 404, 403, 404, 404, 403, 403),
    "/payments/{due}/online": (302,) + (404,) * 9,
    "/payments/{due}/back": (302, 303, 404, 303, 404, 303, 404, 404, 303, 303),
    "/payouts": SIGNED_IN,
    "/payouts/{payout}": (302, 200, 404, 200, 404, 200, 404, 404, 200, 200),
    "/payouts/{payout}/send": (302, 403, 404, 403, 404, 403, 404, 404, 403, 200),
    "/invoices/{invoice}": PARTIES,
    "/invoices/{invoice}/receive": (302, 200, 404, 403, 404, 403, 404, 404, 403, 404),
    "/custody": WATCHERS,
    "/custody/import": (302, 403, 403, 403, 403, 403, 403, 403, 403, 200),
    "/custody/layouts": (302, 403, 403, 403, 403, 403, 403, 403, 403, 200),
    "/custody/import/9999": (302, 403, 403, 403, 403, 403, 403, 403, 403, 404),
    "/custody/statements/{statement}": WATCHERS,
    "/custody/statements/{statement}.csv": WATCHERS,
    "/custody/statements/{statement}/1": (302, 403, 403, 403, 403, 403, 403, 403, 403, 200),
    "/custody/statements/S-2026-999999": (302, 403, 403, 403, 403, 404, 403, 403, 404, 404),
    "/custody/differences": WATCHERS,
    "/ledger": WATCHERS,
    "/ledger.csv": WATCHERS,
    "/ledger/accounts?kind=escrow": WATCHERS,
    "/ledger/accounts/escrow:{contract}": WATCHERS,
    "/ledger/accounts/escrow:{contract}.csv": WATCHERS,
    "/ledger/accounts/nothing": (302, 403, 403, 403, 403, 404, 403, 403, 404, 404),
    "/ledger/entries/{entry}": WATCHERS,
    "/ledger/closings?verify=1": WATCHERS,
    "/ledger/closings/2026-03-01.json": WATCHERS,
    "/ledger/closings/today.json": (302, 403, 403, 403, 403, 404, 403, 403, 404, 404),
    "/my/statement": (302, 200, 200, 200, 200, 403, 403, 403, 403, 403),
    "/my/statement?since=x&until=2026-01-01": (302, 200, 200, 200, 200, 403, 403, 403, 403, 403),
    "/my/statement.pdf": (302, 200, 200, 200, 200, 403, 403, 403, 403, 403),
    "/oversight/money": OVERSEERS,
    "/oversight/money?view=overdue": OVERSEERS,
    "/oversight/money?view=waiting": OVERSEERS,
    "/oversight/money.csv?view=waiting": OVERSEERS,
    "/payments/{due}/pay": (302, 200, 404, 403, 404, 403, 404, 404, 403, 403),
    "/payments/{due}/confirm": (302, 409, 404, 409, 404, 409, 404, 404, 409, 409),
    "/payments/{due}/dispute": (302, 409, 404, 409, 404, 409, 404, 404, 409, 409),
    "/ratings/{rating}": (302, 303, 404, 303, 404, 303, 404, 404, 303, 404),
    "/ratings/{rating}/rate": (302, 409, 404, 409, 404, 409, 404, 404, 409, 404),
    "/sign-in": PUBLIC,
    "/sign-up": PUBLIC,
    "/my": SIGNED_IN,
    "/my/notices": SIGNED_IN,
    "/my/delegations": SIGNED_IN,
    "/my/organisation": (302, 200, 200, 200, 200, 200, 200, 200, 403, 200),
    "/my/password": SIGNED_IN,
    "/accounts": OVERSEERS,
    "/accounts?q=example&blocked=1": OVERSEERS,
    "/accounts/second@example.cn/block": (302, 404, 404, 404, 404, 200, 404, 404, 200, 404),
    "/accounts/second@example.cn/unblock": (302, 404, 404, 404, 404, 200, 404, 404, 200, 404),
    "/accounts/regulator@example.cn/block": (302, 404, 404, 404, 404, 404, 404, 404, 200, 404),
    "/accounts/nobody@example.cn/block": (302,) + (404,) * 9,
    "/my/address": SIGNED_IN,
    "/outbox": SIGNED_IN,
    "/confirm/made-up": (404,) * 10,
    "/my/licence": (302, 303, 303, 403, 403, 403, 403, 403, 403, 403),
    "/claims/{claim}": (302, 404, 404, 200, 404, 200, 404, 404, 200, 404),
    "/claims/{claim}/file": (302, 404, 404, 403, 404, 403, 404, 404, 403, 404),
    "/claims/{claim}/grant": (302, 404, 404, 409, 404, 409, 404, 404, 409, 404),
    "/account-changes/{account_change}": (302, 404, 404, 200, 404, 200, 404, 404, 200, 404),
    "/account-changes/{account_change}/stop": (302, 404, 404, 200, 404, 403, 404, 404, 403, 404),
    "/my/sessions": SIGNED_IN,
    "/my/security": SIGNED_IN,
    "/my/security/authenticator": SIGNED_IN,
    "/my/security/passkeys/new": SIGNED_IN,
    "/my/security/passkeys/none/remove": (302, *(404,) * 9),
    "/my/security/codes": SIGNED_IN,
    "/my/security/remove": SIGNED_IN,
    "/sign-in/second": (303,) * 10,
    "/forgotten": PUBLIC,
    "/forgotten/sent": PUBLIC,
    "/forgotten/none": (404,) * 10,
    "/admin/people/sessions": (302, 403, 403, 403, 403, 403, 403, 403, 200, 403),
    "/admin/people/factors": (302, 403, 403, 403, 403, 403, 403, 403, 200, 403),
    "/admin/letters": (302, 403, 403, 403, 403, 403, 403, 403, 200, 403),
    "/my/members/new": (302, 200, 200, 200, 200, 200, 200, 200, 403, 200),
    "/my/delegations/new": (302, 200, 200, 403, 403, 403, 403, 403, 403, 403),
    "/my/fees/new": (302, 403, 403, 200, 200, 403, 403, 403, 403, 403),
    "/my/qualifications/new": (302, 403, 403, 200, 200, 403, 403, 403, 403, 403),
    "/oversight/agencies": (302, 403, 403, 403, 403, 200, 200, 403, 200, 403),
    "/oversight/months": (302, 403, 403, 403, 403, 200, 200, 403, 200, 403),
    "/oversight/months.xlsx": (302, 403, 403, 403, 403, 200, 200, 403, 200, 403),
    "/oversight/agencies.csv": (302, 403, 403, 403, 403, 200, 200, 403, 200, 403),
    "/oversight/agencies.xlsx": (302, 403, 403, 403, 403, 200, 200, 403, 200, 403),
    "/admin/authorities": (302, 403, 403, 403, 403, 403, 403, 403, 200, 403),
    "/admin/authorities/new": (302, 403, 403, 403, 403, 403, 403, 403, 200, 403),
    "/admin/override": (302, 403, 403, 403, 403, 403, 403, 403, 200, 403),
    "/admin/clock/nowhere": (302, 403, 403, 403, 403, 403, 403, 403, 404, 403),
    "/admin/clock": (302, 403, 403, 403, 403, 403, 403, 403, 200, 403),
    "/admin/failures": (302, 403, 403, 403, 403, 403, 403, 403, 200, 403),
    "/static/gongxin.css": PUBLIC,
    "/no/such/page": (404,) * 10,
}


def name_the_cases(world: World, time: Any) -> dict[str, str]:
    """One case of every kind and, where pages differ, of every state."""
    world.authority("far", "regulator", region="540000")
    world.enterprise("other")
    world.agency("applicant", verified=False)
    world.appoint_admin()
    contract = world.settled()
    names = {name: world.identifiers[name] for name in ("agency", "buyer", "applicant")}
    names |= {"contract": contract, "deliverable": world.one(Deliverable, contract).identifier}
    names["report"] = world.one(Deliverable, contract).versions[0].document.identifier
    payment = world.one(Payment, contract, kind="deposit")
    names |= {"payment": payment.identifier, "voucher": payment.voucher.identifier}
    names["rating"] = world.one(Rating, contract, by="buyer").identifier
    award = db.session.scalars(select(Award).join(Contract).where(Contract.identifier == contract)).one()
    names |= {"award": award.identifier, "awarded": award.request.identifier}
    names |= _money_of(world, contract, time)
    names["running"] = world.started()
    names["materials"] = world.one(Materials, names["running"]).identifier
    names["change"] = contracts.propose_change(
        world.actor("agency"), names["running"], kind="extension", terms={"days": 3}, reason="踏勘遇到大雪"
    )
    disputed = world.started()
    names["dispute"] = contracts.file_dispute(
        world.actor("buyer"), disputed, claim="机构收到定金后一直没有开展工作"
    )
    delivered = world.started()
    names["delivered"] = world.delivered(delivered)
    names["due"] = world.one(Payment, world.signed(), kind="deposit").identifier
    names["check"], names["record"] = _checked(world)
    names["batch"] = imports.upload_table(
        world.actor("agency"),
        kind="fees",
        file_name="f.csv",
        content="事项编号,承诺工期(工作日)\nWAT-01,20".encode(),
    )
    names["comparison"] = registry.compare_with_register(
        world.actor("regulator"), file_name="r.csv", content="统一社会信用代码,名称,登记状态".encode()
    )
    names["paper"] = agencies.issue_certificate(world.actor("agency"))
    names["drafted"] = world.contract_of(world.awarded()).identifier
    names["code"] = code_of(names["drafted"])
    names["draft"] = world.request(publish=False)
    names["live"] = world.request(
        mode="reverse_auction", funds="state", deadline=time.instant.replace(day=9, hour=10)
    )
    names["merit"] = world.request(mode="merit", funds="state", criteria=CRITERIA)
    sourcing.appoint(world.actor("buyer"), names["merit"], email="other@example.cn")
    for request in (names["live"], names["merit"]):
        for name in ("agency", "second", "third"):
            sourcing.submit_bid(world.actor(name), request, price=100_00, days=20)
    names["evaluation"] = db.session.scalars(select(Evaluation.identifier)).one()
    names["invited"] = world.request(openness="invited", invited=[world.identifiers["agency"]])
    names["evaluated"] = world.request()
    sourcing.submit_quote(world.actor("agency"), names["evaluated"], price=100, days=20)
    sourcing.close(world.actor("buyer"), names["evaluated"])
    tied = world.request(mode="sealed_bid", funds="state", project="高标准农田项目(水源工程)")
    world.bids(tied, second=101_00, third=101_00)
    names["opened"] = sourcing.submit_bid(
        world.actor("agency"), tied, price=100_00, days=20, file_name="f.pdf", content=PDF
    )
    time.closing(tied)
    names["tied"] = sourcing.award(world.actor("buyer"), tied, reasons="报价最低,工期满足")
    names["objection"] = sourcing.object_to(
        world.actor("second"), names["tied"], grounds="中选机构的业绩与事实不符"
    )
    names["draw"] = draws.of_case(db.session, tied)[0].identifier
    names["inquiry"] = world.request()
    names["quote"] = sourcing.submit_quote(world.actor("agency"), names["inquiry"], price=100, days=20)
    names["question"] = _asked(world, names["inquiry"])
    names["quiet"] = world.request(funds="state")
    names["claim"] = accounts.sign_up(
        VISITOR, **{**world._person("claimant", kind="agency"), "uscc": world.organisation("agency").uscc}
    )
    names["account_change"] = agencies.change_account(
        world.actor("agency"),
        bank_name="演示银行",
        account_name="agency单位",
        account_number="6228000099990000",
    )
    names["hidden"] = sourcing.submit_quote(
        world.actor("agency"), names["quiet"], price=HIDDEN, days=20, note="只给自己看的话"
    )
    names["sealed"] = world.request(mode="sealed_bid", funds="state")
    names["bid"] = sourcing.submit_bid(
        world.actor("agency"),
        names["sealed"],
        price=SEALED,
        days=20,
        note="密封的话",
        contribution="我的参数",
    )
    return names


def _money_of(world: World, contract: str, time: Any) -> dict[str, str]:
    """A payout, an invoice, a bank's statement, an entry, and a closed day before this one."""
    time.instant -= timedelta(days=1)
    with transaction() as session:
        ledger.post(
            session,
            "yesterday",
            "set_aside",
            "S-2026-000001",
            [ledger.Moved(ledger.BANK, ledger.PLATFORM, 1)],
        )
    time.instant += timedelta(days=1)
    close_books()
    payment = world.one(Payment, contract, kind="deposit").identifier
    invoice = money.record_invoice(
        world.actor("agency"),
        payment,
        number="25112000000012345678",
        amount=800_000,
        tax=45_283,
        issued_on=world.day(0),
        file_name="i.pdf",
        content=PDF,
    )
    statement = money.import_statement(
        world.actor("custodian"),
        file_name="s.csv",
        content="交易日期,收入金额,支出金额\n2026-03-02,1.00,".encode(),
    )
    match_lines()
    payout = world.one(Payout, contract, kind="earned").identifier
    return {
        "payout": payout,
        "invoice": invoice,
        "statement": statement,
        "entry": db.session.scalars(select(ledger.Entry.identifier)).first() or "",
    }


def _checked(world: World) -> tuple[str, str]:
    """A check of the agency that is open, and a record proposed about it."""
    with transaction() as session:
        agency = Organisation.load(session, world.identifiers["agency"])
        check = open_check(
            session, SYSTEM, agency, "scope", [{"field": "scope", "ours": "水土保持", "theirs": "餐饮"}]
        )
        assert check is not None
        record = propose(session, SYSTEM, agency, "scope", "超出登记的经营范围", check.identifier)
        return check.identifier, record.identifier


def _asked(world: World, request: str) -> str:
    sourcing.ask(world.actor("third"), request, question="是否包含现场踏勘?")
    return db.session.scalars(select(Clarification.identifier)).one()
