"""What happened to a bundle, newest first: what was asked, what TokPortal answered, what was booked."""

from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from campaigns.commands.refusals import said
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
            Happening(
                allocation.entry.created_at,
                ngettext(
                    "Booked: %(amount)s credit · %(what)s",
                    "Booked: %(amount)s credits · %(what)s",
                    abs(allocation.amount),
                )
                % {"amount": f"{allocation.amount:+,}", "what": what},
            )
        )
    return sorted(found, key=lambda happening: happening.at, reverse=True)[:MOST_EVENTS]


def _of_command(command: Command) -> list[Happening]:
    who = command.asked_by.name if command.asked_by else _("a sweep")
    what, url = {"what": command.get_kind_display()}, command.get_absolute_url()
    found = [Happening(command.asked_at, _asked(command), url=url, who=who)]
    reason, tone = "", ""
    if command.state == S.SUCCEEDED and command.error_code:
        text, reason, tone = _("%(what)s: done in part.") % what, said(command), "wait"
    elif command.state == S.SUCCEEDED:
        text, tone = _done(command), "good"
    elif command.state == S.REFUSED:
        text, reason, tone = _("%(what)s: refused.") % what, said(command), "bad"
    elif command.state == S.UNKNOWN:
        text, reason, tone = _("%(what)s: no answer yet.") % what, command.evidence, "wait"
    elif command.state == S.VOID:
        text, reason = _("%(what)s: withdrawn.") % what, command.evidence
    else:
        return found
    at = command.answered_at or command.state_since
    return [*found, Happening(at, f"{text} {reason}".strip(), tone, url, command.request_id)]


def _asked(command: Command) -> str:
    what = command.get_kind_display()
    if not command.quoted_credits:
        return _("%(what)s: asked") % {"what": what}
    return ngettext(
        "%(what)s: asked, quoted at %(credits)s credit",
        "%(what)s: asked, quoted at %(credits)s credits",
        command.quoted_credits,
    ) % {"what": what, "credits": f"{command.quoted_credits:,}"}


def _done(command: Command) -> str:
    """That a Command succeeded, and what it has cost."""
    what, charged, quoted = command.get_kind_display(), command.credits_charged or 0, command.quoted_credits
    if command.is_charged_differently:
        return ngettext(
            "%(what)s: done, %(charged)s credit charged, not %(quoted)s as quoted",
            "%(what)s: done, %(charged)s credits charged, not %(quoted)s as quoted",
            charged,
        ) % {"what": what, "charged": f"{charged:,}", "quoted": f"{quoted:,}"}
    if not charged:
        return _("%(what)s: done") % {"what": what}
    return ngettext(
        "%(what)s: done, %(charged)s credit charged as quoted",
        "%(what)s: done, %(charged)s credits charged as quoted",
        charged,
    ) % {"what": what, "charged": f"{charged:,}"}


def _of_bundle(bundle: Bundle) -> list[Happening]:
    found = []
    if bundle.upstream_created_at:
        found.append(Happening(bundle.upstream_created_at, _("The bundle was made at TokPortal")))
    if bundle.published_at:
        found.append(Happening(bundle.published_at, _("Handed to a manager")))
    if bundle.status not in ("pending_setup", "published", "published_priority"):
        state = bundle.status.replace("_", " ")  # TokPortal's word
        found.append(Happening(bundle.status_since, _("The bundle: %(state)s") % {"state": state}))
    if bundle.account_status_since and bundle.account_status not in ("pending", "configured"):
        pill = account_pill(bundle)
        text = _("The account: %(state)s") % {"state": pill.word.lower()}
        found.append(Happening(bundle.account_status_since, text, pill.tone))
    return found


def _of_video(video: Video) -> list[Happening]:
    found = []
    if video.posted_at:
        text = _("Video %(position)s is live") % {"position": video.position}
        found.append(Happening(video.posted_at, text, "good", video.platform_url))
    if video.has_download_issue:
        text = _("Video %(position)s: the media could not be downloaded.") % {"position": video.position}
        text = f"{text} {video.download_issue_comment}".strip()
        found.append(Happening(video.status_since, text, "bad"))
    elif video.status in ("pending_corrections", "cancelled"):
        pill = video_pill(video)
        text = _("Video %(position)s: %(state)s") % {
            "position": video.position,
            "state": pill.word.lower(),
        }
        found.append(Happening(video.status_since, text, pill.tone))
    return found
