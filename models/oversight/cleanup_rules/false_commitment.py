"""What it committed itself to when it was let in was found untrue."""

from models.i18n import N_
from models.oversight.cleanup_rule import Rule, confirmed

RULE = Rule(
    "false_commitment",
    N_("承诺不实"),
    "国办发〔2020〕42号(告知承诺制)",
    confirmed("commitment"),
    violation=False,
)
