"""Webhook deliveries: is it TokPortal's, and what does it say. Pure: clock and secrets are passed in."""

import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Self

from .reading import Json, Unreadable, clean, decode, identifier, moment, pick
from .redaction import Secret


class MalformedDelivery(ValueError):
    """A delivery that is not an event: not JSON, not an object, or without id or type."""


def is_genuine(
    raw_body: bytes,
    signature_header: str | None,
    secrets: Iterable[str | Secret],
    now: datetime,
    tolerance_seconds: float = 300,
) -> bool:
    """Whether one of the secrets signed exactly these bytes, at most `tolerance_seconds` from `now`.

    `now` is machine time, aware. The header is ``t=<unix seconds>,v1=<hex>``; the signed message is the text
    of `t`, a dot, and the raw body, never a re-serialised one ("Webhooks", API 2026-05-25).
    """
    signed_at, signatures = _parts(signature_header or "")
    if signed_at is None or abs(now.timestamp() - int(signed_at)) > tolerance_seconds:
        return False
    message = signed_at.encode("ascii") + b"." + raw_body
    matches = False
    for secret in secrets:
        key = (secret.reveal() if isinstance(secret, Secret) else secret).encode()
        if not key:
            continue
        expected = hmac.new(key, message, hashlib.sha256).hexdigest().encode("ascii")
        for signature in signatures:  # no early exit: the time must not tell which secret or digit was right
            matches |= hmac.compare_digest(expected, signature)
    return matches


def _parts(header: str) -> tuple[str | None, list[bytes]]:
    times: list[str] = []
    signatures: list[bytes] = []
    for part in header.split(","):
        name, _, value = part.strip().partition("=")
        if name == "t":
            times.append(value)
        elif name == "v1":
            signatures.append(value.encode("utf-8", "surrogateescape"))
    if len(times) != 1 or not re.fullmatch(r"[0-9]{1,15}", times[0]):
        return None, signatures
    return times[0], signatures


@dataclass(frozen=True, slots=True)
class ReceivedEvent:
    """One webhook event. `id` is the same in every delivery of it; `body` is all of it, secrets dropped."""

    id: str
    type: str
    created_at: datetime | None  # TokPortal's clock, UTC
    data: Json
    body: Json

    @classmethod
    def from_json(cls, raw_body: bytes) -> Self:
        """Read a body whose signature was checked before. Raises MalformedDelivery."""
        try:
            document = decode(raw_body)
        except Unreadable as error:
            raise MalformedDelivery(str(error)) from None
        upstream_id, kind = identifier(pick(document, "id")), identifier(pick(document, "type"))
        if not upstream_id or not kind:
            raise MalformedDelivery("an event has an id and a type")
        body = clean(document)
        return cls(
            id=upstream_id,
            type=kind,
            created_at=moment(pick(document, "created_at")),
            data=clean(body.get("data")),
            body=body,
        )
