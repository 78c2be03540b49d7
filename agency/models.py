"""People who sign in, and the one TokPortal workspace that the agency works through."""

import json
import secrets
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, TypeVar

import pghistory
from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from agency.fields import EncryptedTextField
from agency.tokportal import Lane, Sort

ModelClass = TypeVar("ModelClass", bound=type[models.Model])


def audited(**which: Any) -> Callable[[ModelClass], ModelClass]:
    """Every change of such a row is kept by the database itself, with before, after and who (T3).

    `which`: `fields` or `exclude`, as for pghistory.track.
    """
    trackers = (pghistory.InsertEvent(), pghistory.UpdateEvent(), pghistory.DeleteEvent())
    return pghistory.track(*trackers, append_only=True, **which)


@audited(exclude=["password", "last_login", "language", "time_zone", "theme", "density"])
class User(AbstractUser):
    """A member of the agency's staff. Which clients they work for is `clients.Membership`."""

    class Role(models.TextChoices):
        OWNER = "owner", _("Owner")  # sees every client, the settings and the money
        MANAGER = "manager", _("Account manager")  # orders and edits for the clients they are given
        ANALYST = "analyst", _("Analyst")  # looks at the clients they are given, changes nothing

    class Theme(models.TextChoices):
        SYSTEM = "system", _("As my device")
        LIGHT = "light", _("Light")
        DARK = "dark", _("Dark")

    class Density(models.TextChoices):
        COMFORTABLE = "comfortable", _("Comfortable")
        COMPACT = "compact", _("Compact")

    role = models.CharField(max_length=20, choices=Role, default=Role.MANAGER)

    # How this person likes the pages. Not audited: it changes nothing for anybody else.
    language = models.CharField(
        max_length=10, choices=settings.LANGUAGES, blank=True, default=""
    )  # "" = the browser's
    time_zone = models.CharField(max_length=64, blank=True, default="")  # IANA name; "" = the agency's
    theme = models.CharField(max_length=10, choices=Theme, default=Theme.SYSTEM)
    density = models.CharField(max_length=12, choices=Density, default=Density.COMFORTABLE)

    @property
    def is_owner(self) -> bool:
        return self.is_superuser or self.role == self.Role.OWNER

    @property
    def may_edit(self) -> bool:
        return self.is_owner or self.role == self.Role.MANAGER

    @property
    def name(self) -> str:
        return self.get_full_name() or self.username


def new_path_key() -> str:
    """The unguessable part of the webhook address."""
    return secrets.token_urlsafe(24)


class ConnectionQuerySet(models.QuerySet["Connection"]):
    def active(self) -> "Connection | None":
        return self.filter(is_active=True).first()


@audited(fields=["name", "base_url", "is_active", "webhook_endpoint_id", "may_dry_run"])
class Connection(models.Model):
    """One TokPortal workspace: its key, its pool of credits, its clock. Mirrored rows point at it."""

    name = models.CharField(max_length=80, default="TokPortal")
    base_url = models.URLField(default="https://app.tokportal.com/api/ext")
    api_key = EncryptedTextField(blank=True, default="")
    owner_email = models.CharField(max_length=254, blank=True, default="")  # of the key, as `me` says
    is_active = models.BooleanField(default=True)
    created_at = models.DateTimeField(auto_now_add=True)

    webhook_path_key = models.CharField(max_length=64, unique=True, default=new_path_key)
    webhook_endpoint_id = models.CharField(max_length=64, blank=True, default="")
    webhook_secret = EncryptedTextField(blank=True, default="")
    webhook_previous_secret = EncryptedTextField(
        blank=True, default=""
    )  # still valid while a secret is changed
    webhook_last_at = models.DateTimeField(null=True, blank=True)  # machine time of the last genuine delivery

    balance = models.IntegerField(null=True, blank=True)  # whole credits, as TokPortal last said
    balance_at = models.DateTimeField(null=True, blank=True)  # TokPortal's time
    expiring_credits = models.IntegerField(null=True, blank=True)  # within 7 days, as TokPortal last said
    prices = models.JSONField(null=True, blank=True)  # the answer of `credit-costs`
    countries = models.JSONField(default=list, blank=True)  # [{code, name, videos_only}]
    platforms = models.JSONField(default=list, blank=True)  # [{value, name, enabled}]
    reference_at = models.DateTimeField(
        null=True, blank=True
    )  # when prices, countries and platforms were read

    # TokPortal's clock minus ours, from the Date header. Deadlines, lead days and matching use their clock.
    clock_skew_seconds = models.IntegerField(default=0)
    may_dry_run = models.BooleanField(default=True)  # off after an answer that ignored the dry-run header
    history_through = models.DateField(null=True, blank=True)  # credit history is imported up to this day
    history_at = models.DateTimeField(null=True, blank=True)  # machine time of the last complete import
    last_answer_at = models.DateTimeField(null=True, blank=True)  # machine time of the last good answer
    trouble = models.CharField(max_length=300, blank=True, default="")  # why calls fail, in plain words
    trouble_at = models.DateTimeField(null=True, blank=True)
    key_refused_at = models.DateTimeField(null=True, blank=True)  # calls pause until it is taken again
    # Calls pause as well while TokPortal does not answer; now and then one call finds out whether it does again.
    failures = models.PositiveIntegerField(default=0)  # calls in a row without an answer, or with a 5xx
    failed_at = models.DateTimeField(null=True, blank=True)  # machine time, as all of these
    paused_at = models.DateTimeField(null=True, blank=True)
    next_probe_at = models.DateTimeField(null=True, blank=True)
    cooling_until = models.DateTimeField(null=True, blank=True)  # creation and publication wait for capacity

    objects = ConnectionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["is_active"], condition=Q(is_active=True), name="connection_one_is_active"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def upstream_now(self, now: datetime) -> datetime:
        """TokPortal's time at our machine time `now`."""
        return now + timedelta(seconds=self.clock_skew_seconds)

    @property
    def is_paused(self) -> bool:
        """Nothing but a probe is sent."""
        return self.paused_at is not None or self.key_refused_at is not None

    def note_cooling(self, *, until: datetime) -> None:
        """Capacity for orders comes back at `until` at the earliest; an earlier time never shortens a later one."""
        is_longer = Q(cooling_until=None) | Q(cooling_until__lt=until)
        Connection.objects.filter(is_longer, pk=self.pk).update(cooling_until=until)

    def note_balance(self, balance: int, *, at: datetime, **also: object) -> None:
        """Keep what TokPortal said at its time `at`; an older answer never overwrites a newer one."""
        told = {"balance": balance, "balance_at": at, **also}
        Connection.objects.filter(pk=self.pk).exclude(balance_at__gt=at).update(**told)

    @property
    def webhook_secrets(self) -> list[str]:
        return [secret for secret in (self.webhook_secret, self.webhook_previous_secret) if secret]


class ApiCall(models.Model):
    """One call to TokPortal, for those who run this: never a key, a body, or the address of an upload.

    Rows are written beside the work (`agency.calls`) and kept for 90 days.
    """

    class Lane(models.TextChoices):
        PERSON = Lane.PERSON.value, _("For people")
        BACKGROUND = Lane.BACKGROUND.value, _("In the background")

    # Without a constraint in the database: its check would lock the Connection's row, which reservations lock too.
    connection = models.ForeignKey(
        Connection, on_delete=models.CASCADE, related_name="calls", db_constraint=False, db_index=False
    )
    at = models.DateTimeField()  # machine time, when it began
    method = models.CharField(max_length=8)
    operation = models.CharField(max_length=80)  # as the API's documents call it
    path = models.CharField(max_length=160, blank=True, default="")  # the template; `ids` fill it
    ids = models.JSONField(default=dict)
    lane = models.CharField(max_length=12, choices=Lane)
    command_id = models.BigIntegerField(null=True, blank=True)  # the Command that it was for
    attempt = models.PositiveIntegerField(default=1)
    is_dry_run = models.BooleanField(default=False)
    is_replay = models.BooleanField(default=False)  # the stored answer of an earlier call: nothing ran
    status = models.PositiveSmallIntegerField(null=True, blank=True)  # null = no answer
    failure = models.CharField(max_length=40, blank=True, default="")  # name of the error; "" = it worked
    error_code = models.CharField(max_length=80, blank=True, default="")
    milliseconds = models.PositiveIntegerField()
    request_id = models.CharField(max_length=128, blank=True, default="")
    credits_charged = models.IntegerField(null=True, blank=True)  # null = the answer does not say
    key_hash = models.CharField(max_length=8, blank=True, default="")  # of the API key; "" = sent without it

    class Meta:
        indexes = [
            models.Index(fields=["-at"], name="call_by_time"),
            models.Index(fields=["operation", "-at"], name="call_by_operation"),
            models.Index(fields=["-at"], condition=~Q(failure=""), name="call_failed"),
            models.Index(
                fields=["command_id", "-at"], condition=Q(command_id__isnull=False), name="call_by_command"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.operation} {self.at:%Y-%m-%d %H:%M:%S}"


@audited(fields=["seen_by"])
class Drift(models.Model):
    """A word that TokPortal uses and we do not know: stored and shown, never acted upon (U1)."""

    class Kind(models.TextChoices):
        FIELD = Sort.FIELD.value, _("Field")
        STATUS = Sort.STATUS.value, _("Status")
        EVENT = Sort.EVENT.value, _("Event")
        ERROR = Sort.ERROR.value, _("Error code")
        PRICE = Sort.PRICE.value, _("Price")

    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="drifts")
    kind = models.CharField(max_length=10, choices=Kind)
    place = models.CharField(max_length=120)  # the operation that said it, and the member of its answer
    word = models.CharField(max_length=120)
    count = models.PositiveBigIntegerField(default=0)  # at least: each process writes its sum now and then
    first_seen_at = models.DateTimeField()  # machine time, as the others
    last_seen_at = models.DateTimeField()
    example = models.JSONField(null=True, blank=True)  # the first one, without secrets
    seen_at = models.DateTimeField(null=True, blank=True)  # somebody took note, and it is hidden
    seen_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, blank=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "kind", "place", "word"], name="drift_once_per_connection"
            ),
            models.CheckConstraint(
                condition=Q(seen_at__isnull=True) | Q(seen_by__isnull=False), name="drift_seen_by_somebody"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.word} ({self.place})"

    @property
    def pretty_example(self) -> str:
        return json.dumps(self.example, indent=2, ensure_ascii=False)
