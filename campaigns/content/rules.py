"""TokPortal's rules for slots, checked before the API is asked ("Configure Videos"). Pure."""

from collections import Counter
from collections.abc import Mapping
from datetime import date, timedelta

from campaigns.models import Bundle, Post

VIDEOS_PER_DAY = 3
LEAD_DAYS_NEW_ACCOUNT = 3  # UTC calendar days while the account is still being made
LEAD_DAYS_DELIVERED = 1
CAROUSEL_MAX = 20


def earliest_day(bundle: Bundle, today: date) -> date:
    """The first day that a video of this bundle may go live. `today` is TokPortal's, UTC."""
    is_delivered = bundle.account_status == "finalized" or not bundle.has_account_step
    return today + timedelta(days=LEAD_DAYS_DELIVERED if is_delivered else LEAD_DAYS_NEW_ACCOUNT)


def crowded_days(days: Mapping[int, date | None]) -> list[str]:
    """Refusals for days that hold more than three videos. `days`: position → day, without cancelled slots."""
    counts = Counter(day for day in days.values() if day)
    return [
        f"{day:%-d %B} has {count} videos; a bundle takes at most {VIDEOS_PER_DAY} a day."
        for day, count in sorted(counts.items())
        if count > VIDEOS_PER_DAY
    ]


def problems(post: Post, bundle: Bundle, *, today: date) -> list[str]:
    """Why a Post cannot go into a slot of this bundle, in words; empty = it can."""
    found = []
    if post.publish_date is None:
        found.append("it has no day.")
    elif post.publish_date < earliest_day(bundle, today):
        found.append(f"the first possible day is {earliest_day(bundle, today):%-d %B %Y}.")
    if not post.media:
        found.append("it has no media link.")
    elif post.video_type == Post.Type.CAROUSEL and len(post.media) > CAROUSEL_MAX:
        found.append(f"a carousel takes at most {CAROUSEL_MAX} pictures.")
    elif post.video_type != Post.Type.CAROUSEL and len(post.media) != 1:
        found.append("a video or story takes exactly one media link.")
    if post.video_type != Post.Type.STORY and not post.caption.strip():
        found.append("it has no caption.")
    if (
        bundle.platform == "instagram"
        and post.video_type != Post.Type.STORY
        and not post.instagram_content_type
    ):
        found.append("say whether it is a reel or a post.")
    if post.ai_content_disclaimer is None:
        found.append("nobody has said whether it was made with AI.")
    return found
