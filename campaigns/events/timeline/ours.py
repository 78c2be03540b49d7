"""What people changed here, and what the books say."""

from collections.abc import Iterable

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agency.formats import number
from agency.history import Change, history_of
from campaigns.events.timeline.moment import CREDITS, EDITS, MOST, Moment
from campaigns.ledger.models import Allocation
from campaigns.models import AccountProfile, Bundle, Post, Video

LONGEST_DETAIL = 300


def edited(bundle: Bundle, videos: Iterable[Video]) -> list[Moment]:
    """Changes of the profile and of the posts in the slots, from the audit trail. Four queries.

    A change without details touched only what a reader knows from elsewhere, such as the slot that a post is in.
    """
    account = reverse("bundle_account", args=[bundle.pk])
    profile = history_of(bundle, [AccountProfile], limit=MOST)
    found = [_edit(bundle, change, change.what, account) for change in profile if change.details]
    posts = {post.pk: video for video in videos if (post := getattr(video, "post", None))}
    if posts:
        changes = history_of([Post(pk=pk) for pk in posts], [Post], limit=MOST)
        for change in (change for change in changes if change.details):
            position = posts[int(change.pk)].position
            title = _("Slot %(position)s: %(change)s") % {"position": position, "change": change.what}
            page = reverse("video_edit", args=[bundle.pk, position])
            found.append(_edit(bundle, change, title, page))
    return found


def _edit(bundle: Bundle, change: Change, title: str, url: str) -> Moment:
    detail = " · ".join(change.details)
    if len(detail) > LONGEST_DETAIL:
        detail = f"{detail[:LONGEST_DETAIL]}…"
    return Moment(bundle.connection.upstream_now(change.at), EDITS, title, detail, actor=change.who, url=url)


def booked(bundle: Bundle) -> list[Moment]:
    """Entries of the credit history that were put down to the bundle, and those taken back. One query."""
    allocations = Allocation.objects.filter(bundle=bundle).select_related("entry", "made_by")
    return [_booking(bundle, allocation) for allocation in allocations.order_by("-pk")[:MOST]]


def _booking(bundle: Bundle, allocation: Allocation) -> Moment:
    entry, credits = allocation.entry, abs(allocation.amount)
    words = {"credits": number(credits)}
    is_reversal = allocation.reverses_id is not None
    if is_reversal or allocation.amount > 0:
        price = ngettext("%(credits)s credit back", "%(credits)s credits back", credits) % words
    else:
        price = ngettext("%(credits)s credit booked", "%(credits)s credits booked", credits) % words
    title = _("Taken back from this bundle") if is_reversal else _("In the credit history")
    return Moment(
        bundle.connection.upstream_now(allocation.made_at) if is_reversal else entry.created_at,
        CREDITS,
        title,
        allocation.reason if is_reversal else entry.description or entry.type,
        actor=allocation.made_by.name if allocation.made_by else "",
        credits=-allocation.amount,
        price=price,
        url=reverse("credit_entry", args=[entry.pk]),
    )
