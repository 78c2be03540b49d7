"""Reading JSON bodies: one reader that collects what is wrong with every field before it refuses."""

from typing import Any
from urllib.parse import urlsplit

from .errors import ApiError


class Fields:
    """Typed access to the fields of a body. Call `check()` when all are read: it raises VALIDATION_ERROR."""

    def __init__(self, body: Any) -> None:
        if not isinstance(body, dict):
            raise ApiError(
                400, "VALIDATION_ERROR", "The body must be a JSON object", body=["must be a JSON object"]
            )
        self.body: dict[str, Any] = body
        self.errors: dict[str, list[str]] = {}

    def refuse(self, name: str, reason: str) -> None:
        self.errors.setdefault(name, []).append(reason)

    def check(self) -> None:
        if self.errors:
            message = "; ".join(f"{name} {reasons[0]}" for name, reasons in self.errors.items())
            raise ApiError(400, "VALIDATION_ERROR", message, **self.errors)

    def text(self, name: str, *, minimum: int = 0, maximum: int = 200, required: bool = False) -> str | None:
        value = self.body.get(name)
        if value is None or value == "":
            if required:
                self.refuse(name, "is required")
            return value
        if not isinstance(value, str):
            self.refuse(name, "must be a string")
        elif not minimum <= len(value) <= maximum:
            self.refuse(
                name, f"must have {minimum} to {maximum} characters" if minimum else _at_most(maximum)
            )
        else:
            return value
        return None

    def url(self, name: str, *, required: bool = False) -> str | None:
        value = self.text(name, maximum=2000, required=required)
        if value and not _is_web_address(value):
            self.refuse(name, "must be an http or https URL")
            return None
        return value

    def choice(self, name: str, choices: tuple[str, ...], *, required: bool = False) -> str | None:
        value = self.body.get(name)
        if value is None:
            if required:
                self.refuse(name, "is required")
            return None
        if value not in choices:
            self.refuse(name, f"must be one of {', '.join(choices)}")
            return None
        return str(value)

    def integer(
        self,
        name: str,
        *,
        minimum: int = 0,
        maximum: int | None = None,
        default: int = 0,
        required: bool = False,
    ) -> int:
        value = self.body.get(name)
        if value is None:
            if required:
                self.refuse(name, "is required")
            return default
        if isinstance(value, bool) or not isinstance(value, int):
            self.refuse(name, "must be a whole number")
        elif value < minimum:
            self.refuse(name, f"must be at least {minimum}")
        elif maximum is not None and value > maximum:
            self.refuse(name, f"must be at most {maximum}")
        else:
            return value
        return default

    def flag(self, name: str, *, default: bool = False) -> bool:
        value = self.body.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            self.refuse(name, "must be true or false")
            return default
        return value

    def texts(
        self, name: str, *, minimum: int = 0, maximum: int = 100, required: bool = False
    ) -> list[str] | None:
        value = self.body.get(name)
        if value is None:
            if required:
                self.refuse(name, "is required")
            return None
        if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
            self.refuse(name, "must be a list of strings")
        elif not minimum <= len(value) <= maximum:
            self.refuse(name, f"must have {minimum} to {maximum} items")
        else:
            return value
        return None


def _is_web_address(text: str) -> bool:
    try:
        parts = urlsplit(text)
        return (
            parts.scheme in ("http", "https")
            and bool(parts.hostname)
            and (parts.port is None or parts.port > 0)
        )
    except ValueError:  # a port that is no number, an address that is none
        return False


def _at_most(maximum: int) -> str:
    return f"must have at most {maximum} characters"
