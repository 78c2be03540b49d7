"""What happened to a bundle, newest first: what was asked, what TokPortal answered, what was booked."""

from dataclasses import dataclass
from datetime import datetime

from campaigns.ledger.models import Allocation
from campaigns.models import Bundle, Command, Video
from campaigns.states import account_pill, video_pill

MOST_EVENTS = 60
S = Command.State


@dataclass(frozen=True, slots=True)
class Happening:
    at: datetime  # TokPortal's time
    text: str
    tone: str = ""
    url: str = ""
    request_id: str = ""
    who: str = ""


def history(bundle: Bundle, videos: list[Video], commands: list[Command]) -> list[Happening]:
    """`commands` with `asked_by`. One query, for what was booked."""
    found = [happening for command in commands for happening in _of_command(command)]
    found += _of_bundle(bundle)
    found += [happening for video in videos for happening in _of_video(video)]
    booked = Allocation.objects.filter(bundle=bundle).select_related("entry", "command")[:MOST_EVENTS]
    for allocation in booked:
        what = allocation.entry.description or allocation.entry.type
        found.append(
            Happening(allocation.entry.created_at, f"Booked: {allocation.amount:+,} credits · {what}")
        )
    return sorted(found, key=lambda happening: happening.at, reverse=True)[:MOST_EVENTS]


def _of_command(command: Command) -> list[Happening]:
    who = command.asked_by.name if command.asked_by else "a sweep"
    price = f", quoted at {command.quoted_credits:,} credits" if command.quoted_credits else ""
    name, url = command.get_kind_display(), command.get_absolute_url()
    found = [Happening(command.asked_at, f"{name}: asked{price}", url=url, who=who)]
    if command.state == S.SUCCEEDED:
        text, tone = f"{name}: done{charged(command)}", "good"
        if command.error_code:
            text, tone = f"{name}: done in part. {command.error_message}", "wait"
    elif command.state == S.REFUSED:
        text, tone = f"{name}: refused. {command.error_message}", "bad"
    elif command.state == S.UNKNOWN:
        text, tone = f"{name}: no answer yet. {command.evidence}", "wait"
    elif command.state == S.VOID:
        text, tone = f"{name}: withdrawn. {command.evidence}", ""
    else:
        return found
    at = command.answered_at or command.state_since
    return [*found, Happening(at, text.strip(), tone, url, command.request_id)]


def charged(command: Command) -> str:
    """What a Command that succeeded has cost, as the tail of a sentence."""
    if command.is_charged_differently:
        return f", {command.credits_charged or 0:,} credits charged, not {command.quoted_credits:,} as quoted"
    return f", {command.credits_charged:,} credits charged as quoted" if command.credits_charged else ""


def _of_bundle(bundle: Bundle) -> list[Happening]:
    found = []
    if bundle.upstream_created_at:
        found.append(Happening(bundle.upstream_created_at, "The bundle was made at TokPortal"))
    if bundle.published_at:
        found.append(Happening(bundle.published_at, "Handed to a manager"))
    if bundle.status not in ("pending_setup", "published", "published_priority"):
        found.append(Happening(bundle.status_since, f"The bundle: {said(bundle.status)}"))
    if bundle.account_status_since and bundle.account_status not in ("pending", "configured"):
        pill = account_pill(bundle)
        found.append(Happening(bundle.account_status_since, f"The account: {pill.word.lower()}", pill.tone))
    return found


def _of_video(video: Video) -> list[Happening]:
    found = []
    if video.posted_at:
        found.append(
            Happening(video.posted_at, f"Video {video.position} is live", "good", video.platform_url)
        )
    if video.has_download_issue:
        text = f"Video {video.position}: the media could not be downloaded. {video.download_issue_comment}"
        found.append(Happening(video.status_since, text.strip(), "bad"))
    elif video.status in ("pending_corrections", "cancelled"):
        pill = video_pill(video)
        found.append(Happening(video.status_since, f"Video {video.position}: {pill.word.lower()}", pill.tone))
    return found


def said(status: str) -> str:
    """TokPortal's word for a state, without its underscores."""
    return status.replace("_", " ")
