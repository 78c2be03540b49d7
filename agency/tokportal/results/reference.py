"""The workspace, its markets and its prices ("Credits & Pricing", "Bundles", API 2026-05-25)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Self

from ..reading import (
    Json,
    clean,
    flag,
    identifier,
    mapping,
    normalise_country,
    number,
    pick,
    subject,
    text,
    whole,
)


@dataclass(frozen=True, slots=True)
class Me:
    """Whose key this is, and the workspace's balance in credits."""

    email: str | None
    credits: int | None
    raw: Json

    @classmethod
    def from_json(cls, document: object) -> Self:
        found = subject(document)
        return cls(
            email=text(pick(found, "email")),
            credits=whole(pick(found, "total_credits", "credits")),
            raw=clean(found),
        )


@dataclass(frozen=True, slots=True)
class Country:
    """`code` is canonical (USA, UK, FR); `code_raw` is as it came."""

    code: str
    name: str
    code_raw: str

    @classmethod
    def from_json(cls, value: object) -> Self:
        raw = identifier(value if isinstance(value, str) else pick(value, "code", "country", "id", "value"))
        return cls(code=normalise_country(raw), name=text(pick(value, "name", "label")) or raw, code_raw=raw)


@dataclass(frozen=True, slots=True)
class Countries:
    """`open` takes new accounts; in `videos_only` only existing accounts can be worked on."""

    open: tuple[Country, ...]
    videos_only: tuple[Country, ...]

    @classmethod
    def from_json(cls, document: object) -> Self:
        inner = pick(document, "data", "countries")
        listed = inner if isinstance(inner, list) else pick(inner, "countries", "open")
        only = pick(document, "videos_only_countries") or pick(inner, "videos_only_countries")
        return cls(open=_countries(listed), videos_only=_countries(only))


def _countries(value: object) -> tuple[Country, ...]:
    found = map(Country.from_json, value if isinstance(value, list | tuple) else ())
    return tuple(country for country in found if country.code)


@dataclass(frozen=True, slots=True)
class Platform:
    value: str
    name: str
    enabled: bool | None  # None = the answer does not say

    @classmethod
    def from_json(cls, value: object) -> Self:
        code = identifier(value if isinstance(value, str) else pick(value, "value", "id", "code", "platform"))
        return cls(
            value=code,
            name=text(pick(value, "name", "label")) or code,
            enabled=flag(pick(value, "enabled", "available", "is_enabled")),
        )


# The first name is today's key; the others are of other contracts and of the breakdowns.
PRICE_NAMES: Final = (
    ("account_creation", "account", "account_setup"),
    ("video_upload", "video_slot", "video_slots", "videos", "video"),
    ("video_edit", "edit_slot", "edit_slots", "edits", "edit"),
    ("advanced_warming", "advanced_warming_term", "advanced_niche_warming"),
    ("niche_warming",),
    ("deep_warming",),
    ("moderation",),
    ("sound_volume", "volume"),
    ("story_repost",),
    ("instant_repost_as_story", "instant_repost"),
    ("account_edit", "account_edit_request", "edit_request"),
    ("ad_code", "ad_code_request"),
    ("video_archive", "archive"),
    ("comment_task", "comment"),
    ("coverage_period", "coverage", "managed_subscription"),
)


@dataclass(frozen=True, slots=True)
class CreditCosts:
    """This workspace's prices in whole credits. An estimate: what binds is a dry run and
    `credits_charged`.
    """

    costs: Json
    contract_bundle_allowance: (
        Json  # a contract price that overrides the standard one while it lasts; or empty
    )
    raw: Json

    @classmethod
    def from_json(cls, document: object) -> Self:
        found = subject(document)
        costs = mapping(pick(found, "costs") or pick(document, "costs")) or found
        return cls(
            costs=clean(costs),
            contract_bundle_allowance=clean(
                pick(found, "contract_bundle_allowance") or pick(costs, "contract_bundle_allowance")
            ),
            raw=clean(document),
        )

    def has(self, name: str) -> bool:
        """Whether this is sold: it has a price under this name or a synonym."""
        return self._entry(name) is not None

    def amount(self, name: str, platform: str | None = None, country: str | None = None) -> int | None:
        """The price under this name or a synonym, or None where it has none or needs a platform or country
        to tell.
        """
        return _price(self._entry(name), [key for key in (platform, country) if key])

    def _entry(self, name: str) -> object:
        return next(
            (found for known in _names_of(name) if (found := self.costs.get(known)) is not None), None
        )


def _names_of(name: str) -> Iterator[str]:
    yield name
    yield from next((names for names in PRICE_NAMES if name in names), ())


def _price(entry: object, keys: list[str]) -> int | None:
    if number(entry) is not None:
        return whole(entry)
    if not isinstance(entry, Mapping):
        return None
    by_key = {str(key).lower(): value for key, value in entry.items()}
    for key in keys:
        spellings = (key.lower(), normalise_country(key).lower())
        for spelling in spellings:
            if spelling in by_key:
                return _price(by_key[spelling], [other for other in keys if other != key])
    named = pick(entry, "credits", "amount", "price", "cost", "default")
    if named is not None:
        return whole(named)
    prices = {_price(value, keys) for value in by_key.values()} if not keys else {None}
    return prices.pop() if len(prices) == 1 else None
