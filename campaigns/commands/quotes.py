"""A price that a person has seen, bound to the very request that it is for.

A Quote travels in the form as a signed token, so that what is ordered is what was priced.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.core import signing
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

SALT = "campaigns.commands.quote"
QUOTE_LIFETIME = timedelta(minutes=30)  # the sender asks again anyway when it is older than a minute

# The parts of a price that we know by name; others are shown as TokPortal calls them.
PARTS: Mapping[str, Promise] = {
    "account_creation": gettext_lazy("Account creation"),
    "video_upload": gettext_lazy("Video upload"),
    "video_slots": gettext_lazy("Video slots"),
    "video_edit": gettext_lazy("Video edit"),
    "edit_slots": gettext_lazy("Edit slots"),
    "advanced_warming": gettext_lazy("Advanced warming"),
    "niche_warming": gettext_lazy("Niche warming"),
    "deep_warming": gettext_lazy("Deep warming"),
    "moderation": gettext_lazy("Moderation"),
    "coverage_period": gettext_lazy("Coverage period"),
    "account_edit": gettext_lazy("Account edit"),
    "sound_volume": gettext_lazy("Sound volume"),
    "story_repost": gettext_lazy("Story repost"),
}


class QuoteExpired(Exception):
    """The price was asked too long ago, or for another order."""


@dataclass(frozen=True, slots=True)
class Quote:
    """What a request costs, in whole credits. `at` is TokPortal's time."""

    credits: int
    digest: str
    at: datetime
    breakdown: Mapping[str, int] = field(default_factory=dict)
    is_estimate: bool = False  # from the price list, because dry runs are off
    balance: int | None = None  # the pool when it was asked

    @property
    def lines(self) -> list[tuple[str, int]]:
        """The breakdown for people."""
        return breakdown_lines(self.credits, self.breakdown)

    def token(self) -> str:
        return signing.dumps(
            {
                "credits": self.credits,
                "digest": self.digest,
                "at": self.at.isoformat(),
                "breakdown": dict(self.breakdown),
                "is_estimate": self.is_estimate,
                "balance": self.balance,
            },
            salt=SALT,
            compress=True,
        )


def breakdown_lines(credits: int, breakdown: Mapping[str, int]) -> list[tuple[str, int]]:
    """The parts of a price for people, with what the breakdown leaves out as a line of its own (M6)."""
    lines = [
        (str(PARTS.get(name) or name.replace("_", " ").capitalize()), part)
        for name, part in breakdown.items()
        if part
    ]
    rest = credits - sum(part for _name, part in lines)
    return [*lines, (_("Unexplained"), rest)] if rest and lines else lines


def free(digest: str, now: datetime) -> Quote:
    return Quote(credits=0, digest=digest, at=now)


def read_token(token: str, *, digest: str) -> Quote:
    """The Quote behind a form's token. Raises QuoteExpired when it is forged, old or for another request."""
    try:
        fields = signing.loads(token, salt=SALT, max_age=QUOTE_LIFETIME)
    except signing.BadSignature as error:
        raise QuoteExpired(
            _("The price is too old. Look at the new one and order again; nothing was charged.")
        ) from error
    if fields["digest"] != digest:
        raise QuoteExpired(
            _("The order was changed after it was priced. Look at the new price and order again.")
        )
    return Quote(**{**fields, "at": datetime.fromisoformat(fields["at"])})


def digest_of(kind: str, target: Mapping[str, object], body: Mapping[str, object]) -> str:
    """SHA-256 of the canonical JSON of a request, without the reference that is made anew for each order."""
    request = {"kind": kind, "target": target, "body": {k: v for k, v in body.items() if k != "external_ref"}}
    text = json.dumps(request, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode()).hexdigest()
