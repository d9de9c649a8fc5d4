"""Files that outlast a power cut: what is in them, and that they are there under their names.

And that they are nobody else's.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path

FILE, FOLDER = 0o600, 0o700


def keep(path: Path, content: bytes, *, first: bool = False) -> None:
    """Write a file only its owner may read; on return it is on disk.

    Whoever is killed in the middle, or finds no room, leaves nothing under this name that is not whole. What
    was there is replaced; with `first` it stays, and this is thrown away.
    """
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


def move(file: Path, path: Path) -> None:
    """Put a whole file under another name on the same disk; on return it is there for good."""
    handle = os.open(file, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
    os.replace(file, path)
    sync(path.parent)


def make_folder(folder: Path) -> None:
    """A folder only its owner may look into, and those it lies in, there for good."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(exist_ok=True, mode=FOLDER)
        sync(folder.parent)


@contextlib.contextmanager
def held(folder: Path, *, alone: bool) -> Iterator[None]:
    """A folder's lock, which many may hold at once, or one `alone`; whoever dies lets go of it."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX if alone else fcntl.LOCK_SH)
        yield
    finally:
        os.close(handle)


def close_to_others(path: Path) -> int:
    """A file, or a folder with all that is in it, is its owner's alone from now on.

    Links are not followed, and what is somebody else's is left. Returns how many were open to others.
    """
    inside = (Path(folder) / name for folder, folders, files in os.walk(path) for name in (*folders, *files))
    return sum(_close(each) for each in (path, *inside))


def close_folder(folder: Path) -> int:
    """The folder alone, unless everybody is meant to work in it."""
    return 0 if folder.stat().st_mode & stat.S_ISVTX else _close(folder)


def _close(path: Path) -> bool:
    try:
        seen = path.lstat()
        kept = FOLDER if stat.S_ISDIR(seen.st_mode) else FILE
        if (
            stat.S_ISLNK(seen.st_mode)
            or seen.st_uid != os.geteuid()
            or not stat.S_IMODE(seen.st_mode) & 0o077
        ):
            return False
        path.chmod(kept)
    except FileNotFoundError:  # gone meanwhile
        return False
    return True


def sync(folder: Path) -> None:
    """The names in a folder as they are now are on disk.

    A new file's bytes alone are not enough to find it again.
    """
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
