"""How a person likes the pages: language, zone, theme, density; and their own password."""

from collections.abc import Callable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.test import Client as Browser
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone, translation
from pytest_django import Settings

from agency.middleware import PreferencesMiddleware
from agency.models import User
from agency.preferences import zone_choices, zone_of
from tests.factories import make_user

pytestmark = pytest.mark.django_db
SignedIn = Callable[[User], Browser]

CHOICES = {"language": "fr", "time_zone": "America/New_York", "theme": "dark", "density": "compact"}
NONE = {"language": "none", "time_zone": "none", "theme": "system", "density": "comfortable"}


def test_everybody_may_choose_and_finds_the_choice_again(signed_in: SignedIn, analyst: User) -> None:
    browser = signed_in(analyst)
    answer = browser.post(reverse("preferences"), CHOICES)
    assert answer.status_code == 302
    analyst.refresh_from_db()
    assert {name: getattr(analyst, name) for name in CHOICES} == CHOICES
    page = browser.get(reverse("preferences")).content.decode()
    for chosen in CHOICES.values():
        assert f'<option value="{chosen}" selected' in page


def test_no_choice_is_kept_as_none(signed_in: SignedIn, analyst: User) -> None:
    browser = signed_in(analyst)
    browser.post(reverse("preferences"), CHOICES)
    browser.post(reverse("preferences"), NONE)
    analyst.refresh_from_db()
    assert (analyst.language, analyst.time_zone) == ("", "")


@pytest.mark.parametrize(
    "wrong", [{"language": "xx"}, {"time_zone": "Mars/Olympus"}, {"theme": ""}, {"density": "huge"}]
)
def test_what_is_not_offered_is_refused(signed_in: SignedIn, analyst: User, wrong: dict[str, str]) -> None:
    answer = signed_in(analyst).post(reverse("preferences"), CHOICES | wrong)
    assert answer.status_code == 422
    assert set(answer.context["form"].errors) == set(wrong)


def seen(user: object, accept: str = "") -> tuple[str, str]:
    """Language and zone that are active while a page is made."""
    active = []

    def view(_request: HttpRequest) -> HttpResponse:
        active.append((translation.get_language(), timezone.get_current_timezone_name()))
        return HttpResponse()

    request = RequestFactory().get("/", headers={"Accept-Language": accept} if accept else {})
    request.user = user  # type: ignore[assignment]
    answer = PreferencesMiddleware(view)(request)
    assert answer["Content-Language"] == active[0][0]
    return active[0]


def test_a_page_is_made_in_the_persons_language_and_zone_and_nothing_stays_behind() -> None:
    person = make_user("max", language="fr", time_zone="Asia/Tokyo")
    before = (translation.get_language(), timezone.get_current_timezone_name())
    assert seen(person, accept="en") == ("fr", "Asia/Tokyo")
    assert (translation.get_language(), timezone.get_current_timezone_name()) == before


@pytest.mark.parametrize(
    ("accept", "language"), [("fr-CA,fr;q=0.9", "fr"), ("en-US", "en-gb"), ("ja", "en-gb"), ("", "en-gb")]
)
def test_without_a_choice_the_browser_and_the_agency_decide(
    accept: str, language: str, settings: Settings
) -> None:
    settings.AGENCY_TIME_ZONE = "Europe/Paris"
    assert seen(make_user("max"), accept) == (language, "Europe/Paris")


def test_an_error_leaves_nothing_behind_either() -> None:
    def view(_request: HttpRequest) -> HttpResponse:
        raise RuntimeError

    request = RequestFactory().get("/")
    request.user = make_user("max", language="fr", time_zone="Asia/Tokyo")
    with pytest.raises(RuntimeError):
        PreferencesMiddleware(view)(request)
    assert (translation.get_language(), timezone.get_current_timezone_name()) == ("en-gb", "UTC")


def test_a_zone_that_this_machine_does_not_know_gives_way_to_the_agencys() -> None:
    assert zone_of(make_user("max", time_zone="Atlantis/Capital")) == ZoneInfo(settings.AGENCY_TIME_ZONE)


@pytest.mark.parametrize("language", [code for code, _name in settings.LANGUAGES])
def test_every_zone_that_is_offered_has_a_name_and_a_time(language: str) -> None:
    offered = [zone for _region, zones in zone_choices(language) for zone in zones]
    assert len(offered) > 400
    assert all(label for _name, label in offered)
    at = datetime(2026, 11, 21, 12, tzinfo=UTC)
    assert all(at.astimezone(ZoneInfo(name)).utcoffset() is not None for name, _label in offered)
    assert {"Europe/Paris", "America/New_York", "Asia/Tokyo"} <= {name for name, _label in offered}


def test_the_sign_in_page_speaks_the_browsers_language(client: Browser) -> None:
    page = client.get(reverse("sign-in"), headers={"Accept-Language": "fr"})
    assert page["Content-Language"] == "fr"


def test_ones_own_password_needs_the_old_one_and_ends_the_other_sessions(signed_in: SignedIn) -> None:
    person = make_user("max")
    person.set_password("correct horse")
    person.save()
    here, elsewhere = signed_in(person), signed_in(person)
    new = {"new_password1": "battery staple 7", "new_password2": "battery staple 7"}

    wrong = here.post(reverse("password"), {"old_password": "guessed", **new})
    assert wrong.status_code == 422
    right = here.post(reverse("password"), {"old_password": "correct horse", **new})

    assert right.status_code == 302
    assert here.get("/").status_code == 200
    assert elsewhere.get("/").status_code == 302
    person.refresh_from_db()
    assert person.check_password("battery staple 7")
