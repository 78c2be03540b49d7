"""TokPortal's refusals in our words: what happened, what was charged, what to do.

A row keeps the code, the details, and a sentence in the server's language; pages word it anew (`said`).
"""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.utils import translation
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop, ngettext

from agency.formats import number
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

NOTHING_CHARGED = gettext_noop("Nothing was charged.")

# Code → sentence ("Errors", "Create Bundle"). An unknown code falls back to TokPortal's own message.
SENTENCES: Mapping[str, Promise] = {
    "COUNTRY_NOT_ENABLED": gettext_lazy(
        "This country is not open for new accounts at the moment. Choose another one."
    ),
    "YOUTUBE_DELAYED": gettext_lazy("YouTube cannot be ordered yet. Choose TikTok or Instagram."),
    "ACCOUNT_ID_NOT_ALLOWED": gettext_lazy("An existing account can be named only for an order of videos."),
    "ACCOUNT_NOT_FOUND": gettext_lazy("TokPortal does not know this account. Choose another one."),
    "SAVED_ACCOUNT_NOT_FOUND": gettext_lazy("TokPortal does not know this account. Choose another one."),
    "EDITS_EXCEED_VIDEOS": gettext_lazy(
        "There are more edits than videos. Order at most one edit for each video."
    ),
    "WARMING_CONFLICT": gettext_lazy("Only one kind of warming can be ordered. Choose one of them."),
    "DEEP_WARMING_INSTAGRAM_ONLY": gettext_lazy("Deep warming exists for Instagram only."),
    "DEEP_WARMING_DEPRECATED": gettext_lazy(
        "Deep warming is no longer sold. Choose advanced warming instead."
    ),
    "ADVANCED_WARMING_FLAG_REQUIRED": gettext_lazy("Switch advanced warming on to send search terms."),
    "ADVANCED_WARMING_TERMS_REJECTED": gettext_lazy(
        "TokPortal does not take some of the search terms. Change them."
    ),
    "ADVANCED_WARMING_COUNT_MISMATCH": gettext_lazy(
        "The number of search terms differs from the number ordered."
    ),
    "BUNDLE_PRICING_CHANGED": gettext_lazy(
        "The price changed on the way. Look at the new price and order again."
    ),
    "BUNDLE_INVALID_STATUS": gettext_lazy(
        "The bundle has moved on at TokPortal, so this is no longer possible. Look at its state."
    ),
    "BUNDLE_ALREADY_PUBLISHED": gettext_lazy("The bundle is published already. Unpublish it to change it."),
    "BUNDLE_NOT_FOUND": gettext_lazy("TokPortal does not know this bundle any more."),
    "ACCOUNT_INVALID_STATUS": gettext_lazy("The account is no longer in review, so this is not possible."),
    "INVALID_STATUS": gettext_lazy(
        "It has moved on at TokPortal, so this is no longer possible. Look at its state."
    ),
    "INVALID_STATUS_TRANSITION": gettext_lazy("The video has moved on at TokPortal. Look at its state."),
    "ALREADY_ACCEPTED": gettext_lazy("A manager has accepted the bundle, so it cannot be taken back."),
    "MANAGED_ACCOUNT_TASK_BLOCKED": gettext_lazy(
        "The account's Coverage has lapsed. Renew it at TokPortal, then try again."
    ),
    "IDEMPOTENCY_KEY_CONFLICT": gettext_lazy(
        "This order's key was used for another one. Send it again as a new order."
    ),
    "UNKNOWN_FIELD": gettext_lazy(
        "TokPortal does not know one of the fields any more. Tell whoever runs this dashboard."
    ),
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


# What a Command that certainly did not happen yet waits for, as its details keep it → sentence.
WAITING: Mapping[str, Promise] = {
    "capacity": gettext_lazy("TokPortal's capacity for orders is cooling down. Nothing was charged."),
    "pace": gettext_lazy("TokPortal takes no more calls for the moment. Nothing was charged."),
    "first_call": gettext_lazy("TokPortal is still working on it. Nothing was charged."),
    "key": gettext_lazy(
        "TokPortal refuses the API key; an owner must enter a valid one on the settings page."
        " Nothing was charged."
    ),
    "connection": gettext_lazy("TokPortal cannot be reached. Nothing was charged."),
    "reply": gettext_lazy("TokPortal does not answer. Nothing was charged."),
    "outcome": gettext_lazy("No answer came, so it is not known whether it happened."),
}


def sentence(error: TokPortalError) -> str:
    """What happened and what to do, without TokPortal's own words where we have ours."""
    if isinstance(error, InsufficientCredits):
        return _pool_is_short(error)
    if isinstance(error, NotReady):
        return _not_ready(error)
    if isinstance(error, NotAllowed):
        if error.is_key_problem:
            return _("TokPortal refuses the API key. An owner must enter a valid one on the settings page.")
        return _(
            "The API key may not do this. An owner must enter a key with write access on the settings page."
        )
    if known := _known(error.code, error.details):
        return known
    if error.message:
        return _("TokPortal refused it: “%(message)s”.") % {"message": error.message.rstrip(". ")}
    if error.code:
        return _("TokPortal refused it and gave the code %(code)s.") % {"code": error.code}
    return _("TokPortal refused it and gave no reason.")


def _pool_is_short(error: InsufficientCredits) -> str:
    if error.required is None or error.available is None:
        return _("The pool does not hold enough credits. Top it up at TokPortal, then order again.")
    return ngettext(
        "The pool holds %(available)s credit and this costs %(required)s."
        " Top up %(missing)s at TokPortal, then order again.",
        "The pool holds %(available)s credits and this costs %(required)s."
        " Top up %(missing)s at TokPortal, then order again.",
        error.available,
    ) % {
        "available": number(error.available),
        "required": number(error.required),
        "missing": number(error.missing or 0),
    }


def _not_ready(error: NotReady) -> str:
    named = [(blocker.message or blocker.code).rstrip(".") for blocker in error.blockers]
    if not any(named):
        return _("The bundle is not ready yet. Mend what the checklist names, then publish again.")
    return _(
        "The bundle is not ready yet (%(blockers)s). Mend what the checklist names, then publish again."
    ) % {"blockers": "; ".join(named)}


def _known(code: str, details: Mapping[str, Any]) -> str:
    """The sentence of a code that needs nothing but its details, else empty."""
    if code == "INVALID_DATE" and details.get("earliest_allowed"):
        return _("The day is too near: the first possible one is %(day)s.") % {
            "day": details["earliest_allowed"]
        }
    if code == "VIDEOS_PER_DAY_EXCEEDED" and details.get("date"):
        return _("%(day)s has three videos already. Choose another day.") % {"day": details["date"]}
    return str(SENTENCES.get(code, ""))


def field_errors(error: Refused) -> dict[str, list[str]]:
    """Form field → sentences; '' = the form as a whole."""
    found = error.field_errors()
    if found and any(found):
        return found
    return {FIELDS.get(error.code, ""): [sentence(error)]}


def said(command: Command) -> str:
    """Why a Command is not simply done, in the reader's language; empty where there is nothing to say.

    Where code and details do not tell, the row's own sentence is looked up; one that quotes TokPortal stays as it is.
    """
    code, details = command.error_code, command.error_details
    if not command.error_message:
        return ""
    if (reason := details.get("waits_for")) in WAITING:
        return str(WAITING[reason])
    if code == "PARTLY_REFUSED" and details.get("positions"):
        return _partly_refused(details["positions"])
    if code == "PRICE_MOVED" and "price" in details:
        return _price_moved(details["quoted"], details["price"])
    if code == "INSUFFICIENT_CREDITS":
        refusal = _pool_is_short(InsufficientCredits(code, details=details))
    elif code == "BUNDLE_NOT_READY" and details.get("blockers"):
        refusal = _not_ready(NotReady(code, details=details))
    else:
        refusal = _known(code, details)
    refusal = refusal or _(command.error_message.removesuffix(NOTHING_CHARGED).rstrip())
    return f"{refusal} {_(NOTHING_CHARGED)}" if command.error_message.endswith(NOTHING_CHARGED) else refusal


def from_error(command: Command, error: TokPortalError) -> dict[str, Any]:
    """The columns of a Command that TokPortal refused."""
    with in_server_language():
        message = f"{sentence(error)} {_(NOTHING_CHARGED)}"
    return {
        "error_code": error.code or f"HTTP_{error.status}",
        "error_message": message,
        "error_details": dict(error.details),
        "request_id": error.request_id,
    }


def price_moved(command: Command, price: int) -> dict[str, Any]:
    """The columns of a Command that we stopped ourselves, because its price is no longer the one that was seen."""
    with in_server_language():
        message = _price_moved(command.quoted_credits, price)
    return {
        "error_code": "PRICE_MOVED",
        "error_message": message,
        "error_details": {"quoted": command.quoted_credits, "price": price},
    }


def _price_moved(quoted: int, price: int) -> str:
    return ngettext(
        "It was quoted at %(quoted)s credit and costs %(price)s now, so it was not sent."
        " Nothing was charged. Look at the new price and order again.",
        "It was quoted at %(quoted)s credits and costs %(price)s now, so it was not sent."
        " Nothing was charged. Look at the new price and order again.",
        quoted,
    ) % {"quoted": number(quoted), "price": number(price)}


def partly_refused(positions: Mapping[str, str]) -> dict[str, Any]:
    """The columns of a batch that kept its good rows. `positions`: of the others → why, as TokPortal says it."""
    with in_server_language():
        message = _partly_refused(positions)
    return {
        "error_code": "PARTLY_REFUSED",
        "error_message": message,
        "error_details": {"positions": dict(positions)},
    }


def _partly_refused(positions: Mapping[str, str]) -> str:
    slots = " ".join(
        _("Slot %(position)s: %(reason)s") % {"position": position, "reason": reason}
        for position, reason in positions.items()
    )
    return ngettext(
        "%(count)s of the slots was refused: %(slots)s",
        "%(count)s of the slots were refused: %(slots)s",
        len(positions),
    ) % {"count": len(positions), "slots": slots}


def waiting(error: TokPortalError) -> dict[str, Any]:
    """The columns of a Command that certainly did not happen yet. When it is tried again, `next_try_at` says."""
    if isinstance(error, CoolingDown):
        reason = "capacity"
    elif isinstance(error, RateLimited):
        reason = "pace"
    elif isinstance(error, KeyInProgress):
        reason = "first_call"
    elif isinstance(error, NotAllowed):
        reason = "key"
    elif isinstance(error, NotSent):
        reason = "connection"
    else:
        reason = "reply"
    return _waits_for(reason, error)


def unknown(error: TokPortalError) -> dict[str, Any]:
    """The columns of a Command that may or may not have happened."""
    return _waits_for("outcome", error)


def _waits_for(reason: str, error: TokPortalError) -> dict[str, Any]:
    with in_server_language():
        message = str(WAITING[reason])
    return {
        "error_code": error.code or type(error).__name__.upper(),
        "error_message": message,
        "error_details": {"waits_for": reason},
        "request_id": error.request_id,
    }


def in_server_language() -> translation.override:
    """For sentences that a row keeps: its readers have languages of their own, and `said` words it for each."""
    return translation.override(settings.LANGUAGE_CODE)
