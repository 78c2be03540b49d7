"""Eight human states for all of TokPortal's words. Pure; an unknown word is shown as it is."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext
from django.utils.translation import gettext_noop as _

from campaigns.models import Bundle, Command, Video

REVIEW_HOURS = 72  # what is in review finalises itself after this ("Account Actions", "Video Actions")


@dataclass(frozen=True, slots=True)
class Pill:
    """A state as a page shows it: word, tone (CSS class), TokPortal's own word, and since or until when."""

    word: str  # in the reader's language
    tone: str  # good, wait, bad, info, calm
    raw: str = ""
    since: datetime | None = None
    until: datetime | None = None  # it ends by itself then

    @property
    def next_actor(self) -> str:
        """Who has to do something now, in the reader's language; empty where nobody has."""
        word = NEXT_ACTOR.get(self.raw, "")
        return gettext(word) if word else ""


# TokPortal's word → whose turn it is.
NEXT_ACTOR = {
    **dict.fromkeys(("draft", "pending_setup", "pending", "configured", "in_review"), _("you")),
    **dict.fromkeys(
        ("published", "published_priority", "accepted", "pending_corrections"), _("TokPortal's manager")
    ),
}

# The words are English here; a pill says them in the reader's language.
TO_SET_UP, WITH_MANAGER, IN_REVIEW = (
    (_("To set up"), "calm"),
    (_("With manager"), "info"),
    (_("In review"), "wait"),
)
CHANGE_ASKED, LIVE, DONE = (_("Change asked"), "bad"), (_("Live"), "good"), (_("Done"), "good")
STOPPED = (_("Stopped"), "bad")

BUNDLE = {
    "draft": TO_SET_UP,
    "pending_setup": TO_SET_UP,
    "published": WITH_MANAGER,
    "published_priority": WITH_MANAGER,
    "accepted": WITH_MANAGER,
    "in_review": IN_REVIEW,
    "finalized": LIVE,
    "completed": DONE,
    "cancelled": STOPPED,
    "archived": STOPPED,
}
ACCOUNT = {
    "pending": TO_SET_UP,
    "configured": (_("Set up"), "calm"),
    "published": WITH_MANAGER,
    "accepted": WITH_MANAGER,
    "in_review": IN_REVIEW,
    "pending_corrections": CHANGE_ASKED,
    "finalized": DONE,
}
VIDEO = {
    "pending": (_("Empty slot"), "calm"),
    "configured": (_("Set up"), "calm"),
    "published": WITH_MANAGER,
    "accepted": WITH_MANAGER,
    "in_review": IN_REVIEW,
    "pending_corrections": CHANGE_ASKED,
    "finalized": LIVE,
    "cancelled": STOPPED,
}
COMMAND = {
    Command.State.AWAITING: (_("Awaiting approval"), "wait"),
    Command.State.QUEUED: (_("Waiting to be sent"), "calm"),
    Command.State.SENDING: (_("Sending"), "info"),
    Command.State.SUCCEEDED: (_("Done"), "good"),
    Command.State.REFUSED: (_("Refused"), "bad"),
    Command.State.UNKNOWN: (_("Unknown: being checked"), "wait"),
    Command.State.VOID: (_("Withdrawn"), "calm"),
}


def _pill(words: dict[str, tuple[str, str]], raw: str, since: datetime | None, *, reviewed: bool) -> Pill:
    word, tone = words.get(raw, (raw, "calm"))
    until = since + timedelta(hours=REVIEW_HOURS) if since and reviewed and raw == "in_review" else None
    return Pill(gettext(word) if raw in words else raw or gettext("Unknown"), tone, raw, since, until)


def bundle_pill(bundle: Bundle) -> Pill:
    """A bundle shows its account's review, because that is what a person can act on."""
    if shows_account(bundle.status, bundle.account_status):
        return account_pill(bundle)
    return _pill(BUNDLE, bundle.status, bundle.status_since, reviewed=False)


def bundles_pill(status: str, account_status: str) -> Pill:
    """The same of many bundles that are alike: nothing of since when."""
    if shows_account(status, account_status):
        return _pill(ACCOUNT, account_status, None, reviewed=False)
    return _pill(BUNDLE, status, None, reviewed=False)


def shows_account(status: str, account_status: str) -> bool:
    return status in Bundle.HANDED_OVER and account_status in ("in_review", "pending_corrections")


def account_pill(bundle: Bundle) -> Pill:
    return _pill(ACCOUNT, bundle.account_status, bundle.account_status_since, reviewed=True)


def video_pill(video: Video) -> Pill:
    if video.has_download_issue:
        return Pill(gettext("Download failed"), "bad", video.status, video.status_since)
    return _pill(VIDEO, video.status, video.status_since, reviewed=True)


def command_pill(command: Command) -> Pill:
    if command.state == Command.State.UNKNOWN and command.needs_person:
        return Pill(gettext("Unknown: you decide"), "bad", command.state, command.state_since)
    if command.state == Command.State.SUCCEEDED and command.is_charged_differently:
        return Pill(gettext("Done, charged differently"), "wait", command.state, command.state_since)
    word, tone = COMMAND[Command.State(command.state)]
    return Pill(gettext(word), tone, command.state, command.state_since)
