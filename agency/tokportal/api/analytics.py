"""Figures of accounts and posts. What may be read depends on the plan: NotAllowed = not in this plan."""

import csv
import io
from collections.abc import Iterator

from ..errors import Unreachable
from ..results import AccountAnalytics, AnalyticsDashboard, AnalyticsSeries, VideoAnalytics
from ..transport import Call
from .calls import Calls

_OF_ACCOUNT = "/accounts/{account_id}/analytics"


class Analytics(Calls):
    def get_account_analytics(self, account_id: str) -> AccountAnalytics:
        """GET /accounts/{id}/analytics. Raises NotFound (ANALYTICS_NOT_FOUND) before the first refresh."""
        return AccountAnalytics.from_json(
            self._read("getAccountAnalytics", _OF_ACCOUNT, {"account_id": account_id})
        )

    def list_account_video_analytics(
        self, account_id: str, *, sort_by: str | None = None, sort_order: str | None = None
    ) -> Iterator[VideoAnalytics]:
        """GET /accounts/{id}/analytics/videos: one row per tracked post."""
        return self._pages(
            "listAccountVideoAnalytics",
            f"{_OF_ACCOUNT}/videos",
            VideoAnalytics.from_json,
            ids={"account_id": account_id},
            query={"sort_by": sort_by, "sort_order": sort_order},
            names=("videos", "posts"),
        )

    def get_video_analytics(self, video_id: str) -> VideoAnalytics:
        """GET /videos/{id}/analytics. Raises NotFound before the post is tracked."""
        return VideoAnalytics.from_json(
            self._read("getVideoAnalytics", "/videos/{video_id}/analytics", {"video_id": video_id})
        )

    def get_analytics_dashboard(self, **filters: object) -> AnalyticsDashboard:
        """GET /analytics. Filters: workspace; platform, country, account (or lists); ``from_``, ``to``."""
        return AnalyticsDashboard.from_json(
            self._read("getAnalyticsDashboard", "/analytics", query=_named(filters))
        )

    def get_analytics_series(self, **filters: object) -> AnalyticsSeries:
        """GET /analytics/series. Filters: metric, granularity, mode, account, ``from_``, ``to``."""
        return AnalyticsSeries.from_json(
            self._read("getAnalyticsSeries", "/analytics/series", query=_named(filters))
        )

    def export_video_analytics(self, **filters: object) -> Iterator[dict[str, str]]:
        """GET /analytics/export/videos: the rows of the CSV by header name; columns are not documented.

        Filters: workspace, q; account, platform, country (each may be a list); ``from_``, ``to``.
        """
        call = Call(
            "exportAnalyticsVideos",
            "GET",
            "/analytics/export/videos",
            {},
            query=_named(filters),
            as_text=True,
        )
        exported = self._transport.read(call).text.removeprefix("\ufeff")
        try:
            for row in csv.DictReader(io.StringIO(exported, newline="")):
                yield {name: value or "" for name, value in row.items() if name}
        except csv.Error as error:
            raise Unreachable(f"TokPortal's CSV can't be read ({error})") from None


def _named(filters: dict[str, object]) -> dict[str, object]:
    """`from` is a word of Python's: it is written ``from_`` here."""
    return {name.removesuffix("_"): value for name, value in filters.items()}
