"""Every list: its columns sort, its filters are named, and it can be taken along by those who see it."""

from collections.abc import Callable

import pytest
from django.test import Client as Browser
from django.urls import reverse

from agency.models import User
from agency.views.people import SORTS as PEOPLE_SORTS
from campaigns.analytics.forms import ACCOUNT_SORTS
from campaigns.commands.reports.lists import BUNDLE_SORTS, COMMAND_SORTS
from campaigns.content.views import SORTS as POST_SORTS
from campaigns.credits.views import SORTS as CREDIT_SORTS
from campaigns.events.models import WebhookEvent
from campaigns.events.views import SORTS as EVENT_SORTS
from campaigns.lists import CAMPAIGN_SORTS
from campaigns.models import Campaign
from clients.reports import CLIENT_SORTS
from tests.factories import (
    NOW,
    make_account,
    make_bundle,
    make_campaign,
    make_client,
    make_command,
    make_post,
    make_user,
    the_connection,
)
from tests.ledger.books import make_entry

LISTS = {
    "bundle_list": BUNDLE_SORTS,
    "command_list": COMMAND_SORTS,
    "account_list": ACCOUNT_SORTS,
    "campaign_list": CAMPAIGN_SORTS,
    "client_list": CLIENT_SORTS,
    "post_list": POST_SORTS,
    "credit_list": CREDIT_SORTS,
    "credit_unassigned": CREDIT_SORTS,
    "event_list": EVENT_SORTS,
    "people": PEOPLE_SORTS,
}
FILES = {"bundle_list": "bundle_list_csv", "command_list": "command_list_csv", "credit_list": "credit_csv"}


@pytest.fixture
def rows(campaign: Campaign) -> Campaign:
    """Two rows for every list, one of them of another client or without what can be missing."""
    other = make_campaign(make_client("tidal", name="Tidal"), "summer")
    for where in (campaign, other):
        make_bundle(where, videos=1, saved_account=make_account(where))
        make_command(where)
        make_post(where)
        make_entry(-38)
    make_post(campaign, publish_date=None)
    make_user("zoe")
    for number in range(2):
        WebhookEvent.objects.create(
            connection=the_connection(),
            upstream_id=f"e{number}",
            kind="bundle.created",
            body={},
            received_at=NOW,
        )
    return campaign


def address(name: str, campaign: Campaign) -> str:
    return reverse(name, args=[campaign.pk] if name == "post_list" else [])


@pytest.mark.parametrize(("name", "key"), [(name, key) for name, columns in LISTS.items() for key in columns])
def test_a_list_sorts_both_ways(
    name: str, key: str, rows: Campaign, owner: User, signed_in: Callable[[User], Browser]
) -> None:
    browser = signed_in(owner)
    for sort in (key, f"-{key}"):
        page = browser.get(address(name, rows), {"sort": sort})
        assert page.status_code == 200
        assert page.context["sort"].asked == sort
        assert page.context["page"].paginator.count >= 2


@pytest.mark.parametrize("name", [*LISTS, "report_list"])
def test_a_list_is_a_file_too(
    name: str, rows: Campaign, owner: User, signed_in: Callable[[User], Browser]
) -> None:
    browser = signed_in(owner)
    query = {"whose": "unassigned"} if name == "credit_unassigned" else {}
    file = reverse(FILES[name]) if name in FILES else address(name, rows)
    if name == "credit_unassigned":
        file = reverse("credit_csv")
    answer = browser.get(file, {"format": "csv", **query})
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    lines = b"".join(answer).decode().splitlines()  # type: ignore[arg-type]
    assert len(lines) > 2
    assert browser.get(address(name, rows)).content.decode().count(" download>") == 1


@pytest.mark.parametrize(
    "name", ["bundle_list", "command_list", "account_list", "campaign_list", "client_list"]
)
def test_a_file_has_what_its_reader_may_see(
    name: str, rows: Campaign, manager: User, signed_in: Callable[[User], Browser]
) -> None:
    answer = signed_in(manager).get(reverse(FILES.get(name, name)), {"format": "csv"})
    told = b"".join(answer).decode()  # type: ignore[arg-type]
    assert "Acme" in told
    assert "Tidal" not in told


@pytest.mark.parametrize("name", [*LISTS, "report_list"])
def test_what_is_filtered_out_can_be_brought_back(
    name: str, rows: Campaign, owner: User, signed_in: Callable[[User], Browser]
) -> None:
    page = signed_in(owner).get(address(name, rows), {"q": "nothing is called that"}).content.decode()
    assert "Clear the filters" in page
    if name != "report_list":
        assert "Take away Search: nothing is called that" in page
