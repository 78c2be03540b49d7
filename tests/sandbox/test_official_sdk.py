"""TokPortal's own Python client goes the whole way on the sandbox and cannot tell."""

import re
from pathlib import Path
from typing import Any

import pytest
from tokportal import TokPortal, TokPortalApiError, verify_webhook_signature
from tokportal._generated import OPERATION_DEFINITIONS

from tests.sandbox.api import PROFILE, Api, Receiver, order_body, video_body
from tests.sandbox_process import Sandbox

# Comment tasks, ad codes, raw provider payloads, warming sold later, and everything about credentials.
OUT_OF_SCOPE = (
    "updateAccountCommentingProfile",
    "retrieveAccountVerificationCode",
    "revealAccountCredentials",
    "rewarmAccount",
    "generateWarmingTerms",
    "listAnalyticsAccountRawSnapshots",
    "listAnalyticsPostRawSnapshots",
    "createVideoAdCodeRequest",
    "getVideoAdCodeRequest",
    "getCommentPulse",
    "listAnalyticsAccountComments",
    "listCommentTasks",
    "createCommentTasks",
    "getCommentTask",
    "deleteCommentTask",
    "approveCommentTask",
    "disputeCommentTask",
    "listCommentTaskVerifications",
)


@pytest.fixture
def sdk(sandbox: Sandbox) -> TokPortal:
    return TokPortal(api_key=sandbox.key, base_url=sandbox.url)


def test_the_official_client_goes_the_whole_way(
    own: Api, sdk: TokPortal, receiver: Receiver, tmp_path: Path
) -> None:
    assert sdk.me()["data"]["credits"] == 5000
    assert "USA" in [country["code"] for country in sdk.countries()["data"]]
    assert sdk.platforms()["data"]
    assert sdk.credit_costs()["data"]["costs"]["account_creation"]["tiktok"] == 32

    kinds = [event["type"] for event in sdk.webhooks.events()["data"]["events"]]
    endpoint = sdk.webhooks.create({"url": receiver.url, "events": kinds})["data"]

    created = sdk.bundles.create(
        order_body(videos_quantity=3, auto_finalize_videos=False), idempotency_key="one"
    )
    bundle_id = created["data"]["id"]
    assert sdk.bundles.create(order_body(), idempotency_key="two")["credits_charged"] == 34
    bulk: Any = {
        "platforms": ["tiktok", "instagram"],
        "country": "FR",
        "accounts_count": 2,
        "external_ref": "b",
    }
    assert len(sdk.bundles.bulk_create(bulk, idempotency_key="three")["data"]["bundles"]) == 4
    assert sdk.bundles.list(external_ref="b", per_page=100)["pagination"]["total"] == 4
    assert sdk.bundles.update(bundle_id, {"title": "Launch"})["data"]["title"] == "Launch"

    video = tmp_path / "clip.mp4"
    video.write_bytes(b"mp4")
    uploaded = sdk.uploads.video_direct(
        str(video), bundle_id, content_type="video/mp4", idempotency_key="four"
    )
    sdk.bundles.configure_account(bundle_id, PROFILE)
    clip = video_body(own.day(3), video_url=uploaded["data"]["public_url"])
    sdk.bundles.configure_video(bundle_id, 1, clip)
    rows = [{"position": position, **clip} for position in (2, 3)]
    assert sdk.bundles.batch_configure_videos(bundle_id, {"videos": rows})["data"]["configured"] == [2, 3]
    assert sdk.bundles.readiness(bundle_id)["data"]["ready"] is True
    assert sdk.bundles.publish(bundle_id)["data"]["status"] == "published"

    own.sandbox.manager("work")
    account_id = sdk.bundles.get(bundle_id)["data"]["saved_account_id"]
    assert sdk.bundles.finalize_account(bundle_id)["data"]["account"]["status"] == "finalized"
    own.sandbox.advance(days=3)
    own.sandbox.manager("work")
    assert sdk.bundles.finalize_video(bundle_id, 1)["data"]["status"] == "finalized"
    assert sdk.accounts.get(account_id)["data"]["profile_url"]
    assert [account["id"] for account in sdk.accounts.list()["data"]] == [account_id]
    assert sdk.accounts.coverage(account_id)["data"]["status"] == "included"

    own.sandbox.advance(hours=30)
    figures = sdk.analytics.account_compatibility(account_id)["data"]
    posts = sdk.analytics.account_videos(account_id, sort_by="views", sort_order="desc")["data"]
    assert figures["total_views"] == sum(post["views"] for post in posts)
    assert sdk.analytics.dashboard()["totals"]["views"] == figures["total_views"]
    assert sdk.analytics.series(metric="views", granularity="day", mode="cumulative")["points"]
    assert len(sdk.analytics.export_videos(account=[account_id]).splitlines()) == 4
    assert "<table>" in sdk.analytics.export_report_html({"title": "Report"})
    assert sdk.analytics.refresh_account(account_id)["data"]["account_id"] == account_id

    assert sdk.credits.balance()["data"]["total_credits"] == 5000 - 38 - 34 - 128
    amounts = [row["amount"] for row in sdk.credits.history(per_page=50)["data"]]
    assert amounts == [-128, -34, -38, 5000]

    receiver.wait_for(5)
    for headers, body in receiver.received:
        assert verify_webhook_signature(body, headers["TokPortal-Signature"], endpoint["signing_secret"])
        assert not verify_webhook_signature(
            body + b" ", headers["TokPortal-Signature"], endpoint["signing_secret"]
        )
    assert sdk.webhooks.deliveries(endpoint["id"], success="true")["data"]


def test_every_operation_stands_where_the_official_client_looks_for_it(api: Api) -> None:
    for operation, definition in OPERATION_DEFINITIONS.items():
        if operation in OUT_OF_SCOPE:
            continue
        path = re.sub(r"\{.*?\}", "1", definition["path"])
        headers = {"Idempotency-Key": f"probe-{operation}"}
        answer = api.request(definition["method"], path, headers=headers)
        code = answer.json()["error"]["code"] if answer.is_error else ""
        assert code not in ("NOT_FOUND", "METHOD_NOT_ALLOWED", "INTERNAL_ERROR"), operation
        refuses_keys = code == "IDEMPOTENCY_KEY_NOT_ALLOWED_FOR_SENSITIVE_RESPONSE"
        assert refuses_keys == (definition["idempotency_policy"] not in ("standard", "not-applicable")), (
            operation
        )


def test_the_official_client_reads_a_refusal(own: Api, sdk: TokPortal) -> None:
    own.sandbox.manager("adjust", credits=-4990)
    with pytest.raises(TokPortalApiError) as refusal:
        sdk.bundles.create(order_body())
    assert (refusal.value.status, refusal.value.code, refusal.value.retryable) == (
        402,
        "INSUFFICIENT_CREDITS",
        False,
    )
    assert refusal.value.details
    assert refusal.value.details["missing"] == 24
    assert str(refusal.value.request_id).startswith("req_")


def test_the_official_client_learns_the_wait_of_a_429(own: Api, sdk: TokPortal) -> None:
    own.sandbox.fault("429", retry_after=9)
    with pytest.raises(TokPortalApiError) as refusal:
        sdk.me()
    assert refusal.value.retryable
    assert int(refusal.value.retry_after_seconds or 0) >= 9
