"""Secrets in the database: unreadable there, readable here, and never silently lost."""

import pytest
from cryptography.fernet import Fernet
from django.core.management import call_command
from django.db import connection as database
from pytest_django import Settings

from agency.fields import CannotDecrypt, decrypt, encrypt, key_id
from agency.models import Connection
from tests.factories import make_connection

pytestmark = pytest.mark.django_db


def stored() -> str:
    with database.cursor() as cursor:
        cursor.execute("SELECT api_key FROM agency_connection")
        return str(cursor.fetchone()[0])


def test_a_secret_is_ciphertext_in_the_database_and_text_in_python() -> None:
    make_connection(api_key="sk_very_secret")
    assert "sk_very_secret" not in stored()
    assert Connection.objects.get().api_key == "sk_very_secret"


def test_an_empty_secret_stays_empty() -> None:
    make_connection(api_key="")
    assert stored() == ""
    assert Connection.objects.get().api_key == ""


def test_a_key_that_is_gone_is_an_error_and_not_an_empty_value(settings: Settings) -> None:
    make_connection(api_key="sk_very_secret")
    settings.FIELD_KEYS = [Fernet.generate_key().decode()]
    with pytest.raises(CannotDecrypt, match="put the old key back"):
        Connection.objects.get()


def test_a_value_that_was_tampered_with_is_an_error() -> None:
    with pytest.raises(CannotDecrypt):
        decrypt(encrypt("sk_very_secret")[:-4] + "AAAA")


def test_rotation_makes_the_old_key_unnecessary(
    settings: Settings, capsys: pytest.CaptureFixture[str]
) -> None:
    make_connection(api_key="sk_very_secret")
    old, new = settings.FIELD_KEYS[0], Fernet.generate_key().decode()
    settings.FIELD_KEYS = [new, old]
    assert Connection.objects.get().api_key == "sk_very_secret"
    call_command("rotate_field_keys")
    assert "1 rows" in capsys.readouterr().out
    assert stored().startswith(key_id(new))
    settings.FIELD_KEYS = [new]
    assert Connection.objects.get().api_key == "sk_very_secret"
