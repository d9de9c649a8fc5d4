"""The app object for any WSGI server; `python wsgi.py` serves it with the jobs worker beside it."""

from __future__ import annotations

import os
import subprocess
import sys

from market import create_app

app = create_app()


def main() -> None:
    """Serve, with the worker as a process of its own: the server forks, and neither SQLite connections nor the
    worker's threads may cross a fork. The pipe tells the worker when we are gone, however we went."""
    from granian import Granian
    from granian.constants import Interfaces

    worker = subprocess.Popen([sys.executable, "-m", "flask", "--app", "wsgi", "worker", "--beside"], stdin=subprocess.PIPE)
    threads = app.config["THREADS"]
    port = int(os.environ.get("PORT", "8000"))
    print(f"http://127.0.0.1:{port}", flush=True)
    try:
        Granian(
            "wsgi:app", address="127.0.0.1", port=port, interface=Interfaces.WSGI, blocking_threads=threads, websockets=False
        ).serve()
    finally:
        worker.terminate()
        worker.wait()


if __name__ == "__main__":
    main()
