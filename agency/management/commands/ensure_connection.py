from typing import Any

from django.core.management.base import BaseCommand

from agency.connection_actions import ensure_connection


class Command(BaseCommand):
    help = "Make the Connection that TOKPORTAL_BASE_URL and TOKPORTAL_API_KEY describe, where there is none."

    def handle(self, *args: Any, **options: Any) -> None:
        connection = ensure_connection()
        if connection:
            self.stdout.write(f"Connected to {connection.base_url}.")
        else:
            self.stdout.write("Not connected: an owner can enter the API key on the settings page.")
