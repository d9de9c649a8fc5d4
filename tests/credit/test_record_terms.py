"""What holds of every credit record, whatever is done with it and in whatever order."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from models import clock
from models.accounts import Organisation
from models.actors import Actor
from models.clock import BEIJING
from models.credit import policy
from models.credit.deciding import bounds, put_in_force
from models.credit.record_workflow import CREDIT_RECORD, _repairable
from models.credit.records import COUNTING, CreditRecord, months_later
from models.credit.statements import StatementPart
from models.errors import RuleViolation

RULES = policy.in_effect(date(2026, 12, 1))
KINDS = sorted(RULES.kinds)
INSTANTS = st.integers(0, 5 * 365 * 24 * 60).map(
    lambda minutes: datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
)
OFFICIAL = Actor("某人", frozenset({"regulator"}), user_id=1)


def made(kind: str, statement: str | None = None) -> CreditRecord:
    body = RULES.kinds[kind]
    return CreditRecord(
        identifier="X-2026-000001",
        subject=Organisation(name="某机构"),
        kind=kind,
        facts="现场检查发现与规定不符。",
        basis=body.basis,
        source_identifier="某字第1号",
        credit_policy=RULES.name,
        weight=body.weight,
        points=body.points,
        limits=list(body.limits),
        statements=[StatementPart(statement=statement, files=[])] if statement is not None else [],
        state="heard",
        served=[],
        recused=[],
    )


def refusal(record: CreditRecord, *, months: int, reply: str = "") -> RuleViolation | None:
    """Why it cannot be put in force so; None where it was."""
    try:
        put_in_force(record, OFFICIAL, decision="事实清楚,予以认定", reply=reply, months=months)
    except RuleViolation as problem:
        return problem
    return None


@given(st.sampled_from(KINDS), st.integers(-5, 60), INSTANTS)
def test_a_term_is_never_outside_the_bounds_of_its_weight(kind: str, months: int, now: datetime) -> None:
    record = made(kind)
    least, most = bounds(record)
    weight = RULES.weights[record.weight]
    assert weight.least_months <= least <= most == weight.longest_months
    with clock.at(now):
        refused = refusal(record, months=months)
    assert (refused is None) == (least <= months <= most)
    if refused is not None:
        assert refused.field == "months"
        assert (record.in_force_from, record.ends_at, record.decided_at) == (None, None, None)
        return
    assert record.in_force_from == record.decided_at == now
    assert record.ends_at is not None
    days = (record.ends_at - now).days
    assert 28 * months - 1 <= days <= 31 * months
    assert (record.published_until == record.ends_at) if weight.published else record.published_until is None


@given(INSTANTS, st.integers(0, 36))
def test_months_are_those_of_the_calendar_in_beijing(instant: datetime, months: int) -> None:
    began, ended = instant.astimezone(BEIJING), months_later(instant, months).astimezone(BEIJING)
    assert (ended.year * 12 + ended.month) - (began.year * 12 + began.month) == months
    assert ended.day == began.day or ((ended + timedelta(days=1)).day == 1 and ended.day < began.day)
    assert ended.time() == began.time()


@given(st.sampled_from(KINDS), INSTANTS, st.integers(0, 1200))
def test_repair_is_asked_for_only_after_the_minimum_and_never_for_what_is_good(
    kind: str, now: datetime, days: int
) -> None:
    record = made(kind)
    with clock.at(now):
        put_in_force(
            record, OFFICIAL, decision="事实清楚,予以认定", reply="", months=RULES.kinds[kind].months
        )
    record.state = "in_force"
    later = now + timedelta(days=days)
    early = later < months_later(now, RULES.weights[record.weight].least_months)
    with clock.at(later):
        try:
            _repairable(None, record)  # type: ignore[arg-type]
            refused = False
        except RuleViolation:
            refused = True
    assert refused == (early or record.weight == "good")


@given(st.sampled_from(KINDS), st.sampled_from(["我们已经改正,请从轻处理。", ""]), st.text(max_size=30))
def test_a_statement_is_never_left_without_an_answer(kind: str, statement: str, reply: str) -> None:
    """Evidence without words is one, too."""
    record = made(kind, statement=statement)
    refused = refusal(record, months=RULES.kinds[kind].months, reply=reply)
    if refused is not None:
        assert refused.field == "reply"
        assert record.in_force_from is None
    else:
        assert record.reply is not None
        assert len(record.reply) >= 5


@given(st.lists(st.sampled_from(sorted(CREDIT_RECORD.acts)), max_size=12))
def test_a_record_is_never_in_force_without_a_decision(acts: list[str]) -> None:
    """Whatever acts follow one another in the table, no way leads to force that passes no decision."""
    state, decided, told = CREDIT_RECORD.initial, False, False
    for act in acts:
        row = next((m for m in CREDIT_RECORD.moves if (m.source, m.act) == (state, act)), None)
        if row is None:
            continue
        state, decided, told = row.target, decided or act in ("uphold", "commend"), told or act == "notify"
        assert not (act == "uphold" and not told), "nor decided on before its subject was told"
        assert decided or state not in (*COUNTING, "suspended", "repaired", "revoked", "expired")


def test_no_way_into_force_is_open_to_the_clock() -> None:
    """A limit that passes never decides against anybody."""
    for row in CREDIT_RECORD.moves:
        if row.target in COUNTING and row.source not in (*COUNTING, "suspended"):
            assert set(row.who) == {"regulator"}
            assert row.needs_reason
