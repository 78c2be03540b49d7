"""Refusals, in the envelope that the API documents: ``{"error": {"code", "message", "details"}}``."""

from typing import Any


class ApiError(Exception):
    """The request is refused: nothing of it happened, nothing was charged."""

    def __init__(self, status: int, code: str, message: str, **details: Any) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details
        self.headers: dict[str, str] = {}

    def body(self) -> dict[str, Any]:
        return {"error": {"code": self.code, "message": self.message, "details": self.details}}


class ControlError(Exception):
    """A call to /_sandbox that makes no sense; the message says why."""


def invalid(**fields: str) -> ApiError:
    """VALIDATION_ERROR; `details` maps each refused field to a list of reasons."""
    message = "; ".join(f"{name}: {reason}" for name, reason in fields.items())
    return ApiError(400, "VALIDATION_ERROR", message, **{name: [reason] for name, reason in fields.items()})


def unknown_fields(names: list[str]) -> ApiError:
    return ApiError(400, "UNKNOWN_FIELD", f"Unknown field: {', '.join(names)}", field=names[0], fields=names)
