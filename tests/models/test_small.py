"""Money, working days, codes, regions, documents, sealing, credit: the small shared things."""

from __future__ import annotations

import os
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import given
from hypothesis import strategies as st

from models import (
    catalogue,
    clock,
    credit,
    documents,
    money,
    passwords,
    policy,
    regions,
    sealing,
    uscc,
    workdays,
)
from models.accounts import User
from models.clock import BEIJING
from models.credit import Evidence
from models.errors import RuleViolation
from tests.factories import PDF, code

moments = st.integers(0, 880 * 24 * 60).map(
    lambda minutes: datetime(2025, 1, 1, tzinfo=BEIJING) + timedelta(minutes=minutes)
)


@given(fen=st.integers(0, money.MOST))
def test_money_reads_what_it_writes(fen: int) -> None:
    assert money.parse(money.show(fen)) == fen == money.parse(money.plain(fen))


@pytest.mark.parametrize(
    "text", ["", "-5", "abc", "1.234", "1,23", "1e5", "NaN", "∞", "9" * 20, "1 000", "١٢"]
)
def test_money_refuses_what_is_no_amount(text: str) -> None:
    with pytest.raises(ValueError, match="amount"):
        money.parse(text)


@given(value=st.fractions(-1000, 1000))
def test_rounding_is_to_the_nearest_fen(value: Fraction) -> None:
    assert abs(money.round_fen(value) - value) <= Fraction(1, 2)
    assert money.round_fen(-value) == -money.round_fen(value)


@given(start=moments, days=st.integers(0, 40))
def test_working_days_count_back_what_they_added(start: datetime, days: int) -> None:
    end = workdays.add(start, days)
    assert workdays.between(start, end) == days
    assert end >= start
    if days:
        assert workdays.is_workday(end.astimezone(BEIJING).date())
        assert end.astimezone(BEIJING).time() == workdays.CLOSE_OF_BUSINESS


def test_holidays_and_make_up_saturdays_are_known() -> None:
    assert not workdays.is_workday(date(2026, 2, 17))  # 春节
    assert not workdays.is_workday(date(2026, 10, 1))
    assert workdays.is_workday(date(2026, 2, 14))  # a Saturday made up for it
    assert not workdays.is_workday(date(2031, 10, 1))  # a year not published yet
    with pytest.raises(ValueError, match="negative"):
        workdays.add(datetime.now(BEIJING), -1)


@given(number=st.integers(0, 10**12), digit=st.sampled_from("0123456789ABCDEFGHJKLMNPQRTUWXY"))
def test_only_one_check_digit_is_right(number: int, digit: str) -> None:
    sound = code(number)
    assert uscc.check(f" {sound.lower()} ") == sound
    if digit != sound[-1]:
        with pytest.raises(RuleViolation):
            uscc.check(sound[:-1] + digit)
        assert uscc.check(sound[:-1] + digit, as_printed=True) == sound[:-1] + digit


def test_passwords_are_long_and_kept_as_argon2() -> None:
    for weak in ("short", "aaaaaaaaaaaa", "abababababab"):
        with pytest.raises(RuleViolation):
            passwords.check(weak)
    user = User(email="a@example.cn", name="a")
    user.set_password("correct horse battery")
    assert user.password_hash.startswith("$argon2id$")
    assert user.check_password("correct horse battery")
    assert not user.check_password("wrong horse battery")
    user.password_hash = "broken"
    assert not user.check_password("correct horse battery")


def test_a_region_covers_what_lies_in_it() -> None:
    assert regions.covers("630000", "632801")
    assert regions.covers("632800", "632801")
    assert not regions.covers("632801", "632800")
    assert not regions.covers("630000", "540100")
    assert regions.above("632801") == ["632801", "632800", "630000"]
    assert len(regions.published()) == 3348
    assert (
        next(r["full_name"] for r in regions.published() if r["code"] == "632801")
        == "青海省海西蒙古族藏族自治州格尔木市"
    )


def test_the_catalogue_is_whole_and_loading_it_again_adds_nothing(session: Any) -> None:
    items = catalogue.current_items(session)
    assert len(items) == 45
    assert {item.department for item in items} == set(catalogue.DEPARTMENTS)
    for item in items:
        for language in ("zh", "en"):
            assert all(item.notice[language][part] for part in ("materials", "outputs", "checklist"))
    assert catalogue.seed(session) == (0, 0)


@pytest.mark.parametrize("content", [b"", b"MZ\x90", b"<script>", b"%PDF-1.7" + b"0" * documents.MOST_BYTES])
def test_files_of_a_wrong_kind_or_size_are_refused(content: bytes) -> None:
    with pytest.raises(RuleViolation) as refused:
        documents.check(content, "file")
    assert refused.value.field == "file"


def test_a_file_is_kept_once_by_its_content(tmp_path: Any) -> None:
    store = documents.FolderStore(tmp_path)
    assert documents.check(PDF) == "application/pdf"
    first = store.put(PDF)
    assert store.put(PDF) == first
    assert store.get(first) == PDF
    assert len([p for p in tmp_path.rglob("*") if p.is_file()]) == 1


def test_a_file_that_is_kept_is_on_the_disk_with_its_name(tmp_path: Any, monkeypatch: Any) -> None:
    """In this order: its bytes, its name among its folder's, and the folder's own among those above."""
    synced: list[str] = []
    real = os.fsync

    def noting(handle: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{handle}").removeprefix(str(tmp_path)))
        real(handle)

    monkeypatch.setattr(os, "fsync", noting)
    store = documents.FolderStore(tmp_path / "files")
    sha256 = store.put(PDF)
    above, files, content, name = synced
    assert (above, files, name) == ("", "/files", f"/files/{sha256[:2]}")
    assert content.startswith(f"/files/{sha256[:2]}/.new-")
    store.put(PDF)
    assert synced[4:] == [name], "whoever put it there before may have been killed before this"


@given(plain=st.binary(max_size=200), flip=st.integers(0, 10**6))
def test_what_is_sealed_opens_only_whole_and_with_its_key(plain: bytes, flip: int) -> None:
    public, private = sealing.make_pair()
    sealed = sealing.seal(public, plain)
    assert sealing.open_sealed(private, sealed) == plain
    assert len(plain) < 8 or plain not in sealed
    position = flip % len(sealed)
    broken = sealed[:position] + bytes([sealed[position] ^ 1]) + sealed[position + 1 :]
    with pytest.raises(InvalidTag):
        sealing.open_sealed(private, broken)
    with pytest.raises(InvalidTag):
        sealing.open_sealed(sealing.make_pair()[1], sealed)


stars = st.floats(1, 5)


@given(values=st.lists(stars, max_size=30), extra=stars)
def test_one_rating_moves_a_score_little_and_in_its_own_direction(values: list[float], extra: float) -> None:
    rules, now = policy.current(), datetime(2026, 3, 2, tzinfo=BEIJING)
    records = [Evidence("R", now, value) for value in values]
    before = credit.sheet(rules, records, [], [], 1).score
    after = credit.sheet(rules, [*records, Evidence("R", now, extra)], [], [], 1).score
    most = (
        rules.number("credit.rating_points")
        * 4
        / (rules.number("credit.rating_prior_weight") + len(values) + 1)
    )
    assert abs(after - before) <= most + 0.1
    _, mean, _ = credit.shrunk_mean(
        records, float(rules.rate("credit.rating_prior")), rules.number("credit.rating_prior_weight")
    )
    assert (after - before) * (extra - mean) >= -0.11 * abs(extra - mean)


def test_no_record_is_no_grade_and_idleness_changes_nothing() -> None:
    rules = policy.current()
    assert credit.sheet(rules, [], [], [], 0).grade is None
    assert credit.decay(0, 365) == 1
    assert credit.decay(365, 365) == 0.5
    assert [credit.raises(credit.sheet(rules, [], [], [], 0))[0].message] == ["完成第一份合同后开始评级。"]
    now = datetime(2026, 3, 2, tzinfo=BEIJING)
    bad = credit.sheet(
        rules,
        [Evidence("R", now, 1.0)] * 20,
        [Evidence("C", now, 0.0)] * 20,
        [Evidence("C", now, 0.0)] * 20,
        20,
    )
    assert bad.grade in ("D", "E")
    assert [hint.params["points"] for hint in credit.raises(bad)]
    assert bad.score == round(min(100, max(0, sum(line.points for line in bad.lines))), 1)


def test_the_clock_is_the_only_source_of_time(tmp_path: Any) -> None:
    with clock.at(datetime(2026, 3, 2, 23, 0, tzinfo=BEIJING)):
        assert clock.today() == date(2026, 3, 2)
    path = tmp_path / "clock"
    clock.use_file(path)
    path.write_text("2026-05-01T00:00:00+08:00")
    assert clock.now() == datetime(2026, 4, 30, 16, 0, tzinfo=clock.UTC)
    path.unlink()
    assert abs(clock.now() - datetime.now(clock.UTC)) < timedelta(seconds=5)
    clock.use_system()


def test_every_policy_key_has_a_name() -> None:
    for name, body in policy.current().sections().items():
        assert name in policy.SECTIONS
        assert {f"{name}.{key}" for key in body} <= set(policy.KEYS)
