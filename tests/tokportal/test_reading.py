"""No answer that any contract may give makes a reader stumble; values that come in many forms."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agency.tokportal import (
    AccountAnalytics,
    AdjustedVideo,
    AnalyticsDashboard,
    AnalyticsSeries,
    Balance,
    BanState,
    BatchOutcome,
    Blocker,
    BulkOutcome,
    BundleState,
    Countries,
    Country,
    CoverageState,
    CreditCosts,
    CreditEntryState,
    Delivery,
    EditRequestState,
    ImportOutcome,
    ListingState,
    Me,
    Platform,
    PresignedUpload,
    PublishOutcome,
    Readiness,
    RefreshState,
    RowError,
    SavedAccountState,
    UploadState,
    VideoAnalytics,
    VideoState,
    WebhookEndpoint,
    WebhookEventType,
    normalise_country,
    same_country,
    without_secrets,
)
from agency.tokportal.reading import day, flag, moment, number, whole
from agency.tokportal.results import PageNumbers

READERS: list[Callable[[object], object]] = [
    kind.from_json
    for kind in (
        AccountAnalytics,
        AdjustedVideo,
        AnalyticsDashboard,
        AnalyticsSeries,
        Balance,
        BanState,
        BatchOutcome,
        Blocker,
        BulkOutcome,
        BundleState,
        Countries,
        Country,
        CoverageState,
        CreditCosts,
        CreditEntryState,
        Delivery,
        EditRequestState,
        ImportOutcome,
        ListingState,
        Me,
        PageNumbers,
        Platform,
        PresignedUpload,
        PublishOutcome,
        Readiness,
        RefreshState,
        RowError,
        SavedAccountState,
        UploadState,
        VideoAnalytics,
        VideoState,
        WebhookEndpoint,
        WebhookEventType,
    )
]

# Every name that any reader looks for would be too many; these hit nested and listed shapes.
KNOWN_NAMES = (
    "account",
    "account_creation",
    "adjusted_videos",
    "amount",
    "auto_finalize_videos",
    "blockers",
    "breakdown",
    "bundle_id",
    "bundles",
    "code",
    "configured",
    "corrections",
    "costs",
    "country",
    "created_at",
    "data",
    "date",
    "date_adjusted",
    "errors",
    "events",
    "fields",
    "id",
    "options",
    "pagination",
    "per_page",
    "points",
    "position",
    "reactivation_quote",
    "ready",
    "resolution",
    "signing_secret",
    "status",
    "target_publish_date",
    "task_access",
    "total",
    "upcoming_expirations",
    "upload_url",
    "value",
    "videos_only_countries",
    "videos_quantity",
)

odd_scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=12)
    | st.sampled_from(
        ["2026-11-21", "2026-02-30", "2026-11-21T10:00:00.123456+00:00", "0001-01-01T00:00:00+14:00"]
    )
    | st.sampled_from(["US", "true", "52.0", "1e999", "NaN", 10**40, -(10**40), "9" * 5000])
)
odd_json = st.recursive(
    odd_scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(KNOWN_NAMES) | st.text(max_size=6), inner, max_size=6)
    ),
    max_leaves=25,
)


@settings(max_examples=60, deadline=None)
@given(document=odd_json)
@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__self__.__name__)
def test_no_answer_makes_a_reader_stumble(read: Callable[[object], object], document: object) -> None:
    for odd in (document, {"data": document}, [document]):
        row = read(odd)
        assert repr(row)


@given(document=odd_json)
def test_a_price_of_odd_costs_is_a_number_or_unknown(document: object) -> None:
    costs = CreditCosts.from_json({"data": {"costs": document}})
    for name in ("account_creation", "video_upload", "of tomorrow"):
        assert isinstance(costs.amount(name, "tiktok"), int | None)
        assert isinstance(costs.has(name), bool)
        assert costs.has(name) or costs.amount(name) is None


def test_a_deeply_nested_payload_is_kept_in_part() -> None:
    deep: object = "end"
    for _ in range(900):
        deep = {"inner": [deep]}
    assert BundleState.from_json({"id": "b-1", "extra": deep}).id == "b-1"


@pytest.mark.parametrize(
    "key",
    [
        "password",
        "tokmail_Password",
        "social_credentials",
        "apiKey",
        "X-API-Key",
        "access_token",
        "signing_secret",
        "uploadUrl",
        "verification_code",
        "Authorization",
    ],
)
def test_members_named_like_secrets_are_dropped_at_any_depth(key: str) -> None:
    assert without_secrets({"a": [{"b": 1, key: "x"}], key: {"c": 1}}) == {"a": [{"b": 1}]}


def test_members_that_only_sound_alike_are_kept() -> None:
    payload = {
        "credits": 5,
        "account_id": "a",
        "session_id": "s",
        "public_url": "p",
        "code": "X",
        "tokmail_email": "m",
    }
    assert without_secrets(payload) == payload


@given(document=odd_json)
def test_what_is_kept_can_be_stored_as_jsonb(document: object) -> None:
    assert "\\u0000" not in json.dumps(without_secrets(document))


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("US", "USA"),
        ("us", "USA"),
        (" gb ", "UK"),
        ("UK", "UK"),
        ("fr", "FR"),
        ("ATLANTIS", "ATLANTIS"),
        (None, ""),
    ],
)
def test_countries_are_normalised(value: object, code: str) -> None:
    assert normalise_country(value) == code
    assert same_country(value, code)
    assert not same_country(value, "DE")


@pytest.mark.parametrize(
    ("value", "read"),
    [
        ("2026-11-21T10:00:00Z", datetime(2026, 11, 21, 10, tzinfo=UTC)),
        ("2026-11-21T12:00:00+02:00", datetime(2026, 11, 21, 10, tzinfo=UTC)),
        ("2026-11-21T10:00:00.123456+00:00", datetime(2026, 11, 21, 10, 0, 0, 123456, tzinfo=UTC)),
        ("2026-11-21 10:00:00", datetime(2026, 11, 21, 10, tzinfo=UTC)),
        (1790000000, datetime(2026, 9, 21, 14, 13, 20, tzinfo=UTC)),
        ("yesterday", None),
        (10**30, None),
        (True, None),
        (None, None),
    ],
)
def test_times_are_aware_and_utc(value: object, read: datetime | None) -> None:
    assert moment(value) == read
    assert read is None or moment(value).utcoffset() == timedelta(0)  # type: ignore[union-attr]


def test_numbers_days_and_flags() -> None:
    assert [whole(value) for value in (52, 52.0, "52", "52.0", True, None, "x", float("inf"))] == [52] * 4 + [
        None
    ] * 4
    assert [number(value) for value in ("7.24", 7, True, [], "nan")] == [7.24, 7.0, None, None, None]
    assert [flag(value) for value in (True, "True", "false", 1, 0, 2, None)] == [
        True,
        True,
        False,
        True,
        False,
        None,
        None,
    ]
    assert [day(value) for value in ("2026-11-21", "2026-11-21T23:30:00-02:00", "2026-02-30", 5)] == [
        date(2026, 11, 21),
        date(2026, 11, 22),
        None,
        None,
    ]
