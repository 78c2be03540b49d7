"""`manage.py load_sample`: a made-up agency with three months of history, made by the product itself."""

import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from agency.celery import app
from agency.connection_actions import ensure_connection
from agency.sample.story import Story
from clients.models import Client


class Command(BaseCommand):
    help = "Fill an empty database with the sample agency, against a running TokPortal sandbox."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--users-file", type=Path, help="where to write one sign-in per role, as JSON")

    def handle(self, *args: Any, users_file: Path | None, **options: Any) -> None:
        if not settings.TOKPORTAL_BASE_URL.startswith(("http://127.0.0.1:", "http://localhost:")):
            raise CommandError(
                "The sample is for the sandbox only: TOKPORTAL_BASE_URL is not on this machine."
            )
        if Client.objects.exists():
            raise CommandError(
                "There are clients already. The sample wants an empty database: make demo-reset."
            )
        # What a worker would do is done here, one after the other, so that each day is over before the next.
        app.conf.update(task_always_eager=True, task_eager_propagates=True)
        connection = ensure_connection()
        if connection is None:
            raise CommandError("TOKPORTAL_API_KEY is not set: the sample needs the sandbox's.")
        control = settings.TOKPORTAL_BASE_URL.removesuffix("/api/ext") + "/_sandbox"
        users = Story(connection, control_url=control, step=self._show).tell()
        if users_file:
            users_file.touch(mode=0o600)
            users_file.write_text(json.dumps(users, indent=2) + "\n")
        self.stdout.write(f"The sample agency is there: {Client.objects.count()} clients.")

    def _show(self, day: int, days: int) -> None:
        if day % 30 == 0:
            self.stdout.write(f"Day {day} of {days}")
