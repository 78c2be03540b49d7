"""What must not leave this package: secrets in payloads, in texts and in reprs."""

import re
from collections.abc import Mapping
from typing import Final

# Compared with the key in lower case, without separators. Older contracts returned passwords in account reads
# ("Accounts (Delivered)"); presigned upload addresses are secrets as well ("Media Upload").
_SECRET_KEY_PARTS: Final = (
    "password",
    "passwd",
    "passphrase",
    "secret",
    "token",
    "credential",
    "apikey",
    "accesskey",
    "privatekey",
    "authorization",
    "uploadurl",
    "verificationcode",
    "recoverycode",
    "backupcode",
    "totp",
    "cookie",
)
_SECRET_TEXT: Final = re.compile(r"\b(?:sk_|tok_live_|whsec_)[0-9A-Za-z_\-]{4,}")
_DEEPEST: Final = 60


class Secret:
    """A text that shows itself only when asked to: ``reveal()``."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        return self._text

    def __repr__(self) -> str:
        return "***"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._text == self._text

    def __hash__(self) -> int:
        return hash((Secret, self._text))

    def __bool__(self) -> bool:
        return bool(self._text)


def is_secret_key(key: str) -> bool:
    plain = re.sub(r"[^a-z0-9]", "", key.lower())
    return any(part in plain for part in _SECRET_KEY_PARTS)


def without_secrets(value: object, *, levels: int = _DEEPEST) -> object:
    """A copy of a decoded JSON value without the members whose names look like secrets.

    NUL characters go too (PostgreSQL stores them neither in text nor in jsonb), and absurdly deep nesting.
    """
    if isinstance(value, Mapping | list | tuple) and levels == 0:
        return None
    if isinstance(value, Mapping):
        return {
            str(key).replace("\x00", ""): without_secrets(member, levels=levels - 1)
            for key, member in value.items()
            if not is_secret_key(str(key))
        }
    if isinstance(value, list | tuple):
        return [without_secrets(member, levels=levels - 1) for member in value]
    if isinstance(value, str):
        return value.replace("\x00", "")
    return value


def blank_secrets(text: str) -> str:
    """The text with everything that has the form of a TokPortal key or signing secret replaced by ``***``."""
    return _SECRET_TEXT.sub("***", text)
