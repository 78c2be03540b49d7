"""A client's month as a file: the same bytes as the page's download."""

import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from agency.connections import NotConnected, active_connection
from campaigns.ledger.months import Month, NotAMonth
from campaigns.reports.csv import statement_csv
from campaigns.reports.statement import build_statement
from clients.models import Client


class Command(BaseCommand):
    help = "Write the statement of a client's month. The columns are explained in campaigns/reports/csv.py."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("client", metavar="CLIENT", help="the client's slug, such as acme")
        parser.add_argument("--month", required=True, metavar="YYYY-MM", help="in the agency's time zone")
        parser.add_argument("--format", choices=["csv"], default="csv")
        parser.add_argument(
            "--output", required=True, metavar="FILE", help="where to write it; - = standard output"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        slug: str = options["client"]
        client = Client.objects.filter(slug=slug).first()
        if client is None:
            known = ", ".join(Client.objects.order_by("slug").values_list("slug", flat=True)[:20])
            raise CommandError(f"There is no client {slug!r}. Known: {known or 'none yet'}.")
        try:
            month, connection = Month.read(options["month"]), active_connection()
        except (NotAMonth, NotConnected) as error:
            raise CommandError(str(error)) from None
        content = b"".join(statement_csv(build_statement(client, month, connection)))
        if options["output"] == "-":
            sys.stdout.buffer.write(content)
            sys.stdout.buffer.flush()
            return
        try:
            Path(options["output"]).write_bytes(content)
        except OSError as error:
            raise CommandError(f"{options['output']} cannot be written: {error.strerror}.") from None
        self.stderr.write(f"{client.name}, {month.name}: {options['output']}")
