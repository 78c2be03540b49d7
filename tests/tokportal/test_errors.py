import json

import httpx
import pytest
import respx
from hypothesis import given
from hypothesis import strategies as st

from agency.tokportal import (
    Blocker,
    CoolingDown,
    DuplicateBundle,
    InsufficientCredits,
    KeyConflict,
    KeyInProgress,
    NotAllowed,
    NotFound,
    NotReady,
    NotSent,
    PriceChanged,
    RateLimited,
    Refused,
    TokPortal,
    TokPortalError,
    Unreachable,
    error_from,
)

from .conftest import API_KEY, BASE_URL, refusal

STATUS_TABLE = [
    (400, "VALIDATION_ERROR", Refused),
    (400, "A_CODE_OF_TOMORROW", Refused),
    (400, "IDEMPOTENCY_KEY_NOT_ALLOWED_FOR_SENSITIVE_RESPONSE", Refused),
    (400, "account_not_configured", NotReady),
    (400, "no_videos_configured", NotReady),
    (401, "AUTH_INVALID_KEY", NotAllowed),
    (401, "", NotAllowed),
    (402, "INSUFFICIENT_CREDITS", InsufficientCredits),
    (402, "A_CODE_OF_TOMORROW", InsufficientCredits),
    (403, "BUNDLE_NOT_OWNED", NotAllowed),
    (403, "A_CODE_OF_TOMORROW", NotAllowed),
    (404, "BUNDLE_NOT_FOUND", NotFound),
    (404, "", NotFound),
    (408, "", Unreachable),
    (409, "BUNDLE_INVALID_STATUS", Refused),
    (409, "BUNDLE_PRICING_CHANGED", PriceChanged),
    (409, "bundle_pricing_changed", PriceChanged),
    (409, "DUPLICATE_ACCOUNT_BUNDLE", DuplicateBundle),
    (409, "BUNDLE_NOT_READY", NotReady),
    (409, "IDEMPOTENCY_KEY_IN_PROGRESS", KeyInProgress),
    (409, "IDEMPOTENCY_KEY_CONFLICT", KeyConflict),
    (418, "", Refused),
    (422, "VALIDATION_ERROR", Refused),
    (429, "RATE_LIMIT_EXCEEDED", RateLimited),
    (429, "", RateLimited),
    (429, "capacity_cooldown", CoolingDown),
    (429, "CAPACITY_COOLDOWN", CoolingDown),
    (300, "", Unreachable),
    (500, "INTERNAL_ERROR", Unreachable),
    (503, "", Unreachable),
    (599, "A_CODE_OF_TOMORROW", Unreachable),
]


@respx.mock
@pytest.mark.parametrize(("status", "code", "kind"), STATUS_TABLE)
def test_each_status_is_one_kind_of_error(status: int, code: str, kind: type[TokPortalError]) -> None:
    respx.post(f"{BASE_URL}/bundles").mock(return_value=refusal(status, code, {"current_status": "draft"}))
    with TokPortal(base_url=BASE_URL, api_key=API_KEY) as tokportal, pytest.raises(TokPortalError) as caught:
        tokportal.create_bundle(body={}, key="one")
    error = caught.value
    assert type(error) is kind
    assert (error.status, error.code, error.message) == (status, code.upper(), "No.")
    assert error.details == {"current_status": "draft"}


NO_ANSWER_TABLE = [
    (httpx.ConnectError("refused"), NotSent),
    (httpx.ConnectTimeout("slow"), NotSent),
    (httpx.PoolTimeout("busy"), NotSent),
    (httpx.ReadTimeout("slow"), Unreachable),
    (httpx.WriteTimeout("slow"), Unreachable),
    (httpx.ReadError("reset"), Unreachable),
    (httpx.WriteError("reset"), Unreachable),
    (httpx.RemoteProtocolError("dropped"), Unreachable),
    (httpx.ProxyError("no"), Unreachable),
    (httpx.DecodingError("gzip"), Unreachable),
]


@respx.mock
@pytest.mark.parametrize(("failure", "kind"), NO_ANSWER_TABLE)
def test_without_an_answer_only_a_missing_connection_means_that_nothing_happened(
    failure: Exception, kind: type[TokPortalError]
) -> None:
    respx.post(f"{BASE_URL}/bundles").mock(side_effect=failure)
    with TokPortal(base_url=BASE_URL, api_key=API_KEY) as tokportal, pytest.raises(TokPortalError) as caught:
        tokportal.create_bundle(body={}, key="one")
    assert type(caught.value) is kind
    assert caught.value.status is None
    assert caught.value.request_id.startswith("agency-")


@respx.mock
@pytest.mark.parametrize("body", [b"<html>oops</html>", b'{"data":', b"\xff\xfe", b"[" * 100_000])
def test_a_success_that_cannot_be_read_may_have_happened(body: bytes) -> None:
    respx.post(f"{BASE_URL}/bundles").respond(200, content=body)
    with TokPortal(base_url=BASE_URL, api_key=API_KEY) as tokportal, pytest.raises(Unreachable) as caught:
        tokportal.create_bundle(body={}, key="one")
    assert caught.value.status == 200


def test_not_sent_is_no_unreachable() -> None:
    assert not issubclass(NotSent, Unreachable)


def test_a_gateway_page_is_judged_by_its_status() -> None:
    error = error_from(502, {"x-vercel-id": "iad1::abc"}, b"<html>Bad gateway</html>")
    assert isinstance(error, Unreachable)
    assert error.request_id == "iad1::abc"


@pytest.mark.parametrize(
    ("headers", "details", "wait"),
    [
        ({"Retry-After": "1"}, {"retry_after_seconds": 2}, 2),
        ({"retry-after": "7"}, {"retry_after_seconds": 2}, 7),
        ({}, {"retry_after_seconds": 3.5}, 3.5),
        ({"Retry-After": "-4"}, None, 0),
        ({"Retry-After": "soon"}, None, 1),
        ({}, None, 1),
    ],
)
def test_the_longer_of_two_waits_counts(headers: dict[str, str], details: object, wait: float) -> None:
    body = json.dumps({"error": {"code": "RATE_LIMIT_EXCEEDED", "details": details}}).encode()
    error = error_from(429, headers, body)
    assert isinstance(error, RateLimited)
    assert (error.retry_after, error.local) == (wait, False)


def test_capacity_cools_down_for_minutes_where_no_wait_is_named() -> None:
    error = error_from(429, {}, b'{"error":{"code":"capacity_cooldown"}}')
    assert isinstance(error, CoolingDown)
    assert error.retry_after >= 600


def test_missing_credits_are_told() -> None:
    details = {"required": 38.0, "available": 12, "breakdown": {"account_creation": 32}}
    error = error_from(402, {}, refusal(402, "INSUFFICIENT_CREDITS", details).content)
    assert isinstance(error, InsufficientCredits)
    assert (error.required, error.available, error.missing) == (38, 12, 26)


def test_a_duplicate_names_the_bundle_that_exists() -> None:
    error = error_from(
        409, {}, refusal(409, "DUPLICATE_ACCOUNT_BUNDLE", {"existing_bundle_id": "b-1"}).content
    )
    assert isinstance(error, DuplicateBundle)
    assert error.existing_bundle_id == "b-1"


def test_blockers_are_read_whatever_the_code_is_called() -> None:
    blockers = [{"code": "no_videos_configured", "message": "None."}, "ACCOUNT_MISSING_FIELDS", 7]
    error = error_from(409, {}, refusal(409, "A_CODE_OF_TOMORROW", {"blockers": blockers}).content)
    assert isinstance(error, NotReady)
    assert [blocker.code for blocker in error.blockers] == [
        "NO_VIDEOS_CONFIGURED",
        "ACCOUNT_MISSING_FIELDS",
        "",
    ]


def test_an_older_refusal_to_publish_is_its_own_blocker() -> None:
    error = error_from(400, {}, refusal(400, "account_not_configured", {}).content)
    assert isinstance(error, NotReady)
    assert error.blockers == (Blocker(code="ACCOUNT_NOT_CONFIGURED", message="No.", details={}),)


FIELD_ERRORS_TABLE = [
    ({"country": "unknown"}, {"country": ["unknown"]}),
    ({"country": ["unknown", "closed"]}, {"country": ["unknown", "closed"]}),
    ({"country": {"message": "unknown"}}, {"country": ["unknown"]}),
    ({"field": "country", "message": "unknown"}, {"country": ["unknown"]}),
    ({"field": "country"}, {"country": ["No."]}),
    ({"fields": {"country": "unknown"}}, {"country": ["unknown"]}),
    ({"fields": ["country", "title"]}, {"country": ["No."], "title": ["No."]}),
    ({"errors": {"country": ["unknown"]}}, {"country": ["unknown"]}),
    ({"errors": [{"field": "country", "message": "unknown"}]}, {"country": ["unknown"]}),
    ([{"path": ["videos", 0, "description"], "message": "long"}], {"videos.0.description": ["long"]}),
    ([{"path": "videos[2].video_url", "message": "bad"}], {"videos.2.video_url": ["bad"]}),
    ([{"loc": ["body", "country"], "msg": "unknown"}], {"country": ["unknown"]}),
    ({"issues": [{"path": ["country"], "message": "unknown"}]}, {"country": ["unknown"]}),
    (
        {"fieldErrors": {"country": ["unknown"]}, "formErrors": ["too much"]},
        {"country": ["unknown"], "": ["too much"]},
    ),
    (["unknown country"], {"": ["unknown country"]}),
    ({"country": "unknown", "received": 5, "max": 3}, {"country": ["unknown"]}),
    ({}, {}),
    (None, {}),
    ("unknown", {}),
]


@pytest.mark.parametrize(("details", "fields"), FIELD_ERRORS_TABLE)
def test_field_errors_are_read_from_every_shape(details: object, fields: dict[str, list[str]]) -> None:
    error = error_from(400, {}, refusal(400, "VALIDATION_ERROR", details).content)
    assert isinstance(error, Refused)
    assert error.field_errors() == fields


def test_an_unknown_field_is_named() -> None:
    error = error_from(400, {}, refusal(400, "UNKNOWN_FIELD", {"field": "target_publish_end_date"}).content)
    assert isinstance(error, Refused)
    assert error.field_errors() == {"target_publish_end_date": ["No."]}


def test_facts_of_other_refusals_are_no_field_errors() -> None:
    error = error_from(
        409, {}, refusal(409, "BUNDLE_INVALID_STATUS", {"current_status": "cancelled"}).content
    )
    assert isinstance(error, Refused)
    assert error.field_errors() == {}


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(
                ["error", "errors", "field", "path", "code", "message", "details", "fields", "blockers"]
            )
            | st.text(max_size=5),
            inner,
            max_size=5,
        )
    ),
    max_leaves=15,
)


@given(status=st.integers(min_value=300, max_value=599), body=json_values, raw=st.binary(max_size=30))
def test_whatever_comes_is_an_error_that_can_be_shown(status: int, body: object, raw: bytes) -> None:
    for content in (json.dumps(body).encode(), json.dumps({"error": body}).encode(), raw):
        error = error_from(status, {}, content)
        assert str(error)
        assert repr(error)
        if isinstance(error, Refused):
            assert all(messages for messages in error.field_errors().values())
        if isinstance(error, NotReady):
            assert all(isinstance(blocker.code, str) for blocker in error.blockers)
        if isinstance(error, InsufficientCredits):
            assert error.missing is None or isinstance(error.missing, int)
