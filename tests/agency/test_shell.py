"""The frame of every page, signing in, and pages for what goes wrong."""

import re
from collections.abc import Callable

import pytest
from django.template.loader import render_to_string
from django.test import Client as Browser
from django.test import RequestFactory
from django.urls import reverse

from agency.models import User
from agency.views.errors import server_error
from clients.models import Client
from tests.factories import NOW, make_campaign, make_client, make_connection, make_user

pytestmark = pytest.mark.django_db
SignedIn = Callable[[User], Browser]


def test_a_page_asks_who_you_are_first(client: Browser) -> None:
    answer = client.get(reverse("client_list"))
    assert answer.status_code == 302
    assert answer.url == f"{reverse('sign-in')}?next=/clients/"


def test_signing_in_leads_to_the_page_that_was_asked_for(client: Browser) -> None:
    person = make_user("max")
    person.set_password("correct horse")
    person.save()
    answer = client.post(
        reverse("sign-in"), {"username": "max", "password": "correct horse", "next": "/campaigns/"}
    )
    assert answer.status_code == 302
    assert answer.url == "/campaigns/"


def test_a_wrong_password_says_so_and_nothing_more(client: Browser) -> None:
    make_user("max")
    answer = client.post(reverse("sign-in"), {"username": "max", "password": "wrong"})
    assert answer.status_code == 200
    assert "Please enter a correct" in answer.content.decode()


def test_guessing_is_stopped_after_ten_wrong_passwords(client: Browser) -> None:
    person = make_user("max")
    person.set_password("correct horse")
    person.save()
    for _ in range(10):
        client.post(reverse("sign-in"), {"username": "max", "password": "wrong"})
    answer = client.post(reverse("sign-in"), {"username": "Max", "password": "correct horse"})
    assert "Too many wrong passwords" in answer.content.decode()
    elsewhere = Browser(REMOTE_ADDR="192.0.2.7")
    right = {"username": "max", "password": "correct horse"}
    assert elsewhere.post(reverse("sign-in"), right).status_code == 302


def test_nobody_is_led_to_another_site(client: Browser) -> None:
    person = make_user("max")
    person.set_password("correct horse")
    person.save()
    form = {"username": "max", "password": "correct horse", "next": "https://evil.example/"}
    assert client.post(reverse("sign-in"), form).url == "/"


def test_a_closed_account_cannot_sign_in(client: Browser) -> None:
    person = make_user("max", is_active=False)
    person.set_password("correct horse")
    person.save()
    client.post(reverse("sign-in"), {"username": "max", "password": "correct horse"})
    assert "_auth_user_id" not in client.session


def test_signing_out_needs_a_button_and_ends_the_session(signed_in: SignedIn, manager: User) -> None:
    browser = signed_in(manager)
    assert "Sign out?" in browser.get(reverse("sign-out")).content.decode()
    assert browser.get("/").status_code == 200
    assert browser.post(reverse("sign-out")).status_code == 302
    assert browser.get("/").status_code == 302


def test_an_open_page_whose_session_ended_goes_to_the_sign_in_as_a_whole(client: Browser) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/clients/?q=a"}
    answer = client.get(reverse("client_list"), headers=headers, follow=True)
    assert answer.headers["HX-Redirect"] == "/sign-in/?next=%2Fclients%2F%3Fq%3Da"


def test_owners_find_the_agencys_pages_and_others_do_not(
    signed_in: SignedIn, owner: User, manager: User
) -> None:
    for_owner = signed_in(owner).get("/").content.decode()
    for_manager = signed_in(manager).get("/").content.decode()
    assert f'href="{reverse("people")}"' in for_owner
    assert f'href="{reverse("people")}"' not in for_manager


def test_the_page_one_is_on_is_marked(signed_in: SignedIn, owner: User) -> None:
    page = signed_in(owner).get(reverse("client_list")).content.decode()
    assert re.search(r'<a href="/clients/" aria-current="page">.*?Clients</span></a>', page)


def test_a_report_stands_under_reports_though_its_address_begins_with_clients(
    signed_in: SignedIn, owner: User, client_row: Client
) -> None:
    make_connection()
    page = signed_in(owner).get(reverse("client_report", args=[client_row.slug, "2026-11"])).content.decode()
    assert page.count('aria-current="page"><svg') == 1
    assert re.search(r'<a href="/reports/" aria-current="page">.*?Reports</span></a>', page)


def test_the_switcher_names_the_client_and_never_lists_them_all(
    signed_in: SignedIn, owner: User, client_row: Client
) -> None:
    for number in range(5):
        make_client(f"other-{number}", name=f"Other {number}")
    page = signed_in(owner).get(client_row.get_absolute_url()).content.decode()
    assert re.search(r'<button class="switch client-\d+".*?Acme</span>', page)
    assert "Other 1" not in page


def test_the_meter_shows_what_is_free_of_the_pool(signed_in: SignedIn, manager: User) -> None:
    make_connection(balance=4180)
    page = signed_in(manager).get(reverse("client_list")).content.decode()
    assert "4,180 credits" in page


def test_a_fragment_brings_the_meter_and_the_messages_along(signed_in: SignedIn, owner: User) -> None:
    make_connection(balance=12)
    browser = signed_in(owner)
    browser.post(reverse("client_new"), {"name": "Acme", "slug": "acme", "colour": "#112233"})
    fragment = browser.get(reverse("client_list"), headers={"HX-Request": "true"}).content.decode()
    assert re.search(r'id="credit-meter"[^>]* hx-swap-oob="true"', fragment)
    assert 'id="messages" aria-live="polite" hx-swap-oob="true"' in fragment
    again = browser.get(reverse("client_list"), headers={"HX-Request": "true"}).content.decode()
    assert 'id="messages"' not in again  # a poll does not wipe what was said


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"key_refused_at": NOW}, "TokPortal refuses the API key."),
        ({"trouble": "TokPortal does not answer.", "trouble_at": NOW}, "TokPortal does not answer."),
        ({"api_key": ""}, "TokPortal is not connected yet."),
    ],
)
def test_a_banner_says_why_work_stands_still(
    signed_in: SignedIn, manager: User, fields: dict[str, object], sentence: str
) -> None:
    make_connection(**fields)
    assert sentence in signed_in(manager).get("/").content.decode()


def test_a_banner_says_that_no_worker_is_at_work(signed_in: SignedIn, manager: User) -> None:
    assert "No worker is at work." in signed_in(manager).get("/").content.decode()


def test_the_policy_allows_no_inline_style_and_pages_have_none(
    signed_in: SignedIn, owner: User, client_row: Client
) -> None:
    campaign = make_campaign(client_row)
    browser = signed_in(owner)
    for address in ("/", "/clients/", client_row.get_absolute_url(), campaign.get_absolute_url(), "/people/"):
        answer = browser.get(address)
        assert "unsafe-inline" not in answer.headers["Content-Security-Policy"]
        page = answer.content.decode()
        assert " style=" not in page
        assert "<style" not in page
        assert " onclick=" not in page


def test_a_page_that_is_not_there_says_so_without_the_frame(signed_in: SignedIn, manager: User) -> None:
    answer = signed_in(manager).get("/nowhere/")
    assert answer.status_code == 404
    assert "Nothing here for you" in answer.content.decode()


def test_a_broken_page_gives_the_id_of_its_log_lines() -> None:
    answer = server_error(RequestFactory().get("/"))
    assert answer.status_code == 500
    assert "Something broke on our side" in answer.content.decode()
    assert "abc123" in render_to_string("500.html", {"request_id": "abc123"})


def test_only_one_workspace_is_active(db: None) -> None:
    make_connection()
    with pytest.raises(Exception, match="connection_one_is_active"):
        make_connection(name="Another")
