"""What TokPortal holds, as it last told us. Nothing here is ever moved by us: `campaigns.sync` mirrors it."""

import pgtrigger
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Count, F, OuterRef, Q, Subquery
from django.db.models.functions import Coalesce, Upper
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from agency.models import Connection, User, audited
from campaigns.models.campaign import Campaign, Platform


def platform_name(platform: str) -> str:
    """A platform's name; an unknown one is shown as it is."""
    return dict(Platform.choices).get(platform, platform)


def searchable(*columns: str, name: str) -> GinIndex:
    """Finds what holds a text, in any of the columns and whatever the case. Texts of three characters and more."""
    return GinIndex(*(OpClass(Upper(column), name="gin_trgm_ops") for column in columns), name=name)


class SavedAccount(models.Model):
    """A delivered account. A remake after a ban gives the bundle a new one; the old row stays."""

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="saved_accounts")
    upstream_id = models.CharField(max_length=64)
    campaign = models.ForeignKey(
        Campaign, on_delete=models.PROTECT, null=True, blank=True, related_name="saved_accounts"
    )  # of the bundle that delivered it; null = unclaimed
    platform = models.CharField(max_length=20, blank=True, default="")
    country = models.CharField(max_length=8, blank=True, default="")
    username = models.CharField(max_length=100, blank=True, default="")
    visible_name = models.CharField(max_length=200, blank=True, default="")
    biography = models.TextField(blank=True, default="")
    profile_picture_url = models.TextField(blank=True, default="")
    profile_url = models.TextField(blank=True, default="")
    is_banned = models.BooleanField(default=False)
    upstream_created_at = models.DateTimeField(null=True, blank=True)
    upstream_changed_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField()  # TokPortal's time of the answer that this row shows
    analytics_at = models.DateTimeField(null=True, blank=True)  # machine time of the last pull
    # The last told figures, kept by the trigger of AccountSnapshot alone, so that lists can be sorted by them.
    followers = models.BigIntegerField(null=True, blank=True)
    views = models.BigIntegerField(null=True, blank=True)
    raw = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "upstream_id"], name="saved_account_once_per_connection"
            ),
        ]
        indexes = [
            searchable("username", "visible_name", name="saved_account_search"),
            models.Index(F("views").desc(nulls_last=True), F("username"), name="saved_account_most_seen"),
        ]

    def __str__(self) -> str:
        return f"@{self.username}" if self.username else self.upstream_id

    def get_platform_name(self) -> str:
        return platform_name(self.platform)


class BundleQuerySet(models.QuerySet["Bundle"]):
    def visible_to(self, user: User) -> "BundleQuerySet":
        """Unclaimed bundles have no client and are for owners only."""
        if not user.is_active:
            return self.none()
        return self if user.is_owner else self.filter(campaign__client__memberships__user=user)

    def with_progress(self) -> "BundleQuerySet":
        """Adds `videos_total` and `videos_filled`. Subqueries, so that only shown rows are counted."""
        slots = Video.objects.filter(bundle=OuterRef("pk")).order_by()
        counted = slots.exclude(status="cancelled")

        def number(videos: models.QuerySet[Video]) -> Coalesce:
            counts = videos.values("bundle").annotate(n=Count("pk")).values("n")
            return Coalesce(Subquery(counts), 0)

        return self.annotate(
            videos_total=number(counted),
            videos_filled=number(counted.exclude(status="pending")),
        )


@audited(fields=["campaign"])  # the one column that is ours: whose it is
class Bundle(models.Model):
    """One order at TokPortal: one account, new or delivered, and its video slots."""

    class Type(models.TextChoices):
        ACCOUNT_ONLY = "account_only", _("Account only")
        ACCOUNT_AND_VIDEOS = "account_and_videos", _("Account and videos")
        VIDEOS_ONLY = "videos_only", _("Videos on an existing account")

    # Known words of TokPortal; the column holds whatever it says.
    ORDERABLE_SLOTS = (
        "pending_setup",
        "published",
        "published_priority",
        "accepted",
        "in_review",
        "finalized",
    )
    HANDED_OVER = ("published", "published_priority", "accepted", "in_review", "finalized")
    ENDED = ("completed", "cancelled", "archived")

    connection = models.ForeignKey(Connection, on_delete=models.PROTECT, related_name="bundles")
    upstream_id = models.CharField(max_length=64)
    campaign = models.ForeignKey(
        Campaign, on_delete=models.PROTECT, null=True, blank=True, related_name="bundles"
    )  # null = unclaimed
    external_ref = models.CharField(max_length=200, blank=True, default="", db_index=True)
    title = models.CharField(max_length=200, blank=True, default="")
    bundle_type = models.CharField(max_length=40)
    platform = models.CharField(max_length=20, blank=True, default="")
    country = models.CharField(max_length=8, blank=True, default="")  # canonical code
    status = models.CharField(max_length=40)
    videos_quantity = models.PositiveIntegerField(default=0)
    edits_quantity = models.PositiveIntegerField(default=0)
    auto_finalize_videos = models.BooleanField(default=True)
    published_at = models.DateTimeField(null=True, blank=True)

    # The account listing: what the bundle asks for, and its review.
    account_status = models.CharField(max_length=40, blank=True, default="")
    account_status_since = models.DateTimeField(
        null=True, blank=True
    )  # when we first saw it, TokPortal's time
    account_listing = models.JSONField(default=dict)  # the profile as TokPortal holds it
    saved_account = models.ForeignKey(
        SavedAccount, on_delete=models.PROTECT, null=True, blank=True, related_name="bundles"
    )  # the current one

    status_since = models.DateTimeField()  # when we first saw this status, TokPortal's time
    upstream_created_at = models.DateTimeField(null=True, blank=True)
    upstream_changed_at = models.DateTimeField(null=True, blank=True)  # TokPortal's `updated_at`
    read_at = models.DateTimeField()  # TokPortal's time of the answer that this row shows
    raw = models.JSONField(default=dict)

    videos_live = models.PositiveIntegerField(default=0)  # kept by the trigger of Video alone

    objects = BundleQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["connection", "upstream_id"], name="bundle_once_per_connection"),
        ]
        indexes = [
            models.Index(
                fields=["campaign", "status"], include=["videos_live"], name="bundle_by_campaign_and_status"
            ),
            # With all that a board counts, so that it need not look at the rows themselves.
            models.Index(
                fields=["status", "account_status", "status_since"],
                include=["account_status_since"],
                name="bundle_by_stage",
            ),
            searchable("title", "external_ref", name="bundle_search"),
            models.Index(fields=["upstream_created_at"], name="bundle_by_creation"),
            models.Index(
                fields=["status_since"],
                name="bundle_not_taken_up",
                condition=Q(status__in=["pending_setup", "published", "published_priority", "accepted"]),
            ),
        ]

    def __str__(self) -> str:
        return self.title or f"{self.country} · {self.get_platform_name()}"

    def get_absolute_url(self) -> str:
        return reverse("bundle_detail", args=[self.pk])

    def get_platform_name(self) -> str:
        return platform_name(self.platform)

    @property
    def has_account_step(self) -> bool:
        return self.bundle_type != self.Type.VIDEOS_ONLY

    @property
    def has_videos(self) -> bool:
        return self.bundle_type != self.Type.ACCOUNT_ONLY

    @property
    def is_handed_over(self) -> bool:
        return self.status in self.HANDED_OVER

    @property
    def is_ended(self) -> bool:
        return self.status in self.ENDED


class Video(models.Model):
    """One video slot of a bundle."""

    LIVE = ("in_review", "pending_corrections", "finalized")  # posted: with a live link

    bundle = models.ForeignKey(Bundle, on_delete=models.CASCADE, related_name="videos")
    position = models.PositiveIntegerField()
    upstream_id = models.CharField(max_length=64, blank=True, default="", db_index=True)
    status = models.CharField(max_length=40)
    status_since = models.DateTimeField()  # when we first saw it, TokPortal's time
    video_type = models.CharField(max_length=20, blank=True, default="")
    description = models.TextField(blank=True, default="")
    name = models.CharField(max_length=200, blank=True, default="")
    external_ref = models.CharField(max_length=200, blank=True, default="", db_index=True)
    publish_date = models.DateField(null=True, blank=True)  # first day of TokPortal's two-day window
    video_url = models.TextField(blank=True, default="")
    platform_url = models.TextField(blank=True, default="")  # the live post
    posted_at = models.DateTimeField(null=True, blank=True)  # when we first saw a live link, TokPortal's time
    has_download_issue = models.BooleanField(default=False)
    download_issue_comment = models.TextField(blank=True, default="")
    finalized_at = models.DateTimeField(null=True, blank=True)
    upstream_changed_at = models.DateTimeField(null=True, blank=True)
    read_at = models.DateTimeField()
    raw = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["bundle", "position"], name="video_position_once_per_bundle"),
            models.CheckConstraint(condition=Q(position__gte=1), name="video_position_starts_at_1"),
        ]
        indexes = [
            models.Index(fields=["status", "publish_date"], name="video_by_status_and_day"),
            searchable("description", "external_ref", name="video_search"),
            models.Index(
                fields=["bundle"],
                name="video_needs_a_person",
                condition=Q(status__in=["in_review", "pending_corrections"]) | Q(has_download_issue=True),
            ),
            models.Index(
                fields=["publish_date"],
                name="video_coming",
                condition=~Q(status__in=["in_review", "pending_corrections", "finalized", "cancelled"]),
            ),
            models.Index(
                fields=["posted_at"], name="video_by_posted_at", condition=Q(posted_at__isnull=False)
            ),
        ]

        triggers = [
            pgtrigger.Trigger(
                name="counts_what_is_live",
                when=pgtrigger.After,
                operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
                declare=[("was", "integer"), ("is_now", "integer")],
                # As Video.is_live has it. The mirror locks the bundle before its videos.
                func="""
                    was := CASE WHEN TG_OP <> 'INSERT' AND OLD.platform_url <> ''
                        AND OLD.status IN ('in_review', 'pending_corrections', 'finalized') THEN 1 ELSE 0 END;
                    is_now := CASE WHEN TG_OP <> 'DELETE' AND NEW.platform_url <> ''
                        AND NEW.status IN ('in_review', 'pending_corrections', 'finalized') THEN 1 ELSE 0 END;
                    IF was <> is_now THEN
                        UPDATE campaigns_bundle SET videos_live = videos_live + is_now - was
                            WHERE id = CASE TG_OP WHEN 'DELETE' THEN OLD.bundle_id ELSE NEW.bundle_id END;
                    END IF;
                    RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return gettext("video %(position)d") % {"position": self.position}

    @property
    def is_live(self) -> bool:
        return self.status in self.LIVE and bool(self.platform_url)
