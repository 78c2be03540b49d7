"""Lengths of time in words of the active language."""

from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def age(at: datetime | None, now: datetime) -> str:
    """How long ago or in how long: `just now`, `12 min ago`, `in 14 h`, `3 d ago`. Both of one clock."""
    if at is None:
        return _("never")
    length = abs(now - at)
    if length < MINUTE:
        return _("just now")
    is_past = at < now
    if length < HOUR:
        return (_("%(count)s min ago") if is_past else _("in %(count)s min")) % {"count": length // MINUTE}
    if length < 2 * DAY:
        return (_("%(count)s h ago") if is_past else _("in %(count)s h")) % {"count": length // HOUR}
    return (_("%(count)s d ago") if is_past else _("in %(count)s d")) % {"count": length.days}


def clock_difference(seconds: int) -> str:
    """How far TokPortal's clock is from ours, in the largest unit that fits: `10 days ahead of ours`."""
    length = timedelta(seconds=abs(seconds))
    is_ahead = seconds > 0
    if length >= DAY:
        count = round(length / DAY)
        ahead = ngettext("%(count)s day ahead of ours", "%(count)s days ahead of ours", count)
        behind = ngettext("%(count)s day behind ours", "%(count)s days behind ours", count)
    elif length >= HOUR:
        count = round(length / HOUR)
        ahead = ngettext("%(count)s hour ahead of ours", "%(count)s hours ahead of ours", count)
        behind = ngettext("%(count)s hour behind ours", "%(count)s hours behind ours", count)
    elif length >= MINUTE:
        count = round(length / MINUTE)
        ahead = ngettext("%(count)s minute ahead of ours", "%(count)s minutes ahead of ours", count)
        behind = ngettext("%(count)s minute behind ours", "%(count)s minutes behind ours", count)
    else:
        count = round(length.total_seconds())
        ahead = ngettext("%(count)s second ahead of ours", "%(count)s seconds ahead of ours", count)
        behind = ngettext("%(count)s second behind ours", "%(count)s seconds behind ours", count)
    return (ahead if is_ahead else behind) % {"count": count}
