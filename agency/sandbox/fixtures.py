"""The resources that the seed documents name: bundle bnd_abc123, accounts acc_abc123 and 9f3a7b2e-…

They were made before the documents and paid for elsewhere: no credits are charged, nothing is announced.
"""

from datetime import UTC, datetime, timedelta

from . import assumed, schedule
from .bundles import slots_of
from .orders import insert_slots
from .store import Store
from .work import Work

BUNDLE_ID = "bnd_abc123"
ACCOUNT_IDS = ("acc_abc123", "9f3a7b2e-1c4d-4e8f-a5b6-7d9e0f1a2b3c")
CREATED_AT = datetime(2026, 1, 15, 10, 30, tzinfo=UTC)
PUBLISHED_AT = datetime(2026, 1, 15, 12, 0, tzinfo=UTC)
PROFILE = {
    "username": "cooluser123",
    "visible_name": "Cool User",
    "biography": "Just vibes.",
    "profile_picture_url": "https://example.com/pic.jpg",
}


def are_there(store: Store) -> bool:
    return store.value("SELECT 1 FROM bundles WHERE id = ?", BUNDLE_ID) is not None


def load(work: Work) -> None:
    """Put the seed documents' resources in, or back into the state that the documents show."""
    work.store.run("DELETE FROM bundles WHERE id = ?", BUNDLE_ID)
    work.store.run("DELETE FROM videos WHERE bundle_id = ?", BUNDLE_ID)
    work.store.insert(
        "bundles",
        id=BUNDLE_ID,
        bundle_type="account_and_videos",
        platform="tiktok",
        country="USA",
        country_sent="US",
        status="published",
        is_bulk=False,
        videos_quantity=3,
        edits_quantity=0,
        auto_finalize_videos=False,
        options={"niche_warming": True},
        listing_id=f"lst_{BUNDLE_ID}",
        account_status="published",
        profile=PROFILE,
        account_configured_at=CREATED_AT,
        account_changed_at=PUBLISHED_AT,
        published_at=PUBLISHED_AT,
        created_at=CREATED_AT,
        updated_at=PUBLISHED_AT,
    )
    insert_slots(work, BUNDLE_ID, 0, 3)
    for number, account_id in enumerate(ACCOUNT_IDS, start=1):
        if work.store.value("SELECT 1 FROM accounts WHERE id = ?", account_id):
            continue
        delivered_at = work.now - timedelta(days=10)
        _deliver(work, account_id, f"cooluser{number}", delivered_at)


def _deliver(work: Work, account_id: str, username: str, delivered_at: datetime) -> None:
    """A delivered account with a finished bundle of two posted videos."""
    bundle_id = f"bnd_of_{account_id}"
    work.store.insert(
        "accounts",
        id=account_id,
        platform="tiktok",
        country="USA",
        country_sent="US",
        username=username,
        visible_name="Cool User",
        biography="Just vibes.",
        bundle_id=bundle_id,
        banned=False,
        coverage_status="included",
        period_start=delivered_at,
        period_end=delivered_at + assumed.COVERAGE_PERIOD,
        lock_version=1,
        created_at=delivered_at,
        updated_at=delivered_at,
    )
    work.store.insert(
        "bundles",
        id=bundle_id,
        bundle_type="account_and_videos",
        platform="tiktok",
        country="USA",
        country_sent="US",
        status="completed",
        is_bulk=False,
        videos_quantity=2,
        edits_quantity=0,
        auto_finalize_videos=True,
        options={},
        listing_id=f"lst_{bundle_id}",
        account_status="finalized",
        profile=PROFILE | {"username": username},
        saved_account_id=account_id,
        account_configured_at=delivered_at,
        account_finalized_at=delivered_at,
        published_at=delivered_at,
        accepted_at=delivered_at,
        created_at=delivered_at,
        updated_at=delivered_at,
    )
    insert_slots(work, bundle_id, 0, 2)
    for slot in slots_of(work, bundle_id):
        posted_at = delivered_at + timedelta(days=slot["position"])
        schedule.change_slot(
            work,
            slot,
            status="finalized",
            content={"video_type": "video", "description": f"Seed post {slot['position']}"},
            platform_url=f"https://www.tiktok.com/@{username}/video/{slot['position']}",
            posted_at=posted_at,
            finalized_at=posted_at,
            **schedule.window(posted_at.date()),
        )
