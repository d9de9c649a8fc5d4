"""The embedded index's library is used for as little as can be, and can be done without.

See docs/decisions/0033.
"""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from harness.factories import World
from market import create_app
from market.config import ROOT
from market.extensions import db
from market.indexing import rebuild_index
from market.jobs import nightly, tick
from search import Query
from tests.conftest import settings
from tests.web import Visitor

IMPORTED = re.compile(r"^\s*(?:from|import) whoosh\b.*", re.MULTILINE)


def run(program: str) -> str:
    return subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout


def test_two_modules_use_it_and_the_same_few_names_every_fork_has() -> None:
    found = {
        path.relative_to(ROOT).as_posix(): IMPORTED.findall(path.read_text())
        for folder in ("market", "models", "search")
        for path in (ROOT / folder).rglob("*.py")
    }
    assert {name: lines for name, lines in found.items() if lines} == {
        "search/embedded.py": [
            "from whoosh import fields, index",
            "from whoosh.analysis import SpaceSeparatedTokenizer",
        ],
        "search/inverted_index.py": ["from whoosh.reading import TermNotFound"],
    }


def test_loading_it_opens_no_connection_starts_nothing_and_loads_none_of_its_extras() -> None:
    program = """
import sys
heard = []
LOUD = ("socket.connect", "subprocess.", "os.exec", "os.posix_spawn", "os.system", "urllib.")
UNUSED = ("cli", "mcp", "langchain", "llamaindex", "retrieval")
sys.addaudithook(lambda event, given: heard.append(event) if event.startswith(LOUD) else None)
import search.embedded
parts = [name.split(".") for name in sys.modules if name.startswith("whoosh.")]
print(heard, sorted(".".join(part) for part in parts if part[1] in UNUSED))
"""
    assert run(program).strip() == "[] []"


@pytest.mark.parametrize("setting", ["postgresql", "sql"])
def test_without_the_library_the_other_ways_to_search_work(setting: str) -> None:
    """It was taken away this minute: one setting, and the market starts."""
    program = f"""
import sys
from pathlib import Path
sys.modules["whoosh"] = None
import market.application
from search import open_index
print(open_index("{setting}", Path("nowhere")).backend.name)
try:
    open_index("whoosh", Path("nowhere"))
except ImportError:
    print("gone")
"""
    assert run(program).split() == [setting, "gone"]


def test_without_any_index_every_question_is_answered(
    database: str, tmp_path: Path, world: World, time: Any
) -> None:
    app: Flask = create_app({**settings(database, tmp_path), "SEARCH": "sql"})
    with app.app_context():
        assert rebuild_index() == 0
        tick()
        nightly.PARTS["index"].do()
        hits = app.extensions["search"].search(db.session, Query(words="agency"))
        assert (hits.backend, hits.total) == ("sql", 1)
        assert world.identifiers["agency"] in Visitor(app).get("/agencies?q=agency").text
        assert not (tmp_path / "index").exists()
        db.session.close()
        db.engine.dispose()


def test_what_is_installed_is_what_was_looked_at() -> None:
    """The version and its hashes stand in the lock; a new one is looked at before it is locked."""
    page = (ROOT / "docs" / "decisions" / "0033-whose-index-it-is.md").read_text()
    (version,) = re.findall(r"^whoosh3==(\S+) ", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    assert f"whoosh3 {version}" in page


def test_its_commands_are_not_left_in_the_environment() -> None:
    assert re.search(r"rm -f \$\(BIN\)/whoosh \$\(BIN\)/whoosh-mcp", (ROOT / "Makefile").read_text())
