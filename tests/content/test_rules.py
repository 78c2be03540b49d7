"""What TokPortal would refuse is said beside the field that it is about."""

from datetime import date

import pytest

from campaigns.content.forms import PostForm
from campaigns.content.rules import CAROUSEL_MAX, crowded_days, problems
from campaigns.models import Campaign
from tests.factories import make_bundle, make_post

pytestmark = pytest.mark.django_db
TODAY = date(2026, 11, 20)


@pytest.mark.parametrize(
    ("field", "changes", "words"),
    [
        ("publish_date", {"publish_date": None}, "it has no day."),
        ("publish_date", {"publish_date": TODAY}, "the first possible day is 23 November 2026."),
        ("media", {"media": []}, "it has no media link."),
        (
            "media",
            {"video_type": "carousel", "media": ["https://a.example/1.jpg"] * (CAROUSEL_MAX + 1)},
            "a carousel takes at most 20 pictures.",
        ),
        (
            "media",
            {"media": ["https://a.example/1.mp4", "https://a.example/2.mp4"]},
            "a video or story takes exactly one media link.",
        ),
        ("caption", {"caption": " "}, "it has no caption."),
        ("instagram_content_type", {}, "say whether it is a reel or a post."),
        (
            "ai_content_disclaimer",
            {"ai_content_disclaimer": None},
            "nobody has said whether it was made with AI.",
        ),
    ],
)
def test_a_problem_names_the_field_that_it_is_about(
    campaign: Campaign, field: str, changes: dict[str, object], words: str
) -> None:
    is_about_instagram = field == "instagram_content_type"
    bundle = make_bundle(campaign, videos=1, platform="instagram" if is_about_instagram else "tiktok")
    [problem] = problems(make_post(campaign, **changes), bundle, today=TODAY)
    assert (problem.field, str(problem)) == (field, words)
    assert field in PostForm.base_fields


def test_a_fourth_video_makes_a_day_too_full() -> None:
    day = date(2026, 12, 1)
    assert crowded_days(dict.fromkeys((1, 2, 3), day)) == []
    assert crowded_days(dict.fromkeys((1, 2, 3, 4), day)) == [
        "1 December has 4 videos; a bundle takes at most 3 a day."
    ]
