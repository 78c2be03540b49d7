"""Delivered accounts, their Coverage, edit requests and bans ("Accounts (Delivered)", "Account Edit
Request").
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from ..reading import (
    Json,
    clean,
    flag,
    identifier,
    mapping,
    moment,
    normalise_country,
    pick,
    subject,
    text,
    whole,
)


@dataclass(frozen=True, slots=True)
class SavedAccountState:
    """A real account. It has no external_ref: its client is found through its bundle."""

    id: str
    platform: str | None
    country: str | None  # canonical
    country_raw: str | None
    username: str | None
    visible_name: str | None
    biography: str | None
    profile_picture_url: str | None
    profile_url: str | None
    link_in_bio: str | None
    banned: bool | None  # also true for what an internal scan flagged; validated bans are in list_bans
    bundle_id: str | None  # older contract only
    created_at: datetime | None
    updated_at: datetime | None
    raw: Json

    @classmethod
    def from_json(cls, row: object) -> Self:
        country = text(pick(row, "country"))
        return cls(
            id=identifier(pick(row, "id", "saved_account_id", "account_id")),
            platform=text(pick(row, "platform")),
            country=normalise_country(country) or None,
            country_raw=country,
            username=text(pick(row, "username")),
            visible_name=text(pick(row, "visible_name")),
            biography=text(pick(row, "biography")),
            profile_picture_url=text(pick(row, "profile_picture_url")),
            profile_url=text(pick(row, "profile_url")),
            link_in_bio=text(pick(row, "link_in_bio")),
            banned=flag(pick(row, "banned", "is_banned")),
            bundle_id=text(pick(row, "bundle_id")),
            created_at=moment(pick(row, "created_at")),
            updated_at=moment(pick(row, "updated_at")),
            raw=clean(row),
        )


@dataclass(frozen=True, slots=True)
class ReactivationQuote:
    """Send these three back unchanged to reactivate. `credits` may be 0 and still needs the call."""

    credits: int | None
    current_period_end: str | None  # byte for byte as it came: the server compares the text
    lock_version: int | None


@dataclass(frozen=True, slots=True)
class CoverageState:
    """The 30-day subscription of a delivered account. `status` is the effective one, `recorded_status` can
    lag.
    """

    account_id: str | None
    status: str | None
    recorded_status: str | None
    period_expired: bool | None
    current_period_start: datetime | None
    current_period_end: datetime | None
    credits_per_period: int | None
    unpaid_periods: int | None
    task_access: bool | None
    lock_version: int | None
    quote: ReactivationQuote | None
    raw: Json

    @classmethod
    def from_json(cls, document: object) -> Self:
        found = subject(document)
        quote = mapping(pick(found, "reactivation_quote"))
        access = pick(found, "task_access")
        allowed = flag(access)
        if allowed is None and isinstance(access, str):
            allowed = {"allowed": True, "granted": True, "blocked": False, "denied": False}.get(
                access.lower()
            )
        return cls(
            account_id=text(pick(found, "account_id", "saved_account_id")),
            status=text(pick(found, "status")),
            recorded_status=text(pick(found, "recorded_status")),
            period_expired=flag(pick(found, "period_expired")),
            current_period_start=moment(pick(found, "current_period_start")),
            current_period_end=moment(pick(found, "current_period_end")),
            credits_per_period=whole(pick(found, "credits_per_period", "rate", "period_credits")),
            unpaid_periods=whole(pick(found, "unpaid_periods")),
            task_access=allowed,
            lock_version=whole(pick(found, "lock_version")),
            quote=ReactivationQuote(
                credits=whole(pick(quote, "credits")),
                current_period_end=text(pick(quote, "current_period_end")),
                lock_version=whole(pick(quote, "lock_version")),
            )
            if quote
            else None,
            raw=clean(found),
        )


@dataclass(frozen=True, slots=True)
class EditRequestState:
    """The latest wish to change a delivered account's profile."""

    id: str
    account_id: str | None
    status: str | None
    requested_username: str | None
    requested_visible_name: str | None
    requested_biography: str | None
    requested_profile_picture_url: str | None
    requested_link_in_bio: str | None
    created_at: datetime | None
    raw: Json

    @classmethod
    def from_json(cls, document: object) -> Self:
        found = subject(document)
        return cls(
            id=identifier(pick(found, "edit_request_id", "id")),
            account_id=text(pick(found, "account_id", "saved_account_id")),
            status=text(pick(found, "status")),
            requested_username=text(pick(found, "requested_username")),
            requested_visible_name=text(pick(found, "requested_visible_name")),
            requested_biography=text(pick(found, "requested_biography")),
            requested_profile_picture_url=text(pick(found, "requested_profile_picture_url")),
            requested_link_in_bio=text(pick(found, "requested_link_in_bio")),
            created_at=moment(pick(found, "created_at")),
            raw=clean(found),
        )


@dataclass(frozen=True, slots=True)
class BanState:
    """A ban report that the manager or staff validated. `resolution` is None until it is decided."""

    id: str
    account_id: str | None  # the saved account's
    username: str | None
    platform: str | None
    bundle_id: str | None
    order_id: str | None
    status: str | None
    reported_at: datetime | None
    decided_at: datetime | None
    updated_at: datetime | None
    screenshot_url: str | None  # signed, valid 7 days
    resolution: str | None
    reason_code: str | None
    refund_credits: int | None
    resolved_at: datetime | None
    raw: Json

    @classmethod
    def from_json(cls, row: object) -> Self:
        decision = pick(row, "resolution")
        return cls(
            id=identifier(pick(row, "id", "ban_id")),
            account_id=text(pick(row, "account_id", "saved_account_id")),
            username=text(pick(row, "username")),
            platform=text(pick(row, "platform")),
            bundle_id=text(pick(row, "bundle_id")),
            order_id=text(pick(row, "order_id")),
            status=text(pick(row, "status")),
            reported_at=moment(pick(row, "reported_at")),
            decided_at=moment(pick(row, "decided_at")),
            updated_at=moment(pick(row, "updated_at")),
            screenshot_url=text(pick(row, "screenshot_url")),
            resolution=text(decision) or text(pick(decision, "resolution")),
            reason_code=text(pick(decision, "reason_code")),
            refund_credits=whole(pick(decision, "refund_credits")),
            resolved_at=moment(pick(decision, "resolved_at")),
            raw=clean(row),
        )


@dataclass(frozen=True, slots=True)
class RefreshState:
    """Whether fresh figures can be asked for now, and if not, when (UTC)."""

    can_refresh: bool | None
    next_refresh_at: datetime | None
    raw: Json

    @classmethod
    def from_json(cls, document: object) -> Self:
        found = subject(document)
        return cls(
            can_refresh=flag(pick(found, "can_refresh", "allowed")),
            next_refresh_at=moment(pick(found, "next_refresh_at", "next_available_at")),
            raw=clean(found),
        )
