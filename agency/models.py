"""People who sign in, and the one TokPortal workspace that the agency works through."""

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
    key_refused_at = models.DateTimeField(null=True, blank=True)  # calls stop until the key is replaced

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

    def note_balance(self, balance: int, *, at: datetime, **also: object) -> None:
        """Keep what TokPortal said at its time `at`; an older answer never overwrites a newer one."""
        told = {"balance": balance, "balance_at": at, **also}
        Connection.objects.filter(pk=self.pk).exclude(balance_at__gt=at).update(**told)

    @property
    def webhook_secrets(self) -> list[str]:
        return [secret for secret in (self.webhook_secret, self.webhook_previous_secret) if secret]
