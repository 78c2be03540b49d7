"""Sends webhook deliveries: signed, logged, tried again on the documented rhythm, all on machine time."""

import hashlib
import hmac
import http.client
import threading
import time
import traceback
from datetime import datetime
from urllib.parse import urlsplit

from . import assumed
from .clock import Clock
from .store import Row, Store
from .work import Settings

IDLE_SECONDS = 5.0


def signature(secret: str, body: bytes, at: int) -> str:
    """The TokPortal-Signature header: HMAC-SHA256 of `{t}.{raw body}`."""
    digest = hmac.new(secret.encode(), str(at).encode() + b"." + body, hashlib.sha256).hexdigest()
    return f"t={at},v1={digest}"


class Sender:
    """One thread that delivers what is due, in the order in which it became due."""

    def __init__(self, store: Store, clock: Clock, settings: Settings) -> None:
        self.store = store
        self.clock = clock
        self.settings = settings
        self._bell = threading.Event()
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name="webhooks", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._is_stopping = True
        self._bell.set()
        self._thread.join(timeout=2)

    def ring(self) -> None:
        """Something was written that may be due."""
        self._bell.set()

    def _run(self) -> None:
        while not self._is_stopping:
            due = self.store.one(
                "SELECT id, next_try_at FROM webhook_deliveries WHERE next_try_at IS NOT NULL "
                "ORDER BY next_try_at, seq LIMIT 1"
            )
            wait = IDLE_SECONDS if due is None else min(due["next_try_at"] - time.time(), IDLE_SECONDS)
            if wait > 0:
                self._bell.wait(wait)
                self._bell.clear()
            elif due:
                self._send_or_give_up(due["id"])

    def _send_or_give_up(self, delivery_id: str) -> None:
        """A failure of the sandbox itself costs one delivery, not the thread."""
        try:
            self.send(delivery_id, self.clock.now())
        except Exception:
            if self._is_stopping:
                return
            traceback.print_exc()
            self.store.run("UPDATE webhook_deliveries SET next_try_at = NULL WHERE id = ?", delivery_id)

    def send(self, delivery_id: str, now: datetime) -> None:
        """Try a delivery once (twice when it is to be doubled) and write down what came of it."""
        delivery = self.store.one("SELECT * FROM webhook_deliveries WHERE id = ?", delivery_id)
        if delivery is None:
            return
        endpoint = self.store.one("SELECT * FROM webhook_endpoints WHERE id = ?", delivery["endpoint_id"])
        if endpoint is None or not endpoint["enabled"]:
            self.store.run("UPDATE webhook_deliveries SET next_try_at = NULL WHERE id = ?", delivery_id)
            return
        body = self.store.value("SELECT body FROM webhook_events WHERE id = ?", delivery["event_id"])
        status, error = None, None
        for _ in range(delivery["times"]):
            status, error = self._post(endpoint, delivery, body.encode())
        is_success = status is not None and 200 <= status < 300
        attempt = delivery["attempt"] + 1
        pauses = self.settings.webhook_retry_seconds
        is_retried = not is_success and attempt <= len(pauses)
        self.store.update(
            "webhook_deliveries",
            delivery_id,
            success=is_success,
            response_status=status,
            error=error,
            attempt=attempt,
            next_try_at=time.time() + pauses[attempt - 1] if is_retried else None,
            delivered_at=now if is_success else None,
        )

    def _post(self, endpoint: Row, delivery: Row, body: bytes) -> tuple[int | None, str | None]:
        """POST the body; returns the status and, without one or with a failure, what went wrong."""
        url = urlsplit(endpoint["url"])
        kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
        connection = kind(url.hostname or "", url.port, timeout=assumed.WEBHOOK_TIMEOUT_SECONDS)
        target = f"{url.path or '/'}?{url.query}" if url.query else url.path or "/"
        headers = {
            "Content-Type": "application/json",
            "User-Agent": "TokPortal-Webhooks/1.0",
            "TokPortal-Event-Id": delivery["event_id"],
            "TokPortal-Event-Type": delivery["event_type"],
            "TokPortal-Signature": signature(endpoint["signing_secret"], body, int(time.time())),
        }
        try:
            connection.request("POST", target, body=body, headers=headers)
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException) as failure:
            return None, f"{type(failure).__name__}: {failure}"
        finally:
            connection.close()
        return status, None if 200 <= status < 300 else f"HTTP {status}"
