"""An encrypted text column.

The value is stored as `key id : Fernet token`. FIELD_KEYS holds the keys, newest first: the first one
encrypts, every one decrypts. A key that is missing is an error and never an empty or raw value.
"""

import hashlib
from functools import lru_cache

from cryptography.fernet import Fernet, InvalidToken
from django.conf import settings
from django.db import models


class CannotDecrypt(Exception):
    """The stored value was written with a key that FIELD_KEYS no longer holds."""


def key_id(key: str) -> str:
    """Eight hex characters that name a key without telling it."""
    return hashlib.sha256(key.encode()).hexdigest()[:8]


@lru_cache(maxsize=4)
def _ring(keys: tuple[str, ...]) -> dict[str, Fernet]:
    return {key_id(key): Fernet(key) for key in keys}


def encrypt(value: str) -> str:
    newest = settings.FIELD_KEYS[0]
    token = _ring(tuple(settings.FIELD_KEYS))[key_id(newest)].encrypt(value.encode())
    return f"{key_id(newest)}:{token.decode()}"


def decrypt(stored: str) -> str:
    name, _, token = stored.partition(":")
    ring = _ring(tuple(settings.FIELD_KEYS))
    if name not in ring:
        raise CannotDecrypt(f"FIELD_KEYS has no key {name}; put the old key back behind the new one.")
    try:
        return ring[name].decrypt(token.encode()).decode()
    except InvalidToken as error:
        raise CannotDecrypt(f"A value encrypted with key {name} was changed or cut off.") from error


class EncryptedTextField(models.TextField):
    """Text that is readable in Python and ciphertext in the database. Empty stays empty."""

    def get_prep_value(self, value: object) -> str:
        text = str(super().get_prep_value(value) or "")
        return encrypt(text) if text else ""

    def from_db_value(self, value: str | None, expression: object, connection: object) -> str:
        return decrypt(value) if value else ""
