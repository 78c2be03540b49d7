"""How a Command came to be where it is, in words."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from campaigns.models import Command

S = Command.State

# Before → after, as people say it. What ends an unknown outcome resolves it.
WORDS: Mapping[tuple[str, str], Promise] = {
    ("", S.QUEUED): gettext_lazy("Asked for"),
    ("", S.AWAITING): gettext_lazy("Asked for; it needs a second person"),
    ("", S.SENDING): gettext_lazy("Carried out by a price check"),
    (S.AWAITING, S.QUEUED): gettext_lazy("Approved"),
    (S.AWAITING, S.VOID): gettext_lazy("Declined"),
    (S.QUEUED, S.SENDING): gettext_lazy("Sent"),
    (S.QUEUED, S.UNKNOWN): gettext_lazy("Too old to be sent again without a look"),
    (S.QUEUED, S.VOID): gettext_lazy("Withdrawn"),
    (S.SENDING, S.QUEUED): gettext_lazy("Not taken yet: it waits for its next try"),
    (S.SENDING, S.SUCCEEDED): gettext_lazy("Done"),
    (S.SENDING, S.REFUSED): gettext_lazy("Refused"),
    (S.SENDING, S.UNKNOWN): gettext_lazy("No answer: outcome unknown"),
    (S.SUCCEEDED, S.SUCCEEDED): gettext_lazy("Its charge was corrected from the credit history"),
    (S.UNKNOWN, S.QUEUED): gettext_lazy(
        "Resolved: nothing had happened, so it is sent again with the same key"
    ),
    (S.UNKNOWN, S.SUCCEEDED): gettext_lazy("Resolved: it was done"),
    (S.UNKNOWN, S.REFUSED): gettext_lazy("Resolved: it was refused"),
    (S.UNKNOWN, S.VOID): gettext_lazy("Resolved: it did not happen"),
}


@dataclass(frozen=True, slots=True)
class Line:
    at: datetime  # TokPortal's time
    words: str
    who: str  # "" = a worker
    note: str


def moves_of(command: Command) -> list[Line]:
    """The oldest first. One query."""
    lines = []
    for row in command.moves.select_related("by").order_by("pk"):
        words = WORDS.get((row.before, row.after))
        if (row.before, row.after) == (S.AWAITING, S.VOID) and row.by_id == command.asked_by_id:
            words = gettext_lazy("Withdrawn")
        who = row.by.name if row.by else ""
        lines.append(Line(row.at, str(words or row.get_after_display()), who, row.note))
    return lines
