"""A price from the price list, for connections where dry runs are off. Always labelled as an estimate. Pure."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from agency.tokportal import CreditCosts
from campaigns.commands.quotes import Quote
from campaigns.models import Command

# Body field → its price's name in `credit-costs` ("Credits & Pricing").
PER_PIECE: Mapping[str, str] = {
    "videos_quantity": "video_upload",
    "edits_quantity": "video_edit",
}
FLAGS: Mapping[str, str] = {
    "wants_niche_warming": "niche_warming",
    "wants_deep_warming": "deep_warming",
    "wants_moderation": "moderation",
}


def estimate(costs: CreditCosts, *, kind: str, body: Mapping[str, Any], digest: str, at: datetime) -> Quote:
    """What the price list says that a request costs. `at` is TokPortal's time."""
    parts: dict[str, int] = {}
    if kind == Command.Kind.CREATE_BUNDLE:
        if body.get("bundle_type") != "videos_only":
            parts["account_creation"] = costs.amount("account_creation", body.get("platform")) or 0
        for field, price in PER_PIECE.items():
            parts[price] = (body.get(field) or 0) * (costs.amount(price) or 0)
        terms = body.get("advanced_warming_terms_count") or len(body.get("advanced_warming_terms") or ())
        parts["advanced_warming"] = terms * (costs.amount("advanced_warming") or 0)
        for flag, price in FLAGS.items():
            parts[price] = (costs.amount(price) or 0) if body.get(flag) else 0
    elif kind == Command.Kind.ADD_VIDEO_SLOTS:
        parts["video_upload"] = body["quantity"] * (costs.amount("video_upload") or 0)
    elif kind == Command.Kind.ADD_EDIT_SLOTS:
        parts["video_edit"] = body["quantity"] * (costs.amount("video_edit") or 0)
    return Quote(credits=sum(parts.values()), digest=digest, at=at, breakdown=parts, is_estimate=True)
