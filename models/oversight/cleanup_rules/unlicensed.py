"""Trading without a licence: it was found revoked, ended or unknown to the register."""

from models.i18n import N_
from models.oversight.cleanup_rule import Rule, confirmed

RULE = Rule(
    "unlicensed",
    N_("无照经营"),
    "市场主体登记管理条例第三条、第四十三条",
    confirmed("revoked", "expired", "unregistered"),
    violation=True,
)
