"""One history of a bundle from all that know something of it: our orders, TokPortal's answers and events, the books.

A function for each source, all answering with Moments on TokPortal's clock; what was written down by our own
clock is moved by the difference between the two.
"""

from dataclasses import replace

from agency.models import User
from campaigns.events.timeline.moment import CREDITS, EVENTS, KINDS, Moment
from campaigns.events.timeline.orders import ordered
from campaigns.events.timeline.ours import booked, edited
from campaigns.events.timeline.upstream import announced, posted, seen, told
from campaigns.models import Bundle

__all__ = ["CREDITS", "KINDS", "Moment", "timeline"]


def timeline(bundle: Bundle, *, viewer: User) -> list[Moment]:
    """Everything that happened to a bundle that `viewer` may see, newest first. At most ten queries.

    The books and TokPortal's own names are for owners, prices for those who may order.
    """
    videos = list(bundle.videos.select_related("post").defer("raw").order_by("position"))
    events = told(bundle)
    found = [
        *ordered(bundle),
        *announced(bundle, events),
        *seen(bundle, videos, events),
        *posted(videos),
        *edited(bundle, videos),
    ]
    if viewer.is_owner:
        found += booked(bundle)
    else:
        found = [replace(moment, upstream="", url=_open_url(moment)) for moment in found]
    if not viewer.may_edit:
        found = [replace(moment, credits=None, price="") for moment in found]
    return sorted(found, key=lambda moment: moment.at)[::-1]  # of one instant what was told last comes first


def _open_url(moment: Moment) -> str:
    """The list of events is for owners."""
    return "" if moment.kind == EVENTS else moment.url
