"""The pages of campaigns: made, found, changed, put away."""

from collections.abc import Callable
from datetime import date

import pytest
from django.db import IntegrityError
from django.db import connection as database
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agency.models import Connection, User
from campaigns import actions
from campaigns.ledger.models import Budget
from campaigns.models import Campaign, Market
from clients.models import Client
from tests.factories import make_bundle, make_campaign, make_client, make_command, make_connection, make_post

pytestmark = pytest.mark.django_db
SignedIn = Callable[[User], Browser]

FORM = {
    "name": "Spring 2027",
    "slug": "",
    "starts_on": "2027-03-01",
    "ends_on": "2027-05-31",
    "goal": "",
    "budget": "",
}


@pytest.fixture
def offering(db: None) -> Connection:
    """TokPortal has told its countries and platforms."""
    return make_connection(
        countries=[
            {"code": "USA", "name": "United States", "videos_only": False},
            {"code": "UK", "name": "United Kingdom", "videos_only": False},
        ],
        platforms=[
            {"value": "tiktok", "name": "TikTok", "enabled": True},
            {"value": "youtube", "name": "YouTube", "enabled": False},
        ],
    )


def test_a_campaign_gets_a_prefix_of_its_own_its_markets_and_its_budget(
    signed_in: SignedIn, manager: User, offering: Connection
) -> None:
    form = FORM | {"budget": "400", "markets": ["USA:tiktok", "GB:tiktok"]}
    answer = signed_in(manager).post(reverse("campaign_new", args=["acme"]), form)
    campaign = Campaign.objects.get()
    assert answer.url == campaign.get_absolute_url()
    own = campaign.namespaces.get()
    assert (own.prefix, own.is_own) == ("acme-spring-2027", True)
    assert sorted(campaign.markets.values_list("country", "platform")) == [
        ("UK", "tiktok"),
        ("USA", "tiktok"),
    ]
    assert Budget.objects.get(campaign=campaign).credits == 400


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("ends_on", "2027-02-01", "before the first one"),
        ("starts_on", "yesterday", "Enter a valid date"),
        ("slug", "Spring!", "lower-case letters"),
        ("slug", "spring-2026", "already"),
        ("name", "", "required"),
        ("name", "×××", ""),
        ("markets", "MARS:tiktok", "Select a valid choice"),
        ("budget", "many", "whole number"),
    ],
)
def test_a_wrong_field_is_explained_where_it_is(
    signed_in: SignedIn,
    manager: User,
    campaign: Campaign,
    offering: Connection,
    field: str,
    value: str,
    sentence: str,
) -> None:
    answer = signed_in(manager).post(reverse("campaign_new", args=["acme"]), FORM | {field: value})
    assert answer.status_code == 422
    errors = answer.context["form"].errors
    assert sentence in str(errors["slug" if value == "×××" else field])
    assert Campaign.objects.count() == 1


def test_a_platform_that_cannot_be_ordered_yet_is_shown_and_closed(
    signed_in: SignedIn, manager: User, offering: Connection
) -> None:
    rows = signed_in(manager).get(reverse("campaign_new", args=["acme"])).context["form"].market_rows
    assert [(market.label, market.is_open) for market in rows[0].markets] == [
        ("TikTok", True),
        ("YouTube", False),
    ]


def test_without_a_connection_a_campaign_is_made_and_its_markets_come_later(
    signed_in: SignedIn, manager: User
) -> None:
    browser = signed_in(manager)
    address = reverse("campaign_new", args=["acme"])
    assert "has not told its countries" in browser.get(address).content.decode()
    assert browser.post(address, FORM).status_code == 302


def test_a_market_that_is_no_longer_offered_stays_until_somebody_takes_it_away(
    signed_in: SignedIn, manager: User, campaign: Campaign, offering: Connection
) -> None:
    Market.objects.create(campaign=campaign, country="PH", platform="tiktok")
    browser, address = signed_in(manager), reverse("campaign_edit", args=[campaign.pk])
    form = FORM | {"name": "Spring", "slug": "spring-2026"}
    browser.post(address, form | {"markets": ["PH:tiktok", "USA:tiktok"]})
    assert campaign.markets.count() == 2
    browser.post(address, form | {"markets": ["USA:tiktok"]})
    assert [market.country for market in campaign.markets.all()] == ["USA"]


def test_the_short_name_changes_the_prefix_until_a_reference_uses_it(
    signed_in: SignedIn, manager: User, campaign: Campaign
) -> None:
    browser, address = signed_in(manager), reverse("campaign_edit", args=[campaign.pk])
    browser.post(address, FORM | {"slug": "easter"})
    assert campaign.namespaces.get().prefix == "acme-easter"
    make_command(campaign, external_ref="acme-easter-usa-abc234")
    assert "can no longer change" in browser.get(address).content.decode()
    browser.post(address, FORM | {"slug": "other"})
    assert campaign.namespaces.get().prefix == "acme-easter"


def test_the_action_refuses_a_new_short_name_too(owner: User, campaign: Campaign) -> None:
    make_post(campaign)
    fields = actions.CampaignFields("Spring", "other", date(2027, 1, 1), date(2027, 1, 2))
    with pytest.raises(actions.CannotSave, match="can no longer change"):
        actions.edit_campaign(campaign=campaign, fields=fields, by=owner)


def test_a_prefix_is_adopted_on_the_page_and_a_refusal_names_what_it_would_take(
    signed_in: SignedIn, owner: User, campaign: Campaign
) -> None:
    browser, address = signed_in(owner), reverse("namespace_adopt", args=[campaign.pk])
    assert browser.post(address, {"namespace": "ugc-wave-1"}).url == campaign.get_absolute_url()
    make_bundle(make_campaign(make_client("nordlys")), external_ref="make-7")
    answer = browser.post(address, {"namespace": "make"})
    assert answer.status_code == 422
    assert "make-7" in answer.content.decode()


def test_the_history_speaks_as_the_forms_do(signed_in: SignedIn, owner: User, campaign: Campaign) -> None:
    browser = signed_in(owner)
    campaign.markets.create(country="USA", platform="tiktok")
    Campaign.objects.filter(pk=campaign.pk).update(slug="autumn", starts_on=date(2026, 9, 1))
    events = browser.get(campaign.get_absolute_url()).context["events"]
    told = {event.what: event.details for event in events}
    assert told["Market added"] == ["USA · TikTok"]
    assert told["Prefix added"] == ["acme-spring-2026"]
    assert "Short name: spring-2026 → autumn" in told["Campaign changed"]
    assert any(
        line.startswith("First day: ") and line.endswith("→ 1 Sept 2026") for line in told["Campaign changed"]
    )


def test_archiving_closes_a_campaign_and_restoring_opens_it(
    signed_in: SignedIn, manager: User, campaign: Campaign
) -> None:
    browser = signed_in(manager)
    browser.post(reverse("campaign_archive", args=[campaign.pk]))
    assert browser.get(reverse("campaign_edit", args=[campaign.pk])).status_code == 403
    page = browser.get(campaign.get_absolute_url()).content.decode()
    assert reverse("bundle_order", args=[campaign.pk]) not in page
    browser.post(reverse("campaign_restore", args=[campaign.pk]))
    page = browser.get(campaign.get_absolute_url()).content.decode()
    assert reverse("bundle_order", args=[campaign.pk]) in page


ROW_PAGES = ["campaign_detail", "campaign_edit", "campaign_archive", "campaign_restore", "namespace_adopt"]


@pytest.mark.parametrize("name", ROW_PAGES)
def test_a_campaign_of_others_does_not_exist(
    signed_in: SignedIn, outsider: User, campaign: Campaign, name: str
) -> None:
    browser, address = signed_in(outsider), reverse(name, args=[campaign.pk])
    assert browser.get(address).status_code == 404
    assert browser.post(address, FORM).status_code == 404
    assert browser.get(reverse("campaign_new", args=["acme"])).status_code == 404


@pytest.mark.parametrize("name", ROW_PAGES[1:])
def test_an_analyst_may_look_and_not_change(
    signed_in: SignedIn, analyst: User, campaign: Campaign, name: str
) -> None:
    browser = signed_in(analyst)
    page = browser.get(campaign.get_absolute_url())
    assert page.status_code == 200
    assert "Order a bundle" not in page.content.decode()
    assert browser.post(reverse(name, args=[campaign.pk]), FORM).status_code == 403
    assert browser.post(reverse("campaign_new", args=["acme"]), FORM).status_code == 403


@pytest.mark.parametrize(
    ("state", "found"),
    [
        ("", ["now", "later"]),
        ("running", ["now"]),
        ("planned", ["later"]),
        ("over", ["before"]),
        ("archived", ["gone"]),
        ("all", ["before", "now", "later", "gone"]),
    ],
)
def test_campaigns_are_found_by_their_state(
    signed_in: SignedIn, manager: User, client_row: Client, state: str, found: list[str]
) -> None:
    far, near = date(2099, 1, 1), date(2020, 1, 1)
    make_campaign(client_row, "before", starts_on=near, ends_on=near)
    make_campaign(client_row, "now", starts_on=near, ends_on=far)
    make_campaign(client_row, "later", starts_on=far, ends_on=far)
    make_campaign(client_row, "gone", starts_on=near, ends_on=far, archived_at="2026-01-01T00:00Z")
    page = signed_in(manager).get(reverse("campaign_list"), {"state": state}).context["page"]
    assert {campaign.slug for campaign in page} == set(found)


def test_campaigns_are_found_by_client_and_by_prefix(
    signed_in: SignedIn, owner: User, campaign: Campaign
) -> None:
    other = make_campaign(make_client("nordlys"), "winter")
    other.namespaces.create(prefix="ugc-wave-1")
    browser = signed_in(owner)
    assert list(browser.get(reverse("campaign_list"), {"q": "ugc-w"}).context["page"]) == [other]
    assert list(browser.get(reverse("campaign_list"), {"client": "acme"}).context["page"]) == [campaign]


def test_another_clients_name_in_the_filter_finds_nothing_new(
    signed_in: SignedIn, outsider: User, campaign: Campaign
) -> None:
    page = signed_in(outsider).get(reverse("campaign_list"), {"client": "acme", "state": "all"})
    assert "Acme" not in page.content.decode()


def test_ten_more_campaigns_need_no_more_queries(
    signed_in: SignedIn, owner: User, client_row: Client
) -> None:
    browser = signed_in(owner)

    def queries(address: str) -> int:
        with CaptureQueriesContext(database) as captured:
            assert browser.get(address).status_code == 200
        return len(captured)

    first = make_campaign(client_row, "first")
    make_bundle(first, videos=2)
    few, detail = queries(reverse("campaign_list")), queries(first.get_absolute_url())
    for number in range(10):
        make_bundle(make_campaign(client_row, f"more-{number}"), videos=2)
        make_bundle(first, videos=2)
    assert queries(reverse("campaign_list")) == few <= 15
    assert queries(first.get_absolute_url()) == detail <= 15


def test_the_database_refuses_a_market_twice(campaign: Campaign) -> None:
    Market.objects.create(campaign=campaign, country="USA", platform="tiktok")
    with pytest.raises(IntegrityError, match="market_once_per_campaign"):
        Market.objects.create(campaign=campaign, country="USA", platform="tiktok")


def test_the_database_refuses_an_end_before_the_start(client_row: Client) -> None:
    with pytest.raises(IntegrityError, match="campaign_ends_after_it_starts"):
        make_campaign(client_row, starts_on=date(2026, 2, 2), ends_on=date(2026, 2, 1))


def test_the_database_refuses_a_short_name_twice(client_row: Client) -> None:
    make_campaign(client_row, "spring")
    with pytest.raises(IntegrityError, match="campaign_slug_once_per_client"):
        make_campaign(client_row, "spring")
