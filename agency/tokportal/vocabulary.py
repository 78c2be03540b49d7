"""The words that we know TokPortal to use: fields, statuses, error codes, prices (API 2026-05-25 and before).

What is not among them is told and shown (`oddities`), and changes nothing else.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from .results.reference import PRICE_NAMES


@dataclass(frozen=True, slots=True)
class Shape:
    """The names that an object may have; what its statuses may say; and the objects inside it."""

    names: frozenset[str]
    words: Mapping[str, frozenset[str]] = field(default_factory=dict)
    inside: Mapping[str, "Shape"] = field(default_factory=dict)


def words(text: str) -> frozenset[str]:
    return frozenset(text.split())


BUNDLE_STATUSES: Final = words(
    "draft pending_setup published published_priority accepted in_review finalized completed cancelled archived"
)
ACCOUNT_STATUSES: Final = words(
    "pending configured published accepted in_review pending_corrections finalized"
)
VIDEO_STATUSES: Final = ACCOUNT_STATUSES | {"cancelled"}
COVERAGE_STATUSES: Final = words("included active lapsed cancelled ended")
BAN_STATUSES: Final = words("appeal_pending no_appeal_banned appeal_accepted appeal_refused")
BAN_RESOLUTIONS: Final = words("pending refund remake no_remake")
REQUEST_STATUSES: Final = words("pending in_review accepted completed finalized refused rejected cancelled")

PRICES: Final = frozenset(name for names in PRICE_NAMES for name in names) | {"total", "editing"}
PRICES_BESIDE: Final = words("contract_bundle_allowance currency updated_at")

ERROR_CODES: Final = words(
    """
    AUTH_MISSING_KEY AUTH_INVALID_KEY AUTH_REVOKED_KEY UNAUTHORIZED FORBIDDEN NOT_FOUND
    INSUFFICIENT_CREDITS RATE_LIMIT_EXCEEDED RATE_LIMITED CAPACITY_COOLDOWN VALIDATION_ERROR UNKNOWN_FIELD
    IDEMPOTENCY_KEY_NOT_ALLOWED_FOR_SENSITIVE_RESPONSE IDEMPOTENCY_KEY_CONFLICT IDEMPOTENCY_KEY_IN_PROGRESS
    BUNDLE_PRICING_CHANGED DUPLICATE_ACCOUNT_BUNDLE COUNTRY_NOT_ENABLED YOUTUBE_DELAYED ACCOUNT_ID_NOT_ALLOWED
    EDITS_EXCEED_VIDEOS WARMING_CONFLICT DEEP_WARMING_INSTAGRAM_ONLY DEEP_WARMING_DEPRECATED
    ADVANCED_WARMING_FLAG_REQUIRED ADVANCED_WARMING_TERMS_REJECTED ADVANCED_WARMING_COUNT_MISMATCH
    ADVANCED_WARMING_TERMS ADVANCED_WARMING_PLATFORM WARMING_TERMS_ALREADY_SET REWARM_NO_ACTIVE_ORDER
    REWARM_ALREADY_ACTIVE WARMING_SESSION_NOT_FOUND BUNDLE_NOT_FOUND BUNDLE_NOT_OWNED BUNDLE_INVALID_STATUS
    BUNDLE_ALREADY_PUBLISHED BUNDLE_NOT_READY ACCOUNT_INVALID_STATUS ACCOUNT_NOT_CONFIGURED ACCOUNT_NOT_FOUND
    SAVED_ACCOUNT_NOT_FOUND SAVED_ACCOUNT_NOT_OWNED VIDEO_NOT_FOUND INVALID_STATUS_TRANSITION INVALID_STATUS
    ALREADY_ACCEPTED INVALID_DATE VIDEOS_PER_DAY_EXCEEDED MANAGED_ACCOUNT_TASK_BLOCKED
    MANAGED_SUBSCRIPTION_QUOTE_CHANGED MANAGED_SUBSCRIPTION_NOT_FOUND EDIT_REQUEST_NOT_FOUND ANALYTICS_NOT_FOUND
    WEBHOOK_NOT_FOUND INTERNAL_ERROR ACCOUNT_MISSING_FIELDS NO_VIDEOS_CONFIGURED
    """
)

ENVELOPE: Final = words(
    "data pagination meta error message hint success dry_run dry_run_notice deprecation_notice request_id"
    " credits_charged credits_remaining credits_would_charge cost_breakdown adjusted_videos adjusted_videos_note"
    " videos_only_countries"
)
LISTS: Final = words("bundles videos accounts bans account_bans posts webhooks endpoints deliveries")
_PROFILE: Final = words(
    "username visible_name biography profile_picture_url profile_picture link_in_bio niche_warming_instructions"
)
_WARMING: Final = Shape(
    words("status terms_total terms_verified terms_configured started_at completed_at"),
)
_LISTING: Final = Shape(
    _PROFILE
    | words(
        "id account_id listing_id bundle_id status account_status saved_account_id corrections correction_comments"
        " correction correction_comment corrections_comment correction_fields advanced_warming configured_at"
        " published_at in_review_at finalized_at updated_at created_at"
    ),
    {"status": ACCOUNT_STATUSES, "account_status": ACCOUNT_STATUSES},
    {"advanced_warming": _WARMING},
)
_BUNDLE: Final = Shape(
    words(
        "id bundle_id bundle_type type title platform country status external_ref videos_quantity edits_quantity"
        " auto_finalize_videos review_mode is_published account_configured videos_configured_count account_status"
        " saved_account_id username account videos options created_at updated_at published_at unpublished_at"
        " slots_added video_id position new_date previous_date target_publish_date date_adjusted adjusted_videos"
        " adjusted_videos_note videos_published video_ids note hint"
    ),
    {"status": BUNDLE_STATUSES, "account_status": ACCOUNT_STATUSES},
    {"account": _LISTING},
)
_ACCOUNT_OF_BUNDLE: Final = Shape(
    _LISTING.names | {"account", "listing"}, _LISTING.words, {"account": _LISTING}
)
_VIDEO: Final = Shape(
    words(
        "id video_id bundle_id position status video_type type description name external_ref target_publish_date"
        " target_publish_start_date target_publish_end_date video_url carousel_images carousel_title story_image_url"
        " story_repost_url instant_repost_as_story tiktok_sound_url volume_original_sound volume_added_sound"
        " instagram_add_to_story instagram_audio_name instagram_collaborators instagram_content_type"
        " instagram_location ai_content_disclaimer disclose_as_ads editing_instructions correction_comment"
        " correction_fields platform_url download_issue download_issue_comment evidence_screenshot video finalized_at"
        " published_at created_at updated_at date_adjusted previous_date new_date original_date old_date hint"
        " adjusted_videos adjusted_videos_note video_ids videos_published note"
    ),
    {"status": VIDEO_STATUSES},
)
_ACCOUNT: Final = Shape(
    _PROFILE
    | words(
        "id saved_account_id account_id platform country profile_url tokmail_email banned is_banned bundle_id status"
        " created_at updated_at"
    )
)
_COVERAGE: Final = Shape(
    words(
        "account_id saved_account_id status recorded_status period_expired current_period_start current_period_end"
        " credits_per_period rate period_credits unpaid_periods task_access lock_version reactivation_quote"
    ),
    {"status": COVERAGE_STATUSES, "recorded_status": COVERAGE_STATUSES},
    {"reactivation_quote": Shape(words("credits current_period_end lock_version quoted_at"))},
)
_EDIT_REQUEST: Final = Shape(
    words(
        "id edit_request_id account_id saved_account_id status requested_username requested_visible_name"
        " requested_biography requested_profile_picture_url requested_link_in_bio created_at updated_at"
    ),
    {"status": REQUEST_STATUSES},
)
_BAN: Final = Shape(
    words(
        "id ban_id account_id saved_account_id username platform bundle_id order_id status reported_at decided_at"
        " updated_at screenshot_url resolution"
    ),
    {"status": BAN_STATUSES, "resolution": BAN_RESOLUTIONS},
    {
        "resolution": Shape(
            words("resolution reason_code refund_credits resolved_at"), {"resolution": BAN_RESOLUTIONS}
        )
    },
)
_ENTRY: Final = Shape(
    words("id transaction_id type amount description breakdown cost_breakdown balance_after created_at")
)
_BALANCE: Final = Shape(
    words("total_credits credits balance expiring_within_7_days upcoming_expirations last_updated"),
    {},
    {"upcoming_expirations": Shape(words("amount credits expires_at source"))},
)
_ENDPOINT: Final = Shape(
    words(
        "id webhook_id endpoint_id url events description enabled signing_secret secret created_at updated_at"
    )
)
_DELIVERY: Final = Shape(
    words(
        "id delivery_id endpoint_id webhook_id event_id event_type type success response_status status_code error"
        " attempt payload created_at delivered_at"
    )
)
_UPLOAD: Final = Shape(
    words(
        "upload_url signed_url public_url url storage_path path filename size_bytes size content_type expires_in"
    )
)
_ACCOUNT_FIGURES: Final = Shape(
    words(
        "account_id saved_account_id id followers_count followers following_count following total_videos_tracked"
        " tracked_posts total_views views total_likes likes total_comments comments total_shares shares"
        " total_bookmarks bookmarks average_engagement_rate engagement_rate average_video_views weekly_post_average"
        " scraped_at updated_at"
    )
)
_VIDEO_FIGURES: Final = Shape(
    words(
        "video_id id account_id saved_account_id bundle_id position external_ref platform_url post_url url description"
        " posted_at published_at views view_count views_count likes like_count likes_count comments comment_count"
        " comments_count shares share_count shares_count bookmarks bookmark_count bookmarks_count saves"
        " engagement_rate scraped_at updated_at"
    )
)
_READINESS: Final = Shape(
    words("bundle_id ready is_ready can_publish blockers"),
    {},
    {"blockers": Shape(words("code type message reason details"))},
)

# Operation → what one object of its answer looks like. What has no fixed shape (prices by platform, the plan's
# figures, a person's profile) is not here.
SHAPES: Final[Mapping[str, Shape]] = {
    **dict.fromkeys(
        (
            "listBundles",
            "getBundle",
            "createBundle",
            "updateBundle",
            "publishBundle",
            "unpublishBundle",
            "addVideoSlots",
            "addEditSlots",
            "listAccountBundles",
        ),
        _BUNDLE,
    ),
    **dict.fromkeys(
        (
            "getBundleAccount",
            "configureBundleAccount",
            "requestBundleAccountCorrections",
            "finalizeBundleAccount",
        ),
        _ACCOUNT_OF_BUNDLE,
    ),
    **dict.fromkeys(
        (
            "listBundleVideos",
            "getBundleVideo",
            "configureBundleVideo",
            "patchBundleVideo",
            "publishBundleVideo",
            "publishAllBundleVideos",
            "resetBundleVideo",
            "unscheduleBundleVideo",
            "finalizeBundleVideo",
            "requestBundleVideoCorrections",
            "fixBundleVideoDownload",
        ),
        _VIDEO,
    ),
    **dict.fromkeys(("listAccounts", "getAccount"), _ACCOUNT),
    **dict.fromkeys(
        (
            "getAccountManagedSubscription",
            "cancelAccountManagedSubscription",
            "reactivateAccountManagedSubscription",
        ),
        _COVERAGE,
    ),
    **dict.fromkeys(("getAccountEditRequest", "createAccountEditRequest"), _EDIT_REQUEST),
    **dict.fromkeys(
        ("listWebhookEndpoints", "createWebhookEndpoint", "getWebhookEndpoint", "updateWebhookEndpoint"),
        _ENDPOINT,
    ),
    **dict.fromkeys(("listWebhookDeliveries", "retryWebhookDelivery", "testWebhookEndpoint"), _DELIVERY),
    **dict.fromkeys(
        ("uploadVideo", "uploadImage", "uploadVideoDirect", "uploadImageDirect", "uploadImageFromUrl"),
        _UPLOAD,
    ),
    **dict.fromkeys(("listAccountVideoAnalytics", "getVideoAnalytics"), _VIDEO_FIGURES),
    "listAccountBans": _BAN,
    "listCreditTransactions": _ENTRY,
    "getCreditBalance": _BALANCE,
    "getAccountAnalytics": _ACCOUNT_FIGURES,
    "getBundlePublishReadiness": _READINESS,
}
