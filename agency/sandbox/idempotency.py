"""Idempotency keys: an answer is stored in one transaction with its effect, and replayed."""

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from werkzeug.wrappers import Request

from . import assumed
from .call import Call
from .errors import ApiError, invalid
from .store import Row, Store


def read_key(request: Request) -> str | None:
    key = request.headers.get("Idempotency-Key")
    if key is None:
        return None
    if not 1 <= len(key) <= assumed.IDEMPOTENCY_KEY_MAX_LENGTH or not key.isascii() or not key.isprintable():
        raise invalid(idempotency_key="must have 1 to 255 printable ASCII characters")
    return key


def digest(call: Call, raw_body: bytes) -> str:
    """What makes two requests the same: JSON by meaning, forms by their fields and file bytes."""
    if call.files or call.form:
        parts = [f"{name}={value}".encode() for name, value in sorted(call.form.items(multi=True))]
        for name, file in sorted(call.files.items(multi=True), key=lambda item: item[0]):
            parts.append(name.encode() + hashlib.sha256(file.stream.read()).digest())
            file.stream.seek(0)
        raw_body = b"\n".join(parts)
    elif call.body is not None:
        raw_body = json.dumps(call.body, sort_keys=True).encode()
    query = json.dumps(sorted(call.args.items(multi=True))).encode()
    return hashlib.sha256(query + b"\0" + raw_body).hexdigest()


class Keys:
    """The store of answers, and which keys are running now."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self._running: set[str] = set()
        self._lock = threading.Lock()

    @contextmanager
    def running(self, scope: str) -> Iterator[None]:
        """Hold a key while its first request runs. Raises IDEMPOTENCY_KEY_IN_PROGRESS."""
        with self._lock:
            if scope in self._running:
                raise ApiError(
                    assumed.IDEMPOTENCY_CONFLICT_STATUS,
                    assumed.IDEMPOTENCY_KEY_IN_PROGRESS,
                    "A request with this key is running",
                )
            self._running.add(scope)
        try:
            yield
        finally:
            with self._lock:
                self._running.discard(scope)

    def stored(self, scope: str, request_digest: str, call: Call) -> Row | None:
        """The answer to replay, if any. Raises IDEMPOTENCY_KEY_CONFLICT when the key was for another body."""
        row = self.store.one("SELECT * FROM idempotency WHERE scope = ?", scope)
        if row is None or row["created_at"] + assumed.IDEMPOTENCY_LIFETIME <= call.now:
            return None
        if row["digest"] != request_digest:
            raise ApiError(
                assumed.IDEMPOTENCY_CONFLICT_STATUS,
                assumed.IDEMPOTENCY_KEY_CONFLICT,
                "This key was used with another request",
            )
        return row

    def keep(
        self, scope: str, request_digest: str, call: Call, status: int, body: str, content_type: str
    ) -> None:
        self.store.run(
            "INSERT OR REPLACE INTO idempotency VALUES (?, ?, ?, ?, ?, ?)",
            scope,
            request_digest,
            status,
            body,
            content_type,
            call.now,
        )

    def forget(self, scope: str | None = None) -> None:
        if scope is None:
            self.store.run("DELETE FROM idempotency")
        else:
            self.store.run("DELETE FROM idempotency WHERE scope = ?", scope)
