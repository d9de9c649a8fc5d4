"""Printing: whatever is typed is printed at once, with 〓 for what no font here has.

What costs too much says so.
"""

from __future__ import annotations

import itertools
import unicodedata
from datetime import datetime
from io import BytesIO
from typing import Any

import pytest
import typst
from flask import Flask
from pyhanko.pdf_utils.reader import PdfFileReader

from harness.factories import World
from market import printing, sandbox
from market.contracts.actions import drafting
from market.contracts.actions.contract_pdf import rendered
from market.extensions import db
from market.jobs import drain
from market.sandbox import OverBudget
from market.sandboxed import fonts, record
from market.sandboxed import printing as printer
from market.sourcing.actions import awards, closing, quotes
from models.clock import BEIJING
from models.documents import of_case
from models.errors import RuleViolation
from models.printable import missing

AT = datetime(2026, 3, 2, 9, 0, tzinfo=BEIJING)
RARE = "".join(map(chr, range(0x30000, 0x30000 + 400)))


def letter(text: str) -> dict[str, Any]:
    return {
        "identifier": "F-1",
        "title": text,
        "platform": "p",
        "to": text,
        "by": "b",
        "before": [text],
        "rows": [[text, text]],
        "after": [text],
        "date": "d",
    }


@pytest.fixture
def compiled(monkeypatch: Any) -> list[str]:
    """The templates that were compiled, one each time."""
    done: list[str] = []
    compile_one = typst.compile

    def counted(path: Any, **options: Any) -> Any:
        done.append(path.stem)
        return compile_one(path, **options)

    monkeypatch.setattr(typst, "compile", counted)
    return done


def title(content: bytes) -> str:
    return str(PdfFileReader(BytesIO(content)).trailer["/Info"]["/Title"]).removesuffix(" F-1")


@pytest.mark.parametrize(
    ("typed", "printed"),
    [
        ("普通的文字 plain", "普通的文字 plain"),
        (RARE, "〓" * 400),
        ("".join(map(chr, range(0x31100, 0x31100 + 2_000))), "〓" * 2_000),
        ("好😀了👨‍👩‍👧🇨🇳", "好〓了〓〓〓〓〓"),
        ("左\u202e右\u200f上\u2066下", "左右上下"),
        ("a\u200db\u200cc\u200b\ufeffd\u00ad", "abcd"),
        ("葛\U000e0100城❤\ufe0f", "葛城❤"),
        ("高\ud800低\udfff", "高〓低〓"),
        ("私\ue000\uf8ff\U000f0000", "私〓〓〓"),
        ("未\u0378\U0003ffff", "未〓〓"),
        ("控\x00\x08\x1b\x7f\x9f制", "控〓〓〓〓〓制"),
        ("Cafe\u0301 Nguyễn q\u0307\u0323", "Cafe\u0301 Nguyễn q\u0307\u0323"),
        ("\u0301头", "〓头"),
        ("中\u0336国", "中〓国"),
        ("x" + "\u0301\u0316\u0336\u035f" * 100, "x" + "\u0301\u0316\u0336\u035f" * 100),
        ("العربية שלום ئۇيغۇر", "العربية שלום ئ〓يغ〓ر"),
        ("བོད་སྐད ไทย 한국어", "བོད་སྐད 〓〓〓 한국어"),
        ("𠮷野家 𫚉 𬭎 㐂 ⻘海", "𠮷野家 𫚉 𬭎 㐂 ⻘海"),
        ("宽\u2003窄\u202f空\u00a0格", "宽\u2003窄\u202f空\u00a0格"),
        ("龘靐齉爩①㎡℃½", "龘靐齉爩①㎡℃½"),
    ],
)
def test_each_kind_of_character_is_printed_or_replaced_in_one_go(
    compiled: list[str], typed: str, printed: str
) -> None:
    assert printer.printable(typed) == printed
    content = printer.pdf("letter", letter(typed), "http://market.test/check/F-1", 0)
    assert compiled == ["letter"]
    assert title(content).split() == printed.split()


def test_lines_end_where_they_ended() -> None:
    assert (
        printer.printable("一\r\n二\r三\x0b四\x0c五\x85六\u2028七\u2029八\t九")
        == "一\n二\n三\n四\n五\n六\n七\n八\t九"
    )


def test_a_mark_and_a_letter_no_font_sets_together_are_printed_without_it(compiled: list[str]) -> None:
    content = printer.pdf("letter", letter("字a\u05c7\u05d0"), "http://market.test", 0)
    assert len(compiled) <= 3
    assert "字" in title(content)


def test_every_character_said_to_be_printable_is(compiled: list[str]) -> None:
    """All there are beside the common ones, in one paper."""
    there = [
        c for c in map(chr, sorted(frozenset.union(*fonts.every()))) if unicodedata.category(c)[0] not in "MC"
    ]
    text = printer.printable(" ".join(c for c in there if c not in printer._common()))
    assert text.count("〓") <= 1
    printer.pdf("letter", {**record.PAPER, "before": [text]}, "http://market.test", 0)
    assert compiled == ["letter"]
    assert {"〓", "中", "A", "，"} <= printer._common()


def test_the_record_is_of_the_fonts_typst_brings() -> None:
    """Where this fails, Typst has been replaced: `python -m market.sandboxed.record`."""
    recorded = dict(
        zip(record.embedded(), fonts.every()[len(fonts.own()) + len(fonts.beside()) :], strict=True)
    )
    for name, has in record.embedded().items():
        assert recorded[name] <= set(has), name
        assert len(recorded[name]) > 0.75 * len(has), name


def test_the_same_paper_is_the_same_bytes_in_and_out_of_the_sandbox() -> None:
    made = printing.pdf("letter", letter("一样"), "http://market.test/check/F-1", at=AT)
    assert made == printing.pdf("letter", letter("一样"), "http://market.test/check/F-1", at=AT)
    assert made == printer.pdf("letter", letter("一样"), "http://market.test/check/F-1", int(AT.timestamp()))


LONG = {
    "common": "".join(map(chr, range(0x4E00, 0x4E00 + 2_000))),
    "rare": "".join(map(chr, range(0x20000, 0x20000 + 2_000))),
    "a font a character": "字א∰ﷲ" * 500,
    "one word": "a" * 2_000,
    "lines": "\n" * 2_000,
    "marks": ("x" + "\u0301\u0316\u0336\u035f" * 10) * 48,
}


def contract(text: str) -> dict[str, Any]:
    """A contract that is as long as its forms take: every clause, title and name at its most."""
    party = {
        "role": "甲方",
        "name": text[:200],
        "representative": text[:100],
        "facts": [["住所", text[:200]]],
    }
    clauses = [{"key": "settlement" if n == 2 else "k", "title": text[:100], "text": text} for n in range(14)]
    rows = [[str(n), text[:100], "10 个工作日", "¥ 1.00", "是"] for n in range(6)]
    return {
        "identifier": "C-1",
        "title": "合同",
        "platform": "p",
        "award": "A",
        "tender": "R",
        "template": "t",
        "parties": [party, party],
        "clauses": clauses,
        "milestones": rows,
        "materials": [text[:200]] * 20,
        "checklist": [text[:200]] * 20,
    }


@pytest.mark.parametrize("kind", LONG)
def test_the_longest_that_can_be_typed_prints_within_its_budget(kind: str) -> None:
    assert (
        printing.pdf("contract", contract(LONG[kind]), "http://market.test/check/C-1", at=AT)[:5] == b"%PDF-"
    )


def test_what_is_longer_than_any_form_says_so_and_the_next_prints(monkeypatch: Any) -> None:
    monkeypatch.setattr(printing, "MEGABYTES", 96)
    with pytest.raises(OverBudget, match="文书太长") as refused:
        printing.pdf(
            "letter",
            {**letter("短"), "before": ["".join(map(chr, range(0x4E00, 0x9F00))) * 20]},
            "http://market.test",
            at=AT,
        )
    assert refused.value.field is None
    monkeypatch.undo()
    assert printing.pdf("letter", letter("短"), "http://market.test", at=AT)[:5] == b"%PDF-"


def test_rare_characters_in_reasons_and_clauses_are_printed_once(
    app: Flask, world: World, monkeypatch: Any
) -> None:
    """An award's reasons and a contract's clauses in characters few fonts have, by the acts that take them.

    Reasons of characters no font here has, clauses of the other planes. A contract with characters no font
    has is not printed at all: nobody is to sign it.
    """
    there = "".join(itertools.islice((c for c in map(chr, range(0x20000, 0x2A6D0)) if not missing(c)), 150))
    asked: list[str] = []
    run = sandbox.run

    def counted(function: Any, *arguments: Any, **options: Any) -> Any:
        if RARE[:150] in str(arguments[1]) or there in str(arguments[1]):
            asked.append(arguments[0])
        return run(function, *arguments, **options)

    monkeypatch.setattr(sandbox, "run", counted)
    tender = world.tender()
    quote = quotes.submit(world.actor("agency"), tender, price=4_000_000, days=20)
    quotes.accept(world.actor("buyer"), quote)
    closing.close(world.actor("buyer"), tender)
    award = awards.award(world.actor("buyer"), tender, agency=world.identifiers["agency"], reasons=RARE)
    drain()
    assert [document for document in of_case(db.session, "award", award) if document.issued]
    assert asked == ["letter"]
    asked.clear()
    made = world.contract_of(award)
    keys = [clause["key"] for clause in made.clauses if not clause["fixed"]][:2]
    drafting.revise(world.actor("agency"), made.identifier, texts=dict.fromkeys(keys, RARE[:150]))
    db.session.rollback()
    with pytest.raises(RuleViolation, match="打印不出来"):
        rendered(made.identifier)
    assert (len(keys), asked) == (2, [])
    drafting.revise(world.actor("agency"), made.identifier, texts=dict.fromkeys(keys, there))
    db.session.rollback()
    assert rendered(made.identifier).issued
    assert asked == ["contract"]
