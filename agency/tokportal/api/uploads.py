"""Media: through TokPortal's server, or straight to its storage by a presigned address."""

from typing import IO

from ..redaction import Secret
from ..results import Answer, PresignedUpload, UploadState
from .calls import Calls, Key


class Uploads(Calls):
    def upload_video_direct(
        self,
        bundle_id: str,
        *,
        filename: str,
        content: bytes | IO[bytes],
        content_type: str = "video/mp4",
        key: Key = None,
        dry_run: bool = False,
    ) -> Answer[UploadState]:
        """POST /upload/video/direct. Use `public_url` for the slot."""
        return self._change(
            "uploadVideoDirect",
            "POST",
            "/upload/video/direct",
            UploadState.from_json,
            fields={"bundle_id": bundle_id},
            files={"file": (filename, content, content_type)},
            key=key,
            dry_run=dry_run,
        )

    def upload_image_direct(
        self,
        bundle_id: str,
        *,
        filename: str,
        content: bytes | IO[bytes],
        content_type: str = "image/jpeg",
        purpose: str = "carousel",
        key: Key = None,
        dry_run: bool = False,
    ) -> Answer[UploadState]:
        """POST /upload/image/direct, purpose carousel or profile_picture. Use `storage_path`."""
        return self._change(
            "uploadImageDirect",
            "POST",
            "/upload/image/direct",
            UploadState.from_json,
            fields={"bundle_id": bundle_id, "purpose": purpose},
            files={"file": (filename, content, content_type)},
            key=key,
            dry_run=dry_run,
        )

    def upload_image_from_url(
        self, bundle_id: str, *, url: str, purpose: str = "carousel", key: Key = None, dry_run: bool = False
    ) -> Answer[UploadState]:
        """POST /upload/image/from-url: TokPortal fetches a JPEG, PNG, WebP or GIF. Use `storage_path`."""
        return self._change(
            "uploadImageFromUrl",
            "POST",
            "/upload/image/from-url",
            UploadState.from_json,
            body={"url": url, "bundle_id": bundle_id, "purpose": purpose},
            key=key,
            dry_run=dry_run,
        )

    def presign_video(
        self,
        bundle_id: str,
        *,
        filename: str,
        content_type: str | None = None,
        key: Key = None,
        dry_run: bool = False,
    ) -> Answer[PresignedUpload]:
        """POST /upload/video. Takes no key (ValueError); the address is a secret and never in `raw`."""
        body = {"filename": filename, "bundle_id": bundle_id, "content_type": content_type}
        return self._change(
            "uploadVideo",
            "POST",
            "/upload/video",
            PresignedUpload.from_json,
            body={name: value for name, value in body.items() if value is not None},
            key=key,
            dry_run=dry_run,
            takes_key=False,
        )

    def presign_image(
        self,
        bundle_id: str,
        *,
        filename: str,
        content_type: str,
        purpose: str = "carousel",
        key: Key = None,
        dry_run: bool = False,
    ) -> Answer[PresignedUpload]:
        """POST /upload/image. Takes no key (ValueError); the address is a secret and never in `raw`."""
        return self._change(
            "uploadImage",
            "POST",
            "/upload/image",
            PresignedUpload.from_json,
            body={
                "filename": filename,
                "bundle_id": bundle_id,
                "content_type": content_type,
                "purpose": purpose,
            },
            key=key,
            dry_run=dry_run,
            takes_key=False,
        )

    def put_presigned(
        self, upload_url: Secret | str, *, content: bytes | IO[bytes], content_type: str
    ) -> None:
        """PUT the bytes to a presigned address, with the same content type. The API key stays here."""
        self._transport.put(upload_url, content=content, content_type=content_type)
