import hashlib
import hmac
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokportal import verify_webhook_signature

from agency.tokportal import MalformedDelivery, ReceivedEvent, Secret, is_genuine

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
BODY = b'{"id":"evt_1","type":"bundle.published", "data":{"bundle_id":"b-1"}}'
SECRET = "whsec_one"


def signed(body: bytes = BODY, secret: str = SECRET, at: datetime = NOW) -> tuple[str, str]:
    moment = str(int(at.timestamp()))
    return moment, hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()


T, V1 = signed()

GENUINE = {
    "as documented": f"t={T},v1={V1}",
    "spaces": f" t={T} , v1={V1} ",
    "the other way round": f"v1={V1},t={T}",
    "unknown parts": f"t={T},v0=abc,v1={V1},x",
    "a second signature": f"t={T},v1={'0' * 64},v1={V1}",
}
FORGED = {
    "nothing": "",
    "no time": f"v1={V1}",
    "no signature": f"t={T}",
    "empty signature": f"t={T},v1=",
    "another time": f"t={int(T) + 1},v1={V1}",
    "no number": f"t=now,v1={V1}",
    "a float": f"t={T}.0,v1={V1}",
    "a negative time": f"t=-{T},v1={V1}",
    "a huge time": f"t={'9' * 40},v1={V1}",
    "other digits": f"t={''.join(chr(0x0660 + int(digit)) for digit in T)},v1={V1}",
    "two times": f"t={T},t={T},v1={V1}",
    "one digit off": f"t={T},v1={V1[:-1]}{'0' if V1[-1] != '0' else '1'}",
    "upper case": f"t={T},v1={V1.upper()}",
    "not ASCII": f"t={T},v1=é{V1}",
    "a scheme we don't know": f"t={T},v2={V1}",
}


@pytest.mark.parametrize("header", GENUINE.values(), ids=GENUINE.keys())
def test_a_genuine_signature_is_accepted(header: str) -> None:
    assert is_genuine(BODY, header, [SECRET], NOW)


@pytest.mark.parametrize("header", [*FORGED.values(), None], ids=[*FORGED.keys(), "no header"])
def test_anything_else_is_refused(header: str | None) -> None:
    assert not is_genuine(BODY, header, [SECRET], NOW)


@pytest.mark.parametrize("secrets", [[], [""], ["whsec_other"], [Secret("")], ["", "whsec_other"]])
def test_without_the_right_secret_nothing_is_genuine(secrets: list[str | Secret]) -> None:
    assert not is_genuine(BODY, f"t={T},v1={V1}", secrets, NOW)
    moment, unkeyed = signed(secret="")
    assert not is_genuine(BODY, f"t={moment},v1={unkeyed}", secrets, NOW)


def test_any_of_several_secrets_will_do_while_an_endpoint_is_replaced() -> None:
    assert is_genuine(BODY, f"t={T},v1={V1}", ["whsec_new", Secret(SECRET)], NOW)


@pytest.mark.parametrize(
    ("seconds", "genuine"), [(-301, False), (-300, True), (0, True), (300, True), (301, False)]
)
def test_the_tolerance_holds_both_ways(seconds: int, genuine: bool) -> None:
    assert is_genuine(BODY, f"t={T},v1={V1}", [SECRET], NOW + timedelta(seconds=seconds)) is genuine


@pytest.mark.parametrize("body", [BODY + b" ", BODY.replace(b", ", b","), b"", BODY[:-1]])
def test_the_raw_bytes_are_what_was_signed(body: bytes) -> None:
    assert not is_genuine(body, f"t={T},v1={V1}", [SECRET], NOW)


@given(body=st.binary(max_size=200), secret=st.text(min_size=1, max_size=40), age=st.integers(-600, 600))
def test_we_agree_with_tokportals_own_client(body: bytes, secret: str, age: int) -> None:
    moment, digest = signed(body, secret, NOW - timedelta(seconds=age))
    header = f"t={moment},v1={digest}"
    theirs = verify_webhook_signature(body, header, secret, now=int(NOW.timestamp()))
    assert is_genuine(body, header, [secret], NOW) is theirs


@given(header=st.text(max_size=80))
def test_no_header_makes_it_stumble(header: str) -> None:
    assert not is_genuine(BODY, header, [SECRET], NOW)


def test_an_event_is_read_from_what_was_signed() -> None:
    event = ReceivedEvent.from_json(
        b'{"id":"evt_1","type":"video.finalized","created_at":"2026-11-20T12:00:00.000Z",'
        b'"data":{"video_id":"v-1","position":2,"token":"x"},"api_version":"2026-05-25"}'
    )
    assert (event.id, event.type) == ("evt_1", "video.finalized")
    assert event.created_at == datetime(2026, 11, 20, 12, tzinfo=UTC)
    assert event.data == {"video_id": "v-1", "position": 2}
    assert "token" not in event.body["data"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"nonsense",
        b'{"id":"e"}',
        b'{"type":"t"}',
        b'{"id":{},"type":[]}',
        b"\xff",
    ],
)
def test_what_is_no_event_is_malformed(body: bytes) -> None:
    with pytest.raises(MalformedDelivery):
        ReceivedEvent.from_json(body)


@pytest.mark.parametrize("data", [b"null", b"[]", b'"text"', b"7"])
def test_an_event_with_odd_data_is_still_an_event(data: bytes) -> None:
    assert ReceivedEvent.from_json(b'{"id":"e","type":"t","data":' + data + b"}").data == {}
