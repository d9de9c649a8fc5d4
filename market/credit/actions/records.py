"""What is done with a credit record: told, answered, decided, repaired, ended."""

from __future__ import annotations

from market.case_actions import case_action
from models.credit.records import CreditRecord

notify = case_action(__name__, CreditRecord, "notify")
commend = case_action(__name__, CreditRecord, "commend")
# The regulator does not take a proposed record up.
drop_record = case_action(__name__, CreditRecord, "drop", name="drop_record")
defend = case_action(__name__, CreditRecord, "defend")
lapse = case_action(__name__, CreditRecord, "lapse")
recuse = case_action(__name__, CreditRecord, "recuse")
uphold = case_action(__name__, CreditRecord, "uphold")
ask_repair = case_action(__name__, CreditRecord, "ask_repair")
withdraw = case_action(__name__, CreditRecord, "withdraw", name="withdraw_repair")
repair = case_action(__name__, CreditRecord, "repair")
refuse_repair = case_action(__name__, CreditRecord, "refuse_repair")
expire = case_action(__name__, CreditRecord, "expire")
revoke = case_action(__name__, CreditRecord, "revoke")
suspend = case_action(__name__, CreditRecord, "suspend")
resume = case_action(__name__, CreditRecord, "resume")
