"""Answers of several contracts, read alike."""

from datetime import UTC, date, datetime

import pytest

from agency.tokportal import (
    AdjustedVideo,
    AnalyticsDashboard,
    AnalyticsSeries,
    Balance,
    BanState,
    BatchOutcome,
    BulkOutcome,
    BundleState,
    Countries,
    CoverageState,
    CreditCosts,
    ListingState,
    PresignedUpload,
    PublishOutcome,
    Readiness,
    Secret,
    VideoAnalytics,
    VideoState,
    WebhookEndpoint,
)
from agency.tokportal.results import breakdown_of

CURRENT_BUNDLE = {
    "id": "3b0c",
    "bundle_type": "account_and_videos",
    "title": "Acme - US TikTok",
    "platform": "tiktok",
    "country": "USA",
    "status": "accepted",
    "external_ref": "acme-spring-2026-us-01",
    "videos_quantity": 10,
    "edits_quantity": 0,
    "auto_finalize_videos": True,
    "account_status": "in_review",
    "saved_account_id": "7c9e",
    "username": "acme_us",
    "created_at": "2026-11-02T09:00:00Z",
    "a_field_of_tomorrow": {"x": 1},
}


def test_a_bundle_of_today() -> None:
    bundle = BundleState.from_json(CURRENT_BUNDLE)
    assert (bundle.id, bundle.bundle_type, bundle.country) == ("3b0c", "account_and_videos", "USA")
    assert (bundle.account_status, bundle.saved_account_id, bundle.username) == (
        "in_review",
        "7c9e",
        "acme_us",
    )
    assert bundle.created_at == datetime(2026, 11, 2, 9, tzinfo=UTC)
    assert bundle.raw["a_field_of_tomorrow"] == {"x": 1}
    assert bundle.published_at is None


def test_a_bundle_of_the_older_contract() -> None:
    bundle = BundleState.from_json(
        {
            "id": "bnd_abc123",
            "type": "account_and_videos",
            "country": "US",
            "status": "of_tomorrow",
            "options": {"niche_warming": True, "auto_finalize_videos": False},
            "account": {"username": "cooluser123", "password": "hunter2"},
        }
    )
    assert (bundle.bundle_type, bundle.country, bundle.country_raw) == ("account_and_videos", "USA", "US")
    assert bundle.status == "of_tomorrow"
    assert bundle.auto_finalize_videos is False
    assert bundle.username == "cooluser123"
    assert bundle.account == {"username": "cooluser123"}
    assert "hunter2" not in str(bundle.raw)


def test_a_created_bundle_says_its_review_mode() -> None:
    assert BundleState.from_json({"bundle_id": "b", "review_mode": "auto"}).auto_finalize_videos is True
    assert BundleState.from_json({"bundle_id": "b", "review_mode": "manual"}).auto_finalize_videos is False
    assert (
        BundleState.from_json({"bundle_id": "b", "review_mode": "of tomorrow"}).auto_finalize_videos is None
    )


@pytest.mark.parametrize(
    "document",
    [
        {"data": {"bundles": [{"bundle_id": "a"}, {"id": "b"}], "total_created": 2}},
        {"data": [{"bundle_id": "a"}, {"bundle_id": "b"}]},
        {"data": {"bundle_ids": ["a", "b"]}},
        {"data": {"created": [{"id": "a"}, {"id": "b"}]}},
        {"bundles": [{"id": "a"}, {"id": "b"}]},
    ],
)
def test_a_bulk_order_is_read_in_every_likely_shape(document: object) -> None:
    outcome = BulkOutcome.from_json(document)
    assert [bundle.id for bundle in outcome.bundles] == ["a", "b"]
    assert outcome.total_created == 2


def test_a_slot_knows_its_window_by_either_name() -> None:
    today = VideoState.from_json({"id": "v", "position": 1.0, "target_publish_date": "2026-11-24"})
    older = VideoState.from_json({"video_id": "v", "target_publish_start_date": "2026-11-24T00:00:00Z"})
    assert today.target_publish_start_date == older.target_publish_date == date(2026, 11, 24)
    assert (today.position, today.status, today.download_issue) == (1, None, None)


def test_a_configured_listing_is_nested_under_its_bundle() -> None:
    listing = ListingState.from_json(
        {"data": {"id": "bundle", "account": {"username": "acme_us", "status": "configured"}}}
    )
    assert (listing.id, listing.username, listing.status) == ("", "acme_us", "configured")
    flat = ListingState.from_json({"data": {"id": "listing", "username": "acme_us", "saved_account_id": "s"}})
    assert (flat.id, flat.saved_account_id) == ("listing", "s")


@pytest.mark.parametrize(
    "stated",
    [
        {"comment": "Almost.", "fields": {"biography": "Too long"}},
        [{"field": "biography", "feedback": "Too long"}, {"comment": "Almost."}],
        {"biography": "Too long", "comment": "Almost."},
    ],
)
def test_corrections_are_read_by_field(stated: object) -> None:
    listing = ListingState.from_json({"data": {"id": "l", "corrections": stated}})
    assert listing.corrections == {"biography": "Too long", "": "Almost."}


def test_readiness_needs_a_word_or_an_empty_list() -> None:
    assert Readiness.from_json({"data": {"blockers": []}}).ready
    assert not Readiness.from_json({"data": {"ready": False, "blockers": []}}).ready
    assert not Readiness.from_json({"data": {"blockers": [{"code": "NO_VIDEOS_CONFIGURED"}]}}).ready
    assert not Readiness.from_json({"data": {}}).ready


@pytest.mark.parametrize("inside", [True, False])
def test_moved_days_are_found_inside_and_beside_the_object(inside: bool) -> None:
    moved = {"adjusted_videos": [{"video_id": "v-1", "position": 1, "new_date": "2026-11-23"}]}
    document = (
        {"data": {"id": "b", "status": "published", **moved}} if inside else {"data": {"id": "b"}, **moved}
    )
    outcome = PublishOutcome.from_json(document)
    assert outcome.bundle_id == "b"
    assert outcome.adjusted_videos[0].new_date == date(2026, 11, 23)


def test_a_published_slot_says_where_its_day_moved() -> None:
    outcome = PublishOutcome.from_json(
        {
            "data": {
                "video_id": "v-1",
                "position": 4,
                "bundle_id": "b",
                "status": "published",
                "date_adjusted": True,
                "original_date": "2026-11-21",
                "new_date": "2026-11-23",
            }
        }
    )
    assert (outcome.bundle_id, outcome.video_id, outcome.position) == ("b", "v-1", 4)
    assert outcome.adjusted_videos == (AdjustedVideo("v-1", 4, date(2026, 11, 21), date(2026, 11, 23)),)


def test_a_batch_tells_good_positions_from_refused_ones() -> None:
    stated = {
        "position": 3,
        "code": "VIDEOS_PER_DAY_EXCEEDED",
        "message": "Full.",
        "details": {"current_count": 3},
    }
    outcome = BatchOutcome.from_json({"data": {"bundle_id": "b", "configured": [1, 2.0], "errors": [stated]}})
    assert outcome.configured == (1, 2)
    assert (outcome.errors[0].position, outcome.errors[0].code) == (3, "VIDEOS_PER_DAY_EXCEEDED")
    assert outcome.errors[0].details == {"current_count": 3}
    rows = [
        {"position": 1, "success": True},
        {"position": 2, "success": False, "error": {"code": "x", "message": "y"}},
    ]
    outcome = BatchOutcome.from_json({"data": {"results": rows}})
    assert (outcome.configured, outcome.errors[0].code, outcome.errors[0].message) == ((1,), "X", "y")


@pytest.mark.parametrize(
    "document",
    [
        {"data": {"costs": {"account_creation": {"tiktok": 32, "youtube": 100}, "video_upload": 2.0}}},
        {"costs": {"account_creation": {"TikTok": {"credits": 32}}, "video_slot": 2}},
        {"data": {"account": {"tiktok": {"USA": 32, "FR": 30}}, "video_slots": "2"}},
    ],
)
def test_prices_are_found_under_old_and_new_names(document: object) -> None:
    costs = CreditCosts.from_json(document)
    assert costs.amount("account_creation", "tiktok", "US") == 32
    assert costs.amount("video_upload") == costs.amount("video_slot") == 2
    assert costs.has("video_upload")
    assert not costs.has("deep_warming")
    assert costs.amount("deep_warming") is None


def test_a_price_that_depends_on_the_platform_is_unknown_without_one() -> None:
    costs = CreditCosts.from_json({"data": {"account_creation": {"tiktok": 32, "youtube": 100}}})
    assert costs.amount("account_creation") is None
    assert costs.amount("account_creation", "instagram") is None
    same = CreditCosts.from_json({"data": {"account_creation": {"tiktok": 32, "instagram": 32}}})
    assert same.amount("account_creation") == 32


def test_a_breakdown_speaks_todays_names() -> None:
    older = {"account": 10, "videos": 50.0, "edits": 10, "niche_warming": 15, "total": 85, "note": "x"}
    assert breakdown_of(older) == {
        "account_creation": 10,
        "video_slots": 50,
        "edit_slots": 10,
        "niche_warming": 15,
    }
    assert breakdown_of({"account": 1, "account_creation": 2}) == {"account": 1, "account_creation": 2}
    assert breakdown_of(None) == {}


def test_the_balance_has_an_older_name() -> None:
    assert Balance.from_json({"data": {"credits": 12.0}}).total == 12
    balance = Balance.from_json(
        {
            "data": {
                "total_credits": 1250,
                "upcoming_expirations": [
                    {"amount": 600, "expires_at": "2026-12-08T04:47:51.413+00:00", "source": "topup"}
                ],
            }
        }
    )
    assert balance.total == 1250
    assert balance.upcoming[0].expires_at == datetime(2026, 12, 8, 4, 47, 51, 413000, tzinfo=UTC)


def test_countries_come_as_objects_or_codes() -> None:
    document = {
        "data": [{"code": "US", "name": "United States"}, "FR"],
        "videos_only_countries": ["PH", None],
    }
    countries = Countries.from_json(document)
    assert [country.code for country in countries.open] == ["USA", "FR"]
    assert (countries.open[0].name, countries.open[0].code_raw) == ("United States", "US")
    assert [country.code for country in countries.videos_only] == ["PH"]
    inside = Countries.from_json({"data": {"countries": ["GB"], "videos_only_countries": ["PH"]}})
    assert [country.code for country in inside.open + inside.videos_only] == ["UK", "PH"]


def test_coverage_keeps_the_quotes_text_byte_for_byte() -> None:
    quote = {"credits": 25, "current_period_end": "2026-11-19T11:00:00.000Z", "lock_version": 4}
    coverage = CoverageState.from_json(
        {"data": {"status": "lapsed", "task_access": "blocked", "reactivation_quote": quote}}
    )
    assert coverage.quote is not None
    assert coverage.quote.current_period_end == "2026-11-19T11:00:00.000Z"
    assert coverage.task_access is False
    assert CoverageState.from_json({"data": {"status": "active", "reactivation_quote": None}}).quote is None


def test_a_ban_without_a_decision_has_no_resolution() -> None:
    decided = {"resolution": "refund", "refund_credits": 40, "resolved_at": "2026-11-15T10:00:00Z"}
    assert BanState.from_json({"id": "x", "resolution": None}).resolution is None
    ban = BanState.from_json({"id": "x", "resolution": decided})
    assert (ban.resolution, ban.refund_credits) == ("refund", 40)


def test_figures_are_read_in_either_spelling() -> None:
    snake = VideoAnalytics.from_json(
        {"data": {"video_id": "v", "engagement_rate": "7.24", "platform_url": "u"}}
    )
    camel = VideoAnalytics.from_json({"videoId": "v", "engagementRate": 7.24, "platformUrl": "u"})
    assert (snake.video_id, snake.engagement_rate, snake.platform_url) == ("v", 7.24, "u")
    assert (camel.video_id, camel.engagement_rate, camel.platform_url) == ("v", 7.24, "u")
    dashboard = AnalyticsDashboard.from_json(
        {"tier": "full", "totals": {"views": 1}, "topPosts": [{"id": 1}]}
    )
    assert (dashboard.tier, dashboard.totals, len(dashboard.top_posts)) == ("full", {"views": 1}, 1)
    series = AnalyticsSeries.from_json(
        {"data": {"points": [{"date": "2026-11-20", "value": 5}, {"date": "soon"}]}}
    )
    assert [(point.date, point.value) for point in series.points] == [(date(2026, 11, 20), 5)]


def test_secrets_of_answers_are_wrapped_and_kept_out_of_raw() -> None:
    endpoint = WebhookEndpoint.from_json({"data": {"id": "w", "signing_secret": "whsec_x", "events": ["a"]}})
    assert endpoint.signing_secret == Secret("whsec_x")
    assert endpoint.raw == {"id": "w", "events": ["a"]}
    upload = PresignedUpload.from_json({"data": {"upload_url": "https://s.test/?sig=1", "public_url": "p"}})
    assert upload.upload_url.reveal() == "https://s.test/?sig=1"
    assert upload.raw == {"public_url": "p"}
    assert "s.test" not in repr(upload)
