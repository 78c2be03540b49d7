"""Launches: the same order in several countries, each carried on by itself until it is published."""

from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from agency.models import Connection, User, audited
from campaigns.models import Bundle, Campaign, Command, Post
from campaigns.models.mirror import platform_name


class Step(models.TextChoices):
    ORDER = "order", _("Order")
    ACCOUNT = "account", _("Account")
    VIDEOS = "videos", _("Videos")
    READY = "ready", _("Ready")
    PUBLICATION = "publication", _("Published")


class LaunchQuerySet(models.QuerySet["Launch"]):
    def visible_to(self, user: User) -> "LaunchQuerySet":
        if not user.is_active:
            return self.none()
        return self if user.is_owner else self.filter(campaign__client__memberships__user=user)


@audited()
class Launch(models.Model):
    """What was asked for at once. `key` is the form's: sending it twice launches once."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="launches")
    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="launches")
    key = models.UUIDField(unique=True, default=uuid4)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField()  # TokPortal's time
    publishes = models.BooleanField(default=False)  # by itself, as soon as a bundle is ready

    objects = LaunchQuerySet.as_manager()

    def __str__(self) -> str:
        return f"launch {self.pk} of {self.campaign}"

    def get_absolute_url(self) -> str:
        return reverse("launch_detail", args=[self.pk])


@audited()
class LaunchLine(models.Model):
    """One country of a launch: order → account → videos → ready → published.

    What comes next follows from the rows alone: from this one, its Commands and its bundle. A Command of a step is
    written in the transaction that notes it here.
    """

    launch = models.ForeignKey(Launch, on_delete=models.CASCADE, related_name="lines")
    country = models.CharField(max_length=8)  # TokPortal's canonical code
    platform = models.CharField(max_length=20)
    body = models.JSONField(default=dict)  # of the order, without a reference
    profile = models.JSONField(
        default=dict, blank=True
    )  # columns of an AccountProfile; empty = a person writes it
    quote = models.JSONField(default=dict)  # the price that was seen: credits, breakdown, at, is_estimate

    # The latest Command of each step that sends one.
    order = models.ForeignKey(Command, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    account = models.ForeignKey(Command, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    videos = models.ForeignKey(Command, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    publication = models.ForeignKey(
        Command, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )

    # A rule of ours, a budget or the pool said no before anything was sent; a person says when to go on.
    stopped_at_step = models.CharField(max_length=20, choices=Step, blank=True, default="")
    stopped_because = models.TextField(blank=True, default="")
    finished_at = models.DateTimeField(null=True, blank=True)  # TokPortal's time; nothing is left to do

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["launch", "country", "platform"], name="launch_line_once_per_market"
            ),
            models.CheckConstraint(
                condition=Q(stopped_at_step="") | Q(finished_at__isnull=True),
                name="launch_line_stopped_or_finished",
            ),
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(finished_at__isnull=True), name="launch_line_open"),
        ]

    def __str__(self) -> str:
        return f"{self.country} · {platform_name(self.platform)}"

    @property
    def bundle(self) -> Bundle | None:
        return self.order.bundle if self.order else None

    @property
    def credits(self) -> int:
        """The price that was seen."""
        return int(self.quote.get("credits", 0))


class LaunchPost(models.Model):
    """A Post that goes into a slot of the line's bundle."""

    line = models.ForeignKey(LaunchLine, on_delete=models.CASCADE, related_name="chosen")
    post = models.ForeignKey(Post, on_delete=models.CASCADE, related_name="launch_lines")
    position = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["line", "position"], name="launch_post_once_per_position"),
            models.UniqueConstraint(fields=["line", "post"], name="launch_post_once_per_line"),
        ]

    def __str__(self) -> str:
        return f"{self.position}: {self.post}"
