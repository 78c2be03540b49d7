from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from agency.admin import ReadOnlyAdmin
from campaigns.events.actions import replay
from campaigns.events.models import Endpoint, Sweep, WebhookEvent


@admin.register(WebhookEvent)
class WebhookEventAdmin(ReadOnlyAdmin):
    list_display = ["kind", "upstream_id", "received_at", "state", "attempts", "trouble"]
    list_filter = ["state", "kind"]
    search_fields = ["upstream_id", "kind"]
    actions = ["handle_again"]

    @admin.action(description=_("Handle again"))
    def handle_again(self, request: HttpRequest, events: QuerySet[WebhookEvent]) -> None:
        for event in events:
            replay(event=event, now=timezone.now())
        count = events.count()
        sentence = ngettext("%(count)d is being handled again.", "%(count)d are being handled again.", count)
        self.message_user(request, sentence % {"count": count}, messages.SUCCESS)


@admin.register(Endpoint)
class EndpointAdmin(ReadOnlyAdmin):
    """Without its address, whose last part opens the door."""

    list_display = ["connection", "is_enabled", "checked_at", "test_asked_at", "test_trouble"]
    exclude = ["url"]


@admin.register(Sweep)
class SweepAdmin(ReadOnlyAdmin):
    list_display = [
        "kind",
        "connection",
        "started_at",
        "finished_at",
        "total",
        "discovered",
        "failed",
        "trouble",
    ]
    list_filter = ["kind"]
