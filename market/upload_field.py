"""The field files are handed in by: one or several, chosen here or sent before (market/uploading.py).

Without JavaScript a file comes with its form; with it, in pieces before, and the form only names it. Either
way one that is here already is not asked for again where something else in the form is refused.
"""

from __future__ import annotations

from typing import Any

from flask import current_app
from flask_babel import gettext
from flask_babel.speaklater import LazyString
from flask_wtf.file import FileField
from werkzeug.datastructures import FileStorage
from wtforms.validators import StopValidation

from market import uploading
from market.files import File
from market.formatting import problem_text
from market.identity import current_actor
from market.uploading import Waiting
from models.documents import MOST_BYTES, clean_name
from models.errors import Problem
from models.filekinds import KINDS, SCANS
from models.i18n import N_
from models.uploads import MEGABYTE, OverQuota

MOST_FILES = 20  # at one time; more come with the next
TAKEN = N_("PDF、OFD、PNG、JPEG、DOCX、XLSX、DWG、ZIP 或 XML 发票,每份不超过 %(most)s MB。")
SCAN = N_("PDF、OFD、PNG 或 JPEG,不超过 %(most)s MB。")
ACCEPT = ",".join(f".{ending}" for endings in KINDS.values() for ending in endings)
ACCEPT_SCAN = ",".join(f".{ending}" for kind in SCANS for ending in KINDS[kind])


class UploadField(FileField):
    """Its data are what was chosen, in order: a `FileStorage` that came with the form, or a `Waiting` one."""

    data: list[Any]
    errors: list[str]
    dropped = False  # whether something that came with a refused form could not be kept

    def __init__(self, *args: Any, several: bool = False, **kwargs: Any) -> None:
        super().__init__(*args, default=list, **kwargs)
        self.several = several

    def process_formdata(self, valuelist: list[Any]) -> None:
        told = [each for each in valuelist if isinstance(each, str) and each]
        came: list[Any] = [each for each in valuelist if isinstance(each, FileStorage) and each.filename]
        here = uploading.own(current_actor(), told[: MOST_FILES + 1]) if told else []
        self.data = [*here, *came] if self.several else (came or here)[-1:]
        if len(self.data) > MOST_FILES:
            self.data = self.data[:MOST_FILES]
            raise ValueError(gettext("一次最多 %(most)s 份文件。", most=MOST_FILES))
        if len(here) < len(set(told)):
            raise ValueError(gettext("先前上传的文件已经过期,请重新选择。"))

    @property
    def waiting(self) -> list[Waiting]:
        """Those that need not be chosen again."""
        return [each for each in self.data or [] if isinstance(each, Waiting)]

    @property
    def lost(self) -> bool:
        """Whether something of a refused form has to be chosen again."""
        return self.dropped or len(self.waiting) < len(self.data or [])

    @property
    def most_files(self) -> int:
        return MOST_FILES if self.several else 1

    @property
    def most_in_form(self) -> int:
        """How many megabytes of a file may come with the form itself."""
        return MOST_BYTES // MEGABYTE

    def set_aside(self, problem: Problem | None) -> None:
        """Keep what came with a form that is refused for this problem, or for what its fields say."""
        actor = current_actor()
        if actor.user_id is None or isinstance(problem, OverQuota):
            return
        counted, kept = problem is not None and problem.field != self.name, list[Waiting]()
        for each in self.data:
            try:
                kept.append(
                    each if isinstance(each, Waiting) else uploading.set_aside(actor, each, counted=counted)
                )
            except Problem as own:
                self.dropped = True
                if problem is None and (said := problem_text(own)) not in self.errors:
                    self.errors = [*self.errors, said]
        self.data = list(kept)


def is_empty(file: FileStorage | Waiting | None) -> bool:
    """Whether a file was chosen, and there is nothing in it."""
    if not isinstance(file, FileStorage) or not file.filename:
        return False
    file.stream.seek(0)
    nothing = not file.stream.read(1)
    file.stream.seek(0)
    return nothing


def chosen(_form: Any, field: UploadField) -> None:
    """A file, at least."""
    if not field.data and not field.errors:
        raise StopValidation(gettext("请选择文件。"))


chosen.field_flags = {"required": True}  # type: ignore[attr-defined]


def upload(
    label: Any, *, needed: bool = True, scan: bool = False, several: bool = False, hint: Any = ""
) -> UploadField:
    """A file that must be handed in, or may be; or several.

    A `scan` of a paper is a picture or a document that looks like one. What is taken is said after the
    `hint`.
    """

    def said() -> str:
        taken = gettext(SCAN if scan else TAKEN, most=current_app.config["UPLOADS_FILE_MB"])
        return f"{hint} {taken}" if hint else taken

    return UploadField(
        label,
        [chosen] if needed else [],
        several=several,
        description=LazyString(said),
        render_kw={"accept": ACCEPT_SCAN if scan else ACCEPT},
    )


def files_of(data: list[FileStorage | Waiting]) -> dict[str, Any]:
    """The files of a field that takes several, as actions take them."""
    return {"files": [_file(each) for each in data]}


def file_of(data: FileStorage | list[FileStorage | Waiting] | None) -> dict[str, Any]:
    """The name and content of a field's one file, as actions take them; empty where there is none."""
    one = data[0] if isinstance(data, list) and data else data
    if not one or isinstance(one, list):
        return {"file_name": "", "content": b""}
    file = _file(one)
    return {"file_name": file.name, "content": file.content}


def _file(one: FileStorage | Waiting) -> File:
    """Of one that came with the form and is too large, enough to see that it is."""
    if isinstance(one, Waiting):
        return one.file
    return File(clean_name(one.filename or ""), one.read(MOST_BYTES + 1))
