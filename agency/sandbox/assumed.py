"""Everything that no public source of TokPortal confirms.

When a live key shows otherwise, correct it here: no other file of the sandbox decides these things.
"""

from datetime import timedelta

# Status codes of refusals whose code is documented but whose HTTP status is not.
IDEMPOTENCY_CONFLICT_STATUS = 409
DUPLICATE_BUNDLE_STATUS = 409
YOUTUBE_DELAYED_STATUS = 400
ACCOUNT_ID_NOT_ALLOWED_STATUS = 400
WARMING_STATUS = 400
WARMING_TERMS_ALREADY_SET_STATUS = 409
INVALID_DATE_STATUS = 400
VIDEOS_PER_DAY_STATUS = 400
INVALID_TRANSITION_STATUS = 409
TASK_BLOCKED_STATUS = 409
ANALYTICS_NOT_FOUND_STATUS = 404
REFRESH_TOO_EARLY_STATUS = 429
CREATED_STATUS = 201

# Codes.
IDEMPOTENCY_KEY_CONFLICT = "IDEMPOTENCY_KEY_CONFLICT"
IDEMPOTENCY_KEY_IN_PROGRESS = "IDEMPOTENCY_KEY_IN_PROGRESS"
BUNDLE_NOT_READY = "BUNDLE_NOT_READY"
WEBHOOK_NOT_FOUND = "WEBHOOK_NOT_FOUND"
WEBHOOK_DELIVERY_NOT_FOUND = "WEBHOOK_DELIVERY_NOT_FOUND"
NOT_FOUND = "NOT_FOUND"
METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
INTERNAL_ERROR = "INTERNAL_ERROR"
SUBSCRIPTION_NOT_FOUND = "MANAGED_SUBSCRIPTION_NOT_FOUND"
SUBSCRIPTION_QUOTE_CHANGED = "MANAGED_SUBSCRIPTION_QUOTE_CHANGED"
SUBSCRIPTION_INVALID_STATUS = "MANAGED_SUBSCRIPTION_INVALID_STATUS"
EDIT_REQUEST_OPEN = "EDIT_REQUEST_ALREADY_OPEN"
EDIT_REQUEST_NOT_FOUND = "EDIT_REQUEST_NOT_FOUND"
REFRESH_TOO_EARLY = "ANALYTICS_REFRESH_TOO_EARLY"
UPLOAD_TOO_LARGE = "FILE_TOO_LARGE"

# Idempotency: how long a key is remembered (the sandbox's clock), and which answers are.
IDEMPOTENCY_LIFETIME = timedelta(hours=24)
IDEMPOTENCY_KEY_MAX_LENGTH = 255


def answer_is_kept(status: int) -> bool:
    """Successes and final refusals are kept with their key; 408, 429 and 5xx are not."""
    return 200 <= status < 300 or (400 <= status < 500 and status not in (401, 408, 429))


# The wait in the body of a 429 is longer than Retry-After: clients take the larger of the two.
RATE_LIMIT_EXTRA_SECONDS_IN_BODY = 1

# Bundles.
MAX_VIDEO_SLOTS = 500
MAX_EDIT_SLOTS = 500
DUPLICATE_GUARD_ANSWERS_EXISTING = False  # True: answer with the existing bundle instead of 409
VIDEOS_ONLY_ACCOUNT_STATUS = "finalized"
REVIEW_MODES = {True: "auto", False: "manual"}
CREDITS_PER_BULK = "batch"  # "batch": one history row for a bulk order; "bundle": one row per bundle
EDITING_NEEDS_EDIT_SLOT = True
NICHE_WARMING_NOTICE = "Niche warming is being withdrawn; use advanced warming."
MAX_DESCRIPTION = 2200

# Scheduling, in UTC calendar days.
LEAD_DAYS_NEW_ACCOUNT = 3
LEAD_DAYS_DELIVERED_ACCOUNT = 1
VIDEOS_PER_DAY = 3

# What states let a slot be changed.
CONFIGURABLE_SLOT_STATUSES = ("pending", "configured")
RESETTABLE_SLOT_STATUSES = ("configured", "published", "accepted")
UNSCHEDULABLE_SLOT_STATUSES = ("published", "accepted")
PATCHABLE_SLOT_STATUSES = ("pending", "configured", "published", "accepted")

# Reviews end by themselves.
REVIEW_PERIOD = timedelta(hours=72)

# Coverage.
COVERAGE_PERIOD = timedelta(days=30)

# Credits.
TOP_UP_LIFETIME = timedelta(days=365)
EXPIRING_SOON = timedelta(days=7)

# Analytics.
SCRAPE_PERIOD = timedelta(days=1)
REFRESH_TAKES = timedelta(seconds=2)
REFRESH_AGAIN_AFTER = timedelta(hours=1)
PLAN_TIER = "farmer"
CONTRACT_VERSION = "2026-05-25.v2"

# Uploads.
MAX_VIDEO_BYTES = 500 * 1024 * 1024
MAX_IMAGE_BYTES = 20 * 1024 * 1024
PRESIGNED_LIFETIME_SECONDS = 3600

# Webhooks: automatic retries after a failed delivery, in seconds of machine time, then it is given up.
WEBHOOK_RETRY_SECONDS = (60, 300, 1800, 7200, 43200)
WEBHOOK_TIMEOUT_SECONDS = 10.0
