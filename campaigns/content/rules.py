"""TokPortal's rules for slots, checked before the API is asked ("Configure Videos"). Pure."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta

from django.utils.dateformat import format as format_date
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.models import Bundle, Post

VIDEOS_PER_DAY = 3
LEAD_DAYS_NEW_ACCOUNT = 3  # UTC calendar days while the account is still being made
LEAD_DAYS_DELIVERED = 1
CAROUSEL_MAX = 20


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a Post cannot go into a slot, in words that can follow a colon; `field` is the Post's."""

    field: str
    sentence: str

    def __str__(self) -> str:
        return self.sentence


def earliest_day(bundle: Bundle, today: date) -> date:
    """The first day that a video of this bundle may go live. `today` is TokPortal's, UTC."""
    is_delivered = bundle.account_status == "finalized" or not bundle.has_account_step
    return today + timedelta(days=LEAD_DAYS_DELIVERED if is_delivered else LEAD_DAYS_NEW_ACCOUNT)


def crowded_days(days: Mapping[int, date | None]) -> list[str]:
    """Refusals for days that hold more than three videos. `days`: position → day, without cancelled slots."""
    counts = Counter(day for day in days.values() if day)
    return [
        ngettext(
            "%(day)s has %(count)d video; a bundle takes at most %(most)d a day.",
            "%(day)s has %(count)d videos; a bundle takes at most %(most)d a day.",
            count,
        )
        % {"day": format_date(day, "j F"), "count": count, "most": VIDEOS_PER_DAY}
        for day, count in sorted(counts.items())
        if count > VIDEOS_PER_DAY
    ]


def problems(post: Post, bundle: Bundle, *, today: date) -> list[Problem]:
    """Why a Post cannot go into a slot of this bundle; empty = it can."""
    found = []
    earliest = earliest_day(bundle, today)
    if post.publish_date is None:
        found.append(Problem("publish_date", _("it has no day.")))
    elif post.publish_date < earliest:
        sentence = _("the first possible day is %(day)s.") % {"day": format_date(earliest, "j F Y")}
        found.append(Problem("publish_date", sentence))
    if not post.media:
        found.append(Problem("media", _("it has no media link.")))
    elif post.video_type == Post.Type.CAROUSEL and len(post.media) > CAROUSEL_MAX:
        sentence = _("a carousel takes at most %(most)d pictures.") % {"most": CAROUSEL_MAX}
        found.append(Problem("media", sentence))
    elif post.video_type != Post.Type.CAROUSEL and len(post.media) != 1:
        found.append(Problem("media", _("a video or story takes exactly one media link.")))
    if post.video_type != Post.Type.STORY and not post.caption.strip():
        found.append(Problem("caption", _("it has no caption.")))
    if (
        bundle.platform == "instagram"
        and post.video_type != Post.Type.STORY
        and not post.instagram_content_type
    ):
        found.append(Problem("instagram_content_type", _("say whether it is a reel or a post.")))
    if post.ai_content_disclaimer is None:
        found.append(Problem("ai_content_disclaimer", _("nobody has said whether it was made with AI.")))
    return found
