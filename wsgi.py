"""The app object for any WSGI server; `python wsgi.py` serves it with the jobs worker beside it."""

from __future__ import annotations

import os

from market import create_app

app = create_app()


def main() -> None:
    from granian import Granian
    from granian.constants import Interfaces

    consumer = app.extensions["jobs"].start_beside_server()
    port = int(os.environ.get("PORT", "8000"))
    print(f"http://127.0.0.1:{port}", flush=True)
    try:
        Granian(
            "wsgi:app", address="127.0.0.1", port=port, interface=Interfaces.WSGI, blocking_threads=4, websockets=False
        ).serve()
    finally:
        consumer.stop()


if __name__ == "__main__":
    main()
