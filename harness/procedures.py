"""Every way to choose, over real HTTP against a fresh market.

`make procedures` prints each step, and `make docs` keeps the requests as docs/procedures.md.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from datetime import datetime, timedelta

from harness.lifecycle import (
    ITEM,
    PDF,
    START,
    _last,
    award_of,
    choose,
    contracted,
    entry,
    keep,
    pay,
    people,
)
from harness.person import Person, Refused
from harness.server import ROOT, Server
from models import workdays

Told = Callable[[str, str], None]
PLACES = dict(
    zip(
        ("direct", "inquiry", "sealed_bid", "reference_price", "reverse_auction", "merit", "random_draw"),
        ["北岸", "南岸", "上游", "下游", "东区", "西区", "灌区"],
        strict=True,
    )
)
PRICES = {"agency1": "45,000", "agency2": "44,000", "agency3": "43,500"}

INTRODUCTION = """# Every way to choose, a change and a dispute, request by request

As `make docs` saw them: every line was really sent over HTTP to a fresh market, which
`python -m harness.procedures` does again. A form's fields that keep their proposed values, its CSRF token and
its one-time key are left out, and so is what a draw gave: every walk has its own luck. "Stands" says that
`verify_draw.py`, run on the published file, came to the same.

"""


class Stage:
    """A market with its people in it, and a clock that is moved."""

    def __init__(self, server: Server, journal: list[str]) -> None:
        self.server, self.now = server, START
        self.who = people(server, journal)
        for number in range(3):
            name = f"expert{number + 1}"
            self.who[name] = Person(server.url, name, journal)
            self.who[name].submit("/sign-up", kind="enterprise", **entry(name, 40 + number))
            self.who[name].confirm()
        journal.clear()

    def move(self, instant: datetime) -> None:
        self.now = instant
        self.server.set_clock(instant)
        self.server.command("tick")

    def publish(self, mode: str, funds: str = "state", **asked: str) -> str:
        path = self.who["buyer"].draft(
            f"/requests/new?item={ITEM}",
            project=f"高标准农田水土保持方案({PLACES[mode]})",
            region_code="632801",
            mode=mode,
            funds=funds,
            **asked,
        )
        self.who["buyer"].submit(f"{path}/publish")
        return path

    def bid(self, tender: str, **more: str) -> dict[str, str]:
        """Everyone seals a bid; before the opening nobody finds a price."""
        bids = {
            name: self.who[name].submit(f"{tender}/answer", price=price, days="25", **more)
            for name, price in PRICES.items()
        }
        for person in self.who.values():
            if any(price in person.get(tender).get_text() for price in PRICES.values()):
                raise Refused("a sealed price shows before the opening")
        return bids

    def open(self) -> None:
        """Past the usual deadline and the minute in which what arrived in time is stored."""
        self.move(workdays.add(self.now, 5) + timedelta(minutes=1))

    def award(self, tender: str, reasons: str) -> str:
        self.who["buyer"].submit(f"{tender}/award", reasons=reasons)
        return award_of(self.who["buyer"], tender)


def direct(stage: Stage, told: Told) -> None:
    buyer = stage.who["buyer"]
    tender = stage.publish("direct", "private", only_invited="y", invited="A-2026-000001")
    choose(buyer, stage.who["agency1"], tender)
    told("direct 直接选取", f"{_last(tender)} -> {award_of(buyer, tender)}")


def inquiry(stage: Stage, told: Told) -> None:
    buyer = stage.who["buyer"]
    tender = stage.publish("inquiry", "private")
    stage.who["agency3"].submit(f"{tender}/ask", question="是否包含专家评审会费用?")
    buyer.submit(_link(buyer, tender, "/clarifications/"), answer="包含,请计入报价。")
    quotes = [
        stage.who[name].submit(f"{tender}/answer", price=price, days="20") for name, price in PRICES.items()
    ]
    buyer.submit(f"{quotes[0]}/offer", price="40,000", days="20")
    stage.who["agency1"].submit(f"{quotes[0]}/offer", price="42,000", days="18")
    buyer.submit(f"{quotes[0]}/accept")
    buyer.submit(f"{tender}/close")
    buyer.submit(f"{tender}/award", agency="A-2026-000001", reasons="三家比较后价格最合适")
    told("inquiry 询价议价", f"{_last(tender)} -> {award_of(buyer, tender)}")


def sealed_bid(stage: Stage, told: Told) -> None:
    tender = stage.publish("sealed_bid")
    stage.bid(tender)
    stage.who["buyer"].submit(
        f"{tender}/amend",
        budget="47,000",
        deadline=_local(workdays.add(stage.now, 6)),
        reason="预算已批复,按批复金额设上限",
    )
    stage.bid(tender)  # each answers the tender as it now is
    stage.move(workdays.add(stage.now, 6) + timedelta(minutes=1))
    award = stage.award(tender, "开启的投标中报价最低")
    objection = stage.who["agency2"].submit(
        f"/awards/{award}/object", grounds="中选机构承诺的工期明显短于规范要求"
    )
    stage.who["buyer"].submit(f"{objection}/answer", statement="进度计划已核对,工期可行。")
    stage.who["regulator"].submit(f"{objection}/dismiss", reason="经核查,工期可行,异议不成立。")
    stage.move(workdays.add(stage.now, 3) + timedelta(minutes=1))
    stage.server.command("tick")
    notice = Person(stage.server.url).get(f"/check/{award}").get_text()
    if "SHA-256" not in notice:
        raise Refused("no notice was issued")
    told("sealed_bid 竞价·最低价", f"{_last(tender)} -> {award}, {_last(objection)}")


def reference_price(stage: Stage, told: Told) -> None:
    tender = stage.publish("reference_price")
    stage.bid(tender)
    stage.open()
    award = stage.award(tender, "开启的投标中最接近参考价")
    told("reference_price 竞价·参考价", f"{_last(tender)} -> {award}, {', '.join(verified(stage, tender))}")


def reverse_auction(stage: Stage, told: Told) -> None:
    begins = workdays.add(stage.now, 5).replace(hour=10, minute=0)
    tender = stage.publish("reverse_auction", deadline=_local(begins))
    stage.bid(tender)
    stage.move(begins + timedelta(minutes=1))
    for name, price in (("agency1", "43,000"), ("agency2", "42,500"), ("agency1", "42,000")):
        stage.who[name].submit(f"{tender}/auction", price=price)
        stage.move(stage.now + timedelta(minutes=5))
    stage.move(stage.now + timedelta(minutes=40))
    told("reverse_auction 网上竞价", f"{_last(tender)} -> {stage.award(tender, '网上竞价结束时报价最低')}")


def merit(stage: Stage, told: Told) -> None:
    buyer = stage.who["buyer"]
    tender = stage.publish(
        "merit", price_weight="40", days_weight="10", credit_weight="20", quality="技术方案 20\n类似业绩 10"
    )
    for number in (1, 2, 3):
        buyer.submit(f"{tender}/appoint", email=f"expert{number}@example.cn")
    stage.bid(tender, note="两名注册人员驻场,分三阶段提交。")
    stage.open()
    for number in (1, 2, 3):
        expert = stage.who[f"expert{number}"]
        sheet = _link(expert, "/my", "/evaluations/")
        expert.submit(f"{sheet}/declare")
        points = {
            f"points_{bid}_{line}": str(most - bid - number)
            for bid in range(3)
            for line, most in enumerate((20, 10))
        }
        expert.submit(
            f"{sheet}/score", **points, **{f"reason_{bid}": "方案可行,人员配置合理" for bid in range(3)}
        )
    told("merit 择优选取", f"{_last(tender)} -> {stage.award(tender, '综合评分第一,评分表已公布')}")


def random_draw(stage: Stage, told: Told) -> None:
    tender = stage.publish("random_draw", budget="44,800")
    for name in PRICES:
        stage.who[name].submit(f"{tender}/answer", days="25", contribution=f"{name} 的一段话")
    stage.open()
    award = stage.award(tender, "由公开、可验证的抽取决定")
    told("random_draw 随机抽取", f"{_last(tender)} -> {award}, {', '.join(verified(stage, tender))}")


def _begun(stage: Stage) -> str:
    """A contract with the first agency, its deposit confirmed."""
    buyer, agency = stage.who["buyer"], stage.who["agency1"]
    contract = contracted(buyer, agency)
    pay(buyer, agency, contract)
    return contract


def change(stage: Stage, told: Told) -> None:
    contract = _begun(stage)
    proposed = stage.who["agency1"].submit(
        f"{contract}/changes/extension", days="5", reason="持续降雪,现场踏勘受阻"
    )
    stage.who["buyer"].submit(f"{proposed}/agree")
    told("change 变更", f"{_last(contract)}: {_last(proposed)}")


def dispute(stage: Stage, told: Told) -> None:
    buyer, agency, contract = stage.who["buyer"], stage.who["agency1"], _begun(stage)
    buyer.submit(f"{contract}/dispute", claim="收到定金后一直没有进场,要求解除合同并退还定金", file=PDF)
    case = f"/disputes/{buyer.find(contract, r'Y-2026-[0-9]{6}')}"
    agency.submit(f"{case}/answer", answer="业主未提供立项文件,已书面催要")
    buyer.submit(f"{case}/evidence", note="立项文件的签收单", file=PDF)
    stage.who["regulator"].submit(
        f"{case}/decide",
        outcome="terminate",
        fault="agency",
        to_agency="0",
        reason="立项文件已签收,机构没有进场",
    )
    if "已终止" not in buyer.get(contract).get_text():
        raise Refused("the decision did not end the contract")
    told("dispute 争议", f"{_last(contract)}: {_last(case)}")


def verified(stage: Stage, tender: str) -> list[str]:
    """Re-run every draw of a tender with the stand-alone program, and hold its winner against the page."""
    page, found = stage.who["agency1"].get(tender), []
    for path in dict.fromkeys(str(link["href"]) for link in page.select("a[href^='/draws/']")):
        file = stage.who["agency1"].session.get(stage.server.url + path, timeout=30).text
        with tempfile.NamedTemporaryFile("w", suffix=".json", encoding="utf-8") as copy:
            copy.write(file)
            copy.flush()
            ran = subprocess.run(
                [sys.executable, "-I", str(ROOT / "docs" / "verify_draw.py"), copy.name],
                capture_output=True,
                text=True,
                check=False,
            )
        draw = json.loads(file)
        first, won = draw["result"][0], draw.get("winner")
        if ran.returncode or ran.stdout.split()[2] != first or first not in page.get_text():
            raise Refused(f"verify_draw.py disagrees: {ran.stdout}")
        if won and ("winner" not in ran.stdout or won not in ran.stdout):
            raise Refused(f"verify_draw.py disagrees: {ran.stdout}")
        found.append(f"{draw['identifier']} stands: {first}")
    return found


def _link(person: Person, path: str, start: str) -> str:
    link = person.get(path).select_one(f"a[href^='{start}']")
    if link is None:
        raise Refused(f"{path} leads to no {start}")
    return str(link["href"])


def _local(instant: datetime) -> str:
    return f"{instant:%Y-%m-%dT%H:%M}"


PROCEDURES = (
    direct,
    inquiry,
    sealed_bid,
    reference_price,
    reverse_auction,
    merit,
    random_draw,
    change,
    dispute,
)


def drive(server: Server, told: Told, journal: list[str] | None = None) -> None:
    """All of them, one after another. Raises Refused where the site says no."""
    stage = Stage(server, journal if journal is not None else [])
    for procedure in PROCEDURES:
        procedure(stage, told)


if __name__ == "__main__":
    sys.exit(keep(drive, "procedures", INTRODUCTION, sys.argv[1:]))
