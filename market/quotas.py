"""What people upload is counted before it is kept.

So many files and bytes a day for an account, and for an organisation.
"""

from __future__ import annotations

from flask import current_app

from market.transaction import transaction
from models import uploads
from models.actors import Actor
from models.uploads import ORGANISATION, PERSON, Quota


def count(actor: Actor, size: int, field: str = "file") -> None:
    """Count a file of `size` bytes that somebody uploads, in a transaction of its own.

    It lies on the disk whatever becomes of the act. OverQuota at `field` where it is one too many, or too
    large; then it is not counted. What the platform itself makes is not counted.
    """
    settings = current_app.config
    owners: dict[str, tuple[int, Quota]] = {}
    if actor.user_id is not None:
        owners[PERSON] = actor.user_id, Quota(settings["UPLOADS_PERSON_FILES"], settings["UPLOADS_PERSON_MB"])
    if actor.user_id is not None and actor.organisation_id is not None:
        owners[ORGANISATION] = (
            actor.organisation_id,
            Quota(settings["UPLOADS_ORGANISATION_FILES"], settings["UPLOADS_ORGANISATION_MB"]),
        )
    if owners:
        with transaction() as session:
            uploads.count(session, size, owners, field)
