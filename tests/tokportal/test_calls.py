"""What is sent, what comes back, and what is refused before it leaves."""

import re
import uuid
from collections.abc import Callable
from datetime import UTC, datetime

import httpx
import pytest

from agency.tokportal import (
    PUT_PRESIGNED,
    DryRunIgnored,
    Lane,
    Refused,
    TokPortal,
    TokPortalError,
    Unreachable,
)

from .conftest import API_KEY, BASE_URL, Scripted, answer, refusal

Start = Callable[..., tuple[TokPortal, Scripted]]


def test_a_call_carries_the_key_the_name_and_a_request_id(scripted: Start) -> None:
    tokportal, script = scripted(answer(201, {"data": {"bundle_id": "b"}}))
    key = uuid.uuid4()
    tokportal.create_bundle(body={"title": "Zoë", "country": "USA"}, key=key)
    headers = script.asked[0].headers
    assert headers["X-API-Key"] == API_KEY
    assert headers["Idempotency-Key"] == str(key)
    assert headers["X-TokPortal-Client"].startswith("agency-dashboard/")
    assert headers["Content-Type"] == headers["Accept"] == "application/json"
    assert re.fullmatch(r"agency-[0-9a-f]{32}", headers["X-Request-ID"])
    assert "Authorization" not in headers
    assert "X-TokPortal-Dry-Run" not in headers
    assert script.body() == {"country": "USA", "title": "Zoë"}


def test_a_call_without_a_body_has_no_content_type(scripted: Start) -> None:
    tokportal, script = scripted(answer())
    tokportal.publish_bundle("b", key="k")
    assert script.asked[0].content == b""
    assert "Content-Type" not in script.asked[0].headers


def test_the_same_body_is_the_same_bytes_in_whatever_order(scripted: Start) -> None:
    tokportal, script = scripted(answer(201, {"data": {"id": "b"}}))
    tokportal.create_bundle(body={"b": 1, "a": {"d": 1, "c": 2}})
    tokportal.create_bundle(body={"a": {"c": 2, "d": 1}, "b": 1})
    assert script.asked[0].content == script.asked[1].content


def test_the_same_upload_is_the_same_bytes(scripted: Start) -> None:
    tokportal, script = scripted(answer())
    for _ in range(2):
        tokportal.import_videos_csv("b", content="position\n1\n", auto_publish=True, key="one")
    assert script.asked[0].content == script.asked[1].content
    assert script.asked[0].headers["Content-Type"] == script.asked[1].headers["Content-Type"]
    assert b'name="auto_publish"\r\n\r\ntrue' in script.asked[0].content
    assert b"position\n1\n" in script.asked[0].content


def test_an_answer_is_a_receipt(scripted: Start) -> None:
    tokportal, _ = scripted(
        answer(
            201,
            {
                "data": {"bundle_id": "b"},
                "credits_charged": 52.0,
                "credits_remaining": 1198,
                "cost_breakdown": {"account": 32, "videos": 20, "of_tomorrow": 0, "total": 52},
                "api_token": "secret",
            },
            Idempotent_Replayed="true",
            X_TokPortal_Request_ID="req_1",
            Date="Sat, 21 Nov 2026 15:00:00 GMT",
        )
    )
    receipt = tokportal.create_bundle(body={}, key="k")
    assert receipt.result.id == "b"
    assert (receipt.status, receipt.request_id, receipt.replayed, receipt.dry_run) == (
        201,
        "req_1",
        True,
        False,
    )
    assert (receipt.credits_charged, receipt.credits_remaining, receipt.credits_would_charge) == (
        52,
        1198,
        None,
    )
    assert receipt.cost_breakdown == {"account_creation": 32, "video_slots": 20, "of_tomorrow": 0}
    assert receipt.server_time == datetime(2026, 11, 21, 15, tzinfo=UTC)
    assert "api_token" not in receipt.raw


def test_an_order_whose_answer_names_no_bundle_may_stand(scripted: Start) -> None:
    tokportal, _ = scripted(answer(201, {"ok": True}))
    with pytest.raises(Unreachable):
        tokportal.create_bundle(body={}, key="k")


def test_an_empty_success_is_a_success(scripted: Start) -> None:
    tokportal, _ = scripted(httpx.Response(204))
    assert tokportal.delete_webhook("w").status == 204
    assert tokportal.add_video_slots("b", body={"quantity": 1}, key="k").result.id == "b"


def test_deleting_what_is_gone_is_done(scripted: Start) -> None:
    tokportal, _ = scripted(refusal(404, "WEBHOOK_NOT_FOUND"))
    assert tokportal.delete_webhook("w").status == 404


def test_a_dry_run_is_a_quote(scripted: Start) -> None:
    body = {"data": {"bundle_id": "00000000-0000-4000-8000-1"}, "dry_run": True, "credits_would_charge": 38}
    tokportal, script = scripted(answer(200, body))
    quote = tokportal.create_bundle(body={}, dry_run=True)
    assert (quote.dry_run, quote.credits_would_charge) == (True, 38)
    assert script.asked[0].headers["X-TokPortal-Dry-Run"] == "true"
    assert "Idempotency-Key" not in script.asked[0].headers


def test_a_dry_run_that_was_ignored_is_told_with_its_answer(scripted: Start) -> None:
    tokportal, _ = scripted(
        answer(201, {"data": {"bundle_id": "b"}, "credits_charged": 38}, X_Request_ID="req_9")
    )
    with pytest.raises(DryRunIgnored) as caught:
        tokportal.create_bundle(body={}, dry_run=True)
    assert caught.value.answer.result.id == "b"
    assert caught.value.answer.credits_charged == 38
    assert caught.value.request_id == "req_9"


def test_an_ignored_dry_run_is_told_even_where_the_answer_names_no_bundle(scripted: Start) -> None:
    tokportal, _ = scripted(answer(201, {"credits_charged": 38}))
    with pytest.raises(DryRunIgnored) as caught:
        tokportal.create_bundle(body={}, dry_run=True)
    assert caught.value.answer.credits_charged == 38


def test_operations_with_secret_answers_take_no_key(scripted: Start) -> None:
    tokportal, script = scripted(answer())
    for call in (
        lambda: tokportal.create_webhook(body={}, key="k"),
        lambda: tokportal.presign_video("b", filename="v.mp4", key="k"),
        lambda: tokportal.presign_image("b", filename="i.png", content_type="image/png", key="k"),
    ):
        with pytest.raises(ValueError, match="takes no idempotency key"):
            call()
    assert script.asked == []


@pytest.mark.parametrize("key", ["", "é", "line\nbreak", "x" * 256])
def test_a_key_that_cannot_be_sent_is_refused_here(scripted: Start, key: str) -> None:
    tokportal, script = scripted(answer())
    with pytest.raises(ValueError, match="idempotency key"):
        tokportal.publish_bundle("b", key=key)
    assert script.asked == []


def test_a_dry_run_takes_no_key(scripted: Start) -> None:
    tokportal, script = scripted(answer())
    with pytest.raises(ValueError, match="dry run"):
        tokportal.publish_bundle("b", key="k", dry_run=True)
    assert script.asked == []


@pytest.mark.parametrize("bundle_id", ["", ".", ".."])
def test_an_id_that_would_name_another_path_is_refused(scripted: Start, bundle_id: str) -> None:
    tokportal, script = scripted(answer())
    with pytest.raises(ValueError, match="bundle_id"):
        tokportal.get_bundle(bundle_id)
    assert script.asked == []


def test_ids_are_quoted(scripted: Start) -> None:
    tokportal, script = scripted(answer())
    tokportal.get_bundle("a/../b?c#d")
    assert script.asked[0].url.raw_path == b"/api/ext/bundles/a%2F..%2Fb%3Fc%23d"


def test_a_record_tells_what_was_called_with_its_ids_apart_and_without_bodies(scripted: Start) -> None:
    tokportal, script = scripted(
        answer(200, {"data": {}, "credits_charged": 6}, X_TokPortal_Request_ID="req_2"),
        refusal(402, "INSUFFICIENT_CREDITS"),
        httpx.ReadTimeout("slow"),
    )
    tokportal.add_video_slots("bundle-7", body={"quantity": 3}, key="k")
    for _ in range(2):
        with pytest.raises(TokPortalError):
            tokportal.add_video_slots("bundle-7", body={"quantity": 3}, key="k")
    paid, refused, lost = script.records
    assert (paid.method, paid.operation, paid.path_template) == (
        "POST",
        "addVideoSlots",
        "/bundles/{bundle_id}/add-video-slots",
    )
    assert (paid.status, paid.request_id, paid.credits_charged, paid.error_code) == (200, "req_2", 6, None)
    assert (refused.status, refused.error_code, refused.credits_charged) == (
        402,
        "INSUFFICIENT_CREDITS",
        None,
    )
    assert (lost.status, lost.error_code) == (None, "Unreachable")
    assert lost.request_id == script.asked[2].headers["X-Request-ID"]
    assert [record.failure for record in script.records] == ["", "InsufficientCredits", "Unreachable"]
    assert all(record.ids == {"bundle_id": "bundle-7"} for record in script.records)
    assert not any("bundle-7" in record.operation + record.path_template for record in script.records)


def test_each_try_of_a_read_is_told(scripted: Start) -> None:
    tokportal, script = scripted(httpx.ConnectError("away"), answer())
    tokportal.get_bundle("bundle-7")
    assert [(record.attempt, record.failure) for record in script.records] == [(1, "NotSent"), (2, "")]


def test_an_upload_is_told_without_its_address(scripted: Start) -> None:
    tokportal, script = scripted(httpx.Response(200), httpx.Response(403))
    address = "https://storage.test/v?signature=abc"
    tokportal.put_presigned(address, content=b"bytes", content_type="video/mp4")
    with pytest.raises(Refused):
        tokportal.put_presigned(address, content=b"bytes", content_type="video/mp4")
    stored, refused = script.records
    assert (stored.operation, stored.status, stored.failure) == (PUT_PRESIGNED, 200, "")
    assert (refused.failure, refused.error_code, refused.with_key) == ("Refused", "UPLOAD_REFUSED", False)
    assert not any("storage.test" in repr(record) for record in script.records)


def test_a_broken_record_keeper_loses_no_answer(caplog: pytest.LogCaptureFixture) -> None:
    def broken(record: object) -> None:
        raise RuntimeError("the database is away")

    script = Scripted([answer(201, {"data": {"id": "b"}, "credits_charged": 5})])
    with TokPortal(
        base_url=BASE_URL, api_key=API_KEY, transport=httpx.MockTransport(script), on_answer=broken
    ) as tokportal:
        assert tokportal.create_bundle(body={}, key="k").credits_charged == 5
    assert "could not be kept" in caplog.text


def test_the_clocks_differ_by_what_the_date_header_says(scripted: Start) -> None:
    tokportal, _ = scripted(answer(200, None, Date="Mon, 25 May 2026 09:00:00 GMT"))
    assert tokportal.skew is None
    tokportal.me()
    assert tokportal.skew is not None
    assert abs(datetime.now(UTC) + tokportal.skew - datetime(2026, 5, 25, 9, tzinfo=UTC)).total_seconds() < 5


def test_missing_coverage_and_edit_requests_are_none(scripted: Start) -> None:
    tokportal, _ = scripted(refusal(404, "NOT_FOUND"))
    assert tokportal.get_coverage("a") is None
    assert tokportal.get_edit_request("a") is None
    tokportal, _ = scripted(answer(200, {"data": None}))
    assert tokportal.get_edit_request("a") is None


def test_the_csv_is_read_by_header_name(scripted: Start) -> None:
    exported = (
        '\ufeffvideo_id,description,views\r\nv-1,"two\nlines, ""quoted""",5\r\nv-2,short\r\nv-3,a,1,extra\r\n'
    )
    tokportal, script = scripted(httpx.Response(200, text=exported, headers={"Content-Type": "text/csv"}))
    assert list(tokportal.export_video_analytics(account="a")) == [
        {"video_id": "v-1", "description": 'two\nlines, "quoted"', "views": "5"},
        {"video_id": "v-2", "description": "short", "views": ""},
        {"video_id": "v-3", "description": "a", "views": "1"},
    ]
    assert script.asked[0].headers["Accept"].startswith("text/csv")


def test_a_presigned_upload_carries_no_key(scripted: Start) -> None:
    tokportal, script = scripted(
        answer(200, {"data": {"upload_url": "https://storage.test/v?signature=abc", "public_url": "p"}}),
        httpx.Response(200),
        httpx.Response(403),
        httpx.Response(503),
    )
    address = tokportal.presign_video("b", filename="v.mp4", content_type="video/mp4").result.upload_url
    tokportal.put_presigned(address, content=b"bytes", content_type="video/mp4")
    sent = script.asked[1]
    assert (sent.method, str(sent.url), sent.content) == (
        "PUT",
        "https://storage.test/v?signature=abc",
        b"bytes",
    )
    assert sent.headers["Content-Type"] == "video/mp4"
    assert "X-API-Key" not in sent.headers
    for kind in (Refused, Unreachable):
        with pytest.raises(kind) as caught:
            tokportal.put_presigned(address, content=b"bytes", content_type="video/mp4")
        assert "signature" not in str(caught.value)


@pytest.mark.parametrize(
    ("base_url", "api_key"),
    [
        ("tokportal", "sk_1"),
        ("ftp://h", "sk_1"),
        ("http://\x00", "sk_1"),
        (BASE_URL, "sk_é"),
        (BASE_URL, "sk_1\nX-Other: 1"),
    ],
)
def test_what_can_never_work_is_refused_at_once(base_url: str, api_key: str) -> None:
    with pytest.raises(ValueError, match=r"base URL|API key") as caught:
        TokPortal(base_url=base_url, api_key=api_key, lane=Lane.PERSON)
    assert "sk_" not in str(caught.value)
