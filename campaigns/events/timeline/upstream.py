"""What TokPortal told by itself, and what reading it again showed."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agency.formats import number
from campaigns.commands.reports.readiness import runs
from campaigns.events.models import WebhookEvent
from campaigns.events.timeline.moment import EVENTS, LIVE, MOST, STATES, Moment
from campaigns.events.timeline.words import TONES, VIDEO_WORDS, WORDS
from campaigns.models import Bundle, Video

TOGETHER = timedelta(minutes=1)  # what happens to several videos within it is one line


@dataclass(frozen=True, slots=True)
class Told:
    """A state or signal of a bundle ("bundle.created"), its account ("account.in_review") or one of its videos."""

    what: str
    at: datetime  # TokPortal's time
    position: int | None = None  # of the video
    detail: str = ""
    credits: int | None = None
    upstream: str = ""


def told(bundle: Bundle) -> list[Told]:
    """The webhook events about the bundle, and those about its account alone. One query."""
    about = Q(body__data__bundle_id=bundle.upstream_id)
    if bundle.saved_account:
        account_id = bundle.saved_account.upstream_id
        about |= Q(body__data__saved_account_id=account_id, body__data__bundle_id__isnull=True)
    events = WebhookEvent.objects.filter(about, connection=bundle.connection)
    return [_told(bundle, event) for event in events.order_by("-received_at")[:MOST]]


def _told(bundle: Bundle, event: WebhookEvent) -> Told:
    """Nothing that stands in an event is sure to have the form that we know."""
    found = event.body.get("data")
    data: Mapping[str, Any] = found if isinstance(found, dict) else {}
    position, credits = data.get("position"), data.get("credits") or data.get("refund_credits")
    reason = data.get("reason")
    return Told(
        event.kind,
        event.upstream_created_at or bundle.connection.upstream_now(event.received_at),
        position if isinstance(position, int) and event.kind.startswith("video.") else None,
        reason.replace("_", " ") if isinstance(reason, str) else "",
        credits if isinstance(credits, int) else None,
        event.upstream_id,
    )


def announced(bundle: Bundle, events: Iterable[Told]) -> list[Moment]:
    """The events as a reader is told them."""
    events = list(events)
    singles = [_event(event) for event in events if event.position is None]
    return [*singles, *_together((event for event in events if event.position is not None), EVENTS)]


def _event(event: Told) -> Moment:
    credits = event.credits
    return Moment(
        event.at,
        EVENTS,
        _(WORDS[event.what]) if event.what in WORDS else event.what,
        event.detail,
        actor="TokPortal",
        credits=credits,
        price=ngettext("%(credits)s credit", "%(credits)s credits", credits) % {"credits": number(credits)}
        if credits
        else "",
        url=f"{reverse('event_list')}?q={event.upstream}" if event.upstream else "",
        tone=TONES.get(event.what.rpartition(".")[2], ""),
        upstream=event.what,
    )


def seen(bundle: Bundle, videos: Sequence[Video], events: Iterable[Told]) -> list[Moment]:
    """The states that TokPortal's rows are in, where no event has told of them."""
    known = {(event.what, event.position) for event in events}
    found = [one for one in _states(bundle, videos) if (one.what, one.position) not in known]
    moments = [
        Moment(one.at, STATES, _in_words(one.what), tone=TONES.get(one.what.rpartition(".")[2], ""))
        for one in found
        if one.position is None
    ]
    return [*moments, *_together((one for one in found if one.position is not None), STATES)]


def _states(bundle: Bundle, videos: Sequence[Video]) -> Iterator[Told]:
    if bundle.upstream_created_at:
        yield Told("bundle.created", bundle.upstream_created_at)
    if bundle.published_at:
        yield Told("bundle.published", bundle.published_at)
    if bundle.status not in ("draft", "pending_setup", "published"):
        yield Told(f"bundle.{bundle.status}", bundle.status_since)
    if bundle.account_status_since and bundle.account_status not in ("", "pending"):
        yield Told(f"account.{bundle.account_status}", bundle.account_status_since)
    for video in videos:
        if video.status not in ("", "pending", "configured", "published"):
            yield Told(f"video.{video.status}", video.finalized_at or video.status_since, video.position)


def _in_words(what: str) -> str:
    thing, _dot, state = what.partition(".")
    if what in WORDS:
        return _(WORDS[what])
    sentence = _("The account: %(state)s") if thing == "account" else _("The bundle: %(state)s")
    return sentence % {"state": state.replace("_", " ")}


def _together(told: Iterable[Told], kind: str) -> Iterator[Moment]:
    """One line for all videos to which the same happened at the same time."""
    groups: list[list[Told]] = []
    for one in sorted(told, key=lambda one: (one.what, one.at)):
        if groups and groups[-1][0].what == one.what and one.at - groups[-1][-1].at <= TOGETHER:
            groups[-1].append(one)
        else:
            groups.append([one])
    for group in groups:
        last = group[-1]
        state = last.what.partition(".")[2]
        slots = sorted({one.position for one in group if one.position is not None})
        named = {"n": len(slots), "slots": runs(slots), "state": state.replace("_", " ")}
        if state in VIDEO_WORDS:
            title = VIDEO_WORDS[state] % named
        else:
            title = ngettext("Video %(slots)s: %(state)s", "Videos %(slots)s: %(state)s", len(slots)) % named
        is_event = kind == EVENTS
        yield Moment(
            last.at,
            kind,
            title,
            actor="TokPortal" if is_event else "",
            tone=TONES.get(state, ""),
            upstream=last.what if is_event else "",
        )


def posted(videos: Iterable[Video]) -> Iterator[Moment]:
    """Videos that went live, and those whose media the manager could not fetch, of which no event tells."""
    for video in videos:
        slot = {"position": video.position}
        if video.posted_at:
            title = _("Video %(position)s is live") % slot
            yield Moment(video.posted_at, LIVE, title, url=video.platform_url, tone="good")
        if video.has_download_issue:
            title = _("Video %(position)s: the media could not be downloaded.") % slot
            yield Moment(video.status_since, STATES, title, video.download_issue_comment, tone="bad")
