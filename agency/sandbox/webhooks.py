"""Webhook endpoints, the events written for them, and the delivery log. Sending is in sender.py."""

import ipaddress
import json
import secrets
import time
import uuid
from typing import Any
from urllib.parse import urlsplit

from . import assumed
from .call import Call
from .clock import iso_millis
from .errors import ApiError
from .fields import Fields
from .paging import page_of
from .reference import EVENTS
from .store import Row
from .work import Json, Work

API_VERSION = "2026-05-25"


def emit(work: Work, kind: str, data: Json) -> None:
    """Write an event and a waiting delivery for every endpoint that wants it, in the work's transaction."""
    endpoints = [
        endpoint
        for endpoint in work.store.all("SELECT * FROM webhook_endpoints WHERE enabled")
        if kind in endpoint["events"]
    ]
    if not endpoints or work.dry_run:
        return
    fate = work.faults.webhook_fate(kind)
    if fate.is_lost:
        return
    event_id = write_event(work, kind, data)
    for endpoint in endpoints:
        queue_delivery(work, endpoint, event_id, kind, delay_seconds=fate.delay_seconds, times=fate.times)


def write_event(work: Work, kind: str, data: Json) -> str:
    event_id = f"evt_{uuid.uuid4().hex}"
    body = {
        "id": event_id,
        "type": kind,
        "api_version": API_VERSION,
        "created_at": iso_millis(work.now),
        "data": data,
    }
    work.store.insert("webhook_events", id=event_id, type=kind, body=json.dumps(body), created_at=work.now)
    return event_id


def queue_delivery(
    work: Work, endpoint: Row, event_id: str, kind: str, *, delay_seconds: float | None = 0.0, times: int = 1
) -> str:
    """Write a delivery; `delay_seconds` None leaves it to the caller to send it."""
    delivery_id = str(uuid.uuid4())
    work.store.insert(
        "webhook_deliveries",
        id=delivery_id,
        endpoint_id=endpoint["id"],
        event_id=event_id,
        event_type=kind,
        attempt=0,
        times=times,
        next_try_at=None if delay_seconds is None else time.time() + delay_seconds,
        created_at=work.now,
    )
    return delivery_id


def find_endpoint(work: Work, endpoint_id: str) -> Row:
    endpoint = work.store.one("SELECT * FROM webhook_endpoints WHERE id = ?", endpoint_id)
    if endpoint is None:
        raise ApiError(404, assumed.WEBHOOK_NOT_FOUND, "No webhook endpoint with this id")
    return endpoint


def endpoint_json(endpoint: Row) -> Json:
    """An endpoint as lists and reads show it: without its secret."""
    return {
        "id": endpoint["id"],
        "url": endpoint["url"],
        "events": endpoint["events"],
        "description": endpoint["description"],
        "enabled": endpoint["enabled"],
        "created_at": iso_millis(endpoint["created_at"]),
        "updated_at": iso_millis(endpoint["updated_at"]),
    }


def delivery_json(work: Work, delivery: Row) -> Json:
    payload = work.store.value("SELECT body FROM webhook_events WHERE id = ?", delivery["event_id"])
    return {
        "id": delivery["id"],
        "endpoint_id": delivery["endpoint_id"],
        "event_id": delivery["event_id"],
        "event_type": delivery["event_type"],
        "success": bool(delivery["success"]),
        "response_status": delivery["response_status"],
        "error": delivery["error"],
        "attempt": delivery["attempt"],
        "payload": json.loads(payload),
        "created_at": iso_millis(delivery["created_at"]),
        "delivered_at": iso_millis(delivery["delivered_at"]),
    }


def list_endpoints(call: Call) -> Json:
    where, values = "1 = 1", list[Any]()
    if enabled := call.args.get("enabled"):
        where += " AND enabled = ?"
        values.append(enabled == "true")
    if event := call.args.get("event"):
        where += " AND EXISTS (SELECT 1 FROM json_each(webhook_endpoints.events) WHERE value = ?)"
        values.append(event)
    rows, pagination = page_of(call.store, "webhook_endpoints", where, values, call.args)
    return {"data": [endpoint_json(row) for row in rows], "pagination": pagination}


def create_endpoint(call: Call) -> Json:
    """POST /webhooks: the only answer that holds the signing secret."""
    fields = Fields(call.body)
    url = _read_url(fields, required=True)
    events = _read_events(fields, required=True)
    description = fields.text("description", maximum=500)
    enabled = fields.flag("enabled", default=True)
    fields.check()
    endpoint_id, secret = call.new_id(), f"whsec_{secrets.token_hex(32)}"
    call.store.insert(
        "webhook_endpoints",
        id=endpoint_id,
        url=url,
        events=events,
        description=description,
        enabled=enabled,
        signing_secret=secret,
        created_at=call.now,
        updated_at=call.now,
    )
    return {"data": endpoint_json(find_endpoint(call, endpoint_id)) | {"signing_secret": secret}}


def get_endpoint(call: Call, endpoint_id: str) -> Json:
    return {"data": endpoint_json(find_endpoint(call, endpoint_id))}


def update_endpoint(call: Call, endpoint_id: str) -> Json:
    endpoint = find_endpoint(call, endpoint_id)
    fields = Fields(call.body)
    changes: Json = {}
    if "url" in fields.body:
        changes["url"] = _read_url(fields, required=True)
    if "events" in fields.body:
        changes["events"] = _read_events(fields, required=True)
    if "description" in fields.body:
        changes["description"] = fields.text("description", maximum=500)
    if "enabled" in fields.body:
        changes["enabled"] = fields.flag("enabled")
    fields.check()
    call.store.update("webhook_endpoints", endpoint["id"], **changes, updated_at=call.now)
    return {"data": endpoint_json(find_endpoint(call, endpoint_id))}


def delete_endpoint(call: Call, endpoint_id: str) -> None:
    find_endpoint(call, endpoint_id)
    call.store.run("DELETE FROM webhook_endpoints WHERE id = ?", endpoint_id)
    call.store.run("UPDATE webhook_deliveries SET next_try_at = NULL WHERE endpoint_id = ?", endpoint_id)


def list_deliveries(call: Call, endpoint_id: str) -> Json:
    find_endpoint(call, endpoint_id)
    where, values = "endpoint_id = ?", list[Any]([endpoint_id])
    if event_type := call.args.get("event_type"):
        where += " AND event_type = ?"
        values.append(event_type)
    if success := call.args.get("success"):
        where += " AND coalesce(success, 0) = ?"
        values.append(success == "true")
    rows, pagination = page_of(call.store, "webhook_deliveries", where, values, call.args)
    return {"data": [delivery_json(call, row) for row in rows], "pagination": pagination}


def test_endpoint(call: Call, endpoint_id: str) -> Json:
    """POST …/test: sends a signed webhook.test at once, even to an endpoint that did not subscribe to it."""
    with call.store.transaction():
        endpoint = find_endpoint(call, endpoint_id)
        event_id = write_event(
            call, "webhook.test", {"message": "This is a test event.", "webhook_id": endpoint_id}
        )
        delivery_id = queue_delivery(call, endpoint, event_id, "webhook.test", delay_seconds=None)
    return _send_and_show(call, delivery_id)


def retry_delivery(call: Call, endpoint_id: str, delivery_id: str) -> Json:
    """POST …/retry: the stored payload to the current URL, with a fresh signature and the same event id."""
    find_endpoint(call, endpoint_id)
    known = call.store.value(
        "SELECT 1 FROM webhook_deliveries WHERE id = ? AND endpoint_id = ?", delivery_id, endpoint_id
    )
    if not known:
        raise ApiError(404, assumed.WEBHOOK_DELIVERY_NOT_FOUND, "No delivery with this id")
    return _send_and_show(call, delivery_id)


def _send_and_show(call: Call, delivery_id: str) -> Json:
    if not call.dry_run:
        call.sender.send(delivery_id, call.now)
    delivery = call.store.one("SELECT * FROM webhook_deliveries WHERE id = ?", delivery_id)
    return {"data": delivery_json(call, delivery or {})}


def _read_url(fields: Fields, *, required: bool) -> str | None:
    """https, or plain http on this machine only."""
    url = fields.url("url", required=required)
    if url and urlsplit(url).scheme != "https" and not _is_loopback(urlsplit(url).hostname or ""):
        fields.refuse("url", "must use https")
    return url


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _read_events(fields: Fields, *, required: bool) -> list[str] | None:
    events = fields.texts("events", minimum=1, maximum=len(EVENTS), required=required)
    if unknown := [event for event in events or [] if event not in EVENTS]:
        fields.refuse("events", f"does not know {', '.join(unknown)}")
    return events
