"""Moving without registering it, as a check has found."""

from models.i18n import N_
from models.oversight.cleanup_rule import Rule, confirmed

RULE = Rule(
    "moved",
    N_("住所变更未登记"),
    "市场主体登记管理条例第二十四条、第四十六条",
    confirmed("address"),
    violation=True,
)
