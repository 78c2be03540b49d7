"""Posts: saving them, references, versions, and their pages."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pytest
from django.test import Client as Browser

from agency.models import User
from campaigns.content import actions
from campaigns.content.forms import PostForm, values_at_tokportal
from campaigns.models import Campaign, Post
from tests.commands.pages import HTMX, SignIn, url
from tests.factories import NOW, make_bundle, make_campaign, make_post


def a_post(**changes: Any) -> dict[str, Any]:
    return {
        "video_type": "video",
        "publish_date": "2026-12-01",
        "caption": "New drop #acme",
        "media": "https://cdn.example.com/clip.mp4",
        "ai_content_disclaimer": "no",
        "disclose_as_ads": "on",
        "name": "Clip 1",
        "external_ref": "acme-spring-2026-clip-1",
        "market_country": "",
        "version": "0",
        **changes,
    }


def fields_of(form: dict[str, Any], campaign: Campaign) -> dict[str, Any]:
    bound = PostForm(form, campaign=campaign)
    assert bound.is_valid(), bound.errors
    return bound.values()


@pytest.mark.parametrize(
    ("typed", "media"),
    [
        ("https://a.example/1.mp4", ["https://a.example/1.mp4"]),
        (
            " https://a.example/1.jpg \r\n\r\nhttps://a.example/2.jpg",
            ["https://a.example/1.jpg", "https://a.example/2.jpg"],
        ),
        ("videos/org/clip.mp4", ["videos/org/clip.mp4"]),
        ("", []),
    ],
)
def test_media_are_links_one_a_line(campaign: Campaign, typed: str, media: list[str]) -> None:
    assert fields_of(a_post(media=typed), campaign)["media"] == media


@pytest.mark.parametrize(
    "typed", ["clip.mp4", "ftp://a.example/1.mp4", "javascript:alert(1)", "https://", "a b/c"]
)
def test_what_is_no_link_is_refused(campaign: Campaign, typed: str) -> None:
    assert "media" in PostForm(a_post(media=typed), campaign=campaign).errors


@pytest.mark.parametrize(("typed", "answer"), [("", None), ("yes", True), ("no", False)])
def test_the_ai_question_has_three_answers(campaign: Campaign, typed: str, answer: bool | None) -> None:
    assert fields_of(a_post(ai_content_disclaimer=typed), campaign)["ai_content_disclaimer"] is answer


def test_ads_are_disclosed_unless_one_says_otherwise(campaign: Campaign) -> None:
    assert PostForm(campaign=campaign)["disclose_as_ads"].value() is True


def test_a_reference_is_made_from_the_campaigns_prefix(campaign: Campaign) -> None:
    assert PostForm(campaign=campaign)["external_ref"].value().startswith("acme-spring-2026-")


def test_the_same_new_post_twice_is_one(campaign: Campaign) -> None:
    fields = fields_of(a_post(), campaign)
    assert actions.add_post(campaign=campaign, fields=fields) == actions.add_post(
        campaign=campaign, fields=fields
    )
    assert Post.objects.count() == 1


def test_a_reference_belongs_to_one_post(campaign: Campaign) -> None:
    fields = fields_of(a_post(), campaign)
    actions.add_post(campaign=campaign, fields=fields)
    with pytest.raises(actions.RefTaken):
        actions.add_post(campaign=campaign, fields={**fields, "caption": "Another"})
    with pytest.raises(actions.RefTaken):
        actions.add_post(campaign=make_campaign(), fields=fields)


def test_a_reference_of_another_campaigns_prefix_is_refused(campaign: Campaign) -> None:
    winter = make_campaign(campaign.client, "winter")
    with pytest.raises(actions.CannotSave, match="prefix of another campaign"):
        actions.add_post(campaign=winter, fields=fields_of(a_post(), campaign))


def test_an_edit_raises_the_version_and_a_stale_one_is_refused(campaign: Campaign) -> None:
    post = make_post(campaign, caption="First")
    edited = actions.edit_post(post=post, fields={"caption": "Second"}, version=1)
    assert (edited.caption, edited.version) == ("Second", 2)
    with pytest.raises(actions.StaleEdit) as refused:
        actions.edit_post(post=post, fields={"caption": "Third", "disclose_as_ads": False}, version=1)
    assert [(found.label, found.saved, found.yours) for found in refused.value.differences] == [
        ("Caption", "Second", "Third"),
        ("Shown as an ad", "yes", "no"),
    ]
    assert (
        actions.edit_post(post=post, fields={"caption": "Second"}, version=1).version == 2
    )  # says nothing new


def test_a_post_in_a_slot_is_not_deleted(campaign: Campaign) -> None:
    bundle = make_bundle(campaign, videos=1)
    used, free = make_post(campaign, video=bundle.videos.get()), make_post(campaign)
    actions.delete_post(post=free)
    with pytest.raises(actions.CannotSave):
        actions.delete_post(post=used)
    assert list(Post.objects.all()) == [used]


def test_a_slot_filled_elsewhere_is_read_whole(campaign: Campaign) -> None:
    video = make_bundle(campaign, videos=1).videos.get()
    video.description, video.video_type = "Made by Make", "carousel"
    video.raw = {
        "carousel_images": ["https://a.example/1.jpg"],
        "ai_content_disclaimer": True,
        "disclose_as_ads": False,
    }
    values = values_at_tokportal(video)
    assert (values["caption"], values["media"]) == ("Made by Make", ["https://a.example/1.jpg"])
    assert (values["ai_content_disclaimer"], values["disclose_as_ads"]) == (True, False)


# Pages


@pytest.fixture
def browser(manager: User, signed_in: SignIn) -> Browser:
    return signed_in(manager)


def test_a_post_is_written_changed_and_deleted(campaign: Campaign, browser: Browser) -> None:
    assert "No posts yet" in browser.get(url("post_list", campaign.pk)).content.decode()
    assert browser.get(url("post_new", campaign.pk)).status_code == 200
    assert browser.post(url("post_new", campaign.pk), a_post()).headers["Location"] == url(
        "post_list", campaign.pk
    )
    post = Post.objects.get()
    assert "Clip 1" in browser.get(url("post_list", campaign.pk)).content.decode()
    changed = a_post(caption="Better", version="1")
    assert browser.post(url("post_edit", post.pk), changed).status_code == 302
    post.refresh_from_db()
    assert (post.caption, post.version) == ("Better", 2)
    browser.post(url("post_delete", post.pk))
    assert not Post.objects.exists()


def test_a_refused_form_says_why(campaign: Campaign, browser: Browser) -> None:
    answer = browser.post(url("post_new", campaign.pk), a_post(media="nonsense"))
    assert answer.status_code == 422
    assert "is no link" in answer.content.decode()
    make_post(make_campaign(), external_ref="taken")
    answer = browser.post(url("post_new", campaign.pk), a_post(external_ref="taken"))
    assert answer.status_code == 422
    assert "This reference is in use already." in answer.content.decode()


def test_an_overtaken_edit_shows_the_difference_and_can_be_repeated(
    campaign: Campaign, browser: Browser
) -> None:
    browser.post(url("post_new", campaign.pk), a_post())
    post = Post.objects.get()
    browser.post(url("post_edit", post.pk), a_post(caption="Theirs", version="1"))
    answer = browser.post(url("post_edit", post.pk), a_post(caption="Mine", version="1"))
    assert answer.status_code == 422
    assert "Theirs" in answer.content.decode()
    assert 'name="version" value="2"' in answer.content.decode()
    assert browser.post(url("post_edit", post.pk), a_post(caption="Mine", version="2")).status_code == 302


def test_a_post_in_a_slot_is_edited_in_its_slot(campaign: Campaign, browser: Browser) -> None:
    bundle = make_bundle(campaign, videos=1)
    post = make_post(campaign, video=bundle.videos.get())
    assert browser.get(url("post_edit", post.pk)).headers["Location"] == url("video_edit", bundle.pk, 1)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "first"}, ["First"]),
        ({"place": "slot"}, ["Second"]),
        ({"place": "free"}, ["First", "Third"]),
        ({"place": "open"}, ["Third"]),
        ({"place": "rubbish"}, ["First", "Second", "Third"]),
    ],
)
def test_posts_are_found(
    campaign: Campaign, browser: Browser, query: dict[str, str], found: list[str]
) -> None:
    make_post(campaign, name="First")
    make_post(campaign, name="Second", video=make_bundle(campaign, videos=1).videos.get())
    make_post(campaign, name="Third", ai_content_disclaimer=None)
    html = browser.get(url("post_list", campaign.pk), query, headers=HTMX).content.decode()
    assert "<html" not in html
    assert [name for name in ("First", "Second", "Third") if name in html] == found


def test_ten_more_posts_need_no_more_queries(
    campaign: Campaign, browser: Browser, django_assert_max_num_queries: Callable[..., Any]
) -> None:
    for _ in range(12):
        make_post(campaign, video=make_bundle(campaign, videos=1).videos.get())
    browser.get(url("post_list", campaign.pk))
    with django_assert_max_num_queries(10):
        browser.get(url("post_list", campaign.pk))


def test_strangers_find_nothing_and_onlookers_only_look(
    campaign: Campaign, analyst: User, outsider: User, owner: User, signed_in: SignIn
) -> None:
    post = make_post(campaign)
    stranger, onlooker = signed_in(outsider), signed_in(analyst)
    for address in (url("post_list", campaign.pk), url("post_new", campaign.pk), url("post_edit", post.pk)):
        assert stranger.get(address).status_code == 404
    assert onlooker.get(url("post_list", campaign.pk)).status_code == 200
    assert '<fieldset class="form" disabled>' in onlooker.get(url("post_edit", post.pk)).content.decode()
    for address in (url("post_new", campaign.pk), url("post_edit", post.pk), url("post_delete", post.pk)):
        assert stranger.post(address, a_post()).status_code == 404
        assert onlooker.post(address, a_post()).status_code == 403
    Campaign.objects.filter(pk=campaign.pk).update(archived_at=NOW)
    assert signed_in(owner).post(url("post_delete", post.pk)).status_code == 403


def test_chosen_posts_get_a_day_at_once(campaign: Campaign, manager: User, signed_in: SignIn) -> None:
    chosen = [make_post(campaign), make_post(campaign)]
    other = make_post(campaign)
    form = {"posts": [post.pk for post in chosen], "day": "2026-12-03"}
    answer = signed_in(manager).post(url("post_plan", campaign.pk) + "?place=free", form, follow=True)
    assert answer.redirect_chain == [(url("post_list", campaign.pk) + "?place=free", 302)]
    assert "2 posts have the day." in answer.content.decode()
    days = dict(Post.objects.values_list("pk", "publish_date"))
    assert {days[post.pk] for post in chosen} == {date(2026, 12, 3)}
    assert days[other.pk] == other.publish_date
    assert [post.version for post in Post.objects.filter(pk__in=form["posts"])] == [2, 2]


def test_a_post_in_a_slot_is_not_planned_from_the_list(
    campaign: Campaign, manager: User, signed_in: SignIn
) -> None:
    video = make_bundle(campaign, videos=1).videos.get()
    post = make_post(campaign, video=video)
    form = {"posts": [post.pk], "day": "2026-12-03"}
    answer = signed_in(manager).post(url("post_plan", campaign.pk), form, follow=True)
    assert "message error" in answer.content.decode()
    assert Post.objects.get(pk=post.pk).publish_date == post.publish_date
    actions.plan_posts(campaign=campaign, posts=[post], day=date(2026, 12, 3))
    assert Post.objects.get(pk=post.pk).publish_date == post.publish_date


def test_a_post_of_another_campaign_is_not_planned(
    campaign: Campaign, manager: User, signed_in: SignIn
) -> None:
    foreign = make_post(make_campaign(campaign.client, "autumn-2026"))
    form = {"posts": [foreign.pk], "day": "2026-12-03"}
    signed_in(manager).post(url("post_plan", campaign.pk), form)
    assert Post.objects.get(pk=foreign.pk).publish_date == foreign.publish_date


@pytest.mark.parametrize("form", [{}, {"day": "2026-12-03"}, {"posts": ["x"], "day": "2026-12-03"}])
def test_planning_nothing_says_what_is_missing(
    campaign: Campaign, manager: User, signed_in: SignIn, form: dict[str, Any]
) -> None:
    answer = signed_in(manager).post(url("post_plan", campaign.pk), form, follow=True)
    assert "message error" in answer.content.decode()


def test_the_list_of_posts_is_sorted_and_taken_along(
    campaign: Campaign, analyst: User, signed_in: SignIn
) -> None:
    for day, ref in (("2026-12-02", "b"), (None, "c"), ("2026-12-01", "a")):
        make_post(campaign, external_ref=f"{campaign.client.slug}-{ref}", publish_date=day)
    page = signed_in(analyst).get(url("post_list", campaign.pk) + "?sort=-day")
    assert [post.external_ref[-1] for post in page.context["page"]] == ["b", "a", "c"]
    assert 'class="pick"' not in page.content.decode()
    answer = signed_in(analyst).get(url("post_list", campaign.pk) + "?format=csv&sort=reference")
    lines = b"".join(answer).decode().splitlines()  # type: ignore[arg-type]
    assert lines[0].startswith("reference,name,type")
    assert [line.partition(",")[0][-1] for line in lines[1:]] == ["a", "b", "c"]
