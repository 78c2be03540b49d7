"""Countries in the person's language, and the time that is told there.

Codes are TokPortal's canonical ones (USA, UK, FR), which are those of ISO 3166 but for two.
"""

import unicodedata
from collections.abc import Mapping
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel import Locale
from babel.core import get_global
from django.conf import settings
from django.utils.translation import get_language, to_locale

ISO_CODES = {"USA": "US", "UK": "GB"}

# Where a country has several zones: the one that most of its people live by. Elsewhere it is the only one.
MAIN_ZONES = {
    "AQ": "Antarctica/McMurdo",
    "AR": "America/Argentina/Buenos_Aires",
    "AU": "Australia/Sydney",
    "BR": "America/Sao_Paulo",
    "CA": "America/Toronto",
    "CD": "Africa/Kinshasa",
    "CL": "America/Santiago",
    "CN": "Asia/Shanghai",
    "CY": "Asia/Nicosia",
    "DE": "Europe/Berlin",
    "EC": "America/Guayaquil",
    "ES": "Europe/Madrid",
    "FM": "Pacific/Pohnpei",
    "GL": "America/Nuuk",
    "ID": "Asia/Jakarta",
    "KI": "Pacific/Tarawa",
    "KZ": "Asia/Almaty",
    "MH": "Pacific/Majuro",
    "MN": "Asia/Ulaanbaatar",
    "MX": "America/Mexico_City",
    "MY": "Asia/Kuala_Lumpur",
    "NZ": "Pacific/Auckland",
    "PF": "Pacific/Tahiti",
    "PG": "Pacific/Port_Moresby",
    "PS": "Asia/Gaza",
    "PT": "Europe/Lisbon",
    "RU": "Europe/Moscow",
    "UA": "Europe/Kyiv",
    "UM": "Pacific/Midway",
    "US": "America/New_York",
    "UZ": "Asia/Tashkent",
}


def country_name(code: str, otherwise: str = "") -> str:
    """The country's name in the active language; OTHERWISE (TokPortal's name), else the code, where it has none."""
    return _name(code, get_language() or settings.LANGUAGE_CODE) or otherwise or code


def by_name(countries: Mapping[str, str]) -> list[tuple[str, str]]:
    """(code, name) of the countries (code → TokPortal's name), in the active language and its order."""
    named = [(code, country_name(code, otherwise)) for code, otherwise in countries.items()]
    return sorted(named, key=lambda country: _without_accents(country[1]))


def _without_accents(name: str) -> str:
    return "".join(sign for sign in unicodedata.normalize("NFKD", name) if not unicodedata.combining(sign))


@lru_cache(maxsize=1024)
def _name(code: str, language: str) -> str:
    known = Locale.parse(to_locale(language)).territories
    name: str = known.get(_iso(code), "")
    return name


@lru_cache
def main_zone(code: str) -> ZoneInfo | None:
    """The zone that most of the country's people live by; None for a code that nobody knows."""
    iso = _iso(code)
    only: list[str] = get_global("territory_zones").get(iso, [])
    name = MAIN_ZONES.get(iso) or (only[0] if len(only) == 1 else "")
    return ZoneInfo(name) if name else None


def _iso(code: str) -> str:
    code = code.upper()
    return ISO_CODES.get(code, code)
