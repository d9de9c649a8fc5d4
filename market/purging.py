"""What is thrown away at night, a piece at a time.

Bytes no row names, one-time keys nobody will send again, counts of days gone by. Killed anywhere, it has
thrown away a little less, and does the rest the next night.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from time import monotonic

from sqlalchemy import ColumnElement, delete, exists, select
from sqlalchemy.orm import InstrumentedAttribute

from market.chunks import between, chunk_size
from market.extensions import db
from market.files import store
from market.uploading import pieces
from models import clock
from models.authorisations import Authorisation
from models.batches import Batch
from models.documents import Document
from models.events import last_before
from models.notice_settings import DigestEntry
from models.notifications import OFFERS, Notification
from models.payments.bank import BankStatement
from models.payments.layouts import UnreadBankStatement
from models.sourcing.bids import Bid
from models.submissions import Submission
from models.uploads import FORGOTTEN, Upload, UploadTally

log = logging.getLogger(__name__)
YOUNG = timedelta(days=1)  # so long a file may wait for the row that names it
SENT = timedelta(days=30)  # a form older than that is not sent again
COUNTED = timedelta(days=30)
WAITED = timedelta(days=90)
READ = timedelta(days=365)
OFFERED = timedelta(days=180)
CONTESTED = timedelta(
    days=1095
)  # so long somebody may go to law about what was signed (民法典第一百八十八条)
AT_ONCE = 500  # names asked about in one statement

# Every column that names bytes in the store; besides them, a comparison with the register names its export
# among its options.
NAMING: tuple[InstrumentedAttribute[str] | InstrumentedAttribute[str | None], ...] = (
    Document.sha256,
    BankStatement.sha256,
    UnreadBankStatement.sha256,
    Bid.sealed_file,
    Upload.sha256,
)


def sweep_files() -> int:
    """Delete from the store what no row names and was not put there within a day.

    Uploads whose act was refused, what was replaced before it counted. Returns how many files.
    """
    db.session.rollback()
    unknown = db.session.scalar(select(exists().where(Bid.state == "submitted", Bid.sealed_file.is_(None))))
    db.session.rollback()
    if unknown:
        log.warning("no files are swept while there is a sealed bid from before its file was noted down")
        return 0
    count, before = 0, clock.now() - YOUNG
    for folder in store().folders():
        began = monotonic()
        count += store().sweep(folder, before, named)
        between(monotonic() - began)
    return count


def named(names: list[str]) -> set[str]:
    """Those of these hashes that some row names."""
    found: set[str] = set()
    for first in range(0, len(names), AT_ONCE):
        some = names[first : first + AT_ONCE]
        for column in NAMING:
            found |= {each for each in db.session.scalars(select(column).where(column.in_(some))) if each}
        export = Batch.options["sha256"].as_string()
        found |= set(db.session.scalars(select(export).where(Batch.kind == "register", export.in_(some))))
        db.session.rollback()
    return found


def clear_submissions() -> int:
    """Forget the one-time keys of forms sent so long ago that nobody sends them again, oldest first.

    Returns how many.
    """
    return _clear(Submission, Submission.at < clock.now() - SENT, "submissions")


def clear_tallies() -> int:
    """Forget what was uploaded on days gone by. Returns how many rows."""
    return _clear(UploadTally, UploadTally.day < clock.today() - COUNTED, "upload tallies")


def clear_uploads() -> int:
    """Forget the files that were sent and that no form handed in, whole or not. Returns how many rows."""
    before = clock.now() - FORGOTTEN
    pieces().sweep(before)
    return _clear(Upload, Upload.begun_at < before, "uploads")


def clear_waiting() -> int:
    """Forget the bank's tables whose columns nobody has told for long. Returns how many.

    By then they were taken in some other way.
    """
    return _clear(
        UnreadBankStatement, UnreadBankStatement.brought_at < clock.now() - WAITED, "waiting statements"
    )


def clear_notifications() -> int:
    """Forget notices that were read long ago, and those of tenders long over. Returns how many.

    What happened stays on the cases' own pages.
    """
    waiting = select(DigestEntry.notification_id)
    last = last_before(db.session, clock.now() - OFFERED)
    was_read = Notification.read_at < clock.now() - READ
    is_over = Notification.read_at.is_(None) & Notification.kind.in_(OFFERS) & (Notification.event_id <= last)
    return sum(
        _clear(Notification, old & Notification.id.not_in(waiting), "notices") for old in (was_read, is_over)
    )


def clear_letters() -> int:
    """Forget the scans of letters of authorisation that ended long ago: somebody's identity card is on them.

    Returns how many. Whose authority it was, and what became of it, stays.
    """
    ended = select(Authorisation.identifier).where(Authorisation.ended_at < clock.now() - CONTESTED)
    old = (Document.case_type == "authorisation") & Document.case_identifier.in_(ended)
    return _clear(Document, old, "letters of authorisation")


def _clear(
    table: type[Submission | UploadTally | Upload | UnreadBankStatement | Notification | Document],
    old: ColumnElement[bool],
    what: str,
) -> int:
    """Delete the rows that are old, as many at once as take the lock for a moment only."""
    size, count = chunk_size(what), 0
    while True:
        with size.piece() as session:
            keys = session.scalars(select(table.id).where(old).order_by(table.id).limit(size.size)).all()
            session.execute(delete(table).where(table.id.in_(keys)))
        if not keys:
            return count
        count += len(keys)
