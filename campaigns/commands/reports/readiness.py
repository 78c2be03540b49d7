"""Ready to publish? A checklist from our own rows; each open line links to what mends it."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from django.urls import reverse
from django.utils.dateformat import format as format_date
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

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


@dataclass(frozen=True, slots=True)
class Needed:
    """What is said of a field of the profile that TokPortal does not have, and what the link to it says."""

    missing: Promise
    unsent: Promise  # we have it
    action: Promise


NEEDED = {
    "username": Needed(
        gettext_lazy("The account has no username"),
        gettext_lazy("The account has no username at TokPortal; yours was not sent"),
        gettext_lazy("Add username"),
    ),
    "visible_name": Needed(
        gettext_lazy("The account has no name"),
        gettext_lazy("The account has no name at TokPortal; yours was not sent"),
        gettext_lazy("Add name"),
    ),
    "biography": Needed(
        gettext_lazy("The account has no biography"),
        gettext_lazy("The account has no biography at TokPortal; yours was not sent"),
        gettext_lazy("Add biography"),
    ),
    "profile_picture_url": Needed(
        gettext_lazy("The account has no picture"),
        gettext_lazy("The account has no picture at TokPortal; yours was not sent"),
        gettext_lazy("Add picture"),
    ),
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
    for field, needed in NEEDED.items():
        if there.get(field):
            continue
        is_kept = profile is not None and getattr(profile, field)
        text, action = (needed.unsent, _("Send it")) if is_kept else (needed.missing, needed.action)
        lines.append(Line(Mark.OPEN, str(text), f"{page}#id_{field}", str(action)))
    if not lines:
        lines.append(Line(Mark.DONE, _("Account profile complete")))
        # TokPortal may host the picture elsewhere, so its address says nothing.
        unsent = profile is not None and [
            name
            for name, wanted in profile.body().items()
            if name != "profile_picture_url" and wanted != there.get(name, "")
        ]
        if unsent:
            lines.append(Line(Mark.NOTE, _("Your changes of the profile were not sent"), page, _("Look")))
    return lines


def _video_lines(bundle: Bundle, videos: list[Video], posts: list[Post], today: date) -> list[Line]:
    page = reverse("bundle_videos", args=[bundle.pk])
    counted = [video for video in videos if video.status != "cancelled"]
    filled = [video for video in counted if video.status != "pending"]
    lines = []
    set_up = ngettext(
        "%(filled)s of %(count)s video set up", "%(filled)s of %(count)s videos set up", len(counted)
    ) % {"filled": len(filled), "count": len(counted)}
    if len(filled) == len(counted) and filled:
        lines.append(Line(Mark.DONE, set_up))
    else:
        mark = Mark.NOTE if filled else Mark.OPEN  # one is enough to publish
        lines.append(Line(mark, set_up, page, _("Fill slots")))
    first = earliest_day(bundle, today)
    late = [
        video.position
        for video in filled
        if video.status == "configured" and video.publish_date and video.publish_date < first
    ]
    if late:
        text = ngettext(
            "Too near: the day of slot %(slots)s. The first possible day is %(day)s;"
            " TokPortal would move them",
            "Too near: the day of slots %(slots)s. The first possible day is %(day)s;"
            " TokPortal would move them",
            len(late),
        ) % {"slots": runs(late), "day": format_date(first, "j F")}
        lines.append(Line(Mark.NOTE, text, page, _("Change days")))
    elif filled:
        lines.append(Line(Mark.DONE, _("All days keep the lead time")))
    positions = {video.pk: video.position for video in counted}
    unanswered = [
        positions[post.video_id]
        for post in posts
        if post.ai_content_disclaimer is None and post.video_id in positions
    ]
    if unanswered:
        text = ngettext(
            "Nobody has said whether AI made slot %(slots)s",
            "Nobody has said whether AI made slots %(slots)s",
            len(unanswered),
        ) % {"slots": runs(unanswered)}
        lines.append(Line(Mark.OPEN, text, page, _("Answer")))
    return lines


def _command_lines(commands: list[Command]) -> list[Line]:
    lines = []
    for command in commands:
        if not command.is_settled:
            text = _("%(what)s: %(state)s") % {
                "what": command.get_kind_display(),
                "state": command.get_state_display().lower(),
            }
            lines.append(Line(Mark.OPEN, text, command.get_absolute_url(), _("Look")))
    # What TokPortal itself named stands until something later has succeeded.
    last = next((command for command in commands if command.is_settled), None)
    if last and last.kind == Command.Kind.PUBLISH_BUNDLE and last.state == Command.State.REFUSED:
        blockers = last.error_details.get("blockers")
        for blocker in blockers if isinstance(blockers, list) else []:
            said = blocker.get("message") or blocker.get("code") if isinstance(blocker, dict) else blocker
            text = _("TokPortal said: %(words)s") % {"words": said}
            lines.append(Line(Mark.SAID, text, last.get_absolute_url(), _("What it answered")))
    if not lines:
        lines.append(Line(Mark.DONE, _("Nothing is under way or uncertain")))
    return lines


def runs(positions: list[int]) -> str:
    """
    >>> runs([1, 2, 3, 7])
    '1–3 and 7'
    """
    found: list[list[int]] = []
    for position in sorted(set(positions)):
        if found and position == found[-1][-1] + 1:
            found[-1].append(position)
        else:
            found.append([position])
    named = [str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in found]
    if len(named) == 1:
        return named[0]
    return _("%(first)s and %(last)s") % {"first": ", ".join(named[:-1]), "last": named[-1]}
