"""Slots in the browser: filled one by one or many in one call, each error at its slot."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from agency.connections import tokportal
from agency.models import User
from campaigns.commands import sync
from campaigns.commands.quotes import Quote
from campaigns.models import Bundle, Campaign, Command, Market, Post
from campaigns.sync import refresh_bundle
from tests.commands.pages import SignIn, a_slot, new_key, token_in, url, work
from tests.factories import make_bundle, make_campaign, make_command, make_post
from tests.sandbox_process import Sandbox

K, S = Command.Kind, Command.State


def day(ahead: int) -> str:
    return (timezone.now().date() + timedelta(days=ahead)).isoformat()


def test_many_slots_go_in_one_call_once(bundle: Bundle, manager: User, signed_in: SignIn) -> None:
    browser = signed_in(manager)
    form = {**new_key(), **a_slot(1), **a_slot(2, caption="Second"), **blank(3), **blank(4), **blank(5)}
    for _ in range(2):
        answer = browser.post(url("bundle_videos", bundle.pk), form)
        assert answer.headers["Location"] == bundle.get_absolute_url()
        work()
    command = Command.objects.get(kind=K.CONFIGURE_VIDEOS)
    assert command.state == S.SUCCEEDED
    assert [item["position"] for item in command.body["videos"]] == [1, 2]
    assert Post.objects.count() == 2
    assert list(bundle.videos.order_by("position").values_list("status", flat=True)) == [
        "configured",
        "configured",
        "pending",
        "pending",
        "pending",
    ]
    assert bundle.videos.get(position=2).post.caption == "Second"


def blank(position: int) -> dict[str, Any]:
    return a_slot(position, publish_date="", caption="", media="", ai_content_disclaimer="")


def test_only_what_changed_is_sent_again(bundle: Bundle, manager: User, signed_in: SignIn) -> None:
    browser = signed_in(manager)
    browser.post(url("bundle_videos", bundle.pk), {**new_key(), **a_slot(1), **a_slot(2)})
    work()
    again = {**new_key(), **a_slot(1, version="1"), **a_slot(2, version="1", caption="Better")}
    assert browser.post(url("bundle_videos", bundle.pk), again).status_code == 302
    command = Command.objects.filter(kind=K.CONFIGURE_VIDEOS).latest("pk")
    assert [(item["position"], item["description"]) for item in command.body["videos"]] == [(2, "Better")]


def test_nothing_changed_is_said_and_nothing_is_sent(
    bundle: Bundle, manager: User, signed_in: SignIn
) -> None:
    answer = signed_in(manager).post(url("bundle_videos", bundle.pk), {**new_key(), **blank(1)})
    assert answer.status_code == 422
    assert "Nothing has changed" in answer.content.decode()
    assert not Command.objects.filter(kind=K.CONFIGURE_VIDEOS).exists()


WRONG = [
    ({"publish_date": ""}, "It has no day."),
    ({"publish_date": day(0)}, "The first possible day is"),
    ({"media": ""}, "It has no media link."),
    ({"media": "no link"}, "is no link"),
    ({"media": "https://a.example/1.mp4\nhttps://a.example/2.mp4"}, "exactly one media link"),
    (
        {"video_type": "carousel", "media": "\n".join(f"https://a.example/{n}.jpg" for n in range(21))},
        "At most 20 links",
    ),
    ({"caption": ""}, "It has no caption."),
    ({"caption": "x" * 2201}, "at most 2200 characters"),
    ({"ai_content_disclaimer": ""}, "Nobody has said whether it was made with AI."),
    ({"external_ref": ""}, "required"),
    ({"external_ref": "r" * 201}, "at most 200 characters"),
    ({"use": "no-such-post"}, "No post of this campaign"),
    ({"video_type": "hologram"}, "valid choice"),
]


@pytest.mark.parametrize(("changes", "sentence"), WRONG)
def test_each_error_stands_at_its_slot_and_nothing_is_kept(
    bundle: Bundle, manager: User, signed_in: SignIn, changes: dict[str, str], sentence: str
) -> None:
    form = {**new_key(), **a_slot(1), **a_slot(2, **changes)}
    answer = signed_in(manager).post(url("bundle_videos", bundle.pk), form)
    assert answer.status_code == 422
    second = answer.content.decode().split('id="slot-2"')[1].split('id="slot-3"')[0]
    assert sentence in second
    assert not Post.objects.exists()
    assert not Command.objects.filter(kind=K.CONFIGURE_VIDEOS).exists()


def test_a_fourth_video_on_a_day_is_refused_at_every_slot_of_it(
    bundle: Bundle, manager: User, signed_in: SignIn
) -> None:
    form = new_key()
    for position in (1, 2, 3, 4):
        form |= a_slot(position, publish_date=day(6))
    answer = signed_in(manager).post(url("bundle_videos", bundle.pk), form)
    assert answer.status_code == 422
    assert answer.content.decode().count("has 4 videos; a bundle takes at most 3 a day") == 4


def test_two_slots_with_one_reference_are_refused(bundle: Bundle, manager: User, signed_in: SignIn) -> None:
    form = {**new_key(), **a_slot(1, external_ref="same"), **a_slot(2, external_ref="same")}
    answer = signed_in(manager).post(url("bundle_videos", bundle.pk), form)
    assert answer.content.decode().count("Two slots have this reference.") == 2


def test_a_reference_with_another_campaigns_prefix_is_refused(
    bundle: Bundle, manager: User, signed_in: SignIn
) -> None:
    make_campaign(None, "winter")
    theirs = Campaign.objects.exclude(pk=bundle.campaign_id).get().namespaces.get().prefix
    form = {**new_key(), **a_slot(1, external_ref=f"{theirs}-clip")}
    answer = signed_in(manager).post(url("bundle_videos", bundle.pk), form)
    assert answer.status_code == 422
    assert "prefix of another campaign" in answer.content.decode()
    assert not Post.objects.exists()


def test_an_existing_post_fills_a_slot(bundle: Bundle, manager: User, signed_in: SignIn) -> None:
    timely = timezone.now().date() + timedelta(days=8)
    post = make_post(bundle.campaign, external_ref="brought-along", publish_date=timely)
    browser = signed_in(manager)
    page = browser.get(url("video_edit", bundle.pk, 1), {"post": post.pk}).content.decode()
    assert 'value="brought-along"' in page
    browser.post(url("video_edit", bundle.pk, 1), {**new_key(), **blank(1), "slot-1-use": "brought-along"})
    work()
    post.refresh_from_db()
    assert post.video == bundle.videos.get(position=1)
    assert bundle.videos.get(position=1).external_ref == "brought-along"


def test_a_post_goes_into_one_slot_only(bundle: Bundle, manager: User, signed_in: SignIn) -> None:
    timely = timezone.now().date() + timedelta(days=8)
    make_post(bundle.campaign, external_ref="one", publish_date=timely)
    form = {**new_key(), **blank(1), **blank(2), "slot-1-use": "one", "slot-2-use": "one"}
    answer = signed_in(manager).post(url("bundle_videos", bundle.pk), form)
    assert answer.content.decode().count("chosen for two slots") == 2


def test_an_overtaken_edit_of_a_slot_shows_the_difference(
    bundle: Bundle, manager: User, owner: User, signed_in: SignIn
) -> None:
    address = url("video_edit", bundle.pk, 1)
    signed_in(owner).post(address, {**new_key(), **a_slot(1, caption="The owner’s")})
    answer = signed_in(manager).post(address, {**new_key(), **a_slot(1, caption="The manager’s")})
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "Somebody else saved this meanwhile" in html
    assert "The owner’s" in html
    assert "The manager’s" in html
    assert Post.objects.get().caption == "The owner’s"


def test_a_key_that_was_used_for_other_content_is_refused(
    bundle: Bundle, manager: User, signed_in: SignIn
) -> None:
    browser, key = signed_in(manager), new_key()
    browser.post(url("bundle_videos", bundle.pk), {**key, **a_slot(1)})
    answer = browser.post(url("bundle_videos", bundle.pk), {**key, **a_slot(2)})
    assert answer.status_code == 422
    assert "already sent with other content" in answer.content.decode()
    assert Post.objects.count() == 1


def test_an_edit_needs_an_edit_slot(bundle: Bundle, manager: User, signed_in: SignIn) -> None:
    assert (
        "editing_instructions" not in signed_in(manager).get(url("video_edit", bundle.pk, 1)).content.decode()
    )
    Bundle.objects.update(edits_quantity=1)
    form = new_key()
    for position in (1, 2):
        form |= a_slot(position, editing_instructions="Cut it to 15 seconds")
    answer = signed_in(manager).post(url("bundle_videos", bundle.pk), form)
    assert answer.content.decode().count("The bundle has 1 edit, and it is in use.") == 1


def test_on_instagram_one_says_reel_or_post(campaign: Campaign, manager: User, signed_in: SignIn) -> None:
    bundle = make_bundle(campaign, videos=1, platform="instagram")
    form = {**new_key(), **a_slot(1)}
    answer = signed_in(manager).post(url("bundle_videos", bundle.pk), form)
    assert "Say whether it is a reel or a post." in answer.content.decode()


def test_slots_with_the_manager_cannot_be_changed(
    campaign: Campaign, manager: User, signed_in: SignIn
) -> None:
    bundle = make_bundle(campaign, videos=1, status="accepted")
    bundle.videos.update(status="accepted")
    answer = signed_in(manager).post(url("video_edit", bundle.pk, 1), {**new_key(), **a_slot(1)})
    assert answer.status_code == 422
    assert not Post.objects.exists()


def test_a_slot_that_was_filled_elsewhere_starts_from_what_it_holds(
    campaign: Campaign, manager: User, signed_in: SignIn
) -> None:
    bundle = make_bundle(campaign, videos=1)
    bundle.videos.update(
        status="configured",
        description="From Make",
        external_ref="make-17-video-1",
        raw={"video_url": "https://cdn.example.com/make.mp4", "tiktok_sound_url": "https://t.example/1"},
    )
    browser = signed_in(manager)
    html = browser.get(url("video_edit", bundle.pk, 1)).content.decode()
    assert "From Make" in html
    assert "https://cdn.example.com/make.mp4" in html
    assert "Set elsewhere and cleared by sending the slot from here: sound" in html
    untouched = a_slot(
        1,
        caption="From Make",
        media="https://cdn.example.com/make.mp4",
        external_ref="make-17-video-1",
        publish_date="",
        ai_content_disclaimer="",
    )
    answer = browser.post(url("bundle_videos", bundle.pk), {**new_key(), **untouched})
    assert "Nothing has changed" in answer.content.decode()


def test_what_tokportal_refused_of_a_batch_stands_at_its_slot(
    campaign: Campaign, manager: User, signed_in: SignIn
) -> None:
    bundle = make_bundle(campaign, videos=2)
    command = make_command(
        campaign,
        bundle=bundle,
        kind=K.CONFIGURE_VIDEOS,
        state=S.SUCCEEDED,
        error_code="PARTLY_REFUSED",
        error_message="1 of the slots were refused.",
        error_details={"positions": {"2": "The file is too large."}},
    )
    browser = signed_in(manager)
    html = browser.get(url("bundle_videos", bundle.pk)).content.decode()
    assert "Refused last time: The file is too large." in html.split('id="slot-2"')[1]
    page = browser.get(command.get_absolute_url()).content.decode()
    assert "Slot 2: The file is too large." in page


NEW_FILM = "https://cdn.example.com/second-cut.mp4"


@pytest.mark.parametrize(
    "change", [{"media": NEW_FILM}, {"disclose_as_ads": None}], ids=["another film", "no ad"]
)
def test_a_change_that_was_refused_can_be_sent_again(
    bundle: Bundle, manager: User, sandbox: Sandbox, signed_in: SignIn, change: dict[str, Any]
) -> None:
    browser, page = signed_in(manager), url("bundle_videos", bundle.pk)
    browser.post(page, {**new_key(), **a_slot(1)})
    work()
    sandbox.fault("error", match={"operation": "batchConfigureBundleVideos"}, status=400, code="SORRY")
    browser.post(page, {**new_key(), **a_slot(1, version="1", **change)})
    work()
    assert Command.objects.latest("pk").state == S.REFUSED
    assert "Not sent" in browser.get(bundle.get_absolute_url()).content.decode()
    assert browser.post(page, {**new_key(), **a_slot(1, version="2", **change)}).status_code == 302
    work()
    assert Command.objects.latest("pk").state == S.SUCCEEDED
    slot = bundle.videos.get(position=1)
    assert (slot.raw["video_url"], slot.raw["disclose_as_ads"]) == (
        change.get("media", "https://cdn.example.com/clip.mp4"),
        "disclose_as_ads" not in change,
    )
    assert "Not sent" not in browser.get(bundle.get_absolute_url()).content.decode()


def test_twenty_slots_stand_on_a_page_that_stays_light(
    campaign: Campaign,
    manager: User,
    signed_in: SignIn,
    django_assert_max_num_queries: Callable[..., Any],
) -> None:
    Market.objects.create(campaign=campaign, country="USA", platform="tiktok")
    bundle = make_bundle(campaign, videos=45)
    for number in range(60):
        make_post(campaign, name=f"A post of some length, number {number}")
    browser = signed_in(manager)
    browser.get(url("bundle_videos", bundle.pk))
    with django_assert_max_num_queries(15):
        page = browser.get(url("bundle_videos", bundle.pk), {"page": "2"})
    html = page.content.decode()
    assert 'id="slot-21"' in html
    assert 'id="slot-41"' not in html
    assert len(page.content) < 100_000


def test_a_slot_that_does_not_exist_is_not_found(
    campaign: Campaign, manager: User, signed_in: SignIn
) -> None:
    bundle = make_bundle(campaign, videos=1)
    browser = signed_in(manager)
    assert browser.get(url("video_edit", bundle.pk, 2)).status_code == 404
    for name in ("video_edit", "video_finalize", "video_correct", "video_fix_download"):
        assert browser.post(url(name, bundle.pk, 2), new_key()).status_code == 404


# What was posted


@pytest.fixture
def posted(bundle: Bundle, manager: User, signed_in: SignIn, sandbox: Sandbox) -> Bundle:
    """Video 1 is live and in review; video 2 cannot be downloaded."""
    browser = signed_in(manager)
    profile = {
        "username": "acme_us",
        "visible_name": "Acme",
        "biography": "Weekly.",
        "profile_picture_url": "https://cdn.example.com/a.jpg",
        "version": "0",
    }
    browser.post(url("bundle_account", bundle.pk), {**new_key(), **profile})
    browser.post(url("bundle_videos", bundle.pk), {**new_key(), **a_slot(1), **a_slot(2)})
    work()
    browser.post(url("bundle_publish", bundle.pk), new_key())
    work()
    tokportal(bundle.connection).update_bundle(
        bundle.upstream_id, body={"auto_finalize_videos": False}, key="k"
    )
    for step in ("accept", "submit_account"):
        sandbox.manager(step, bundle_id=bundle.upstream_id)
    sandbox.manager("post_video", bundle_id=bundle.upstream_id, position=1)
    sandbox.manager("flag_download", bundle_id=bundle.upstream_id, position=2, comment="It asks for a login.")
    read_again(bundle)
    return bundle


def read_again(bundle: Bundle) -> None:
    refresh_bundle(tokportal(bundle.connection), bundle.connection, bundle.upstream_id, now=timezone.now())
    bundle.refresh_from_db()


def test_a_posted_video_is_accepted_or_corrected(
    posted: Bundle, manager: User, signed_in: SignIn, sandbox: Sandbox
) -> None:
    browser = signed_in(manager)
    page = browser.get(url("video_edit", posted.pk, 1)).content.decode()
    assert "Watch it live" in page
    assert "Accept video" in page
    refused = browser.post(url("video_correct", posted.pk, 1), {**new_key(), "comment": " "})
    assert refused.status_code == 422
    browser.post(url("video_correct", posted.pk, 1), {**new_key(), "comment": "Wrong sound."})
    work()
    assert posted.videos.get(position=1).status == "pending_corrections"
    sandbox.manager("resubmit_video", bundle_id=posted.upstream_id, position=1)
    read_again(posted)
    key = new_key()
    for _ in range(2):
        assert browser.post(url("video_finalize", posted.pk, 1), key).status_code == 302
        work()
    assert posted.videos.get(position=1).status == "finalized"
    assert Command.objects.filter(kind=K.FINALIZE_VIDEO).count() == 1


def test_a_broken_download_link_is_mended(posted: Bundle, manager: User, signed_in: SignIn) -> None:
    browser = signed_in(manager)
    page = browser.get(url("video_edit", posted.pk, 2)).content.decode()
    assert "It asks for a login." in page
    assert "Fix link" in browser.get(posted.get_absolute_url()).content.decode()
    refused = browser.post(url("video_fix_download", posted.pk, 2), {**new_key(), "media": "nonsense"})
    assert refused.status_code == 422
    link = "https://cdn.example.com/open.mp4"
    browser.post(url("video_fix_download", posted.pk, 2), {**new_key(), "media": link})
    work()
    assert not posted.videos.get(position=2).has_download_issue


# On a delivered account the review may settle a Coverage period that is due


@pytest.fixture
def due(posted: Bundle, monkeypatch: pytest.MonkeyPatch) -> Bundle:
    """A period of the account is due, for 25 credits. The sandbox's clock never leaves one due for a call."""
    asked = sync.quote

    def with_period(*args: Any, **keywords: Any) -> Quote:
        return replace(asked(*args, **keywords), credits=25, breakdown={"coverage_period": 25})

    monkeypatch.setattr(sync, "quote", with_period)
    return posted


REVIEWS = [
    ("video_finalize", 1, {}, K.FINALIZE_VIDEO, "Accept video"),
    ("video_correct", 1, {"comment": "Wrong sound."}, K.CORRECT_VIDEO, "Ask the manager"),
    ("video_fix_download", 2, {"media": NEW_FILM}, K.FIX_DOWNLOAD, "Send this link"),
]
review = pytest.mark.parametrize(
    ("name", "position", "fields", "kind", "button"), REVIEWS, ids=[row[0] for row in REVIEWS]
)


@review
def test_a_period_that_is_due_is_priced_before_the_second_press_orders_it(
    due: Bundle,
    manager: User,
    signed_in: SignIn,
    name: str,
    position: int,
    fields: dict[str, str],
    kind: str,
    button: str,
) -> None:
    browser, address = signed_in(manager), url(name, due.pk, position)
    answer = browser.post(address, {**new_key(), **fields})
    html = answer.content.decode()
    assert answer.status_code == 422
    assert "This settles the account's Coverage period for 25 credits" in html
    assert f"{button} · 25 credits" in html
    assert all(text in html for text in fields.values())
    assert not Command.objects.filter(kind=kind).exists()
    form, token = {**new_key(), **fields}, token_in(html)
    for _ in range(2):
        assert browser.post(address, {**form, "quote": token}).status_code == 302
    command = Command.objects.get(kind=kind)
    assert (command.quoted_credits, command.reservation.credits) == (25, 25)
    work()
    command.refresh_from_db()
    assert command.state == S.SUCCEEDED


@review
def test_a_price_is_asked_for_and_what_is_free_goes_at_once(
    posted: Bundle,
    manager: User,
    signed_in: SignIn,
    name: str,
    position: int,
    fields: dict[str, str],
    kind: str,
    button: str,
) -> None:
    browser, address = signed_in(manager), url(name, posted.pk, position)
    stale = Quote(0, "of another request", timezone.now()).token()
    assert browser.post(address, {**new_key(), **fields, "quote": stale}).status_code == 302
    command = Command.objects.get(kind=kind)
    assert command.quoted_credits == 0
    work()
    command.refresh_from_db()
    assert command.state == S.SUCCEEDED


def test_a_correction_that_was_reworded_after_it_was_priced_is_priced_again(
    due: Bundle, manager: User, signed_in: SignIn
) -> None:
    browser, address = signed_in(manager), url("video_correct", due.pk, 1)
    token = token_in(browser.post(address, {**new_key(), "comment": "Wrong sound."}).content.decode())
    answer = browser.post(address, {**new_key(), "comment": "Wrong clip.", "quote": token})
    assert answer.status_code == 422
    assert token_in(answer.content.decode()) != token
    assert not Command.objects.filter(kind=K.CORRECT_VIDEO).exists()


@review
def test_without_a_price_nothing_is_written(
    posted: Bundle,
    manager: User,
    signed_in: SignIn,
    sandbox: Sandbox,
    name: str,
    position: int,
    fields: dict[str, str],
    kind: str,
    button: str,
) -> None:
    sandbox.fault("500", match={"dry_run": True}, times=-1)
    answer = signed_in(manager).post(url(name, posted.pk, position), {**new_key(), **fields})
    assert answer.status_code == 422
    assert "so there is no price. Nothing was sent or charged. Try again." in answer.content.decode()
    assert not Command.objects.filter(kind=kind).exists()


def test_a_price_check_that_is_refused_says_why(posted: Bundle, manager: User, signed_in: SignIn) -> None:
    posted.videos.filter(position=3).update(status="in_review")  # elsewhere it is none
    answer = signed_in(manager).post(url("video_finalize", posted.pk, 3), new_key())
    assert answer.status_code == 422
    assert "Nothing was sent." in answer.content.decode()
    assert not Command.objects.filter(kind=K.FINALIZE_VIDEO).exists()


def test_a_price_check_that_was_carried_out_is_the_order(
    posted: Bundle, manager: User, signed_in: SignIn, sandbox: Sandbox
) -> None:
    sandbox.fault("ignore_dry_run")
    answer = signed_in(manager).post(url("video_finalize", posted.pk, 1), new_key())
    command = Command.objects.get(kind=K.FINALIZE_VIDEO)
    assert answer.headers["Location"] == command.get_absolute_url()
    assert command.state == S.SUCCEEDED
