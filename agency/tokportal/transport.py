"""HTTP to TokPortal: key, timeouts, shared pace, retries of reads, and every failure as a typed error."""

import hashlib
import logging
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import IO, Final
from urllib.parse import quote

import httpx
import msgspec
import stamina
import stamina.instrumentation

from .errors import (
    NotSent,
    RateLimited,
    Refused,
    TokPortalError,
    Unreachable,
    error_from,
    request_id_of,
)
from .oddities import odd_codes, oddities_of
from .pace import Lane, Pace
from .reading import Unreadable, decode, pick, whole
from .record import PUT_PRESIGNED, CallRecord
from .redaction import Secret, blank_secrets

VERSION: Final = "0.1.0"

_LONGEST_TOKEN_WAIT_SECONDS: Final = 1.0
_RATE_LIMIT_CODES: Final = (
    "",
    "RATE_LIMIT_EXCEEDED",
    "RATE_LIMITED",
)  # other 429s say nothing about the rate
_READ_TRIES: Final = 3
_READ_SECONDS: Final = 10.0
_CONNECT_SECONDS: Final = 5.0
_UPLOAD_SECONDS: Final = 300.0  # the answer to an upload comes after TokPortal has stored it

logger = logging.getLogger(__name__)

# stamina's own hook logs the arguments of what failed.
stamina.instrumentation.set_on_retry_hooks([])


def _never(record: logging.LogRecord) -> bool:
    return False


# httpx logs the address of every request; a presigned one is a secret. CallRecord says what is worth saying.
logging.getLogger("httpx").addFilter(_never)


@dataclass(frozen=True, slots=True)
class Call:
    """What to ask. `path` holds names in braces that `ids` fills; `fields` and `files` make it multipart."""

    operation: str
    method: str
    path: str
    ids: Mapping[str, object]
    query: Mapping[str, object] | None = None
    body: Mapping[str, object] | None = None
    fields: Mapping[str, str] | None = None
    files: Mapping[str, tuple[str, bytes | IO[bytes], str]] | None = None
    as_text: bool = False  # CSV instead of JSON
    key: str | None = None
    dry_run: bool = False


@dataclass(slots=True)
class Received:
    """A success: its status, and its body as JSON or, where asked for, as text."""

    status: int
    document: object
    text: str
    request_id: str
    replayed: bool
    server_time: datetime | None


class Transport:
    """One connection pool for one key. Thread-safe."""

    def __init__(
        self,
        *,
        base_url: str,
        api_key: str,
        pace: Pace | None,
        lane: Lane,
        timeout_seconds: float,
        on_answer: Callable[[CallRecord], None] | None,
        transport: httpx.BaseTransport | None,
    ) -> None:
        if not api_key.strip().isascii() or not api_key.strip().isprintable():
            raise ValueError("the API key has characters that no key has")
        self.base_url = _address(base_url)
        self._api_key = Secret(api_key.strip())
        self._pace = pace
        self._lane = lane
        self._timeout = httpx.Timeout(timeout_seconds, connect=min(_CONNECT_SECONDS, timeout_seconds))
        self._on_answer = on_answer
        # The key is added call by call, so that it never travels to an upload address or along a redirect.
        self._http = httpx.Client(transport=transport, timeout=self._timeout, follow_redirects=False)
        self.skew: timedelta | None = None

    def __repr__(self) -> str:
        return f"Transport({self.base_url!r})"

    def close(self) -> None:
        self._http.close()

    def read(self, call: Call) -> Received:
        """Send a call without effects: up to 3 tries in 10 s. Raises what `send` raises."""
        give_up_at = time.monotonic() + _READ_SECONDS

        def pause_before_retry(error: Exception) -> bool | float:
            if isinstance(error, RateLimited):
                fits = time.monotonic() + error.retry_after < give_up_at
                return error.retry_after if fits and not error.local else False
            return isinstance(error, NotSent | Unreachable)

        for attempt in stamina.retry_context(
            on=pause_before_retry,
            attempts=_READ_TRIES,
            timeout=_READ_SECONDS,
            wait_initial=0.2,
            wait_max=2,
            wait_jitter=0.2,
        ):
            with attempt:
                return self.send(call, attempt=attempt.num)
        raise AssertionError("stamina raises the last error")

    def send(self, call: Call, *, attempt: int = 1) -> Received:
        """Send a call exactly once. Raises the errors of `agency.tokportal.errors`."""
        request = self._request(call)
        self._wait_for_turn()
        began, at = time.monotonic(), datetime.now(UTC)
        response = self._exchange(request)
        outcome: Received | TokPortalError
        if isinstance(response, TokPortalError):
            outcome = response
        else:
            self._heed(response, at)
            outcome = _outcome(call, response)
        outcome.request_id = outcome.request_id or request.headers["X-Request-ID"]
        self._record(call, response, outcome, at, _milliseconds_since(began), attempt=attempt)
        if isinstance(outcome, Received):
            return outcome
        if self._pace is not None and isinstance(outcome, RateLimited) and outcome.code in _RATE_LIMIT_CODES:
            self._pace.block(outcome.retry_after)
        raise outcome

    def put(self, address: Secret | str, *, content: bytes | IO[bytes], content_type: str) -> None:
        """PUT bytes to a presigned address: no key, one try. Raises NotSent, Unreachable, Refused."""
        request = httpx.Request(
            "PUT",
            address.reveal() if isinstance(address, Secret) else address,
            headers={"Content-Type": content_type},
            content=content,
            extensions={"timeout": self._upload_timeout().as_dict()},
        )
        began, at = time.monotonic(), datetime.now(UTC)
        response = self._exchange(request)
        error = _upload_error(response)
        self._tell(
            CallRecord(
                method="PUT",
                operation=PUT_PRESIGNED,
                path_template="",  # the address is a secret
                status=response.status_code if isinstance(response, httpx.Response) else None,
                milliseconds=_milliseconds_since(began),
                request_id="",
                credits_charged=None,
                error_code=error.code or None if error else None,
                at=at,
                lane=self._lane,
                failure=type(error).__name__ if error else "",
                with_key=False,
            )
        )
        if error is not None:
            raise error

    def _request(self, call: Call) -> httpx.Request:
        headers = {
            "X-API-Key": self._api_key.reveal(),
            "X-TokPortal-Client": f"agency-dashboard/{VERSION}",
            "X-Request-ID": f"agency-{uuid.uuid4().hex}",  # echoed, so that even a lost answer has a name
            "Accept": "text/csv, text/html, application/json" if call.as_text else "application/json",
        }
        if call.key is not None:
            headers["Idempotency-Key"] = call.key
        if call.dry_run:
            headers["X-TokPortal-Dry-Run"] = "true"
        content: bytes | None = None
        if call.body is not None:
            headers["Content-Type"] = "application/json"
            # sorted: a repeat with the same key must be the same bytes, also after a round through jsonb
            content = msgspec.json.encode(dict(call.body), order="sorted")
        if call.files is not None and call.key is not None:
            boundary = hashlib.sha256(call.key.encode()).hexdigest()[:32]
            headers["Content-Type"] = f"multipart/form-data; boundary={boundary}"
        timeout = self._upload_timeout() if call.files is not None else self._timeout
        return self._http.build_request(
            call.method,
            self.base_url + _fill(call.path, call.ids),
            params=_query(call.query),
            headers=headers,
            content=content,
            data=call.fields,
            files=call.files,
            timeout=timeout,
        )

    def _upload_timeout(self) -> httpx.Timeout:
        return httpx.Timeout(_UPLOAD_SECONDS, connect=_CONNECT_SECONDS)

    def _wait_for_turn(self) -> None:
        waited = 0.0
        while self._pace is not None and (wait := self._pace.take(self._lane)) > 0:
            if waited + wait > _LONGEST_TOKEN_WAIT_SECONDS:
                raise RateLimited("The request rate is used up", retry_after=wait, local=True)
            time.sleep(wait)
            waited += wait

    def _exchange(self, request: httpx.Request) -> httpx.Response | TokPortalError:
        """The answer, or the error that its absence means.

        The error is returned, not raised here: raised inside the handler it would drag httpx's exception
        along, whose request shows the key.
        """
        try:
            return self._http.send(request)
        except (
            httpx.ConnectError,
            httpx.ConnectTimeout,
            httpx.PoolTimeout,
            httpx.UnsupportedProtocol,
        ) as error:
            return NotSent(f"No connection to TokPortal ({type(error).__name__})")
        except (httpx.HTTPError, httpx.StreamError) as error:
            return Unreachable(f"No complete answer from TokPortal ({type(error).__name__})")

    def _heed(self, response: httpx.Response, asked_at: datetime) -> None:
        """Learn from the headers: the size of the bucket and the difference between the clocks."""
        if (server_time := _date_of(response)) is not None:
            self.skew = server_time - asked_at.replace(microsecond=0)
        limit = whole(response.headers.get("X-RateLimit-Limit"))
        if self._pace is not None and limit is not None:
            self._pace.learn(limit)

    def _record(
        self,
        call: Call,
        response: httpx.Response | TokPortalError,
        outcome: Received | TokPortalError,
        at: datetime,
        milliseconds: int,
        *,
        attempt: int,
    ) -> None:
        if self._on_answer is None:
            return
        answer = response if isinstance(response, httpx.Response) else None
        error = outcome if isinstance(outcome, TokPortalError) else None
        received = outcome if isinstance(outcome, Received) else None
        odd = oddities_of(call.operation, received.document) if received else odd_codes(call.operation, error)
        self._tell(
            CallRecord(
                method=call.method,
                operation=call.operation,
                path_template=call.path,
                status=answer.status_code if answer else None,
                milliseconds=milliseconds,
                request_id=blank_secrets(outcome.request_id),
                credits_charged=whole(pick(received.document, "credits_charged")) if received else None,
                error_code=blank_secrets(error.code or type(error).__name__) if error else None,
                at=at,
                server_time=_date_of(answer) if answer else None,
                ids={name: blank_secrets(str(value)) for name, value in call.ids.items()},
                lane=self._lane,
                attempt=attempt,
                failure=type(error).__name__ if error else "",
                is_dry_run=call.dry_run,
                is_replay=received.replayed if received else False,
                oddities=odd,
            )
        )

    def _tell(self, record: CallRecord) -> None:
        if self._on_answer is None:
            return
        try:
            self._on_answer(record)
        except (
            Exception
        ):  # whatever is wrong with our bookkeeping, the answer to a paid call must not be lost
            logger.exception("The record of a TokPortal call could not be kept")


def _milliseconds_since(began: float) -> int:
    return round((time.monotonic() - began) * 1000)


def _upload_error(response: httpx.Response | TokPortalError) -> TokPortalError | None:
    if isinstance(response, TokPortalError):
        return response
    status, message = response.status_code, f"The upload address answered {response.status_code}"
    if 400 <= status < 500 and status not in (408, 429):
        return Refused("UPLOAD_REFUSED", message, status=status)
    return None if response.is_success else Unreachable(message, status=status)


def _outcome(call: Call, response: httpx.Response) -> Received | TokPortalError:
    if not response.is_success:
        return error_from(response.status_code, response.headers, response.content)
    request_id = request_id_of(response.headers)
    document: object = {}
    if not call.as_text:
        try:
            document = decode(response.content)
        except Unreadable:
            return Unreachable(
                "TokPortal's answer can't be read", status=response.status_code, request_id=request_id
            )
    return Received(
        status=response.status_code,
        document=document,
        text=response.text if call.as_text else "",
        request_id=request_id,
        replayed=response.headers.get("Idempotent-Replayed", "").lower() == "true",
        server_time=_date_of(response),
    )


def _date_of(response: httpx.Response) -> datetime | None:
    try:
        at = parsedate_to_datetime(response.headers.get("Date", ""))
    except (ValueError, TypeError):
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _address(base_url: str) -> str:
    try:
        url = httpx.URL(base_url.strip())
    except httpx.InvalidURL:
        url = httpx.URL()
    if url.scheme not in ("http", "https") or not url.host:
        raise ValueError("the base URL is not an http or https address")
    return str(url).rstrip("/")


def _fill(path: str, ids: Mapping[str, object]) -> str:
    filled = {}
    for name, value in ids.items():
        written = str(value)
        if written in ("", ".", ".."):  # would be the path of another operation
            raise ValueError(f"{name} can't be {written!r}")
        filled[name] = quote(written, safe="")
    return path.format(**filled)


def _query(query: Mapping[str, object] | None) -> httpx.QueryParams:
    """Filters that are None are left out; lists become repeated keys, flags become true and false."""
    pairs: list[tuple[str, str]] = []
    for name, value in (query or {}).items():
        for member in value if isinstance(value, list | tuple | set | frozenset) else (value,):
            if member is None:
                continue
            pairs.append((name, str(member).lower() if isinstance(member, bool) else _written(member)))
    return httpx.QueryParams(tuple(pairs))


def _written(value: object) -> str:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return str(value)
