"""Bank transfer, which is always there.

A custody account, a reference in the remark, and the bank's statements.
"""

from __future__ import annotations

from typing import Any

from market.extensions import db
from market.gateways.interface import Gateway
from models.accounts import Organisation
from models.agencies.entry import profile_of
from models.i18n import N_
from models.payments.payment import Payment
from models.payments.payouts import Account
from models.payments.reconciliation import Mismatch, of_bank


class BankTransfer(Gateway):
    """The bank with the settings of this process.

    A person makes the transfers; its statements are read in.
    """

    name = "bank"
    label = N_("银行转账")

    def __init__(self, settings: dict[str, Any]) -> None:
        self.holder, self.bank, self.number = (
            part.strip() for part in settings["CUSTODY_ACCOUNT"].split("|")
        )

    @property
    def account(self) -> list[tuple[str, str]]:
        """The account transfers go to."""
        return [(N_("户名"), self.holder), (N_("开户银行"), self.bank), (N_("账号"), self.number)]

    def offers(self, payment: Payment) -> list[tuple[str, str]]:
        return [("transfer", self.label)] if payment.asked else []

    def account_of(self, payee: Organisation) -> Account | None:
        profile = profile_of(db.session, payee) if payee.kind == "agency" else None
        return (
            Account(profile.account_name, profile.bank_name, profile.account_number)
            if profile and profile.account_number
            else None
        )

    def find_discrepancies(self) -> list[Mismatch]:
        """The bank's newest balance against the custody account and the lines still to be explained."""
        return of_bank(db.session)
