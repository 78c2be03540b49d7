"""Balance and history of the workspace's one pool of credits."""

from collections.abc import Iterator
from datetime import date

from ..errors import Unreachable
from ..results import Balance, CreditEntryState, Page
from .calls import PER_PAGE, Calls


class Credits(Calls):
    def get_balance(self) -> Balance:
        """GET /credits/balance."""
        return Balance.from_json(self._read("getCreditBalance", "/credits/balance"))

    def list_credit_entries(
        self, date_from: date | None = None, date_to: date | None = None, per_page: int = PER_PAGE
    ) -> Iterator[CreditEntryState]:
        """GET /credits/history, newest first; both days inclusive, TokPortal's clock, UTC.

        Raises Unreachable for a row without id, amount or time: money is not skipped in silence.
        """
        return self._pages(
            "listCreditTransactions",
            "/credits/history",
            _entry,
            per_page=per_page,
            query={"date_from": date_from, "date_to": date_to},
            names=("transactions", "history"),
        )

    def credit_page(
        self,
        *,
        page: int = 1,
        per_page: int = PER_PAGE,
        date_from: date | None = None,
        date_to: date | None = None,
    ) -> Page[CreditEntryState]:
        """One page of `list_credit_entries`, with the total of rows."""
        return self._page(
            "listCreditTransactions",
            "/credits/history",
            _entry,
            page=page,
            per_page=per_page,
            query={"date_from": date_from, "date_to": date_to},
            names=("transactions", "history"),
        )


def _entry(row: object) -> CreditEntryState:
    entry = CreditEntryState.from_json(row)
    if not entry.is_complete:
        raise Unreachable("TokPortal's credit history has a row that can't be read", details=entry.raw)
    return entry
