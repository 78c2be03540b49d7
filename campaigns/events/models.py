"""Webhook deliveries as they came: a hint to look, not a fact."""

import json

import pgtrigger
from django.db import models
from django.utils.translation import gettext_lazy as _

from agency.models import Connection


class WebhookEvent(models.Model):
    """One genuine event, stored once by its id, whole. Its body is never changed."""

    class State(models.TextChoices):
        WAITING = "waiting", _("Waiting")
        DONE = "done", _("Handled")
        IGNORED = "ignored", _("Not known, kept")
        FAILED = "failed", _("Failed, will be tried again")

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
            models.Index(models.F("body__data__bundle_id"), name="event_by_bundle"),
            models.Index(models.F("body__data__saved_account_id"), name="event_by_saved_account"),
        ]
        triggers = [
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="body_never_changes", fields=["upstream_id", "kind", "body", "received_at"]
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.upstream_id}"

    @property
    def pretty_body(self) -> str:
        return json.dumps(self.body, indent=2, ensure_ascii=False)


class Endpoint(models.Model):
    """Our webhook endpoint as TokPortal last listed it, and how the last test went. Machine times.

    Which endpoint is ours, and its secret, stand on the Connection.
    """

    connection = models.OneToOneField(Connection, on_delete=models.PROTECT, related_name="endpoint")
    url = models.TextField(blank=True, default="")
    kinds = models.JSONField(default=list)  # the events that it is subscribed to
    is_enabled = models.BooleanField(null=True)  # null = TokPortal does not list it
    checked_at = models.DateTimeField(null=True, blank=True)
    test_asked_at = models.DateTimeField(null=True, blank=True)
    test_answered_at = models.DateTimeField(null=True, blank=True)
    test_trouble = models.CharField(max_length=300, blank=True, default="")

    def __str__(self) -> str:
        return self.url


class Sweep(models.Model):
    """One walk over what TokPortal holds. `remaining` is its work list: any worker can go on with it."""

    class Kind(models.TextChoices):
        LISTS = "lists", _("What changed")
        EVERYTHING = "everything", _("Everything")

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="sweeps")
    kind = models.CharField(max_length=20, choices=Kind)
    started_at = models.DateTimeField()  # machine time, as the others
    listed_at = models.DateTimeField(null=True, blank=True)  # the lists were read: `total` is known
    finished_at = models.DateTimeField(null=True, blank=True)
    remaining = models.JSONField(default=list)  # [[what, upstream id]]
    total = models.PositiveIntegerField(default=0)
    discovered = models.PositiveIntegerField(default=0)  # bundles that we did not know
    failed = models.PositiveIntegerField(default=0)
    trouble = models.CharField(max_length=300, blank=True, default="")  # why it waits or what failed last

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "kind"],
                condition=models.Q(finished_at=None),
                name="sweep_one_at_a_time",
            ),
        ]
        indexes = [models.Index(fields=["connection", "-started_at"], name="sweep_by_start")]

    def __str__(self) -> str:
        return f"{self.kind} sweep of {self.started_at:%Y-%m-%d %H:%M}"

    @property
    def done(self) -> int:
        return self.total - len(self.remaining)
