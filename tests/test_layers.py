"""The layer rules: import-linter's contracts, and what each room keeps to itself."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import grimp
from flask import Flask
from jinja2 import meta, nodes

from models.sourcing.modes import MODES

ROOT = Path(__file__).parents[1]
ABOVE = {"cli", "demo", "jobs", "serving"}  # what stands above the rooms
LINES = 400  # as many as a module may have


def test_import_linter_keeps_every_contract() -> None:
    """In a process of its own: it sets up logging anew, and what another test would have logged is gone."""
    checked = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout


def test_rooms_import_each_others_actions_and_nothing_else() -> None:
    """What a room offers: its acts, its jobs, what its people should see to.

    The worklist also shows a picture of oversight's, and the command line has their commands. What they share
    imports none of them.
    """
    graph = grimp.build_graph("market", cache_dir=None)
    rooms = {path.parent.name for path in ROOT.glob("market/*/blueprint.py")}
    assert len(rooms) > 9
    for module in graph.modules:
        own = module.split(".")[1] if module.count(".") else ""
        for imported in graph.find_modules_directly_imported_by(module):
            room, part, *_ = [*imported.split(".")[1:], "", ""]
            if room not in rooms or room == own or module == "market.application":
                continue
            assert own in rooms | ABOVE, f"{module}, which rooms share, imports {imported}"
            more = {"worklist": {"overview"}, "cli": {"commands"}}.get(own, set())
            offered = {"actions", "jobs", "to_do"} | more
            assert part in offered, f"{module} imports {imported}"


def test_only_the_transaction_commits_and_only_the_clock_asks_for_the_time() -> None:
    for path in [*ROOT.glob("market/**/*.py"), *ROOT.glob("models/**/*.py"), *ROOT.glob("search/**/*.py")]:
        text = path.read_text(encoding="utf-8")
        if path.name != "transaction.py":
            assert not re.search(r"session\.commit\(|\.commit\(\)", text.replace("writer.commit()", "")), path
        if path.name not in ("clock.py", "limits.py"):  # rate limits go by the machine's clock
            assert not re.search(r"datetime\.(now|utcnow|today)\(|date\.today\(|time\.time\(", text), path


def test_tests_and_benchmarks_stand_on_the_harness_and_not_on_each_other() -> None:
    for folder, others in (("tests", "bench"), ("bench", "tests"), ("harness", "tests|bench")):
        for path in ROOT.glob(f"{folder}/**/*.py"):
            if path.name != "test_bench.py":  # whose matter it is
                text = path.read_text(encoding="utf-8")
                assert not re.search(rf"^\s*(from|import) ({others})\b", text, re.MULTILINE), path


def _modules() -> list[Path]:
    """Every module of ours but the migrations, each of which is the record of a release."""
    return [
        path
        for folder in ("market", "models", "search", "harness", "bench", "tests")
        for path in ROOT.glob(f"{folder}/**/*.py")
        if "migrations" not in path.parts
    ]


def test_only_a_selection_mode_knows_its_name() -> None:
    """Whatever else differs by mode asks the mode: a new one has no branch to be added to."""
    names = "|".join(MODES)
    for folder, kind in (("models", "py"), ("market", "py"), ("search", "py"), ("templates", "html")):
        for path in ROOT.glob(f"{folder}/**/*.{kind}"):
            if "migrations" not in path.parts and "modes" not in path.parts:
                assert not re.search(f"['\"]({names})['\"]", path.read_text(encoding="utf-8")), path


def test_no_template_queries() -> None:
    for path in ROOT.glob("templates/**/*.html"):
        assert not re.search(r"\.query|session\b.*\bscalars", path.read_text(encoding="utf-8")), path


def test_modules_stay_readable() -> None:
    lengths = {
        str(path.relative_to(ROOT)): len(path.read_text(encoding="utf-8").splitlines()) for path in _modules()
    }
    assert {name: many for name, many in lengths.items() if many > LINES} == {}


def test_every_module_says_what_it_is_for() -> None:
    """In the first line of its docstring; an empty package has nothing to say."""
    for path in _modules():
        tree = ast.parse(path.read_text(encoding="utf-8"))
        assert not tree.body or (ast.get_docstring(tree) or "").partition("\n")[0].endswith((".", "?")), path


def test_no_generic_dataclass_has_slots() -> None:
    """Python 3.11 and 3.12 cannot make one that is frozen, too (`Column[Award](...)` raises TypeError)."""
    for path in _modules():
        for each in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(each, ast.ClassDef) and "Generic[" in "".join(map(ast.unparse, each.bases)):
                assert "slots=True" not in "".join(map(ast.unparse, each.decorator_list)), (path, each.name)


def test_templates_leave_no_context_behind() -> None:
    """Macros hold on to the context they are made in, which would hold on to them.

    Only pieces define any, each once for all pages.
    """
    for path in ROOT.glob("templates/**/*.html"):
        text = path.read_text(encoding="utf-8")
        assert "with context" not in text, path
        assert "{% macro" not in text or path.name in ("parts.html", "pieces.html"), path


def test_macros_see_only_what_they_are_given(app: Flask) -> None:
    for path in [*ROOT.glob("templates/**/pieces.html"), *ROOT.glob("templates/**/parts.html")]:
        tree = app.jinja_env.parse(path.read_text(encoding="utf-8"))
        set_there = {name.name for name in tree.find_all(nodes.Name) if name.ctx == "store"}
        assert meta.find_undeclared_variables(tree) - set_there <= app.jinja_env.globals.keys(), path


def test_what_the_layout_sets_no_page_sees(app: Flask) -> None:
    """A name set by the layout, its branches included, would take the place of a page's own of that name."""
    tree = app.jinja_env.parse((ROOT / "templates/layout/base.html").read_text(encoding="utf-8"))
    assert not list(tree.find_all((nodes.Assign, nodes.AssignBlock)))
