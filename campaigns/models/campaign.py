from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from agency.models import User, audited
from clients.models import Client, is_slug

is_prefix = RegexValidator(
    r"^[a-z0-9-]{1,120}$", _("Use lower-case letters, digits and hyphens, at most 120.")
)


class Platform(models.TextChoices):
    """Platforms that we know by name. What can be ordered today is TokPortal's answer, not this list."""

    TIKTOK = "tiktok", "TikTok"
    INSTAGRAM = "instagram", "Instagram"
    YOUTUBE = "youtube", "YouTube"


class CampaignQuerySet(models.QuerySet["Campaign"]):
    def visible_to(self, user: User) -> "CampaignQuerySet":
        if not user.is_active:
            return self.none()
        return self if user.is_owner else self.filter(client__memberships__user=user)


@audited()
class Campaign(models.Model):
    """A client's work over a time, with a budget in credits (`ledger.Budget`) and references of its own."""

    client = models.ForeignKey(Client, on_delete=models.PROTECT, related_name="campaigns")
    name = models.CharField(max_length=80)
    slug = models.CharField(max_length=60, validators=[is_slug])
    starts_on = models.DateField()
    ends_on = models.DateField()
    goal = models.CharField(max_length=200, blank=True, default="")
    created_at = models.DateTimeField(auto_now_add=True)
    archived_at = models.DateTimeField(null=True, blank=True)

    objects = CampaignQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["client", "slug"], name="campaign_slug_once_per_client"),
            models.CheckConstraint(
                condition=Q(ends_on__gte=F("starts_on")), name="campaign_ends_after_it_starts"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("campaign_detail", args=[self.pk])


@audited()
class Market(models.Model):
    """A country and platform that a campaign works in."""

    campaign = models.ForeignKey(Campaign, on_delete=models.CASCADE, related_name="markets")
    country = models.CharField(max_length=8)  # TokPortal's canonical code: USA, UK, FR
    platform = models.CharField(max_length=20)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["campaign", "country", "platform"], name="market_once_per_campaign"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.country} · {self.platform}"


@audited()
class Namespace(models.Model):
    """A prefix of references that belongs to one campaign. It names the owner of what TokPortal holds."""

    campaign = models.ForeignKey(Campaign, on_delete=models.PROTECT, related_name="namespaces")
    prefix = models.CharField(max_length=120, unique=True, validators=[is_prefix])
    is_own = models.BooleanField(default=False)  # the one we build references from; the others are adopted
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(prefix__regex=r"^[a-z0-9-]{1,120}$"), name="namespace_prefix_is_lower_case"
            ),
            models.UniqueConstraint(
                fields=["campaign"], condition=Q(is_own=True), name="namespace_one_own_per_campaign"
            ),
        ]

    def __str__(self) -> str:
        return self.prefix
