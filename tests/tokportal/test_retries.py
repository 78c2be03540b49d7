"""Reads are tried again; a change is sent once, whatever happens."""

from collections.abc import Callable
from typing import Any

import httpx
import pytest

from agency.tokportal import NotAllowed, NotSent, RateLimited, TokPortal, TokPortalError, Unreachable

from .conftest import Scripted, answer, refusal

Start = Callable[..., tuple[TokPortal, Scripted]]


@pytest.mark.parametrize(
    "first",
    [
        answer(500),
        answer(408),
        httpx.ConnectError("no"),
        httpx.ReadTimeout("slow"),
        httpx.Response(200, content=b"<"),
    ],
)
def test_a_read_is_tried_again(scripted: Start, first: httpx.Response | Exception) -> None:
    tokportal, script = scripted(first, answer(200, {"data": {"email": "ops@agency.test"}}))
    assert tokportal.me().email == "ops@agency.test"
    assert len(script.asked) == len(script.records) == 2


def test_a_read_waits_as_long_as_it_was_told(scripted: Start) -> None:
    limited = refusal(429, "RATE_LIMIT_EXCEEDED", {"retry_after_seconds": 0.3})
    tokportal, script = scripted(limited, answer(200, {"data": {}}))
    tokportal.me()
    assert (script.records[1].at - script.records[0].at).total_seconds() >= 0.3


def test_a_read_does_not_wait_past_its_ten_seconds(scripted: Start) -> None:
    tokportal, script = scripted(refusal(429, "RATE_LIMIT_EXCEEDED", {}, Retry_After="60"))
    with pytest.raises(RateLimited) as caught:
        tokportal.me()
    assert caught.value.retry_after == 60
    assert len(script.asked) == 1


def test_a_read_gives_up_after_three_tries(scripted: Start) -> None:
    tokportal, script = scripted(answer(503))
    with pytest.raises(Unreachable):
        tokportal.me()
    assert len(script.asked) == 3


@pytest.mark.parametrize(
    "final", [refusal(404, "BUNDLE_NOT_FOUND"), refusal(401, "AUTH_REVOKED_KEY"), refusal(400, "X")]
)
def test_a_final_answer_is_not_tried_again(scripted: Start, final: httpx.Response) -> None:
    tokportal, script = scripted(final)
    with pytest.raises(TokPortalError):
        tokportal.get_bundle("b")
    assert len(script.asked) == 1


def test_only_a_refused_key_is_a_key_problem(scripted: Start) -> None:
    tokportal, _ = scripted(refusal(401, "AUTH_REVOKED_KEY"), refusal(403, "BUNDLE_NOT_OWNED"))
    for is_key_problem in (True, False):
        with pytest.raises(NotAllowed) as caught:
            tokportal.get_bundle("b")
        assert caught.value.is_key_problem is is_key_problem


CHANGES: list[Callable[[TokPortal], Any]] = [
    lambda t: t.create_bundle(body={}, key="k"),
    lambda t: t.create_bundles_bulk(body={}, key="k"),
    lambda t: t.update_bundle("b", body={}, key="k"),
    lambda t: t.publish_bundle("b", key="k"),
    lambda t: t.unpublish_bundle("b", key="k"),
    lambda t: t.add_video_slots("b", body={}, key="k"),
    lambda t: t.add_edit_slots("b", body={}, key="k"),
    lambda t: t.configure_warming_terms("b", body={}, key="k"),
    lambda t: t.configure_account("b", body={}, key="k"),
    lambda t: t.request_account_corrections("b", body={}, key="k"),
    lambda t: t.finalize_account("b", key="k"),
    lambda t: t.configure_video("b", 1, body={}, key="k"),
    lambda t: t.patch_video("b", 1, body={}, key="k"),
    lambda t: t.batch_configure_videos("b", body={}, key="k"),
    lambda t: t.import_videos_csv("b", content=b"", key="k"),
    lambda t: t.publish_video("b", 1, key="k"),
    lambda t: t.publish_all_videos("b", key="k"),
    lambda t: t.reset_video("b", 1, key="k"),
    lambda t: t.unschedule_video("b", 1, key="k"),
    lambda t: t.finalize_video("b", 1, key="k"),
    lambda t: t.request_video_corrections("b", 1, body={}, key="k"),
    lambda t: t.fix_video_download("b", 1, body={}, key="k"),
    lambda t: t.refresh_analytics("a", key="k"),
    lambda t: t.create_edit_request("a", body={}, key="k"),
    lambda t: t.reactivate_coverage("a", body={}, key="k"),
    lambda t: t.cancel_coverage("a", key="k"),
    lambda t: t.upload_video_direct("b", filename="v.mp4", content=b"v", key="k"),
    lambda t: t.upload_image_direct("b", filename="i.jpg", content=b"i", key="k"),
    lambda t: t.upload_image_from_url("b", url="https://x.test/i.jpg", key="k"),
    lambda t: t.update_webhook("w", body={}, key="k"),
    lambda t: t.delete_webhook("w", key="k"),
    lambda t: t.retry_delivery("w", "d", key="k"),
    lambda t: t.test_webhook("w", key="k"),
    lambda t: t.create_webhook(body={}),
    lambda t: t.presign_video("b", filename="v.mp4"),
    lambda t: t.presign_image("b", filename="i.png", content_type="image/png"),
]


@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize(
    "trouble", [answer(503), httpx.ReadTimeout("slow"), httpx.ConnectError("no"), answer(429)]
)
def test_a_change_is_sent_once_whatever_happens(
    scripted: Start, change: Callable[[TokPortal], Any], trouble: httpx.Response | Exception
) -> None:
    tokportal, script = scripted(trouble)
    with pytest.raises((Unreachable, NotSent, RateLimited)):
        change(tokportal)
    assert len(script.asked) == 1


@pytest.mark.parametrize("change", CHANGES)
def test_a_change_carries_its_key_wherever_the_api_takes_one(
    scripted: Start, change: Callable[[TokPortal], Any]
) -> None:
    tokportal, script = scripted(answer(200, {"data": {"id": "x"}}))
    change(tokportal)
    refused = script.records[0].operation in ("createWebhookEndpoint", "uploadVideo", "uploadImage")
    assert script.asked[0].headers.get("Idempotency-Key") == (None if refused else "k")
