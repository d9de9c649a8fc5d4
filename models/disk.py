"""Files that outlast a power cut: what is in them, and that they are there under their names."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path


def keep(path: Path, content: bytes, *, first: bool = False) -> None:
    """Write a file only its owner may read; on return it is on disk. Whoever is killed in the middle, or finds no room, leaves nothing
    under this name that is not whole. What was there is replaced; with `first` it stays, and this is thrown away."""
    make_folder(path.parent)
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=".new-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        if first:
            with contextlib.suppress(FileExistsError):
                os.link(temporary, path)
        else:
            os.replace(temporary, path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(temporary)
    sync(path.parent)


def make_folder(folder: Path) -> None:
    """A folder, and those it lies in, there for good."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        sync(folder.parent)


def sync(folder: Path) -> None:
    """The names in a folder as they are now are on disk: a new file's bytes alone are not enough to find it again."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
