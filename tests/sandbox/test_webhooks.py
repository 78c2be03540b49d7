import hashlib
import hmac
import json
import time

import pytest

from tests.sandbox.api import Api, Receiver

ALL_BUNDLES = ["bundle.created", "bundle.published"]


def subscribe(api: Api, receiver: Receiver, events: list[str] | None = None) -> tuple[str, str]:
    """The endpoint's id and signing secret."""
    body = {"url": receiver.url, "events": events or ALL_BUNDLES, "description": "Tests"}
    data = api.done("POST", "/webhooks", body)["data"]
    return data["id"], data["signing_secret"]


def assert_signed(headers: dict[str, str], body: bytes, secret: str) -> None:
    parts = dict(part.split("=", 1) for part in headers["TokPortal-Signature"].split(","))
    expected = hmac.new(secret.encode(), f"{parts['t']}.".encode() + body, hashlib.sha256).hexdigest()
    assert parts["v1"] == expected
    assert abs(time.time() - int(parts["t"])) < 60


def test_the_catalogue_is_public_and_has_34_events(api: Api) -> None:
    answer = api.get("/webhooks/events", headers={"X-API-Key": ""})
    events = [event["type"] for event in answer.json()["data"]["events"]]
    assert (answer.status_code, len(events)) == (200, 34)
    assert {"bundle.created", "credits.restored", "webhook.test"} <= set(events)


def test_the_secret_is_shown_once(own: Api, receiver: Receiver) -> None:
    endpoint_id, secret = subscribe(own, receiver)
    assert secret
    for answer in (own.get("/webhooks"), own.get(f"/webhooks/{endpoint_id}")):
        assert secret not in answer.text


def test_a_delivery_is_signed_over_its_raw_body_with_machine_time(own: Api, receiver: Receiver) -> None:
    own.sandbox.control.post("/clock", json={"now": "2030-01-01T00:00:00Z"})
    _, secret = subscribe(own, receiver)
    bundle_id = own.order(external_ref="acme-1")
    receiver.wait_for(1)
    headers, body = receiver.received[0]
    assert_signed(headers, body, secret)
    event = json.loads(body)
    assert headers["TokPortal-Event-Id"] == event["id"]
    assert headers["TokPortal-Event-Type"] == event["type"] == "bundle.created"
    assert event["api_version"] == "2026-05-25"
    assert event["created_at"].startswith("2030-01-01T00:00")
    assert event["data"] == {
        "bundle_id": bundle_id,
        "external_ref": "acme-1",
        "status": "pending_setup",
        "platform": "tiktok",
        "bundle_type": "account_and_videos",
    }


def test_the_whole_way_of_a_bundle_is_announced(own: Api, receiver: Receiver) -> None:
    kinds = [e["type"] for e in own.done("GET", "/webhooks/events")["data"]["events"]]
    subscribe(own, receiver, kinds)
    bundle_id, account_id = own.delivered(auto_finalize_videos=False)
    own.sandbox.manager("post_video", bundle_id=bundle_id, position=1)
    own.done("POST", f"/bundles/{bundle_id}/videos/1/finalize")
    receiver.wait_for(10)
    assert receiver.types() == [
        "bundle.created",
        "account.configured",
        "video.configured",
        "bundle.published",
        "account.published",
        "video.published",
        "account.in_review",
        "account.finalized",
        "video.in_review",
        "video.finalized",
    ]
    in_review = receiver.events()[6]["data"]
    assert (in_review["saved_account_id"], in_review["previous_status"]) == (account_id, "published")
    live = receiver.events()[8]["data"]
    assert (live["position"], live["bundle_id"]) == (1, bundle_id)
    assert live["platform_url"]


def test_a_failed_delivery_is_logged_and_tried_again(own: Api, receiver: Receiver) -> None:
    own.sandbox.control.post("/faults", json={"webhook_retry_seconds": [0.2, 0.2]})
    endpoint_id, secret = subscribe(own, receiver)
    receiver.status = 503
    own.order()
    receiver.wait_for(1)
    receiver.status = 200
    receiver.wait_for(2)
    url = f"/webhooks/{endpoint_id}/deliveries"
    own.sandbox.wait_until(lambda: own.done("GET", url)["data"][0]["success"])
    delivery = own.done("GET", f"{url}?success=true&event_type=bundle.created")["data"][0]
    assert (delivery["attempt"], delivery["response_status"]) == (2, 200)
    assert receiver.events()[0]["id"] == receiver.events()[1]["id"] == delivery["event_id"]
    assert_signed(*receiver.received[1], secret)
    assert own.done("GET", f"{url}?success=false")["data"] == []


def test_deliveries_are_given_up_after_the_last_retry(own: Api, receiver: Receiver) -> None:
    own.sandbox.control.post("/faults", json={"webhook_retry_seconds": []})
    endpoint_id, _ = subscribe(own, receiver)
    receiver.status = 500
    own.order()
    receiver.wait_for(1)
    url = f"/webhooks/{endpoint_id}/deliveries?success=false"
    own.sandbox.wait_until(lambda: own.done("GET", url)["data"][0]["attempt"] == 1)
    assert own.done("GET", url)["data"][0]["error"] == "HTTP 500"


def test_a_delivery_can_be_sent_again_by_hand_to_the_new_address(own: Api, receiver: Receiver) -> None:
    endpoint_id, secret = subscribe(own, receiver)
    own.order()
    receiver.wait_for(1)
    delivery = own.done("GET", f"/webhooks/{endpoint_id}/deliveries")["data"][0]
    moved = Receiver()
    own.done("PATCH", f"/webhooks/{endpoint_id}", {"url": moved.url, "description": None})
    again = own.done("POST", f"/webhooks/{endpoint_id}/deliveries/{delivery['id']}/retry")["data"]
    assert (again["success"], again["event_id"], again["attempt"]) == (True, delivery["event_id"], 2)
    assert moved.events()[0]["id"] == receiver.events()[0]["id"]
    assert_signed(*moved.received[0], secret)
    moved.close()


def test_a_test_is_sent_at_once_and_recorded(own: Api, receiver: Receiver) -> None:
    endpoint_id, secret = subscribe(own, receiver)
    delivery = own.done("POST", f"/webhooks/{endpoint_id}/test")["data"]
    assert (delivery["event_type"], delivery["success"]) == ("webhook.test", True)
    assert_signed(*receiver.received[0], secret)


def test_a_receiver_that_is_not_there_is_logged(own: Api, receiver: Receiver) -> None:
    endpoint_id, _ = subscribe(own, receiver)
    receiver.close()
    delivery = own.done("POST", f"/webhooks/{endpoint_id}/test")["data"]
    assert (delivery["success"], delivery["response_status"]) == (False, None)
    assert delivery["error"]


def test_deliveries_can_be_doubled(own: Api, receiver: Receiver) -> None:
    subscribe(own, receiver)
    own.sandbox.fault("webhook_double", match={"event": "bundle.*"})
    own.order()
    receiver.wait_for(2)
    first, second = receiver.events()
    assert first["id"] == second["id"]


def test_deliveries_can_be_late(own: Api, receiver: Receiver) -> None:
    subscribe(own, receiver)
    own.sandbox.fault("webhook_late", seconds=0.5)
    started = time.monotonic()
    own.order()
    receiver.wait_for(1)
    assert time.monotonic() - started > 0.5


def test_deliveries_can_overtake_each_other(own: Api, receiver: Receiver) -> None:
    subscribe(own, receiver)
    own.sandbox.fault("webhook_reorder", seconds=0.5, match={"event": "bundle.created"})
    own.published()
    receiver.wait_for(2)
    assert receiver.types() == ["bundle.published", "bundle.created"]


def test_deliveries_can_be_lost(own: Api, receiver: Receiver) -> None:
    endpoint_id, _ = subscribe(own, receiver)
    own.sandbox.fault("webhook_lose")
    own.order()
    own.order()
    receiver.wait_for(1)
    assert own.done("GET", f"/webhooks/{endpoint_id}/deliveries")["pagination"]["total"] == 1


def test_a_disabled_or_deleted_endpoint_hears_nothing(own: Api, receiver: Receiver) -> None:
    endpoint_id, _ = subscribe(own, receiver)
    own.done("PATCH", f"/webhooks/{endpoint_id}", {"enabled": False})
    own.order()
    assert own.done("GET", "/webhooks?enabled=true")["data"] == []
    assert own.delete(f"/webhooks/{endpoint_id}").status_code == 204
    assert own.refused("GET", f"/webhooks/{endpoint_id}")[:2] == (404, "WEBHOOK_NOT_FOUND")
    assert receiver.received == []


def test_endpoints_are_found_by_event(own: Api, receiver: Receiver) -> None:
    endpoint_id, _ = subscribe(own, receiver, ["video.finalized"])
    subscribe(own, receiver)
    assert [e["id"] for e in own.done("GET", "/webhooks?event=video.finalized")["data"]] == [endpoint_id]


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"url": "http://agency.example.com/hook"}, "url"),
        ({"url": "not a url"}, "url"),
        ({"url": "http://127.0.0.1:99999/hook"}, "url"),
        ({"events": []}, "events"),
        ({"events": ["bundle.exploded"]}, "events"),
        ({"description": "x" * 501}, "description"),
    ],
)
def test_a_wrong_endpoint_is_refused(api: Api, fields: dict[str, object], field: str) -> None:
    body = {"url": "https://agency.example.com/hook", "events": ["bundle.created"]} | fields
    status, code, details = api.refused("POST", "/webhooks", body)
    assert (status, code) == (400, "VALIDATION_ERROR")
    assert field in details
