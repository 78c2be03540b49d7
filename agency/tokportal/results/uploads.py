"""Uploaded media ("Media Upload")."""

from dataclasses import dataclass
from typing import Self

from ..reading import Json, clean, pick, subject, text, whole
from ..redaction import Secret


@dataclass(frozen=True, slots=True)
class UploadState:
    """Use `public_url` for a slot's video_url, `storage_path` for carousel images and profile pictures."""

    public_url: str | None
    storage_path: str | None  # images only
    filename: str | None
    size_bytes: int | None
    content_type: str | None
    raw: Json

    @classmethod
    def from_json(cls, document: object) -> Self:
        found = subject(document)
        return cls(
            public_url=text(pick(found, "public_url", "url")),
            storage_path=text(pick(found, "storage_path", "path")),
            filename=text(pick(found, "filename")),
            size_bytes=whole(pick(found, "size_bytes", "size")),
            content_type=text(pick(found, "content_type")),
            raw=clean(found),
        )


@dataclass(frozen=True, slots=True)
class PresignedUpload:
    """Where to put the bytes, with the same content type, and where they will be found. Never store
    `upload_url`.
    """

    upload_url: Secret
    public_url: str | None
    storage_path: str | None
    expires_in_seconds: int | None
    raw: Json

    @classmethod
    def from_json(cls, document: object) -> Self:
        found = subject(document)
        return cls(
            upload_url=Secret(text(pick(found, "upload_url", "signed_url")) or ""),
            public_url=text(pick(found, "public_url")),
            storage_path=text(pick(found, "storage_path")),
            expires_in_seconds=whole(pick(found, "expires_in")),
            raw=clean(found),
        )
