"""What every source of a bundle's history tells."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext_noop as _

MOST = 400  # latest rows of each source; a bundle with more has a past that nobody reads

ORDERS, EVENTS, STATES, LIVE, EDITS, CREDITS = "orders", "events", "states", "live", "edits", "credits"
KINDS: Mapping[str, str] = {
    ORDERS: _("Orders"),
    EVENTS: _("Events"),
    STATES: _("States"),
    LIVE: _("Live videos"),
    EDITS: _("Edits"),
    CREDITS: _("Credits"),
}


@dataclass(frozen=True, slots=True)
class Moment:
    """One thing that happened."""

    at: datetime  # TokPortal's time
    kind: str
    title: str
    detail: str = ""
    actor: str = ""
    credits: int | None = None
    price: str = ""  # the credits in words: quoted, charged or booked
    url: str = ""
    tone: str = ""
    upstream: str = ""  # TokPortal's own name of it, a request or an event, for whoever asks its support
