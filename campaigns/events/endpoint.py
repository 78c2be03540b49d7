"""Our webhook endpoint at TokPortal: what it offers, how it stands, and what it could not deliver."""

import json
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from agency.connections import tokportal
from agency.models import Connection
from agency.tokportal import (
    Delivery,
    Lane,
    MalformedDelivery,
    NotAllowed,
    ReceivedEvent,
    Refused,
    TokPortalError,
)
from campaigns.events.models import Endpoint, WebhookEvent
from campaigns.events.sync import handle_event, store_event
from campaigns.models import Command

logger = logging.getLogger(__name__)

LOOK_BACK = timedelta(days=3)  # deliveries that failed longer ago are left to the sweeps
MOST_DELIVERIES = 500  # that one look at the log takes up

# Why a test did not get through. After `answered` comes the status: "answered 503".
TEST_TROUBLES: Mapping[str, Promise] = {
    "unknown": _("TokPortal does not know our endpoint any more. Set the webhooks up again."),
    "not_allowed": _("TokPortal does not let this API key test the endpoint."),
    "no_answer": _("TokPortal did not answer. Try again in a minute."),
    "wrong_secret": _(
        "Our server refused the signature (401): the secret is no longer the right one. Replace it."
    ),
    "answered": _("TokPortal reached our address, which answered %(status)s instead of 204."),
    "unreachable": _("TokPortal could not reach our address. Is PUBLIC_URL open to the internet?"),
}


def webhook_url(connection: Connection) -> str:
    """Where TokPortal sends events. Its last part cannot be guessed: treat the whole as a secret."""
    return settings.PUBLIC_URL + reverse("webhook", args=[connection.webhook_path_key])


def offered_kinds(connection: Connection) -> list[str]:
    """The events that TokPortal can send today (one call, public). Raises what `agency.tokportal` raises."""
    api = tokportal(connection, Lane.PERSON)
    return [kind.type for kind in api.list_webhook_events() if kind.emitted is not False]


def check_endpoint(connection: Connection, *, now: datetime) -> None:
    """See how our endpoint stands, and delete those at our address whose secret we do not hold.

    These are left by a replacement, a removal, or a creation whose answer was lost. Nothing is deleted while
    a creation is under way: its endpoint may be there before its answer.
    """
    if Command.objects.unsettled().filter(connection=connection, kind=Command.Kind.CREATE_WEBHOOK).exists():
        return
    connection.refresh_from_db()
    api = tokportal(connection, Lane.BACKGROUND)
    ours = None
    for endpoint in list(api.list_webhooks()):
        if connection.webhook_endpoint_id and endpoint.id == connection.webhook_endpoint_id:
            ours = endpoint
        elif connection.webhook_path_key in urlsplit(endpoint.url or "").path.split("/"):
            api.delete_webhook(endpoint.id)
    if ours and ours.url != webhook_url(
        connection
    ):  # PUBLIC_URL has changed: the endpoint follows, its secret stays
        ours = api.update_webhook(ours.id, body={"url": webhook_url(connection)}).result
    if ours:  # the one before is gone at TokPortal: its secret opens nothing any more
        Connection.objects.filter(pk=connection.pk, webhook_endpoint_id=ours.id).update(
            webhook_previous_secret=""
        )
    Endpoint.objects.update_or_create(
        connection=connection,
        defaults={
            "url": (ours.url or "") if ours else "",
            "kinds": list(ours.events) if ours else [],
            "is_enabled": (ours.enabled is not False) if ours else None,
            "checked_at": now,
        },
    )


def note_test(connection: Connection, *, now: datetime) -> None:
    """A test begins now; what came of the one before is forgotten."""
    Endpoint.objects.update_or_create(
        connection=connection,
        defaults={"test_asked_at": now, "test_answered_at": None, "test_trouble": ""},
    )


def test_endpoint(connection: Connection, *, now: datetime) -> str:
    """Have the signed test event sent; notes why it did not get through, and returns that in words, or ''."""
    trouble = ""
    try:
        answer = tokportal(connection, Lane.PERSON).test_webhook(connection.webhook_endpoint_id)
    except Refused:
        trouble = "unknown"
    except NotAllowed:
        trouble = "not_allowed"
    except TokPortalError as error:
        logger.warning("The webhook test got no answer: %s", error)
        trouble = "no_answer"
    else:
        if answer.result.success is False:
            trouble = unreached(answer.result)
    Endpoint.objects.filter(connection=connection).update(test_answered_at=now, test_trouble=trouble)
    return trouble_in_words(trouble)


def unreached(delivery: Delivery) -> str:
    """Why a delivery failed, as TEST_TROUBLES calls it."""
    if delivery.response_status == 401:
        return "wrong_secret"
    if delivery.response_status:
        return f"answered {delivery.response_status}"
    return "unreachable"


def trouble_in_words(trouble: str) -> str:
    """A test's trouble for the person who reads it. What is no word of ours stays as it is."""
    word, _space, status = trouble.partition(" ")
    return str(TEST_TROUBLES[word]) % {"status": status} if word in TEST_TROUBLES else trouble


def recover_deliveries(connection: Connection, *, now: datetime) -> int:
    """Take in what TokPortal could not deliver, from its own log; returns how many events were new.

    The log carries the event itself; where it does not, TokPortal is asked to send it again.
    """
    if not connection.webhook_endpoint_id:
        return 0
    api = tokportal(connection, Lane.BACKGROUND)
    since = connection.upstream_now(now) - LOOK_BACK
    recovered = looked_at = 0
    for delivery in api.list_deliveries(connection.webhook_endpoint_id, success=False):
        looked_at += 1
        if looked_at > MOST_DELIVERIES or (delivery.created_at and delivery.created_at < since):
            break
        known = WebhookEvent.objects.filter(connection=connection, upstream_id=delivery.event_id or "")
        if delivery.event_type == "webhook.test" or known.exists():
            continue
        recovered += 1
        try:
            received = ReceivedEvent.from_json(json.dumps(delivery.raw.get("payload")).encode())
        except MalformedDelivery:
            api.retry_delivery(connection.webhook_endpoint_id, delivery.id)
        else:
            event, _is_new = store_event(connection, received, now=now)
            handle_event(event.pk, now=now)
    return recovered
