"""Webhook endpoints, event types and deliveries ("Webhooks")."""

from dataclasses import dataclass
from datetime import datetime
from typing import Self

from ..reading import Json, clean, flag, identifier, moment, pick, subject, text, texts, whole
from ..redaction import Secret


@dataclass(frozen=True, slots=True)
class WebhookEventType:
    """An event that can be subscribed to. `emitted` False = announced, but not sent yet."""

    type: str
    description: str | None
    emitted: bool | None
    raw: Json

    @classmethod
    def from_json(cls, row: object) -> Self:
        return cls(
            type=identifier(row if isinstance(row, str) else pick(row, "type", "event", "name")),
            description=text(pick(row, "description")),
            emitted=flag(pick(row, "emitted")),
            raw=clean(row),
        )


@dataclass(frozen=True, slots=True)
class WebhookEndpoint:
    """`signing_secret` is there only in the answer to the creation, and can never be read again."""

    id: str
    url: str | None
    events: tuple[str, ...]
    description: str | None
    enabled: bool | None
    signing_secret: Secret | None
    created_at: datetime | None
    updated_at: datetime | None
    raw: Json

    @classmethod
    def from_json(cls, document: object) -> Self:
        found = subject(document)
        secret = text(pick(found, "signing_secret", "secret"))
        return cls(
            id=identifier(pick(found, "id", "webhook_id", "endpoint_id")),
            url=text(pick(found, "url")),
            events=texts(pick(found, "events")),
            description=text(pick(found, "description")),
            enabled=flag(pick(found, "enabled")),
            signing_secret=Secret(secret) if secret else None,
            created_at=moment(pick(found, "created_at")),
            updated_at=moment(pick(found, "updated_at")),
            raw=clean(found),
        )


@dataclass(frozen=True, slots=True)
class Delivery:
    """One attempt to deliver an event, as TokPortal logged it."""

    id: str
    endpoint_id: str | None
    event_id: str | None
    event_type: str | None
    success: bool | None
    response_status: int | None
    error: str | None
    attempt: int | None
    created_at: datetime | None
    delivered_at: datetime | None
    raw: Json

    @classmethod
    def from_json(cls, document: object) -> Self:
        found = subject(document)
        return cls(
            id=identifier(pick(found, "id", "delivery_id")),
            endpoint_id=text(pick(found, "endpoint_id", "webhook_id")),
            event_id=text(pick(found, "event_id")),
            event_type=text(pick(found, "event_type", "type")),
            success=flag(pick(found, "success")),
            response_status=whole(pick(found, "response_status", "status_code")),
            error=text(pick(found, "error")),
            attempt=whole(pick(found, "attempt")),
            created_at=moment(pick(found, "created_at")),
            delivered_at=moment(pick(found, "delivered_at")),
            raw=clean(found),
        )
