"""Working outside the registered scope, as a check has found."""

from models.i18n import N_
from models.oversight.cleanup_rule import Rule, confirmed

RULE = Rule(
    "scope",
    N_("超出登记范围经营"),
    "市场主体登记管理条例第十四条",
    confirmed("scope"),
    violation=True,
)
