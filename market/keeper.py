"""The keeper: it holds the outer half of every tender's sealing key until its time has come.

It gives the half out then and not before.

The platform seals bids to the keeper's public key over its own, so before the deadline neither can open them
alone. `FolderKeeper` keeps keys in a folder of its own under a secret of its own, beside the platform by
default; a regulator runs the same thing on its own machine with `create_keeper`, and the platform reaches it
by HTTP (`KEEPER_URL`). docs/sealed-bids.md says what each arrangement protects against.

The keeper takes no time from the platform: it goes by its own machine's clock, and by that only as long as it
agrees with the seconds since the machine was started and with what the keeper itself saw last
(models/timekeeping.py). In doubt it gives out nothing.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import logging
import os
import re
import sys
from datetime import datetime, timedelta
from pathlib import Path
from time import monotonic
from typing import Any, Protocol

from flask import Flask, abort, current_app, request

from market.config import KeeperServiceSettings, KeeperSettings
from market.http_client import Declined, ask
from market.transaction import outside
from models import clock, disk, sealing, timekeeping
from models.clock import Reading
from models.errors import NotFound, Problem, Unavailable, WrongState
from models.i18n import N_
from models.timekeeping import Doubt, Known

PATIENCE = 5.0  # seconds for a whole answer: whoever needs the keeper waits for it, and nobody else
SILENCE = 30.0  # seconds for which one that did not answer in time is not asked again
MOST = 4096  # bytes of an answer

SEEN = timedelta(minutes=1)  # between two instants it remembers

AWAY = N_("密钥保管方没有回应,稍后会再试。")
UNSURE = N_("密钥保管方的时钟对不上,确认之前不交出任何密钥。")
log = logging.getLogger(__name__)


class KeeperUnavailable(Unavailable):
    """The keeper does not answer; what needs it is tried again."""


class Keeper(Protocol):
    """What the platform asks of it, outside of any transaction.

    A handle names one key; it is made once and used for one tender. One `at_hand` is asked without waiting
    for anybody; any other is never asked by whoever may not wait.
    """

    at_hand: bool

    def make(self, handle: str, not_before: datetime) -> bytes:
        """Make a key that stays here until `not_before`. Returns its public half (32 bytes)."""

    def postpone(self, handle: str, not_before: datetime) -> None:
        """Keep it until later. WrongState for an earlier time, or once it was given out."""

    def release(self, handle: str) -> bytes:
        """The private half (32 bytes). WrongState before its time, NotFound once destroyed."""

    def destroy(self, handle: str) -> None:
        """Forget the private half: what is sealed to it is sealed for ever. Does nothing the second time."""

    def time(self) -> datetime:
        """What its own clock says.

        KeeperUnavailable where it does not go by that itself. Asked now and then, it remembers that it was.
        """


class FolderKeeper:
    """Keys as files, each private half wrapped under the keeper's own secret."""

    at_hand = True

    def __init__(self, folder: Path, secret: str, outage: timedelta | None = timekeeping.OUTAGE) -> None:
        """`outage` is how long its machine may have been off, None for as long as it likes."""
        self.folder, self._key, self._outage = folder, sealing.derive(secret, "gongxin keeper"), outage

    def _path(self, handle: str) -> Path:
        if not re.fullmatch(r"[A-Za-z0-9-]{1,80}", handle):
            raise NotFound(N_("没有找到 %(identifier)s。"), identifier=handle)
        return self.folder / f"{handle}.json"

    def _read(self, handle: str) -> dict[str, Any]:
        try:
            kept: dict[str, Any] = json.loads(self._path(handle).read_text())
        except FileNotFoundError:
            raise NotFound(N_("没有找到 %(identifier)s。"), identifier=handle) from None
        return kept

    def _write(self, handle: str, kept: dict[str, Any]) -> None:
        outside("the keeper writes a key")
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        disk.keep(self._path(handle), json.dumps(kept).encode())

    @property
    def _remembered(self) -> Path:
        return self.folder / ".clock"  # no key is called that

    def _known(self, reading: Reading) -> tuple[Known, datetime | None]:
        """What it knows of its clock since this start of the machine, and the newest instant it remembers.

        Without a memory, what it noted down with its keys is all it has.
        """
        try:
            kept = json.loads(self._remembered.read_text())
        except FileNotFoundError:
            noted = [row[name] for row in self.journal() for name in ("made", "released") if row[name]]
            return Known.first(reading, max(map(datetime.fromisoformat, noted), default=None)), None
        seen = datetime.fromisoformat(kept["seen"])
        if kept["boot"] != reading.boot:
            return Known.first(reading, seen), seen
        return Known(kept["boot"], kept["up"], datetime.fromisoformat(kept["anchor"]), None), seen

    def time(self) -> datetime:
        reading = clock.reading()
        if reading is None:
            return clock.now()
        known, seen = self._known(reading)
        found = timekeeping.doubt(known, reading, self._outage)
        if found is not None and not (found.after_restart and clock.synchronised()):
            log.error("%s", _said(found))
            raise KeeperUnavailable(UNSURE)
        if seen is None or known.anchor is None or abs(reading.wall - seen) >= SEEN:
            self._remember(known.renewed(reading), reading.wall)
        return reading.wall

    def _remember(self, known: Known, seen: datetime) -> None:
        outside("the keeper remembers the time")
        assert known.anchor is not None
        told = {
            "boot": known.boot,
            "up": known.up,
            "anchor": known.anchor.isoformat(),
            "seen": seen.isoformat(),
        }
        disk.keep(self._remembered, json.dumps(told).encode())

    def confirm(self, reading: Reading) -> None:
        """Whoever looks after this keeper says that its clock is right."""
        self._remember(Known.at(reading), reading.wall)

    def make(self, handle: str, not_before: datetime) -> bytes:
        if self._path(handle).exists():
            raise WrongState(N_("这把密钥已经有了。"))
        with contextlib.suppress(
            KeeperUnavailable
        ):  # a key is made at any time; that it is remembered is what counts
            self.time()
        public, private = sealing.make_pair()
        kept = {"public": public.hex(), "private": sealing.wrap(self._key, private).hex()}
        self._write(
            handle,
            {**kept, "not_before": not_before.isoformat(), "made": clock.now().isoformat(), "released": None},
        )
        return public

    def postpone(self, handle: str, not_before: datetime) -> None:
        kept = self._read(handle)
        if kept["released"] or not_before < datetime.fromisoformat(kept["not_before"]):
            raise WrongState(N_("密钥只能推迟交出,不能提前。"))
        self._write(handle, {**kept, "not_before": not_before.isoformat()})

    def release(self, handle: str) -> bytes:
        kept, now = self._read(handle), self.time()
        if now < datetime.fromisoformat(kept["not_before"]):
            raise WrongState(N_("未到时间,密钥不交出。"))
        if not kept["private"]:
            raise NotFound(N_("没有找到 %(identifier)s。"), identifier=handle)
        if not kept["released"]:
            self._write(handle, {**kept, "released": now.isoformat()})
        return sealing.unwrap(self._key, bytes.fromhex(kept["private"]))

    def destroy(self, handle: str) -> None:
        with contextlib.suppress(NotFound):
            self._write(handle, {**self._read(handle), "private": ""})

    def journal(self) -> list[dict[str, Any]]:
        """Every key without its halves: when it was made, until when it is kept, when it was given out."""
        rows = [(path.stem, json.loads(path.read_text())) for path in sorted(self.folder.glob("*.json"))]
        return [{"handle": h, **{k: kept[k] for k in ("made", "not_before", "released")}} for h, kept in rows]


def _said(found: Doubt) -> str:
    return (
        f"the keeper's clock says {found.wall.isoformat()}, and should say about "
        f"{found.expected.isoformat()} ({found.why}): no key leaves "
        "until it does, or whoever looks after the keeper runs `python -m market.keeper confirm`"
    )


class HttpKeeper:
    """A keeper on another machine, reached with a shared token."""

    at_hand = False

    def __init__(self, url: str, token: str) -> None:
        self.url, self._token, self._silent_until = url.rstrip("/"), token, 0.0

    def _ask(self, method: str, path: str, body: dict[str, str] | None = None) -> Any:
        outside("the keeper is asked")
        if monotonic() < self._silent_until:
            raise KeeperUnavailable(AWAY)
        try:
            return ask(method, f"{self.url}/{path}", body, token=self._token, patience=PATIENCE, most=MOST)
        except Declined as error:
            refusal = {409: WrongState, 404: NotFound}.get(error.status, KeeperUnavailable)
            raise refusal(N_("密钥保管方没有答应(%(status)s)。"), status=error.status) from error
        except (OSError, ValueError) as error:
            if isinstance(error, TimeoutError):
                self._silent_until = monotonic() + SILENCE
            raise KeeperUnavailable(AWAY) from error

    def make(self, handle: str, not_before: datetime) -> bytes:
        return _half(self._ask("POST", f"keys/{handle}", {"not_before": not_before.isoformat()}), "public")

    def postpone(self, handle: str, not_before: datetime) -> None:
        self._ask("PUT", f"keys/{handle}", {"not_before": not_before.isoformat()})

    def release(self, handle: str) -> bytes:
        return _half(self._ask("POST", f"keys/{handle}/release"), "private")

    def destroy(self, handle: str) -> None:
        with contextlib.suppress(NotFound):
            self._ask("DELETE", f"keys/{handle}")

    def time(self) -> datetime:
        said = self._ask("GET", "time")
        try:
            instant = datetime.fromisoformat(said["now"])
        except (KeyError, TypeError, ValueError) as error:
            raise KeeperUnavailable(AWAY) from error
        if instant.tzinfo is None:
            raise KeeperUnavailable(AWAY)
        return instant


def _half(said: Any, which: str) -> bytes:
    """Half a key out of an answer; KeeperUnavailable where it holds none."""
    try:
        half = bytes.fromhex(said[which])
    except (KeyError, TypeError, ValueError) as error:
        raise KeeperUnavailable(AWAY) from error
    if len(half) != 32:
        raise KeeperUnavailable(AWAY)
    return half


def keeper() -> Keeper:
    """The keeper of this market."""
    kept: Keeper = current_app.extensions["keeper"]
    return kept


def _not_before() -> datetime:
    try:
        instant = datetime.fromisoformat((request.get_json(silent=True) or {})["not_before"])
    except (KeyError, TypeError, ValueError):
        abort(400)
    if instant.tzinfo is None:
        abort(400)
    return instant


def create_keeper() -> Flask:
    """The keeper as a service of its own, for a machine the platform's operator has no part in.

    `waitress-serve --call market.keeper:create_keeper`, with KEEPER_HOME, KEEPER_SECRET and KEEPER_TOKEN in
    its environment. `GET /journal` lists what was made and given out, without any key; `GET /time` says what
    its clock does, or 503 where the keeper does not go by it. WrongSettings where one of those is missing.
    """
    app, settings = Flask(__name__), KeeperServiceSettings.read()
    os.umask(0o077)
    kept = FolderKeeper(settings.KEEPER_HOME, settings.KEEPER_SECRET)
    token = f"Bearer {settings.KEEPER_TOKEN}"
    if settings.CLOCK_FILE:
        clock.use_file(settings.CLOCK_FILE)

    @app.before_request
    def known() -> None:
        if not hmac.compare_digest(request.headers.get("Authorization", "").encode(), token.encode()):
            abort(401)

    @app.errorhandler(Problem)
    def refused(problem: Problem) -> tuple[dict[str, str], int]:
        return {"error": str(problem)}, problem.status

    @app.post("/keys/<handle>")
    def make(handle: str) -> dict[str, str]:
        return {"public": kept.make(handle, _not_before()).hex()}

    @app.put("/keys/<handle>")
    def postpone(handle: str) -> dict[str, str]:
        kept.postpone(handle, _not_before())
        return {}

    @app.post("/keys/<handle>/release")
    def release(handle: str) -> dict[str, str]:
        return {"private": kept.release(handle).hex()}

    @app.delete("/keys/<handle>")
    def destroy(handle: str) -> dict[str, str]:
        kept.destroy(handle)
        return {}

    _say(app, kept)
    return app


def _say(app: Flask, kept: FolderKeeper) -> None:
    """What it tells whoever has the token, without any key."""

    @app.get("/journal")
    def journal() -> list[dict[str, Any]]:
        return kept.journal()

    @app.get("/time")
    def time() -> dict[str, str]:
        return {"now": kept.time().isoformat()}


def main(arguments: list[str]) -> str:
    """`python -m market.keeper confirm`, on the keeper's own machine with its KEEPER_HOME and KEEPER_SECRET.

    Its clock is right as it is now. The platform has no way to say so. Returns what to print.
    """
    reading = clock.reading()
    if arguments != ["confirm"] or reading is None:
        raise SystemExit("usage: KEEPER_HOME=… KEEPER_SECRET=… python -m market.keeper confirm")
    settings = KeeperSettings.read()
    FolderKeeper(settings.KEEPER_HOME, settings.KEEPER_SECRET).confirm(reading)
    return f"confirmed: it is {reading.wall.isoformat()}"


if __name__ == "__main__":
    print(main(sys.argv[1:]))
