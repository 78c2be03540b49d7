"""How the webhooks are doing, in words for an owner."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from agency.models import Connection
from campaigns.events import refusals
from campaigns.events.endpoint import trouble_in_words, webhook_url
from campaigns.events.handlers import KNOWN_KINDS
from campaigns.events.models import Endpoint, WebhookEvent
from campaigns.models import Command

QUIET_AFTER = timedelta(days=2)
TEST_TAKES = timedelta(seconds=30)


@dataclass(frozen=True, slots=True)
class WebhookState:
    """`tone` is a pill's; `is_settling` = look again in a second."""

    word: str
    tone: str
    sentence: str
    is_settling: bool = False


def webhook_state(connection: Connection, *, now: datetime) -> WebhookState:
    """`now` is machine time."""
    command = _last_creation(connection)
    if command and not command.is_settled:
        return WebhookState(
            _("Being set up"),
            "info",
            command.error_message or _("TokPortal is being asked."),
            is_settling=True,
        )
    if not connection.webhook_endpoint_id:
        if command and command.state == Command.State.REFUSED:
            return WebhookState(_("Refused"), "bad", command.error_message)
        return WebhookState(
            _("Not set up"),
            "calm",
            _("Pages follow TokPortal every ten minutes; with webhooks within seconds."),
        )
    endpoint = Endpoint.objects.filter(connection=connection).first()
    if endpoint and endpoint.checked_at and endpoint.is_enabled is None:
        return WebhookState(
            _("Gone"), "bad", _("TokPortal does not list our endpoint any more. Set it up again.")
        )
    if endpoint and endpoint.is_enabled is False:
        return WebhookState(
            _("Switched off"), "bad", _("TokPortal switched our endpoint off. Set it up again.")
        )
    if endpoint and endpoint.url and endpoint.url != webhook_url(connection):
        return WebhookState(
            _("Old address"),
            "bad",
            _("TokPortal still sends to the address of before PUBLIC_URL changed. Set it up again."),
        )
    if connection.webhook_last_at is None:
        return WebhookState(
            _("Never heard"), "wait", _("Nothing has arrived yet. Send a test to see whether it can.")
        )
    if now - connection.webhook_last_at > QUIET_AFTER:
        return WebhookState(
            _("Quiet"), "wait", _("Nothing has arrived for days. Send a test to see whether it can.")
        )
    return WebhookState(_("Live"), "good", _("Events arrive and pages follow within seconds."))


def test_state(connection: Connection, *, now: datetime) -> WebhookState | None:
    """How the last test went; None when there was none."""
    endpoint = Endpoint.objects.filter(connection=connection).exclude(test_asked_at=None).first()
    if endpoint is None or endpoint.test_asked_at is None:
        return None
    arrived_at = (
        WebhookEvent.objects.filter(
            connection=connection, kind="webhook.test", received_at__gte=endpoint.test_asked_at
        )
        .values_list("received_at", flat=True)
        .first()
    )
    if arrived_at:
        seconds = (arrived_at - endpoint.test_asked_at).total_seconds()
        sentence = _("The test came back after %(seconds)s seconds, with a good signature.")
        return WebhookState(_("Arrived"), "good", sentence % {"seconds": f"{seconds:.1f}"})
    if endpoint.test_trouble:
        return WebhookState(_("Failed"), "bad", trouble_in_words(endpoint.test_trouble))
    if now - endpoint.test_asked_at < TEST_TAKES:
        return WebhookState(_("On its way"), "info", _("TokPortal is sending the test."), is_settling=True)
    if endpoint.test_answered_at:
        return WebhookState(
            _("Lost"),
            "bad",
            _(
                "TokPortal says that the test was delivered, but it did not arrive here. Does another server"
                " answer at our address?"
            ),
        )
    return WebhookState(_("No answer"), "wait", _("No worker took the test up. Look at Operations."))


def forgeries_today(connection: Connection, *, now: datetime) -> int:
    return refusals.today(connection, now=now)


def missing_kinds(connection: Connection) -> list[str]:
    """Events that we know and our endpoint is not subscribed to, although it is there."""
    endpoint = Endpoint.objects.filter(connection=connection, is_enabled=True).first()
    return sorted(KNOWN_KINDS - set(endpoint.kinds)) if endpoint and endpoint.kinds else []


def _last_creation(connection: Connection) -> Command | None:
    commands = Command.objects.filter(connection=connection, kind=Command.Kind.CREATE_WEBHOOK)
    return commands.order_by("-pk").first()
