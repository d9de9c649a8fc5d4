"""How the papers of a credit record are brought to its subject, with proof (送达).

A row a paper: when the notice stood in its account, which letters went to its owners by mail and when each
left, and who of it opened the paper first. The Civil Procedure Law's electronic service
(民事诉讼法第九十条) is the model: what was delivered to the addressee's own system counts as served; the
rest is proof besides.
"""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from models import clock
from models.actors import Actor
from models.base import Json
from models.credit.records import CreditRecord
from models.i18n import N_
from models.letters import Letter

# What the act that brings a paper is, and what the paper is called in its heading.
PAPERS = {
    "notify": N_("信用记录告知书"),
    "uphold": N_("信用记录认定决定书"),
    "commend": N_("守信记录认定书"),
    "drop": N_("信用记录不予认定决定书"),
    "repair": N_("信用修复决定书"),
    "refuse_repair": N_("不予信用修复决定书"),
    "revoke": N_("信用记录撤销决定书"),
    "suspend": N_("中止公示通知书"),
    "resume": N_("恢复公示通知书"),
}


def serve(record: CreditRecord, act: str, letters: Iterable[Letter]) -> None:
    """A paper of this act stands in the subject's account from now on; these letters tell its owners.

    The letters are stored already, so that each has its number.
    """
    row: Json = {
        "act": act,
        "at": clock.now().isoformat(),
        "letters": [
            {"id": letter.id, "address": _masked(letter.address), "sent": None} for letter in letters
        ],
        "opened_at": None,
        "opened_by": "",
    }
    record.served = [*record.served, row]


def unopened(record: CreditRecord) -> bool:
    """Whether a paper lies there that nobody of the subject has opened."""
    return any(row["opened_at"] is None for row in record.served)


def opened(record: CreditRecord, actor: Actor) -> None:
    """Somebody of the subject opens the record, and with it every paper that lies there."""
    now = clock.now().isoformat()
    record.served = [
        row if row["opened_at"] else {**row, "opened_at": now, "opened_by": actor.name}
        for row in record.served
    ]


def note_letters(session: Session, record: CreditRecord) -> None:
    """Keep when each letter left: the letters themselves are thrown away in time."""
    wanted = {each["id"] for row in record.served for each in row["letters"] if not each["sent"]}
    if not wanted:
        return
    found = select(Letter.id, Letter.done_at).where(Letter.id.in_(wanted), Letter.done_at.is_not(None))
    left = {key: at.isoformat() for key, at in session.execute(found) if at is not None}
    if left:
        record.served = [
            {
                **row,
                "letters": [
                    each if each["sent"] else {**each, "sent": left.get(each["id"])}
                    for each in row["letters"]
                ],
            }
            for row in record.served
        ]


def _masked(address: str) -> str:
    """An address as others may see it: `ab***@example.cn`."""
    name, _at, host = address.partition("@")
    return f"{name[:2]}***@{host}"
