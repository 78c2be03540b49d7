"""One history of a bundle: every source, on one clock, for whoever may see it."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pghistory
import pytest
from django.db import connection as database
from django.test import Client as Browser
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from agency.models import Connection, User
from campaigns.commands import moves
from campaigns.events.models import WebhookEvent
from campaigns.events.timeline import KINDS, Moment, timeline
from campaigns.ledger.actions import Part, allocate, reverse_allocations
from campaigns.ledger.models import Allocation, CreditEntry
from campaigns.models import AccountProfile, Bundle, Campaign, Command
from tests.factories import (
    NOW,
    make_account,
    make_bundle,
    make_campaign,
    make_command,
    make_connection,
    make_post,
)

SignIn = Callable[[User], Browser]
S = Command.State
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def pool(db: None) -> Connection:
    return make_connection()


@pytest.fixture
def bundle(pool: Connection, campaign: Campaign) -> Bundle:
    return make_bundle(campaign, videos=3, upstream_created_at=NOW - timedelta(days=2))


def order(bundle: Bundle, by: User, **fields: object) -> Command:
    return make_command(
        bundle.campaign,
        **{
            "bundle": bundle,
            "asked_by": by,
            "asked_at": NOW - timedelta(hours=2),
            "first_sent_at": NOW - timedelta(hours=2),
            "answered_at": NOW - timedelta(hours=2),
            "state": S.SUCCEEDED,
            "state_since": NOW - timedelta(hours=2),
            "quoted_credits": 38,
            "credits_charged": 38,
            "request_id": "req_1",
            **fields,
        },
    )


def event(bundle: Bundle, kind: str, **fields: object) -> WebhookEvent:
    data = {"bundle_id": bundle.upstream_id, **fields.pop("data", {})}  # type: ignore[dict-item]
    return WebhookEvent.objects.create(
        **{
            "connection": bundle.connection,
            "upstream_id": f"evt-{WebhookEvent.objects.count()}",
            "kind": kind,
            "body": {"type": kind, "data": data},
            "upstream_created_at": NOW,
            "received_at": NOW,
            **fields,
        }
    )


def book(bundle: Bundle, amount: int = -38) -> CreditEntry:
    assert bundle.campaign is not None
    entry = CreditEntry.objects.create(
        connection=bundle.connection,
        upstream_id=f"txn-{CreditEntry.objects.count()}",
        amount=amount,
        description="Bundle created",
        balance_after=100,
        created_at=NOW - timedelta(hours=1),
        imported_at=NOW,
    )
    part = Part(amount, Allocation.Owner.CLIENT, bundle.campaign.client, bundle.campaign, bundle)
    allocate(entry, [part], rule="command-exact", now=NOW)
    return entry


def titles(moments: list[Moment], kind: str = "") -> list[str]:
    return [moment.title for moment in moments if kind in ("", moment.kind)]


# What each source tells


def test_an_order_names_who_asked_the_quote_and_what_was_charged(bundle: Bundle, owner: User) -> None:
    order(bundle, owner)
    done, asked = [moment for moment in timeline(bundle, viewer=owner) if moment.kind == "orders"]
    assert (asked.title, asked.actor, asked.price) == ("Order a bundle: asked", "olive", "38 credits quoted")
    assert (done.title, done.actor, done.price) == ("Order a bundle: done", "TokPortal", "38 credits charged")
    assert (done.credits, done.upstream) == (38, "req_1")


@pytest.mark.parametrize(
    ("fields", "title", "tone"),
    [
        ({"state": S.REFUSED, "error_message": "No."}, "Order a bundle: refused.", "bad"),
        ({"state": S.UNKNOWN, "evidence": "Looked."}, "Order a bundle: no answer yet.", "wait"),
        ({"state": S.VOID}, "Order a bundle: withdrawn.", ""),
        ({"credits_charged": 40, "is_charged_differently": True}, "Order a bundle: done", "wait"),
        ({"error_code": "PARTLY_REFUSED", "error_message": "Half."}, "Order a bundle: done in part.", "wait"),
    ],
)
def test_every_end_of_an_order_is_told(
    bundle: Bundle, owner: User, fields: dict[str, object], title: str, tone: str
) -> None:
    order(bundle, owner, **fields)
    last = next(moment for moment in timeline(bundle, viewer=owner) if moment.kind == "orders")
    assert (last.title, last.tone) == (title, tone)


def test_who_approved_or_withdrew_is_told(bundle: Bundle, owner: User, manager: User) -> None:
    K = Command.Kind
    approved = make_command(bundle.campaign, bundle=bundle, kind=K.ADD_VIDEO_SLOTS, state=S.AWAITING)
    moves.move(approved, (S.AWAITING,), {"state": S.QUEUED, "state_since": NOW}, by=manager)
    withdrawn = make_command(bundle.campaign, bundle=bundle, kind=K.ADD_EDIT_SLOTS)
    moves.move(withdrawn, (S.QUEUED,), {"state": S.VOID, "state_since": NOW}, by=manager)
    told = {moment.title: moment.actor for moment in timeline(bundle, viewer=owner)}
    assert told["Add video slots: approved"] == manager.name
    assert told["Add edit slots: withdrawn."] == manager.name


def test_a_lost_answer_and_its_replay_are_told(bundle: Bundle, owner: User) -> None:
    command = order(bundle, owner, state=S.QUEUED, state_since=NOW - timedelta(hours=3), answered_at=None)
    steps: list[dict[str, object]] = [
        {"state": S.SENDING, "attempts": 1, "lease_until": NOW},
        {"state": S.UNKNOWN, "evidence": "Nothing was found."},
        {"state": S.QUEUED},
        {"state": S.SENDING, "attempts": 2},
        {"state": S.SUCCEEDED, "answered_at": NOW, "evidence": "It was found."},
    ]
    for minutes, step in enumerate(steps):
        since = NOW - timedelta(hours=1, minutes=-minutes)
        Command.objects.filter(pk=command.pk).update(**step, state_since=since)
    assert titles(timeline(bundle, viewer=owner), "orders") == [
        "Order a bundle: done",
        "Order a bundle: sent again with the same key",
        "Order a bundle: the answer was lost",
        "Order a bundle: sent",
        "Order a bundle: asked",
    ]


def test_an_event_for_each_of_several_videos_is_one_line(bundle: Bundle, owner: User) -> None:
    for position in (1, 2, 3):
        at = NOW + timedelta(seconds=position)
        event(bundle, "video.in_review", data={"position": position}, upstream_created_at=at)
    event(bundle, "video.in_review", data={"position": 2}, upstream_created_at=NOW + timedelta(hours=3))
    assert titles(timeline(bundle, viewer=owner), "events") == [
        "Video 2 is in review",
        "Videos 1–3 are in review",
    ]


def test_events_about_the_account_alone_are_told_and_others_are_not(campaign: Campaign, owner: User) -> None:
    account = make_account(campaign)
    bundle = make_bundle(campaign, saved_account=account)
    other = make_bundle(campaign, saved_account=account)
    about_account = {"saved_account_id": account.upstream_id, "credits": 25}
    renewed = event(bundle, "subscription.renewed")
    WebhookEvent.objects.create(
        connection=renewed.connection,
        upstream_id="evt-account",
        kind="subscription.renewed",
        body={"data": about_account},
        received_at=NOW,
    )
    event(other, "account.banned", data=about_account)
    moments = [moment for moment in timeline(other, viewer=owner) if moment.kind == "events"]
    assert sorted(titles(moments)) == ["Coverage was renewed", "The account was banned"]
    assert "25 credits" in {moment.price for moment in moments}


def test_an_unknown_event_is_shown_in_its_own_words(bundle: Bundle, owner: User) -> None:
    event(bundle, "bundle.teleported")
    event(bundle, "video.sung", data={"position": 1})
    event(bundle, "video.sung", data={"position": "one"}, upstream_created_at=NOW - timedelta(hours=1))
    found = titles(timeline(bundle, viewer=owner), "events")
    assert sorted(found) == ["Video 1: sung", "bundle.teleported", "video.sung"]


def test_a_state_is_told_once_by_its_event_or_by_the_row(bundle: Bundle, owner: User) -> None:
    Bundle.objects.filter(pk=bundle.pk).update(
        status="completed", account_status="in_review", account_status_since=NOW
    )
    bundle.refresh_from_db()
    bundle.videos.filter(position=1).update(status="finalized")
    assert sorted(titles(timeline(bundle, viewer=owner), "states")) == [
        "The account is in review",
        "The bundle is done",
        "The bundle was made at TokPortal",
        "Video 1 is final",
    ]
    event(bundle, "account.in_review")
    event(bundle, "video.finalized", data={"position": 1})
    assert "The account is in review" not in titles(timeline(bundle, viewer=owner), "states")
    assert "Video 1 is final" not in titles(timeline(bundle, viewer=owner), "states")
    assert "Video 1 is final" in titles(timeline(bundle, viewer=owner), "events")


def test_an_unknown_state_is_shown_in_its_own_words(bundle: Bundle, owner: User) -> None:
    bundle.status = "frozen_by_staff"
    assert "The bundle: frozen by staff" in titles(timeline(bundle, viewer=owner))


def test_live_videos_lead_to_their_posts(bundle: Bundle, owner: User) -> None:
    bundle.videos.filter(position=2).update(posted_at=NOW, platform_url="https://v.example.com/2")
    live = [moment for moment in timeline(bundle, viewer=owner) if moment.kind == "live"]
    assert [(moment.title, moment.url) for moment in live] == [("Video 2 is live", "https://v.example.com/2")]


def test_edits_of_the_profile_and_of_each_slots_post_are_told(
    bundle: Bundle, manager: User, owner: User
) -> None:
    with pghistory.context(user=manager.pk):
        AccountProfile.objects.create(bundle=bundle, username="acme_us", visible_name="Acme")
        for position in (1, 2):
            post = make_post(bundle.campaign, video=bundle.videos.get(position=position))  # type: ignore[arg-type]
        post.caption = "A better caption"
        post.save()
    edits = [moment for moment in timeline(bundle, viewer=owner) if moment.kind == "edits"]
    assert {moment.title for moment in edits} == {
        "Profile added",
        "Slot 1: Post added",
        "Slot 2: Post added",
        "Slot 2: Post changed",
    }
    assert {moment.actor for moment in edits} == {"max"}
    assert "A better caption" in next(moment for moment in edits if "changed" in moment.title).detail


def test_what_was_booked_and_taken_back_is_told(bundle: Bundle, owner: User) -> None:
    entry = book(bundle)
    reverse_allocations(entry, by=owner, reason="Not theirs.", now=NOW)
    back, booked = [moment for moment in timeline(bundle, viewer=owner) if moment.kind == "credits"]
    assert (booked.price, booked.credits, booked.detail) == ("38 credits booked", 38, "Bundle created")
    assert (back.price, back.credits, back.actor, back.detail) == (
        "38 credits back",
        -38,
        "olive",
        "Not theirs.",
    )


# On one clock


def test_all_sources_are_in_the_order_of_tokportals_clock(
    pool: Connection, campaign: Campaign, owner: User
) -> None:
    """TokPortal is a day ahead: what we wrote down a minute ago was a day and a minute ago for our clock."""
    pool.clock_skew_seconds = 86_400
    pool.save()
    ours = datetime.now(UTC)
    theirs = pool.upstream_now(ours)
    bundle = make_bundle(campaign, connection=pool, videos=1, upstream_created_at=theirs - timedelta(hours=9))
    asked_at = theirs - timedelta(hours=3)
    order(bundle, owner, asked_at=asked_at, first_sent_at=asked_at, answered_at=asked_at)
    event(bundle, "bundle.published", upstream_created_at=None, received_at=ours - timedelta(hours=2))
    event(bundle, "account.in_review", upstream_created_at=theirs - timedelta(hours=1))
    make_post(campaign, video=bundle.videos.get())  # by our clock, now
    bundle.videos.update(posted_at=theirs + timedelta(hours=1))
    moments = timeline(bundle, viewer=owner)
    assert titles(moments) == [
        "Video 1 is live",
        "Slot 1: Post added",
        "The account is in review",
        "Handed to a manager",
        "Order a bundle: done",
        "Order a bundle: asked",
        "The bundle was made at TokPortal",
    ]


# Who sees what


def test_the_books_and_tokportals_own_names_are_for_owners(
    bundle: Bundle, owner: User, manager: User, analyst: User
) -> None:
    order(bundle, owner)
    book(bundle)
    event(bundle, "bundle.published")
    for viewer, sees_books, sees_prices in (
        (owner, True, True),
        (manager, False, True),
        (analyst, False, False),
    ):
        moments = timeline(bundle, viewer=viewer)
        assert any(moment.kind == "credits" for moment in moments) is sees_books
        assert any(moment.upstream for moment in moments) is sees_books
        assert any(moment.kind == "events" and moment.url for moment in moments) is sees_books
        assert any(moment.price or moment.credits for moment in moments) is sees_prices
        assert any(moment.kind == "orders" for moment in moments)


def test_strangers_find_no_history(bundle: Bundle, outsider: User, signed_in: SignIn) -> None:
    for name in ("bundle_timeline", "bundle_timeline_latest"):
        assert signed_in(outsider).get(reverse(name, args=[bundle.pk]), headers=HTMX).status_code == 404


def test_another_bundles_past_is_not_told(bundle: Bundle, campaign: Campaign, owner: User) -> None:
    other = make_bundle(campaign, title="Other", upstream_created_at=None)
    order(other, owner)
    book(other)
    event(other, "bundle.published")
    assert titles(timeline(bundle, viewer=owner)) == ["The bundle was made at TokPortal"]


# The pages


def test_moments_are_chosen_by_kind_and_come_in_pages_of_fifty(
    bundle: Bundle, owner: User, signed_in: SignIn
) -> None:
    for hours in range(60):
        event(bundle, "bundle.published", upstream_created_at=NOW - timedelta(hours=hours))
    order(bundle, owner)
    browser, page = signed_in(owner), reverse("bundle_timeline", args=[bundle.pk])
    first = browser.get(page).context
    assert len(first["page"]) == 50
    assert [(tab.label, tab.count) for tab in first["tabs"]] == [
        ("Everything", 63),
        ("Orders", 2),
        ("Events", 60),
        ("States", 1),
    ]
    assert len(browser.get(page, {"page": "2"}).context["page"]) == 13
    orders = browser.get(page, {"kind": "orders"})
    assert {moment.kind for moment in orders.context["page"]} == {"orders"}
    assert len(browser.get(page, {"kind": "gossip"}).context["page"]) == 50


def test_the_bundles_page_asks_for_the_latest_of_it(bundle: Bundle, owner: User, signed_in: SignIn) -> None:
    browser, latest = signed_in(owner), reverse("bundle_timeline_latest", args=[bundle.pk])
    html = browser.get(bundle.get_absolute_url()).content.decode()
    assert f'hx-get="{latest}"' in html
    fragment = browser.get(latest, headers=HTMX).content.decode()
    assert "<html" not in fragment
    assert "The bundle was made at TokPortal" in fragment
    assert browser.get(latest)["Location"] == reverse("bundle_timeline", args=[bundle.pk])


def test_a_poll_that_finds_news_makes_the_history_follow(
    bundle: Bundle, owner: User, signed_in: SignIn
) -> None:
    browser, page = signed_in(owner), bundle.get_absolute_url()
    answer = browser.get(page, headers=HTMX)
    assert "bundle-changed" in answer["HX-Trigger-After-Swap"]


@pytest.mark.parametrize("name", ["bundle_timeline", "bundle_timeline_latest"])
def test_a_long_past_needs_no_more_queries(bundle: Bundle, owner: User, signed_in: SignIn, name: str) -> None:
    browser, page = signed_in(owner), reverse(name, args=[bundle.pk])

    def queries() -> int:
        browser.get(page, headers=HTMX)
        with CaptureQueriesContext(database) as seen:
            browser.get(page, headers=HTMX)
        return len(seen)

    def live_through(number: int) -> None:
        for n in range(number):
            order(bundle, owner, attempts=2)
            event(bundle, "bundle.published", upstream_created_at=NOW - timedelta(hours=n))
            book(bundle)
        with pghistory.context(user=owner.pk):
            make_post(bundle.campaign, video=bundle.videos.filter(post=None).first())  # type: ignore[arg-type]

    live_through(3)
    few = queries()
    live_through(57)
    assert queries() == few <= 15


def test_every_kind_has_a_name(bundle: Bundle, owner: User) -> None:
    order(bundle, owner)
    book(bundle)
    event(bundle, "bundle.published")
    make_post(bundle.campaign, video=bundle.videos.get(position=1))  # type: ignore[arg-type]
    bundle.videos.filter(position=2).update(posted_at=NOW)
    assert {moment.kind for moment in timeline(bundle, viewer=owner)} == set(KINDS)


def test_another_clients_campaign_is_not_in_a_bundles_past(bundle: Bundle, owner: User) -> None:
    make_post(make_campaign(), caption="Elsewhere")
    assert not titles(timeline(bundle, viewer=owner), "edits")
