"""Papers that are their parties' business.

Their holders check them, by the code printed on them or by their bytes, and counting numbers tells nothing.
"""

from __future__ import annotations

import re
from datetime import UTC
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from harness.factories import World
from market import printing
from market.access_codes import check_link, code_of, fits
from market.contracts.actions import contract_pdf, signing
from market.extensions import db
from market.files import store
from market.jobs import drain
from market.opendata import checking
from market.opendata.checking import check_copy
from market.sourcing.actions import awards, closing, quotes
from market.sourcing.jobs import notice_of
from models import clock
from models.contracts.agreement import Contract
from models.contracts.signatures import BOXES
from models.documents import Document
from models.signing.pades import prepare
from models.sourcing.awards import Award
from tests.contracts.signing import Authority, by_hand
from tests.web import Answer, Visitor, sign_in

PROJECT, REASONS, PRICE = "不公开的项目", "不公开的理由写在这里", "41,234"
TOLD = (PROJECT, REASONS, PRICE, "buyer单位", "agency单位")


@pytest.fixture
def private(world: World) -> dict[str, str]:
    """The papers of an invited tender: its award's notice, and its contract, signed by both."""
    tender = world.tender(
        project=PROJECT, mode="direct", openness="invited", invited=[world.identifiers["agency"]]
    )
    quotes.submit(world.actor("agency"), tender, price=4_123_400, days=20)
    closing.close(world.actor("buyer"), tender)
    award = awards.award(world.actor("buyer"), tender, agency=world.identifiers["agency"], reasons=REASONS)
    drain()
    db.session.rollback()
    found = Award.load(db.session, award)
    contract = world.contract_of(award).identifier
    signing.agree(world.actor("buyer"), contract)
    signing.agree(world.actor("agency"), contract)
    db.session.rollback()
    notice, paper = notice_of(db.session, found), Contract.load(db.session, contract).paper
    assert (found.state, notice is not None, paper is not None) == ("final", True, True)
    return {
        "tender": tender,
        "award": award,
        "notice": notice.identifier if notice else "",
        "contract": contract,
        "paper": paper or "",
    }


def content_of(identifier: str) -> bytes:
    db.session.rollback()
    return store().get(
        db.session.scalars(select(Document.sha256).where(Document.identifier == identifier)).one()
    )


def plain(answer: Answer, number: str) -> tuple[int, str]:
    """An answer without what differs from one page to the next: the number asked for, and one-time keys."""
    return answer.status, re.sub(
        r'(name="(csrf_token|submission)"[^>]*value=")[^"]*', r"\1", answer.text
    ).replace(number, "#")


def test_a_number_alone_tells_no_more_than_one_nobody_has(
    app: Flask, world: World, private: dict[str, str]
) -> None:
    world.enterprise("other")
    for name in ("visitor", "other", "second", "department"):
        stranger = sign_in(app, world, name)
        for number in private.values():
            unknown = f"{number[0]}-2026-999999"
            for pattern in (
                "/check/{}",
                "/check/{}/aaaaaaaaaaaaaaaa",
                "/papers/{}.pdf",
                "/papers/{}/aaaaaaaaaaaaaaaa.pdf",
            ):
                answer = stranger.get(pattern.format(number))
                assert plain(answer, number) == plain(stranger.get(pattern.format(unknown)), unknown), (
                    name,
                    pattern,
                    number,
                )
                assert answer.status == 404
                assert not any(told in answer.text for told in TOLD), (name, pattern, number)
    for name in ("buyer", "agency", "regulator"):
        party = sign_in(app, world, name)
        assert PROJECT in party.get(f"/check/{private['contract']}").text, name
        assert REASONS in party.get(f"/check/{private['award']}").text, name
        assert party.get(f"/papers/{private['award']}.pdf").response.get_data() == content_of(
            private["notice"]
        ), name


def test_the_code_on_a_paper_opens_its_own_record_and_no_other(
    app: Flask, world: World, private: dict[str, str]
) -> None:
    holder = Visitor(app)
    award, contract = private["award"], private["contract"]
    page = holder.get(f"/check/{award}/{code_of(award)}")
    assert (page.status, REASONS in page.text, PRICE in page.text) == (200, True, True)
    assert page.response.headers["Cache-Control"] == "private, no-store"
    assert page.response.headers["Referrer-Policy"] == "no-referrer"
    assert holder.get(f"/check/{award}/{code_of(award).upper()}").status == 200, "typed from paper"
    assert f"/awards/{award}" not in page.text, "no link to what is closed to who holds the paper"
    download = page.soup.select_one("a[href$='.pdf']")
    assert download is not None
    assert holder.get(str(download["href"])).response.get_data() == content_of(private["notice"])
    signed = holder.get(f"/check/{contract}/{code_of(contract)}")
    assert (signed.status, PROJECT in signed.text, PRICE in signed.text, ".pdf" in signed.text) == (
        200,
        True,
        False,
        False,
    )
    assert holder.get(f"/papers/{contract}/{code_of(contract)}.pdf").status == 404, (
        "a contract is checked, and given to nobody"
    )
    assert holder.get(f"/check/{contract}/{code_of(award)}").status == 404
    assert holder.get(f"/check/{private['notice']}/{code_of(award)}").status == 404
    assert holder.get(f"/check/{award}/{code_of(award)[:-1]}").status == 404


def test_codes_are_long_bound_to_their_number_and_to_the_markets_secret(app: Flask) -> None:
    numbers = [f"C-2026-{number:06d}" for number in range(200)]
    codes = [code_of(number) for number in numbers]
    assert len(set(codes)) == 200
    assert all(re.fullmatch("[a-z2-7]{16}", code) for code in codes)
    assert all(fits(number, code) for number, code in zip(numbers, codes, strict=True))
    assert not any(fits(number, code) for number, code in zip(numbers, codes[1:], strict=False))
    assert not any(fits("C-2026-000001", odd) for odd in ("", " ", "码" * 16, "a" * 5000, "\x00"))
    app.extensions["papers_key"] = b"another market's"
    assert not fits(numbers[0], codes[0])


def test_what_is_printed_leads_to_its_holders_page(
    app: Flask, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    printed: list[str] = []

    def noted(template: str, data: dict[str, Any], link: str = "", **more: Any) -> bytes:
        printed.append(link)
        return original(template, data, link, **more)

    original = printing.pdf
    for module in (printing, contract_pdf):
        monkeypatch.setattr(module, "pdf", noted)
    contract = world.contract_of(world.awarded()).identifier
    contract_pdf.rendered(contract)
    drain()
    assert check_link(contract) in printed
    assert len(printed) >= 2
    for link in printed:
        assert re.fullmatch(r".*/check/[A-Z]-\d{4}-\d{6}/[a-z2-7]{16}", link)
        assert Visitor(app).get(link[link.index("/check/") :]).status == 200


def test_whoever_has_the_file_sees_its_record_under_any_number(
    app: Flask, world: World, private: dict[str, str]
) -> None:
    """Also with a link from before codes were printed: the page asks for the file."""
    holder = Visitor(app)
    for path in (
        "/check",
        f"/check/{private['award']}",
        f"/check/{private['contract']}",
        "/check/W-2026-999999",
    ):
        page = holder.submit(path, file=content_of(private["notice"]))
        assert (page.status, REASONS in page.text, "一个字节也没有改过" in page.text) == (200, True, True), (
            path
        )
        page = holder.submit(path, file=content_of(private["paper"]))
        assert (page.status, PROJECT in page.text, "一个字节也没有改过" in page.text, PRICE in page.text) == (
            200,
            True,
            True,
            False,
        ), path
        assert page.response.headers["Cache-Control"] == "private, no-store"


def test_a_file_that_is_none_of_ours_learns_nothing(
    app: Flask, world: World, private: dict[str, str]
) -> None:
    holder = Visitor(app)
    for content in (
        content_of(private["notice"])[:-1],
        content_of(private["paper"])[:-40],
        b"%PDF-1.7 what I made",
    ):
        for number in (private["award"], private["contract"]):
            answer, other = (
                holder.submit(f"/check/{number}", file=content),
                holder.submit(f"/check/{number[0]}-2026-999999", file=content),
            )
            assert plain(answer, number) == plain(other, f"{number[0]}-2026-999999")
            assert not any(told in answer.text for told in TOLD)


def forged(title: str, name: str, authority: Authority) -> bytes:
    """A PDF that calls itself so, signed in the buyer's place with a certificate of this name."""
    now = clock.now()
    key, certificate = authority.party(name, "x")
    letter = printing.letter(title, "合同", now, by=name, before=[], rows=[], after=[])
    return by_hand(prepare(letter, BOXES), "Buyer", key, certificate, now)


def test_a_title_anybody_writes_is_no_oracle(
    app: Flask, world: World, time: Any, private: dict[str, str]
) -> None:
    """A file that only calls itself a contract is answered as about one there is not.

    Signed in the name of whoever is guessed to be its party by somebody nobody trusts; and so is one soundly
    signed by a stranger.
    """
    untrusted, trusted = (Authority(time.instant.astimezone(UTC)) for _ in range(2))
    app.extensions["signing_roots"].append(trusted.certificate)
    for authority, names in ((untrusted, ("buyer单位", "别的单位")), (trusted, ("别的单位",))):
        found = []
        for number in (private["contract"], "C-2026-999999"):
            for name in names:
                copy = check_copy(db.session, forged(number, name, authority))
                assert (copy.paper, copy.claims) == (None, number)
                found.append((copy.verdict, [flaws for _signed, flaws in copy.signatures]))
        assert all(each == found[0] for each in found), found
        assert found[0][1] == [("untrusted",) if authority is untrusted else ("stranger",)]


@pytest.mark.parametrize(
    ("title", "number"),
    [
        ("合同 C-2026-000001", "C-2026-000001"),
        ("C-2026-1234567 第2版", "C-2026-1234567"),
        ("C-2026-123456789", "C-2026-123456789"),
        ("C-2026-1234567890", ""),
        ("C-2026-12345", ""),
    ],
)
def test_a_number_of_any_length_is_read_whole(title: str, number: str) -> None:
    """The millionth contract of a year is not taken for another's."""
    assert checking._claimed(title) == number


def test_number_and_code_are_typed_from_the_paper(app: Flask, world: World, private: dict[str, str]) -> None:
    holder, number = Visitor(app), private["notice"]
    code = code_of(number)
    spelt = holder.get(f"/check?number={number.lower()}&code={code[:4].upper()}+{code[4:8]}-{code[8:]}")
    assert (spelt.status, spelt.location) == (303, f"/check/{number}/{code}")
    assert holder.get(f"/check?number={number}&code=").location == f"/check/{number}"
    for query, field in (
        (f"number={number}&code=abc", "code"),
        (f"number={number}&code={'0' * 16}", "code"),
        ("number=12&code=", "number"),
        ("number=", "number"),
    ):
        refused = holder.get(f"/check?{query}")
        assert refused.status == 422
        assert refused.error_at(field), query
    assert holder.get(f"/check/{number}").soup.select_one("#by-number input[name=number]")["value"] == number


def test_a_paper_says_of_what_case_it_is_and_that_the_file_was_made_later(app: Flask, world: World) -> None:
    drain()
    agency = world.identifiers["agency"]
    page = Visitor(app).get(f"/check/{agency}")
    paper = db.session.scalars(
        select(Document)
        .where(Document.case_identifier == agency, Document.issued.is_not(None))
        .order_by(Document.id.desc())
    ).first()
    assert page.soup.select_one(".head .over").get_text() == f"{agency} · 文书 {paper.identifier}"
    assert f"这份 PDF 编号 {paper.identifier}" in page.text
    english = Visitor(app)
    english.post("/language/en", {"back": "/check"})
    assert "提交核验" not in english.get(f"/check/{agency}").text
