"""The clause checker finds what it should and leaves alone what it should.

Templates are versioned and examined.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st

from harness.factories import World
from market.contracts.actions import drafting
from market.extensions import db
from models.contracts.agreement import Contract
from models.contracts.clauses import examine, rule, rules
from models.contracts.drafting import split
from models.contracts.templates import published_templates, templates_of
from models.errors import NotAllowed, RuleViolation
from tests.web import Visitor, sign_in

# Sentences as they stand in bad contracts, and the rule each must meet.
BAD = {
    "甲方资料造成的一切损失,乙方概不承担任何责任。": "exempts",
    "现场人员伤亡与乙方无关。": "injury",
    "甲方不得就本合同投诉或者索赔。": "gives_up",
    "甲方放弃提起诉讼的权利。": "gives_up",
    "本合同的最终解释权归乙方所有。": "last_word",
    "乙方有权单方变更服务内容。": "one_sided",
    "乙方调整价格无需通知甲方即可变更。": "one_sided",
    "定金和预付款在任何情况下概不退还。": "no_refund",
    "超出部分另行收费,其他费用由甲方承担。": "extra_fees",
    "乙方可以将工作转委托第三人。": "subcontract",
    "财政资金到位后付款。": "back_to_back",
    "逾期的,按价款的百分之五十支付违约金。": "penalty",
    "违约金为合同额的40%。": "penalty",
    "定金为价款的百分之三十。": "deposit_cap",
    "乙方保证一次性通过审批。": "promised_outcome",
    "乙方应按照甲方要求出具结论。": "ordered_conclusion",
    "甲方三日内未回复的,视为同意。": "silence",
    "由乙方所在地人民法院管辖。": "venue",
}
# Sentences that say the opposite, or something harmless.
GOOD = (
    "因不可抗力不能履行的,依法不承担责任。",
    "未经甲方同意,乙方不得将工作转委托第三人。",
    "任何一方不得单方变更合同。",
    "乙方不得另行收取任何费用。",
    "违约金累计不超过价款的百分之十。",
    "定金为价款的百分之二十。",
    "乙方原因被退回的,免费修改。",
    "双方协商一致可以变更。",
    "经甲方书面同意,可以将辅助工作分包,乙方对其负责。",
)


def _clause(text: str) -> list[dict[str, Any]]:
    return [{"key": "supplement", "title": "补充约定", "text": text, "standard": "无。"}]


@pytest.mark.parametrize(("text", "key"), BAD.items())
def test_bad_clauses_are_found_with_their_words(text: str, key: str) -> None:
    found = [f for f in examine(_clause(text), "report", "WAT-01") if f["clause"]]
    assert key in {f["rule"] for f in found}
    assert all(f["excerpt"] and rule(f["rule"]).article.startswith("《") for f in found)


@pytest.mark.parametrize("text", GOOD)
def test_fair_clauses_are_left_alone(text: str) -> None:
    assert not [f for f in examine(_clause(text), "report", "WAT-01") if f["clause"]]


def test_every_rule_has_an_example_or_a_kind() -> None:
    assert {each.key for each in rules() if each.found} == set(BAD.values())
    empty = {
        f["rule"]
        for kind, item in (("report", "SAF-01"), ("survey", "X"), ("testing", "X"), ("audit", "X"))
        for f in examine([], kind, item)
    }
    assert empty == {each.key for each in rules() if each.needed}


@pytest.mark.parametrize("kind", published_templates()["kinds"])
def test_our_own_templates_pass_for_every_item(kind: str) -> None:
    carried = published_templates()
    clauses = [*carried["clauses"], *carried["kinds"][kind]["clauses"]]
    for item in ("", "SAF-01", "FIR-01", "MET-01"):
        assert not [
            f for f in examine(clauses, kind, item, own=False) if rule(f["rule"]).severity != "attention"
        ]


@given(st.integers(1, 10**12), st.lists(st.integers(1, 100), min_size=1, max_size=5))
def test_parts_sum_to_the_whole(total: int, weights: list[int]) -> None:
    shares = [Fraction(weight, sum(weights)) for weight in weights]
    parts = split(total, shares)
    assert sum(parts) == total
    assert all(abs(part - total * share) <= 1 for part, share in zip(parts, shares, strict=True))


def test_a_contract_keeps_its_template_and_its_deviations_are_told(app: Flask, world: World) -> None:
    identifier = world.contract_of(world.awarded()).identifier
    drafting.revise(world.actor("agency"), identifier, texts={"supplement": "本合同的最终解释权归乙方所有。"})
    contract = Contract.load(db.session, identifier)
    assert (contract.deviations, [f["rule"] for f in contract.findings]) == (1, ["last_word"])
    page = sign_in(app, world, "buyer").get(f"/contracts/{identifier}/agree_buyer")
    for said in ("最终解释权归", "《民法典》第四百九十八条", "无。"):
        assert said in page.text
    watch = sign_in(app, world, "regulator")
    listed = watch.get("/oversight/clauses")
    assert identifier in listed.text
    assert "一方独享解释权" in listed.text
    assert identifier in watch.get("/oversight/clauses?rule=last_word").text
    assert identifier not in watch.get("/oversight/clauses?rule=no_refund").text
    assert "last_word" in watch.get("/oversight/clauses.csv").text
    with pytest.raises(RuleViolation, match="标准条款"):
        drafting.revise(world.actor("buyer"), identifier, texts={"price": "面议"})


def test_milestones_are_the_parties_to_divide(world: World) -> None:
    identifier = world.contract_of(world.awarded()).identifier
    contract = Contract.load(db.session, identifier)
    half = contract.price // 2

    def rows(*parts: tuple[str, int, int, bool]) -> list[dict[str, Any]]:
        return [{"name": n, "days": d, "amount": a, "reviewed": r} for n, d, a, r in parts]

    wrong = {
        "合计 20 个工作日": rows(("初稿", 5, half, False), ("报批稿", 5, contract.price - half, True)),
        "价款应合计": rows(("初稿", 5, 100, False), ("报批稿", 15, 100, True)),
        "名称、工期和价款": rows(("", 5, half, False), ("报批稿", 15, contract.price - half, True)),
        "审批部门评审": rows(("报批稿", 20, contract.price, False)),
        "1 到 5": rows(*[("初稿", 3, 1, False)] * 6),
    }
    for said, milestones in wrong.items():
        with pytest.raises(RuleViolation, match=said):
            drafting.revise(world.actor("buyer"), identifier, texts={}, milestones=milestones)
    drafting.revise(
        world.actor("buyer"),
        identifier,
        texts={},
        milestones=rows(("初稿", 8, half, False), ("报批稿", 12, contract.price - half, True)),
    )
    db.session.rollback()
    assert [(m.name, m.days, m.amount) for m in Contract.load(db.session, identifier).milestones] == [
        ("初稿", 8, half),
        ("报批稿", 12, contract.price - half),
    ]


def test_an_authority_publishes_the_next_version_and_running_contracts_keep_theirs(
    app: Flask, world: World
) -> None:
    identifier = world.contract_of(world.awarded()).identifier
    before = templates_of(db.session, "report")[0]
    watch = sign_in(app, world, "regulator")
    path = "/contract-templates/report/revise"
    assert sign_in(app, world, "buyer").get(path).status == 403
    place = next(n for n, clause in enumerate(before.clauses) if clause["key"] == "breach")
    refused = watch.submit(
        path, reason="提高逾期成本", **{f"text_{place}": "定金概不退还,乙方概不承担任何责任。"}
    )
    assert "条款检查没有通过" in refused.text
    assert (
        "没有这个变量"
        in watch.submit(path, reason="提高逾期成本", **{f"text_{place}": "违约方支付 {penalty}。"}).text
    )
    assert (
        "花括号" in watch.submit(path, reason="提高逾期成本", **{f"text_{place}": "违约方支付 {price。"}).text
    )
    assert "合计百分之百" in watch.submit(path, reason="提高逾期成本", days_1="50").text
    changed = "任何一方违约的,每逾期一个工作日按该节点价款的千分之二支付违约金。"
    assert watch.submit(path, reason="提高逾期成本", **{f"text_{place}": changed}).status == 303
    page = Visitor(app).get("/contract-templates/report")
    for said in ("第 2 版", "千分之二", "逾期违约金比例", "提高逾期成本"):
        assert said in page.text
    db.session.rollback()
    assert Contract.load(db.session, identifier).template_version == "report/1"
    later = world.contract_of(world.awarded())
    assert later.template_version == "report/2"
    assert any(changed in clause["text"] for clause in later.clauses)
    assert not later.findings
    with pytest.raises(NotAllowed):
        drafting.publish_template(
            world.actor("buyer"),
            "report",
            title="x",
            clauses=[],
            milestones=[],
            effective_from=None,
            reason="提高逾期成本",
        )


def test_a_contract_names_the_template_it_follows(app: Flask, world: World) -> None:
    contract = world.contract_of(world.awarded()).identifier
    page = sign_in(app, world, "buyer").get(f"/contracts/{contract}").text
    assert "模板:技术报告编制,第 " in page
