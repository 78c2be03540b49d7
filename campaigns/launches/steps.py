"""Where a line of a launch stands, from its rows alone. Asks nothing of the database that was not read before."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from campaigns.commands.refusals import said
from campaigns.commands.reports.readiness import Line as OpenLine
from campaigns.commands.reports.readiness import readiness
from campaigns.launches.models import LaunchLine, Step
from campaigns.models import Bundle, Command, Post, Video

S = Command.State


class Mark(StrEnum):
    DONE = "done"
    BUSY = "busy"  # a Command is under way, or TokPortal's answer is not read yet
    NEXT = "next"  # nothing is in its way: it is the machine's turn
    STOPPED = "stopped"  # refused, or a rule says no: mend it, and say when to go on
    YOURS = "yours"  # a person has to give what is missing; it goes on by itself then
    TODO = "todo"  # behind one that is not done
    LEFT_OUT = "left_out"  # this order has no such step


# Tone of a pill, and the word for who cannot see it.
LOOKS: Mapping[Mark, tuple[str, Promise]] = {
    Mark.DONE: ("good", gettext_lazy("done")),
    Mark.BUSY: ("info", gettext_lazy("under way")),
    Mark.NEXT: ("info", gettext_lazy("comes next")),
    Mark.STOPPED: ("bad", gettext_lazy("stopped")),
    Mark.YOURS: ("wait", gettext_lazy("needs you")),
    Mark.TODO: ("calm", gettext_lazy("not yet")),
    Mark.LEFT_OUT: ("calm", gettext_lazy("not part of it")),
}


@dataclass(frozen=True, slots=True)
class Dot:
    """One step of a line. `url` leads to what mends it, or to what is under way."""

    step: Step
    mark: Mark
    sentence: str = ""
    url: str = ""
    action: str = ""

    @property
    def label(self) -> str:
        return str(self.step.label)

    @property
    def tone(self) -> str:
        return LOOKS[self.mark][0]

    @property
    def word(self) -> str:
        return str(LOOKS[self.mark][1])


@dataclass(frozen=True, slots=True)
class Rows:
    """What is known of a line besides itself."""

    videos: Sequence[Video] = ()
    posts: Sequence[Post] = ()  # in the bundle's slots
    commands: Sequence[Command] = ()  # of the bundle, newest first
    positions: Sequence[int] = ()  # that the line's own posts go to


def dots(line: LaunchLine, rows: Rows, *, today: date) -> list[Dot]:
    """All five steps. `today`: TokPortal's day."""
    found: list[Dot] = []
    for step in Step:
        is_behind = any(dot.mark not in (Mark.DONE, Mark.LEFT_OUT) for dot in found)
        found.append(Dot(step, Mark.TODO) if is_behind else _dot(step, line, rows, today))
    return found


def current(dots: Sequence[Dot]) -> Dot | None:
    """The step that the line is at; None = all are done."""
    return next((dot for dot in dots if dot.mark not in (Mark.DONE, Mark.LEFT_OUT)), None)


def _dot(step: Step, line: LaunchLine, rows: Rows, today: date) -> Dot:
    if line.stopped_at_step == step:
        return Dot(step, Mark.STOPPED, line.stopped_because, *_fix(step, line))
    if step == Step.ORDER:
        return _order(line)
    bundle = line.bundle
    if bundle is None:  # ordered, and not mirrored yet
        return Dot(step, Mark.BUSY)
    match step:
        case Step.ACCOUNT:
            return _account(line, bundle)
        case Step.VIDEOS:
            return _videos(line, bundle, rows)
        case Step.READY:
            return _ready(bundle, rows, today)
    return _publication(line, bundle)


def _order(line: LaunchLine) -> Dot:
    if line.order is None:
        return Dot(Step.ORDER, Mark.NEXT)
    return _of_command(Step.ORDER, line.order, line)


def _account(line: LaunchLine, bundle: Bundle) -> Dot:
    if not bundle.has_account_step:
        return Dot(Step.ACCOUNT, Mark.LEFT_OUT)
    if bundle.account_status not in ("", "pending"):  # also when a person did it by hand
        return Dot(Step.ACCOUNT, Mark.DONE, url=reverse("bundle_account", args=[bundle.pk]))
    if line.account:
        return _of_command(Step.ACCOUNT, line.account, line)
    if line.profile:
        return Dot(Step.ACCOUNT, Mark.NEXT)
    return Dot(Step.ACCOUNT, Mark.YOURS, _("The account has no profile yet."), *_fix(Step.ACCOUNT, line))


def _videos(line: LaunchLine, bundle: Bundle, rows: Rows) -> Dot:
    if not bundle.has_videos:
        return Dot(Step.VIDEOS, Mark.LEFT_OUT)
    if len(rows.videos) < bundle.videos_quantity:
        return Dot(Step.VIDEOS, Mark.BUSY)  # the slots are not read yet
    wanted = set(rows.positions) or {video.position for video in rows.videos}
    empty = {video.position for video in rows.videos if video.status == "pending"} & wanted
    if not empty:
        return Dot(Step.VIDEOS, Mark.DONE, url=reverse("bundle_videos", args=[bundle.pk]))
    if line.videos:
        dot = _of_command(Step.VIDEOS, line.videos, line)
        is_partly = dot.mark == Mark.DONE and line.videos.error_code == "PARTLY_REFUSED"
        return (
            Dot(Step.VIDEOS, Mark.STOPPED, said(line.videos), *_fix(Step.VIDEOS, line)) if is_partly else dot
        )
    if rows.positions:
        return Dot(Step.VIDEOS, Mark.NEXT)
    return Dot(Step.VIDEOS, Mark.YOURS, _("No posts were chosen for its slots."), *_fix(Step.VIDEOS, line))


def _ready(bundle: Bundle, rows: Rows, today: date) -> Dot:
    if bundle.is_handed_over or bundle.is_ended:
        return Dot(Step.READY, Mark.DONE)
    found = readiness(bundle, list(rows.videos), list(rows.posts), list(rows.commands), today=today)
    if found.is_ready:
        return Dot(Step.READY, Mark.DONE)
    if any(command.state in Command.ON_ITS_WAY for command in rows.commands):
        return Dot(Step.READY, Mark.BUSY, url=bundle.get_absolute_url())
    first: OpenLine = found.open[0]
    return Dot(Step.READY, Mark.YOURS, first.text, first.url, first.action)


def _publication(line: LaunchLine, bundle: Bundle) -> Dot:
    if bundle.is_handed_over or bundle.is_ended:
        return Dot(Step.PUBLICATION, Mark.DONE)
    if line.publication:
        return _of_command(Step.PUBLICATION, line.publication, line)
    if line.launch.publishes:
        return Dot(Step.PUBLICATION, Mark.NEXT)
    return Dot(
        Step.PUBLICATION,
        Mark.YOURS,
        _("It is ready. Publish it when you like."),
        bundle.get_absolute_url(),
        _("Publish"),
    )


def _of_command(step: Step, command: Command, line: LaunchLine) -> Dot:
    url = command.get_absolute_url()
    if command.state == S.SUCCEEDED:
        return Dot(step, Mark.DONE, url=url)
    if command.state == S.REFUSED:
        return Dot(step, Mark.STOPPED, said(command), *_fix(step, line))
    if command.state == S.VOID:
        return Dot(step, Mark.STOPPED, _("It was withdrawn. Nothing was charged."), *_fix(step, line))
    if command.state == S.AWAITING:
        return Dot(step, Mark.YOURS, _("A second person must approve it."), url, _("Decide"))
    if command.state == S.UNKNOWN and command.needs_person:
        return Dot(step, Mark.YOURS, _("Its outcome is unknown."), url, _("See evidence"))
    return Dot(step, Mark.BUSY, url=url)


def _fix(step: Step, line: LaunchLine) -> tuple[str, str]:
    """Address and words of the page that mends a step."""
    bundle, command = line.bundle, getattr(line, step, None)
    if step == Step.ACCOUNT and bundle:
        return reverse("bundle_account", args=[bundle.pk]), _("Change the profile")
    if step == Step.VIDEOS and bundle:
        return reverse("bundle_videos", args=[bundle.pk]), _("Fill slots")
    if isinstance(command, Command):
        return command.get_absolute_url(), _("See why")
    if step == Step.ORDER:
        return reverse("campaign_edit", args=[line.launch.campaign_id]), _("Change the budget")
    return (bundle.get_absolute_url(), _("Open the bundle")) if bundle else ("", "")
