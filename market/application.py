"""How the house is put together: its settings, extensions, rooms. It migrates nothing."""

from __future__ import annotations

from inspect import iscoroutinefunction
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

from flask import Flask, Request, Response, current_app, g, request, session
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.middleware.proxy_fix import ProxyFix
from werkzeug.utils import cached_property

from market import (
    case_registry,
    case_views,
    cli,
    config,
    error_handlers,
    extensions,
    garbage,
    gateways,
    language_of_parts,
    url_converters,
)
from market.config import LOCALES, ROOT, Settings
from market.keeper import FolderKeeper, HttpKeeper, Keeper
from market.serving import limits as _limits  # noqa: F401 - a storage for the limiter
from market.signing import configured_roots
from models import clock, sealing
from models.credit import policy as credit_policy
from models.documents import FolderStore
from models.spelling import typed
from models.timekeeping import OUTAGE
from models.uploads import Pieces
from search import open_index

HSTS_SECONDS = (
    365 * 24 * 3600
)  # this host alone: what else there is under its domain is not ours to say (RFC 6797)
HARDENED = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; object-src 'none'; "
    "base-uri 'none'; frame-ancestors 'none'; form-action 'self'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",  # for what is older than frame-ancestors
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin-allow-popups",  # a gateway may open one
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=(), usb=()",
}


class AskedOf(Request):
    """A request whose address says what somebody typed: without marks that came along unseen."""

    @cached_property
    def args(self) -> ImmutableMultiDict[str, str]:  # type: ignore[override]
        return ImmutableMultiDict((name, typed(value)) for name, value in super().args.items(multi=True))


def build(settings: dict[str, Any] | None = None) -> Flask:
    """The application: see `market.create_app`."""
    garbage.settle()
    app = Flask(
        "market", template_folder=str(ROOT / "templates"), static_folder=str(ROOT / "market" / "static")
    )
    app.request_class = AskedOf
    app.config.update(config.FIXED)
    app.config.update(settings if settings is not None else Settings.read().flask())
    app.config["ALEMBIC"] = {"script_location": str(ROOT / "models" / "migrations"), "version_locations": []}

    extensions.db.init_app(app)
    # There are no async sessions here; closing none of them would start a thread at the end of every request.
    app.teardown_appcontext_funcs = [f for f in app.teardown_appcontext_funcs if not iscoroutinefunction(f)]
    extensions.alembic.init_app(app)
    extensions.csrf.init_app(app)
    extensions.bootstrap.init_app(app)
    extensions.limiter.init_app(app)
    extensions.login.init_app(app)
    extensions.login.login_view = "accounts.sign_in"
    extensions.login.login_message = None
    extensions.babel.init_app(app, locale_selector=_locale)
    app.extensions["sealing_key"] = sealing.derive(app.config["SEALING_SECRET"])
    app.extensions["signing_key"] = sealing.derive(app.config["SEALING_SECRET"], "gongxin signing")
    app.extensions["papers_key"] = sealing.derive(app.config["SEALING_SECRET"], "gongxin papers")
    app.extensions["signing_roots"] = configured_roots(app.config["SIGNING_ROOTS"])
    app.extensions["keeper"] = _keeper(app.config)
    app.extensions["files"] = FolderStore(Path(app.config["FILES_FOLDER"]))
    app.extensions["pieces"] = Pieces(Path(app.config["FILES_FOLDER"]) / "arriving")
    app.extensions["gateways"] = gateways.configured(app.config)
    app.extensions["held streams"] = BoundedSemaphore(max(1, app.config["THREADS"] // 2))
    app.extensions["search"] = open_index(
        app.config["SEARCH"], Path(app.config["INDEX_FOLDER"]), lambda: app.extensions["jobs"].between()
    )
    credit_policy.choose(app.config.get("CREDIT_PRESET", "standard"))
    if app.config["CLOCK_FILE"]:
        clock.use_file(Path(app.config["CLOCK_FILE"]))

    from market.jobs import Jobs

    app.extensions["jobs"] = Jobs(app)
    url_converters.register(app)
    cli.register(app)
    _open_rooms(app)  # first who somebody is, and what is still lacking to show it; then what may be done
    case_registry.check(app)
    case_views.register(app)
    error_handlers.register(app)
    app.after_request(language_of_parts.mark_chinese)
    app.after_request(_harden)
    if app.config.get("PROXIES"):
        trusted = app.config["PROXIES"]
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=trusted, x_proto=trusted, x_host=trusted)  # type: ignore[method-assign]
    app.wsgi_app = garbage.collecting(app.wsgi_app)  # type: ignore[method-assign]
    return app


def _keeper(settings: dict[str, Any]) -> Keeper:
    """Somebody else's keeper where one is set, else our own beside the database."""
    if settings.get("KEEPER_URL"):
        return HttpKeeper(settings["KEEPER_URL"], settings["KEEPER_TOKEN"])
    outage = (
        None if settings["DEMO"] or settings["TRIAL"] else OUTAGE
    )  # those are put away for weeks, and nobody relies on them
    return FolderKeeper(Path(settings["KEEPER_FOLDER"]), settings["KEEPER_SECRET"], outage)


def _open_rooms(app: Flask) -> None:
    from market.accounts import authorising, identification
    from market.accounts import delegation_views as _delegations  # noqa: F401 - its routes
    from market.accounts import views as accounts
    from market.agencies import views as agencies
    from market.catalogue import views as catalogue
    from market.contracts import views as contracts
    from market.credit import views as credit
    from market.help import views as help_pages
    from market.messages import views as messages
    from market.opendata import restrictions as _restrictions  # noqa: F401 - its addresses
    from market.opendata import views as opendata
    from market.oversight import views as oversight
    from market.payments import views as payments
    from market.ratings import views as ratings
    from market.serving.ready import probes
    from market.sourcing import views as sourcing
    from market.upload_views import bp as uploads
    from market.worklist import notices as _notices  # noqa: F401 - its routes
    from market.worklist import reading
    from market.worklist import views as worklist

    for room in (
        accounts,
        authorising,
        identification,
        agencies,
        catalogue,
        contracts,
        credit,
        help_pages,
        messages,
        opendata,
        oversight,
        payments,
        ratings,
        sourcing,
        worklist,
    ):
        app.register_blueprint(room.bp)
    app.register_blueprint(probes)
    app.register_blueprint(uploads)
    accounts.register(app)
    help_pages.register(app)
    reading.register(app)


def _locale() -> str:
    """The language the reader chose, else the one the browser asks for, else Chinese."""
    chosen = session.get("locale")
    if chosen in LOCALES:
        return str(chosen)
    best = request.accept_languages.best_match(["zh", "zh-CN", "en"]) if request else None
    return "en" if best == "en" else "zh_Hans_CN"


def _harden(response: Response) -> Response:
    """Nothing from elsewhere, no framing; only by TLS where there is TLS.

    And what only its parties may see is kept by no cache.
    """
    for name, value in HARDENED.items():
        response.headers.setdefault(name, value)
    if current_app.config["SESSION_COOKIE_SECURE"]:
        response.headers.setdefault("Strict-Transport-Security", f"max-age={HSTS_SECONDS}")
    if "actor" in g and g.actor.user_id is not None:
        response.headers["Cache-Control"] = "private, no-store"
    return response
