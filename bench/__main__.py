"""`make bench`: one tab-separated row a measurement: name, size, ours, floor, ratio, unit."""

from __future__ import annotations

import logging
import shutil
import sys
import tempfile
from pathlib import Path

from bench.rows import ROWS


def main(wanted: list[str]) -> int:
    chosen = [name for name in ROWS if not wanted or any(name.startswith(prefix) for prefix in wanted)]
    if not chosen:
        print(f"no rows start with {' '.join(wanted)}; there are {', '.join(ROWS)}", file=sys.stderr)
        return 2
    logging.disable(logging.INFO)
    for name in chosen:
        folder = Path(tempfile.mkdtemp(prefix=f"gongxin-{name}-"))
        try:
            for row in ROWS[name](folder):
                print(row, flush=True)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
