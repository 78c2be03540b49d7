"""Ready to publish? A checklist from our own rows; each open line links to what mends it."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from django.urls import reverse

from campaigns.content.forms import wanted_at_tokportal
from campaigns.content.rules import earliest_day
from campaigns.models import Bundle, Command, Post, Video


class Mark(StrEnum):
    DONE = "done"
    OPEN = "open"  # stands in the way
    SAID = "said"  # TokPortal named it when it last refused; only another try shows whether it still stands
    NOTE = "note"  # worth a look, stands in nobody's way


@dataclass(frozen=True, slots=True)
class Line:
    mark: Mark
    text: str
    url: str = ""
    action: str = ""


# Field of the profile → what is said when TokPortal has none, and what the link to it says.
NEEDED = {
    "username": ("The account has no username", "Add username"),
    "visible_name": ("The account has no name", "Add name"),
    "biography": ("The account has no biography", "Add biography"),
    "profile_picture_url": ("The account has no picture", "Add picture"),
}


@dataclass(frozen=True, slots=True)
class Readiness:
    lines: list[Line]

    @property
    def open(self) -> list[Line]:
        return [line for line in self.lines if line.mark == Mark.OPEN]

    @property
    def is_ready(self) -> bool:
        return not self.open


def readiness(
    bundle: Bundle, videos: list[Video], posts: list[Post], commands: list[Command], *, today: date
) -> Readiness:
    """`commands`: of this bundle, newest first; `posts`: those in its slots; `today`: TokPortal's day."""
    lines = []
    if bundle.has_account_step:
        lines += _account_lines(bundle)
    if bundle.has_videos:
        lines += _video_lines(bundle, videos, posts, today)
    lines += _command_lines(commands)
    return Readiness(lines)


def _account_lines(bundle: Bundle) -> list[Line]:
    page = reverse("bundle_account", args=[bundle.pk])
    there = wanted_at_tokportal(bundle)
    profile = getattr(bundle, "profile", None)
    lines = []
    for field, (missing, action) in NEEDED.items():
        if there.get(field):
            continue
        is_kept = profile is not None and getattr(profile, field)
        text = f"{missing} at TokPortal; yours was not sent" if is_kept else missing
        lines.append(Line(Mark.OPEN, text, f"{page}#id_{field}", "Send it" if is_kept else action))
    if not lines:
        lines.append(Line(Mark.DONE, "Account profile complete"))
        # TokPortal may host the picture elsewhere, so its address says nothing.
        unsent = profile is not None and [
            name
            for name, wanted in profile.body().items()
            if name != "profile_picture_url" and wanted != there.get(name, "")
        ]
        if unsent:
            lines.append(Line(Mark.NOTE, "Your changes of the profile were not sent", page, "Look"))
    return lines


def _video_lines(bundle: Bundle, videos: list[Video], posts: list[Post], today: date) -> list[Line]:
    page = reverse("bundle_videos", args=[bundle.pk])
    counted = [video for video in videos if video.status != "cancelled"]
    filled = [video for video in counted if video.status != "pending"]
    lines = []
    if len(filled) == len(counted) and filled:
        lines.append(Line(Mark.DONE, f"{len(filled)} of {len(counted)} videos set up"))
    else:
        mark = Mark.NOTE if filled else Mark.OPEN  # one is enough to publish
        lines.append(Line(mark, f"{len(filled)} of {len(counted)} videos set up", page, "Fill slots"))
    first = earliest_day(bundle, today)
    late = [
        video.position
        for video in filled
        if video.status == "configured" and video.publish_date and video.publish_date < first
    ]
    if late:
        text = (
            f"Too near: the day of {slots(late)}. The first possible day is {first:%-d %B};"
            " TokPortal would move them"
        )
        lines.append(Line(Mark.NOTE, text, page, "Change days"))
    elif filled:
        lines.append(Line(Mark.DONE, "All days keep the lead time"))
    positions = {video.pk: video.position for video in counted}
    unanswered = [
        positions[post.video_id]
        for post in posts
        if post.ai_content_disclaimer is None and post.video_id in positions
    ]
    if unanswered:
        text = f"Nobody has said whether AI made {slots(unanswered)}"
        lines.append(Line(Mark.OPEN, text, page, "Answer"))
    return lines


def _command_lines(commands: list[Command]) -> list[Line]:
    lines = []
    for command in commands:
        if not command.is_settled:
            text = f"{command.get_kind_display()}: {command.get_state_display().lower()}"
            lines.append(Line(Mark.OPEN, text, command.get_absolute_url(), "Look"))
    # What TokPortal itself named stands until something later has succeeded.
    last = next((command for command in commands if command.is_settled), None)
    if last and last.kind == Command.Kind.PUBLISH_BUNDLE and last.state == Command.State.REFUSED:
        blockers = last.error_details.get("blockers")
        for blocker in blockers if isinstance(blockers, list) else []:
            said = blocker.get("message") or blocker.get("code") if isinstance(blocker, dict) else blocker
            lines.append(
                Line(Mark.SAID, f"TokPortal said: {said}", last.get_absolute_url(), "What it answered")
            )
    if not lines:
        lines.append(Line(Mark.DONE, "Nothing is under way or uncertain"))
    return lines


def slots(positions: list[int]) -> str:
    """
    >>> slots([1, 2, 3, 7])
    'slots 1–3 and 7'
    """
    runs: list[list[int]] = []
    for position in sorted(set(positions)):
        if runs and position == runs[-1][-1] + 1:
            runs[-1].append(position)
        else:
            runs.append([position])
    named = [str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in runs]
    listed = named[0] if len(named) == 1 else f"{', '.join(named[:-1])} and {named[-1]}"
    return f"slot {listed}" if len(positions) == 1 else f"slots {listed}"
