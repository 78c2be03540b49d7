"""From an empty database to a first client: account, TokPortal, webhooks, client. May be run again."""

import getpass
import sys
import time
import uuid
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone
from django.utils.text import slugify

from agency import connection_actions
from agency.models import Connection, User
from agency.tokportal import TokPortalError
from campaigns.commands import sync as commands
from campaigns.commands.reference import refresh_reference
from campaigns.events import actions, endpoint
from campaigns.events.models import WebhookEvent
from clients.actions import add_client
from clients.models import Client

ARRIVES_WITHIN = 5.0  # seconds, after TokPortal says that the test was delivered


class Command(BaseCommand):
    help = "Walk through the first account, the connection to TokPortal, the webhooks and the first client."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--username", help="of the first owner")
        parser.add_argument("--email", default="", help="of the first owner")
        parser.add_argument(
            "--password-stdin", action="store_true", help="read the owner's password from stdin"
        )
        parser.add_argument("--client", help="name of the first client")
        parser.add_argument("--skip-webhook", action="store_true", help="leave the webhooks for later")
        parser.add_argument("--no-input", action="store_true", help="ask nothing")

    def handle(self, *args: Any, **options: Any) -> None:
        self.may_ask = not options["no_input"] and not options["password_stdin"] and sys.stdin.isatty()
        owner = self.account(options)
        connection = self.connection()
        if connection and not options["skip_webhook"]:
            self.webhook(connection, owner)
        self.client(options)
        self.stdout.write(f"\nSign in at {settings.PUBLIC_URL}/ as {owner.username}.")

    def account(self, options: dict[str, Any]) -> User:
        self.step("Account")
        owner = User.objects.filter(role=User.Role.OWNER, is_active=True).order_by("pk").first()
        if owner:
            self.say(
                f"There is an owner already: {owner.username}. More people are added on the people page."
            )
            return owner
        username = options["username"] or self.ask("Username of the first owner")
        if not username:
            raise CommandError("Nobody can sign in yet. Give --username and --password-stdin.")
        if User.objects.filter(username=username).exists():
            raise CommandError(f"{username} is taken by somebody who is no owner. Choose another --username.")
        owner = User(
            username=username,
            email=options["email"] or (self.ask("E-mail", optional=True) if self.may_ask else ""),
            role=User.Role.OWNER,
            is_staff=True,
            is_superuser=True,
        )
        password = self.password(options)
        try:
            validate_password(password, owner)
            owner.set_password(password)
            owner.full_clean()
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from None
        owner.save()
        self.say(f"Made the owner {username}.")
        return owner

    def password(self, options: dict[str, Any]) -> str:
        if options["password_stdin"]:
            return sys.stdin.readline().rstrip("\r\n")
        if not self.may_ask:
            raise CommandError("The owner needs a password. Give it with --password-stdin.")
        password = getpass.getpass("Password: ")
        if password != getpass.getpass("Password again: "):
            raise CommandError("The two passwords differ. Run this again.")
        return password

    def connection(self) -> Connection | None:
        self.step("TokPortal")
        known = connection_actions.ensure_connection()
        base_url = known.base_url if known else settings.TOKPORTAL_BASE_URL
        api_key = known.api_key if known else ""
        if not api_key and self.may_ask:
            api_key = getpass.getpass("API key of the TokPortal workspace (empty = later): ").strip()
        if not api_key:
            self.later("no API key is known", "set TOKPORTAL_API_KEY or enter it on the settings page")
            return None
        try:
            connection = connection_actions.connect(base_url=base_url, api_key=api_key, now=timezone.now())
            refresh_reference(connection, now=timezone.now())
        except connection_actions.CannotConnect as refusal:
            self.later(str(refusal), "correct the key or the address, on the settings page or here")
            return None
        except TokPortalError as error:
            self.later(
                f"the key works, but prices could not be read ({error})", "they are read again every hour"
            )
            return connection
        self.say(
            f"TokPortal answers: the key of {connection.owner_email or 'an unnamed owner'},"
            f" {connection.balance:,} credits in the pool, {len(connection.countries)} countries."
        )
        return connection

    def webhook(self, connection: Connection, owner: User) -> None:
        self.step("Webhooks")
        later = "start the web server, see that PUBLIC_URL is open to the internet, and run this again"
        try:
            if not connection.webhook_endpoint_id:
                self.create_endpoint(connection, owner)
                connection.refresh_from_db()
            if not connection.webhook_endpoint_id:
                self.later("TokPortal did not take our address", "look at Settings, where its answer stands")
                return
            asked_at = timezone.now()
            endpoint.note_test(connection, now=asked_at)
            trouble = endpoint.test_endpoint(connection, now=timezone.now())
        except TokPortalError as error:
            self.later(f"TokPortal could not be asked ({error})", later)
            return
        events = WebhookEvent.objects.filter(
            connection=connection, kind="webhook.test", received_at__gte=asked_at
        )
        give_up_at = time.monotonic() + ARRIVES_WITHIN
        while not trouble and not events.exists() and time.monotonic() < give_up_at:
            time.sleep(0.1)
        if events.exists():
            self.say("A signed test event came back: pages follow TokPortal within seconds.")
        else:
            self.later(trouble or "the test event did not arrive", later)

    def create_endpoint(self, connection: Connection, owner: User) -> None:
        """Sent from here, so that no worker has to run for it."""
        command = actions.set_up_webhook(
            connection=connection,
            by=owner,
            key=uuid.uuid4(),
            offered=endpoint.offered_kinds(connection),
            now=timezone.now(),
        )
        commands.send_command(command.pk, now=timezone.now())

    def client(self, options: dict[str, Any]) -> None:
        self.step("First client")
        first = Client.objects.order_by("pk").first()
        if first:
            self.say(f"There is a client already: {first.name}.")
            return
        name = options["client"] or (self.ask("Name of the first client (empty = later)", optional=True))
        if not name:
            self.later("there is no client yet", "add one on the clients page")
            return
        slug = slugify(name)[:40].strip("-")
        if not slug:
            raise CommandError("The client's name needs a letter or a digit: it begins every reference.")
        add_client(fields={"name": name[:80], "slug": slug}, budget=None, staff=[])
        self.say(f"Added {name}. Its references begin with {slug}. Next: its first campaign, on its page.")

    def step(self, name: str) -> None:
        self.stdout.write(self.style.MIGRATE_HEADING(name))

    def say(self, sentence: str) -> None:
        self.stdout.write(f"  {sentence}")

    def later(self, why: str, what: str) -> None:
        self.stdout.write(self.style.WARNING(f"  Not yet: {why.rstrip('.')}. Next: {what}."))

    def ask(self, question: str, *, optional: bool = False) -> str:
        """The answer of the person at the terminal; '' where nobody is asked."""
        if not self.may_ask:
            return ""
        while True:
            answer = input(f"  {question}: ").strip()
            if answer or optional:
                return answer
