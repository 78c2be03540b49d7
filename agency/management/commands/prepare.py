"""`manage.py prepare`: what must be done before anything starts: migrations, and the Connection."""

from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand

from agency.connection_actions import ensure_connection


class Command(BaseCommand):
    help = "Migrate the database, and make the Connection that TOKPORTAL_BASE_URL and TOKPORTAL_API_KEY describe."

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", interactive=False, stdout=self.stdout)
        connection = ensure_connection()
        if connection:
            self.stdout.write(f"Connected to {connection.base_url}.")
        else:
            self.stdout.write("Not connected yet: an owner can enter the API key on the settings page.")
