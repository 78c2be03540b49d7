"""Warming and moderation, which an order adds to every account."""

from dataclasses import dataclass
from typing import Any

from . import assumed
from .call import Call
from .errors import ApiError
from .fields import Fields
from .prices import Order
from .work import Json


@dataclass
class Extras:
    """Warming and moderation, which every account of an order gets alike."""

    options: dict[str, bool | str | None]  # what was asked for, as the seed contract reads it back
    warming: Json | None  # advanced warming: terms_total, terms (None until configured)
    niche: bool
    deep: bool
    moderation: bool

    def of(self, accounts: int) -> Order:
        """What the extras of so many accounts add to an order."""
        terms = self.warming["terms_total"] if self.warming else 0
        return Order(
            advanced_warming=accounts * terms,
            niche_warming=accounts * self.niche,
            deep_warming=accounts * self.deep,
            moderation=accounts * self.moderation,
        )


def read_extras(call: Call, fields: Fields) -> Extras:
    """Warming and moderation of an order; the warming rules raise their own codes at once."""
    niche, deep = fields.flag("wants_niche_warming"), fields.flag("wants_deep_warming")
    advanced = fields.flag("wants_advanced_warming")
    moderation = fields.flag("wants_moderation")
    notice = fields.text("moderation_notice", maximum=2000)
    instructions = fields.text("niche_warming_instructions", maximum=2000)
    if niche and not instructions:
        fields.refuse("niche_warming_instructions", "is required when wants_niche_warming is true")
    terms = fields.texts("advanced_warming_terms")
    count = fields.integer("advanced_warming_terms_count", default=len(terms or []))
    if niche + deep + advanced > 1:
        raise _warming("WARMING_CONFLICT", "Only one kind of warming can be ordered")
    if (terms or count) and not advanced:
        raise _warming("ADVANCED_WARMING_FLAG_REQUIRED", "wants_advanced_warming must be true")
    if advanced:
        if terms is not None:
            if count != len(terms):
                raise _warming(
                    "ADVANCED_WARMING_COUNT_MISMATCH", "advanced_warming_terms_count must match the terms"
                )
            if rejected := rejected_terms(terms):
                raise _warming("ADVANCED_WARMING_TERMS_REJECTED", "Some terms are refused", rejected=rejected)
        if not 3 <= count <= 30 or count % 3:
            fields.refuse("advanced_warming_terms_count", "must be 3 to 30 and a multiple of 3")
        call.prices.credits_for("advanced_warming")
    warming = {"terms_total": count, "terms": terms} if advanced else None
    options: dict[str, bool | str | None] = {
        "niche_warming": niche,
        "deep_warming": deep,
        "moderation": moderation,
        "niche_warming_instructions": instructions,
        "moderation_notice": notice,
    }
    return Extras(options, warming, niche, deep, moderation)


def check_warming(call: Call, extras: Extras, platform: str) -> None:
    if extras.deep and call.prices.of("deep_warming") is None:
        raise _warming("DEEP_WARMING_DEPRECATED", "Deep warming is discontinued")
    if extras.deep and platform != "instagram":
        raise _warming("DEEP_WARMING_INSTAGRAM_ONLY", "wants_deep_warming is only available on Instagram")


def rejected_terms(terms: list[str]) -> list[str]:
    """The terms that would be dropped: too short, too long, or repeated when case is ignored."""
    seen: set[str] = set()
    rejected = []
    for term in terms:
        folded = term.strip().casefold()
        if not 2 <= len(term.strip()) <= 50 or folded in seen:
            rejected.append(term)
        seen.add(folded)
    return rejected


def _warming(code: str, message: str, **details: Any) -> ApiError:
    return ApiError(assumed.WARMING_STATUS, code, message, **details)
