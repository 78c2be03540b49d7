"""Spending at the sandbox: by our Commands, by colleagues in the web UI, by nobody."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.utils import timezone

from agency.models import Connection, User
from campaigns.commands import actions
from campaigns.commands import sync as commands
from campaigns.credits import sync
from campaigns.models import Campaign, Command
from tests.sandbox_process import Sandbox

BODY = {
    "bundle_type": "account_and_videos",
    "platform": "tiktok",
    "country": "USA",
    "videos_quantity": 3,
    "auto_finalize_videos": True,
}
PRICE = 32 + 3 * 2
WEB_ORDER = {"do": "web_order", **BODY}


@pytest.fixture
def order(connection: Connection, campaign: Campaign, owner: User) -> Callable[..., Command]:
    """Quote, order and send, as the page and its worker do."""

    def place(
        for_campaign: Campaign = campaign,
        before_sending: Callable[[], Any] = lambda: None,
        **changes: Any,
    ) -> Command:
        body = {**BODY, **changes}
        now = timezone.now()
        connection.refresh_from_db()
        quote = commands.quote(
            connection,
            kind=Command.Kind.CREATE_BUNDLE,
            body=body,
            now=now,
            by=owner,
            campaign=for_campaign,
        )
        before_sending()
        command = actions.order_bundle(
            campaign=for_campaign,
            connection=connection,
            by=owner,
            key=uuid4(),
            body=body,
            quote=quote,
            now=now,
        )
        command.refresh_from_db()
        return command

    return place


@pytest.fixture
def update(connection: Connection) -> Callable[..., None]:
    """The task's work, some machine time from now."""

    def run(*, full: bool = False, **time_passed: float) -> None:
        sync.update_ledger(now=timezone.now() + timedelta(**time_passed), full=full)
        connection.refresh_from_db()

    return run


@pytest.fixture
def spend_elsewhere(sandbox: Sandbox) -> Callable[..., None]:
    """A colleague orders in the web UI; our API key does not hear of it."""

    def spend(**changes: Any) -> None:
        sandbox._post("/manager", {**WEB_ORDER, **changes})

    return spend
