"""The app object for any WSGI server; `python wsgi.py` serves it on every core, with the jobs beside it."""

from __future__ import annotations

import os
import sys

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # a process that forks has no threads

from market import create_app
from market.config import WrongSettings

os.umask(
    0o077
    # whatever is written, by us or by a library, is ours alone: the database with what is beside it, files,
    # the index, queues
)
try:
    app = create_app()
except WrongSettings as wrong:
    sys.exit(str(wrong))

if __name__ == "__main__":
    from market.serving.processes import serve

    sys.exit(serve(app))
