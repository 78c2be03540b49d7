"""How the effect of each kind is told: what did not happen is never taken for done."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.utils import timezone

from agency.connections import tokportal
from agency.models import Connection, User
from campaigns.commands import actions, sync
from campaigns.commands.kinds import KINDS
from campaigns.models import AccountProfile, Bundle, Command, Post
from tests.commands.test_sync import later
from tests.factories import make_command, make_post
from tests.sandbox_process import Sandbox

pytestmark = pytest.mark.django_db(transaction=True)
K, S = Command.Kind, Command.State
FIRST_SLOTS = 5  # of the bundle
ADDING = {"operation": "addVideoSlots", "dry_run": False}


def add_two_slots(bundle: Bundle, connection: Connection, by: User) -> Command:
    body, now = {"quantity": 2}, timezone.now()
    quote = sync.quote(
        connection,
        kind=K.ADD_VIDEO_SLOTS,
        body=body,
        now=now,
        by=by,
        campaign=bundle.campaign,
        bundle=bundle,
    )
    return actions.add_slots(bundle=bundle, by=by, key=uuid4(), quantity=2, quote=quote, now=now)


def test_slots_that_were_bought_while_a_command_waited_are_not_taken_for_its_own(
    bundle: Bundle, connection: Connection, manager: User, sandbox: Sandbox
) -> None:
    sandbox.fault("429", match=ADDING, retry_after=60)
    first, second = (add_two_slots(bundle, connection, manager) for _ in range(2))
    Command.objects.filter(pk=second.pk).update(next_try_at=timezone.now() + timedelta(minutes=3))
    later(first, minutes=2)
    sandbox.fault("drop_before", match=ADDING)
    second = later(second)
    bundle.refresh_from_db()
    assert (second.state, bundle.videos_quantity) == (S.SUCCEEDED, FIRST_SLOTS + 4)
    assert [entry["amount"] for entry in sandbox.books()][-2:] == [-4, -4]


@pytest.mark.parametrize(
    ("bought", "happened"),
    [(0, False), (2, True), (1, None), (3, None)],
    ids=["none", "ours", "fewer than ours", "more than ours"],
)
def test_only_the_very_number_of_slots_tells_whether_they_were_bought(
    bundle: Bundle, connection: Connection, bought: int, happened: bool | None
) -> None:
    command = make_command(
        bundle.campaign,
        kind=K.ADD_VIDEO_SLOTS,
        bundle=bundle,
        target={"bundle_id": bundle.upstream_id},
        body={"quantity": 2},
        before={"videos_quantity": FIRST_SLOTS},
    )
    api = tokportal(connection)
    if bought:
        api.add_video_slots(bundle.upstream_id, body={"quantity": bought}, key=uuid4())
    assert KINDS[command.kind].find(api, command).happened is happened


NEW_FILM = ["https://cdn.example.com/second-cut.mp4"]


@pytest.mark.parametrize(
    "change",
    [{"media": NEW_FILM}, {"disclose_as_ads": False}, {"ai_content_disclaimer": True}],
    ids=["another film", "no ad", "made with AI"],
)
def test_a_slot_whose_words_are_right_is_not_taken_for_changed(
    bundle: Bundle, manager: User, sandbox: Sandbox, change: dict[str, object]
) -> None:
    assert bundle.campaign
    post = make_post(bundle.campaign, publish_date=sandbox.now().date() + timedelta(days=4))

    def fill() -> Command:
        return actions.configure_videos(
            bundle=bundle, posts={1: post}, by=manager, key=uuid4(), now=timezone.now()
        )

    fill()
    Post.objects.filter(pk=post.pk).update(**change)
    post.refresh_from_db()
    sandbox.fault("drop_before", match={"operation": "batchConfigureBundleVideos"})
    command = later(fill())
    slot = bundle.videos.get(position=1)
    told = {name: slot.raw[name] for name in ("video_url", "disclose_as_ads", "ai_content_disclaimer")}
    assert command.state == S.SUCCEEDED
    assert told == {
        "video_url": post.media[0],
        "disclose_as_ads": post.disclose_as_ads,
        "ai_content_disclaimer": post.ai_content_disclaimer,
    }


def test_an_account_that_has_a_picture_is_not_taken_for_one_with_the_new_picture(
    bundle: Bundle, manager: User, sandbox: Sandbox
) -> None:
    profile = AccountProfile.objects.create(
        bundle=bundle,
        username="acme_us",
        visible_name="Acme",
        profile_picture_url="https://cdn.example.com/old.jpg",
    )
    actions.configure_account(profile=profile, by=manager, key=uuid4(), now=timezone.now())
    profile.profile_picture_url = "https://cdn.example.com/new.jpg"
    bundle.refresh_from_db()
    sandbox.fault("drop_before", match={"operation": "configureBundleAccount"})
    command = actions.configure_account(profile=profile, by=manager, key=uuid4(), now=timezone.now())
    assert later(command).state == S.SUCCEEDED
    bundle.refresh_from_db()
    assert bundle.account_listing["profile_picture_url"] == profile.profile_picture_url


def test_a_replacement_that_was_lost_leaves_the_endpoint_that_works(
    connection: Connection, owner: User, sandbox: Sandbox
) -> None:
    def ask() -> Command:
        connection.refresh_from_db()
        return actions.create_webhook(
            connection=connection,
            by=owner,
            key=uuid4(),
            url="http://127.0.0.1:9/webhooks/tokportal/x",
            events=["bundle.published"],
            now=timezone.now(),
        )

    ask()
    connection.refresh_from_db()
    before = connection.webhook_endpoint_id
    sandbox.fault("drop_after", match={"operation": "createWebhookEndpoint"})
    ask()
    connection.refresh_from_db()
    listed = {endpoint.id for endpoint in tokportal(connection).list_webhooks()}
    assert listed == {before, connection.webhook_endpoint_id}
