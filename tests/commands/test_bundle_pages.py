"""Bundles in the browser: the list, the checklist, the buttons, and polls that disturb nobody."""

import csv
import io
from collections.abc import Callable
from datetime import date, timedelta

import pytest
from django.template.loader import render_to_string
from django.test import Client as Browser
from django.utils import timezone

from agency.connections import tokportal
from agency.models import Connection, User
from campaigns.commands import actions
from campaigns.commands.offers import Offer
from campaigns.commands.quotes import Quote, digest_of
from campaigns.commands.reports.bundles import bundle_page
from campaigns.commands.reports.readiness import runs
from campaigns.models import AccountProfile, Bundle, Campaign, Command
from campaigns.sync import refresh_bundle
from tests.commands.pages import HTMX, SignIn, new_key, token_in, url, work
from tests.factories import (
    NOW,
    make_account,
    make_bundle,
    make_campaign,
    make_command,
    make_connection,
    make_post,
    make_video,
)
from tests.sandbox_process import Sandbox

CountQueries = Callable[..., object]


@pytest.fixture
def pool(db: None) -> Connection:
    """A Connection that nobody calls."""
    return make_connection()


def set_up(bundle: Bundle, manager: User) -> None:
    """Profile and two videos sent to the sandbox."""
    profile = AccountProfile.objects.create(
        bundle=bundle,
        username="acme_us",
        visible_name="Acme",
        biography="New launches weekly.",
        profile_picture_url="https://cdn.example.com/a.jpg",
    )
    key = new_key()["key"]
    actions.configure_account(profile=profile, by=manager, key=key, now=timezone.now())
    day = timezone.now().date() + timedelta(days=5)
    posts = {
        position: make_post(bundle.campaign, publish_date=day, video=bundle.videos.get(position=position))
        for position in (1, 2)
    }
    key = new_key()["key"]
    actions.configure_videos(bundle=bundle, posts=posts, by=manager, key=key, now=timezone.now())
    work()
    bundle.refresh_from_db()


# The list


def test_the_list_shows_bundles_of_ones_clients_only(
    pool: Connection, campaign: Campaign, manager: User, outsider: User, signed_in: SignIn
) -> None:
    make_bundle(campaign, title="Ours", videos=2)
    make_bundle(make_campaign(), title="Theirs")
    html = signed_in(manager).get(url("bundle_list")).content.decode()
    assert "Ours" in html
    assert "Theirs" not in html
    assert "Ours" not in signed_in(outsider).get(url("bundle_list")).content.decode()


def test_an_unclaimed_bundle_is_for_owners(
    pool: Connection, manager: User, owner: User, signed_in: SignIn
) -> None:
    bundle = make_bundle(None, title="Nobody’s")
    assert signed_in(manager).get(bundle.get_absolute_url()).status_code == 404
    page = signed_in(owner).get(bundle.get_absolute_url())
    assert "belongs to no campaign" in page.content.decode()
    assert signed_in(owner).post(url("bundle_publish", bundle.pk), new_key()).status_code == 403


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ({"q": "acme-spring"}, ["First"]),
        ({"q": "acme_us"}, ["Second"]),
        ({"q": "Sec"}, ["Second"]),
        ({"state": "in-review"}, ["Second"]),
        ({"state": "with-manager"}, []),
        ({"state": "to-set-up"}, ["First"]),
        ({"state": "unknown"}, []),
        ({"country": "GB"}, ["Second"]),
        ({"platform": "tiktok"}, ["First"]),
        ({"client": "nobody"}, ["First", "Second"]),  # rubbish is no filter
        ({"page": "99"}, ["First", "Second"]),
    ],
)
def test_bundles_are_found_by_what_one_knows(
    pool: Connection,
    campaign: Campaign,
    manager: User,
    signed_in: SignIn,
    query: dict[str, str],
    found: list[str],
) -> None:
    make_bundle(campaign, title="First", external_ref="acme-spring-us-1")
    make_bundle(
        campaign,
        title="Second",
        status="accepted",
        account_status="in_review",
        country="UK",
        platform="instagram",
        saved_account=make_account(campaign, username="acme_us"),
    )
    html = signed_in(manager).get(url("bundle_list"), query, headers=HTMX).content.decode()
    assert "<html" not in html
    assert [title for title in ("First", "Second") if title in html] == found


def test_the_list_as_csv_cannot_run_in_a_spreadsheet(
    pool: Connection, campaign: Campaign, manager: User, signed_in: SignIn
) -> None:
    make_bundle(campaign, title="=cmd()", external_ref="acme-1", videos=2)
    answer = signed_in(manager).get(url("bundle_list_csv"), {"q": "acme-1"})
    rows = list(csv.DictReader(io.StringIO(b"".join(answer).decode())))
    assert [(row["reference"], row["title"], row["videos"]) for row in rows] == [("acme-1", "'=cmd()", "2")]


@pytest.mark.parametrize("name", ["bundle_list", "command_list"])
def test_ten_more_rows_need_no_more_queries(
    pool: Connection,
    campaign: Campaign,
    manager: User,
    signed_in: SignIn,
    django_assert_max_num_queries: CountQueries,
    name: str,
) -> None:
    browser = signed_in(manager)
    for _ in range(12):
        bundle = make_bundle(campaign, videos=2, saved_account=make_account(campaign))
        make_command(campaign, bundle=bundle, asked_by=manager)
    browser.get(url(name))
    with django_assert_max_num_queries(13):  # type: ignore[attr-defined]
        browser.get(url(name))


# The page


def test_a_new_bundle_shows_what_is_missing_and_where_to_mend_it(
    pool: Connection, campaign: Campaign, manager: User, signed_in: SignIn
) -> None:
    bundle = make_bundle(campaign, videos=3)
    html = signed_in(manager).get(bundle.get_absolute_url()).content.decode()
    assert "The account has no picture" in html
    assert f'href="{url("bundle_account", bundle.pk)}#id_profile_picture_url"' in html
    assert "0 of 3 videos set up" in html
    assert 'disabled title="See the checklist"' in html


def test_the_page_needs_few_queries_however_many_slots_there_are(
    pool: Connection,
    campaign: Campaign,
    manager: User,
    signed_in: SignIn,
    django_assert_max_num_queries: CountQueries,
) -> None:
    bundle = make_bundle(campaign, videos=150)
    for video in bundle.videos.all():
        make_post(campaign, video=video)
        make_command(campaign, bundle=bundle, asked_by=manager)
    browser = signed_in(manager)
    browser.get(bundle.get_absolute_url())
    with django_assert_max_num_queries(13):  # type: ignore[attr-defined]
        page = browser.get(bundle.get_absolute_url())
    assert len(page.content) < 100_000


def test_a_poll_that_finds_nothing_new_changes_nothing(
    pool: Connection, campaign: Campaign, manager: User, signed_in: SignIn
) -> None:
    bundle = make_bundle(campaign, videos=1)
    browser = signed_in(manager)
    seen = bundle_page(bundle, now=timezone.now()).fingerprint
    assert f'"X-Seen": "{seen}"' in browser.get(bundle.get_absolute_url()).content.decode()
    poll = {**HTMX, "X-Seen": seen}
    assert browser.get(bundle.get_absolute_url(), headers=poll).status_code == 204
    Bundle.objects.update(status="published")
    answer = browser.get(bundle.get_absolute_url(), headers=poll)
    assert answer.status_code == 200
    assert answer.content.decode().lstrip().startswith('<div class="stack" id="bundle-state"')
    assert answer.headers["HX-Retarget"] == "#bundle-state"


@pytest.mark.parametrize(
    ("status", "state", "every"),
    [
        ("accepted", None, "15"),
        ("accepted", Command.State.QUEUED, "3"),
        ("completed", None, None),
        ("completed", Command.State.QUEUED, "3"),
    ],
)
def test_the_page_polls_while_something_may_change(
    pool: Connection,
    campaign: Campaign,
    manager: User,
    signed_in: SignIn,
    status: str,
    state: str | None,
    every: str | None,
) -> None:
    bundle = make_bundle(campaign, status=status)
    if state:
        make_command(campaign, bundle=bundle, kind=Command.Kind.FINALIZE_ACCOUNT, state=state)
    html = signed_in(manager).get(bundle.get_absolute_url()).content.decode()
    assert ('hx-trigger="poll"' in html) == bool(every)
    assert not every or f'data-poll="{every}"' in html


PRIMARY = [
    ({"status": "pending_setup"}, {}, "publish"),
    ({"status": "published"}, {}, "slots"),
    ({"status": "accepted", "account_status": "in_review"}, {}, "account"),
    ({"status": "accepted"}, {"status": "configured"}, "publish_all"),
    ({"status": "accepted"}, {"status": "in_review"}, "video"),
    ({"status": "accepted"}, {"status": "accepted", "has_download_issue": True}, "video"),
    ({"status": "completed"}, {"status": "finalized"}, "again"),
    ({"status": "invented_yesterday"}, {}, "slots"),
]


@pytest.mark.parametrize(("changes", "video", "primary"), PRIMARY)
def test_the_primary_action_follows_the_state(
    pool: Connection, campaign: Campaign, changes: dict[str, str], video: dict[str, object], primary: str
) -> None:
    bundle = make_bundle(campaign, videos=1, **changes)
    bundle.videos.update(**video)
    assert bundle_page(bundle, now=timezone.now()).primary == primary


def test_every_state_draws_a_page_for_everyone_who_may_see_it(
    pool: Connection, campaign: Campaign, manager: User, analyst: User, signed_in: SignIn
) -> None:
    bundle = make_bundle(campaign, videos=1, saved_account=make_account(campaign))
    for changes, video, _ in PRIMARY:
        Bundle.objects.update(**changes)
        bundle.videos.update(**video)
        for person in (manager, analyst):
            for name in ("bundle_detail", "bundle_account", "bundle_videos"):
                assert signed_in(person).get(url(name, bundle.pk)).status_code == 200
            assert signed_in(person).get(url("video_edit", bundle.pk, 1)).status_code == 200


def test_onlookers_see_no_buttons(
    pool: Connection, campaign: Campaign, analyst: User, signed_in: SignIn
) -> None:
    bundle = make_bundle(campaign, videos=1)
    html = signed_in(analyst).get(bundle.get_absolute_url()).content.decode()
    assert url("bundle_publish", bundle.pk) not in html
    assert url("bundle_add_slots", bundle.pk) not in html


def test_a_day_that_tokportal_moved_is_shown(
    pool: Connection, campaign: Campaign, manager: User, signed_in: SignIn
) -> None:
    bundle = make_bundle(campaign, videos=1)
    bundle.videos.update(status="published", publish_date=date(2026, 12, 3))
    make_post(campaign, video=bundle.videos.get(), publish_date=date(2026, 12, 1))
    assert "moved from 1 Dec" in signed_in(manager).get(bundle.get_absolute_url()).content.decode()


def test_videos_set_up_after_publication_are_shown_as_not_sent(
    pool: Connection, campaign: Campaign, manager: User, signed_in: SignIn
) -> None:
    bundle = make_bundle(campaign, videos=2, status="accepted")
    bundle.videos.filter(position=2).update(status="configured")
    html = signed_in(manager).get(bundle.get_absolute_url()).content.decode()
    assert "1 video set up but not sent" in html
    assert "Publish 1 added video" in html


def test_what_tokportal_named_when_it_refused_stands_until_something_succeeds(
    pool: Connection, campaign: Campaign
) -> None:
    bundle = make_bundle(campaign, videos=1)
    make_command(
        campaign,
        bundle=bundle,
        kind=Command.Kind.PUBLISH_BUNDLE,
        state=Command.State.REFUSED,
        error_details={"blockers": [{"code": "NO_VIDEOS_CONFIGURED", "message": "No videos."}]},
    )
    lines = bundle_page(bundle, now=timezone.now()).readiness.lines
    assert any("TokPortal said: No videos." in line.text for line in lines)
    make_command(campaign, bundle=bundle, kind=Command.Kind.CONFIGURE_VIDEOS, state=Command.State.SUCCEEDED)
    lines = bundle_page(bundle, now=timezone.now()).readiness.lines
    assert not any("TokPortal said" in line.text for line in lines)


@pytest.mark.parametrize(
    ("positions", "words"),
    [
        ([4], "4"),
        ([1, 2, 3], "1–3"),
        ([7, 1, 2], "1–2 and 7"),
        ([1, 3, 5], "1, 3 and 5"),
    ],
)
def test_slots_are_named_in_runs(positions: list[int], words: str) -> None:
    assert runs(positions) == words


# The buttons, on the sandbox


def test_publish_then_take_back(bundle: Bundle, manager: User, signed_in: SignIn) -> None:
    set_up(bundle, manager)
    browser, key = signed_in(manager), new_key()
    page = browser.get(bundle.get_absolute_url()).content.decode()
    assert "Nothing is under way" in page
    assert "Publish <small>free</small>" in page
    for _ in range(2):
        answer = browser.post(url("bundle_publish", bundle.pk), key)
        assert answer.headers["Location"] == bundle.get_absolute_url()
        work()
    assert Command.objects.filter(kind=Command.Kind.PUBLISH_BUNDLE).count() == 1
    bundle.refresh_from_db()
    assert bundle.status == "published"
    browser.post(url("bundle_unpublish", bundle.pk), new_key())
    work()
    bundle.refresh_from_db()
    assert bundle.status == "pending_setup"


def test_publishing_what_is_published_already_is_said_and_not_sent(
    bundle: Bundle, manager: User, signed_in: SignIn
) -> None:
    Bundle.objects.update(status="published")
    browser = signed_in(manager)
    browser.post(url("bundle_publish", bundle.pk), new_key())
    assert "published already" in browser.get(bundle.get_absolute_url()).content.decode()
    assert not Command.objects.filter(kind=Command.Kind.PUBLISH_BUNDLE).exists()


def test_a_button_without_its_key_sends_nothing(bundle: Bundle, manager: User, signed_in: SignIn) -> None:
    browser = signed_in(manager)
    for name in ("bundle_publish", "bundle_unpublish", "bundle_publish_all"):
        browser.post(url(name, bundle.pk), {"key": "rubbish"})
    assert Command.objects.count() == 1  # the order itself


def test_a_refused_publication_says_what_tokportal_said(
    bundle: Bundle, manager: User, signed_in: SignIn
) -> None:
    browser = signed_in(manager)
    browser.post(url("bundle_publish", bundle.pk), new_key())
    work()
    html = browser.get(bundle.get_absolute_url()).content.decode()
    assert "Publish was refused" in html
    assert "TokPortal said:" in html


def read_again(bundle: Bundle) -> None:
    refresh_bundle(tokportal(bundle.connection), bundle.connection, bundle.upstream_id, now=timezone.now())
    bundle.connection.refresh_from_db()
    bundle.refresh_from_db()


@pytest.fixture
def delivered(bundle: Bundle, manager: User, signed_in: SignIn, sandbox: Sandbox) -> Bundle:
    """Published, its account delivered, and one slot filled afterwards."""
    set_up(bundle, manager)
    signed_in(manager).post(url("bundle_publish", bundle.pk), new_key())
    work()
    sandbox.manager("accept", bundle_id=bundle.upstream_id)
    sandbox.manager("submit_account", bundle_id=bundle.upstream_id)
    read_again(bundle)
    third = make_post(bundle.campaign, publish_date=timezone.now().date() + timedelta(days=9))
    key = new_key()["key"]
    actions.configure_videos(bundle=bundle, posts={3: third}, by=manager, key=key, now=timezone.now())
    work()
    read_again(bundle)
    return bundle


def test_added_videos_of_a_delivered_account_are_priced_before_they_are_published(
    delivered: Bundle, manager: User, signed_in: SignIn
) -> None:
    browser = signed_in(manager)
    page = browser.get(delivered.get_absolute_url()).content.decode()
    assert f'hx-get="{url("bundle_publish_all_quote", delivered.pk)}"' in page
    fragment = browser.get(url("bundle_publish_all_quote", delivered.pk), headers=HTMX).content.decode()
    assert "Publish added videos <small>free</small>" in fragment
    token = token_in(fragment)
    browser.post(url("bundle_publish_all", delivered.pk), {**new_key(), "quote": token})
    work()
    command = Command.objects.get(kind=Command.Kind.PUBLISH_ALL_VIDEOS)
    assert command.state == Command.State.SUCCEEDED
    read_again(delivered)
    assert delivered.videos.get(position=3).status in ("published", "accepted")


def test_without_javascript_what_is_free_goes_at_once(
    delivered: Bundle, manager: User, signed_in: SignIn
) -> None:
    answer = signed_in(manager).post(url("bundle_publish_all", delivered.pk), new_key())
    assert answer.status_code == 302
    assert Command.objects.filter(kind=Command.Kind.PUBLISH_ALL_VIDEOS).count() == 1


def test_a_coverage_period_that_is_due_is_on_the_button_and_held(
    delivered: Bundle, manager: User, signed_in: SignIn
) -> None:
    digest = digest_of(Command.Kind.PUBLISH_ALL_VIDEOS, {"bundle_id": delivered.upstream_id}, {})
    due = Quote(25, digest, timezone.now(), {"coverage_period": 25})
    context = {"bundle": delivered, "what": "publish-all", "offer": Offer(quote=due), "key": "k"}
    assert "Publish added videos · 25 credits" in render_to_string("commands/publish_button.html", context)
    browser = signed_in(manager)
    browser.post(url("bundle_publish_all", delivered.pk), {**new_key(), "quote": due.token()})
    command = Command.objects.get(kind=Command.Kind.PUBLISH_ALL_VIDEOS)
    assert (command.quoted_credits, command.reservation.credits) == (25, 25)


def test_a_price_for_another_button_is_not_taken(delivered: Bundle, manager: User, signed_in: SignIn) -> None:
    other = Quote(0, digest_of(Command.Kind.PUBLISH_BUNDLE, {}, {}), timezone.now())
    browser = signed_in(manager)
    browser.post(url("bundle_publish_all", delivered.pk), {**new_key(), "quote": other.token()})
    assert not Command.objects.filter(kind=Command.Kind.PUBLISH_ALL_VIDEOS).exists()


def test_strangers_find_nothing_and_onlookers_may_not_press(
    pool: Connection, campaign: Campaign, analyst: User, outsider: User, signed_in: SignIn
) -> None:
    bundle = make_bundle(campaign, videos=1)
    pages = [url(name, bundle.pk) for name in ("bundle_detail", "bundle_account", "bundle_videos")]
    buttons = [
        url(name, bundle.pk)
        for name in (
            "bundle_publish",
            "bundle_unpublish",
            "bundle_publish_all",
            "bundle_add_slots",
            "bundle_add_slots_quote",
            "bundle_account",
            "bundle_videos",
            "account_finalize",
            "account_correct",
        )
    ]
    buttons += [
        url(name, bundle.pk, 1)
        for name in ("video_edit", "video_finalize", "video_correct", "video_fix_download")
    ]
    stranger, onlooker = signed_in(outsider), signed_in(analyst)
    for page in pages:
        assert stranger.get(page).status_code == 404
        assert stranger.get(page, headers=HTMX).status_code == 404
        assert onlooker.get(page).status_code == 200
    for button in buttons:
        assert stranger.post(button, new_key()).status_code == 404, button
        assert onlooker.post(button, new_key()).status_code == 403, button
    for quote in ("bundle_publish_quote", "bundle_publish_all_quote"):
        assert stranger.get(url(quote, bundle.pk)).status_code == 404
        assert onlooker.get(url(quote, bundle.pk)).status_code == 403


def test_nothing_is_sent_for_an_archived_campaign(
    pool: Connection, campaign: Campaign, manager: User, signed_in: SignIn
) -> None:
    bundle = make_bundle(campaign, videos=1)
    Campaign.objects.update(archived_at=NOW)
    browser: Browser = signed_in(manager)
    assert browser.post(url("bundle_publish", bundle.pk), new_key()).status_code == 403
    assert url("bundle_publish", bundle.pk) not in browser.get(bundle.get_absolute_url()).content.decode()


def test_slots_that_cannot_be_changed_say_where_they_stand(
    pool: Connection, campaign: Campaign, manager: User, signed_in: SignIn
) -> None:
    bundle = make_bundle(campaign, status="published", videos_quantity=3)
    for position, status in enumerate(["finalized", "in_review", "finalized"], start=1):
        make_video(bundle, position, status=status)
    html = signed_in(manager).get(url("bundle_videos", bundle.pk)).content.decode()
    assert "No slot can be changed now. In review: 1, Live: 2." in html
