"""Every operation against the sandbox: another process, spoken to over HTTP, written by the API's documents."""

import time
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import httpx
import pytest

from agency.tokportal import (
    PUT_PRESIGNED,
    CallRecord,
    Delivery,
    NotFound,
    NotReady,
    ReceivedEvent,
    Refused,
    TokPortal,
    is_genuine,
)
from tests.sandbox.api import Receiver
from tests.sandbox_process import Sandbox

from .orders import NOW, PROFILE, order, published, video

PNG = b"\x89PNG\r\n\x1a\n" + b"\0" * 64

OPERATIONS = {
    "getCurrentUser",
    "listCountries",
    "listPlatforms",
    "getCreditCosts",
    "getCreditBalance",
    "listCreditTransactions",
    "listBundles",
    "getBundle",
    "createBundle",
    "createBundlesBulk",
    "updateBundle",
    "publishBundle",
    "getBundlePublishReadiness",
    "unpublishBundle",
    "addVideoSlots",
    "addEditSlots",
    "getBundleAccount",
    "configureBundleAccount",
    "requestBundleAccountCorrections",
    "finalizeBundleAccount",
    "listBundleVideos",
    "getBundleVideo",
    "configureBundleVideo",
    "patchBundleVideo",
    "batchConfigureBundleVideos",
    "importBundleVideosCsv",
    "publishBundleVideo",
    "publishAllBundleVideos",
    "resetBundleVideo",
    "unscheduleBundleVideo",
    "finalizeBundleVideo",
    "requestBundleVideoCorrections",
    "fixBundleVideoDownload",
    "listAccounts",
    "getAccount",
    "listAccountBundles",
    "canRefreshAccountAnalytics",
    "refreshAccountAnalytics",
    "getAccountEditRequest",
    "createAccountEditRequest",
    "listAccountBans",
    "getAccountManagedSubscription",
    "reactivateAccountManagedSubscription",
    "cancelAccountManagedSubscription",
    "getAccountAnalytics",
    "listAccountVideoAnalytics",
    "getVideoAnalytics",
    "getAnalyticsDashboard",
    "exportAnalyticsVideos",
    "getAnalyticsSeries",
    "uploadVideo",
    "uploadImage",
    "uploadVideoDirect",
    "uploadImageDirect",
    "uploadImageFromUrl",
    "configureBundleWarmingTerms",
    "listWebhookEvents",
    "listWebhookEndpoints",
    "createWebhookEndpoint",
    "getWebhookEndpoint",
    "updateWebhookEndpoint",
    "deleteWebhookEndpoint",
    "listWebhookDeliveries",
    "retryWebhookDelivery",
    "testWebhookEndpoint",
}


def test_every_operation_works(
    sandbox: Sandbox, tokportal: TokPortal, records: list[CallRecord], receiver: Receiver
) -> None:
    reference(tokportal)
    signing_secret = webhooks(tokportal, receiver.url)
    bundle_id = from_order_to_publication(tokportal)
    account_id = from_manager_to_live(sandbox, tokportal, bundle_id)
    slots_one_by_one(sandbox, tokportal)
    the_delivered_account(tokportal, account_id, bundle_id)
    figures(sandbox, tokportal, bundle_id, account_id)
    media(tokportal, bundle_id)
    warming(tokportal)
    the_history_adds_up(tokportal)
    sandbox.wait_until(
        lambda: {"webhook.test", "bundle.published", "video.finalized"} <= set(receiver.types())
    )
    for headers, body in receiver.received:
        signature = headers["TokPortal-Signature"]
        assert is_genuine(body, signature, [signing_secret], datetime.now(UTC))
        assert not is_genuine(body + b" ", signature, [signing_secret], datetime.now(UTC))
        assert ReceivedEvent.from_json(body).id == headers["TokPortal-Event-Id"]
    assert {record.operation for record in records} == OPERATIONS | {PUT_PRESIGNED}
    assert [oddity for record in records for oddity in record.oddities] == []
    assert sandbox.key not in repr(records)


def reference(tokportal: TokPortal) -> None:
    me = tokportal.me()
    assert me.email
    assert me.credits == tokportal.get_balance().total == 5000
    countries = tokportal.list_countries()
    assert {"USA", "UK", "FR"} <= {country.code for country in countries.open}
    assert {"tiktok", "instagram"} <= {platform.value for platform in tokportal.list_platforms()}
    costs = tokportal.get_credit_costs()
    assert (
        costs.amount("account_creation", "tiktok"),
        costs.amount("video_slot"),
        costs.amount("edits"),
    ) == (32, 2, 3)
    assert costs.has("advanced_warming")
    assert not costs.has("deep_warming")
    assert tokportal.skew is not None
    assert abs(datetime.now(UTC) + tokportal.skew - NOW) < timedelta(minutes=5)


def webhooks(tokportal: TokPortal, url: str) -> str:
    events = [kind.type for kind in tokportal.list_webhook_events()]
    assert len(events) == 34
    created = tokportal.create_webhook(body={"url": url, "events": events, "description": "Dashboard"})
    secret = created.result.signing_secret
    assert secret
    assert secret.reveal() not in repr(created)
    webhook_id = created.result.id
    assert [endpoint.id for endpoint in tokportal.list_webhooks()] == [webhook_id]
    assert tokportal.get_webhook(webhook_id).signing_secret is None
    assert tokportal.update_webhook(webhook_id, body={"description": "Ours"}).result.description == "Ours"
    tokportal.test_webhook(webhook_id)
    delivery = wait_for_a_delivery(tokportal, webhook_id)
    assert (delivery.event_type, delivery.success) == ("webhook.test", True)
    tokportal.retry_delivery(webhook_id, delivery.id)
    stray = tokportal.create_webhook(body={"url": url, "events": ["webhook.test"]}).result.id
    tokportal.delete_webhook(stray)
    assert tokportal.delete_webhook(stray).status == 404
    return secret.reveal()


def wait_for_a_delivery(tokportal: TokPortal, webhook_id: str) -> Delivery:
    for _ in range(50):
        found = [row for row in tokportal.list_deliveries(webhook_id) if row.success]
        if found:
            return found[0]
        time.sleep(0.1)
    raise AssertionError("nothing was delivered")


def from_order_to_publication(tokportal: TokPortal) -> str:
    body, key = order(edits_quantity=1), uuid4()
    quote = tokportal.create_bundle(body=body, dry_run=True)
    assert (quote.dry_run, quote.credits_would_charge, quote.credits_charged) == (True, 41, 0)
    answer = tokportal.create_bundle(body=body, key=key)
    assert (answer.credits_charged, answer.credits_remaining, answer.replayed) == (41, 4959, False)
    assert answer.cost_breakdown["account_creation"] == 32
    assert (answer.result.status, answer.result.country) == ("pending_setup", "USA")
    again = tokportal.create_bundle(body=body, key=key)
    assert (again.replayed, again.result.id) == (True, answer.result.id)
    bundle_id = answer.result.id
    assert [row.id for row in tokportal.list_bundles(external_ref=body["external_ref"])] == [bundle_id]

    bulk = tokportal.create_bundles_bulk(
        body={
            "platforms": ["tiktok", "instagram"],
            "country": "FR",
            "accounts_count": 2,
            "external_ref": "acme-fr",
        },
        key=uuid4(),
    )
    assert len(bulk.result.bundles) == bulk.result.total_created == 4
    assert {row.id for row in tokportal.list_bundles(external_ref="acme-fr")} == {
        row.id for row in bulk.result.bundles
    }
    assert tokportal.update_bundle(bundle_id, body={"title": "Acme"}, key=uuid4()).result.title == "Acme"
    assert tokportal.add_video_slots(bundle_id, body={"quantity": 2}, key=uuid4()).credits_charged == 4
    assert tokportal.add_edit_slots(bundle_id, body={"quantity": 1}, key=uuid4()).credits_charged == 3
    bundle = tokportal.get_bundle(bundle_id)
    assert (bundle.videos_quantity, bundle.edits_quantity) == (5, 2)

    readiness = tokportal.get_publish_readiness(bundle_id)
    assert not readiness.ready
    assert {"ACCOUNT_MISSING_FIELDS", "NO_VIDEOS_CONFIGURED"} <= {
        blocker.code for blocker in readiness.blockers
    }
    with pytest.raises(NotReady) as caught:
        tokportal.publish_bundle(bundle_id, key=uuid4())
    assert {blocker.code for blocker in caught.value.blockers} == {
        blocker.code for blocker in readiness.blockers
    }

    configured = tokportal.configure_account(bundle_id, body=PROFILE, key=uuid4()).result
    assert configured.username == "acme_us"
    listing = tokportal.get_listing(bundle_id)
    assert (listing.status, listing.visible_name) == ("configured", "Acme")
    batch = tokportal.batch_configure_videos(
        bundle_id,
        body={"videos": [video(11, position=1), video(12, position=2), video(1, position=3)]},
        key=uuid4(),
    ).result
    assert batch.configured == (1, 2)
    assert [(row.position, row.code) for row in batch.errors] == [(3, "INVALID_DATE")]
    csv = "position,video_type,description,target_publish_date,video_url\n3,video,Hi,2026-11-13,https://c.test/3.mp4\n"
    imported = tokportal.import_videos_csv(bundle_id, content=csv, key=uuid4()).result
    assert (imported.imported, imported.skipped) == (1, 0)
    slot = tokportal.configure_video(bundle_id, 4, body=video(14, volume_added_sound=40), key=uuid4())
    assert (slot.result.position, slot.credits_charged) == (4, 1)
    assert [row.status for row in tokportal.list_videos(bundle_id)] == ["configured"] * 4 + ["pending"]
    assert str(tokportal.get_video(bundle_id, 4).target_publish_end_date) == "2026-11-15"
    assert tokportal.patch_video(bundle_id, 4, body={"name": "Clip 4"}, key=uuid4()).result.name == "Clip 4"

    assert tokportal.get_publish_readiness(bundle_id).ready
    assert tokportal.publish_bundle(bundle_id, key=uuid4()).result.status == "published"
    assert tokportal.unpublish_bundle(bundle_id, key=uuid4()).result.status == "pending_setup"
    assert tokportal.publish_bundle(bundle_id, key=uuid4()).result.bundle_id == bundle_id
    return bundle_id


def from_manager_to_live(sandbox: Sandbox, tokportal: TokPortal, bundle_id: str) -> str:
    sandbox.manager("accept", bundle_id=bundle_id)
    sandbox.manager("submit_account", bundle_id=bundle_id)
    asked = {"comment": "Almost.", "fields": {"biography": "Shorter, please"}}
    assert (
        tokportal.request_account_corrections(bundle_id, body=asked, key=uuid4()).result.status
        == "pending_corrections"
    )
    assert tokportal.get_listing(bundle_id).corrections
    sandbox.manager("resubmit_account", bundle_id=bundle_id)
    assert tokportal.finalize_account(bundle_id, key=uuid4()).result.status == "finalized"
    bundle = tokportal.get_bundle(bundle_id)
    assert bundle.account_status == "finalized"
    assert bundle.saved_account_id

    sandbox.manager("post_video", bundle_id=bundle_id, position=1)
    sandbox.manager("post_video", bundle_id=bundle_id, position=2)
    live = tokportal.get_video(bundle_id, 1)
    assert live.status == "in_review"
    assert live.platform_url
    assert tokportal.finalize_video(bundle_id, 1, key=uuid4()).result.status == "finalized"
    asked = {"comment": "Sound is off."}
    corrected = tokportal.request_video_corrections(bundle_id, 2, body=asked, key=uuid4()).result
    assert corrected.status == "pending_corrections"
    sandbox.manager("flag_download", bundle_id=bundle_id, position=3, comment="403")
    assert tokportal.get_video(bundle_id, 3).download_issue is True
    fixed = {"video_url": "https://cdn.example.com/better.mp4"}
    tokportal.fix_video_download(bundle_id, 3, body=fixed, key=uuid4())
    assert tokportal.get_video(bundle_id, 3).download_issue is False
    return bundle.saved_account_id


def slots_one_by_one(sandbox: Sandbox, tokportal: TokPortal) -> None:
    bundle_id = published(tokportal)
    tokportal.add_video_slots(bundle_id, body={"quantity": 2}, key=uuid4())
    for position in (4, 5):
        tokportal.configure_video(bundle_id, position, body=video(12 + position), key=uuid4())
    one = tokportal.publish_video(bundle_id, 4, key=uuid4()).result
    assert (one.position, one.status) == (4, "published")
    assert tokportal.publish_all_videos(bundle_id, key=uuid4()).result.videos_published == 1
    tokportal.unschedule_video(bundle_id, 5, key=uuid4())
    assert tokportal.get_video(bundle_id, 5).status == "configured"
    tokportal.reset_video(bundle_id, 5, key=uuid4())
    assert tokportal.get_video(bundle_id, 5).status == "pending"


def the_delivered_account(tokportal: TokPortal, account_id: str, bundle_id: str) -> None:
    assert account_id in {row.id for row in tokportal.list_accounts(country="US", banned=False)}
    account = tokportal.get_account(account_id)
    assert (account.platform, account.country, account.banned) == ("tiktok", "USA", False)
    assert [row.id for row in tokportal.list_account_bundles(account_id)] == [bundle_id]
    assert list(tokportal.list_bans(since=NOW)) == []
    assert tokportal.get_edit_request(account_id) is None
    wish = {"requested_username": "acme.us", "requested_visible_name": "Acme US"}
    request = tokportal.create_edit_request(account_id, body=wish, key=uuid4())
    assert (request.credits_charged, request.result.status) == (8, "pending")
    latest = tokportal.get_edit_request(account_id)
    assert latest is not None
    assert (latest.id, latest.requested_username) == (request.result.id, "acme.us")

    coverage = tokportal.get_coverage(account_id)
    assert coverage is not None
    assert (coverage.status, coverage.task_access) == ("included", True)
    tokportal.cancel_coverage(account_id, key=uuid4())
    paused = tokportal.get_coverage(account_id)
    assert paused is not None
    assert paused.quote is not None
    assert (paused.status, paused.task_access) == ("cancelled", False)
    accepted = {
        "expected_credits": paused.quote.credits,
        "expected_current_period_end": paused.quote.current_period_end,
        "expected_lock_version": paused.quote.lock_version,
    }
    with pytest.raises(Refused):
        tokportal.reactivate_coverage(account_id, body=accepted | {"expected_lock_version": 99}, key=uuid4())
    tokportal.reactivate_coverage(account_id, body=accepted, key=uuid4())
    resumed = tokportal.get_coverage(account_id)
    assert resumed is not None
    assert resumed.task_access is True


def figures(sandbox: Sandbox, tokportal: TokPortal, bundle_id: str, account_id: str) -> None:
    sandbox.advance(days=7)
    assert tokportal.can_refresh_analytics(account_id).can_refresh is True
    tokportal.refresh_analytics(account_id, key=uuid4())
    sandbox.advance(hours=1)
    totals = tokportal.get_account_analytics(account_id)
    assert totals.account_id == account_id
    assert totals.total_views
    posts = list(tokportal.list_account_video_analytics(account_id, sort_by="views", sort_order="desc"))
    assert posts
    assert sum(post.views or 0 for post in posts) == totals.total_views
    one = tokportal.get_video_analytics(posts[0].video_id or "")
    assert (one.views, one.bundle_id) == (posts[0].views, bundle_id)
    dashboard = tokportal.get_analytics_dashboard(account=account_id)
    assert dashboard.tier
    assert dashboard.totals["views"] == totals.total_views
    series = tokportal.get_analytics_series(
        metric="views", granularity="day", mode="cumulative", account=account_id
    )
    assert series.points
    assert [point.date for point in series.points] == sorted(point.date for point in series.points)
    exported = list(tokportal.export_video_analytics(account=account_id))
    assert {row["video_id"] for row in exported} == {post.video_id for post in posts}
    with pytest.raises(NotFound):
        tokportal.get_account_analytics("nobody")


def media(tokportal: TokPortal, bundle_id: str) -> None:
    clip = tokportal.upload_video_direct(bundle_id, filename="v.mp4", content=b"video", key=uuid4()).result
    assert httpx.get(clip.public_url or "").content == b"video"
    image = tokportal.upload_image_direct(
        bundle_id,
        filename="i.png",
        content=PNG,
        content_type="image/png",
        purpose="profile_picture",
        key=uuid4(),
    ).result
    assert image.storage_path
    copied = tokportal.upload_image_from_url(bundle_id, url=image.public_url or "", key=uuid4()).result
    assert copied.storage_path
    for presigned, kind in (
        (tokportal.presign_video(bundle_id, filename="w.mp4", content_type="video/mp4").result, "video/mp4"),
        (tokportal.presign_image(bundle_id, filename="j.png", content_type="image/png").result, "image/png"),
    ):
        tokportal.put_presigned(presigned.upload_url, content=PNG, content_type=kind)
        assert httpx.get(presigned.public_url or "").content == PNG


def warming(tokportal: TokPortal) -> None:
    bought = order(bundle_type="account_only", videos_quantity=0, wants_advanced_warming=True)
    bundle_id = tokportal.create_bundle(
        body=bought | {"advanced_warming_terms_count": 3}, key=uuid4()
    ).result.id
    terms = {"advanced_warming_terms": ["running", "trail shoes", "marathon"]}
    tokportal.configure_warming_terms(bundle_id, body=terms, key=uuid4())
    with pytest.raises(Refused) as caught:
        tokportal.configure_warming_terms(bundle_id, body=terms, key=uuid4())
    assert caught.value.code == "WARMING_TERMS_ALREADY_SET"
    assert tokportal.get_listing(bundle_id).advanced_warming["terms_total"] == 3


def the_history_adds_up(tokportal: TokPortal) -> None:
    entries = list(tokportal.list_credit_entries(per_page=3))
    page = tokportal.credit_page(per_page=100, date_from=NOW.date())
    assert page.total == len(entries) == len({entry.id for entry in entries})
    balance = 0
    for entry in sorted(entries, key=lambda entry: (entry.created_at, -(entry.balance_after or 0))):
        balance += entry.amount
        assert entry.balance_after == balance
    assert tokportal.get_balance().total == balance
