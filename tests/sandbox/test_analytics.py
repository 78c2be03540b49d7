import csv
import io
from itertools import pairwise
from typing import Any

import httpx
import pytest

from tests.sandbox.api import Api

COUNTS = ("views", "likes", "comments", "shares", "bookmarks")


@pytest.fixture
def posted(own: Api) -> tuple[str, str]:
    """A bundle with three posted videos, and its account."""
    bundle_id, account_id = own.delivered(videos_quantity=3)
    own.sandbox.advance(days=4)
    own.sandbox.manager("work")
    own.sandbox.advance(hours=30)
    return bundle_id, account_id


def figures(api: Api, account_id: str) -> dict[str, Any]:
    return dict(api.done("GET", f"/accounts/{account_id}/analytics")["data"])


def test_an_account_has_no_figures_before_its_first_scrape(own: Api) -> None:
    _, account_id = own.delivered()
    assert own.refused("GET", f"/accounts/{account_id}/analytics")[:2] == (404, "ANALYTICS_NOT_FOUND")
    assert own.refused("GET", f"/accounts/{account_id}/analytics/videos")[1] == "ANALYTICS_NOT_FOUND"
    own.sandbox.advance(hours=25)
    assert figures(own, account_id)["total_videos_tracked"] == 0


def test_figures_are_the_sum_of_the_posts(own: Api, posted: tuple[str, str]) -> None:
    bundle_id, account_id = posted
    account = figures(own, account_id)
    posts = own.done("GET", f"/accounts/{account_id}/analytics/videos?sort_by=views&sort_order=desc")["data"]
    assert account["total_videos_tracked"] == len(posts) == 3
    for count in COUNTS:
        assert account[f"total_{count}"] == sum(post[count] for post in posts)
    assert [post["views"] for post in posts] == sorted((post["views"] for post in posts), reverse=True)
    videos = {v["id"]: v for v in own.done("GET", f"/bundles/{bundle_id}/videos")["data"]}
    for post in posts:
        assert post["platform_url"] == videos[post["video_id"]]["platform_url"]
        assert (post["bundle_id"], post["account_id"]) == (bundle_id, account_id)
        assert own.done("GET", f"/videos/{post['video_id']}/analytics")["data"] == post


def test_figures_only_grow_and_move_once_a_day(own: Api, posted: tuple[str, str]) -> None:
    _, account_id = posted
    seen = [figures(own, account_id)]
    assert figures(own, account_id) == seen[0]
    for _ in range(20):
        own.sandbox.advance(days=1)
        seen.append(figures(own, account_id))
    for before, after in pairwise(seen):
        assert after["scraped_at"][:10] > before["scraped_at"][:10]
        assert after["followers_count"] >= before["followers_count"]
        assert all(after[f"total_{count}"] >= before[f"total_{count}"] for count in COUNTS)
    assert seen[-1]["total_views"] > 300


def test_a_refresh_moves_the_figures_and_cannot_be_repeated_at_once(
    own: Api, posted: tuple[str, str]
) -> None:
    _, account_id = posted
    before = figures(own, account_id)
    url = f"/accounts/{account_id}/analytics"
    assert own.done("GET", f"{url}/can-refresh")["data"] == {"can_refresh": True, "next_refresh_at": None}
    own.done("POST", f"{url}/refresh")
    assert own.refused("POST", f"{url}/refresh", {})[0] == 429
    assert own.done("GET", f"{url}/can-refresh")["data"]["can_refresh"] is False
    own.sandbox.advance(seconds=3)
    assert figures(own, account_id)["scraped_at"] > before["scraped_at"]
    own.sandbox.advance(hours=1)
    own.done("POST", f"/analytics/accounts/{account_id}/refresh", {"force": False, "postLimit": 10})


def test_the_dashboard_adds_up_the_chosen_accounts(own: Api, posted: tuple[str, str]) -> None:
    _, account_id = posted
    whole = own.done("GET", "/analytics")
    assert "data" not in whole
    assert (whole["tier"], whole["totals"]["account_count"], whole["totals"]["tracked_posts"]) == (
        "full",
        1,
        3,
    )
    assert (
        whole["totals"]["views"] == figures(own, account_id)["total_views"] == whole["accounts"][0]["views"]
    )
    assert own.done("GET", f"/analytics?account={account_id}&platform=tiktok&country=US") == whole
    assert own.done("GET", "/analytics?platform=instagram")["totals"]["views"] == 0
    later = own.done("GET", f"/analytics?from={own.day(1)}")
    assert later["totals"]["tracked_posts"] == 0
    assert own.done("GET", "/analytics/contract")["csv_columns"]


def test_the_series_ends_at_the_figures_and_its_gains_add_up(own: Api, posted: tuple[str, str]) -> None:
    _, account_id = posted
    query = f"account={account_id}&metric=views&from={own.day(-9)}&to={own.day(0)}"
    total = own.done("GET", f"/analytics/series?{query}&mode=cumulative")["points"]
    gained = own.done("GET", f"/analytics/series?{query}&mode=gained")["points"]
    assert len(total) == len(gained) == 10
    assert total[-1]["date"] == own.day(0)
    assert total[-1]["value"] >= figures(own, account_id)["total_views"]
    assert sum(point["value"] for point in gained) == total[-1]["value"]
    weeks = own.done("GET", f"/analytics/series?{query}&granularity=week")["points"]
    assert len(weeks) == 2
    assert own.refused("GET", "/analytics/series?metric=joy")[1] == "VALIDATION_ERROR"


def test_the_export_is_a_csv_with_one_line_per_post(own: Api, posted: tuple[str, str]) -> None:
    _, account_id = posted
    answer = own.get(f"/analytics/export/videos?account={account_id}")
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.headers["X-TokPortal-Analytics-Contract"]
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert {row["username"] for row in rows} == {"acme_us"}
    posts = own.done("GET", f"/accounts/{account_id}/analytics/videos")["data"]
    assert {row["video_id"]: int(row["views"]) for row in rows} == {p["video_id"]: p["views"] for p in posts}
    assert len(own.get("/analytics/export/videos?q=nothing-like-this").text.splitlines()) == 1
    assert own.refused("GET", "/analytics/export/videos?account=none")[0] == 404


def test_a_report_is_a_page_with_the_posts(own: Api, posted: tuple[str, str]) -> None:
    body = {"title": "Acme <April>", "template": "agency", "accountIds": [posted[1]]}
    page = own.post("/analytics/export/reports/html", json=body)
    assert page.headers["Content-Type"].startswith("text/html")
    assert "Acme &lt;April&gt;" in page.text
    report = own.done("POST", "/analytics/export/reports", body)
    assert report["token"]
    assert httpx.get(report["url"]).text == page.text


def test_an_account_can_be_drilled_down(own: Api, posted: tuple[str, str]) -> None:
    detail = own.done("GET", f"/analytics/accounts/{posted[1]}")
    assert len(detail["posts"]) == 3
    assert detail["account"]["username"] == "acme_us"
