"""The switch that keeps what was asked from leaving for TokPortal: for a client, a campaign, or everything."""

from functools import partial
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.db import models, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from agency.models import User, audited
from campaigns.models.campaign import Campaign
from clients.models import Client

STAND_KEY, STAND_KEPT_SECONDS = "stops:stand", 10


def any_stop_stands() -> bool:
    """Whether there is one at all: every page asks for its banner, and hardly ever is there any.

    Kept for ten seconds in the cache, and forgotten when one is made or lifted. For banners; what decides whether
    a Command leaves asks the table.
    """
    stands: bool | None = cache.get(STAND_KEY)
    if stands is None:
        stands = Stop.objects.standing().exists()
        cache.set(STAND_KEY, stands, STAND_KEPT_SECONDS)
    return stands


def forget_stops() -> None:
    """At once and once more after the commit: in between somebody may have looked at the old rows."""
    cache.delete(STAND_KEY)
    transaction.on_commit(partial(cache.delete, STAND_KEY))


class StopQuerySet(models.QuerySet["Stop"]):
    def visible_to(self, user: User) -> "StopQuerySet":
        """What stops everything is everybody's business."""
        if not user.is_active:
            return self.none()
        return self if user.is_owner else self.filter(Q(client=None) | Q(client__memberships__user=user))

    def standing(self) -> "StopQuerySet":
        return self.filter(lifted_at=None)

    def over(self, client: object, campaign: object) -> "StopQuerySet":
        """Those that keep a Command of this client and campaign from leaving: ids, or columns of another query."""
        of_campaign = Q(campaign__isnull=False, campaign=campaign)
        return self.filter(Q(client=None) | Q(client=client, campaign=None) | of_campaign)


@audited()
class Stop(models.Model):
    """While it stands, no Command of its scope leaves. Without a client it stops everything.

    The row stays when it is lifted: who, when and why are its history.
    """

    client = models.ForeignKey(Client, on_delete=models.PROTECT, null=True, blank=True, related_name="stops")
    campaign = models.ForeignKey(
        Campaign, on_delete=models.PROTECT, null=True, blank=True, related_name="stops"
    )  # null = all of the client
    reason = models.CharField(_("reason"), max_length=300)
    stopped_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    stopped_at = models.DateTimeField()  # machine time, as `lifted_at`
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    lifted_at = models.DateTimeField(null=True, blank=True)

    objects = StopQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(campaign__isnull=True) | Q(client__isnull=False),
                name="stop_of_a_campaign_has_its_client",
            ),
            models.CheckConstraint(
                condition=Q(lifted_at__isnull=True, lifted_by__isnull=True)
                | Q(lifted_at__isnull=False, lifted_by__isnull=False),
                name="stop_lifted_by_somebody",
            ),
            models.UniqueConstraint(
                fields=["client", "campaign"],
                condition=Q(lifted_at__isnull=True),
                nulls_distinct=False,
                name="stop_one_stands_per_scope",
            ),
        ]

    def __str__(self) -> str:
        return str(self.campaign or self.client or _("everything"))

    def save(self, *args: Any, **kwargs: Any) -> None:
        super().save(*args, **kwargs)
        forget_stops()

    def get_absolute_url(self) -> str:
        return reverse("stop_detail", args=[self.pk])
