"""What each kind of event makes us look at again. An event is a hint to look, not a fact.

The kinds are the 34 of the catalogue in "Webhooks" (API 2026-05-25); those in `IGNORED` change nothing here.
"""

from collections.abc import Callable, Mapping
from datetime import datetime

from django.utils.translation import gettext_noop

from agency.tokportal import NotFound, TokPortal
from campaigns.commands.reference import refresh_balance
from campaigns.events.models import WebhookEvent
from campaigns.models import Bundle
from campaigns.sync import refresh_account, refresh_bundle

Handler = Callable[[TokPortal, WebhookEvent, datetime], str]


def read_bundle(api: TokPortal, event: WebhookEvent, now: datetime) -> str:
    """The bundle, its account and its slots; a bundle that we do not know yet is mirrored.

    Returns a remark for the event's page, as the catalogues know it, or ''. Raises what `agency.tokportal` raises.
    """
    bundle_id, connection = named(event, "bundle_id"), event.connection
    if not bundle_id:
        return read_account(api, event, now)
    try:
        bundle = refresh_bundle(api, connection, bundle_id, now=now)
    except NotFound:
        return gettext_noop("TokPortal does not know this bundle.")
    current = bundle.saved_account.upstream_id if bundle.saved_account else ""
    account_id = named(event, "saved_account_id")
    if account_id and account_id != current:  # the one before a remake
        refresh_account(api, connection, account_id, now=now)
    return ""


def read_account(api: TokPortal, event: WebhookEvent, now: datetime) -> str:
    """The account and the open bundles on it: Coverage that is taken up again moves their days."""
    account_id, connection = named(event, "saved_account_id"), event.connection
    if not account_id:
        return gettext_noop("The event names neither a bundle nor an account that could be read.")
    if refresh_account(api, connection, account_id, now=now) is None:
        return gettext_noop("TokPortal does not list this account.")
    bundles = connection.bundles.filter(saved_account__upstream_id=account_id).exclude(
        status__in=Bundle.ENDED
    )
    for bundle_id in bundles.values_list("upstream_id", flat=True):
        refresh_bundle(api, connection, bundle_id, now=now)
    return ""


def read_account_and_balance(api: TokPortal, event: WebhookEvent, now: datetime) -> str:
    """Something was charged or given back that nobody here ordered."""
    refresh_balance(event.connection, now=now)
    return read_bundle(api, event, now)


HANDLERS: Mapping[str, Handler] = {
    "bundle.created": read_bundle,
    "bundle.published": read_bundle,
    "bundle.cancelled": read_bundle,
    "bundle.archived": read_bundle,
    "account.configured": read_bundle,
    "account.published": read_bundle,
    "account.in_review": read_bundle,
    "account.pending_corrections": read_bundle,
    "account.finalized": read_bundle,
    "account.remade": read_bundle,
    "account.banned": read_bundle,
    "account.ban_appeal.submitted": read_bundle,
    "account.ban_appeal.resolved": read_bundle,
    "account.ban_resolution.decided": read_account_and_balance,
    "account.revealed": read_bundle,
    "account.distribution_warning": read_bundle,
    "video.configured": read_bundle,
    "video.published": read_bundle,
    "video.in_review": read_bundle,
    "video.pending_corrections": read_bundle,
    "video.finalized": read_bundle,
    "video.not_recommended": read_bundle,
    "video.ai_labeled": read_bundle,
    "video.sound_restricted": read_bundle,
    "warming.session_started": read_bundle,
    "warming.session_completed": read_bundle,
    "subscription.renewed": read_account_and_balance,
    "subscription.lapsed": read_bundle,
    "subscription.cancelled": read_bundle,
    "subscription.reactivated": read_account_and_balance,
    "subscription.ended": read_bundle,
    "credits.restored": read_account_and_balance,
}
# That the test came is all that it says; a single warming target changes nothing that we mirror.
IGNORED = frozenset({"webhook.test", "warming.term_verified"})
KNOWN_KINDS = frozenset(HANDLERS) | IGNORED


def named(event: WebhookEvent, name: str) -> str:
    """An id from the event's `data`; '' when it is not there."""
    found = event.body.get("data")
    value = found.get(name) if isinstance(found, dict) else None
    return str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
