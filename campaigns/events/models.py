"""Webhook deliveries as they came: a hint to look, not a fact."""

import pgtrigger
from django.db import models

from agency.models import Connection


class WebhookEvent(models.Model):
    """One genuine event, stored once by its id, whole. Its body is never changed."""

    class State(models.TextChoices):
        WAITING = "waiting", "Waiting"
        DONE = "done", "Handled"
        IGNORED = "ignored", "Not known, kept"
        FAILED = "failed", "Failed, will be tried again"

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="events")
    upstream_id = models.CharField(max_length=128)
    kind = models.CharField(max_length=80)
    body = models.JSONField()
    upstream_created_at = models.DateTimeField(null=True, blank=True)  # TokPortal's time
    received_at = models.DateTimeField()  # machine time
    state = models.CharField(max_length=10, choices=State, default=State.WAITING)
    attempts = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField(null=True, blank=True)  # machine time
    handled_at = models.DateTimeField(null=True, blank=True)
    trouble = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "upstream_id"], name="event_once_per_connection"),
            models.CheckConstraint(
                condition=models.Q(state__in=["waiting", "done", "ignored", "failed"]),
                name="event_state_is_known",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_try_at"],
                condition=models.Q(state__in=["waiting", "failed"]),
                name="event_unhandled",
            ),
            models.Index(fields=["connection", "-received_at"], name="event_by_received_at"),
        ]
        triggers = [
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="body_never_changes", fields=["upstream_id", "kind", "body", "received_at"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.upstream_id}"
