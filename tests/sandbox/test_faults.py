import time
import uuid

import httpx
import pytest

from tests.sandbox.api import Api, order_body, video_body


def key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid.uuid4())}


@pytest.mark.parametrize("fault", ["drop_after", "500_after"])
def test_an_answer_lost_after_the_effect_is_replayed(own: Api, fault: str) -> None:
    own.sandbox.fault(fault, match={"operation": "createBundle"})
    headers, body = key(), order_body()
    if fault == "drop_after":
        with pytest.raises(httpx.RemoteProtocolError):
            own.post("/bundles", json=body, headers=headers)
    else:
        assert own.post("/bundles", json=body, headers=headers).status_code == 500
    assert own.balance() == 5000 - 34
    again = own.post("/bundles", json=body, headers=headers)
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (201, "true")
    assert own.balance() == 5000 - 34
    assert own.done("GET", "/bundles")["pagination"]["total"] == 1


def test_a_quote_does_not_use_up_a_fault_that_waits_for_the_order(own: Api) -> None:
    own.sandbox.fault("drop_after", match={"operation": "createBundle"})
    own.sandbox.fault("500", match={"operation": "createBundle", "dry_run": False})
    body = order_body()
    own.done("POST", "/bundles", body, headers={"X-TokPortal-Dry-Run": "true"})
    assert own.post("/bundles", json=body).status_code == 500
    with pytest.raises(httpx.RemoteProtocolError):
        own.post("/bundles", json=body)


def test_a_connection_dropped_before_the_effect_did_nothing(own: Api) -> None:
    own.sandbox.fault("drop_before", match={"operation": "createBundle"})
    headers, body = key(), order_body()
    with pytest.raises(httpx.RemoteProtocolError):
        own.post("/bundles", json=body, headers=headers)
    assert own.balance() == 5000
    assert "Idempotent-Replayed" not in own.post("/bundles", json=body, headers=headers).headers


def test_forgotten_keys_order_twice(own: Api) -> None:
    headers, body = key(), order_body(bundle_type="account_only", videos_quantity=None, external_ref=None)
    own.done("POST", "/bundles", body, headers=headers)
    own.sandbox.control.post("/faults", json={"fault": "forget_keys"})
    own.done("POST", "/bundles", body, headers=headers)
    own.sandbox.fault("forget_keys", match={"operation": "createBundle"})
    own.done("POST", "/bundles", body, headers=headers)
    assert own.done("GET", "/bundles")["pagination"]["total"] == 3


def test_a_429_names_its_wait(own: Api) -> None:
    own.sandbox.fault("429", retry_after=7)
    answer = own.get("/me")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    assert own.get("/me").is_success


def test_a_500_is_not_stored_with_the_key(own: Api) -> None:
    own.sandbox.fault("500", match={"method": "POST", "path": "/bundles"})
    headers, body = key(), order_body()
    assert own.post("/bundles", json=body, headers=headers).status_code == 500
    assert own.post("/bundles", json=body, headers=headers).status_code == 201


def test_a_gateway_can_fail_in_html(own: Api) -> None:
    own.sandbox.fault("html_502")
    answer = own.get("/me")
    assert (answer.status_code, answer.text[:6]) == (502, "<html>")


def test_a_slow_answer_takes_its_time(own: Api) -> None:
    own.sandbox.fault("slow", seconds=0.4)
    started = time.monotonic()
    own.done("GET", "/me")
    assert time.monotonic() - started > 0.4


def test_a_client_that_gives_up_on_a_slow_answer_was_charged_all_the_same(own: Api) -> None:
    own.sandbox.fault("slow_after", seconds=1.0, match={"operation": "createBundle"})
    headers, body = key(), order_body()
    with pytest.raises(httpx.ReadTimeout):
        own.post("/bundles", json=body, headers=headers, timeout=0.3)
    assert own.balance() == 5000 - 34
    own.sandbox.wait_until(lambda: own.post("/bundles", json=body, headers=headers).status_code == 201)
    assert own.balance() == 5000 - 34


def test_capacity_cools_down_without_a_charge(own: Api) -> None:
    own.sandbox.fault("capacity_cooldown")
    headers, body = key(), {"platforms": ["tiktok"], "country": "USA", "accounts_count": 2}
    assert own.refused("POST", "/bundles/bulk", body, headers=headers)[:2] == (429, "capacity_cooldown")
    assert own.balance() == 5000
    assert own.done("POST", "/bundles/bulk", body, headers=headers)["credits_charged"] == 64


def test_a_price_change_stops_the_checkout_and_the_next_quote_is_dearer(own: Api) -> None:
    own.sandbox.fault("price_change")
    headers, body = key(), order_body()
    quote = own.done("POST", "/bundles", body, headers={"X-TokPortal-Dry-Run": "true"})
    assert quote["credits_would_charge"] == 34
    assert own.refused("POST", "/bundles", body, headers=headers)[:2] == (409, "BUNDLE_PRICING_CHANGED")
    assert own.post("/bundles", json=body, headers=headers).headers["Idempotent-Replayed"] == "true"
    assert own.balance() == 5000
    assert own.done("POST", "/bundles", body, headers=key())["credits_charged"] == 35


def test_prices_can_change_between_quote_and_order(own: Api) -> None:
    own.sandbox.control.post("/faults", json={"prices": {"video": 3}})
    assert own.done("GET", "/credit-costs")["data"]["costs"]["video_upload"] == 3
    assert own.done("POST", "/bundles", order_body(videos_quantity=10))["credits_charged"] == 62


def test_an_ignored_dry_run_is_a_real_order(own: Api) -> None:
    own.sandbox.fault("ignore_dry_run")
    answer = own.done("POST", "/bundles", order_body(), headers={"X-TokPortal-Dry-Run": "true"})
    assert "dry_run" not in answer
    assert own.balance() == 5000 - 34


def test_any_refusal_can_be_asked_for(own: Api) -> None:
    own.sandbox.fault(
        "error",
        status=403,
        code="KEY_IS_READ_ONLY",
        details={"scope": "read"},
        match={"path": "/bundles/*/videos/*"},
    )
    bundle_id = own.order()
    refusal = own.refused("PUT", f"/bundles/{bundle_id}/videos/1", video_body(own.day(4)))
    assert refusal == (403, "KEY_IS_READ_ONLY", {"scope": "read"})


def test_rules_count_down_are_listed_and_can_be_cleared(own: Api) -> None:
    own.sandbox.fault("500", times=-1, match={"path": "^/me$"})
    assert [own.get("/me").status_code for _ in range(3)] == [500, 500, 500]
    assert own.get("/countries").is_success
    rules = own.sandbox.control.get("/faults").json()["faults"]
    assert (rules[0]["fault"], rules[0]["times"]) == ("500", -1)
    own.sandbox.clear_faults()
    assert own.get("/me").is_success


@pytest.mark.parametrize(
    "body",
    [{}, {"fault": "earthquake"}, {"fault": "500", "match": {"colour": "red"}}, {"prices": {"moon": 1}}],
)
def test_a_rule_that_makes_no_sense_is_refused(own: Api, body: dict[str, object]) -> None:
    answer = own.sandbox.control.post("/faults", json=body)
    assert answer.status_code == 400
    assert answer.json()["error"]
