"""Media: direct and presigned uploads, and the bytes served back."""

import http.client
import mimetypes
import secrets
import uuid
from datetime import timedelta
from pathlib import PurePosixPath
from urllib.parse import urlsplit

from werkzeug.datastructures import FileStorage
from werkzeug.wrappers import Request, Response

from . import assumed
from .bundles import find_bundle
from .call import Call
from .clock import Clock
from .errors import ApiError, invalid
from .fields import Fields
from .store import Store
from .work import Json, Work

IMAGE_TYPES = ("image/jpeg", "image/png", "image/webp", "image/gif")
PURPOSES = {"carousel": "carousel-images", "profile_picture": "profile-pictures"}
ORGANISATION = "org_1"
FETCH_TIMEOUT_SECONDS = 20


def save_media(work: Work, storage_path: str, content: bytes, content_type: str) -> None:
    """Keep bytes under a storage path. The file is complete before its row names it."""
    file_name = uuid.uuid4().hex
    (work.store.media_folder / file_name).write_bytes(content)
    work.store.insert(
        "media",
        storage_path=storage_path,
        file_name=file_name,
        content_type=content_type,
        size_bytes=len(content),
        max_bytes=len(content),
        created_at=work.now,
    )


def _storage_path(folder: str, bundle_id: str, filename: str) -> str:
    return f"{folder}/{ORGANISATION}/{bundle_id}/{uuid.uuid4().hex[:12]}-{PurePosixPath(filename).name}"


def _public_url(call: Call, storage_path: str) -> str:
    return f"{call.settings.media_url}/{storage_path}"


def _stored_json(call: Call, storage_path: str, filename: str, content: bytes, content_type: str) -> Json:
    return {
        "data": {
            "public_url": _public_url(call, storage_path),
            "storage_path": storage_path,
            "filename": filename,
            "size_bytes": len(content),
            "content_type": content_type,
        }
    }


# Direct


def _form_file(call: Call, limit: int) -> tuple[FileStorage, bytes, str]:
    """The file, its bytes and the bundle of a multipart upload."""
    file, bundle_id = call.files.get("file"), call.form.get("bundle_id")
    if file is None or not file.filename:
        raise invalid(file="is required")
    if not bundle_id:
        raise invalid(bundle_id="is required")
    find_bundle(call, bundle_id)
    content = file.read()
    _check_size(len(content), limit)
    return file, content, bundle_id


def _check_size(size: int, limit: int) -> None:
    if size > limit:
        raise ApiError(
            413, assumed.UPLOAD_TOO_LARGE, f"The file is larger than {limit} bytes", max_bytes=limit
        )
    if not size:
        raise invalid(file="must not be empty")


def _keep(call: Call, storage_path: str, filename: str, content: bytes, content_type: str) -> Json:
    if not call.dry_run:
        with call.store.transaction():
            save_media(call, storage_path, content, content_type)
    return _stored_json(call, storage_path, filename, content, content_type)


def upload_video(call: Call) -> Json:
    file, content, bundle_id = _form_file(call, assumed.MAX_VIDEO_BYTES)
    content_type = _content_type(file.mimetype, file.filename or "")
    if not content_type.startswith("video/"):
        raise invalid(file="must be a video")
    return _keep(
        call,
        _storage_path("videos", bundle_id, file.filename or ""),
        file.filename or "",
        content,
        content_type,
    )


def upload_image(call: Call) -> Json:
    file, content, bundle_id = _form_file(call, assumed.MAX_IMAGE_BYTES)
    folder = _folder(call.form.get("purpose", "carousel"))
    content_type = _image_type(file.mimetype, file.filename or "")
    return _keep(
        call,
        _storage_path(folder, bundle_id, file.filename or ""),
        file.filename or "",
        content,
        content_type,
    )


def image_from_url(call: Call) -> Json:
    """POST /upload/image/from-url: fetched once and kept."""
    fields = Fields(call.body)
    url = fields.url("url", required=True) or ""
    bundle_id = fields.text("bundle_id", required=True) or ""
    purpose = fields.choice("purpose", tuple(PURPOSES)) or "carousel"
    fields.check()
    find_bundle(call, bundle_id)
    content, given_type = _fetch(url)
    _check_size(len(content), assumed.MAX_IMAGE_BYTES)
    filename = PurePosixPath(urlsplit(url).path).name or "image"
    content_type = _image_type(given_type, filename)
    return _keep(call, _storage_path(PURPOSES[purpose], bundle_id, filename), filename, content, content_type)


def _fetch(url: str) -> tuple[bytes, str]:
    parts = urlsplit(url)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(parts.hostname or "", parts.port, timeout=FETCH_TIMEOUT_SECONDS)
    try:
        connection.request("GET", f"{parts.path or '/'}{'?' + parts.query if parts.query else ''}")
        response = connection.getresponse()
        content = response.read(assumed.MAX_IMAGE_BYTES + 1)
    except (OSError, http.client.HTTPException) as failure:
        raise invalid(url=f"could not be fetched: {type(failure).__name__}") from None
    finally:
        connection.close()
    if response.status != 200:
        raise invalid(url=f"could not be fetched: HTTP {response.status}")
    return content, (response.getheader("Content-Type") or "").partition(";")[0]


def _content_type(given: str, filename: str) -> str:
    if given and given != "application/octet-stream":
        return given
    return mimetypes.guess_type(filename)[0] or "application/octet-stream"


def _image_type(given: str, filename: str) -> str:
    content_type = _content_type(given, filename)
    if content_type not in IMAGE_TYPES:
        raise invalid(file="must be a JPEG, PNG, WebP or GIF image")
    return content_type


def _folder(purpose: str) -> str:
    if purpose not in PURPOSES:
        raise invalid(purpose=f"must be one of {', '.join(PURPOSES)}")
    return PURPOSES[purpose]


# Presigned


def presign_video(call: Call) -> Json:
    fields = Fields(call.body)
    filename = fields.text("filename", required=True) or ""
    content_type = fields.text("content_type")
    bundle_id = fields.text("bundle_id", required=True) or ""
    fields.check()
    find_bundle(call, bundle_id)
    storage_path = _storage_path("videos", bundle_id, filename)
    answer = _presign(
        call, storage_path, _content_type(content_type or "", filename), assumed.MAX_VIDEO_BYTES
    )
    return {"data": answer}


def presign_image(call: Call) -> Json:
    fields = Fields(call.body)
    filename = fields.text("filename", required=True) or ""
    content_type = fields.choice("content_type", IMAGE_TYPES, required=True) or ""
    bundle_id = fields.text("bundle_id", required=True) or ""
    purpose = fields.choice("purpose", tuple(PURPOSES)) or "carousel"
    fields.check()
    find_bundle(call, bundle_id)
    storage_path = _storage_path(PURPOSES[purpose], bundle_id, filename)
    answer = _presign(call, storage_path, content_type, assumed.MAX_IMAGE_BYTES)
    return {"data": answer | {"storage_path": storage_path}}


def _presign(call: Call, storage_path: str, content_type: str, limit: int) -> Json:
    token = secrets.token_urlsafe(24)
    call.store.insert(
        "media",
        storage_path=storage_path,
        file_name=uuid.uuid4().hex,
        content_type=content_type,
        upload_token=token,
        max_bytes=limit,
        created_at=call.now,
    )
    return {
        "upload_url": f"{call.settings.media_url}/upload/{token}",
        "public_url": _public_url(call, storage_path),
        "expires_in": assumed.PRESIGNED_LIFETIME_SECONDS,
    }


class Media:
    """Answers /media: bytes out by storage path, bytes in by the token of a presigned URL."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self.store = store
        self.clock = clock

    def respond(self, request: Request) -> Response:
        path = request.path.removeprefix("/media/")
        if request.method == "PUT" and path.startswith("upload/"):
            return self._receive(request, path.removeprefix("upload/"))
        if request.method not in ("GET", "HEAD"):
            return Response(status=405)
        row = self.store.one("SELECT * FROM media WHERE storage_path = ? AND size_bytes IS NOT NULL", path)
        if row is None:
            return Response("Not found", 404)
        content = (self.store.media_folder / row["file_name"]).read_bytes()
        return Response(content, content_type=row["content_type"])

    def _receive(self, request: Request, token: str) -> Response:
        row = self.store.one("SELECT * FROM media WHERE upload_token = ?", token)
        if row is None:
            return Response("Unknown upload URL", 403)
        if row["created_at"] + timedelta(seconds=assumed.PRESIGNED_LIFETIME_SECONDS) < self.clock.now():
            return Response("This upload URL has expired", 403)
        if request.mimetype and request.mimetype != row["content_type"].partition(";")[0]:
            return Response("The Content-Type is not the one that was signed", 403)
        content = request.get_data()
        if not 0 < len(content) <= row["max_bytes"]:
            return Response("The file is empty or too large", 413)
        (self.store.media_folder / row["file_name"]).write_bytes(content)
        self.store.run("UPDATE media SET size_bytes = ? WHERE upload_token = ?", len(content), token)
        return Response(status=200)
