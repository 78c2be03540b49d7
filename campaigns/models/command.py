import uuid
from datetime import datetime, timedelta

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from agency.models import Connection, User, audited
from campaigns.models.campaign import Campaign
from campaigns.models.mirror import Bundle, searchable
from campaigns.models.stop import Stop, StopQuerySet
from clients.models import Client


class CommandQuerySet(models.QuerySet["Command"]):
    def visible_to(self, user: User) -> "CommandQuerySet":
        if not user.is_active:
            return self.none()
        return self if user.is_owner else self.filter(client__memberships__user=user)

    def unsettled(self) -> "CommandQuerySet":
        return self.filter(state__in=Command.UNSETTLED)

    def with_assumed_charge(self) -> "CommandQuerySet":
        """Done at the quoted price because nothing has told yet what they cost: no answer and no history."""
        return self.filter(
            state=Command.State.SUCCEEDED,
            credits_charged=F("quoted_credits"),
            credits_charged__gt=0,
            credits_remaining=None,
            answered_at__isnull=False,  # where a person decided, that is what stands
        ).exclude(answer__has_key="credits_charged")

    def stopped(self) -> "CommandQuerySet":
        """Those that a person keeps from leaving."""
        return self.filter(models.Exists(_stops_of_a_command()))

    def due(self, now: datetime) -> "CommandQuerySet":
        """May be sent: queued, its time has come, nothing keeps it, and nothing of its bundle is in its way.

        Commands of a bundle leave in the order they were asked for, one at a time (M1). One that was approved
        late comes before the younger ones that still wait, and behind the one that has left.
        """
        in_its_way = Command.objects.filter(bundle=models.OuterRef("bundle")).filter(
            Q(state=Command.State.QUEUED, pk__lt=models.OuterRef("pk"))
            | Q(state__in=(Command.State.SENDING, Command.State.UNKNOWN))
        )
        return self.filter(
            ~models.Exists(in_its_way),
            ~_is_kept(now),
            state=Command.State.QUEUED,
            next_try_at__lte=now,
        )

    def overdue(self, now: datetime, *, upstream_now: datetime) -> "CommandQuerySet":
        """Longer in their state than that takes, though nothing keeps them from leaving. `now` is machine time."""
        state, expected = Command.State, Command.EXPECTED
        return self.filter(
            Q(state=state.AWAITING, state_since__lt=upstream_now - expected[state.AWAITING])
            | Q(state=state.QUEUED, next_try_at__lt=now - expected[state.QUEUED]) & ~_is_kept(now)
            | Q(state=state.SENDING, lease_until__lt=now - expected[state.SENDING])
            | Q(state=state.UNKNOWN, state_since__lt=upstream_now - expected[state.UNKNOWN])
        )


def _stops_of_a_command() -> StopQuerySet:
    return Stop.objects.standing().over(models.OuterRef("client"), models.OuterRef("campaign"))


def _is_kept(now: datetime) -> Q:
    """A person's stop, a pause of all calls, or for what needs it TokPortal's capacity keeps it from leaving.

    Without a join, so that an UPDATE with it looks at the row once more when somebody else has changed it.
    """
    connection = Connection.objects.filter(pk=models.OuterRef("connection"))
    is_paused = Q(paused_at__isnull=False) | Q(key_refused_at__isnull=False)
    return (
        Q(models.Exists(_stops_of_a_command()))
        | Q(models.Exists(connection.filter(is_paused)))
        | Q(models.Exists(connection.filter(cooling_until__gt=now)), kind__in=Command.NEEDS_CAPACITY)
    )


@audited()
class Command(models.Model):
    """One intended change at TokPortal: outbox, audit trail and expected charge in one row.

    Only `campaigns.commands` creates or moves one. `*_at` of what happened is TokPortal's time;
    `next_try_at` and `lease_until` are machine time.
    """

    class Kind(models.TextChoices):
        CREATE_BUNDLE = "create_bundle", _("Order a bundle")
        ADD_VIDEO_SLOTS = "add_video_slots", _("Add video slots")
        ADD_EDIT_SLOTS = "add_edit_slots", _("Add edit slots")
        CONFIGURE_ACCOUNT = "configure_account", _("Configure the account")
        CORRECT_ACCOUNT = "correct_account", _("Ask for account corrections")
        FINALIZE_ACCOUNT = "finalize_account", _("Finalise the account")
        CONFIGURE_VIDEOS = "configure_videos", _("Configure videos")
        PUBLISH_BUNDLE = "publish_bundle", _("Publish")
        UNPUBLISH_BUNDLE = "unpublish_bundle", _("Unpublish")
        PUBLISH_ALL_VIDEOS = "publish_all_videos", _("Publish added videos")
        FINALIZE_VIDEO = "finalize_video", _("Finalise a video")
        CORRECT_VIDEO = "correct_video", _("Ask for video corrections")
        FIX_DOWNLOAD = "fix_download", _("Fix a download link")
        CREATE_WEBHOOK = "create_webhook", _("Create the webhook endpoint")

    # What TokPortal refuses while its capacity for orders cools down ("Errors", API 2026-05-25)
    NEEDS_CAPACITY = (Kind.CREATE_BUNDLE, Kind.PUBLISH_BUNDLE, Kind.PUBLISH_ALL_VIDEOS)

    class State(models.TextChoices):
        AWAITING = "awaiting", _("Awaiting approval")
        QUEUED = "queued", _("Waiting to be sent")
        SENDING = "sending", _("Sending")
        SUCCEEDED = "succeeded", _("Done")
        REFUSED = "refused", _("Refused")
        UNKNOWN = "unknown", _("Outcome unknown")
        # By a person, before it was sent or with evidence that nothing happened
        VOID = "void", _("Withdrawn")

    LEASE = timedelta(seconds=90)  # longer than any call takes; afterwards nobody waits for the answer
    ON_ITS_WAY = (State.QUEUED, State.SENDING, State.UNKNOWN)
    UNSETTLED = (State.AWAITING, *ON_ITS_WAY)
    NEXT_STATES = {
        State.AWAITING: (State.QUEUED, State.VOID),
        State.QUEUED: (State.SENDING, State.UNKNOWN, State.VOID),
        State.SENDING: (State.SUCCEEDED, State.REFUSED, State.UNKNOWN, State.QUEUED),
        State.UNKNOWN: (State.SUCCEEDED, State.REFUSED, State.QUEUED, State.VOID),
        State.SUCCEEDED: (),
        State.REFUSED: (),
        State.VOID: (),
    }
    # How long a state lasts where everything runs: since it began; of a queued one since it was to be tried, and of
    # one that is being sent since its lease ended. What outstays it needs a person.
    EXPECTED = {
        State.AWAITING: timedelta(days=1),
        State.QUEUED: timedelta(minutes=5),
        State.SENDING: timedelta(minutes=2),
        State.UNKNOWN: timedelta(minutes=15),
    }

    key = models.UUIDField(unique=True, default=uuid.uuid4)  # the idempotency key, one per user intent
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="commands")
    client = models.ForeignKey(
        Client, on_delete=models.PROTECT, null=True, blank=True, related_name="commands"
    )
    campaign = models.ForeignKey(
        Campaign, on_delete=models.PROTECT, null=True, blank=True, related_name="commands"
    )
    bundle = models.ForeignKey(
        Bundle, on_delete=models.PROTECT, null=True, blank=True, related_name="commands"
    )
    kind = models.CharField(max_length=40, choices=Kind)
    target = models.JSONField(default=dict)  # what the path names: {"bundle_id": upstream id, "position": 3}
    body = models.JSONField(default=dict)  # the request as it is sent
    body_digest = models.CharField(max_length=64)  # SHA-256 of kind, target and body
    external_ref = models.CharField(
        max_length=200, blank=True, default=""
    )  # the ref that the effect will carry
    before = models.JSONField(
        default=dict
    )  # what the effect will be told from, such as the slots before adding

    quoted_credits = models.IntegerField(default=0)  # what the person saw on the button; 0 = free
    quoted_breakdown = models.JSONField(default=dict)
    quoted_at = models.DateTimeField(null=True, blank=True)
    is_estimate = models.BooleanField(default=False)  # from credit-costs, because dry runs are off

    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    asked_at = models.DateTimeField()
    state = models.CharField(max_length=20, choices=State, default=State.QUEUED)
    state_since = models.DateTimeField()
    attempts = models.PositiveIntegerField(default=0)
    next_try_at = models.DateTimeField()
    lease_until = models.DateTimeField(null=True, blank=True)
    first_sent_at = models.DateTimeField(
        null=True, blank=True
    )  # first attempt that may have arrived: the age of the key
    answered_at = models.DateTimeField(null=True, blank=True)
    needs_person = models.BooleanField(
        default=False
    )  # unknown, and nothing that we may do by ourselves is left
    evidence = models.TextField(blank=True, default="")  # what was looked for and found, in plain words

    answer = models.JSONField(default=dict)
    request_id = models.CharField(max_length=128, blank=True, default="")
    credits_charged = models.IntegerField(null=True, blank=True)
    credits_remaining = models.IntegerField(null=True, blank=True)
    is_charged_differently = models.BooleanField(default=False)
    error_code = models.CharField(max_length=80, blank=True, default="")
    error_message = models.TextField(blank=True, default="")  # for staff, in our words
    error_details = models.JSONField(default=dict)

    objects = CommandQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(
                    state__in=["awaiting", "queued", "sending", "succeeded", "refused", "unknown", "void"]
                ),
                name="command_state_is_known",
            ),
            models.CheckConstraint(condition=Q(quoted_credits__gte=0), name="command_quote_is_not_negative"),
            models.CheckConstraint(
                condition=~Q(state="sending") | Q(lease_until__isnull=False),
                name="command_sending_has_a_lease",
            ),
            models.CheckConstraint(
                condition=~Q(kind__in=["create_bundle", "add_video_slots", "add_edit_slots"])
                | Q(client__isnull=False, campaign__isnull=False),
                name="command_that_buys_has_an_owner",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_try_at"],
                condition=Q(state__in=["awaiting", "queued", "sending", "unknown"]),
                name="command_unsettled",
            ),
            models.Index(
                fields=["state_since"],
                condition=Q(state__in=["awaiting", "unknown", "refused"]) | Q(is_charged_differently=True),
                name="command_for_a_person",
            ),
            models.Index(
                fields=["state_since"], condition=Q(state="succeeded"), name="command_by_time_of_success"
            ),
            models.Index(fields=["bundle", "id"], name="command_by_bundle"),
            models.Index(fields=["client", "-id"], name="command_by_client"),
            models.Index(F("external_ref"), condition=~Q(external_ref=""), name="command_by_external_ref"),
            searchable("external_ref", name="command_search"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} #{self.pk}"

    def get_absolute_url(self) -> str:
        return reverse("command_detail", args=[self.pk])

    @property
    def is_settled(self) -> bool:
        return self.state not in self.UNSETTLED

    @property
    def is_paid(self) -> bool:
        return self.quoted_credits > 0 or bool(self.credits_charged)


class CommandMove(models.Model):
    """A Command went from one state to another: when, and who did it. Only ever added."""

    command = models.ForeignKey(Command, on_delete=models.PROTECT, related_name="moves")
    before = models.CharField(max_length=20, choices=Command.State, blank=True, default="")  # "" = written
    after = models.CharField(max_length=20, choices=Command.State)
    at = models.DateTimeField()  # TokPortal's time
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )  # null = a worker
    note = models.TextField(blank=True, default="")  # what was said or found

    class Meta:
        indexes = [
            models.Index(fields=["-at"], condition=Q(after="sending"), name="command_move_out"),
        ]
        triggers = [
            pgtrigger.Protect(name="append_only", operation=pgtrigger.Update | pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.before or 'nothing'} → {self.after}"
