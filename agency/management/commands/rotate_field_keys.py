"""`manage.py rotate_field_keys`: encrypt every secret in the database again, with the newest of FIELD_KEYS."""

from typing import Any

from django.apps import apps
from django.core.management.base import BaseCommand
from django.db import transaction

from agency.fields import EncryptedTextField


class Command(BaseCommand):
    help = "Encrypt every secret again with the first key of FIELD_KEYS. Afterwards the other keys can go."

    def handle(self, *args: Any, **options: Any) -> None:
        rotated = 0
        for model in apps.get_models():
            names = [field.name for field in model._meta.fields if isinstance(field, EncryptedTextField)]
            if not names:
                continue
            with transaction.atomic():
                for row in model._default_manager.select_for_update():
                    row.save(update_fields=names)
                    rotated += 1
        self.stdout.write(f"{rotated} rows are encrypted with the newest key. The older keys can go.")
