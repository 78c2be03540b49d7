"""What can go wrong at TokPortal, sorted by what the caller must do next.

Error codes are upper-cased here (older contracts use lower case) and compared so. Messages are TokPortal's
and may change: show or log them, never match on them.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Self

from .reading import EMPTY, Json, Unreadable, clean, decode, identifier, mapping, number, pick, text, whole
from .redaction import blank_secrets

if TYPE_CHECKING:
    from .results import Answer

RATE_LIMIT_WAIT_SECONDS: Final = 1.0  # where a 429 names no wait
CAPACITY_WAIT_SECONDS: Final = 900.0  # capacity comes back in minutes to hours; nothing says when
_LONGEST_MESSAGE: Final = 500
_VALIDATION_CODES: Final = frozenset({"VALIDATION_ERROR", "UNKNOWN_FIELD"})

# Official clients look in this order.
REQUEST_ID_HEADERS: Final = ("x-tokportal-request-id", "x-request-id", "request-id", "x-vercel-id")


class TokPortalError(Exception):
    """Anything that TokPortal, or the way to it, did not do as asked.

    `status` is the HTTP status, None where there was no answer. `request_id` is TokPortal's, or the one we
    sent.
    """

    def __init__(
        self,
        message: str = "",
        *,
        code: str = "",
        status: int | None = None,
        details: Json | None = None,
        request_id: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.code = code.upper()
        self.status = status
        self.details: Json = details or EMPTY
        self.request_id = request_id

    def __str__(self) -> str:
        facts = [self.code or (f"HTTP {self.status}" if self.status else ""), self.message]
        line = ": ".join(fact for fact in facts if fact) or type(self).__name__
        return f"{line} (request {self.request_id})" if self.request_id else line

    def __repr__(self) -> str:
        return (
            f"{type(self).__name__}(status={self.status}, code={self.code!r}, request_id={self.request_id!r})"
        )


class NotSent(TokPortalError):
    """No connection was made, so certainly nothing happened: try again later."""


class Unreachable(TokPortalError):
    """It may or may not have happened: timeout, dropped connection, 408, 5xx, unreadable answer."""


class NotAllowed(TokPortalError):
    """401 or 403: the key is wrong, revoked or may not do this, or the thing belongs to another workspace."""

    @property
    def is_key_problem(self) -> bool:
        """The key itself is refused: nothing else will work either."""
        return self.status == 401


class KeyInProgress(TokPortalError):
    """The first call with this idempotency key is still running: wait and repeat it unchanged."""


class KeyConflict(TokPortalError):
    """This key was used with another body: that other call may have happened, this one did not."""


class RateLimited(TokPortalError):
    """Too many requests; nothing happened. `local` = our own bucket said so and nothing was sent."""

    def __init__(self, message: str = "", *, retry_after: float, local: bool = False, **facts: Any) -> None:
        super().__init__(message, **facts)
        self.retry_after = retry_after  # seconds
        self.local = local


class CoolingDown(TokPortalError):
    """The workspace's capacity for orders is used up, nothing was charged: wait long, never split it."""

    def __init__(
        self, message: str = "", *, retry_after: float = CAPACITY_WAIT_SECONDS, **facts: Any
    ) -> None:
        super().__init__(message, **facts)
        self.retry_after = retry_after  # seconds


class DryRunIgnored(TokPortalError):
    """A dry run that was answered like a real call: `answer` may have been executed and charged."""

    def __init__(self, answer: "Answer[Any]") -> None:
        super().__init__(
            "The server ignored the dry run and may have executed it",
            status=answer.status,
            request_id=answer.request_id,
        )
        self.answer = answer


class Refused(TokPortalError):
    """A final no. Nothing happened, and nothing will until something changes: tell the person."""

    def __init__(
        self,
        code: str = "",
        message: str = "",
        details: Json | None = None,
        *,
        status: int = 400,
        request_id: str = "",
    ) -> None:
        super().__init__(message, code=code, status=status, details=details, request_id=request_id)

    def field_errors(self) -> dict[str, list[str]]:
        """Field → messages, from every shape that `details` is known to have; '' = the request as a whole.

        Nested fields are joined with dots: ``videos.0.description``. Codes other than those of validation
        carry facts in `details` (a status, a date), not fields, unless they name a ``field``.
        """
        if self.code not in _VALIDATION_CODES and pick(self.details, "field") is None:
            return {}
        found: dict[str, list[str]] = {}
        for field, message in _field_messages(self.details, self.message):
            if message not in found.setdefault(field, []):
                found[field].append(message)
        return found


class NotFound(Refused):
    """There is no such thing in this workspace."""


class InsufficientCredits(Refused):
    """402. All amounts are whole credits, None where the answer does not say."""

    @property
    def required(self) -> int | None:
        return whole(self.details.get("required"))

    @property
    def available(self) -> int | None:
        return whole(self.details.get("available"))

    @property
    def missing(self) -> int | None:
        stated = whole(self.details.get("missing"))
        if stated is None and self.required is not None and self.available is not None:
            return self.required - self.available
        return stated


class PriceChanged(Refused):
    """The price moved during checkout, nothing was charged: quote again, with a new key."""


class DuplicateBundle(Refused):
    """A bundle with this external_ref exists already: link that one, do not repeat."""

    @property
    def existing_bundle_id(self) -> str | None:
        return identifier(pick(self.details, "existing_bundle_id", "bundle_id")) or None


@dataclass(frozen=True, slots=True)
class Blocker:
    """One reason why a bundle can't be published yet."""

    code: str
    message: str
    details: Json

    @classmethod
    def from_json(cls, value: object) -> Self:
        if isinstance(value, str):
            return cls(code=value.upper(), message="", details=EMPTY)
        return cls(
            code=identifier(pick(value, "code", "type")).upper(),
            message=text(pick(value, "message", "reason")) or "",
            details=clean(pick(value, "details")),
        )


class NotReady(Refused):
    """The bundle can't be published yet."""

    @property
    def blockers(self) -> tuple[Blocker, ...]:
        listed = self.details.get("blockers")
        if isinstance(listed, list | tuple):
            return tuple(Blocker.from_json(row) for row in listed)
        return (Blocker(code=self.code, message=self.message, details=self.details),)


_REFUSED_BY_CODE: Final[Mapping[str, type[Refused]]] = {
    "BUNDLE_PRICING_CHANGED": PriceChanged,
    "DUPLICATE_ACCOUNT_BUNDLE": DuplicateBundle,
    "INSUFFICIENT_CREDITS": InsufficientCredits,
    "BUNDLE_NOT_READY": NotReady,
    # the older contract's answers to publish
    "ACCOUNT_NOT_CONFIGURED": NotReady,
    "NO_VIDEOS_CONFIGURED": NotReady,
}


def request_id_of(headers: Mapping[str, str]) -> str:
    lowered = {name.lower(): value for name, value in headers.items()}
    return next((lowered[name] for name in REQUEST_ID_HEADERS if lowered.get(name)), "")


def error_from(status: int, headers: Mapping[str, str], body: bytes) -> TokPortalError:
    """The error that an answer means. Pure, and closed by default: what isn't known is an error too.

    Only call it for answers that are not a success; an unknown status may have had an effect.
    """
    try:
        document = decode(body)
    except Unreadable:
        document = EMPTY  # a gateway's HTML: the status has to do
    stated = pick(document, "error")
    if isinstance(stated, str):
        stated = {"code": pick(document, "code"), "message": stated, "details": pick(document, "details")}
    error = mapping(stated) or mapping(document)
    code = identifier(pick(error, "code")).upper()
    message = blank_secrets(text(pick(error, "message")) or f"TokPortal answered {status}")[:_LONGEST_MESSAGE]
    listed = pick(error, "details")
    details = clean({"errors": listed} if isinstance(listed, list) else listed)
    request_id = request_id_of(headers)
    facts: dict[str, Any] = {"code": code, "status": status, "details": details, "request_id": request_id}

    if status == 408 or status >= 500 or status < 400:
        return Unreachable(message, **facts)
    if status in (401, 403):
        return NotAllowed(message, **facts)
    if code == "CAPACITY_COOLDOWN":
        return CoolingDown(message, retry_after=_wait(headers, details, CAPACITY_WAIT_SECONDS), **facts)
    if status == 429:
        return RateLimited(message, retry_after=_wait(headers, details, RATE_LIMIT_WAIT_SECONDS), **facts)
    if "IDEMPOTENCY" in code and "PROGRESS" in code:
        return KeyInProgress(message, **facts)
    if "IDEMPOTENCY" in code and "CONFLICT" in code:
        return KeyConflict(message, **facts)
    return _refusal(status, code, details)(code, message, details, status=status, request_id=request_id)


def _refusal(status: int, code: str, details: Json) -> type[Refused]:
    if code in _REFUSED_BY_CODE:
        return _REFUSED_BY_CODE[code]
    if status == 402:
        return InsufficientCredits
    if status == 404:
        return NotFound
    if isinstance(details.get("blockers"), list):
        return NotReady
    return Refused


def _wait(headers: Mapping[str, str], details: Json, otherwise: float) -> float:
    """Seconds to wait: header and details may disagree, so the larger one."""
    in_header = next((value for name, value in headers.items() if name.lower() == "retry-after"), None)
    in_details = pick(details, "retry_after_seconds", "retry_after", "wait_seconds")
    named = [seconds for seconds in (number(in_header), number(in_details)) if seconds is not None]
    return max(0.0, *named) if named else otherwise


# Facts that an answer may carry beside the fields.
_NOT_FIELDS: Final = frozenset(
    {"code", "message", "reason", "hint", "allowed", "allowed_fields", "received", "expected"}
)
_FIELD_LISTS: Final = frozenset(
    {"fields", "missing_fields", "unknown_fields", "missingFields", "unknownFields"}
)
_FIELD_GROUPS: Final = frozenset({"errors", "fields", "issues", "field_errors", "fieldErrors", "details"})


def _field_messages(details: object, fallback: str) -> Iterator[tuple[str, str]]:
    """Pairs of field and message: a list of rows, an object by field, or one row that names its field."""
    if isinstance(details, list | tuple):
        for row in details:
            if isinstance(row, str):
                yield "", row
            else:
                yield from _field_messages(row, fallback)
        return
    if not isinstance(details, Mapping):
        return
    named = pick(details, "field", "path", "param", "loc", "unknown_field")
    if named is not None:
        yield _field_name(named), text(pick(details, "message", "msg", "reason", "error")) or fallback
        return
    for key, value in details.items():
        if (
            key in _FIELD_LISTS
            and isinstance(value, list | tuple)
            and all(isinstance(row, str) for row in value)
        ):
            yield from ((_field_name(field), fallback) for field in value)
        elif key in _FIELD_GROUPS:
            yield from _field_messages(value, fallback)
        elif key in ("form_errors", "formErrors"):
            yield from (("", line) for line in _lines(value))
        elif key not in _NOT_FIELDS:
            yield from ((_field_name(key), line) for line in _lines(value))


def _field_name(value: object) -> str:
    if isinstance(value, list | tuple):
        value = ".".join(identifier(part) for part in value if part != "body")
    return re.sub(r"\[(\d+)\]", r".\1", identifier(value))


def _lines(value: object) -> Iterator[str]:
    """Messages only: numbers and flags in details are facts, not complaints."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list | tuple):
        for member in value:
            yield from _lines(member)
    elif isinstance(value, Mapping):
        yield from _lines(pick(value, "message", "msg", "_errors"))
