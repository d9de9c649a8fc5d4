"""Every page as everybody whom standing, area or a block sets apart.

Each reads like one of the audiences in access_matrix.py, but for what is declared here.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from harness.factories import ADMIN, World
from market.accounts.actions import delegating, members
from market.agencies.actions import entry
from models import clock
from models.accounts import SCOPE
from tests.access_matrix import EXPECTED, ROLES
from tests.every_case import SECRETS, name_the_cases, says
from tests.web import sign_in

# Whom each reads like, and where not: the status, and the pages.
Likeness = tuple[str, dict[int, list[str]]]
A_PART: Likeness = (
    "regulator",
    {
        403: [
            "/oversight/register",
            "/credit/external/new",
            "/items/WAT-01/edit",
            "/items/WAT-01/withdraw",
            "/items/EIA-01/edit",
            "/items/new",
            "/contract-templates/report/revise",
            "/custody",
            "/custody/statements/{statement}",
            "/custody/statements/{statement}.csv",
            "/custody/statements/S-2026-999999",
            "/custody/differences",
            "/ledger",
            "/ledger.csv",
            "/ledger/accounts",
            "/ledger/accounts?kind=escrow",
            "/ledger/accounts.csv",
            "/ledger/accounts/escrow:{contract}",
            "/ledger/accounts/escrow:{contract}.csv",
            "/ledger/accounts/nothing",
            "/ledger/entries/{entry}",
            "/ledger/closings?verify=1",
            "/ledger/closings/2026-03-01.json",
            "/ledger/closings/today.json",
        ],
        404: [
            "/batches/{comparison}",
        ],
        200: [
            "/credit/listings/{waiting_listing}/confirm",  # which another official brought in
        ],
    },
)
NO_OFFICE: Likeness = (
    "other",
    {
        403: [
            "/requests/new",
            "/requests/new?key=k&item=EIA-01",
            "/my/agencies",
            "/my/agencies.csv",
            "/my/searches",
            "/my/searches/new",
            "/my/contacts",
            "/my/contacts/new",
            "/my/contacts/{person}",
            "/my/licence",
            "/my/signing",
            "/my/signing/renew",
            "/my/signing/bring",
            "/my/statement",
            "/my/statement?since=2026-01-01&until=2026-02-01",
            "/my/statement.pdf",
            "/my/members/new",
            "/my/delegations/new",
            "/my/authorisation",
            "/my/authorisation?page=2",
            "/my/authorisation/new",
            "/my/authorisation/declare",
            "/my/members/nobody@example.cn/authorise",
        ],
        404: [
            "/evaluations/{evaluation}",
            "/evaluations/{evaluation}/declare",
            "/evaluations/{evaluation}/recuse",
            "/evaluations/{evaluation}/score",
        ],
    },
)
LIKE: dict[str, Likeness] = {
    "county": A_PART,
    "city": A_PART,
    "elsewhere": ("far", {}),
    "applicant": (
        "second",
        {
            200: [
                "/agencies/{applicant}",
            ],
            403: [
                "/agencies/{applicant}/verify",
                "/agencies/{applicant}/return",
                "/agencies/{applicant}/refuse",
                "/requests/{inquiry}/ask",
                "/requests/{draft}/ask",
                "/my/signing/renew",
                "/my/signing/bring",
                "/my/authorisation/declare",
                "/my/members/nobody@example.cn/authorise",
            ],
            404: [
                "/requests/{live}/auction",
                "/requests/{live}/auction/stream",
                "/objections/{objection}",
                "/objections/{objection}/answer",
                "/objections/{objection}/withdraw",
                "/objections/{objection}/uphold",
                "/credit/listings/{waiting_listing}",
                "/credit/listings/{waiting_listing}/confirm",
            ],
        },
    ),
    "delegate": (
        "buyer",
        {
            403: [
                "/contracts/{running}/changes/extension",
                "/contracts/{running}/changes/variation",
            ],
            404: [
                "/agencies/{buyer}",
                "/credit/listings/{listing}/dispute",
                "/cases/{award}/messages",
                "/my/contacts/{person}",
                "/awards/{award}/annul",
                "/changes/{change}",
                "/changes/{change}/agree",
                "/disputes/{dispute}",
                "/disputes/{dispute}/answer",
                "/disputes/{dispute}/decide",
                "/payouts/{payout}",
                "/payouts/{payout}/send",
                "/invoices/{invoice}",
                "/invoices/{invoice}/receive",
                *(f"/ratings/{{rating}}/{act}" for act in ("rate", "reply", "appeal")),
                "/follow-ups/{followed}",
                *(f"/follow-ups/{{followed}}/{act}" for act in ("contact", "report", "mend", "find")),
                "/rating-appeals/{appeal}",
                *(f"/rating-appeals/{{appeal}}/{act}" for act in ("state", "withdraw", "uphold")),
                "/violation-reports/{reported}",  # a report is its reporter's, who is one person
                "/violation-reports/{refused_report}",
                *(f"/violation-reports/{{reported}}/{act}" for act in ("explain", "clear", "invite")),
                *(f"/complaints/{{complaint}}{act}" for act in ("", "/respond", "/end")),
                *(f"/answers/{{answer}}{act}" for act in ("", "/rate")),
            ],
        },
    ),
    "blocked": ("visitor", {}),
    "suspended buyer": (
        "buyer",
        {
            403: [
                "/requests/new",
                "/requests/new?key=k&item=EIA-01",
                *(f"/requests/{{draft}}/edit{step}" for step in ("", "/what", "/size", "/choice", "/whom")),
                "/requests/{draft}/publish",
                "/requests/{inquiry}/template",
                "/requests/{inquiry}/close",
                "/requests/{inquiry}/amend",
                "/requests/{inquiry}/appoint",
                "/requests/{evaluated}/award",
                "/quotes/{quote}/offer",
                "/quotes/{quote}/accept",
                "/contracts/{drafted}/agree_buyer",
                "/contracts/{drafted}/revise",
                "/my/members/new",
                "/my/delegations/new",
                "/my/licence",
            ],
        },
    ),
    "suspended agency": (
        "agency",
        {
            403: [
                "/imports/new",
                "/agencies/{agency}/restore",
                "/requests/{inquiry}/ask",
                "/requests/{draft}/ask",
                "/contracts/{drafted}/agree_agency",
                "/contracts/{drafted}/revise",
                "/quotes/{hidden}/replace",
                "/bids/{bid}/replace",
                "/my/members/new",
                "/my/fees/new",
            ],
            409: [
                "/agencies/{agency}/suspend",
            ],
        },
    ),
    "suspended custodian": NO_OFFICE,
    "suspended county": NO_OFFICE,
}


@pytest.mark.walks
def test_every_page_as_whoever_is_set_apart(app: Flask, world: World, time: Any) -> None:
    names = name_the_cases(world, time)
    world.authority("county", "regulator", region="632801")
    world.authority("city", "regulator", region="632800")
    world.authority("elsewhere", "regulator", region="630102")
    world.enterprise("helper")
    delegating.delegate(
        world.actor("buyer"),
        email=world.emails["helper"],
        scope=list(SCOPE),
        most=10**12,
        until=clock.now() + timedelta(days=90),
    )
    world.accept("helper")
    visitors = {
        kind: sign_in(
            app, world, {"delegate": "helper", "blocked": "third"}.get(kind, kind.removeprefix("suspended "))
        )
        for kind in LIKE
    }
    members.block_account(ADMIN, world.emails["third"], reason="账号疑被他人使用")
    wrong = []
    for kind, visitor in visitors.items():
        if kind.startswith("suspended "):
            entry.suspend(
                world.actor("regulator"),
                world.identifiers[kind.removeprefix("suspended ")],
                reason="核查期间暂停其业务",
            )
        like, elsewhere = LIKE[kind]
        but = {pattern: status for status, patterns in elsewhere.items() for pattern in patterns}
        assert set(but) <= set(EXPECTED)
        for pattern, statuses in EXPECTED.items():
            answer = visitor.get(pattern.format(**names))
            for secret in SECRETS:
                assert not says(answer.text + str(answer.response.headers), secret), (
                    f"{pattern} tells {kind} what is sealed"
                )
            expected = but.get(pattern, statuses[ROLES.index(like)])
            if answer.status != expected:
                wrong.append((kind, pattern, answer.status, expected))
    assert not wrong, "\n".join(map(str, wrong))
