"""Settings, from the environment. The defaults are the embedded market: one machine, one folder."""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent


def _kept_secret(folder: Path, name: str) -> str:
    """A secret made on first start and kept beside the embedded database, readable by its owner alone."""
    path = folder / name
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return path.read_text()
        with os.fdopen(handle, "w") as file:
            file.write(secrets.token_hex(32))
    return path.read_text()


def from_environment() -> dict[str, Any]:
    """The settings of this process. One environment variable each; docs/operating.md lists them."""
    folder = Path(os.environ.get("GONGXIN_HOME", ROOT / "instance"))
    folder.mkdir(parents=True, exist_ok=True)
    url = os.environ.get("DATABASE_URL") or f"sqlite:///{folder / 'market.sqlite3'}"
    for plain in ("postgres://", "postgresql://"):
        if url.startswith(plain):
            url = "postgresql+psycopg://" + url.removeprefix(plain)
    return {
        "HOME_FOLDER": folder,
        "SECRET_KEY": os.environ.get("SECRET_KEY") or _kept_secret(folder, "secret-key"),
        "SEALING_SECRET": os.environ.get("SEALING_SECRET") or _kept_secret(folder, "sealing-secret"),
        "KEEPER_URL": os.environ.get("KEEPER_URL", ""),
        "KEEPER_TOKEN": os.environ.get("KEEPER_TOKEN", ""),
        "KEEPER_FOLDER": folder / "keeper",
        "KEEPER_SECRET": os.environ.get("KEEPER_SECRET") or _kept_secret(folder, "keeper-secret"),
        "SQLALCHEMY_ENGINES": {"default": {"url": url}},
        "FILES_FOLDER": Path(os.environ.get("FILES_FOLDER", folder / "files")),
        "INDEX_FOLDER": Path(os.environ.get("INDEX_FOLDER", folder / "index")),
        "SEARCH": os.environ.get("SEARCH", "whoosh"),
        "JOBS_FILE": folder / "jobs.sqlite3",
        "REGISTER": os.environ.get("REGISTER", ""),
        "REGISTER_TOKEN": os.environ.get("REGISTER_TOKEN", ""),
        "REGISTER_PER_MINUTE": int(os.environ.get("REGISTER_PER_MINUTE", "600")),
        "SIGNING_ROOTS": os.environ.get("SIGNING_ROOTS", ""),
        "TSA_URL": os.environ.get("TSA_URL", ""),
        "CUSTODY_ACCOUNT": os.environ.get("CUSTODY_ACCOUNT", "公信平台资金托管专户|演示银行西宁分行|6300 0000 2026 1125 018"),
        "STRIPE_KEY": os.environ.get("STRIPE_KEY", ""),
        "STRIPE_PUBLIC_KEY": os.environ.get("STRIPE_PUBLIC_KEY", ""),
        "STRIPE_WEBHOOK_SECRET": os.environ.get("STRIPE_WEBHOOK_SECRET", ""),
        "STRIPE_METHODS": os.environ.get("STRIPE_METHODS", "card,alipay,wechat_pay"),
        "STRIPE_API": os.environ.get("STRIPE_API", ""),
        "STRIPE_JS": os.environ.get("STRIPE_JS", "https://js.stripe.com/v3/"),
        "PUBLIC_URL": os.environ.get("PUBLIC_URL", f"http://127.0.0.1:{os.environ.get('PORT', '8000')}").rstrip("/"),
        "THREADS": int(os.environ.get("THREADS", "24")),
        "STREAM_SECONDS": 10,
        "JOBS": os.environ.get("JOBS", "queued"),
        "AREA": os.environ.get("AREA", "630000"),
        "DEMO": os.environ.get("DEMO", "1") == "1",
        "CLOCK_FILE": os.environ.get("CLOCK_FILE", ""),
        "RATELIMIT_STORAGE_URI": os.environ.get("RATELIMIT_STORAGE_URI", "memory://"),
        "RATELIMIT_ENABLED": os.environ.get("RATELIMIT_ENABLED", "1") == "1",
        "PROXIES": int(os.environ.get("PROXIES", "0")),
        "SESSION_COOKIE_SECURE": os.environ.get("HTTPS", "0") == "1",
    }


FIXED: dict[str, Any] = {
    "MAX_CONTENT_LENGTH": 64 * 1024 * 1024,  # well over a file's 20 MB, so that the form can answer at the field
    "MAX_FORM_MEMORY_SIZE": 1024 * 1024,
    "SESSION_COOKIE_SAMESITE": "Lax",
    "SESSION_COOKIE_HTTPONLY": True,
    "WTF_CSRF_TIME_LIMIT": None,
    "BABEL_DEFAULT_LOCALE": "zh_Hans_CN",
    "BABEL_DEFAULT_TIMEZONE": "Asia/Shanghai",
    "BOOTSTRAP_SERVE_LOCAL": True,
    "RATELIMIT_HEADERS_ENABLED": True,
    "SEND_FILE_MAX_AGE_DEFAULT": 3600,
}
LOCALES = {"zh_Hans_CN": "中文", "en": "English"}
PAGE_SIZE = 20
