"""Lengths of time in words."""

from datetime import timedelta

import pytest
from django.utils import translation

from agency.times import age, clock_difference
from tests.factories import NOW


@pytest.mark.parametrize(
    ("away", "english", "french"),
    [
        (timedelta(seconds=-20), "just now", "à l’instant"),
        (timedelta(seconds=20), "just now", "à l’instant"),
        (timedelta(minutes=-12, seconds=-5), "12 min ago", "il y a 12 min"),
        (timedelta(minutes=59, seconds=59), "in 59 min", "dans 59 min"),
        (timedelta(hours=14, minutes=3), "in 14 h", "dans 14 h"),
        (timedelta(hours=-47, minutes=-59), "47 h ago", "il y a 47 h"),
        (timedelta(days=-3), "3 d ago", "il y a 3 j"),
        (timedelta(days=2), "in 2 d", "dans 2 j"),
    ],
)
def test_ages_are_told_in_words(away: timedelta, english: str, french: str) -> None:
    assert age(NOW + away, NOW) == english
    with translation.override("fr"):
        assert age(NOW + away, NOW) == french


def test_what_has_not_happened_has_no_age() -> None:
    assert age(None, NOW) == "never"


@pytest.mark.parametrize(
    ("seconds", "english", "french"),
    [
        (864_000, "10 days ahead of ours", "10 jours en avance sur la nôtre"),
        (-3_700, "1 hour behind ours", "1 heure en retard sur la nôtre"),
        (90, "2 minutes ahead of ours", "2 minutes en avance sur la nôtre"),
        (-1, "1 second behind ours", "1 seconde en retard sur la nôtre"),
    ],
)
def test_the_distance_of_the_clocks_is_told_in_words(seconds: int, english: str, french: str) -> None:
    assert clock_difference(seconds) == english
    with translation.override("fr"):
        assert clock_difference(seconds) == french
