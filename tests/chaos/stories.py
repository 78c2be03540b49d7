"""What people want of one bundle after another, each story from its own seed.

A story is a generator: it yields Commands, and goes on once those have settled.
"""

import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from typing import Any

from campaigns.commands import actions
from campaigns.models import AccountProfile, Bundle, Campaign, Command, Post
from tests.chaos.shop import Shop
from tests.factories import make_post

K, S = Command.Kind, Command.State
Story = Iterator[list[Command | None]]

COUNTRIES = ("USA", "UK", "FR", "DE")
ORDERS_TRIED = 3  # a price that moved is looked at and ordered again


def story(shop: Shop, seed: int, number: int) -> Story:
    """An order, and some of what can follow it."""
    rng = random.Random(f"{seed}/story/{number}")
    kind = rng.choices(("account_and_videos", "account_only", "videos_only"), (6, 1, 2))[0]
    campaign = rng.choice(shop.campaigns)
    body = _body(shop, rng, kind, campaign)
    if body is None:
        return
    bundle = yield from _order(shop, rng, campaign, body)
    if bundle is None:
        return
    steps = [_add_slots, _add_slots, _add_slots, _configure_account, _configure_videos]
    rng.shuffle(steps)
    for step in steps[: rng.randint(3, 5)]:
        yield from step(shop, rng, bundle)
        bundle.refresh_from_db()
    if rng.random() < 0.5:
        yield from _hand_over(shop, rng, bundle)


def _body(shop: Shop, rng: random.Random, kind: str, campaign: Campaign) -> dict[str, Any] | None:
    body: dict[str, Any] = {"bundle_type": kind, "auto_finalize_videos": rng.random() < 0.5}
    if kind == Bundle.Type.VIDEOS_ONLY:
        accounts = [account for account in shop.accounts if account.campaign_id == campaign.pk]
        if not accounts:
            return None
        body["account_id"] = rng.choice(accounts).upstream_id
    else:
        body |= {"platform": rng.choice(("tiktok", "instagram")), "country": rng.choice(COUNTRIES)}
    if kind != Bundle.Type.ACCOUNT_ONLY:
        videos = rng.randint(1, 4)
        body |= {"videos_quantity": videos, "edits_quantity": rng.randint(0, videos - 1)}
    return body


def _order(shop: Shop, rng: random.Random, campaign: Campaign, body: dict[str, Any]) -> Any:
    for _ in range(ORDERS_TRIED):
        command = shop.order(rng, campaign, body)
        yield [command]
        command.refresh_from_db()
        if command.bundle:
            return command.bundle
    return None


def _add_slots(shop: Shop, rng: random.Random, bundle: Bundle) -> Story:
    """Some at once, so that they wait for each other."""
    edits = bundle.bundle_type != Bundle.Type.ACCOUNT_ONLY and rng.random() < 0.35
    if bundle.bundle_type == Bundle.Type.ACCOUNT_ONLY:
        return
    yield [
        shop.add_slots(rng, bundle, rng.randint(1, 3), edits=edits and not number)
        for number in range(rng.randint(1, 3))
    ]


def _configure_account(shop: Shop, rng: random.Random, bundle: Bundle) -> Story:
    if not bundle.has_account_step:
        return
    profile, _ = AccountProfile.objects.update_or_create(
        bundle=bundle,
        defaults={
            "username": f"acme_{rng.randrange(10**6)}",
            "visible_name": "Acme",
            "biography": "New launches weekly.",
            "profile_picture_url": "https://cdn.example.com/acme.jpg",
        },
    )
    yield [shop.ask(rng, actions.configure_account, profile=profile)]


def _posts(shop: Shop, rng: random.Random, bundle: Bundle, positions: list[int]) -> dict[int, Post]:
    assert bundle.campaign is not None
    first = shop.today() + timedelta(days=4)
    return {
        position: make_post(
            bundle.campaign,
            external_ref=f"{bundle.external_ref}-{position}-{rng.randrange(10**6)}",
            publish_date=first + timedelta(days=position),
            instagram_content_type="reel" if bundle.platform == "instagram" else "",
        )
        for position in positions
    }


def _configure_videos(shop: Shop, rng: random.Random, bundle: Bundle) -> Story:
    free = list(
        bundle.videos.filter(status="pending").values_list("position", flat=True)[: rng.randint(1, 3)]
    )
    if free:
        posts = shop.patiently(partial(_posts, shop, rng, bundle, free))
        yield [
            shop.ask_priced(
                rng,
                partial(actions.configure_videos, bundle=bundle),
                kind=K.CONFIGURE_VIDEOS,
                body={
                    "videos": [{"position": number, **post.body()} for number, post in sorted(posts.items())]
                },
                bundle=bundle,
                posts=posts,
            )
        ]


def _gated(
    shop: Shop, rng: random.Random, bundle: Bundle, kind: str, verb: Callable[..., Command]
) -> list[Command | None]:
    return [shop.ask_priced(rng, partial(verb, bundle=bundle), kind=kind, body={}, bundle=bundle)]


def _hand_over(shop: Shop, rng: random.Random, bundle: Bundle) -> Story:
    """Publish, take back and publish again, add what was added, and go through the review."""
    yield from _configure_account(shop, rng, bundle)
    yield from _configure_videos(shop, rng, bundle)
    bundle.refresh_from_db()
    yield _gated(shop, rng, bundle, K.PUBLISH_BUNDLE, actions.publish_bundle)
    bundle.refresh_from_db()
    if bundle.status == "published" and rng.random() < 0.3:
        yield [shop.ask(rng, actions.unpublish_bundle, bundle=bundle)]
        bundle.refresh_from_db()
        yield _gated(shop, rng, bundle, K.PUBLISH_BUNDLE, actions.publish_bundle)
        bundle.refresh_from_db()
    if bundle.status != "published":
        return
    yield from _add_slots(shop, rng, bundle)
    yield from _configure_videos(shop, rng, bundle)
    yield _gated(shop, rng, bundle, K.PUBLISH_ALL_VIDEOS, actions.publish_all_videos)
    if bundle.has_account_step:
        yield from review_account(shop, rng, shop.manager("accept", bundle))


def review_account(shop: Shop, rng: random.Random, bundle: Bundle) -> Story:
    """From a bundle that a manager has accepted to an account that is delivered for good."""
    bundle = shop.manager("submit_account", bundle)
    if rng.random() < 0.3:
        words = {"comment": "Please", "fields": {"username": "acme"}}
        yield [shop.ask(rng, actions.correct_account, bundle=bundle, **words)]
        bundle.refresh_from_db()
        if bundle.account_status == "pending_corrections":
            bundle = shop.manager("resubmit_account", bundle)
    yield [shop.ask(rng, actions.finalize_account, bundle=bundle)]


# Accounts whose Coverage will be due


def delivery(shop: Shop, seed: int, number: int) -> Story:
    """A delivered account with one video posted, one with the manager and one slot empty."""
    rng = random.Random(f"{seed}/delivery/{number}")
    campaign = shop.campaigns[number % len(shop.campaigns)]
    body = {"bundle_type": "account_and_videos", "platform": "tiktok", "country": "USA", "videos_quantity": 3}
    bundle = yield from _order(shop, rng, campaign, body | {"auto_finalize_videos": False})
    yield from _configure_account(shop, rng, bundle)
    posts = shop.patiently(partial(_posts, shop, rng, bundle, [1, 2]))
    yield [shop.ask(rng, actions.configure_videos, bundle=bundle, posts=posts)]
    bundle.refresh_from_db()
    yield [shop.ask(rng, actions.publish_bundle, bundle=bundle)]
    bundle.refresh_from_db()
    bundle = shop.manager("accept", bundle)
    yield from review_account(shop, rng, bundle)
    if number % len(NEEDS_COVERAGE) == NEEDS_COVERAGE.index(K.PUBLISH_ALL_VIDEOS):
        posts = shop.patiently(partial(_posts, shop, rng, bundle, [3]))
        yield [shop.ask(rng, actions.configure_videos, bundle=bundle, posts=posts)]
    bundle.refresh_from_db()
    assert bundle.saved_account
    shop.accounts.append(bundle.saved_account)


# One gated call each: it is the first after the month, so it costs a period.
NEEDS_COVERAGE = (
    K.CONFIGURE_VIDEOS,
    K.PUBLISH_ALL_VIDEOS,
    K.FINALIZE_VIDEO,
    K.CORRECT_VIDEO,
    K.FIX_DOWNLOAD,
    K.CREATE_BUNDLE,
    K.ADD_VIDEO_SLOTS,
)


def coverage(shop: Shop, seed: int, number: int) -> Story:
    """The gated call on the account that `delivery` of the same number made."""
    rng = random.Random(f"{seed}/coverage/{number}")
    kind = NEEDS_COVERAGE[number % len(NEEDS_COVERAGE)]
    account = shop.accounts[number]
    bundle = account.bundles.order_by("pk").first()
    assert bundle is not None
    assert bundle.campaign is not None
    if kind == K.CONFIGURE_VIDEOS:
        yield from _configure_videos(shop, rng, bundle)
    elif kind == K.PUBLISH_ALL_VIDEOS:
        yield _gated(shop, rng, bundle, kind, actions.publish_all_videos)
    elif kind == K.CREATE_BUNDLE:
        body = {"bundle_type": "videos_only", "account_id": account.upstream_id, "videos_quantity": 2}
        yield [shop.order(rng, bundle.campaign, body | {"edits_quantity": 0, "auto_finalize_videos": True})]
    elif kind == K.ADD_VIDEO_SLOTS:
        yield [shop.add_slots(rng, bundle, 2, edits=False)]
    else:
        yield from _ask_about_a_video(shop, rng, bundle, kind)


def _ask_about_a_video(shop: Shop, rng: random.Random, bundle: Bundle, kind: str) -> Story:
    media = ["https://cdn.example.com/again.mp4"]
    flag = {"comment": "It does not open."}
    bundle = (
        shop.manager("flag_download", bundle, position=2, **flag)
        if kind == K.FIX_DOWNLOAD
        else shop.manager("post_video", bundle, position=1)
    )
    video = bundle.videos.get(position=2 if kind == K.FIX_DOWNLOAD else 1)
    verb: Callable[..., Command]
    if kind == K.FIX_DOWNLOAD:
        verb, body = partial(actions.fix_download, media=media), actions.fix_body(video, media)
    elif kind == K.CORRECT_VIDEO:
        verb, body = partial(actions.correct_video, comment="Please"), actions.correction_body("Please")
    else:
        verb, body = actions.finalize_video, {}
    yield [
        shop.ask_priced(
            rng, partial(verb, video=video), kind=kind, body=body, bundle=bundle, position=video.position
        )
    ]
