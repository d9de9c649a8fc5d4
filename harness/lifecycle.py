"""The main job over real HTTP: eight steps, ratings and a grade, on a fresh embedded market.

`make lifecycle` prints each step with its public identifier, then `lifecycle: ok`.
"""

from __future__ import annotations

import re
import sys
import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from zlib import crc32

from stdnum.cn import uscc

from harness.person import ALL, PASSWORD, Person, Refused
from harness.server import ADMIN, Server, market
from models.clock import BEIJING
from models.payments.payment import reference

START = datetime(2026, 3, 2, 9, 0, tzinfo=BEIJING)
PDF = b"%PDF-1.7\n1 0 obj\n<<>>\nendobj\ntrailer\n<<>>\n%%EOF\n"
ITEM, COUNTY = "WAT-01", "632801"


def code(number: int) -> str:
    body = f"91632801{number:09d}"
    return body + uscc.calc_check_digit(body)


def people(server: Server, journal: list[str] | None = None) -> dict[str, Person]:
    """Sign everybody up over HTTP: three authorities, a buyer, three agencies with published fees."""
    url, found = server.url, {}
    admin = Person(url, "administrator", journal).sign_in(*ADMIN)
    for number, (name, role, line) in enumerate(
        (("regulator", "regulator", ""), ("department", "department", "水利"), ("custodian", "custodian", ""))
    ):
        admin.submit(
            "/admin/authorities/new",
            name=name,
            email=f"{name}@example.cn",
            password=PASSWORD,
            organisation=f"省{name}",
            uscc=code(number),
            region_code="630000",
            authority_role=role,
            department=line,
        )
        found[name] = Person(url, name, journal).sign_in(f"{name}@example.cn").confirm()
    found["buyer"] = Person(url, "buyer", journal)
    found["buyer"].submit("/sign-up", kind="enterprise", **entry("buyer", 10))
    found["buyer"].confirm().submit("/my/licence", file=PDF)
    found["regulator"].submit("/agencies/E-2026-000001/verify")
    authorise(found["buyer"], found["regulator"])
    for number, price in enumerate(("50,000", "48,000", "46,000")):
        name, agency = f"agency{number + 1}", Person(url, f"agency{number + 1}", journal)
        agency.submit("/sign-up", kind="agency", **entry(name, 20 + number))
        agency.confirm()
        fill_in(agency, name)
        agency.submit("/my/entry/commitment", way="submit", committed="y")
        found["regulator"].submit(f"/agencies/A-2026-{number + 1:06d}/verify")
        authorise(agency, found["regulator"])
        agency.submit("/my/fees/new", item_code=ITEM, method="fixed", price=price, days="30", standard="")
        found[name] = agency
    return found


def authorise(representative: Person, regulator: Person) -> None:
    """The legal representative shows who he is, and may sign and pay from then on."""
    letter = representative.submit("/my/authorisation/declare", covers=["sign", "pay"], again=PASSWORD)
    representative.submit(f"{letter}/file", file=PDF)
    regulator.submit(f"{letter}/accept")


def fill_in(agency: Person, name: str) -> None:
    """An agency's application, step by step; what is left is the commitment."""
    agency.submit(
        "/my/entry/licence", legal_form="company", established_on="2018-05-01", scope="水土保持;环境影响评价"
    )
    agency.submit("/my/entry/representative", legal_representative=name, phone="0979-1")
    agency.submit(
        "/my/entry/premises", registered_address="昆仑路 1 号", address="昆仑路 1 号", premises="owned"
    )
    agency.submit(
        "/my/entry/practitioners",
        name="才旦",
        kind="注册咨询工程师",
        number=f"Z-{name}",
        valid_from="2025-01-01",
        valid_until="2031-01-01",
    )
    agency.submit(
        "/my/entry/bank",
        bank_name="演示银行",
        account_name=f"{name} 有限公司",
        account_number=f"6228{crc32(name.encode()):012d}",
    )
    for kind in ("licence", "premises", "staff", "articles"):
        agency.submit("/my/entry/materials", kind=kind, file=PDF)


def entry(name: str, number: int) -> dict[str, Any]:
    return {
        "name": name,
        "email": f"{name}@example.cn",
        "password": PASSWORD,
        "organisation": f"{name} 有限公司",
        "uscc": code(number),
        "region_code": COUNTY,
        "legal_representative": name,
        "address": "昆仑路 1 号",
        "phone": "0979-1",
    }


def _tender(buyer: Person, mode: str, funds: str) -> str:
    path = buyer.draft(
        f"/requests/new?item={ITEM}",
        project="高标准农田水土保持方案",
        region_code=COUNTY,
        mode=mode,
        funds=funds,
    )
    buyer.submit(f"{path}/publish")
    return path


def drive(server: Server, told: Callable[[str, str], None], journal: list[str] | None = None) -> None:
    """The whole path.

    `told` hears each step's name and public identifier; `journal` keeps every request made. Raises Refused
    where the site says no.
    """
    who = people(server, journal)
    buyer, agency, department = who["buyer"], who["agency1"], who["department"]
    entered = buyer.find("/my/organisation", r"E-2026-[0-9]{6}")
    told("入驻", f"{entered}, {agency.find('/my/organisation', r'A-2026-[0-9]{6}')}")
    inquiry = _tender(buyer, "inquiry", "private")
    quotes = [
        who[f"agency{n}"].submit(f"{inquiry}/answer", price=price, days="20")
        for n, price in ((1, "45,000"), (2, "47,000"), (3, "46,000"))
    ]
    told("1 询价", f"{_last(inquiry)}: {len(quotes)} quotes")
    buyer.submit(f"{quotes[0]}/offer", price="40,000", days="20")
    agency.submit(f"{quotes[0]}/offer", price="42,000", days="18")
    buyer.submit(f"{quotes[0]}/accept")
    told("2 议价", _last(quotes[0]))
    sealed = _tender(buyer, "sealed_bid", "state")
    bids = [
        who[f"agency{n}"].submit(f"{sealed}/answer", price=price, days="25")
        for n, price in ((1, "45,000"), (2, "44,000"), (3, "46,000"))
    ]
    if "44,000" in buyer.get(sealed).get_text():
        raise Refused("a sealed price shows before the opening")
    server.set_clock(START + timedelta(days=10))
    server.command("tick")
    if "44,000.00" not in who["agency1"].get(sealed).get_text():
        raise Refused("the bids were not opened to the bidders")
    buyer.submit(f"{sealed}/award", reasons="开启的投标中报价最低")
    told("3 竞标", f"{', '.join(_last(bid) for bid in bids)} -> {award_of(buyer, sealed)}")
    buyer.submit(f"{inquiry}/award", agency="A-2026-000001", reasons="三家比较后价格最合适")
    told("4 确认", award_of(buyer, inquiry))
    contract = f"/contracts/{buyer.find(inquiry, r'C-2026-[0-9]{6}')}"
    sign(buyer, agency, contract)
    told("5 签订合同", _last(contract))
    told("6 预付定金", pay(buyer, agency, contract))
    told("7 交付结果", deliver(buyer, agency, department, contract))
    pay(buyer, agency, contract)
    told("8 结款", ", ".join(pay_out(server, who["custodian"], agency, contract)))
    ratings = sorted(set(re.findall(r"R-2026-\d{6,9}", buyer.get(contract).get_text(" "))))
    for person, rating in ((buyer, ratings[0]), (agency, ratings[1])):
        dimensions = {
            str(box["name"]): "5" for box in person.get(f"/ratings/{rating}/rate").select("input[type=radio]")
        }
        person.submit(f"/ratings/{rating}/rate", **dimensions, comment="合作顺利")
    told("评价", ", ".join(ratings))
    server.command("tick")
    grade = Person(server.url).get("/agencies/A-2026-000001").select_one(".grade")
    if grade is None or grade.get_text() not in "ABCDE":
        raise Refused("no grade was given")
    told("信用等级", f"A-2026-000001: {grade.get_text()}")


def _last(path: str) -> str:
    return path.rsplit("/", 1)[-1]


def award_of(buyer: Person, tender: str) -> str:
    link = buyer.get(tender).select_one("a[href^='/awards/']")
    assert link is not None
    return _last(str(link["href"]))


def choose(buyer: Person, agency: Person, tender: str) -> None:
    """The first agency answers a tender for it alone, and is awarded it."""
    quote = agency.submit(f"{tender}/answer", price="45,000", days="20")
    buyer.submit(f"{quote}/accept")
    buyer.submit(f"{tender}/close")
    buyer.submit(f"{tender}/award", agency="A-2026-000001", reasons="与本单位同类项目合作过")


def contracted(buyer: Person, agency: Person) -> str:
    """The path of a contract with the first agency, chosen directly and signed by both."""
    contract = drawn_up(buyer, agency)
    sign(buyer, agency, contract)
    return contract


def drawn_up(buyer: Person, agency: Person) -> str:
    """The same before anybody signed."""
    tender = buyer.draft(
        f"/requests/new?item={ITEM}",
        project="高标准农田水土保持方案",
        region_code=COUNTY,
        mode="direct",
        funds="private",
        only_invited="y",
        invited="A-2026-000001",
    )
    buyer.submit(f"{tender}/publish")
    choose(buyer, agency, tender)
    return f"/contracts/{buyer.find(tender, r'C-2026-[0-9]{6}')}"


def sign(buyer: Person, agency: Person, contract: str) -> None:
    buyer.submit(f"{contract}/agree_buyer", understood="y", password=PASSWORD)
    agency.submit(f"{contract}/agree_agency", understood="y", password=PASSWORD)


def pay(buyer: Person, agency: Person, contract: str) -> str:
    """The newest payment of a contract, paid and confirmed."""
    payment = sorted(re.findall(r"M-2026-\d{6,9}", buyer.get(contract).get_text(" ")))[-1]
    buyer.submit(f"/payments/{payment}/pay", bank_reference="2026030200001", file=PDF)
    agency.submit(f"/payments/{payment}/confirm")
    return payment


def deliver(buyer: Person, agency: Person, department: Person, contract: str) -> str:
    """The materials and the deliverable of a contract, returned once, accepted, and passed by the department.

    The deliverable.
    """
    materials = f"/materials/{buyer.find(contract, r'N-2026-[0-9]{6}')}"
    buyer.submit(f"{materials}/supply", ticked=ALL, file=PDF)
    agency.submit(f"{materials}/confirm")
    deliverable = f"/deliverables/{buyer.find(contract, r'V-2026-[0-9]{6}')}"
    agency.submit(f"{deliverable}/submit", file=PDF, ticked=ALL, note="报批稿")
    buyer.submit(f"{deliverable}/return", point_0="附图比例尺有误", reason="附图比例尺有误,请更正")
    agency.submit(f"{deliverable}/submit", file=PDF + b"2", ticked=ALL)
    buyer.submit(f"{deliverable}/accept", ticked=ALL)
    department.submit(f"{deliverable}/pass")
    return _last(deliverable)


def pay_out(server: Server, custodian: Person, agency: Person, contract: str) -> list[str]:
    """The bank's statement shows what was paid, the custodian sends on what is owed, and the agency has it.

    The payouts.
    """
    shown = [
        (payment, agency.find(f"/payments/{payment}", r"¥ [0-9,.]+"))
        for payment in numbers(agency, contract, "M")
    ]
    custodian.submit(
        "/custody/import",
        file=statement(*((reference(payment), price.removeprefix("¥ ")) for payment, price in shown)),
    )
    server.command("tick")
    payouts = numbers(agency, contract, "Z")
    for payout in payouts:
        custodian.submit(f"/payouts/{payout}/send", bank_reference=f"20260316{payout[-6:]}")
        agency.submit(f"/payouts/{payout}/arrive")
    return payouts


def numbers(person: Person, path: str, kind: str) -> list[str]:
    """The identifiers of a kind that a page shows, in order."""
    return sorted(set(re.findall(kind + r"-2026-\d{6,9}", person.get(path).get_text(" "))))


def statement(*lines: tuple[str, str]) -> bytes:
    """A statement of the custody account, as its bank exports it: remarks, and sums that came in."""
    rows = ["交易日期,收入金额,支出金额,对方户名,附言,交易流水号"]
    rows += [
        f'2026-03-16,"{price}",,buyer 有限公司,{remark},B{number}'
        for number, (remark, price) in enumerate(lines)
    ]
    return "\n".join(rows).encode()


WALKTHROUGH = """# A walk-through

The main job, request by request, as `make docs` saw it: every line was really sent over HTTP to a fresh
market. A form's fields that keep their proposed values, its CSRF token and its one-time key are left out.

"""


def keep(
    walk: Callable[[Server, Callable[[str, str], None], list[str]], None],
    name: str,
    introduction: str,
    files: list[str],
    database: str = "",
) -> int:
    """Walk on a fresh market, embedded or on an empty `database`, and print the steps.

    Where a file is named, keep every request made there. What is kept is the same every time.
    """
    journal: list[str] = []
    pages: list[str] = []

    def told(step: str, identifier: str) -> None:
        print(f"{step}\t{identifier}", flush=True)
        pages.append(f"## {step}: {_without_luck(identifier)}\n\n```\n" + "\n\n".join(journal) + "\n```\n")
        journal.clear()

    with tempfile.TemporaryDirectory() as home, market(Path(home), database=database, at=START) as server:
        try:
            walk(server, told, journal)
        except Refused as refused:
            print(f"{name}: {refused}")
            return 1
    for file in files:
        Path(file).write_text(introduction + "\n".join(pages), encoding="utf-8")
    print(f"{name}: ok")
    return 0


def _without_luck(identifier: str) -> str:
    """A step without what its draws gave, which is another thing in every walk."""
    return re.sub(r" stands: [^,]+", " stands", identifier)


if __name__ == "__main__":
    sys.exit(keep(drive, "lifecycle", WALKTHROUGH, sys.argv[1:]))
