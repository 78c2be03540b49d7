from collections.abc import Callable

import pytest
from django.test import Client as Browser
from django.urls import reverse

from agency.models import User
from clients.models import Client
from tests.factories import make_client

pytestmark = pytest.mark.django_db
SignedIn = Callable[[User], Browser]


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


def test_htmx_gets_the_table_alone(signed_in: SignedIn, manager: User) -> None:
    page = signed_in(manager).get(reverse("client_list"), headers={"HX-Request": "true"})
    content = page.content.decode()
    assert content.lstrip().startswith('<section class="card" id="client-table"')
    assert "<html" not in content
    assert page.headers["HX-Retarget"] == "#client-table"


def test_colours_of_other_peoples_clients_are_not_told(
    signed_in: SignedIn, manager: User, client_row: Client
) -> None:
    other = make_client("lumen", colour="#7a3fb0")
    styles = signed_in(manager).get(reverse("client_colours")).content.decode()
    assert f".client-{client_row.pk}" in styles
    assert f".client-{other.pk}" not in styles
