"""The people: they look at a price, press a button, and press it again when a page fails them."""

import random
import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

import httpx
from django.db import InterfaceError, OperationalError
from django.db import connection as database
from django.utils import timezone

from agency.connections import active_connection, tokportal
from agency.models import Connection, User
from agency.tokportal import Refused, TokPortalError
from campaigns.commands import actions, sync
from campaigns.commands.quotes import Quote
from campaigns.commands.reference import refresh_reference
from campaigns.models import Bundle, Campaign, Command, SavedAccount
from campaigns.sync import refresh_bundle
from tests.chaos.browsers import Browsers
from tests.chaos.house import House
from tests.factories import make_campaign, make_client, make_user
from tests.sandbox_process import KEY, Sandbox

T = TypeVar("T")
K, S = Command.Kind, Command.State

PATIENCE_SECONDS = 60
AGAIN_SECONDS = 0.3


class Shop:
    """Everything that people can do, with what they have done so far."""

    def __init__(self, house: House) -> None:
        self.house = house
        url = house.sandbox_url
        control = httpx.Client(base_url=f"{url}/_sandbox", timeout=30)
        self.sandbox = Sandbox(None, f"{url}/api/ext", KEY, control, [])
        clients = [make_client(f"client-{number}") for number in range(4)]
        self.by = make_user("manager", role=User.Role.OWNER, clients=tuple(clients))
        self.campaigns = [make_campaign(client, slug) for client in clients for slug in ("spring", "autumn")]
        self.connection = active_connection()  # made of the environment, as everywhere
        refresh_reference(self.connection, now=timezone.now())
        self.browsers = Browsers(house.web_url, self.by, self.patiently)
        self.accounts: list[SavedAccount] = []  # delivered, for orders of videos only
        self.asked: set[UUID] = set()  # every key that a button was pressed with
        self.paid = 0  # buttons with a price that were pressed
        self.from_three_browsers = 0
        self.not_possible = 0  # a rule of ours said no: the story goes on without

    def patiently(self, do: Callable[[], T]) -> T:
        """Press again while PostgreSQL or TokPortal is away, always with the same key."""
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return do()
            except Refused:
                raise
            except (OperationalError, InterfaceError, TokPortalError, httpx.HTTPError):
                database.close_if_unusable_or_obsolete()
                if time.monotonic() > until:
                    raise
            self.house.look_after()
            time.sleep(AGAIN_SECONDS)

    def ask(self, rng: random.Random, verb: Callable[..., Command], **what: Any) -> Command | None:
        """Press a button without a price; None = a rule of ours said no."""
        key = self.new_key(rng)
        try:
            return self.patiently(lambda: verb(by=self.by, key=key, now=timezone.now(), **what))
        except (actions.CannotSend, Refused):
            self.asked.discard(key)
            self.not_possible += 1
            return None

    def ask_priced(
        self,
        rng: random.Random,
        verb: Callable[..., Command],
        *,
        kind: str,
        body: Mapping[str, Any],
        bundle: Bundle,
        position: int | None = None,
        **what: Any,
    ) -> Command | None:
        """Look at the price of something that a bundle gets, and ask for it."""

        def quoted(**pressed: Any) -> Command:
            return verb(quote=self._quote(kind, body, bundle.campaign, bundle, position), **pressed)

        command = self.ask(rng, quoted, **what)
        self.paid += command is not None and command.quoted_credits > 0
        return command

    def order(self, rng: random.Random, campaign: Campaign, body: Mapping[str, Any]) -> Command:
        self.paid += 1
        if rng.random() < 0.2:
            self.from_three_browsers += 1
            return self.browsers.order(self.new_key(rng), campaign, body)
        key = self.new_key(rng)

        def press() -> Command:
            quote = self._quote(K.CREATE_BUNDLE, body, campaign)
            return actions.order_bundle(
                campaign=campaign,
                connection=self.connection,
                by=self.by,
                key=key,
                body=body,
                quote=quote,
                now=timezone.now(),
            )

        return self.patiently(press)

    def add_slots(self, rng: random.Random, bundle: Bundle, quantity: int, *, edits: bool) -> Command | None:
        if not edits and rng.random() < 0.1:
            self.paid += 1
            self.from_three_browsers += 1
            return self.browsers.add_slots(self.new_key(rng), bundle, quantity)
        return self.ask_priced(
            rng,
            partial(actions.add_slots, bundle=bundle),
            kind=K.ADD_EDIT_SLOTS if edits else K.ADD_VIDEO_SLOTS,
            body={"quantity": quantity},
            bundle=bundle,
            quantity=quantity,
            edits=edits,
        )

    def _quote(
        self,
        kind: str,
        body: Mapping[str, Any],
        campaign: Campaign | None,
        bundle: Bundle | None = None,
        position: int | None = None,
    ) -> Quote:
        self.connection.refresh_from_db()
        return sync.quote(
            self.connection,
            kind=kind,
            body=dict(body),
            now=timezone.now(),
            by=self.by,
            campaign=campaign,
            bundle=bundle,
            position=position,
        )

    def new_key(self, rng: random.Random) -> UUID:
        key = UUID(int=rng.getrandbits(128), version=4)
        self.asked.add(key)
        return key

    def manager(self, do: str, bundle: Bundle, **what: Any) -> Bundle:
        """TokPortal's manager does something, and we hear of it."""
        self.patiently(lambda: self.sandbox.manager(do, bundle_id=bundle.upstream_id, **what))
        return self.read(bundle)

    def read(self, bundle: Bundle) -> Bundle:
        """As after a webhook."""
        api, upstream_id = tokportal(self.connection), bundle.upstream_id
        return self.patiently(
            lambda: refresh_bundle(api, self._connection_now(), upstream_id, now=timezone.now())
        )

    def _connection_now(self) -> Connection:
        self.connection.refresh_from_db()
        return self.connection

    def let_a_month_pass(self) -> None:
        """Afterwards every delivered account has a Coverage period that is due."""
        self.sandbox.advance(days=31)
        refresh_reference(self._connection_now(), now=timezone.now())  # learns the clock on the way

    def today(self) -> Any:
        return self.patiently(self.sandbox.now).date()

    def decide_what_is_left(self) -> int:
        """A person decides about what no look could tell, with TokPortal's own books in hand."""
        left = Command.objects.filter(state=S.UNKNOWN, needs_person=True).select_related("connection")
        charged: dict[str, int] = {}
        for entry in self.sandbox.books():
            key = entry["idempotency_key"]
            charged[key] = charged.get(key, 0) - entry["amount"]
        decided = 0
        for command in left:
            now, credits = timezone.now(), charged.get(str(command.key), 0)
            if credits:
                actions.accept_as_done(command=command, by=self.by, note="", credits=credits, now=now)
            else:
                actions.withdraw(command=command, by=self.by, note="not in the history", now=now)
            decided += 1
        return decided
