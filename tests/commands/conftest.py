import pytest
from django.utils import timezone

from agency.models import Connection, User
from campaigns.commands.reference import refresh_reference
from campaigns.models import Bundle, Campaign
from tests.commands.pages import SignIn, an_order, token_in, url, work


@pytest.fixture
def priced(connection: Connection) -> Connection:
    """The Connection with prices, countries, platforms and balance read."""
    refresh_reference(connection, now=timezone.now())
    return connection


@pytest.fixture
def bundle(priced: Connection, campaign: Campaign, manager: User, signed_in: SignIn) -> Bundle:
    """A bundle that the sandbox knows, with an account to set up and five empty slots."""
    browser, order = signed_in(manager), an_order()
    page = browser.post(url("bundle_order", campaign.pk), order)
    browser.post(url("bundle_order", campaign.pk), {**order, "quote": token_in(page.content.decode())})
    work()
    return Bundle.objects.get()
