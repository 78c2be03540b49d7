"""A secret in a repr, a log line or an exception ends up in a ticket."""

import logging
import traceback

import httpx
import pytest

from agency.tokportal import Secret, TokPortal, TokPortalError

from .conftest import API_KEY, BASE_URL, Scripted, answer, refusal


def _told_by(error: BaseException) -> str:
    """What an error reporter sees of our code: messages, causes, contexts, variables down the stack."""
    told = ""
    for frame, _ in traceback.walk_tb(error.__traceback__):
        if "agency/tokportal" in frame.f_code.co_filename:
            told += repr(dict(frame.f_locals))
    linked: list[BaseException] = [error]
    while linked:
        one = linked.pop()
        told += f"{one!r} {one} {vars(one)!r}"
        linked += [other for other in (one.__cause__, one.__context__) if other is not None]
    return told


@pytest.mark.parametrize(
    "trouble",
    [
        httpx.ConnectError("no"),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("dropped"),
        answer(503),
        httpx.Response(200, content=b"<html>"),
        refusal(
            400, "VALIDATION_ERROR", {"api_key": API_KEY, "country": "bad"}, message=f"bad key {API_KEY}"
        ),
        refusal(401, "AUTH_INVALID_KEY", message=f"{API_KEY} is unknown"),
        refusal(429, "RATE_LIMIT_EXCEEDED"),
    ],
)
def test_no_error_tells_the_key(
    trouble: httpx.Response | Exception, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    script = Scripted([trouble])
    with (
        TokPortal(
            base_url=BASE_URL,
            api_key=API_KEY,
            transport=httpx.MockTransport(script),
            on_answer=script.records.append,
        ) as tokportal,
        pytest.raises(TokPortalError) as caught,
    ):
        tokportal.create_bundle(body={"title": "x"}, key="k")
    assert script.asked[0].headers["X-API-Key"] == API_KEY
    assert API_KEY not in _told_by(caught.value)
    assert API_KEY not in repr(script.records)
    assert API_KEY not in caplog.text


def test_no_repr_tells_a_secret() -> None:
    tokportal = TokPortal(base_url=BASE_URL, api_key=API_KEY)
    assert API_KEY not in repr(tokportal)
    assert API_KEY not in repr(vars(tokportal))
    assert API_KEY not in repr(vars(tokportal._transport))
    tokportal.close()
    secret = Secret("hunter2")
    assert f"{secret} {secret!r} {[secret]}" == "*** *** [***]"
    assert secret.reveal() == "hunter2"
    assert secret == Secret("hunter2") != Secret("other")
    assert not Secret("")


def test_a_presigned_address_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with TokPortal(
        base_url=BASE_URL, api_key=API_KEY, transport=httpx.MockTransport(Scripted([httpx.Response(200)]))
    ) as tokportal:
        tokportal.put_presigned("https://storage.test/v?signature=abc", content=b"", content_type="video/mp4")
    assert "signature" not in caplog.text
