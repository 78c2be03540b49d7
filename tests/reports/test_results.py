"""What was gained in a month: differences of what was told, never a guess, never a false zero."""

import pytest

from campaigns.ledger.months import Month
from campaigns.models import Campaign, Video
from campaigns.reports.results import METRICS, Figure, Figures, engagement, figures_of, sum_of
from tests.reports.conftest import at, live_video, snapshot

pytestmark = pytest.mark.django_db
NOVEMBER = Month(2026, 11)


def figures(video: Video, month: Month = NOVEMBER) -> Figures:
    assert video.posted_at
    return figures_of({video.pk: video.posted_at}, month).get(video.pk, dict.fromkeys(METRICS, Figure()))


def test_an_old_video_gained_what_it_has_more_than_before_the_month(campaign: Campaign) -> None:
    video = live_video(campaign, at(10, 10))
    for month, day, views in [(10, 11, 100), (10, 31, 400), (11, 2, 450), (11, 30, 900), (12, 1, 5000)]:
        snapshot(video, at(month, day), views=views)
    assert figures(video)["views"] == Figure(total=900, gained=500)


def test_a_new_video_gained_all_it_has(campaign: Campaign) -> None:
    video = live_video(campaign, at(11, 10))
    snapshot(video, at(11, 20), views=70, likes=3)
    assert figures(video)["views"] == Figure(total=70, gained=70)
    assert engagement(figures(video)) == Figure(total=3, gained=3)


def test_no_snapshot_is_no_data_and_not_zero(campaign: Campaign) -> None:
    video = live_video(campaign, at(11, 10))
    assert figures(video)["views"] == Figure(None, None)
    assert engagement(figures(video)) == Figure(None, None)


def test_a_month_without_a_reading_gained_nothing_that_we_know_of(campaign: Campaign) -> None:
    video = live_video(campaign, at(9, 10))
    snapshot(video, at(10, 20), views=70)
    assert figures(video)["views"] == Figure(total=70, gained=None)


def test_an_old_video_that_was_never_read_before_is_not_guessed(campaign: Campaign) -> None:
    video = live_video(campaign, at(9, 10))
    snapshot(video, at(11, 20), views=70_000)
    assert figures(video)["views"] == Figure(total=70_000, gained=None)


def test_a_day_that_tells_nothing_does_not_hide_the_day_before(campaign: Campaign) -> None:
    video = live_video(campaign, at(10, 10))
    snapshot(video, at(10, 30), views=10, likes=1)
    snapshot(video, at(10, 31), views=None, likes=2)
    snapshot(video, at(11, 29), views=30, likes=None)
    snapshot(video, at(11, 30), views=None, likes=None)
    told = figures(video)
    assert told["views"] == Figure(total=30, gained=20)
    assert told["likes"] == Figure(total=2, gained=None)


def test_a_platform_that_counts_again_may_take_views_away(campaign: Campaign) -> None:
    video = live_video(campaign, at(10, 10))
    snapshot(video, at(10, 30), views=100)
    snapshot(video, at(11, 30), views=90)
    assert figures(video)["views"] == Figure(total=90, gained=-10)


def test_the_sum_of_nothing_is_not_zero() -> None:
    assert sum_of([]) is None
    assert sum_of([None, None]) is None
    assert sum_of([None, 0]) == 0
