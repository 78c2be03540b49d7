"""Snapshots that we own: one row per account or video and day. The figures are TokPortal's, never ours."""

from datetime import timedelta

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from campaigns.models import SavedAccount, Video


class AccountSnapshot(models.Model):
    """The last answer of a day for one delivered account. Totals of its whole life; null = not told."""

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
        triggers = [
            pgtrigger.Trigger(
                name="tells_the_account",
                when=pgtrigger.After,
                operation=pgtrigger.Insert | pgtrigger.Update,
                # A day that does not tell a figure does not hide the day before.
                func="""
                    UPDATE campaigns_savedaccount SET
                        followers = (SELECT followers FROM analytics_accountsnapshot
                            WHERE account_id = NEW.account_id AND followers IS NOT NULL ORDER BY day DESC LIMIT 1),
                        views = (SELECT views FROM analytics_accountsnapshot
                            WHERE account_id = NEW.account_id AND views IS NOT NULL ORDER BY day DESC LIMIT 1)
                    WHERE id = NEW.account_id;
                    RETURN NULL;
                """,
            ),
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


class AccountPull(models.Model):
    """When the figures of an account are read next, and how the last time went. The row is the job.

    All times are machine time.
    """

    class State(models.TextChoices):
        WAITING = "waiting", _("Not read yet")
        DONE = "done", pgettext_lazy("figures", "Read")
        NO_DATA = "no_data", _("No figures yet")  # TokPortal has not looked at the platform yet
        NOT_IN_PLAN = "not_in_plan", _("Not in this plan")
        FAILED = "failed", _("Could not be read")

    EVERY = timedelta(hours=6)  # TokPortal itself looks at the platforms about once a day

    account = models.OneToOneField(SavedAccount, on_delete=models.CASCADE, related_name="pull")
    state = models.CharField(max_length=12, choices=State, default=State.WAITING)
    next_try_at = models.DateTimeField(db_index=True)
    pulled_at = models.DateTimeField(null=True, blank=True)  # the last try that got an answer
    asked_at = models.DateTimeField(null=True, blank=True)  # by a person; the same for all of one request
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    unmatched = models.PositiveIntegerField(default=0)  # posts that belong to no slot that we know
    trouble = models.CharField(max_length=300, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=["waiting", "done", "no_data", "not_in_plan", "failed"]),
                name="account_pull_state_is_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.account}: {self.get_state_display()}"

    @property
    def is_waited_for(self) -> bool:
        """A person asked for it, and it was not read since."""
        return self.asked_at is not None and (self.pulled_at is None or self.pulled_at < self.asked_at)
