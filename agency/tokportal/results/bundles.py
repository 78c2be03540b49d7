"""Bundles, their listings and their publication ("Bundles", "Create Bundle", "Account Configuration")."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Self

from ..errors import Blocker
from ..reading import (
    Json,
    clean,
    day,
    flag,
    identifier,
    mapping,
    moment,
    normalise_country,
    pick,
    rows,
    subject,
    text,
    texts,
    whole,
)


@dataclass(frozen=True, slots=True)
class BundleState:
    """One order as TokPortal last said it is. Statuses are verbatim, also unknown ones; times are UTC.

    Answers to changes are partial: what they don't name is None. Read the bundle again before showing it.
    """

    id: str
    bundle_type: str | None
    title: str | None
    platform: str | None
    country: str | None  # canonical: USA, UK, FR
    country_raw: str | None
    status: str | None
    external_ref: str | None
    videos_quantity: int | None
    edits_quantity: int | None
    auto_finalize_videos: bool | None
    account_status: str | None
    saved_account_id: str | None  # None before the manager submits the account; changes on every remake
    username: str | None
    account: Json
    created_at: datetime | None
    updated_at: datetime | None
    published_at: datetime | None
    raw: Json

    @classmethod
    def from_json(cls, row: object) -> Self:
        account, options = pick(row, "account"), pick(row, "options")
        country = text(pick(row, "country"))
        auto = flag(pick(row, "auto_finalize_videos"))
        if auto is None:
            auto = flag(pick(options, "auto_finalize_videos"))
        if auto is None:
            auto = {"auto": True, "manual": False}.get(text(pick(row, "review_mode")) or "")
        return cls(
            id=identifier(pick(row, "bundle_id", "id")),
            bundle_type=text(pick(row, "bundle_type", "type")),
            title=text(pick(row, "title")),
            platform=text(pick(row, "platform")),
            country=normalise_country(country) or None,
            country_raw=country,
            status=text(pick(row, "status")),
            external_ref=text(pick(row, "external_ref")),
            videos_quantity=whole(pick(row, "videos_quantity")),
            edits_quantity=whole(pick(row, "edits_quantity")),
            auto_finalize_videos=auto,
            account_status=text(pick(row, "account_status") or pick(account, "status")),
            saved_account_id=text(pick(row, "saved_account_id") or pick(account, "saved_account_id")),
            username=text(pick(row, "username") or pick(account, "username")),
            account=clean(account),
            created_at=moment(pick(row, "created_at")),
            updated_at=moment(pick(row, "updated_at")),
            published_at=moment(pick(row, "published_at")),
            raw=clean(row),
        )


@dataclass(frozen=True, slots=True)
class BulkOutcome:
    """The bundles of one bulk order. When empty, look for the batch's external_ref: the order may still
    have worked.
    """

    bundles: tuple[BundleState, ...]
    total_created: int | None

    @classmethod
    def from_json(cls, document: object) -> Self:
        names = ("bundles", "created", "bundle_ids", "ids")
        inner = pick(document, "data")
        if not isinstance(inner, list):
            inner = pick(inner, *names) or pick(document, *names)
        listed = inner if isinstance(inner, list) else []
        found = (BundleState.from_json(row if isinstance(row, dict) else {"id": row}) for row in listed)
        bundles = tuple(bundle for bundle in found if bundle.id)
        stated = whole(pick(subject(document), "total_created", "created_count", "total"))
        return cls(bundles=bundles, total_created=stated if stated is not None else len(bundles) or None)


@dataclass(frozen=True, slots=True)
class Readiness:
    """Whether a bundle can be published, and what is in the way."""

    ready: bool
    blockers: tuple[Blocker, ...]
    raw: Json

    @classmethod
    def from_json(cls, document: object) -> Self:
        found = subject(document)
        listed = pick(found, "blockers")
        blockers = tuple(Blocker.from_json(row) for row in (listed if isinstance(listed, list) else ()))
        ready = flag(pick(found, "ready", "is_ready", "can_publish"))
        # Without either, nothing says that it is ready.
        return cls(
            ready=ready if ready is not None else isinstance(listed, list) and not blockers,
            blockers=blockers,
            raw=clean(found),
        )


@dataclass(frozen=True, slots=True)
class AdjustedVideo:
    """A day that the server moved because it no longer cleared the lead time."""

    video_id: str | None
    position: int | None
    previous_date: date | None
    new_date: date | None

    @classmethod
    def from_json(cls, row: object) -> Self:
        return cls(
            video_id=text(pick(row, "video_id", "id")),
            position=whole(pick(row, "position")),
            previous_date=day(pick(row, "previous_date", "original_date", "old_date")),
            new_date=day(pick(row, "new_date", "target_publish_date", "adjusted_date")),
        )


@dataclass(frozen=True, slots=True)
class PublishOutcome:
    """What a publication did, of a bundle, of one slot or of all of them. Store the dates it returns."""

    bundle_id: str | None
    video_id: str | None
    position: int | None
    status: str | None
    published_at: datetime | None
    videos_published: int | None
    video_ids: tuple[str, ...]
    adjusted_videos: tuple[AdjustedVideo, ...]
    note: str | None

    @classmethod
    def from_json(cls, document: object) -> Self:
        found = subject(document)
        position, video_id = whole(pick(found, "position")), text(pick(found, "video_id"))
        adjusted = tuple(
            AdjustedVideo.from_json(row)
            for row in rows(pick(found, "adjusted_videos") or pick(document, "adjusted_videos"))
        )
        if not adjusted and flag(pick(found, "date_adjusted")):
            adjusted = (AdjustedVideo.from_json(found),)
        ids = texts(pick(found, "video_ids"))
        published = whole(pick(found, "videos_published"))
        return cls(
            bundle_id=text(pick(found, "bundle_id") or (None if video_id else pick(found, "id"))),
            video_id=video_id,
            position=position,
            status=text(pick(found, "status")),
            published_at=moment(pick(found, "published_at")),
            videos_published=published if published is not None else len(ids) or None,
            video_ids=ids,
            adjusted_videos=adjusted,
            note=text(
                pick(found, "adjusted_videos_note", "hint", "note")
                or pick(document, "adjusted_videos_note", "hint")
            ),
        )


@dataclass(frozen=True, slots=True)
class ListingState:
    """The account that a bundle asks for, and its review. `id` is the listing's, '' where the answer has
    none.
    """

    id: str
    status: str | None
    username: str | None
    visible_name: str | None
    biography: str | None
    profile_picture_url: str | None  # a storage path or an address
    link_in_bio: str | None
    saved_account_id: str | None
    corrections: dict[str, str]  # field → what the reviewer wrote; '' = the account as a whole
    advanced_warming: Json  # status, terms_total, terms_verified, terms_configured, …; empty when not bought
    raw: Json

    @classmethod
    def from_json(cls, document: object) -> Self:
        found = subject(document)
        # An answer to a change nests the listing; the id beside it is the bundle's.
        nested = mapping(pick(found, "account", "listing"))
        listing = nested or found
        listing_id = pick(listing, "account_id", "listing_id", "id")
        return cls(
            id=identifier(listing_id),
            status=text(pick(listing, "status", "account_status")),
            username=text(pick(listing, "username")),
            visible_name=text(pick(listing, "visible_name")),
            biography=text(pick(listing, "biography")),
            profile_picture_url=text(pick(listing, "profile_picture_url", "profile_picture")),
            link_in_bio=text(pick(listing, "link_in_bio")),
            saved_account_id=text(pick(listing, "saved_account_id") or pick(found, "saved_account_id")),
            corrections=_corrections(listing),
            advanced_warming=clean(pick(listing, "advanced_warming") or pick(found, "advanced_warming")),
            raw=clean(found),
        )


def _corrections(listing: Json) -> dict[str, str]:
    stated = pick(listing, "corrections", "correction_comments", "correction", "correction_fields")
    found: dict[str, str] = {}
    for row in rows(stated) if isinstance(stated, list) else ():
        comment = text(pick(row, "comment", "feedback", "message"))
        if comment:
            found[identifier(pick(row, "field"))] = comment
    by_field = mapping(stated)
    for field, feedback in {**by_field, **mapping(pick(by_field, "fields"))}.items():
        if isinstance(feedback, str) and feedback:
            found["" if field == "comment" else field] = feedback
    overall = text(pick(listing, "correction_comment", "corrections_comment"))
    overall = overall or (stated if isinstance(stated, str) else None)
    return {**found, "": overall} if overall else found
