import threading
import uuid
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx
import pytest

from tests.sandbox.api import PROFILE, Api, Receiver, order_body, video_body
from tests.sandbox_process import KEY, Sandbox


def new_key() -> dict[str, str]:
    return {"Idempotency-Key": str(uuid.uuid4())}


def test_a_call_without_a_key_is_refused(api: Api) -> None:
    answer = httpx.get(f"{api.sandbox.url}/me")
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, "AUTH_MISSING_KEY")
    assert "X-RateLimit-Limit" not in answer.headers


def test_an_unknown_key_is_refused(api: Api) -> None:
    assert api.refused("GET", "/me", headers={"X-API-Key": "sk_other"})[:2] == (401, "AUTH_INVALID_KEY")


def test_a_bearer_token_is_not_a_key(api: Api) -> None:
    answer = httpx.get(f"{api.sandbox.url}/me", headers={"Authorization": f"Bearer {KEY}"})
    assert answer.json()["error"]["code"] == "AUTH_MISSING_KEY"


def test_a_revoked_key_is_refused(own: Api) -> None:
    own.sandbox.control.post("/faults", json={"revoke_key": KEY})
    assert own.refused("GET", "/me")[:2] == (401, "AUTH_REVOKED_KEY")


def test_several_keys_share_one_balance() -> None:
    sandbox = Sandbox.start("--api-key", "tok_live_x", "--rate", "0")
    with Api(sandbox) as first, Api(sandbox, "tok_live_x") as second:
        first.order()
        assert first.balance() == second.balance() == 5000 - 34
    sandbox.stop()


@pytest.mark.parametrize("path", ["/me", "/bundles/none", "/no-such-thing", "/webhooks/events"])
def test_every_answer_names_version_and_request(api: Api, path: str) -> None:
    headers = api.get(path).headers
    assert headers["X-TokPortal-API-Version"] == "2026-05-25"
    assert headers["X-TokPortal-API-Stability"] == "stable"
    assert headers["X-TokPortal-Request-ID"].startswith("req_")


def test_a_request_id_of_the_client_is_echoed_unless_it_is_too_long(api: Api) -> None:
    assert api.get("/me", headers={"X-Request-ID": "mine 1"}).headers["X-TokPortal-Request-ID"] == "mine 1"
    long = api.get("/me", headers={"X-Request-ID": "x" * 129}).headers["X-TokPortal-Request-ID"]
    assert long.startswith("req_")


def test_a_preflight_needs_no_key_and_names_the_version(api: Api) -> None:
    answer = httpx.options(f"{api.sandbox.url}/bundles")
    assert answer.is_success
    assert answer.headers["X-TokPortal-API-Version"] == "2026-05-25"


def test_the_date_header_is_the_sandboxs_clock(api: Api) -> None:
    said = parsedate_to_datetime(api.get("/me").headers["Date"])
    assert abs((said - api.sandbox.now()).total_seconds()) < 5


def test_the_connection_is_kept_open(api: Api) -> None:
    for _ in range(5):
        answer = api.post("/bundles", json={"bundle_type": "nothing"})
    assert answer.headers.get("Connection") != "close"
    pool = api._transport._pool  # type: ignore[attr-defined]
    assert len(pool.connections) == 1


def test_a_chunked_body_is_read(api: Api) -> None:
    def body() -> object:
        yield b'{"title": "in '
        yield b'pieces"}'

    bundle_id = api.order()
    answer = api.patch(f"/bundles/{bundle_id}", content=body(), headers={"Content-Type": "application/json"})  # type: ignore[arg-type]
    assert answer.json()["data"]["title"] == "in pieces"


def test_credentials_are_never_served(api: Api) -> None:
    for path in ("/accounts/x/credentials", "/accounts/x/verification-code"):
        assert api.post(path).status_code == 404


def test_a_wrong_method_is_405(api: Api) -> None:
    assert api.delete("/bundles").status_code == 405


# Pages


def test_lists_are_paged_newest_first_and_end_empty(own: Api) -> None:
    ids = [own.order(bundle_type="account_only", videos_quantity=None) for _ in range(5)]
    first = own.done("GET", "/bundles?per_page=2")
    assert [row["id"] for row in first["data"]] == [ids[4], ids[3]]
    assert first["pagination"] == {"page": 1, "per_page": 2, "total": 5, "total_pages": 3}
    assert own.done("GET", "/bundles?per_page=2&page=9")["data"] == []


def test_per_page_is_clamped_to_100_and_must_be_a_number(api: Api) -> None:
    assert api.done("GET", "/bundles?per_page=500")["pagination"]["per_page"] == 100
    assert api.refused("GET", "/bundles?per_page=many")[1] == "VALIDATION_ERROR"


# Rate


def test_the_rate_limit_counts_down_and_names_the_wait() -> None:
    sandbox = Sandbox.start("--rate", "6")
    with Api(sandbox) as api:
        left = [int(api.get("/me").headers["X-RateLimit-Remaining"]) for _ in range(6)]
        assert left == [5, 4, 3, 2, 1, 0]
        answer = api.get("/me")
        assert (answer.status_code, answer.json()["error"]["code"]) == (429, "RATE_LIMIT_EXCEEDED")
        assert answer.headers["X-RateLimit-Limit"] == "6"
        assert 1 <= int(answer.headers["Retry-After"]) <= 10
        assert answer.json()["error"]["details"]["retry_after_seconds"] > int(answer.headers["Retry-After"])
        assert httpx.get(f"{sandbox.url}/webhooks/events").is_success
    sandbox.stop()


def test_the_rate_limit_is_machine_time() -> None:
    sandbox = Sandbox.start("--rate", "1")
    with Api(sandbox) as api:
        api.get("/me")
        sandbox.advance(days=1)
        assert api.get("/me").status_code == 429
    sandbox.stop()


def test_the_rate_can_be_changed_and_switched_off(own: Api) -> None:
    own.sandbox.control.post("/faults", json={"rate": 1})
    assert [own.get("/me").status_code for _ in range(2)] == [200, 429]
    own.sandbox.control.post("/faults", json={"rate": 0})
    assert "X-RateLimit-Limit" not in own.get("/me").headers


# Idempotency


def test_the_same_key_replays_the_answer_and_charges_once(api: Api) -> None:
    key, body = new_key(), order_body()
    before = api.balance()
    first = api.post("/bundles", json=body, headers=key)
    second = api.post("/bundles", json=dict(reversed(body.items())), headers=key)
    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()
    assert "Idempotent-Replayed" not in first.headers
    assert second.headers["Idempotent-Replayed"] == "true"
    assert api.balance() == before - 34


def test_the_same_key_with_another_body_is_a_conflict(api: Api) -> None:
    key = new_key()
    api.done("POST", "/bundles", order_body(), headers=key)
    assert api.refused("POST", "/bundles", order_body(), headers=key)[:2] == (409, "IDEMPOTENCY_KEY_CONFLICT")


def test_a_key_belongs_to_its_path(api: Api) -> None:
    key, bundle_id = new_key(), api.order()
    other = api.order()
    api.done("PATCH", f"/bundles/{bundle_id}", {"title": "a"}, headers=key)
    api.done("PATCH", f"/bundles/{other}", {"title": "b"}, headers=key)
    assert api.bundle(other)["title"] == "b"


def test_a_final_refusal_is_replayed_too(own: Api) -> None:
    key, body = new_key(), order_body(videos_quantity=500, external_ref="too-dear")
    own.sandbox.manager("adjust", credits=-4000)
    assert own.refused("POST", "/bundles", body, headers=key)[0] == 402
    own.sandbox.manager("top_up", credits=4000)
    again = own.post("/bundles", json=body, headers=key)
    assert (again.status_code, again.headers["Idempotent-Replayed"]) == (402, "true")
    assert own.done("POST", "/bundles", body, headers=new_key())["credits_charged"] == 1032


def test_a_running_key_is_in_progress(own: Api) -> None:
    own.sandbox.fault("slow", seconds=1, match={"operation": "createBundle"})
    key, body = new_key(), order_body()
    first = threading.Thread(target=own.post, args=("/bundles",), kwargs={"json": body, "headers": key})
    first.start()
    own.sandbox.wait_until(lambda: own.sandbox.control.get("/faults").json()["faults"] == [])
    with Api(own.sandbox) as other:
        assert other.refused("POST", "/bundles", body, headers=key)[:2] == (
            409,
            "IDEMPOTENCY_KEY_IN_PROGRESS",
        )
    first.join()
    assert own.post("/bundles", json=body, headers=key).headers["Idempotent-Replayed"] == "true"


def test_a_key_is_forgotten_after_a_day(own: Api) -> None:
    key, body = new_key(), order_body(bundle_type="account_only", videos_quantity=None, external_ref=None)
    first = own.done("POST", "/bundles", body, headers=key)
    own.sandbox.advance(hours=23)
    assert own.post("/bundles", json=body, headers=key).headers["Idempotent-Replayed"] == "true"
    own.sandbox.advance(hours=2)
    assert own.done("POST", "/bundles", body, headers=key)["data"]["id"] != first["data"]["id"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/webhooks", {"url": "https://agency.example.com/h", "events": ["bundle.created"]}),
        ("/upload/video", {"filename": "a.mp4", "bundle_id": "none"}),
        ("/upload/image", {"filename": "a.jpg", "content_type": "image/jpeg", "bundle_id": "none"}),
        ("/analytics/export/reports", {}),
    ],
)
def test_answers_with_secrets_take_no_key(api: Api, path: str, body: dict[str, object]) -> None:
    refusal = api.refused("POST", path, body, headers=new_key())
    assert refusal[:2] == (400, "IDEMPOTENCY_KEY_NOT_ALLOWED_FOR_SENSITIVE_RESPONSE")


def test_a_key_has_at_most_255_characters(api: Api) -> None:
    assert api.refused("POST", "/bundles", order_body(), headers={"Idempotency-Key": "k" * 256})[0] == 400


def test_an_upload_with_a_key_is_kept_once(api: Api) -> None:
    bundle_id, key = api.order(), new_key()
    answers = [
        api.post(
            "/upload/image/direct",
            files={"file": ("a.png", b"bytes", "image/png")},
            data={"bundle_id": bundle_id},
            headers=key,
        )
        for _ in range(2)
    ]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["Idempotent-Replayed"] == "true"


# Dry runs

DRY = {"X-TokPortal-Dry-Run": "true"}


def test_a_dry_run_tells_the_price_and_does_nothing(own: Api, receiver: Receiver) -> None:
    own.done("POST", "/webhooks", {"url": receiver.url, "events": ["bundle.created"]})
    before = len(own.sandbox.books())
    quote = own.done("POST", "/bundles", order_body(videos_quantity=3), headers=DRY)
    assert quote["dry_run"] is True
    assert quote["dry_run_notice"]
    assert (quote["credits_charged"], quote["credits_would_charge"], quote["credits_remaining"]) == (
        0,
        38,
        5000,
    )
    assert quote["cost_breakdown"]["total"] == 38
    assert quote["data"]["bundle_id"].startswith("00000000-0000-4000-8000-")
    assert own.done("GET", "/bundles")["data"] == []
    assert len(own.sandbox.books()) == before
    own.order()
    receiver.wait_for(1)
    assert len(receiver.received) == 1


def test_a_dry_run_is_refused_like_the_real_call(own: Api) -> None:
    own.sandbox.manager("adjust", credits=-4990)
    status, code, details = own.refused("POST", "/bundles", order_body(), headers=DRY)
    assert (status, code) == (402, "INSUFFICIENT_CREDITS")
    assert (details["required"], details["available"], details["missing"]) == (34, 10, 24)


def test_a_dry_run_does_not_use_up_a_key(api: Api) -> None:
    key, body = new_key(), order_body()
    api.done("POST", "/bundles", body, headers=key | DRY)
    assert "dry_run" not in api.done("POST", "/bundles", body, headers=key)


def test_free_writes_can_be_tried_dry(api: Api) -> None:
    bundle_id = api.order()
    api.configure_account(bundle_id)
    api.configure_video(bundle_id)
    answer = api.done("POST", f"/bundles/{bundle_id}/publish", headers=DRY)
    assert (answer["dry_run"], answer["credits_would_charge"]) == (True, 0)
    assert api.bundle(bundle_id)["status"] == "pending_setup"
    uploaded = api.post(
        "/upload/image/direct",
        files={"file": ("a.png", b"bytes", "image/png")},
        data={"bundle_id": bundle_id},
        headers=DRY,
    ).json()
    assert uploaded["dry_run"] is True
    assert httpx.get(uploaded["data"]["public_url"]).status_code == 404


def test_paid_options_are_quoted_dry(api: Api) -> None:
    bundle_id = api.order()
    body = video_body(api.day(4), volume_added_sound=30)
    answer = api.done("PUT", f"/bundles/{bundle_id}/videos/1", body, headers=DRY)
    assert answer["credits_would_charge"] == 1
    assert api.video(bundle_id)["status"] == "pending"


# Storage


def test_everything_survives_a_kill_and_a_restart(tmp_path: Path) -> None:
    sandbox = Sandbox.start("--rate", "0", "--now", "2026-05-25T09:00:00Z", store=tmp_path)
    key, body = new_key(), order_body()
    with Api(sandbox) as api:
        first = api.post("/bundles", json=body, headers=key).json()
    sandbox.process.kill()
    sandbox.stop()
    sandbox = Sandbox.start("--rate", "0", store=tmp_path)
    with Api(sandbox) as api:
        again = api.post("/bundles", json=body, headers=key)
        assert again.json() == first
        assert again.headers["Idempotent-Replayed"] == "true"
        assert api.balance() == 5000 - 34
        assert api.today().isoformat() == "2026-05-25"
        api.configure_account(first["data"]["id"], **PROFILE)
    sandbox.stop()


def test_a_temporary_store_is_removed_at_the_end() -> None:
    sandbox = Sandbox.start()
    folders = set(Path("/tmp").glob("tokportal-sandbox-*"))
    sandbox.stop()
    assert len(folders - set(Path("/tmp").glob("tokportal-sandbox-*"))) == 1
    assert sandbox.process.returncode == 0
