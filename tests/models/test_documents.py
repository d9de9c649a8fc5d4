"""Files: their kind and size by their content, kept once and on the disk."""

from __future__ import annotations

import os
from typing import Any

import pytest

from harness.factories import PDF
from models import documents
from models.errors import RuleViolation


@pytest.mark.parametrize("content", [b"", b"MZ\x90", b"<script>", b"%PDF-1.7" + b"0" * documents.MOST_BYTES])
def test_files_of_a_wrong_kind_or_size_are_refused(content: bytes) -> None:
    with pytest.raises(RuleViolation) as refused:
        documents.check(content, "file")
    assert refused.value.field == "file"


def test_a_file_is_kept_once_by_its_content(tmp_path: Any) -> None:
    store = documents.FolderStore(tmp_path)
    assert documents.check(PDF) == "application/pdf"
    first = store.put(PDF)
    assert store.put(PDF) == first
    assert store.get(first) == PDF
    assert len([p for p in tmp_path.rglob("*") if p.is_file()]) == 1


def test_a_file_that_is_kept_is_on_the_disk_with_its_name(tmp_path: Any, monkeypatch: Any) -> None:
    """In this order: its bytes, its name among its folder's, and the folder's own among those above."""
    synced: list[str] = []
    real = os.fsync

    def noting(handle: int) -> None:
        synced.append(os.readlink(f"/proc/self/fd/{handle}").removeprefix(str(tmp_path)))
        real(handle)

    monkeypatch.setattr(os, "fsync", noting)
    store = documents.FolderStore(tmp_path / "files")
    sha256 = store.put(PDF)
    above, files, content, name = synced
    assert (above, files, name) == ("", "/files", f"/files/{sha256[:2]}")
    assert content.startswith(f"/files/{sha256[:2]}/.new-")
    store.put(PDF)
    assert synced[4:] == [name], "whoever put it there before may have been killed before this"
