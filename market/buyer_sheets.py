"""What the pages on which agencies answer show of the buyer."""

from __future__ import annotations

from typing import Any

from market.extensions import db
from market.identity import current_actor
from market.restricted import stops_of
from models.accounts import Organisation
from models.actors import IN_STANDING
from models.credit import buyers


def about_buyer(buyer: Organisation) -> dict[str, Any]:
    """The buyer's figures, and what it is stopped at by more than its account; nothing for the others."""
    if not buyers.may_know(buyer, current_actor()):
        return {"buyer_sheet": None, "buyer_stops": []}
    stops = stops_of(buyer, current_actor()) if buyer.state == IN_STANDING else []
    return {"buyer_sheet": buyers.sheets(db.session, [buyer.id])[buyer.id], "buyer_stops": stops}
