"""Settings: everything wrong is said at once, and a market open to the public is not the demonstration."""

from __future__ import annotations

import errno
import os
import re
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from limits.storage import storage_from_string
from sqlalchemy import func, select

from market import create_app
from market.config import (
    INVENTED_ACCOUNT,
    OVER_TLS,
    ROOT,
    KeeperServiceSettings,
    KeeperSettings,
    Settings,
    WrongSettings,
)
from market.demonstration.people import ACCOUNTS
from market.extensions import db
from market.keeper import create_keeper
from market.serving import limits as _limits  # noqa: F401 - a storage for the limiter
from market.serving.lock import hold
from market.serving.ready import refusals
from market.transaction import transaction
from models.accounts import User
from tests.conftest import settings

FIT = {
    "CUSTODY_ACCOUNT": "专户|银行|6300000000000018",
    "PUBLIC_URL": "https://zjcs.qinghai.gov.cn",
    "HTTPS": "1",
    "SECRET_KEY": "a" * 32,
    "SEALING_SECRET": "b" * 32,
    "KEEPER_SECRET": "c" * 32,
    "PROXIES": "1",
    "MAIL": "smtps://market:secret@mail.gov.cn:465",
    "MAIL_FROM": "market@zjcs.qinghai.gov.cn",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Any:
    """Nothing set but the folder; `environment(...)` sets more."""
    for name in Settings.model_fields:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GONGXIN_HOME", str(tmp_path))

    def told(**values: str) -> None:
        for name, value in values.items():
            monkeypatch.setenv(name, value)

    return told


def _problems() -> list[str]:
    with pytest.raises(WrongSettings) as wrong:
        Settings.read()
    assert all(each in str(wrong.value) for each in wrong.value.problems)
    return wrong.value.problems


def test_by_default_it_is_no_demonstration_and_refuses_what_the_public_must_not_rely_on(
    environment: Any, tmp_path: Path
) -> None:
    named = [problem.partition(":")[0] for problem in _problems()]
    assert named == [
        "CUSTODY_ACCOUNT",
        "PUBLIC_URL",
        "HTTPS",
        "MAIL",
        "MAIL_FROM",
        "PROXIES",
        "SECRET_KEY, SEALING_SECRET, KEEPER_SECRET",
    ]
    assert list(tmp_path.iterdir()) == [], "and nothing is made"


def test_what_cannot_be_read_and_what_is_missing_are_said_together(environment: Any) -> None:
    environment(PORT="a door", SEARCH="guess", AREA="63", THREADS="1", DEMO="perhaps", PROCESSES="0")
    named = [problem.partition(":")[0] for problem in _problems()]
    assert set(named) >= {
        "PORT",
        "SEARCH",
        "AREA",
        "THREADS",
        "DEMO",
        "PROCESSES",
        "CUSTODY_ACCOUNT",
        "PUBLIC_URL",
        "HTTPS",
    }


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ({}, "required"),
        ({"SECOND_FACTOR": "required"}, "required"),
        ({"TRIAL": "1"}, "offered"),
        ({"DEMO": "1"}, "offered"),
        ({"TRIAL": "1", "SECOND_FACTOR": "required"}, "required"),
    ],
)
def test_the_second_factor_is_required_in_public_whatever_is_not_said(
    environment: Any, told: dict[str, str], kept: str
) -> None:
    environment(**FIT, **told)
    assert Settings.read().flask()["SECOND_FACTOR"] == kept


@pytest.mark.parametrize(
    ("told", "name"),
    [
        ({"SECOND_FACTOR": "offered"}, "SECOND_FACTOR"),
        ({"SECOND_FACTOR": "off"}, "SECOND_FACTOR"),
        ({"MAIL": "https://mail"}, "MAIL"),
        ({"MAIL_FROM": "nobody"}, "MAIL_FROM"),
    ],
)
def test_and_cannot_be_switched_off_there_nor_letters_go_nowhere(
    environment: Any, told: dict[str, str], name: str
) -> None:
    environment(**{**FIT, **told})
    assert {problem.partition(":")[0] for problem in _problems()} == {name}


@pytest.mark.parametrize("name", FIT)
def test_each_of_them_alone_is_refused(environment: Any, name: str) -> None:
    environment(**{key: value for key, value in FIT.items() if key != name})
    (problem,) = _problems()
    assert problem.startswith(name)


@pytest.mark.parametrize(
    "url",
    [
        "http://zjcs.qinghai.gov.cn",
        "https://127.0.0.1",
        "https://localhost",
        "https://10.1.2.3",
        "https://192.168.0.9:8443",
        "https://[::1]/",
        "https://market.local",
        "https://市场",
        "zjcs.qinghai.gov.cn",
        "ftp://a.cn",
    ],
)
def test_an_address_only_we_can_reach_is_not_public(environment: Any, url: str) -> None:
    environment(**{**FIT, "PUBLIC_URL": url})
    (problem,) = _problems()
    assert problem.startswith("PUBLIC_URL")


@pytest.mark.parametrize(
    ("told", "named"),
    [
        ({"KEEPER_URL": "keeper.gov.cn"}, {"KEEPER_URL"}),
        ({"KEEPER_URL": "https://keeper.gov.cn"}, {"KEEPER_TOKEN"}),
        ({"KEEPER_URL": "https://keeper.gov.cn", "KEEPER_TOKEN": "theirs"}, set()),
        ({"TSA_URL": "ldap://tsa"}, {"TSA_URL"}),
        ({"TSA_URL": "http://tsa.gov.cn:318/tsr?x=1"}, set()),
        ({"CLOCK_WITNESS": "https://"}, {"CLOCK_WITNESS"}),
        ({"DATABASE_URL": "mysql://market"}, {"DATABASE_URL"}),
        ({"DATABASE_URL": "postgres://market@db/market"}, set()),
        ({"DATABASE_URL": "sqlite:////srv/our market.sqlite3"}, set()),
        ({"STRIPE_KEY": "sk_live"}, {"STRIPE_PUBLIC_KEY", "STRIPE_WEBHOOK_SECRET"}),
        ({"STRIPE_KEY": "sk", "STRIPE_PUBLIC_KEY": "pk", "STRIPE_WEBHOOK_SECRET": "whsec"}, set()),
        ({"SIGNING_ROOTS": "/nowhere"}, {"SIGNING_ROOTS"}),
    ],
)
def test_what_cannot_work_is_refused_at_the_start(
    environment: Any, told: dict[str, str], named: set[str]
) -> None:
    environment(**FIT, **told)
    if not named:
        assert Settings.read()
        return
    assert {problem.partition(":")[0] for problem in _problems()} == named


def test_an_account_is_a_holder_a_bank_and_a_number(environment: Any) -> None:
    environment(TRIAL="1", CUSTODY_ACCOUNT="专户,银行,6300000000000018")
    (problem,) = _problems()
    assert problem.startswith("CUSTODY_ACCOUNT")


def test_a_keeper_without_its_settings_does_not_start_and_tells_no_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name in KeeperServiceSettings.model_fields:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("KEEPER_SECRET", "theirs alone")
    with pytest.raises(WrongSettings) as wrong:
        create_keeper()
    assert wrong.value.problems == ["KEEPER_HOME: not set", "KEEPER_TOKEN: not set"]
    with pytest.raises(WrongSettings) as wrong:
        KeeperSettings.read()
    assert wrong.value.problems == ["KEEPER_HOME: not set"]


def test_the_invented_account_is_not_taken_for_one(environment: Any) -> None:
    environment(**{**FIT, "CUSTODY_ACCOUNT": INVENTED_ACCOUNT})
    (problem,) = _problems()
    assert "invented" in problem


@pytest.mark.parametrize(
    "told",
    [
        {"PROXIES": "0"},
        {"RATELIMIT_ENABLED": "0"},
        {"RATELIMIT_STORAGE_URI": "memory://"},
        {"CLOCK_FILE": "/tmp/clock"},
        {"SECRET_KEY": "guess me"},
    ],
)
def test_what_would_let_everybody_try_for_ever_or_set_the_clock_is_for_tests(
    environment: Any, told: dict[str, str]
) -> None:
    environment(**{**FIT, **told})
    (problem,) = _problems()
    assert problem.startswith(next(iter(told)))
    environment(TRIAL="1")
    assert Settings.read()


def test_a_market_that_is_fit_starts(environment: Any, tmp_path: Path) -> None:
    environment(**FIT)
    read = Settings.read().flask()
    assert (read["DEMO"], read["SESSION_COOKIE_SECURE"], read["KEEPER_SECRET"]) == (False, True, "c" * 32)
    assert [path.name for path in tmp_path.iterdir()] == [], "no secret lies beside the database"
    environment(SECRET_KEY="", SECRETS_BESIDE="1")
    assert len(Settings.read().flask()["SECRET_KEY"]) == 64
    assert [path.name for path in tmp_path.iterdir()] == ["secret-key"]
    assert (tmp_path / "secret-key").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("yes", ["1", "y", "t", "YES", "on"])
@pytest.mark.parametrize("kind", ["DEMO", "TRIAL"])
def test_the_demonstration_and_a_trial_may_pretend(environment: Any, kind: str, yes: str) -> None:
    environment(**{kind: yes})
    read = Settings.read().flask()
    assert read["CUSTODY_ACCOUNT"] == INVENTED_ACCOUNT
    assert read["PUBLIC_URL"] == "http://127.0.0.1:8000"


def test_a_home_that_is_named_from_here_is_one_place_for_all(
    environment: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    environment(TRIAL="1", GONGXIN_HOME="rel/my data", INDEX_FOLDER="found")
    read = Settings.read().flask()
    home = tmp_path / "rel" / "my data"
    assert (read["HOME_FOLDER"], read["FILES_FOLDER"], read["INDEX_FOLDER"]) == (
        home,
        home / "files",
        tmp_path / "found",
    )
    assert read["SQLALCHEMY_ENGINES"]["default"]["url"] == f"sqlite:///{home}/market.sqlite3"
    assert (read["KEEPER_FOLDER"], read["JOBS_FILE"]) == (home / "keeper", home / "jobs.sqlite3")
    assert storage_from_string(read["RATELIMIT_STORAGE_URI"]).incr("tries", 60) == 1
    assert (home / "limits.sqlite3").exists()


@pytest.mark.parametrize("left", ["", "\n", "0123"])
def test_a_secret_that_was_cut_short_is_not_taken_for_one(
    environment: Any, tmp_path: Path, left: str
) -> None:
    environment(DEMO="1")
    (tmp_path / "sealing-secret").write_text(left)
    (problem,) = _problems()
    assert problem.startswith(f"SEALING_SECRET: {tmp_path}/sealing-secret is empty or cut short")


def _made_in_a_child(at_fsync: Callable[[int], None]) -> tuple[int, str]:
    """A start in a process of its own, and the secret it found or made."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.fsync = at_fsync
            os.write(writing, Settings.read().flask()["SECRET_KEY"].encode() or b"empty")
            os._exit(0)
        finally:
            os._exit(1)
    os.close(writing)
    with os.fdopen(reading) as said:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), said.read()


def _no_room(_handle: int) -> None:
    raise OSError(errno.ENOSPC, "No space left on device")


def _killed(_handle: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@pytest.mark.parametrize("fate", [_no_room, _killed])
def test_a_start_that_breaks_off_leaves_no_secret_and_the_next_makes_a_whole_one(
    environment: Any, tmp_path: Path, fate: Callable[[int], None]
) -> None:
    environment(DEMO="1")
    assert _made_in_a_child(fate)[0]
    assert not (tmp_path / "secret-key").exists()
    code, made = _made_in_a_child(lambda _handle: None)
    assert (code, len(made)) == (0, 64)


def test_of_those_who_start_at_once_the_first_ones_secret_is_everybodys(
    environment: Any, tmp_path: Path
) -> None:
    environment(DEMO="1")
    first: list[str] = []

    def meanwhile(_handle: int) -> None:
        if not first:
            first.append("begun")
            (tmp_path / "first").write_text(_made_in_a_child(lambda _handle: None)[1])

    _code, second = _made_in_a_child(meanwhile)
    assert second == (tmp_path / "first").read_text() == (tmp_path / "secret-key").read_text()
    assert len(second) == 64


def test_accounts_of_the_demonstration_have_no_place_in_a_real_market(database: str, tmp_path: Path) -> None:
    app = create_app(settings(database, tmp_path))
    assert refusals(app) == []
    known = User(email=ACCOUNTS[-1][1].replace("admin", "a17"), name="管理员")
    known.set_password("gongxin-demo")
    with app.app_context(), transaction() as session:
        session.add(known)
    with app.app_context():
        db.engine.dispose()
    (problem,) = refusals(app)
    assert known.email in problem
    for command in (["worker", "--lane", "long"], ["worker"], ["tick"]):
        with app.app_context():
            refused = app.test_cli_runner().invoke(args=command)
        assert (refused.exit_code, known.email in refused.output) == (1, True), (
            f"not worked on either: {refused.output} {refused.exception}"
        )
    app.config["TRIAL"] = True
    assert refusals(app) == []


def test_the_demonstration_is_not_played_into_a_market_in_use(app: Any, tmp_path: Path) -> None:
    runner = app.test_cli_runner()
    db.session.rollback()
    refused = runner.invoke(args=["demo"])
    assert (refused.exit_code, "open to the public" in refused.output) == (1, True)
    app.config["TRIAL"] = True
    with hold(tmp_path):
        beside = runner.invoke(args=["demo"])
    assert (beside.exit_code, f"process {os.getpid()} " in beside.output) == (1, True)
    assert db.session.scalar(select(func.count(User.id))) == 0


def test_a_database_that_was_not_prepared_is_not_served(tmp_path: Path) -> None:
    (problem,) = refusals(create_app(settings(f"sqlite:///{tmp_path}/new.sqlite3", tmp_path)))
    assert "prepare" in problem


def test_every_setting_is_documented() -> None:
    told = set(re.findall(r"`([A-Z][A-Z_]+)`", (ROOT / "docs" / "operating.md").read_text(encoding="utf-8")))
    assert set(Settings.model_fields) <= told


def test_every_cookie_of_a_public_market_is_secure(environment: Any) -> None:
    environment(**FIT)
    read = Settings.read().flask()
    assert {name: read[name] for name in OVER_TLS} == OVER_TLS
    environment(TRIAL="1", HTTPS="")
    read = Settings.read().flask()
    assert read["SESSION_COOKIE_SECURE"] is False
    assert "SESSION_COOKIE_NAME" not in read, "a browser takes no __Host- cookie in the clear"


@pytest.mark.parametrize("name", ["DATABASE_URL", "STRIPE_API", "MAIL"])
def test_an_address_that_is_refused_is_not_repeated_with_its_password(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "mysql://user:open-sesame@db/market")
    with pytest.raises(WrongSettings, match=name) as refused:
        Settings.read()
    assert "open-sesame" not in str(refused.value)
