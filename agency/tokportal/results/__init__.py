"""What TokPortal says, as frozen rows: every field is None where an answer does not name it, unknown values
are kept.

Every ``from_json`` takes any decoded JSON and never raises.
"""

from .accounts import (
    BanState,
    CoverageState,
    EditRequestState,
    ReactivationQuote,
    RefreshState,
    SavedAccountState,
)
from .analytics import AccountAnalytics, AnalyticsDashboard, AnalyticsSeries, SeriesPoint, VideoAnalytics
from .answers import Answer, Page, PageNumbers, RowError, breakdown_of
from .bundles import AdjustedVideo, BulkOutcome, BundleState, ListingState, PublishOutcome, Readiness
from .credits import Balance, CreditEntryState, Expiration
from .reference import Countries, Country, CreditCosts, Me, Platform
from .uploads import PresignedUpload, UploadState
from .videos import BatchOutcome, ImportOutcome, VideoState
from .webhooks import Delivery, WebhookEndpoint, WebhookEventType

__all__ = [
    "AccountAnalytics",
    "AdjustedVideo",
    "AnalyticsDashboard",
    "AnalyticsSeries",
    "Answer",
    "Balance",
    "BanState",
    "BatchOutcome",
    "BulkOutcome",
    "BundleState",
    "Countries",
    "Country",
    "CoverageState",
    "CreditCosts",
    "CreditEntryState",
    "Delivery",
    "EditRequestState",
    "Expiration",
    "ImportOutcome",
    "ListingState",
    "Me",
    "Page",
    "PageNumbers",
    "Platform",
    "PresignedUpload",
    "PublishOutcome",
    "ReactivationQuote",
    "Readiness",
    "RefreshState",
    "RowError",
    "SavedAccountState",
    "SeriesPoint",
    "UploadState",
    "VideoAnalytics",
    "VideoState",
    "WebhookEndpoint",
    "WebhookEventType",
    "breakdown_of",
]
