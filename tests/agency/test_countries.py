"""Countries by name, and what time it is there."""

from zoneinfo import ZoneInfo

import pytest
from babel.core import get_global
from django.utils import translation

from agency.countries import MAIN_ZONES, by_name, country_name, main_zone


@pytest.mark.parametrize(
    ("code", "english", "french"),
    [
        ("USA", "United States", "États-Unis"),
        ("UK", "United Kingdom", "Royaume-Uni"),
        ("GB", "United Kingdom", "Royaume-Uni"),
        ("de", "Germany", "Allemagne"),
    ],
)
def test_a_country_has_its_name_in_the_active_language(code: str, english: str, french: str) -> None:
    assert country_name(code) == english
    with translation.override("fr"):
        assert country_name(code) == french


def test_a_country_that_nobody_knows_is_called_as_tokportal_calls_it() -> None:
    assert country_name("XQ1", "Atlantis") == "Atlantis"
    assert country_name("XQ1") == "XQ1"
    assert country_name("") == ""


def test_countries_are_listed_in_the_order_of_the_language() -> None:
    told = {"USA": "United States", "DE": "Germany", "XQ1": "Éire Nua", "FR": "France"}
    assert [name for _code, name in by_name(told)] == ["Éire Nua", "France", "Germany", "United States"]
    with translation.override("fr"):
        assert [code for code, _name in by_name(told)] == ["DE", "XQ1", "USA", "FR"]


@pytest.mark.parametrize(
    ("code", "zone"),
    [
        ("FR", "Europe/Paris"),
        ("USA", "America/New_York"),
        ("UK", "Europe/London"),
        ("BR", "America/Sao_Paulo"),
    ],
)
def test_a_country_lives_by_the_zone_of_most_of_its_people(code: str, zone: str) -> None:
    assert main_zone(code) == ZoneInfo(zone)


def test_every_country_has_a_main_zone_and_no_table_names_one_in_vain() -> None:
    zones: dict[str, list[str]] = get_global("territory_zones")
    countries = {code for code in zones if code.isalpha() and code != "ZZ"}
    assert {code for code in countries if main_zone(code) is None} == set()
    assert {code for code in countries if len(zones[code]) > 1} == set(MAIN_ZONES)


def test_an_unknown_country_has_no_zone() -> None:
    assert main_zone("XQ1") is None
    assert main_zone("") is None
