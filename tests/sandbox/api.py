"""A plain caller of the sandbox's API, and a receiver of its webhooks, as tests use them."""

import json
import threading
import time
import uuid
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx

from tests.sandbox_process import Sandbox

PROFILE = {
    "username": "acme_us",
    "visible_name": "Acme",
    "biography": "New launches weekly.",
    "profile_picture_url": "https://cdn.example.com/acme/profile.jpg",
}


class Api(httpx.Client):
    """Speaks to one sandbox with its key; the helpers bring a bundle to a stage and insist on success."""

    def __init__(self, sandbox: Sandbox, key: str | None = None) -> None:
        super().__init__(base_url=sandbox.url, headers={"X-API-Key": key or sandbox.key}, timeout=20)
        self.sandbox = sandbox

    def today(self) -> date:
        return self.sandbox.now().date()

    def day(self, ahead: int) -> str:
        return (self.today() + timedelta(days=ahead)).isoformat()

    def done(self, method: str, url: str, body: Any = None, **options: Any) -> Any:
        """The JSON of a call that must succeed."""
        answer = self.request(method, url, json=body, **options)
        assert answer.is_success, f"{method} {url} {body} → {answer.status_code} {answer.text}"
        return answer.json() if answer.content else None

    def refused(
        self, method: str, url: str, body: Any = None, **options: Any
    ) -> tuple[int, str, dict[str, Any]]:
        """(status, code, details) of a call that must be refused."""
        answer = self.request(method, url, json=body, **options)
        assert answer.is_error, f"{method} {url} {body} → {answer.status_code} {answer.text}"
        error = answer.json()["error"]
        return answer.status_code, error["code"], error["details"]

    def balance(self) -> int:
        return int(self.done("GET", "/credits/balance")["data"]["total_credits"])

    def bundle(self, bundle_id: str) -> dict[str, Any]:
        return dict(self.done("GET", f"/bundles/{bundle_id}")["data"])

    def video(self, bundle_id: str, position: int = 1) -> dict[str, Any]:
        return dict(self.done("GET", f"/bundles/{bundle_id}/videos/{position}")["data"])

    def order(self, **fields: Any) -> str:
        """A new bundle's id."""
        return str(self.done("POST", "/bundles", order_body(**fields))["data"]["bundle_id"])

    def configure_account(self, bundle_id: str, **fields: Any) -> None:
        self.done("PUT", f"/bundles/{bundle_id}/account", PROFILE | fields)

    def configure_video(self, bundle_id: str, position: int = 1, *, ahead: int = 4, **fields: Any) -> Any:
        return self.done(
            "PUT", f"/bundles/{bundle_id}/videos/{position}", video_body(self.day(ahead), **fields)
        )

    def published(self, **fields: Any) -> str:
        """A published bundle whose slots are all configured."""
        bundle_id = self.order(**fields)
        self.configure_account(bundle_id)
        slots = self.bundle(bundle_id)["videos_quantity"]
        for position in range(1, slots + 1):
            self.configure_video(bundle_id, position, ahead=4 + (position - 1) // 3)
        self.done("POST", f"/bundles/{bundle_id}/publish")
        return bundle_id

    def delivered(self, **fields: Any) -> tuple[str, str]:
        """A bundle whose account is finalized, and the account's id."""
        bundle_id = self.published(**fields)
        self.sandbox.manager("accept", bundle_id=bundle_id)
        account_id = self.sandbox.manager("submit_account", bundle_id=bundle_id)["saved_account_id"]
        self.done("POST", f"/bundles/{bundle_id}/account/finalize")
        return bundle_id, str(account_id)


def order_body(**fields: Any) -> dict[str, Any]:
    body = {
        "bundle_type": "account_and_videos",
        "platform": "tiktok",
        "country": "USA",
        "videos_quantity": 1,
        "external_ref": f"test-{uuid.uuid4().hex[:10]}",
    } | fields
    return {name: value for name, value in body.items() if value is not None}


def video_body(day: str, **fields: Any) -> dict[str, Any]:
    body = {
        "video_type": "video",
        "description": "Acme launch clip",
        "target_publish_date": day,
        "video_url": "https://cdn.example.com/acme/clip.mp4",
    } | fields
    return {name: value for name, value in body.items() if value is not None}


class Receiver:
    """An HTTP endpoint on loopback that keeps every webhook it gets."""

    def __init__(self) -> None:
        self.received: list[tuple[dict[str, str], bytes]] = []
        self.status = 204
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.received.append((dict(self.headers), body))
                self.send_response(receiver.status)
                self.end_headers()

            def log_message(self, format: str, *args: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/hooks/tokportal"
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(body) for _, body in self.received]

    def types(self) -> list[str]:
        return [event["type"] for event in self.events()]

    def wait_for(self, number: int, seconds: float = 8) -> None:
        until = time.monotonic() + seconds
        while len(self.received) < number:
            assert time.monotonic() < until, f"{len(self.received)} of {number} webhooks came"
            time.sleep(0.02)
