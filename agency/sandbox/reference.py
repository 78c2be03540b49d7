"""Countries, platforms and webhook events, as the API lists them."""

from typing import Any

COUNTRIES = {
    "USA": "United States",
    "UK": "United Kingdom",
    "FR": "France",
    "DE": "Germany",
    "CA": "Canada",
    "IT": "Italy",
    "ES": "Spain",
    "PT": "Portugal",
    "NL": "Netherlands",
    "BE": "Belgium",
    "PL": "Poland",
    "SE": "Sweden",
    "AU": "Australia",
    "BR": "Brazil",
    "MX": "Mexico",
    "JP": "Japan",
    "IN": "India",
}
VIDEOS_ONLY_COUNTRIES = {"PH": "Philippines"}
COUNTRY_ALIASES = {"US": "USA", "GB": "UK"}

PLATFORMS = {"tiktok": "TikTok", "instagram": "Instagram", "youtube": "YouTube"}
ORDERABLE_PLATFORMS = ("tiktok", "instagram")
BUNDLE_TYPES = ("account_only", "account_and_videos", "videos_only")

_ACCOUNT = (
    "account_id",
    "saved_account_id",
    "bundle_id",
    "username",
    "platform",
    "status",
    "previous_status",
)
_BAN = ("bundle_id", "saved_account_id", "username", "platform", "reason", "appeal_status", "banned_at")
_VIDEO = ("video_id", "bundle_id", "position", "status", "previous_status", "platform_url")
_BUNDLE = ("bundle_id", "external_ref", "status", "platform", "bundle_type")
_WARMING = ("session_id", "saved_account_id", "bundle_id", "terms_total", "terms_verified")
_COVERAGE = ("saved_account_id", "status", "current_period_end", "credits")
_SIGNAL = ("video_id", "bundle_id", "position")

# Event type -> (when it is sent, the keys of its `data`).
EVENTS: dict[str, tuple[str, tuple[str, ...]]] = {
    "webhook.test": ("A test was asked for", ("message",)),
    "bundle.created": ("A bundle was created", _BUNDLE),
    "bundle.published": ("A bundle was published", _BUNDLE),
    "bundle.cancelled": ("A bundle was cancelled", ("bundle_id", "external_ref", "status", "reason")),
    "bundle.archived": ("A bundle was archived", ("bundle_id", "status")),
    "account.configured": ("The account of a bundle was configured", _ACCOUNT),
    "account.published": ("The account was handed to a manager", _ACCOUNT),
    "account.in_review": ("The manager submitted the account", _ACCOUNT),
    "account.pending_corrections": ("Corrections of the account were asked for", _ACCOUNT),
    "account.finalized": ("The account was finalized", _ACCOUNT),
    "account.remade": (
        "The account was made again after a ban",
        ("bundle_id", "account_id", "saved_account_id"),
    ),
    "account.banned": ("A ban was validated", _BAN),
    "account.ban_appeal.submitted": ("An appeal against a ban was filed", _BAN),
    "account.ban_appeal.resolved": ("An appeal was decided", _BAN),
    "account.ban_resolution.decided": (
        "The commercial resolution of a ban was decided",
        ("bundle_id", "saved_account_id", "resolution", "reason_code", "refund_credits"),
    ),
    "account.revealed": ("Credentials of an account were taken", ("saved_account_id", "management_ended")),
    "account.distribution_warning": ("The platform limits an account", ("saved_account_id",)),
    "video.configured": ("A video slot was configured", _VIDEO),
    "video.in_review": ("The manager posted a video", _VIDEO),
    "video.published": ("A video was handed to the manager", _VIDEO),
    "video.pending_corrections": ("Corrections of a video were asked for", _VIDEO),
    "video.finalized": ("A video was finalized", _VIDEO),
    "video.not_recommended": ("The platform does not recommend a video", _SIGNAL),
    "video.ai_labeled": ("The platform labels a video as AI made", _SIGNAL),
    "video.sound_restricted": ("The platform restricts the sound of a video", _SIGNAL),
    "warming.session_started": ("Warming has started", _WARMING),
    "warming.term_verified": ("A warming target was proven", _WARMING),
    "warming.session_completed": ("Warming is complete", _WARMING),
    "subscription.renewed": ("A Coverage period was paid", _COVERAGE),
    "subscription.lapsed": ("A Coverage period ended unpaid", _COVERAGE),
    "subscription.cancelled": ("Coverage was paused", _COVERAGE),
    "subscription.reactivated": ("Coverage was taken up again", _COVERAGE),
    "subscription.ended": ("Coverage ended for good", _COVERAGE),
    "credits.restored": (
        "Credits were given back",
        ("credits", "saved_account_id", "bundle_id", "expires_at"),
    ),
}


def country_code(text: str) -> str:
    """TokPortal's code for a country given by code or alias."""
    code = text.strip().upper()
    return COUNTRY_ALIASES.get(code, code)


def countries() -> dict[str, Any]:
    return {
        "data": [{"code": code, "name": name} for code, name in COUNTRIES.items()],
        "videos_only_countries": [
            {"code": code, "name": name} for code, name in VIDEOS_ONLY_COUNTRIES.items()
        ],
    }


def platforms() -> dict[str, Any]:
    return {
        "data": [
            {"value": value, "name": name, "enabled": value in ORDERABLE_PLATFORMS}
            for value, name in PLATFORMS.items()
        ]
    }


def event_catalogue() -> dict[str, Any]:
    """The public answer of GET /webhooks/events."""
    return {
        "data": {
            "events": [
                {
                    "type": kind,
                    "description": description,
                    "emitted": True,
                    "example": dict.fromkeys(keys),
                    "schema": {"type": "object", "properties": {key: {} for key in keys}},
                }
                for kind, (description, keys) in EVENTS.items()
            ],
            "envelope": {
                "id": "evt_…",
                "type": "…",
                "api_version": "2026-05-25",
                "created_at": "…",
                "data": {},
            },
            "delivery": {
                "method": "POST",
                "success": "2xx",
                "ordering": "not guaranteed",
                "duplicates": "possible",
            },
            "signature": {
                "header": "TokPortal-Signature",
                "format": "t=<unix seconds>,v1=<hex hmac-sha256 of t + '.' + raw body>",
                "tolerance_seconds": 300,
            },
        }
    }
