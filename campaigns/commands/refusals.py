"""TokPortal's refusals in our words: what happened, what was charged, what to do."""

from collections.abc import Mapping
from typing import Any

from agency.tokportal import (
    CoolingDown,
    InsufficientCredits,
    KeyInProgress,
    NotAllowed,
    NotReady,
    NotSent,
    RateLimited,
    Refused,
    TokPortalError,
)
from campaigns.models import Command

NOTHING_CHARGED = "Nothing was charged."

# Code → sentence ("Errors", "Create Bundle"). An unknown code falls back to TokPortal's own message.
SENTENCES: Mapping[str, str] = {
    "COUNTRY_NOT_ENABLED": "This country is not open for new accounts at the moment. Choose another one.",
    "YOUTUBE_DELAYED": "YouTube cannot be ordered yet. Choose TikTok or Instagram.",
    "ACCOUNT_ID_NOT_ALLOWED": "An existing account can be named only for an order of videos.",
    "ACCOUNT_NOT_FOUND": "TokPortal does not know this account. Choose another one.",
    "SAVED_ACCOUNT_NOT_FOUND": "TokPortal does not know this account. Choose another one.",
    "EDITS_EXCEED_VIDEOS": "There are more edits than videos. Order at most one edit for each video.",
    "WARMING_CONFLICT": "Only one kind of warming can be ordered. Choose one of them.",
    "DEEP_WARMING_INSTAGRAM_ONLY": "Deep warming exists for Instagram only.",
    "DEEP_WARMING_DEPRECATED": "Deep warming is no longer sold. Choose advanced warming instead.",
    "ADVANCED_WARMING_FLAG_REQUIRED": "Switch advanced warming on to send search terms.",
    "ADVANCED_WARMING_TERMS_REJECTED": "TokPortal does not take some of the search terms. Change them.",
    "ADVANCED_WARMING_COUNT_MISMATCH": "The number of search terms differs from the number ordered.",
    "BUNDLE_PRICING_CHANGED": "The price changed on the way. Look at the new price and order again.",
    "BUNDLE_INVALID_STATUS": "The bundle has moved on at TokPortal, so this is no longer possible. Look at its state.",
    "BUNDLE_ALREADY_PUBLISHED": "The bundle is published already. Unpublish it to change it.",
    "BUNDLE_NOT_FOUND": "TokPortal does not know this bundle any more.",
    "ACCOUNT_INVALID_STATUS": "The account is no longer in review, so this is not possible.",
    "INVALID_STATUS": "It has moved on at TokPortal, so this is no longer possible. Look at its state.",
    "INVALID_STATUS_TRANSITION": "The video has moved on at TokPortal. Look at its state.",
    "ALREADY_ACCEPTED": "A manager has accepted the bundle, so it cannot be taken back.",
    "MANAGED_ACCOUNT_TASK_BLOCKED": "The account's Coverage has lapsed. Renew it at TokPortal, then try again.",
    "IDEMPOTENCY_KEY_CONFLICT": "This order's key was used for another one. Send it again as a new order.",
    "UNKNOWN_FIELD": "TokPortal does not know one of the fields any more. Tell whoever runs this dashboard.",
}

# Code → field of the order form, for those that the details do not name.
FIELDS: Mapping[str, str] = {
    "COUNTRY_NOT_ENABLED": "country",
    "YOUTUBE_DELAYED": "platform",
    "ACCOUNT_ID_NOT_ALLOWED": "account_id",
    "ACCOUNT_NOT_FOUND": "account_id",
    "SAVED_ACCOUNT_NOT_FOUND": "account_id",
    "EDITS_EXCEED_VIDEOS": "edits_quantity",
    "WARMING_CONFLICT": "warming",
    "DEEP_WARMING_INSTAGRAM_ONLY": "warming",
    "DEEP_WARMING_DEPRECATED": "warming",
    "ADVANCED_WARMING_FLAG_REQUIRED": "warming",
    "ADVANCED_WARMING_TERMS_REJECTED": "advanced_warming_terms",
    "ADVANCED_WARMING_COUNT_MISMATCH": "advanced_warming_terms",
}


def sentence(error: TokPortalError) -> str:
    """What happened and what to do, without TokPortal's own words where we have ours."""
    details = error.details
    if isinstance(error, InsufficientCredits):
        if error.required is not None and error.available is not None:
            return (
                f"The pool holds {error.available:,} credits and this costs {error.required:,}."
                f" Top up {error.missing or 0:,} at TokPortal, then order again."
            )
        return "The pool does not hold enough credits. Top it up at TokPortal, then order again."
    if isinstance(error, NotReady):
        named = [(blocker.message or blocker.code).rstrip(".") for blocker in error.blockers]
        blockers = f" ({'; '.join(named)})" if any(named) else ""
        return f"The bundle is not ready yet{blockers}. Mend what the checklist names, then publish again."
    if isinstance(error, NotAllowed):
        if error.is_key_problem:
            return "TokPortal refuses the API key. An owner must enter a valid one on the settings page."
        return (
            "The API key may not do this. An owner must enter a key with write access on the settings page."
        )
    if error.code == "INVALID_DATE" and details.get("earliest_allowed"):
        return f"The day is too near: the first possible one is {details['earliest_allowed']}."
    if error.code == "VIDEOS_PER_DAY_EXCEEDED" and details.get("date"):
        return f"{details['date']} has three videos already. Choose another day."
    if error.code in SENTENCES:
        return SENTENCES[error.code]
    if error.message:
        return f"TokPortal refused it: “{error.message.rstrip('. ')}”."
    return f"TokPortal refused it and gave {f'the code {error.code}' if error.code else 'no reason'}."


def field_errors(error: Refused) -> dict[str, list[str]]:
    """Form field → sentences; '' = the form as a whole."""
    found = error.field_errors()
    if found and any(found):
        return found
    return {FIELDS.get(error.code, ""): [sentence(error)]}


def from_error(command: Command, error: TokPortalError) -> dict[str, Any]:
    """The columns of a Command that TokPortal refused."""
    return {
        "error_code": error.code or f"HTTP_{error.status}",
        "error_message": f"{sentence(error)} {NOTHING_CHARGED}",
        "error_details": dict(error.details),
        "request_id": error.request_id,
    }


def price_moved(command: Command, price: int) -> dict[str, Any]:
    """The columns of a Command that we stopped ourselves, because its price is no longer the one that was seen."""
    return {
        "error_code": "PRICE_MOVED",
        "error_message": (
            f"It was quoted at {command.quoted_credits:,} credits and costs {price:,} now, so it was not sent."
            f" {NOTHING_CHARGED} Look at the new price and order again."
        ),
        "error_details": {"quoted": command.quoted_credits, "price": price},
    }


def waiting(error: TokPortalError) -> dict[str, Any]:
    """The columns of a Command that certainly did not happen yet. When it is tried again, `next_try_at` says."""
    if isinstance(error, CoolingDown):
        reason = "TokPortal's capacity for orders is cooling down"
    elif isinstance(error, RateLimited):
        reason = "TokPortal takes no more calls for the moment"
    elif isinstance(error, KeyInProgress):
        reason = "TokPortal is still working on it"
    elif isinstance(error, NotAllowed):
        reason = "TokPortal refuses the API key; an owner must enter a valid one on the settings page"
    elif isinstance(error, NotSent):
        reason = "TokPortal cannot be reached"
    else:
        reason = "TokPortal does not answer"
    return {
        "error_code": error.code or type(error).__name__.upper(),
        "error_message": f"{reason}. {NOTHING_CHARGED}",
        "request_id": error.request_id,
    }
