"""Video slots ("Videos", "Configure Videos", "CSV Import")."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Self

from ..reading import Json, clean, day, flag, identifier, moment, pick, rows, subject, text, whole
from .answers import RowError


@dataclass(frozen=True, slots=True)
class VideoState:
    """One slot as TokPortal last said it is. ``published`` means handed to the manager, not live.

    Live is ``in_review`` or ``finalized`` with a `platform_url`. The two days are the window in which it is
    posted.
    """

    id: str
    position: int | None
    status: str | None
    video_type: str | None
    description: str | None
    name: str | None
    external_ref: str | None
    target_publish_date: date | None
    target_publish_start_date: date | None
    target_publish_end_date: date | None
    video_url: str | None  # may come back as TokPortal's own copy
    platform_url: str | None
    download_issue: bool | None
    download_issue_comment: str | None
    finalized_at: datetime | None
    created_at: datetime | None
    updated_at: datetime | None
    raw: Json

    @classmethod
    def from_json(cls, row: object) -> Self:
        start = day(pick(row, "target_publish_start_date"))
        stated = day(pick(row, "target_publish_date"))
        return cls(
            id=identifier(pick(row, "video_id", "id")),
            position=whole(pick(row, "position")),
            status=text(pick(row, "status")),
            video_type=text(pick(row, "video_type", "type")),
            description=text(pick(row, "description")),
            name=text(pick(row, "name")),
            external_ref=text(pick(row, "external_ref")),
            target_publish_date=stated or start,
            target_publish_start_date=start or stated,
            target_publish_end_date=day(pick(row, "target_publish_end_date")),
            video_url=text(pick(row, "video_url")),
            platform_url=text(pick(row, "platform_url")),
            download_issue=flag(pick(row, "download_issue")),
            download_issue_comment=text(pick(row, "download_issue_comment")),
            finalized_at=moment(pick(row, "finalized_at")),
            created_at=moment(pick(row, "created_at")),
            updated_at=moment(pick(row, "updated_at")),
            raw=clean(row),
        )


@dataclass(frozen=True, slots=True)
class BatchOutcome:
    """A batch keeps its good rows. Read the slots again afterwards."""

    bundle_id: str | None
    configured: tuple[int, ...]  # positions
    errors: tuple[RowError, ...]

    @classmethod
    def from_json(cls, document: object) -> Self:
        found = subject(document)
        listed = pick(found, "configured", "updated", "results", "videos")
        errors = [RowError.from_json(row) for row in rows(pick(found, "errors") or pick(document, "errors"))]
        positions = []
        for row in listed if isinstance(listed, list) else ():
            position = whole(row) if not isinstance(row, dict) else whole(pick(row, "position"))
            if isinstance(row, dict) and (pick(row, "error") or flag(pick(row, "success")) is False):
                errors.append(RowError.from_json(row))
            elif position is not None:
                positions.append(position)
        return cls(
            bundle_id=text(pick(found, "bundle_id", "id")), configured=tuple(positions), errors=tuple(errors)
        )


@dataclass(frozen=True, slots=True)
class ImportOutcome:
    """An import keeps its good lines."""

    imported: int | None
    skipped: int | None
    errors: tuple[RowError, ...]

    @classmethod
    def from_json(cls, document: object) -> Self:
        found = subject(document)
        return cls(
            imported=whole(pick(found, "imported")),
            skipped=whole(pick(found, "skipped")),
            errors=tuple(RowError.from_json(row) for row in rows(pick(found, "errors"))),
        )
