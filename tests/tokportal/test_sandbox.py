"""Every operation against the sandbox: another process, spoken to over HTTP, written by the API's documents."""

import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from uuid import uuid4

import httpx
import pytest

from agency.tokportal import (
    CallRecord,
    CoolingDown,
    Delivery,
    DryRunIgnored,
    DuplicateBundle,
    InsufficientCredits,
    KeyConflict,
    NotAllowed,
    NotFound,
    NotReady,
    NotSent,
    RateLimited,
    ReceivedEvent,
    Refused,
    TokPortal,
    Unreachable,
    is_genuine,
)

API_KEY = "sk_" + "ab" * 32
NOW = datetime(2026, 11, 2, 9, tzinfo=UTC)
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


@dataclass
class Sandbox:
    base_url: str
    records: list[CallRecord] = field(default_factory=list)

    def control(self, what: str, **body: object) -> dict[str, object]:
        root = self.base_url.removesuffix("/api/ext")
        done = httpx.post(f"{root}/_sandbox/{what}", json=body, timeout=10)
        assert done.is_success, done.text
        return done.json()

    def manager(self, do: str, bundle_id: str, **more: object) -> None:
        self.control("manager", do=do, bundle_id=bundle_id, **more)

    def open(self, api_key: str = API_KEY, timeout_seconds: float = 20) -> TokPortal:
        return TokPortal(
            base_url=self.base_url,
            api_key=api_key,
            on_answer=self.records.append,
            timeout_seconds=timeout_seconds,
        )


def start_sandbox(*options: str) -> Iterator[Sandbox]:
    process = subprocess.Popen(
        [sys.executable, "-m", "agency.sandbox", "--port", "0", "--api-key", API_KEY, *options],
        stdout=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    try:
        yield Sandbox(process.stdout.readline().split()[-1])
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    yield from start_sandbox("--rate", "0", "--now", NOW.isoformat())


@pytest.fixture
def tokportal(sandbox: Sandbox) -> Iterator[TokPortal]:
    with sandbox.open() as opened:
        yield opened


@pytest.fixture
def received() -> Iterator[tuple[str, list[tuple[bytes, str]]]]:
    """A webhook receiver: its address, and what came in (raw body, signature)."""
    deliveries: list[tuple[bytes, str]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            deliveries.append((body, self.headers["TokPortal-Signature"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/hook", deliveries
    server.shutdown()
    server.server_close()
    thread.join()


def order(**more: object) -> dict[str, object]:
    return {
        "bundle_type": "account_and_videos",
        "platform": "tiktok",
        "country": "US",
        "videos_quantity": 3,
        "title": "Acme - US TikTok",
        "external_ref": f"acme-spring-{uuid4().hex[:6]}",
        "auto_finalize_videos": False,
    } | more


PROFILE = {
    "username": "acme_us",
    "visible_name": "Acme",
    "biography": "New launches weekly.",
    "profile_picture_url": "https://cdn.example.com/acme.jpg",
}


def video(day: int, **more: object) -> dict[str, object]:
    return {
        "video_type": "video",
        "description": "Launch",
        "target_publish_date": f"2026-11-{day:02}",
        "video_url": "https://cdn.example.com/clip.mp4",
    } | more


def ordered(tokportal: TokPortal, **more: object) -> str:
    return tokportal.create_bundle(body=order(**more), key=uuid4()).result.id


def published(tokportal: TokPortal, **more: object) -> str:
    bundle_id = ordered(tokportal, **more)
    tokportal.configure_account(bundle_id, body=PROFILE | {"username": f"acme_{bundle_id[:8]}"}, key=uuid4())
    tokportal.batch_configure_videos(
        bundle_id, body={"videos": [video(10 + n, position=n) for n in (1, 2, 3)]}, key=uuid4()
    )
    tokportal.publish_bundle(bundle_id, key=uuid4())
    return bundle_id


def delivered(sandbox: Sandbox, tokportal: TokPortal) -> tuple[str, str]:
    bundle_id = published(tokportal)
    sandbox.manager("accept", bundle_id)
    sandbox.manager("submit_account", bundle_id)
    tokportal.finalize_account(bundle_id, key=uuid4())
    account_id = tokportal.get_bundle(bundle_id).saved_account_id
    assert account_id
    return bundle_id, account_id


def test_every_operation_works(
    sandbox: Sandbox, tokportal: TokPortal, received: tuple[str, list[tuple[bytes, str]]]
) -> None:
    hook_url, hooks = received
    reference(tokportal)
    signing_secret = webhooks(tokportal, hook_url)
    bundle_id = from_order_to_publication(tokportal)
    account_id = from_manager_to_live(sandbox, tokportal, bundle_id)
    slots_one_by_one(sandbox, tokportal)
    the_delivered_account(tokportal, account_id, bundle_id)
    figures(sandbox, tokportal, bundle_id, account_id)
    media(tokportal, bundle_id)
    warming(tokportal)
    the_history_adds_up(tokportal)
    for body, signature in hooks:
        assert is_genuine(body, signature, [signing_secret], datetime.now(UTC))
        assert not is_genuine(body + b" ", signature, [signing_secret], datetime.now(UTC))
    assert {"webhook.test", "bundle.published"} <= {ReceivedEvent.from_json(body).type for body, _ in hooks}
    assert {record.operation for record in sandbox.records} == OPERATIONS
    assert API_KEY not in repr(sandbox.records)


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
    sandbox.manager("accept", bundle_id)
    sandbox.manager("submit_account", bundle_id)
    asked = {"comment": "Almost.", "fields": {"biography": "Shorter, please"}}
    assert (
        tokportal.request_account_corrections(bundle_id, body=asked, key=uuid4()).result.status
        == "pending_corrections"
    )
    assert tokportal.get_listing(bundle_id).corrections
    sandbox.manager("resubmit_account", bundle_id)
    assert tokportal.finalize_account(bundle_id, key=uuid4()).result.status == "finalized"
    bundle = tokportal.get_bundle(bundle_id)
    assert bundle.account_status == "finalized"
    assert bundle.saved_account_id

    sandbox.manager("post_video", bundle_id, position=1)
    sandbox.manager("post_video", bundle_id, position=2)
    live = tokportal.get_video(bundle_id, 1)
    assert live.status == "in_review"
    assert live.platform_url
    assert tokportal.finalize_video(bundle_id, 1, key=uuid4()).result.status == "finalized"
    asked = {"comment": "Sound is off."}
    corrected = tokportal.request_video_corrections(bundle_id, 2, body=asked, key=uuid4()).result
    assert corrected.status == "pending_corrections"
    sandbox.manager("flag_download", bundle_id, position=3, comment="403")
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
    sandbox.control("clock", advance_seconds=7 * 86_400)
    assert tokportal.can_refresh_analytics(account_id).can_refresh is True
    tokportal.refresh_analytics(account_id, key=uuid4())
    sandbox.control("clock", advance_seconds=3600)
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


def test_refusals_come_as_what_they_are(sandbox: Sandbox, tokportal: TokPortal) -> None:
    with pytest.raises(Refused) as caught:
        tokportal.create_bundle(body=order(country="ATLANTIS"), key=uuid4())
    assert caught.value.code == "COUNTRY_NOT_ENABLED"
    with pytest.raises(Refused) as caught:
        tokportal.create_bundle(body=order(videos_quantity=0), key=uuid4())
    assert caught.value.code == "VALIDATION_ERROR"
    assert "videos_quantity" in caught.value.field_errors()
    with pytest.raises(InsufficientCredits) as short:
        tokportal.create_bundles_bulk(
            body={"platforms": ["tiktok"], "country": "USA", "accounts_count": 100, "upload_accounts_count": 100,
                  "videos_per_account": 100},
            key=uuid4(),
        )  # fmt: skip
    assert short.value.missing == 100 * (32 + 200) - 5000
    body, key = order(), uuid4()
    bundle_id = tokportal.create_bundle(body=body, key=key).result.id
    with pytest.raises(DuplicateBundle) as duplicate:
        tokportal.create_bundle(body=body, key=uuid4())
    assert duplicate.value.existing_bundle_id == bundle_id
    with pytest.raises(KeyConflict):
        tokportal.create_bundle(body=order(), key=key)
    with pytest.raises(NotFound):
        tokportal.get_bundle("nothing")
    with pytest.raises(Refused) as caught:
        tokportal.unpublish_bundle(bundle_id, key=uuid4())
    assert caught.value.details
    with sandbox.open(api_key="sk_wrong") as stranger, pytest.raises(NotAllowed) as refused:
        stranger.me()
    assert refused.value.is_key_problem


def test_troubles_on_the_way_come_as_what_they_are(sandbox: Sandbox, tokportal: TokPortal) -> None:
    def fault(name: str, **more: object) -> None:
        sandbox.control("faults", fault=name, match={"operation": "createBundle"}, **more)

    fault("429", retry_after=7)
    with pytest.raises(RateLimited) as limited:
        tokportal.create_bundle(body=order(), key=uuid4())
    assert limited.value.retry_after >= 7
    fault("capacity_cooldown")
    with pytest.raises(CoolingDown):
        tokportal.create_bundle(body=order(), key=uuid4())
    for name in ("500", "html_502", "drop_before"):
        fault(name)
        with pytest.raises(Unreachable):
            tokportal.create_bundle(body=order(), key=uuid4())
    body, key = order(), uuid4()
    fault("drop_after")
    with pytest.raises(Unreachable) as lost:
        tokportal.create_bundle(body=body, key=key)
    assert lost.value.request_id.startswith("agency-")
    again = tokportal.create_bundle(body=body, key=key)
    assert again.replayed
    assert [row.id for row in tokportal.list_bundles(external_ref=body["external_ref"])] == [again.result.id]
    fault("slow", seconds=3)
    with sandbox.open(timeout_seconds=0.5) as hasty, pytest.raises(Unreachable):
        hasty.create_bundle(body=order(), key=uuid4())
    fault("ignore_dry_run")
    with pytest.raises(DryRunIgnored) as ignored:
        tokportal.create_bundle(body=order(), dry_run=True)
    assert ignored.value.answer.credits_charged == 38
    assert tokportal.get_bundle(ignored.value.answer.result.id).status == "pending_setup"


def test_nobody_at_the_address_means_that_nothing_was_sent(sandbox: Sandbox) -> None:
    closed = TokPortal(base_url="http://127.0.0.1:9/api/ext", api_key=API_KEY)
    with closed, pytest.raises(NotSent):
        closed.create_bundle(body=order(), key=uuid4())


def test_the_servers_own_limit_is_told_with_its_wait() -> None:
    for sandbox in start_sandbox("--rate", "6"):
        with sandbox.open() as tokportal:
            for _ in range(6):
                tokportal.me()
            with pytest.raises(RateLimited) as caught:
                tokportal.publish_bundle("nothing", key="k")
            assert not caught.value.local
            assert caught.value.retry_after >= 1
