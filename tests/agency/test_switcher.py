"""Changing from client to client: who is offered, pinned, and where one lands."""

from collections.abc import Callable

import pytest
from django.test import Client as Browser
from django.urls import reverse

from agency.models import User
from clients.models import Client, ClientPin, Membership
from clients.switcher import MOST
from tests.factories import make_client, make_connection

pytestmark = pytest.mark.django_db
SignedIn = Callable[[User], Browser]


def rows(browser: Browser, *, q: str = "", on: str = "/") -> str:
    headers = {"HX-Request": "true", "HX-Current-URL": f"http://testserver{on}"}
    return browser.get(reverse("client_switch"), {"q": q} if q else {}, headers=headers).content.decode()


def test_a_search_finds_clients_by_name_and_short_name(signed_in: SignedIn, owner: User) -> None:
    make_client("acme", name="Acme")
    make_client("borealis", name="Northern lights")
    found = rows(signed_in(owner), q="bore")
    assert "Northern lights" in found
    assert "Acme" not in found


def test_only_clients_that_one_works_for_are_offered(
    signed_in: SignedIn, manager: User, outsider: User
) -> None:
    found = rows(signed_in(manager))
    assert "Acme" in found
    assert "Nordlys" not in found
    assert "Nordlys" not in rows(signed_in(manager), q="nord")


def test_an_archived_client_is_not_offered(signed_in: SignedIn, owner: User, client_row: Client) -> None:
    Client.objects.update(archived_at=client_row.created_at)
    assert "Acme" not in rows(signed_in(owner))


def test_however_many_clients_there_are_a_few_are_sent(
    signed_in: SignedIn, owner: User, django_assert_max_num_queries: Callable[..., object]
) -> None:
    for number in range(MOST + 5):
        make_client(f"client-{number:02}")
    browser = signed_in(owner)
    with django_assert_max_num_queries(2):  # the person, the clients
        found = rows(browser)
    assert found.count("<li>") == MOST


def test_a_pinned_client_comes_first_and_can_be_let_go(
    signed_in: SignedIn, owner: User, client_row: Client
) -> None:
    make_client("aaa", name="Aaa")
    browser = signed_in(owner)
    pin = reverse("client_pin", args=["acme"])
    found = browser.post(pin, {"pinned": "1"}, headers={"HX-Request": "true"}).content.decode()
    assert found.index("Pinned") < found.index("Acme") < found.index("Aaa")
    browser.post(pin, {"pinned": "1"})
    assert ClientPin.objects.count() == 1
    browser.post(pin, {"pinned": "0"})
    assert not ClientPin.objects.exists()


def test_a_pin_is_of_one_person_and_needs_access(
    signed_in: SignedIn, owner: User, manager: User, outsider: User
) -> None:
    pin = reverse("client_pin", args=["acme"])
    assert signed_in(outsider).post(pin, {"pinned": "1"}).status_code == 404
    assert signed_in(manager).post(pin, {"pinned": "1"}).url == "/clients/acme/"
    assert "Pinned" not in rows(signed_in(owner))


def test_a_pin_shows_nothing_once_the_work_for_the_client_has_ended(
    signed_in: SignedIn, manager: User, client_row: Client
) -> None:
    ClientPin.objects.create(user=manager, client=client_row)
    Membership.objects.filter(user=manager).delete()
    assert "Acme" not in rows(signed_in(manager))


def test_clients_used_lately_come_next_the_last_one_first(signed_in: SignedIn, owner: User) -> None:
    first, second, third = (make_client(slug) for slug in ("aaa", "bbb", "ccc"))
    browser = signed_in(owner)
    browser.cookies["recent_clients"] = f"{third.pk}.{second.pk}.999999.x"
    found = rows(browser)
    assert found.index("Recently used") < found.index("Ccc") < found.index("Bbb") < found.index("Aaa")
    assert found.index("Bbb") < found.index("<h3>Clients</h3>") < found.index(f"pin-{first.pk}")


@pytest.mark.parametrize(
    ("here", "there"),
    [
        ("/bundles/?state=live", "/bundles/?client=acme"),
        ("/orders/", "/orders/?client=acme"),
        ("/accounts/?client=nordlys", "/accounts/?client=acme"),
        ("/campaigns/", "/campaigns/?client=acme"),
        ("/reports/", "/reports/?q=acme"),
        ("/clients/nordlys/reports/2026-10/", "/clients/acme/reports/2026-10/"),
        ("/clients/nordlys/", "/clients/acme/"),
        ("/settings/", "/clients/acme/"),
        ("/nowhere/", "/clients/acme/"),
    ],
)
def test_switching_keeps_the_kind_of_page(
    signed_in: SignedIn, owner: User, client_row: Client, here: str, there: str
) -> None:
    assert f'href="{there}"' in rows(signed_in(owner), on=here)


def test_switching_on_the_ledger_narrows_it_to_the_client(
    signed_in: SignedIn, owner: User, client_row: Client
) -> None:
    there = f"/credits/?whose=client%3A{client_row.pk}"
    assert f'href="{there}"' in rows(signed_in(owner), on="/credits/")
    make_connection()
    assert f'class="top scoped client-{client_row.pk}"' in signed_in(owner).get(there).content.decode()


def test_the_stripe_shows_whose_rows_a_list_is_narrowed_to(
    signed_in: SignedIn, manager: User, outsider: User, client_row: Client
) -> None:
    stripe = f'class="top scoped client-{client_row.pk}"'
    assert stripe in signed_in(manager).get("/bundles/?client=acme").content.decode()
    assert stripe not in signed_in(manager).get("/bundles/").content.decode()
    assert stripe not in signed_in(outsider).get("/bundles/?client=acme").content.decode()
