"""Somebody who orders bundles, as the page does it."""

from datetime import datetime
from uuid import uuid4

from django.utils import timezone

from agency.connections import active_connection
from agency.models import User
from campaigns.commands import actions, sync
from campaigns.commands.quotes import Quote
from campaigns.commands.reference import refresh_reference
from campaigns.models import Command
from tests.factories import make_campaign, make_client, make_user

BODY = {
    "bundle_type": "account_and_videos",
    "platform": "tiktok",
    "country": "USA",
    "videos_quantity": 3,
    "auto_finalize_videos": False,
}


class Buyer:
    """With a client and a campaign of their own."""

    def __init__(self, name: str) -> None:
        client = make_client(name)
        self.campaign = make_campaign(client)
        self.by = make_user(f"{name}-manager", role=User.Role.OWNER, clients=(client,))
        self.connection = active_connection()  # made of the environment, as everywhere
        refresh_reference(self.connection, now=timezone.now())

    def look(self) -> Quote:
        """The price, as TokPortal says it."""
        self.connection.refresh_from_db()
        return sync.quote(
            self.connection,
            kind=Command.Kind.CREATE_BUNDLE,
            body=BODY,
            now=timezone.now(),
            by=self.by,
            campaign=self.campaign,
        )

    def press(self, quote: Quote, *, now: datetime) -> Command:
        return actions.order_bundle(
            campaign=self.campaign,
            connection=self.connection,
            by=self.by,
            key=uuid4(),
            body=BODY,
            quote=quote,
            now=now,
        )
