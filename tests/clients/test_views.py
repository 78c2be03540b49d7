"""The pages of clients: who sees what, who may change what, and what a person is told."""

from collections.abc import Callable

import pytest
from django.db import connection as database
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agency.models import User
from campaigns.ledger.models import Budget
from campaigns.models import Campaign
from clients.models import Client
from tests.factories import make_bundle, make_campaign, make_client, make_command, make_user

pytestmark = pytest.mark.django_db
SignedIn = Callable[[User], Browser]

FORM = {
    "name": "Acme",
    "slug": "acme",
    "colour": "#b4552d",
    "contact_name": "",
    "contact_email": "",
    "notes": "",
}
ROW_PAGES = ["client_detail", "client_edit", "client_archive", "client_restore"]
CHANGES = ["client_edit", "client_archive", "client_restore"]


def test_staff_find_only_the_clients_that_they_work_for(
    signed_in: SignedIn, manager: User, outsider: User
) -> None:
    page = signed_in(manager).get(reverse("client_list")).content.decode()
    assert "Acme" in page
    assert "Nordlys" not in page


def test_an_owner_finds_every_client_by_name_and_contact(signed_in: SignedIn, owner: User) -> None:
    make_client("acme", name="Acme")
    make_client("nordlys", name="Nordlys", contact_name="Ingrid")
    page = signed_in(owner).get(reverse("client_list"), {"q": "ingrid"}).content.decode()
    assert "Nordlys" in page
    assert "Acme" not in page


def test_rubbish_in_the_address_is_no_error(signed_in: SignedIn, owner: User) -> None:
    answer = signed_in(owner).get(reverse("client_list"), {"show": "what", "page": "-3", "q": "x" * 500})
    assert answer.status_code == 200


def test_archived_clients_are_out_of_the_way_and_not_gone(
    signed_in: SignedIn, owner: User, client_row: Client
) -> None:
    browser = signed_in(owner)
    browser.post(reverse("client_archive", args=["acme"]))
    assert "Acme" not in browser.get(reverse("client_list")).context["page"].object_list
    assert not browser.get(reverse("client_list")).context["page"].object_list
    assert list(browser.get(reverse("client_list"), {"show": "archived"}).context["page"]) == [client_row]
    browser.post(reverse("client_restore", args=["acme"]))
    assert list(browser.get(reverse("client_list")).context["page"]) == [client_row]


def test_counts_stand_beside_each_client(signed_in: SignedIn, manager: User, campaign: Campaign) -> None:
    make_campaign(campaign.client, "summer")
    make_bundle(campaign, videos=2)
    make_bundle(campaign, status="cancelled")
    row = signed_in(manager).get(reverse("client_list")).context["page"][0]
    assert (row.campaigns_open, row.bundles_open, row.videos_live) == (2, 1, 0)


def test_htmx_gets_the_table_alone(signed_in: SignedIn, manager: User) -> None:
    page = signed_in(manager).get(reverse("client_list"), headers={"HX-Request": "true"})
    content = page.content.decode()
    assert content.lstrip().startswith('<section class="card" id="client-table"')
    assert "<html" not in content
    assert page.headers["HX-Retarget"] == "#client-table"
    assert "HX-Request" in page.headers["Vary"]


def test_colours_of_other_peoples_clients_are_not_told(
    signed_in: SignedIn, manager: User, client_row: Client
) -> None:
    other = make_client("lumen", colour="#7a3fb0")
    styles = signed_in(manager).get(reverse("client_colours")).content.decode()
    assert f".client-{client_row.pk}" in styles
    assert f".client-{other.pk}" not in styles


@pytest.mark.parametrize("name", ROW_PAGES)
def test_a_client_of_others_does_not_exist(
    signed_in: SignedIn, outsider: User, client_row: Client, name: str
) -> None:
    browser = signed_in(outsider)
    address = reverse(name, args=["acme"])
    assert browser.get(address).status_code == 404
    assert browser.post(address).status_code == 404


@pytest.mark.parametrize("name", CHANGES)
def test_an_analyst_may_look_and_not_change(
    signed_in: SignedIn, analyst: User, client_row: Client, name: str
) -> None:
    browser = signed_in(analyst)
    assert browser.get(client_row.get_absolute_url()).status_code == 200
    assert browser.post(reverse(name, args=["acme"])).status_code == 403


def test_only_owners_add_clients(signed_in: SignedIn, manager: User) -> None:
    assert signed_in(manager).get(reverse("client_new")).status_code == 404
    assert signed_in(manager).post(reverse("client_new"), FORM).status_code == 404


def test_an_owner_adds_a_client_with_budget_and_staff(signed_in: SignedIn, owner: User) -> None:
    person = make_user("max")
    answer = signed_in(owner).post(reverse("client_new"), FORM | {"budget": "900", "staff": [person.pk]})
    client = Client.objects.get(slug="acme")
    assert answer.url == client.get_absolute_url()
    assert Budget.objects.get(client=client).credits == 900
    assert person.memberships.get().client == client


@pytest.mark.parametrize(
    ("field", "value", "sentence"),
    [
        ("slug", "Ac me", "lower-case letters"),
        ("slug", "new", "an address of the dashboard"),
        ("slug", "nordlys", "Another client has this short name"),
        ("colour", "red", "Use a colour such as"),
        ("name", "", "This field is required"),
        ("budget", "-1", "greater than or equal to 0"),
    ],
)
def test_a_wrong_field_is_explained_where_it_is(
    signed_in: SignedIn, owner: User, field: str, value: str, sentence: str
) -> None:
    make_client("nordlys")
    answer = signed_in(owner).post(reverse("client_new"), FORM | {field: value})
    assert answer.status_code == 422
    assert sentence in str(answer.context["form"].errors[field])


def test_a_manager_edits_the_client_and_not_its_budget_or_people(
    signed_in: SignedIn, manager: User, client_row: Client
) -> None:
    Budget.objects.create(client=client_row, credits=100)
    form = FORM | {"name": "Acme Ltd", "budget": "5000", "staff": []}
    assert signed_in(manager).post(reverse("client_edit", args=["acme"]), form).status_code == 302
    client_row.refresh_from_db()
    assert client_row.name == "Acme Ltd"
    assert Budget.objects.get(client=client_row).credits == 100
    assert manager.memberships.exists()


def test_a_frozen_slug_is_shown_with_its_reason_and_stays(
    signed_in: SignedIn, owner: User, campaign: Campaign
) -> None:
    make_command(campaign, external_ref="acme-spring-2026-usa-abc234")
    browser = signed_in(owner)
    address = reverse("client_edit", args=["acme"])
    assert "can no longer change" in browser.get(address).content.decode()
    browser.post(address, FORM | {"slug": "other"})
    campaign.client.refresh_from_db()
    assert campaign.client.slug == "acme"


def test_an_archived_client_is_restored_before_it_is_changed(
    signed_in: SignedIn, owner: User, client_row: Client
) -> None:
    browser = signed_in(owner)
    browser.post(reverse("client_archive", args=["acme"]))
    answer = browser.get(reverse("client_edit", args=["acme"]))
    assert answer.status_code == 403
    assert "restore it" in answer.content.decode()


def test_the_history_tells_who_changed_what_from_what_to_what(
    signed_in: SignedIn, manager: User, client_row: Client
) -> None:
    manager.first_name = "Max"
    manager.save()
    browser = signed_in(manager)
    browser.post(reverse("client_edit", args=["acme"]), FORM | {"name": "Acme Ltd"})
    newest = browser.get(client_row.get_absolute_url()).context["events"][0]
    assert (newest.who, newest.what) == ("Max", "Client changed")
    assert "Name: Acme → Acme Ltd" in newest.details


def test_ten_more_clients_need_no_more_queries(signed_in: SignedIn, owner: User) -> None:
    browser = signed_in(owner)

    def queries() -> int:
        with CaptureQueriesContext(database) as captured:
            browser.get(reverse("client_list"))
        return len(captured)

    make_campaign(make_client("first"))
    few = queries()
    for number in range(10):
        make_campaign(make_client(f"more-{number}"))
    assert queries() == few <= 15


def test_the_overview_stays_within_fifteen_queries(
    signed_in: SignedIn, owner: User, campaign: Campaign
) -> None:
    browser = signed_in(owner)
    for _ in range(3):
        make_bundle(campaign, videos=3, account_status="in_review", status="accepted")
    make_command(campaign)
    with CaptureQueriesContext(database) as captured:
        assert browser.get(campaign.client.get_absolute_url()).status_code == 200
    assert len(captured) <= 15
