"""Snapshots that we own: one row per account or video and day. TokPortal's figures, never an estimate of ours."""

from django.db import models

from campaigns.models import SavedAccount, Video


class AccountSnapshot(models.Model):
    """The last answer of a day for one delivered account. Totals since the account exists; null = not told."""

    account = models.ForeignKey(SavedAccount, on_delete=models.CASCADE, related_name="snapshots")
    day = models.DateField()  # of `scraped_at`, UTC
    scraped_at = models.DateTimeField()  # when TokPortal looked at the platform
    followers = models.BigIntegerField(null=True)
    views = models.BigIntegerField(null=True)
    likes = models.BigIntegerField(null=True)
    comments = models.BigIntegerField(null=True)
    shares = models.BigIntegerField(null=True)
    bookmarks = models.BigIntegerField(null=True)
    videos_tracked = models.IntegerField(null=True)
    raw = models.JSONField(default=dict)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "day"], name="account_snapshot_once_per_day")
        ]

    def __str__(self) -> str:
        return f"{self.account} on {self.day}"


class VideoSnapshot(models.Model):
    """The last answer of a day for one video. Totals since it was posted; null = not told."""

    video = models.ForeignKey(Video, on_delete=models.CASCADE, related_name="snapshots")
    day = models.DateField()  # of `scraped_at`, UTC
    scraped_at = models.DateTimeField()
    views = models.BigIntegerField(null=True)
    likes = models.BigIntegerField(null=True)
    comments = models.BigIntegerField(null=True)
    shares = models.BigIntegerField(null=True)
    bookmarks = models.BigIntegerField(null=True)
    raw = models.JSONField(default=dict)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["video", "day"], name="video_snapshot_once_per_day")]

    def __str__(self) -> str:
        return f"{self.video} on {self.day}"
