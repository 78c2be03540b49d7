"""In which language and time zone a person reads."""

from collections.abc import Mapping
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale
from babel.core import get_global
from django.conf import settings
from django.http import HttpRequest
from django.utils.translation import get_language_from_request, to_locale
from django.utils.translation import gettext_lazy as _

# The first part of a zone's name → what it is called.
REGIONS = {
    "Africa": _("Africa"),
    "America": _("America"),
    "Antarctica": _("Antarctica"),
    "Arctic": _("Arctic"),
    "Asia": _("Asia"),
    "Atlantic": _("Atlantic"),
    "Australia": _("Australia"),
    "Europe": _("Europe"),
    "Indian": _("Indian Ocean"),
    "Pacific": _("Pacific"),
}


def language_of(request: HttpRequest) -> str:
    """The language that the person chose, else the browser's best of those that we speak."""
    chosen: str = getattr(request.user, "language", "")
    return chosen if chosen in dict(settings.LANGUAGES) else get_language_from_request(request)


def zone_of(user: object) -> ZoneInfo:
    """The person's zone; the agency's where they chose none, or one that this machine does not know."""
    try:
        return ZoneInfo(getattr(user, "time_zone", "") or settings.AGENCY_TIME_ZONE)
    except (ValueError, ZoneInfoNotFoundError):
        return ZoneInfo(settings.AGENCY_TIME_ZONE)


def is_zone(name: str) -> bool:
    return any(name in names for names in _zones().values())


@lru_cache
def _zones() -> dict[str, list[str]]:
    """Region → the names of its zones, one for each place that keeps a time of its own."""
    places = sorted(name for names in get_global("territory_zones").values() for name in names)
    return {region: [name for name in places if name.startswith(f"{region}/")] for region in REGIONS}


@lru_cache
def zone_choices(language: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """The options of a drop-down, by region, with the names of cities in this language, which is the active one."""
    known = Locale.parse(to_locale(language)).time_zones
    return [
        (
            str(region),
            sorted(((name, _city(name, known)) for name in _zones()[key]), key=lambda zone: zone[1]),
        )
        for key, region in REGIONS.items()
    ]


def _city(name: str, known: Mapping[str, Any]) -> str:
    city: str = known.get(name, {}).get("city") or name.rpartition("/")[2].replace("_", " ")
    return city
