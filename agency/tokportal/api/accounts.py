"""Delivered accounts: what they are, their Coverage, edit requests, bans and freshness of figures."""

from collections.abc import Iterator
from datetime import datetime

from ..errors import NotFound
from ..reading import normalise_country, subject
from ..results import (
    Answer,
    BanState,
    BundleState,
    CoverageState,
    EditRequestState,
    RefreshState,
    SavedAccountState,
)
from .calls import Body, Calls, Key, nothing

_ONE = "/accounts/{account_id}"
_COVERAGE = f"{_ONE}/managed-subscription"


class Accounts(Calls):
    def list_accounts(
        self, *, platform: str | None = None, country: str | None = None, banned: bool | None = None
    ) -> Iterator[SavedAccountState]:
        """GET /accounts. The country may come in either form."""
        query = {"platform": platform, "country": normalise_country(country) or None, "banned": banned}
        found = self._pages(
            "listAccounts", "/accounts", SavedAccountState.from_json, query=query, names=("accounts",)
        )
        return (account for account in found if account.id)

    def get_account(self, account_id: str) -> SavedAccountState:
        """GET /accounts/{id}. Raises NotFound, or NotAllowed for another workspace's."""
        return SavedAccountState.from_json(
            subject(self._read("getAccount", _ONE, {"account_id": account_id}))
        )

    def list_account_bundles(self, account_id: str, *, status: str | None = None) -> Iterator[BundleState]:
        """GET /accounts/{id}/bundles."""
        found = self._pages(
            "listAccountBundles",
            f"{_ONE}/bundles",
            BundleState.from_json,
            ids={"account_id": account_id},
            query={"status": status},
            names=("bundles",),
        )
        return (bundle for bundle in found if bundle.id)

    def can_refresh_analytics(self, account_id: str) -> RefreshState:
        """GET /accounts/{id}/analytics/can-refresh."""
        return RefreshState.from_json(
            self._read(
                "canRefreshAccountAnalytics", f"{_ONE}/analytics/can-refresh", {"account_id": account_id}
            )
        )

    def refresh_analytics(
        self, account_id: str, *, body: Body | None = None, key: Key = None, dry_run: bool = False
    ) -> Answer[None]:
        """POST /accounts/{id}/analytics/refresh: free and asynchronous; read the figures again later.

        Too early is RateLimited (with the wait) or Refused, the documents don't say which.
        """
        return self._change(
            "refreshAccountAnalytics",
            "POST",
            f"{_ONE}/analytics/refresh",
            nothing,
            {"account_id": account_id},
            body=body,
            key=key,
            dry_run=dry_run,
        )

    def get_edit_request(self, account_id: str) -> EditRequestState | None:
        """GET /accounts/{id}/edit-request: the latest one, or None."""
        try:
            document = self._read("getAccountEditRequest", f"{_ONE}/edit-request", {"account_id": account_id})
        except NotFound:
            return None
        request = EditRequestState.from_json(document)
        return request if request.id else None

    def create_edit_request(
        self, account_id: str, *, body: Body, key: Key = None, dry_run: bool = False
    ) -> Answer[EditRequestState]:
        """POST /accounts/{id}/edit-request. Paid; needs active Coverage and no open request."""
        return self._change(
            "createAccountEditRequest",
            "POST",
            f"{_ONE}/edit-request",
            EditRequestState.from_json,
            {"account_id": account_id},
            body=body,
            key=key,
            dry_run=dry_run,
        )

    def list_bans(
        self,
        *,
        status: str | None = None,
        resolution: str | None = None,
        account_id: str | None = None,
        since: datetime | None = None,
        include_screenshots: bool | None = None,
    ) -> Iterator[BanState]:
        """GET /account-bans: validated reports only, with updated_at >= `since` (aware)."""
        query = {
            "status": status,
            "resolution": resolution,
            "account_id": account_id,
            "since": since,
            "include_screenshots": include_screenshots,
        }
        found = self._pages(
            "listAccountBans",
            "/account-bans",
            BanState.from_json,
            query=query,
            names=("bans", "account_bans"),
        )
        return (ban for ban in found if ban.id)

    def get_coverage(self, account_id: str) -> CoverageState | None:
        """GET /accounts/{id}/managed-subscription, or None where there is no record.

        None means grandfathered, or not eligible, or not delivered yet: conclude nothing from it.
        """
        try:
            document = self._read("getAccountManagedSubscription", _COVERAGE, {"account_id": account_id})
        except NotFound:
            return None
        return CoverageState.from_json(document)

    def reactivate_coverage(
        self, account_id: str, *, body: Body, key: Key = None, dry_run: bool = False
    ) -> Answer[CoverageState]:
        """POST …/managed-subscription/reactivate. Debits unpaid periods; scheduled videos get new days.

        Body: expected_credits, expected_current_period_end (the quote's text unchanged),
        expected_lock_version. Refused with nothing charged when the quote no longer fits: read the Coverage
        again.
        """
        return self._change(
            "reactivateAccountManagedSubscription",
            "POST",
            f"{_COVERAGE}/reactivate",
            CoverageState.from_json,
            {"account_id": account_id},
            body=body,
            key=key,
            dry_run=dry_run,
        )

    def cancel_coverage(
        self, account_id: str, *, key: Key = None, dry_run: bool = False
    ) -> Answer[CoverageState]:
        """POST …/managed-subscription/cancel. Blocks new and running work at once, without refund."""
        return self._change(
            "cancelAccountManagedSubscription",
            "POST",
            f"{_COVERAGE}/cancel",
            CoverageState.from_json,
            {"account_id": account_id},
            key=key,
            dry_run=dry_run,
        )
