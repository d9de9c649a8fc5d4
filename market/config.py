"""Settings, from the environment.

The defaults are one machine, one folder; what a market open to the public needs, and was not told, is
refused: all of it at once, before anything starts.
"""

from __future__ import annotations

import ipaddress
import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self
from urllib.parse import quote, urlsplit

from pydantic import Field, ValidationError, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from models import disk

ROOT = Path(__file__).parent.parent
INVENTED_ACCOUNT = "公信平台资金托管专户|演示银行西宁分行|6300 0000 2026 1125 018"
INVENTED_DESK = {
    "HELP_DESK": "演示服务台(虚构)|Demonstration desk (fictitious)",
    "HELP_PHONE": "0000-0000000",
    "HELP_HOURS": "工作日 9:00–17:30|working days, 9:00 to 17:30",
    "HELP_MAIL": "help@example.cn",
}
SECRETS = ("SECRET_KEY", "SEALING_SECRET", "KEEPER_SECRET")
Address = Annotated[str, Field(pattern=r"^$|^https?://[^/?#\s]+\S*$")]
SHORTEST = 16  # characters of a secret; ours have 64


class WrongSettings(Exception):
    """What is wrong with the environment, a line each; nothing was started."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__(
            "This does not start:\n"
            + "\n".join(f"  {each}" for each in problems)
            + "\ndocs/operating.md lists every setting."
        )
        self.problems = problems


class Environment(BaseSettings):
    """One field a variable of the environment; one that is empty is not set."""

    model_config = SettingsConfigDict(case_sensitive=True, env_ignore_empty=True, extra="ignore", frozen=True)


def _wrong(error: ValidationError) -> dict[str, str]:
    """What is wrong with each variable. What others say is not repeated for one that is missing."""
    return {
        str(each["loc"][0]): "not set" if each["type"] == "missing" else f"{each['msg']}{_shown(each)}"
        for each in error.errors()
        if each["loc"]
    }


def _shown(each: Mapping[str, Any]) -> str:
    """What was given, but for an address, which may hold a password: this goes to a log."""
    given = str(each["input"])
    return "" if "://" in given or "@" in given else f" ({given[:60]})"


class KeeperSettings(Environment):
    """What whoever looks after a keeper on a machine of its own needs (market/keeper.py)."""

    KEEPER_HOME: Path
    KEEPER_SECRET: str

    @classmethod
    def read(cls) -> Self:
        """The settings of this process. WrongSettings with everything that is wrong with them."""
        try:
            return cls(**{})
        except ValidationError as error:
            raise WrongSettings([f"{name}: {why}" for name, why in _wrong(error).items()]) from error


class KeeperServiceSettings(KeeperSettings):
    """What that keeper needs to answer, and a file with the time for tests."""

    KEEPER_TOKEN: str
    CLOCK_FILE: Path | None = None


class Settings(Environment):
    """docs/operating.md says what each is for. Sums are fen, times seconds."""

    PORT: int = Field(8000, ge=1, le=65535)
    GONGXIN_HOME: Path = ROOT / "instance"
    DATABASE_URL: str = Field("", pattern=r"^$|^(sqlite|postgres(ql)?(\+psycopg)?)://.+$")
    SECRET_KEY: str = ""
    SEALING_SECRET: str = ""
    KEEPER_SECRET: str = ""
    KEEPER_URL: Address = ""
    KEEPER_TOKEN: str = ""
    SECRETS_BESIDE: bool = False
    FILES_FOLDER: Path = Path()
    INDEX_FOLDER: Path = Path()
    SEARCH: Literal["whoosh", "postgresql", "sql"] = "whoosh"
    REGISTER: str = ""
    REGISTER_TOKEN: str = ""
    REGISTER_PER_MINUTE: int = Field(600, ge=1)
    EXTERNAL_SOURCES: str = Field("", pattern=r"^\s*([a-z]+=https?://[^/?#\s]+\S*\s*)*$")
    EXTERNAL_TOKENS: str = Field("", pattern=r"^\s*([a-z]+=\S+\s*)*$")
    EXTERNAL_HOSTS: str = ""
    BEACONS: str = Field("", pattern=r"^\s*(https?://[^?#\s]+\s*)*$")
    SIGNING_ROOTS: str = ""
    TSA_URL: Address = ""
    CUSTODY_ACCOUNT: str = Field("", pattern=r"^$|^[^|]+\|[^|]+\|[^|]+$")
    STRIPE_KEY: str = ""
    STRIPE_PUBLIC_KEY: str = ""
    STRIPE_WEBHOOK_SECRET: str = ""
    STRIPE_METHODS: str = "card,alipay,wechat_pay"
    STRIPE_API: Address = ""
    STRIPE_JS: Address = "https://js.stripe.com/v3/"
    PUBLIC_URL: str = ""
    PROCESSES: int = Field(default_factory=lambda: os.cpu_count() or 1, ge=1)
    THREADS: int = Field(12, ge=2)
    JOBS: Literal["queued", "manual"] = "queued"
    AREA: str = Field("630000", pattern="^[0-9]{6}$")
    CREDIT_PRESET: Literal["standard", "three_party", "seventy_ten_twenty", "hundred_yearly"] = "standard"
    MAIL: str = Field("", pattern=r"^$|^(smtp|smtps|smtp\+starttls)://[^/?#\s]+$")
    MAIL_FROM: str = ""
    SMS_URL: Address = ""
    SMS_TOKEN: str = ""
    WECHAT_URL: Address = ""
    WECHAT_TOKEN: str = ""
    SECOND_FACTOR: Literal["", "required", "offered"] = ""
    HELP_DESK: str = ""
    HELP_PHONE: str = ""
    HELP_HOURS: str = ""
    HELP_MAIL: str = Field("", pattern=r"^$|^[^@\s]+@[^@\s]+$")
    DEMO: bool = False
    TRIAL: bool = False
    CLOCK_FILE: str = ""
    CLOCK_WITNESS: Address = ""
    RATELIMIT_STORAGE_URI: str = ""
    RATELIMIT_ENABLED: bool = True
    UPLOADS_FILE_MB: int = Field(200, ge=1)
    UPLOADS_PERSON_FILES: int = Field(300, ge=1)
    UPLOADS_PERSON_MB: int = Field(2_000, ge=1)
    UPLOADS_ORGANISATION_FILES: int = Field(2_000, ge=1)
    UPLOADS_ORGANISATION_MB: int = Field(10_000, ge=1)
    PROXIES: int = Field(0, ge=0)
    HTTPS: bool = False

    @model_validator(mode="before")
    @classmethod
    def _beside(cls, told: dict[str, Any]) -> dict[str, Any]:
        """What lies in the market's folder unless told otherwise.

        Folders are resolved here, once: Flask, SQLite and the limits' file would each take a relative one for
        another place.
        """
        home = Path(told.get("GONGXIN_HOME") or ROOT / "instance").resolve()
        folders = {
            name: Path(told.get(name) or home / beside).resolve()
            for name, beside in (("FILES_FOLDER", "files"), ("INDEX_FOLDER", "index"))
        }
        limits = f"limits+sqlite:///{quote(str(home / 'limits.sqlite3'))}"
        return {"RATELIMIT_STORAGE_URI": limits, **told, "GONGXIN_HOME": home, **folders}

    @property
    def public(self) -> bool:
        """Whether people outside may rely on it: neither the demonstration nor a trial."""
        return not (self.DEMO or self.TRIAL)

    def unfit(self) -> list[str]:
        """What a market open to the public still lacks."""
        if not self.public:
            return []
        found = (
            []
            if self.CUSTODY_ACCOUNT
            else ["CUSTODY_ACCOUNT: the account buyers transfer to is not set (holder|bank|number)"]
        )
        if self.CUSTODY_ACCOUNT == INVENTED_ACCOUNT:
            found.append("CUSTODY_ACCOUNT: this is the invented account of the demonstration")
        if not _is_public(self.PUBLIC_URL):
            found.append(
                f"PUBLIC_URL: {self.PUBLIC_URL or 'not set, and ours'} is no https:// address people outside "
                "can reach"
            )
        if not self.HTTPS:
            found.append(
                "HTTPS: set it to 1 once a TLS proxy stands in front; cookies go in the clear without it"
            )
        if not self.MAIL:
            found.append(
                "MAIL: no mail server is set, so whoever forgot a password would wait for a letter in vain"
            )
        if "@" not in self.MAIL_FROM:
            found.append("MAIL_FROM: the address letters come from is not set")
        if self.SECOND_FACTOR == "offered":
            found.append(
                "SECOND_FACTOR: regulators, the custodian and administrators sign in with two "
                "factors in public; it may be left unset"
            )
        return found + self._unlimited() + self._beside_the_database()

    def _unlimited(self) -> list[str]:
        """What would make the limits of tries worthless.

        Tries uncounted, counted against all visitors together, or time limits left to whoever writes a file.
        """
        found = []
        if not self.PROXIES:
            found.append(
                "PROXIES: how many proxies stand in front is not set; without it all visitors "
                "have the proxy's address and share one limit of tries"
            )
        if not self.RATELIMIT_ENABLED:
            found.append("RATELIMIT_ENABLED: 0 lets everybody guess passwords for ever; it is for tests")
        elif self.RATELIMIT_STORAGE_URI.startswith("memory:"):
            found.append("RATELIMIT_STORAGE_URI: in memory each process counts for itself")
        if self.CLOCK_FILE:
            found.append("CLOCK_FILE: a market in use goes by the system's clock; a file is for tests")
        return found

    def _beside_the_database(self) -> list[str]:
        kept = self._kept()
        if not kept or self.SECRETS_BESIDE:
            return []
        return [
            f"{', '.join(kept)}: not set, so kept in files beside the database; set them, or "
            "SECRETS_BESIDE=1 if that is meant"
        ]

    def _kept(self) -> list[str]:
        """The secrets that are not told, and so kept in the folder."""
        return [
            name
            for name in SECRETS
            if not getattr(self, name) and not (name == "KEEPER_SECRET" and self.KEEPER_URL)
        ]

    def _weak(self) -> list[str]:
        """The secrets that are none: too short, or kept in a file that is empty or cannot be read."""
        told = {name: getattr(self, name) for name in SECRETS if self.public and getattr(self, name)}
        found = [
            f"{name}: {len(secret)} characters are no secret; at least {SHORTEST}"
            for name, secret in told.items()
            if len(secret) < SHORTEST
        ]
        for name in self._kept():
            path = _secret_file(self.GONGXIN_HOME, name)
            try:
                if path.exists() and len(path.read_text().strip()) < SHORTEST:
                    found.append(
                        f"{name}: {path} is empty or cut short; put back a copy, or delete it if nothing was "
                        "signed or sealed with it yet"
                    )
            except (OSError, ValueError) as error:
                found.append(f"{name}: {path} cannot be read: {error}")
        return found

    def _half_told(self) -> list[str]:
        """What is no use without another setting that is missing."""
        found = []
        if self.KEEPER_URL and not self.KEEPER_TOKEN:
            found.append("KEEPER_TOKEN: not set, and the keeper at KEEPER_URL answers nobody without")
        for way in ("SMS", "WECHAT"):
            if getattr(self, f"{way}_URL") and not getattr(self, f"{way}_TOKEN"):
                found.append(f"{way}_TOKEN: not set, and the gateway at {way}_URL would take from anybody")
        if self.STRIPE_KEY and not self.STRIPE_PUBLIC_KEY:
            found.append("STRIPE_PUBLIC_KEY: not set, and the page to pay on needs it beside STRIPE_KEY")
        if self.STRIPE_KEY and not self.STRIPE_WEBHOOK_SECRET and self.public:
            found.append(
                "STRIPE_WEBHOOK_SECRET: not set, so anybody could say in Stripe's name what was paid"
            )
        told = {each.partition("=")[0] for each in self.EXTERNAL_SOURCES.split()}
        tokens = {each.partition("=")[0] for each in self.EXTERNAL_TOKENS.split()}
        if tokens - told:
            found.append(
                f"EXTERNAL_TOKENS: {', '.join(sorted(tokens - told))}: no address in EXTERNAL_SOURCES"
            )
        if self.SIGNING_ROOTS and not any(Path(self.SIGNING_ROOTS).glob("*.pem")):
            found.append(f"SIGNING_ROOTS: {self.SIGNING_ROOTS} holds no .pem file")
        return found

    def flask(self) -> dict[str, Any]:
        """The same as Flask takes it, with the secrets that are kept in the folder read or made."""
        home = self.GONGXIN_HOME
        home.mkdir(parents=True, exist_ok=True)
        url = self.DATABASE_URL or f"sqlite:///{home / 'market.sqlite3'}"
        for plain in ("postgres://", "postgresql://"):
            if url.startswith(plain):
                url = "postgresql+psycopg://" + url.removeprefix(plain)
        kept = {name: getattr(self, name) or _kept_secret(home, name) for name in SECRETS}
        return {
            **self.model_dump(exclude={"GONGXIN_HOME", "DATABASE_URL", "HTTPS", "SECRETS_BESIDE"}),
            **kept,
            "HOME_FOLDER": home,
            "KEEPER_FOLDER": home / "keeper",
            "JOBS_FILE": home / "jobs.sqlite3",
            "SQLALCHEMY_ENGINES": {"default": {"url": url}},
            "PUBLIC_URL": (self.PUBLIC_URL or f"http://127.0.0.1:{self.PORT}").rstrip("/"),
            "CUSTODY_ACCOUNT": self.CUSTODY_ACCOUNT or ("" if self.public else INVENTED_ACCOUNT),
            **(OVER_TLS if self.HTTPS else {"SESSION_COOKIE_SECURE": False}),
            "SECOND_FACTOR": self.SECOND_FACTOR or ("required" if self.public else "offered"),
            **(INVENTED_DESK if self.DEMO and not (self.HELP_PHONE or self.HELP_MAIL) else {}),
            "STREAM_SECONDS": 10,
        }

    @classmethod
    def read(cls) -> Self:
        """The settings of this process. WrongSettings with everything that is wrong with them."""
        problems: list[str] = []
        try:
            settings = cls()
        except ValidationError as error:
            wrong = _wrong(error)
            problems = [f"{name}: {why}" for name, why in wrong.items()]
            settings = cls(
                **{name: cls.model_fields[name].get_default(call_default_factory=True) for name in wrong}
            )
        problems += settings.unfit() + settings._half_told() + settings._weak()
        if problems:
            raise WrongSettings(problems)
        return settings


def _is_public(url: str) -> bool:
    """Whether an address is one of the open net.

    Https, and neither a name nor a number of this machine or a private net.
    """
    parts = urlsplit(url)
    host = parts.hostname or ""
    try:
        return parts.scheme == "https" and ipaddress.ip_address(host).is_global
    except ValueError:
        return (
            parts.scheme == "https"
            and "." in host
            and not host.endswith((".local", ".localhost", ".test", ".example", ".invalid", ".internal"))
        )


def close_to_others(settings: dict[str, Any]) -> int:
    """The market's own files and folders are its own alone, also those from before, or out of a backup.

    What else lies in its folder is left as it is. Returns how many were open to others.
    """
    home = Path(settings["HOME_FOLDER"])
    kept = [home / name for name in ("server.lock", *(_secret_file(home, name).name for name in SECRETS))]
    kept += [path for pattern in ("*.sqlite3*", "index.*") for path in sorted(home.glob(pattern))]
    kept += [Path(settings[name]) for name in ("FILES_FOLDER", "INDEX_FOLDER", "KEEPER_FOLDER")]
    return sum(disk.close_to_others(path) for path in kept) + disk.close_folder(home)


def _secret_file(folder: Path, name: str) -> Path:
    return folder / name.lower().replace("_", "-")


def _kept_secret(folder: Path, name: str) -> str:
    """A secret made on first start and kept beside the embedded database, readable by its owner alone.

    Of several who start at once the first one's is everybody's.
    """
    path = _secret_file(folder, name)
    if not path.exists():
        disk.keep(path, secrets.token_hex(32).encode(), first=True)
    return path.read_text()


FIXED: dict[str, Any] = {
    "MAX_CONTENT_LENGTH": 64
    * 1024
    * 1024,  # well over a file's 20 MB, so that the form can answer at the field; larger ones come in pieces
    "MAX_FORM_MEMORY_SIZE": 1024 * 1024,
    "SESSION_COOKIE_SAMESITE": "Lax",
    "SESSION_COOKIE_HTTPONLY": True,
    "SESSION_COOKIE_PATH": "/",
    "REMEMBER_COOKIE_SAMESITE": "Lax",
    "REMEMBER_COOKIE_HTTPONLY": True,
    "WTF_CSRF_TIME_LIMIT": None,
    "BABEL_DEFAULT_LOCALE": "zh_Hans_CN",
    "BABEL_DEFAULT_TIMEZONE": "Asia/Shanghai",
    "BOOTSTRAP_SERVE_LOCAL": True,
    "RATELIMIT_HEADERS_ENABLED": True,
    "SEND_FILE_MAX_AGE_DEFAULT": 3600,
}
# Over TLS: no cookie in the clear, none that another host of the domain could have set (the prefix asks for
# Secure, Path=/ and no Domain).
OVER_TLS: dict[str, Any] = {
    "SESSION_COOKIE_SECURE": True,
    "SESSION_COOKIE_NAME": "__Host-session",
    "REMEMBER_COOKIE_SECURE": True,
    "REMEMBER_COOKIE_NAME": "__Host-remember",
    "PREFERRED_URL_SCHEME": "https",
}
LOCALES = {"zh_Hans_CN": "中文", "en": "English"}
PAGE_SIZE = 20
