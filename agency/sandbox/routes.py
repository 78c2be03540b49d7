"""Every operation that the sandbox answers: its official name, its address, its idempotency policy."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from werkzeug.routing import Map, Rule

from . import (
    accounts,
    analytics,
    assumed,
    bundles,
    coverage,
    credits,
    csv_import,
    listing,
    orders,
    reference,
    reports,
    slots,
    uploads,
    video_steps,
    videos,
    webhooks,
    workspace,
)


@dataclass(frozen=True)
class Route:
    operation: str
    method: str
    path: str
    handler: Callable[..., Any]
    status: int = 200
    # "refused": the answer holds a secret, so a key is a 400 before anything runs.
    idempotency: Literal["standard", "refused"] = "standard"
    is_public: bool = False
    # The handler talks to the network or writes files: it opens its own transactions.
    is_unlocked: bool = False


CREATED = assumed.CREATED_STATUS
BUNDLE = "/bundles/<bundle_id>"
VIDEOS = f"{BUNDLE}/videos"
VIDEO = f"{VIDEOS}/<position>"
ACCOUNT = "/accounts/<account_id>"
HOOK = "/webhooks/<endpoint_id>"

ROUTES = (
    Route("getCurrentUser", "GET", "/me", workspace.get_me),
    Route("updateCurrentUserSettings", "PATCH", "/me", workspace.update_me),
    Route("listCountries", "GET", "/countries", lambda call: reference.countries()),
    Route("listPlatforms", "GET", "/platforms", lambda call: reference.platforms()),
    Route("getCreditCosts", "GET", "/credit-costs", workspace.get_credit_costs),
    Route("getCreditBalance", "GET", "/credits/balance", credits.balance_json),
    Route("listCreditTransactions", "GET", "/credits/history", lambda call: credits.history(call, call.args)),
    Route("listBundles", "GET", "/bundles", bundles.list_bundles),
    Route("createBundle", "POST", "/bundles", orders.create_bundle, CREATED),
    Route("createBundlesBulk", "POST", "/bundles/bulk", orders.create_bundles_bulk, CREATED),
    Route("getBundle", "GET", BUNDLE, bundles.get_bundle),
    Route("updateBundle", "PATCH", BUNDLE, bundles.update_bundle),
    Route("publishBundle", "POST", f"{BUNDLE}/publish", bundles.publish_bundle),
    Route("getBundlePublishReadiness", "GET", f"{BUNDLE}/publish-readiness", bundles.publish_readiness),
    Route("unpublishBundle", "POST", f"{BUNDLE}/unpublish", bundles.unpublish_bundle),
    Route("addVideoSlots", "POST", f"{BUNDLE}/add-video-slots", orders.add_video_slots),
    Route("addEditSlots", "POST", f"{BUNDLE}/add-edit-slots", orders.add_edit_slots),
    Route("getBundleAccount", "GET", f"{BUNDLE}/account", listing.get_account),
    Route("configureBundleAccount", "PUT", f"{BUNDLE}/account", listing.configure_account),
    Route(
        "requestBundleAccountCorrections",
        "POST",
        f"{BUNDLE}/account/corrections",
        listing.request_corrections,
    ),
    Route("finalizeBundleAccount", "POST", f"{BUNDLE}/account/finalize", listing.finalize_account),
    Route("configureBundleWarmingTerms", "PUT", f"{BUNDLE}/warming-terms", listing.configure_warming_terms),
    Route("listBundleVideos", "GET", VIDEOS, slots.list_videos),
    Route("batchConfigureBundleVideos", "PUT", f"{VIDEOS}/batch", videos.batch_configure),
    Route("publishAllBundleVideos", "POST", f"{VIDEOS}/publish-all", video_steps.publish_all_videos),
    Route("importBundleVideosCsv", "POST", f"{VIDEOS}/import-csv", csv_import.import_csv),
    Route("getBundleVideo", "GET", VIDEO, slots.get_video),
    Route("configureBundleVideo", "PUT", VIDEO, videos.configure_video),
    Route("patchBundleVideo", "PATCH", VIDEO, video_steps.patch_video),
    Route("publishBundleVideo", "POST", f"{VIDEO}/publish", video_steps.publish_video),
    Route("resetBundleVideo", "POST", f"{VIDEO}/reset", video_steps.reset_video),
    Route("unscheduleBundleVideo", "POST", f"{VIDEO}/unschedule", video_steps.unschedule_video),
    Route("finalizeBundleVideo", "POST", f"{VIDEO}/finalize", video_steps.finalize_video),
    Route(
        "requestBundleVideoCorrections", "POST", f"{VIDEO}/corrections", video_steps.request_video_corrections
    ),
    Route("fixBundleVideoDownload", "POST", f"{VIDEO}/fix-download", video_steps.fix_download),
    Route("listAccounts", "GET", "/accounts", accounts.list_accounts),
    Route("getAccount", "GET", ACCOUNT, accounts.get_account),
    Route("listAccountBundles", "GET", f"{ACCOUNT}/bundles", accounts.list_account_bundles),
    Route("getAccountEditRequest", "GET", f"{ACCOUNT}/edit-request", accounts.get_edit_request),
    Route(
        "createAccountEditRequest", "POST", f"{ACCOUNT}/edit-request", accounts.create_edit_request, CREATED
    ),
    Route("listAccountBans", "GET", "/account-bans", accounts.list_account_bans),
    Route(
        "getAccountManagedSubscription", "GET", f"{ACCOUNT}/managed-subscription", coverage.get_subscription
    ),
    Route(
        "reactivateAccountManagedSubscription",
        "POST",
        f"{ACCOUNT}/managed-subscription/reactivate",
        coverage.reactivate_subscription,
    ),
    Route(
        "cancelAccountManagedSubscription",
        "POST",
        f"{ACCOUNT}/managed-subscription/cancel",
        coverage.cancel_subscription,
    ),
    Route("listAccountWarmingSessions", "GET", f"{ACCOUNT}/warming-sessions", listing.list_warming_sessions),
    Route("getWarmingSession", "GET", "/warming-sessions/<session_id>", listing.get_warming_session),
    Route("canRefreshAccountAnalytics", "GET", f"{ACCOUNT}/analytics/can-refresh", analytics.can_refresh),
    Route("refreshAccountAnalytics", "POST", f"{ACCOUNT}/analytics/refresh", analytics.refresh),
    Route("getAccountAnalytics", "GET", f"{ACCOUNT}/analytics", analytics.get_account_analytics),
    Route("listAccountVideoAnalytics", "GET", f"{ACCOUNT}/analytics/videos", analytics.list_video_analytics),
    Route("getVideoAnalytics", "GET", "/videos/<video_id>/analytics", analytics.get_video_analytics),
    Route("getAnalyticsDashboard", "GET", "/analytics", reports.dashboard),
    Route("getAnalyticsContract", "GET", "/analytics/contract", reports.contract),
    Route("getAnalyticsSeries", "GET", "/analytics/series", reports.series),
    Route("getAnalyticsAccount", "GET", "/analytics/accounts/<account_id>", reports.account_drill_down),
    Route("refreshAnalyticsAccount", "POST", "/analytics/accounts/<account_id>/refresh", analytics.refresh),
    Route("exportAnalyticsVideos", "GET", "/analytics/export/videos", reports.export_videos),
    Route(
        "createAnalyticsReport",
        "POST",
        "/analytics/export/reports",
        reports.create_report,
        CREATED,
        idempotency="refused",
    ),
    Route("exportAnalyticsReportHtml", "POST", "/analytics/export/reports/html", reports.report_html),
    Route("uploadVideo", "POST", "/upload/video", uploads.presign_video, idempotency="refused"),
    Route("uploadImage", "POST", "/upload/image", uploads.presign_image, idempotency="refused"),
    Route("uploadVideoDirect", "POST", "/upload/video/direct", uploads.upload_video, is_unlocked=True),
    Route("uploadImageDirect", "POST", "/upload/image/direct", uploads.upload_image, is_unlocked=True),
    Route("uploadImageFromUrl", "POST", "/upload/image/from-url", uploads.image_from_url, is_unlocked=True),
    Route(
        "listWebhookEvents",
        "GET",
        "/webhooks/events",
        lambda call: reference.event_catalogue(),
        is_public=True,
    ),
    Route("listWebhookEndpoints", "GET", "/webhooks", webhooks.list_endpoints),
    Route(
        "createWebhookEndpoint", "POST", "/webhooks", webhooks.create_endpoint, CREATED, idempotency="refused"
    ),
    Route("getWebhookEndpoint", "GET", HOOK, webhooks.get_endpoint),
    Route("updateWebhookEndpoint", "PATCH", HOOK, webhooks.update_endpoint),
    Route("deleteWebhookEndpoint", "DELETE", HOOK, webhooks.delete_endpoint, 204),
    Route("listWebhookDeliveries", "GET", f"{HOOK}/deliveries", webhooks.list_deliveries),
    Route(
        "retryWebhookDelivery",
        "POST",
        f"{HOOK}/deliveries/<delivery_id>/retry",
        webhooks.retry_delivery,
        is_unlocked=True,
    ),
    Route("testWebhookEndpoint", "POST", f"{HOOK}/test", webhooks.test_endpoint, is_unlocked=True),
)

BY_OPERATION = {route.operation: route for route in ROUTES}
URL_MAP = Map(
    [Rule(route.path, endpoint=route.operation, methods=[route.method]) for route in ROUTES],
    strict_slashes=False,
)
