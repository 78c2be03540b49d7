"""The three published price lists, and what an order costs. Whole credits everywhere."""

from dataclasses import dataclass, field
from typing import Any

from .errors import ApiError

# None: not sold in this list. Keys are ours; `COST_KEYS` has the API's names.
PROFILES: dict[str, dict[str, int | None]] = {
    "current": {
        "account": 32,
        "account_youtube": 100,
        "video": 2,
        "edit": 3,
        "advanced_warming": 5,
        "niche_warming": 7,
        "deep_warming": None,
        "moderation": 0,
        "sound_volume": 1,
        "story_repost": 1,
        "coverage_period": 25,
        "account_edit": 8,
        "ad_code": 7,
        "video_archive": 1,
        "comment_task": 1,
    },
    "mid2026": {
        "account": 25,
        "account_youtube": 100,
        "video": 2,
        "edit": 3,
        "advanced_warming": 3,
        "niche_warming": 7,
        "deep_warming": 40,
        "moderation": 25,
        "sound_volume": 1,
        "story_repost": 0,
        "coverage_period": 0,
        "account_edit": 8,
        "ad_code": 7,
        "video_archive": None,
        "comment_task": 1,
    },
    "seed": {
        "account": 10,
        "account_youtube": None,
        "video": 10,
        "edit": 5,
        "advanced_warming": None,
        "niche_warming": 15,
        "deep_warming": 5,
        "moderation": 5,
        "sound_volume": 0,
        "story_repost": 0,
        "coverage_period": 0,
        "account_edit": 8,
        "ad_code": None,
        "video_archive": None,
        "comment_task": None,
    },
}

# Part of an order -> its key in `cost_breakdown`. The seed contract has other names and no `total`.
BREAKDOWN_KEYS = {
    "account": "account_creation",
    "videos": "video_slots",
    "edits": "edit_slots",
    "advanced_warming": "advanced_warming",
    "niche_warming": "niche_warming",
    "deep_warming": "deep_warming",
    "moderation": "moderation",
    "sound_volume": "sound_volume",
    "story_repost": "story_repost",
    "account_edit": "account_edit",
    "coverage_period": "coverage_period",
}
ALWAYS_LISTED = ("account", "videos", "edits", "advanced_warming")
ALWAYS_LISTED_BY_SEED = ("account", "videos", "edits", "niche_warming", "deep_warming", "moderation")


@dataclass
class Order:
    """What is bought in one checkout, in numbers of each thing."""

    account: int = 0
    videos: int = 0
    edits: int = 0
    advanced_warming: int = 0
    niche_warming: int = 0
    deep_warming: int = 0
    moderation: int = 0


@dataclass
class Cost:
    total: int
    parts: dict[str, int]
    allowance_used: int = 0


@dataclass
class Prices:
    """One profile with the prices that were changed since (`overrides`)."""

    profile: str
    overrides: dict[str, int] = field(default_factory=dict)

    @property
    def is_seed(self) -> bool:
        return self.profile == "seed"

    def of(self, name: str) -> int | None:
        return self.overrides.get(name, PROFILES[self.profile][name])

    def credits_for(self, name: str) -> int:
        price = self.of(name)
        if price is None:
            raise ApiError(
                400, "VALIDATION_ERROR", f"{name} is not available", **{name: ["is not available"]}
            )
        return price

    def cost(self, order: Order, allowance: dict[str, int] | None = None) -> Cost:
        """Price an order; `allowance` is a contract price: `remaining` accounts at `credits_per_bundle`."""
        parts: dict[str, int] = {"account": 0}
        used = 0
        for part, unit in (("videos", "video"), ("edits", "edit")):
            parts[part] = getattr(order, part) * self.credits_for(unit) if getattr(order, part) else 0
        if order.account:
            used = min(order.account, allowance["remaining"]) if allowance else 0
            contract = used * allowance["credits_per_bundle"] if allowance else 0
            parts["account"] = contract + (order.account - used) * self.credits_for("account")
        for part in ("advanced_warming", "niche_warming", "deep_warming", "moderation"):
            parts[part] = getattr(order, part) * self.credits_for(part) if getattr(order, part) else 0
        return Cost(sum(parts.values()), parts, used)

    def breakdown(self, parts: dict[str, int]) -> dict[str, int]:
        """`cost_breakdown` and a history row's `breakdown`, in this profile's names."""
        if "account" not in parts:  # not an order: only what was bought
            named = {BREAKDOWN_KEYS[part]: credits for part, credits in parts.items()}
            return named if self.is_seed else named | {"total": sum(parts.values())}
        if self.is_seed:
            listed = {part: parts.get(part, 0) for part in ALWAYS_LISTED_BY_SEED}
            return listed | {
                part: credits for part, credits in parts.items() if credits and part not in listed
            }
        kept = [part for part in BREAKDOWN_KEYS if part in ALWAYS_LISTED or parts.get(part)]
        named = {BREAKDOWN_KEYS[part]: parts.get(part, 0) for part in kept}
        return named | {"total": sum(parts.values())}

    def credit_costs(self, allowance: dict[str, int] | None) -> dict[str, Any]:
        """`data` of GET /credit-costs."""
        if self.is_seed:
            return {
                "account_creation": self.of("account"),
                "video_slot": self.of("video"),
                "edit_slot": self.of("edit"),
                "niche_warming": self.of("niche_warming"),
                "deep_warming": self.of("deep_warming"),
                "moderation": self.of("moderation"),
            }
        costs: dict[str, Any] = {
            "account_creation": {
                "tiktok": self.of("account"),
                "instagram": self.of("account"),
                "youtube": self.of("account_youtube"),
            },
            "video_upload": self.of("video"),
            "video_edit": self.of("edit"),
        }
        if self.profile == "mid2026":
            costs |= {key: self.of(key) for key in ("niche_warming", "deep_warming", "moderation")}
        for name in ("advanced_warming", "sound_volume", "story_repost", "account_edit", "ad_code"):
            costs[name] = self.of(name)
        for name in ("video_archive", "comment_task", "coverage_period"):
            costs[name] = self.of(name)
        sold = {name: price for name, price in costs.items() if price is not None}
        if allowance and allowance["remaining"]:
            sold["contract_bundle_allowance"] = allowance
        return {"costs": sold}
