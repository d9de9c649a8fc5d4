"""Where a form leads back to: a path of this site, and nowhere else."""

from __future__ import annotations

from urllib.parse import urlsplit


def local_path(target: str | None) -> str | None:
    """A path of this site, or None: nobody is sent elsewhere by a link."""
    if not target or not target.isprintable() or "\\" in target:  # browsers take a backslash for a slash
        return None
    try:
        parts = urlsplit(target)
    except ValueError:
        return None
    return (
        target
        if not parts.netloc and not parts.scheme and target.startswith("/") and target[1:2] != "/"
        else None
    )
