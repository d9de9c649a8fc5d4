"""The Python an environment is made with.

Never one of an environment, least of all of the one that is removed to be made anew.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from market.config import ROOT

# As uv does it: the environment of the project or the one activated, unless it is told to look at the
# system's own.
UV = """#!/bin/sh
case " $* " in *" --system "*) exit 2 ;; esac
echo "$PWD/.venv/bin/python"
"""
BASE = os.path.realpath(sys._base_executable)  # type: ignore[attr-defined]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A clone with its environment, and an empty home beside it."""
    clone = tmp_path / "clone"
    shutil.copytree(ROOT / ".ci", clone / ".ci")
    shutil.copy(ROOT / "Makefile", clone)
    (clone / "requirements.txt").touch()
    (tmp_path / "home").mkdir()
    (tmp_path / "bin").mkdir()
    subprocess.run([BASE, "-m", "venv", "--without-pip", clone / ".venv"], check=True)
    return clone


def _run(project: Path, *command: str, path: Path) -> subprocess.CompletedProcess[str]:
    environment = {"HOME": str(project.parent / "home"), "PATH": f"{path}:/usr/bin:/bin"}
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)


def _found(project: Path, path: Path) -> list[str]:
    answer = _run(project, ".ci/find-python", "--all", path=path)
    return [line.split(" ", 1)[1] for line in answer.stdout.splitlines()]


def test_an_environment_that_uv_would_rather_have_is_not_taken(project: Path) -> None:
    uv = project.parent / "bin" / "uv"
    uv.write_text(UV)
    uv.chmod(0o755)
    assert not [found for found in _found(project, uv.parent) if found.startswith(str(project))]


def test_an_activated_environment_stands_for_the_python_it_was_made_with(project: Path) -> None:
    found = _found(project, project / ".venv" / "bin")
    assert BASE in found
    assert not [each for each in found if each.startswith(str(project))]
    for each in found:
        told = subprocess.run(
            [each, "-I", "-c", "import sys; print(sys.prefix == sys.base_prefix)"],
            capture_output=True,
            text=True,
            check=True,
        )
        assert told.stdout == "True\n"


def test_made_again_in_its_own_environment_it_does_not_destroy_itself(project: Path) -> None:
    bin_ = project / ".venv" / "bin"
    planned = _run(project, "make", "-n", ".venv/.installed", path=bin_).stdout
    (maker,) = [line.split()[0] for line in planned.splitlines() if line.endswith("-m venv .venv")]
    assert os.path.isabs(maker)
    assert not maker.startswith(str(project))
    for named in (".venv/bin/python", "python3"):
        refused = _run(project, "make", f"PYTHON={named}", ".venv/.installed", path=bin_)
        assert refused.returncode
        assert "lies in there" in refused.stderr
        assert (bin_ / "python").exists()


def test_a_pyenv_of_another_home_is_found_by_what_is_on_the_path(project: Path) -> None:
    pyenv = project.parent / "pyenv"
    for folder in ("shims", "versions/3.13.0/bin", "versions/3.11.7/bin"):
        (pyenv / folder).mkdir(parents=True)
    newer = pyenv / "versions" / "3.13.0" / "bin" / "python3.13"
    newer.write_text(f'#!/bin/sh\nexec {BASE} "$@"\n')
    newer.chmod(0o755)
    for on_the_path in ("shims", "versions/3.11.7/bin"):
        assert BASE in _found(project, pyenv / on_the_path)
