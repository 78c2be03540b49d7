"""People: added and changed by owners, and never so that nobody is left who could."""

from collections.abc import Callable

import pytest
from django.db import connection as database
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agency import people_actions
from agency.models import User
from clients.models import Client
from tests.factories import make_client, make_user

pytestmark = pytest.mark.django_db
SignedIn = Callable[[User], Browser]

FORM = {
    "first_name": "Nora",
    "last_name": "Berg",
    "username": "nora",
    "email": "nora@agency.example",
    "role": "manager",
    "password": "correct horse battery",
}


def test_an_owner_adds_somebody_who_can_then_sign_in(
    signed_in: SignedIn, owner: User, client_row: Client, client: Browser
) -> None:
    answer = signed_in(owner).post(reverse("person_new"), FORM | {"clients": [client_row.pk]})
    assert answer.status_code == 302
    nora = User.objects.get(username="nora")
    assert not nora.is_staff
    assert nora.memberships.get().client == client_row
    assert client.login(username="nora", password=FORM["password"])


@pytest.mark.parametrize("password", ["", "short", "password123", "nora@agency.exam"])
def test_a_weak_password_is_refused(signed_in: SignedIn, owner: User, password: str) -> None:
    answer = signed_in(owner).post(reverse("person_new"), FORM | {"password": password})
    assert answer.status_code == 422
    assert "password" in answer.context["form"].errors


def test_an_empty_password_keeps_the_old_one_and_a_new_one_ends_every_session(
    signed_in: SignedIn, owner: User, manager: User, client_row: Client
) -> None:
    theirs, browser = signed_in(manager), signed_in(owner)
    address = reverse("person_edit", args=[manager.pk])
    form = FORM | {"username": "max", "is_active": "on", "clients": [client_row.pk]}
    browser.post(address, form | {"password": ""})
    assert theirs.get("/").status_code == 200
    browser.post(address, form)
    assert theirs.get("/").status_code == 302


def test_a_closed_account_is_signed_out_at_once(
    signed_in: SignedIn, owner: User, manager: User, client_row: Client
) -> None:
    theirs = signed_in(manager)
    signed_in(owner).post(
        reverse("person_edit", args=[manager.pk]), FORM | {"username": "max", "password": ""}
    )
    manager.refresh_from_db()
    assert not manager.is_active
    assert theirs.get("/").status_code == 302


def test_the_last_owner_stays_an_owner(owner: User) -> None:
    with pytest.raises(people_actions.CannotSave, match="last owner"):
        people_actions.edit_person(person=owner, fields={"role": "analyst"}, clients=[], by=owner)
    make_user("second", role=User.Role.OWNER)
    people_actions.edit_person(person=owner, fields={"role": "analyst"}, clients=[], by=owner)
    owner.refresh_from_db()
    assert not owner.is_owner


def test_nobody_closes_their_own_account(owner: User) -> None:
    make_user("second", role=User.Role.OWNER)
    with pytest.raises(people_actions.CannotSave, match="your own"):
        people_actions.edit_person(person=owner, fields={"is_active": False}, clients=[], by=owner)


def test_changing_ones_own_password_keeps_one_signed_in(signed_in: SignedIn, owner: User) -> None:
    browser = signed_in(owner)
    form = FORM | {"username": "olive", "role": "owner", "is_active": "on"}
    assert browser.post(reverse("person_edit", args=[owner.pk]), form).status_code == 302
    assert browser.get("/").status_code == 200


def test_clients_are_given_and_taken_away(owner: User, manager: User, client_row: Client) -> None:
    other = make_client("nordlys")
    people_actions.edit_person(person=manager, fields={}, clients=[other], by=owner)
    assert [row.client for row in manager.memberships.all()] == [other]


def test_the_pages_do_not_exist_for_others(signed_in: SignedIn, manager: User, analyst: User) -> None:
    for person in (manager, analyst):
        browser = signed_in(person)
        for address in (
            reverse("people"),
            reverse("person_new"),
            reverse("person_edit", args=[manager.pk]),
        ):
            assert browser.get(address).status_code == 404
        assert browser.post(reverse("person_new"), FORM).status_code == 404


def test_the_list_shows_who_works_for_whom(signed_in: SignedIn, owner: User, manager: User) -> None:
    page = signed_in(owner).get(reverse("people"), {"q": "max"}).content.decode()
    assert "Acme" in page
    assert "olive" not in page.split("<main")[1]


def test_passwords_are_no_part_of_the_audit_trail(owner: User) -> None:
    trail = User.pgh_event_model  # type: ignore[attr-defined]
    assert "password" not in {field.name for field in trail._meta.get_fields()}


def test_the_history_of_a_person_names_their_clients(
    signed_in: SignedIn, owner: User, manager: User, client_row: Client
) -> None:
    events = signed_in(owner).get(reverse("person_edit", args=[manager.pk])).context["events"]
    assert ("Assignment added", ["Acme"]) in [(event.what, event.details) for event in events]


def test_ten_more_people_need_no_more_queries(signed_in: SignedIn, owner: User, client_row: Client) -> None:
    browser = signed_in(owner)

    def queries() -> int:
        with CaptureQueriesContext(database) as captured:
            assert browser.get(reverse("people")).status_code == 200
        return len(captured)

    make_user("first", clients=(client_row,))
    before = queries()
    for number in range(10):
        make_user(f"more-{number}", clients=(client_row, make_client()))
    assert queries() == before <= 15
